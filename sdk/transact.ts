/** Sending and asking: what actions share. Errors come out decoded. */
import {
  isError,
  type BaseContract,
  type ContractTransaction,
  type ContractTransactionReceipt,
  type ContractTransactionResponse,
  type Provider,
  type Result,
  type Signer,
} from "ethers";

import type { NonPayableOverrides, TypedContractEvent } from "../typechain-types/common.js";
import { decodeError } from "./contracts.js";
import { CommonwattError, isCommonwattError, revertDataOf } from "./errors.js";

/** Gas limit, nonce, gas price: what a sender may want to decide. */
export type TransactionOverrides = NonPayableOverrides;
/** A mined transaction. */
export type Receipt = ContractTransactionReceipt;

interface Sending {
  readonly provider: Provider;
  readonly signer: unknown;
}

/** The last send of each account on each provider, while it is on its way to the node. */
const sending = new WeakMap<Provider, Map<unknown, Promise<unknown>>>();

/**
 * One after the other, for each account, however many signers it has: a send asks for the next nonce, which the one
 * before must have taken.
 */
function inTurn<T>({ provider, signer }: Sending, send: () => Promise<T>): Promise<T> {
  const account = (signer as { readonly address?: string }).address ?? signer;
  const last = sending.get(provider) ?? new Map<unknown, Promise<unknown>>();
  sending.set(provider, last);
  const before = last.get(account) ?? Promise.resolve();
  const sent = before.then(send, send);
  last.set(account, sent);
  const forget = (): void => {
    if (last.get(account) === sent) last.delete(account);
  };
  void sent.then(forget, forget);
  return sent;
}

/**
 * Sends a transaction and waits until it is mined. Several of an account may be waited for at once: they are sent, and
 * mined, in the order of the calls.
 */
export async function transact(
  chain: { readonly provider: Provider; readonly signer: unknown },
  send: () => Promise<ContractTransactionResponse>,
): Promise<Receipt> {
  if (chain.signer === undefined) throw new CommonwattError("SignerMissing");
  let response: ContractTransactionResponse | undefined;
  try {
    response = await inTurn(chain, () => sent(send));
    const receipt = await mined(response);
    if (receipt === null) throw new CommonwattError("TransactionFailed", { hash: response.hash });
    return receipt;
  } catch (thrown) {
    if (response === undefined || revertDataOf(thrown) !== undefined) throw decodeError(thrown);
    throw await failureOf(chain.provider, response, thrown);
  }
}

const WAITS = 5;
const WAIT_PAUSE_MILLISECONDS = 200;

/** Sends it. Where a node has no latest block for a moment, ethers finds no fee to send it with: then it is tried again. */
function sent(send: () => Promise<ContractTransactionResponse>): Promise<ContractTransactionResponse> {
  return patiently(send, (error) => isError(error, "UNSUPPORTED_OPERATION") && error.operation === "signer.getFeeData");
}

/**
 * Waits until it is mined. A Besu node whose state has a block already, but not yet its transactions, answers null where
 * ethers takes that for impossible (seen on a busy node, once in some hundred transactions): then it is waited for again.
 */
function mined(response: ContractTransactionResponse): Promise<Receipt | null> {
  return patiently(
    () => response.wait(),
    (error) => isError(error, "BAD_DATA"),
  );
}

/** Does it again, five times in all, where its error is of a moment of the node's. */
async function patiently<Done>(work: () => Promise<Done>, isMomentary: (error: unknown) => boolean): Promise<Done> {
  for (let waits = 1; ; waits++) {
    try {
      return await work();
    } catch (error) {
      if (!isMomentary(error) || waits === WAITS) throw error;
      await new Promise((go) => setTimeout(go, WAIT_PAUSE_MILLISECONDS));
    }
  }
}

/** The same for a transaction that is encoded already. Its gas is estimated before its turn: others may be sent meanwhile. */
export async function transactRequest(
  chain: { readonly provider: Provider; readonly signer: Signer | undefined },
  request: ContractTransaction,
): Promise<Receipt> {
  const { signer } = chain;
  if (signer === undefined) throw new CommonwattError("SignerMissing");
  const gasLimit = request.gasLimit ?? (await ask(() => signer.estimateGas(request)));
  return transact(chain, async () => {
    return (await signer.sendTransaction({ ...request, gasLimit })) as ContractTransactionResponse;
  });
}

/** A call that may share a transaction with others of its contract. */
export interface BatchCall {
  readonly data: string;
  /** What it usually takes; no bound. */
  readonly expectedGas: bigint;
}

/** A contract with OpenZeppelin's Multicall. */
export interface Batching extends BaseContract {
  readonly multicall: (data: string[], overrides: TransactionOverrides) => Promise<ContractTransactionResponse>;
}

/** Expected gas of a transaction of many calls, unless the chain has its own: the rest up to 16,777,216 is for those that take more than usual. */
const BATCH_GAS = 14_000_000n;

/**
 * Sends calls of one contract in as few transactions as their gas allows, in order; each transaction happens as a whole
 * or not at all. One that runs out of gas is sent again in two halves. `receipts` has those that were mined, also when a
 * later one fails.
 */
export async function transactTogether(
  chain: { readonly provider: Provider; readonly signer: unknown; readonly batchGas?: bigint },
  contract: Batching,
  calls: readonly BatchCall[],
  overrides: TransactionOverrides,
  receipts: Receipt[] = [],
): Promise<Receipt[]> {
  for (const batch of batchesOf(calls, chain.batchGas ?? BATCH_GAS))
    await transactBatch(chain, contract, batch, overrides, receipts);
  return receipts;
}

/** Calls in their order, cut where a transaction would be too large. */
function batchesOf(calls: readonly BatchCall[], batchGas: bigint): BatchCall[][] {
  const batches: BatchCall[][] = [];
  let room = 0n;
  for (const call of calls) {
    if (call.expectedGas > room || batches.length === 0) {
      batches.push([]);
      room = batchGas;
    }
    batches.at(-1)?.push(call);
    room -= call.expectedGas;
  }
  return batches;
}

async function transactBatch(
  chain: { readonly provider: Provider; readonly signer: unknown },
  contract: Batching,
  batch: readonly BatchCall[],
  overrides: TransactionOverrides,
  receipts: Receipt[],
): Promise<void> {
  try {
    receipts.push(await transact(chain, () => sendBatch(contract, batch, overrides)));
  } catch (error) {
    if (batch.length === 1 || !isOutOfGas(error)) throw error;
    const half = Math.ceil(batch.length / 2);
    await transactBatch(chain, contract, batch.slice(0, half), overrides, receipts);
    await transactBatch(chain, contract, batch.slice(half), overrides, receipts);
  }
}

/** A lone call goes by itself: within a multicall it would have a 64th less of the gas. */
async function sendBatch(
  contract: Batching,
  batch: readonly BatchCall[],
  overrides: TransactionOverrides,
): Promise<ContractTransactionResponse> {
  const [first, ...others] = batch;
  if (first === undefined || others.length > 0)
    return contract.multicall(
      batch.map(({ data }) => data),
      overrides,
    );
  const { runner } = contract;
  if (runner?.sendTransaction === undefined) throw new CommonwattError("SignerMissing");
  const to = await contract.getAddress();
  return (await runner.sendTransaction({ ...overrides, to, data: first.data })) as ContractTransactionResponse;
}

/** What runs out of gas reverts without a reason; one of several calls that does is named by Multicall. */
function isOutOfGas(error: unknown): boolean {
  return ["CallFailed", "TransactionFailed", "FailedCall"].some((code) => isCommonwattError(error, code));
}

/** Asks a contract. */
export async function ask<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (thrown) {
    throw decodeError(thrown);
  }
}

/** A struct that a contract returned, as a plain object with the struct's own names. */
export function plain<Struct extends object>(struct: Struct): Struct {
  return (struct as unknown as Result).toObject() as Struct;
}

/** The arguments of a contract's events of one kind in a receipt, in order. */
export function eventsIn<In extends unknown[], Out extends unknown[], Args>(
  contract: BaseContract,
  address: string,
  event: TypedContractEvent<In, Out, Args>,
  receipt: Receipt,
): Args[] {
  const { topicHash } = event.fragment;
  return receipt.logs
    .filter((log) => log.topics[0] === topicHash && log.address.toLowerCase() === address.toLowerCase())
    .map((log) => contract.interface.decodeEventLog(event.fragment, log.data, log.topics) as unknown as Args);
}

/** The arguments of the one event of that kind that the transaction must have emitted. */
export function eventIn<In extends unknown[], Out extends unknown[], Args>(
  contract: BaseContract,
  address: string,
  event: TypedContractEvent<In, Out, Args>,
  receipt: Receipt,
): Args {
  const [args] = eventsIn(contract, address, event, receipt);
  if (args === undefined) {
    throw new CommonwattError("EventMissing", { hash: receipt.hash, event: event.fragment.name });
  }
  return args;
}

/** A mined transaction that failed carries no reason: the same call on the block before tells it. */
async function failureOf(
  provider: Provider,
  response: ContractTransactionResponse,
  thrown: unknown,
): Promise<CommonwattError> {
  if (thrown instanceof CommonwattError) return thrown;
  const receipt = await provider.getTransactionReceipt(response.hash);
  if (receipt === null || receipt.status !== 0) return decodeError(thrown);
  try {
    const { from, to, data, value, gasLimit } = response;
    await provider.call({ from, to, data, value, gasLimit, blockTag: receipt.blockNumber - 1 });
  } catch (reason) {
    if (revertDataOf(reason) !== undefined) return decodeError(reason);
  }
  return new CommonwattError("TransactionFailed", { hash: response.hash }, { cause: thrown });
}

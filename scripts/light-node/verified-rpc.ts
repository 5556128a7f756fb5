/** JSON-RPC for wallets and the SDK: questions go to full nodes, and only what headers prove is answered. */
import { Transaction } from "ethers";

import type { Recover } from "../../light/index.js";
import type { RpcObject } from "../../light/rpc-fields.js";
import { InputError } from "../inputs/error.js";
import { findTransaction, getAccount, getBlock, getCode, getLogBodies, getProof, getWord } from "./answers.js";
import { isMatch, type CheckedBody } from "./bodies.js";
import { callOf, type CallMessage } from "./call/call-params.js";
import { Calls, type CallOptions } from "./call/call.js";
import type { KnownHeader } from "./headers.js";
import { blockObject, logObject, nextBaseFee, quantity, receiptObject, transactionObject } from "./rpc-objects.js";
import {
  accountAndBlock,
  blockOf,
  bytesOf,
  hashAndDetail,
  hashOf,
  INVALID_PARAMS,
  logsOf,
  NO_METHOD,
  NOT_PROVEN,
  numberAndDetail,
  RpcFailure,
  slotAndBlock,
  slotsAndBlock,
  TOO_MUCH,
  type BlockName,
} from "./rpc-params.js";
import { sendTransaction } from "./send.js";

export interface VerifiedOptions extends CallOptions {
  readonly recover: Recover;
}

/** Blocks that one question for logs may span, and logs that it may bring. */
const MOST_BLOCKS = 100_000n;
const MOST_LOGS = 20_000;

type Method = (params: readonly unknown[]) => unknown;

export class VerifiedRpc {
  readonly #methods: ReadonlyMap<string, Method>;
  readonly #calls: Calls;

  constructor(private readonly options: VerifiedOptions) {
    const { chainId } = options;
    this.#calls = new Calls(options);
    this.#methods = new Map<string, Method>([
      ["web3_clientVersion", () => "commonwatt light node"],
      ["eth_chainId", () => quantity(chainId)],
      ["net_version", () => chainId.toString()],
      ["net_listening", () => true],
      ["eth_syncing", () => false],
      ["eth_accounts", () => []],
      ["eth_blockNumber", () => quantity(this.#newest().number)],
      ["eth_gasPrice", () => quantity(nextBaseFee(this.#newest()))],
      ["eth_maxPriorityFeePerGas", () => "0x0"],
      ["eth_getBlockByNumber", (params) => this.#block(...numberAndDetail(params))],
      ["eth_getBlockByHash", (params) => this.#block(...hashAndDetail(params))],
      ["eth_getBlockReceipts", (params) => this.#blockReceipts(blockOf(params))],
      ["eth_getTransactionByHash", (params) => this.#transaction(hashOf(params))],
      ["eth_getTransactionReceipt", (params) => this.#receipt(hashOf(params))],
      ["eth_getLogs", (params) => this.#logs(params)],
      ["eth_getBalance", (params) => this.#account(params, (account) => account?.balance ?? 0n)],
      ["eth_getTransactionCount", (params) => this.#account(params, (account) => account?.nonce ?? 0n)],
      ["eth_getCode", (params) => this.#code(params)],
      ["eth_getStorageAt", (params) => this.#word(params)],
      ["eth_getProof", (params) => this.#proof(params)],
      ["eth_call", (params) => this.#run(params, (...asked) => this.#calls.call(...asked))],
      [
        "eth_estimateGas",
        (params) => this.#run(params, async (...asked) => quantity(await this.#calls.estimate(...asked))),
      ],
      ["eth_createAccessList", (params) => this.#run(params, (...asked) => this.#accessList(...asked))],
      ["eth_sendRawTransaction", (params) => this.#send(bytesOf(params))],
    ]);
  }

  /** Answers as a node would. RpcFailure for what is refused, or what no peer can prove. */
  async request({ method, params = [] }: { method: string; params?: unknown[] }): Promise<unknown> {
    const known = this.#methods.get(method);
    if (known === undefined) throw new RpcFailure(NO_METHOD, `the light node has no method ${method.slice(0, 60)}`);
    try {
      return await known(params);
    } catch (error) {
      if (error instanceof RpcFailure || !(error instanceof InputError)) throw error;
      throw new RpcFailure(NOT_PROVEN, error.message, { cause: error });
    }
  }

  async #block(name: BlockName, areTransactionsWhole: boolean): Promise<RpcObject | null> {
    const body = await this.#body(name);
    return body === undefined ? null : blockObject(body, this.options.recover, areTransactionsWhole);
  }

  async #blockReceipts(name: BlockName): Promise<readonly RpcObject[] | null> {
    const body = await this.#body(name);
    return body?.transactions.map((_, place) => receiptObject(body, place, this.options.recover)) ?? null;
  }

  /** Null is the one answer here that nothing proves: no peer knows of it in a block whose header is known. */
  async #transaction(hash: string): Promise<RpcObject | null> {
    this.#newest();
    const found = await findTransaction(this.options, hash);
    return found === undefined ? null : transactionObject(found.body.header, found.transaction, this.options.recover);
  }

  async #receipt(hash: string): Promise<RpcObject | null> {
    this.#newest();
    const found = await findTransaction(this.options, hash);
    return found === undefined ? null : receiptObject(found.body, found.transaction.place, this.options.recover);
  }

  async #logs(params: readonly unknown[]): Promise<readonly RpcObject[]> {
    const { filter, from, to } = logsOf(params);
    const [first, last] = [await this.#header(from), await this.#header(to)];
    if (from.hash !== undefined && first === undefined) throw new RpcFailure(INVALID_PARAMS, "no such block is known");
    const head = this.#newest().number;
    const range = { from: first?.number ?? from.number ?? head, to: last?.number ?? to.number ?? head };
    // beyond the head there is nothing yet, as full nodes have it
    if (range.to > head) range.to = head;
    if (range.to - range.from >= MOST_BLOCKS) throw new RpcFailure(TOO_MUCH, `ask for ${MOST_BLOCKS} blocks at most`);
    const logs: RpcObject[] = [];
    if (range.from > range.to) return logs;
    const missing = await getLogBodies(this.options, [filter], range, (body) => {
      logs.push(...body.logs.filter((log) => isMatch(log, filter)).map((log) => logObject(body, log)));
      if (logs.length > MOST_LOGS)
        throw new RpcFailure(TOO_MUCH, `there are more than ${MOST_LOGS} logs: ask for less`);
    });
    const [gap] = missing;
    if (gap === undefined) return logs;
    throw new RpcFailure(NOT_PROVEN, `the logs of blocks ${gap.from} to ${gap.to} are not proven: no headers of them`);
  }

  async #account(
    params: readonly unknown[],
    read: (account: Awaited<ReturnType<typeof getAccount>>["value"]) => bigint,
  ): Promise<string> {
    const [account, at] = accountAndBlock(params);
    return quantity(read((await getAccount(this.options, account, await this.#number(at))).value));
  }

  async #code(params: readonly unknown[]): Promise<string> {
    const [account, at] = accountAndBlock(params);
    return (await getCode(this.options, account, await this.#number(at))).value;
  }

  async #word(params: readonly unknown[]): Promise<string> {
    const [account, slot, at] = slotAndBlock(params);
    const { value } = await getWord(this.options, { account, slot, number: await this.#number(at) });
    return `0x${value.toString(16).padStart(64, "0")}`;
  }

  async #proof(params: readonly unknown[]): Promise<unknown> {
    const [account, slots, at] = slotsAndBlock(params);
    return (await getProof(this.options, { account, slots, number: await this.#number(at) })).value;
  }

  async #run<Result>(
    params: readonly unknown[],
    run: (message: CallMessage, header: KnownHeader) => Promise<Result>,
  ): Promise<Result> {
    const { message, at } = callOf(params, this.options.chainId);
    return run(message, await this.#knownHeader(at));
  }

  async #accessList(message: CallMessage, header: KnownHeader): Promise<RpcObject> {
    const { accessList, charged } = await this.#calls.accessList(message, header);
    return { accessList, gasUsed: quantity(charged) };
  }

  async #send(raw: string): Promise<string> {
    let transaction: Transaction;
    try {
      transaction = Transaction.from(raw);
    } catch (cause) {
      throw new RpcFailure(INVALID_PARAMS, "the transaction can't be read", { cause });
    }
    if (transaction.hash === null) throw new RpcFailure(INVALID_PARAMS, "the transaction is not signed");
    if (transaction.chainId !== this.options.chainId) {
      const { chainId } = this.options;
      throw new RpcFailure(
        INVALID_PARAMS,
        `it is signed for chain ${transaction.chainId}, and this is chain ${chainId}`,
      );
    }
    return sendTransaction(this.options.peers, raw, transaction.hash);
  }

  /** Undefined: nobody knows of such a block, or it is not there yet. */
  async #body(name: BlockName): Promise<CheckedBody | undefined> {
    const header = await this.#header(name);
    return header && (await getBlock(this.options, header.number)).value;
  }

  async #number(name: BlockName): Promise<bigint> {
    return (await this.#knownHeader(name)).number;
  }

  async #knownHeader(name: BlockName): Promise<KnownHeader> {
    const header = await this.#header(name);
    if (header === undefined) throw new RpcFailure(INVALID_PARAMS, "no such block is known");
    return header;
  }

  /** Undefined: there is none yet, or no peer knows of one with that hash. RpcFailure: it was not kept. */
  async #header({ number, hash }: BlockName): Promise<KnownHeader | undefined> {
    const newest = this.#newest();
    if (hash !== undefined) return this.#headerOfHash(hash);
    if (number === undefined || number === newest.number) return newest;
    if (number > newest.number) return undefined;
    const header = this.options.store.header(number);
    if (header !== undefined) return header;
    throw new RpcFailure(NOT_PROVEN, `the header of block ${number} is not here, so that nothing of it is proven`);
  }

  /** The peers say which number it is; the header that is known of that number has the hash, or it is none. */
  async #headerOfHash(hash: string): Promise<KnownHeader | undefined> {
    const { peers, store } = this.options;
    for (const peer of peers.inTurn()) {
      try {
        const number = await peer.numberOf(hash);
        const header = number === undefined ? undefined : store.header(number);
        if (header?.hash === hash) return header;
      } catch (error) {
        peers.note(peer, `block ${hash}`, error);
      }
    }
    return undefined;
  }

  #newest(): KnownHeader {
    const { trusted, path } = this.options.store;
    if (trusted === undefined) throw new RpcFailure(NOT_PROVEN, `${path} follows no chain yet`);
    // an answer of JSON-RPC has no place that says so
    if (!trusted.isProven) throw new RpcFailure(NOT_PROVEN, "trust has lapsed: nothing is proven any more");
    return trusted.header;
  }
}

/** Sends a load of signed transactions through several nodes, as fast as their blocks take it in, and says at what rate they did. */
import { setTimeout as sleep } from "node:timers/promises";

import { keccak256, toQuantity, Transaction, type JsonRpcApiProvider, type Wallet } from "ethers";

import type { TransactionChain } from "../../sdk/connect.js";
import { untilThere } from "../../sdk/latest-head.js";
import type { TransactionOverrides } from "../../sdk/transact.js";
import { InputError } from "../inputs/error.js";
import { rateOf, type LoadBlock, type Rate } from "./rate.js";

/** What is asked of a node. */
export type NodeLink = Pick<JsonRpcApiProvider, "send">;

/** A transaction, signed before the clock runs. */
export interface LoadTransaction {
  readonly raw: string;
  readonly hash: string;
  /** What it is counted as: readings, orders, outcomes. */
  readonly units: number;
  /** Transactions of a lane go through one node, in their order. */
  readonly lane: number;
}

/** What a transaction of a load does. */
export interface Call {
  readonly to: string;
  readonly data: string;
  readonly gasLimit: number;
  readonly units: number;
}

/** Signs calls of one account, each with the next nonce. */
export class LoadSigner {
  private constructor(
    private readonly chainId: number,
    private readonly fees: TransactionOverrides,
    readonly wallet: Wallet,
    private readonly lane: number,
    private nonce: number,
  ) {}

  static async open(chain: TransactionChain, wallet: Wallet, lane: number): Promise<LoadSigner> {
    const { gasLimit: _, ...given } = chain.defaults;
    const fees = { type: 2, ...given };
    const nonce = await chain.provider.getTransactionCount(wallet.address, "latest");
    return new LoadSigner(chain.deployment.chainId, fees, wallet, lane, nonce);
  }

  sign({ to, data, gasLimit, units }: Call): LoadTransaction {
    const { chainId, fees, wallet, lane } = this;
    const own = { to, data, gasLimit, chainId, nonce: this.nonce++ };
    const transaction = Transaction.from({ ...own, ...(fees as object) });
    transaction.signature = wallet.signingKey.sign(transaction.unsignedHash);
    const raw = transaction.serialized;
    return { raw, hash: keccak256(raw), units, lane };
  }
}

export interface LoadOptions {
  readonly name: string;
  /** The accountants' nodes. */
  readonly nodes: readonly NodeLink[];
  /** Where blocks are read. */
  readonly reader: NodeLink;
}

export interface LoadResult extends Rate {
  readonly name: string;
  /** The most that was sent and in no block yet: what stood in the pools. */
  readonly mostWaiting: number;
  /** Blocks that came later than a period after the one before. */
  readonly lateBlocks: number;
}

/** Transactions that wait in pools at once: a pool of Besu's holds 4,096, and drops what is more. */
const MOST_WAITING = 3_600;
const SENT_AT_ONCE = 400;
const POLL_MILLISECONDS = 150;
const PATIENCE_MILLISECONDS = 120_000;
const BLOCK_SECONDS = 2;

/** Sends all of it, and waits until all of it is in blocks; an `InputError` when one failed, or blocks stop taking it in. */
export async function runLoad(
  transactions: readonly LoadTransaction[],
  { name, nodes, reader }: LoadOptions,
): Promise<LoadResult> {
  const waiting = new Map(transactions.map((transaction) => [transaction.hash, transaction]));
  const first = (await numberOf(reader)) + 1;
  const blocks: LoadBlock[] = [];
  let before = (await blockAt(reader, first - 1)).timestamp;
  const start = before;
  let [sent, seen, mostWaiting, lastProgress, lateBlocks] = [0, first - 1, 0, Date.now(), 0];
  while (waiting.size > 0) {
    const inPools = sent - (transactions.length - waiting.size);
    mostWaiting = Math.max(mostWaiting, inPools);
    const batch = transactions.slice(sent, sent + Math.min(SENT_AT_ONCE, MOST_WAITING - inPools));
    await Promise.all(batch.map((transaction) => send(nodes, transaction, name)));
    sent += batch.length;
    for (const head = await numberOf(reader); seen < head; seen += 1) {
      const block = await loadBlock(reader, seen + 1, waiting, name);
      if (block.timestamp - before > BLOCK_SECONDS) lateBlocks += 1;
      if (block.transactions > 0) lastProgress = Date.now();
      before = block.timestamp;
      blocks.push(block);
    }
    if (Date.now() - lastProgress > PATIENCE_MILLISECONDS) {
      const problem = `${waiting.size} of ${transactions.length} transactions are in no block after ${PATIENCE_MILLISECONDS / 1_000} s`;
      throw new InputError({ file: name }, problem, "Look at network status, and at the nodes' logs");
    }
    if (batch.length === 0 || inPools > MOST_WAITING / 2) await sleep(POLL_MILLISECONDS);
  }
  const taken = betweenFirstAndLast(blocks);
  const [{ number = first } = {}] = taken;
  const previous = blocks.find((block) => block.number === number - 1)?.timestamp ?? start;
  return { name, mostWaiting, lateBlocks, ...rateOf(taken, previous) };
}

async function send(nodes: readonly NodeLink[], { raw, lane }: LoadTransaction, name: string): Promise<void> {
  const node = nodes[lane % nodes.length];
  if (node === undefined) throw new Error("there is no node to send through");
  try {
    await node.send("eth_sendRawTransaction", [raw]);
  } catch (cause) {
    const problem = `a node refuses a transaction (${(cause as Error).message})`;
    throw new InputError({ file: name }, problem, "Nothing else may send from the benchmark's accounts", { cause });
  }
}

interface RpcBlock {
  readonly timestamp: string;
  readonly gasUsed: string;
  readonly gasLimit: string;
  readonly transactions: readonly string[];
}

async function numberOf(reader: NodeLink): Promise<number> {
  return Number(await reader.send("eth_blockNumber", []));
}

async function blockAt(reader: NodeLink, number: number): Promise<Omit<RpcBlock, "timestamp"> & { timestamp: number }> {
  const block = await there<RpcBlock>(reader, "eth_getBlockByNumber", toQuantity(number), false);
  return { ...block, timestamp: Number(block.timestamp) };
}

/** The block, and off the list of those that wait what it took in. */
async function loadBlock(
  reader: NodeLink,
  number: number,
  waiting: Map<string, LoadTransaction>,
  name: string,
): Promise<LoadBlock> {
  const { timestamp, gasUsed, gasLimit, transactions } = await blockAt(reader, number);
  const own = transactions.flatMap((hash) => waiting.get(hash) ?? []);
  const receipts = await Promise.all(own.map(({ hash }) => receiptOf(reader, hash)));
  const failed = receipts.findIndex(({ status }) => Number(status) !== 1);
  if (failed >= 0) {
    const problem = `transaction ${own[failed]?.hash ?? ""} failed in block ${number}`;
    throw new InputError({ file: name }, problem, "debug_traceTransaction says why; the load is not what was meant");
  }
  for (const { hash } of own) waiting.delete(hash);
  return {
    ...{ number, timestamp, gasUsed: Number(gasUsed), gasLimit: Number(gasLimit) },
    transactions: own.length,
    units: own.reduce((sum, { units }) => sum + units, 0),
    loadGas: receipts.reduce((sum, receipt) => sum + Number(receipt.gasUsed), 0),
  };
}

function receiptOf(reader: NodeLink, hash: string): Promise<{ status: string; gasUsed: string }> {
  return there(reader, "eth_getTransactionReceipt", hash);
}

/** What the node has, though it may say null for the moment of an import. */
export async function there<Answer>(reader: NodeLink, method: string, ...params: unknown[]): Promise<Answer> {
  const answer = await untilThere(async () => (await reader.send(method, params)) as Answer | null);
  if (answer !== null) return answer;
  throw new InputError({ file: method }, `the node has nothing for ${String(params[0])}`, "Look at the nodes' logs");
}

function betweenFirstAndLast(blocks: readonly LoadBlock[]): LoadBlock[] {
  const takes = ({ transactions }: LoadBlock): boolean => transactions > 0;
  const first = blocks.findIndex(takes);
  return blocks.slice(first, blocks.findLastIndex(takes) + 1);
}

/**
 * Full blocks from any peer, held against headers that are known: transactions, receipts, withdrawals and logs by their
 * roots. What no root covers (a log's place, a receipt's block) is made anew, never passed on.
 */
import { hexlify, keccak256 } from "ethers";

import {
  BloomQuestion,
  bytesOfInteger,
  decodeReceipt,
  EMPTY_TRIE_ROOT,
  orderedTrieRoot,
  receiptBytes,
  rpcBlockHash,
  transactionBytes,
  type ReceiptLog,
  type TransactionReceipt,
} from "../../light/index.js";
import { rlpBytes } from "../../light/rlp.js";
import { bytesOfHex, hexField, listField, objectOf, type RpcObject } from "../../light/rpc-fields.js";
import { CommonwattError, isCommonwattError } from "../../sdk/errors.js";
import type { KnownHeader } from "./headers.js";
import { PeerFailure, type RpcPeer } from "./rpc-peer.js";

/** A transaction with its receipt, both as their roots commit to them. */
export interface CheckedTransaction {
  readonly hash: string;
  readonly place: number;
  /** EIP-2718's encoding. */
  readonly raw: string;
  readonly receipt: TransactionReceipt;
}

/** A log at its place in the chain. */
export interface CheckedLog extends ReceiptLog {
  readonly blockNumber: bigint;
  readonly transactionHash: string;
  /** Among the block's logs. */
  readonly index: number;
}

export interface CheckedBody {
  readonly header: KnownHeader;
  readonly transactions: readonly CheckedTransaction[];
  readonly logs: readonly CheckedLog[];
  readonly withdrawals: readonly CheckedWithdrawal[];
}

/** EIP-4895; a QBFT chain has none. */
export interface CheckedWithdrawal {
  readonly index: bigint;
  readonly validatorIndex: bigint;
  readonly address: string;
  /** Gwei. */
  readonly amount: bigint;
}

/** Which logs: of any of the addresses, with any of the topics of each place; undefined: whatever stands there. */
export interface LogFilter {
  readonly addresses?: readonly string[] | undefined;
  readonly topics?: readonly (readonly string[] | undefined)[];
}

/** The whole body of a known header. BodyNotOfHeader, with what is wrong, where the peer's is another. */
export async function readBody(peer: RpcPeer, header: KnownHeader): Promise<CheckedBody> {
  try {
    return await askedBody(peer, header);
  } catch (error) {
    if (error instanceof PeerFailure || isCommonwattError(error)) throw error;
    // what no reader of fields can read is no body
    throw notOfHeader("encoding", header, error);
  }
}

async function askedBody(peer: RpcPeer, header: KnownHeader): Promise<CheckedBody> {
  const blockNumber = header.number;
  // a genesis block has no body, whatever its maker wrote for roots
  if (blockNumber === 0n) return { header, transactions: [], withdrawals: [], logs: [] };
  const block = await peer.block(blockNumber);
  if (block === undefined) throw new CommonwattError("LightBlockMissing", { number: blockNumber });
  const { encoded, withdrawals } = checkedLists(block, header);
  const hashes = encoded.map((bytes) => keccak256(bytes));
  const receipts = checkedReceipts(await peer.receipts(blockNumber, hashes), header);
  if (receipts.length !== encoded.length) throw notOfHeader("number of receipts", header);
  const transactions = encoded.map((bytes, place): CheckedTransaction => {
    const receipt = decodeReceipt(receipts[place] as Uint8Array);
    return { hash: hashes[place] as string, place, raw: hexlify(bytes), receipt };
  });
  const logs = transactions.flatMap(({ hash, receipt }) =>
    receipt.logs.map((log) => ({ ...log, blockNumber, transactionHash: hash })),
  );
  return { header, transactions, withdrawals, logs: logs.map((log, index) => ({ ...log, index })) };
}

/** A block's transactions as the trie has them, and its withdrawals. BodyNotOfHeader where they are not the header's. */
export function checkedLists(
  block: RpcObject,
  header: KnownHeader,
): { readonly encoded: readonly Uint8Array[]; readonly withdrawals: readonly CheckedWithdrawal[] } {
  if (rpcBlockHash(block) !== header.hash) throw notOfHeader("header", header);
  const encoded = listField(block, "transactions").map((item) => transactionBytes(objectOf(item, "transactions")));
  if (orderedTrieRoot(encoded) !== header.transactionsRoot) throw notOfHeader("list of transactions", header);
  const withdrawals = withdrawalsOf(block);
  const root = orderedTrieRoot(withdrawals.map(withdrawalBytes));
  if (root !== (header.withdrawalsRoot ?? EMPTY_TRIE_ROOT)) throw notOfHeader("list of withdrawals", header);
  return { encoded, withdrawals };
}

/** A block's receipts as the trie has them. BodyNotOfHeader where they are not the header's: one too few, altered, moved. */
export function checkedReceipts(receipts: readonly RpcObject[], header: KnownHeader): Uint8Array[] {
  const encoded = receipts.map(receiptBytes);
  if (orderedTrieRoot(encoded) !== header.receiptsRoot) throw notOfHeader("list of receipts", header);
  return encoded;
}

/** Refuses a peer's own list of a block's logs that is not the checked one: omitted, invented, altered, reordered. */
export async function requireSameLogs(peer: RpcPeer, { header, logs }: CheckedBody): Promise<void> {
  const quantity = `0x${header.number.toString(16)}`;
  const told = await peer.ask("eth_getLogs", [{ fromBlock: quantity, toBlock: quantity }]);
  const place = firstOtherLog(told, logs);
  if (place !== undefined) throw notOfHeader(`list of logs from place ${place} on`, header);
}

/** The first place at which a node's list of logs is not the true one; undefined: it is. AnswerFieldInvalid for no logs. */
export function firstOtherLog(told: unknown, logs: readonly ReceiptLog[]): number | undefined {
  const textOf = ({ address, topics, data }: Pick<ReceiptLog, "address" | "topics" | "data">): string =>
    JSON.stringify([address.toLowerCase(), topics, data]);
  const given = Array.isArray(told) ? told.map((log) => objectOf(log, "logs")) : [];
  const texts = given.map((log) =>
    textOf({
      address: hexField(log, "address"),
      topics: listField(log, "topics").map((topic) => String(topic).toLowerCase()),
      data: hexField(log, "data"),
    }),
  );
  const place = logs.findIndex((log, index) => textOf(log) !== texts[index]);
  if (place !== -1) return place;
  return texts.length === logs.length ? undefined : logs.length;
}

function notOfHeader(what: string, { number }: KnownHeader, cause?: unknown): CommonwattError {
  return new CommonwattError("BodyNotOfHeader", { what, blockNumber: number }, { cause });
}

/** Whether a block may have such logs, by its header alone; no is certain. */
export function mayHaveLogs(header: Pick<KnownHeader, "bloom">, { addresses, topics = [] }: LogFilter): boolean {
  return [addresses, ...topics].every(
    (values) => values === undefined || values.some((value) => new BloomQuestion(value).mayBeIn(header.bloom)),
  );
}

export function isMatch(log: ReceiptLog, { addresses, topics = [] }: LogFilter): boolean {
  const isOf = addresses?.some((address) => BigInt(address) === BigInt(log.address)) ?? true;
  // as full nodes have it, also where any topic will do
  if (log.topics.length < topics.length) return false;
  return isOf && topics.every((topic, place) => topic?.some((one) => one.toLowerCase() === log.topics[place]) ?? true);
}

/** Withdrawals are the consensus layer's, and QBFT has none; a list that is there is encoded as EIP-4895 has it. */
function withdrawalsOf(block: RpcObject): CheckedWithdrawal[] {
  const withdrawals = (block["withdrawals"] ?? null) === null ? [] : listField(block, "withdrawals");
  return withdrawals.map((item) => {
    const fields = objectOf(item, "withdrawals");
    const [index, validatorIndex, amount] = ["index", "validatorIndex", "amount"].map((name) =>
      BigInt(hexField(fields, name)),
    ) as [bigint, bigint, bigint];
    return { index, validatorIndex, address: hexField(fields, "address"), amount };
  });
}

export function withdrawalBytes(withdrawal: CheckedWithdrawal): Uint8Array {
  const { index, validatorIndex, address, amount } = withdrawal;
  const [first, second, last] = [index, validatorIndex, amount].map(bytesOfInteger) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  return rlpBytes([first, second, bytesOfHex(address, "address"), last]);
}

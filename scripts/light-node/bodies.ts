/**
 * Full blocks from any peer, held against headers that are known: transactions, receipts, withdrawals and logs by their
 * roots. What no root covers (a log's place, a receipt's block) is made anew, never passed on.
 */
import { hexlify, keccak256 } from "ethers";

import {
  BloomQuestion,
  decodeReceipt,
  EMPTY_TRIE_ROOT,
  orderedTrieRoot,
  receiptBytes,
  SealedHeader,
  transactionBytes,
  type ReceiptLog,
  type TransactionReceipt,
} from "../../light/index.js";
import { rlpBytes } from "../../light/rlp.js";
import { dataField, hexField, listField, objectOf, quantityField, type RpcObject } from "../../light/rpc-fields.js";
import { CommonwattError } from "../../sdk/errors.js";
import type { RpcPeer } from "./rpc-peer.js";

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
  readonly header: SealedHeader;
  readonly transactions: readonly CheckedTransaction[];
  readonly logs: readonly CheckedLog[];
}

/** Which logs; topics by place, undefined: any. */
export interface LogFilter {
  readonly address?: string;
  readonly topics?: readonly (string | undefined)[];
}

/** The whole body of a known header. BodyNotOfHeader, with what is wrong, where the peer's is another. */
export async function readBody(peer: RpcPeer, header: SealedHeader): Promise<CheckedBody> {
  const blockNumber = header.number;
  const demand = (isRight: boolean, what: string): void => {
    if (!isRight) throw new CommonwattError("BodyNotOfHeader", { what, blockNumber });
  };
  const block = await peer.block(blockNumber);
  if (block === undefined) throw new CommonwattError("LightBlockMissing", { number: blockNumber });
  demand(SealedHeader.fromRpc(block).hash === header.hash, "header");
  const items = listField(block, "transactions").map((item) => objectOf(item, "transactions"));
  const encoded = items.map(transactionBytes);
  demand(orderedTrieRoot(encoded) === header.transactionsRoot, "list of transactions");
  demand(withdrawalsRootOf(block) === (header.withdrawalsRoot ?? EMPTY_TRIE_ROOT), "list of withdrawals");
  const hashes = encoded.map((bytes) => keccak256(bytes));
  const receipts = (await peer.receipts(blockNumber, hashes)).map(receiptBytes);
  demand(receipts.length === encoded.length, "number of receipts");
  demand(orderedTrieRoot(receipts) === header.receiptsRoot, "list of receipts");
  const transactions = encoded.map((bytes, place): CheckedTransaction => {
    const receipt = decodeReceipt(receipts[place] as Uint8Array);
    return { hash: hashes[place] as string, place, raw: hexlify(bytes), receipt };
  });
  const logs = transactions.flatMap(({ hash, receipt }) =>
    receipt.logs.map((log) => ({ ...log, blockNumber, transactionHash: hash })),
  );
  return { header, transactions, logs: logs.map((log, index) => ({ ...log, index })) };
}

/** Refuses a peer's own list of a block's logs that is not the checked one: omitted, invented, altered, reordered. */
export async function requireSameLogs(peer: RpcPeer, { header, logs }: CheckedBody): Promise<void> {
  const quantity = `0x${header.number.toString(16)}`;
  const told = await peer.ask("eth_getLogs", [{ fromBlock: quantity, toBlock: quantity }]);
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
  if (JSON.stringify(texts) === JSON.stringify(logs.map(textOf))) return;
  throw new CommonwattError("BodyNotOfHeader", { what: "list of logs", blockNumber: header.number });
}

/** Whether a block may have such logs, by its header alone; no is certain. */
export function mayHaveLogs(header: SealedHeader, { address, topics = [] }: LogFilter): boolean {
  const values = [address, ...topics].filter((value) => value !== undefined);
  return values.every((value) => new BloomQuestion(value).mayBeIn(header.bloom));
}

export function isMatch(log: ReceiptLog, { address, topics = [] }: LogFilter): boolean {
  if (address !== undefined && BigInt(address) !== BigInt(log.address)) return false;
  return topics.every((topic, place) => topic === undefined || topic.toLowerCase() === log.topics[place]);
}

/** Withdrawals are the consensus layer's, and QBFT has none; a list that is there is encoded as EIP-4895 has it. */
function withdrawalsRootOf(block: RpcObject): string {
  const withdrawals = block["withdrawals"] === undefined ? [] : listField(block, "withdrawals");
  return orderedTrieRoot(
    withdrawals.map((item) => {
      const fields = objectOf(item, "withdrawals");
      const [index, validatorIndex] = [quantityField(fields, "index"), quantityField(fields, "validatorIndex")];
      return rlpBytes([index, validatorIndex, dataField(fields, "address"), quantityField(fields, "amount")]);
    }),
  );
}

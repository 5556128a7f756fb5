/** Proofs of a block's transactions and receipts: all of its body is read, and its roots must be those of the header. */
import { hexlify, type Provider } from "ethers";

import {
  orderedTrieProof,
  orderedTrieRoot,
  rawHeaderFromRpc,
  readHeader,
  receiptBytes,
  transactionBytes,
} from "../../light/index.js";
import type { RpcObject } from "../../light/rpc-fields.js";
import { CommonwattError } from "../errors.js";
import { readRawBlock, sendRpc } from "./turns.js";

/** One transaction of a block and its receipt, each with the nodes from the header's root down to it. Hex. */
export interface ProvenItem {
  readonly place: number;
  readonly hash: string;
  readonly transaction: string;
  readonly transactionProof: string[];
  readonly receipt: string;
  readonly receiptProof: string[];
}

/** A block's header, RLP, with proofs of some of its transactions. */
export interface BlockProofs {
  readonly number: number;
  readonly hash: string;
  readonly header: string;
  readonly items: ProvenItem[];
}

/** The block with the proofs of these of its transactions. BodyNotOfHeader where the endpoint's answers can't be true. */
export async function readBlockProofs(
  provider: Provider,
  number: number,
  hashes: ReadonlySet<string>,
): Promise<BlockProofs> {
  const blockNumber = BigInt(number);
  const contradicts = (what: string): CommonwattError => new CommonwattError("BodyNotOfHeader", { what, blockNumber });
  const block = await readRawBlock(provider, blockNumber, { areTransactionsWhole: true });
  const raw = rawHeaderFromRpc(block);
  const header = readHeader(raw);
  if (header.hash !== block["hash"]) throw contradicts("hash");
  const bodies = block["transactions"] as readonly RpcObject[];
  const transactions = bodies.map(transactionBytes);
  if (orderedTrieRoot(transactions) !== header.transactionsRoot) throw contradicts("list of transactions");
  const receipts = await Promise.all(bodies.map(({ hash }) => readReceipt(provider, hash as string)));
  if (orderedTrieRoot(receipts) !== header.receiptsRoot) throw contradicts("list of receipts");
  const items = bodies.flatMap(({ hash }, place): ProvenItem[] => {
    if (typeof hash !== "string" || !hashes.has(hash)) return [];
    const [transaction = "0x", receipt = "0x"] = [transactions[place], receipts[place]].map(
      (bytes) => bytes && hexlify(bytes),
    );
    const transactionProof = orderedTrieProof(transactions, place);
    return [{ place, hash, transaction, transactionProof, receipt, receiptProof: orderedTrieProof(receipts, place) }];
  });
  return { number, hash: header.hash, header: raw, items };
}

/** In which block a transaction is. TransactionUnknown where it is in none. */
export async function blockOfTransaction(provider: Provider, hash: string): Promise<number> {
  const found = (await sendRpc(provider, "eth_getTransactionByHash", [hash])) as RpcObject | null;
  if (typeof found?.["blockNumber"] !== "string") throw new CommonwattError("TransactionUnknown", { hash });
  return Number(found["blockNumber"]);
}

async function readReceipt(provider: Provider, hash: string): Promise<Uint8Array> {
  const receipt = await sendRpc(provider, "eth_getTransactionReceipt", [hash]);
  if (receipt === null) throw new CommonwattError("TransactionUnknown", { hash });
  return receiptBytes(receipt as RpcObject);
}

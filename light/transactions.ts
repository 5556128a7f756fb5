/** Transactions as a block's transactionsRoot commits to them, and what their senders signed. */
import { getBytes, Transaction } from "ethers";

import { orderedTrieRoot } from "./ordered-trie.js";
import { typed } from "./receipts.js";
import { rlpBytes, type RlpItem } from "./rlp.js";
import {
  bytesOfHex,
  dataField,
  listField,
  numberField,
  objectOf,
  quantityField,
  type RpcObject,
} from "./rpc-fields.js";

/** Types that federation chains carry: legacy, EIP-2930, EIP-1559. */
const LEGACY = 0;
const ACCESS_LIST = 1;
const DYNAMIC_FEE = 2;
/** v of a legacy signature under EIP-155 is this or one more, and twice the chain id. */
const EIP155_BASE = 35n;

/** Encodings of a transaction, read from its fields once. */
export interface EncodedTransaction {
  /** As the trie holds it; its hash is the transaction's. */
  readonly bytes: Uint8Array;
  /** Whose hash the sender signed; undefined for a type that only ethers knows. */
  readonly signed: Uint8Array | undefined;
}

/** A transaction as JSON-RPC returns it, encoded. */
export function encodeTransaction(transaction: RpcObject): EncodedTransaction {
  const fields = fieldsOf(transaction);
  if (fields === undefined) return { bytes: getBytes(Transaction.from(transaction).serialized), signed: undefined };
  const isLegacy = typeOf(transaction) === LEGACY;
  const parity = isLegacy || transaction["yParity"] === undefined ? "v" : "yParity";
  const signature = [parity, "r", "s"].map((name) => quantityField(transaction, name));
  const bytes = typed(transaction, rlpBytes([...fields, ...signature]));
  if (!isLegacy) return { bytes, signed: typed(transaction, rlpBytes(fields)) };
  const v = BigInt(transaction["v"] as string);
  if (v < EIP155_BASE) return { bytes, signed: rlpBytes(fields) };
  const chainId = quantityField({ chainId: `0x${((v - EIP155_BASE) / 2n).toString(16)}` }, "chainId");
  return { bytes, signed: rlpBytes([...fields, chainId, new Uint8Array(0), new Uint8Array(0)]) };
}

/** A transaction as JSON-RPC returns it, as the trie holds it. */
export function transactionBytes(transaction: RpcObject): Uint8Array {
  return encodeTransaction(transaction).bytes;
}

/** The transactionsRoot of a block with these transactions. */
export function transactionsRootOf(transactions: readonly RpcObject[]): string {
  return orderedTrieRoot(transactions.map(transactionBytes));
}

/** The bytes whose hash the sender signed; undefined for a type that only ethers knows. */
export function signedBytes(transaction: RpcObject): Uint8Array | undefined {
  return encodeTransaction(transaction).signed;
}

/** 0 or 1: which of the two points the signature means. */
export function parityOf(transaction: RpcObject): 0 | 1 {
  const v = BigInt((transaction["yParity"] ?? transaction["v"]) as string);
  // 27, 28 and EIP-155's: the odd ones mean 0
  const parity = typeOf(transaction) !== LEGACY || v < 2n ? v : (v + 1n) % 2n;
  return parity === 1n ? 1 : 0;
}

function typeOf(transaction: RpcObject): number {
  return transaction["type"] === undefined ? LEGACY : numberField(transaction, "type");
}

function fieldsOf(transaction: RpcObject): RlpItem[] | undefined {
  const quantity = (name: string): Uint8Array => quantityField(transaction, name);
  const to = transaction["to"] === null ? new Uint8Array(0) : dataField(transaction, "to");
  const common = [to, quantity("value"), dataField(transaction, "input")];
  switch (typeOf(transaction)) {
    case LEGACY:
      return [quantity("nonce"), quantity("gasPrice"), quantity("gas"), ...common];
    case ACCESS_LIST:
      return [...["chainId", "nonce", "gasPrice", "gas"].map(quantity), ...common, accessListOf(transaction)];
    case DYNAMIC_FEE:
      return [
        ...["chainId", "nonce", "maxPriorityFeePerGas", "maxFeePerGas", "gas"].map(quantity),
        ...common,
        accessListOf(transaction),
      ];
    default:
      return undefined;
  }
}

function accessListOf(transaction: RpcObject): RlpItem {
  return listField(transaction, "accessList").map((item) => {
    const entry = objectOf(item, "accessList");
    const keys = listField(entry, "storageKeys").map((key) => bytesOfHex(String(key), "accessList"));
    return [dataField(entry, "address"), keys];
  });
}

/**
 * Whole blocks as nodes store and import them: RLP of the header with its seals, the transactions, no uncles, and the
 * withdrawals. Read strictly, and held to the roots of the header.
 */
import { getBytes, hexlify, keccak256 } from "ethers";

import { CommonwattError, isCommonwattError } from "../sdk/errors.js";
import { rawHeaderFromRpc } from "./header.js";
import { integerOf, placeOfField, type FieldName } from "./header-fields.js";
import { orderedTrieRoot } from "./ordered-trie.js";
import { readRlpItem, rlpBytes, rlpListOf, type RlpPlace } from "./rlp.js";
import { dataField, listField, objectOf, quantityField, type RpcObject } from "./rpc-fields.js";
import { SealedHeader } from "./sealed-header.js";
import { transactionBytes } from "./transactions.js";

const NO_ITEMS = Uint8Array.of(0xc0);
/** Fields up to the withdrawals' root: a header without it is older than Shanghai. */
const WITHDRAWALS = placeOfField("withdrawalsRoot");
const TIMESTAMP = placeOfField("timestamp");

export class RawBlock {
  readonly number: number;
  /** Of a sealed header as QBFT hashes it; of any other (a simulated chain's) as it stands. */
  readonly hash: string;
  readonly parentHash: string;
  /** Each as the trie has it. */
  readonly transactions: readonly Uint8Array[];
  readonly #field: (name: FieldName) => Uint8Array | undefined;
  readonly #uncles: Uint8Array;
  readonly #withdrawals: readonly Uint8Array[] | undefined;

  private constructor(
    /** The block's RLP. */
    readonly raw: Uint8Array,
  ) {
    const block = readRlpItem(raw, 0, raw.length);
    if (block?.isList !== true || block.end !== raw.length) throw invalid("block");
    const [header, transactions, uncles, withdrawals, ...more] = itemsOf(raw, block, "block");
    if (header === undefined || transactions === undefined || uncles === undefined || more.length > 0) {
      throw invalid("number of parts");
    }
    const { hash, field } = readHeader(header.encoded);
    this.hash = hash;
    this.#field = field;
    this.number = Number(integerOf(this.#required("number")));
    this.parentHash = hexlify(this.#required("parentHash"));
    this.transactions = itemsOf(raw, transactions.place, "transactions").map(({ place, encoded }) =>
      place.isList ? encoded : raw.subarray(place.start, place.end),
    );
    this.#uncles = uncles.encoded;
    this.#withdrawals = withdrawals && itemsOf(raw, withdrawals.place, "withdrawals").map(({ encoded }) => encoded);
  }

  /** Reads a block as `debug_getRawBlock` gives it. RawBlockInvalid for anything else. */
  static read(raw: Uint8Array): RawBlock {
    return new RawBlock(raw);
  }

  /** Encodes a block as `eth_getBlockByNumber` gives it with its transactions in full. */
  static fromRpc(block: RpcObject): RawBlock {
    if (listField(block, "uncles").length > 0) throw invalid("uncles");
    const transactions = listField(block, "transactions").map((item) => {
      const encoding = transactionBytes(objectOf(item, "transactions"));
      // a legacy one is a list itself; others stand in the block as strings
      return (encoding[0] as number) < 0xc0 ? rlpBytes(encoding) : encoding;
    });
    const parts = [getBytes(rawHeaderFromRpc(block)), rlpListOf(transactions), NO_ITEMS];
    if ((block["withdrawalsRoot"] ?? null) !== null) parts.push(withdrawalsOf(block));
    return new RawBlock(rlpListOf(parts));
  }

  /**
   * Holds the block's parts to its header's roots. RawBlockOther names the one that is another. Block 0 has no body, and
   * must have none: it follows from the genesis file, and the roots of a simulated chain's are another thing.
   */
  requireBody(): void {
    if (this.number === 0) {
      if (this.transactions.length > 0) throw this.#other("list of transactions");
      return;
    }
    this.#require("transactionsRoot", "list of transactions", orderedTrieRoot(this.transactions));
    this.#require("sha3Uncles", "list of uncles", keccak256(this.#uncles));
    const root = this.#field("withdrawalsRoot");
    if ((root === undefined) !== (this.#withdrawals === undefined)) throw this.#other("list of withdrawals");
    if (this.#withdrawals) {
      this.#require("withdrawalsRoot", "list of withdrawals", orderedTrieRoot(this.#withdrawals));
    }
  }

  /** Holds receipts, each as the trie has it, to the header's root. */
  requireReceipts(receipts: readonly Uint8Array[]): void {
    if (this.number === 0 && receipts.length === 0) return;
    this.#require("receiptsRoot", "list of receipts", orderedTrieRoot(receipts));
  }

  #require(name: FieldName, what: string, root: string): void {
    if (hexlify(this.#required(name)) !== root) throw this.#other(what);
  }

  #other(what: string): CommonwattError {
    return new CommonwattError("RawBlockOther", { what, number: this.number });
  }

  #required(name: FieldName): Uint8Array {
    const bytes = this.#field(name);
    if (bytes === undefined) throw invalid(name);
    return bytes;
  }
}

interface ReadHeader {
  readonly hash: string;
  readonly field: (name: FieldName) => Uint8Array | undefined;
}

function readHeader(raw: Uint8Array): ReadHeader {
  try {
    const sealed = SealedHeader.read(raw);
    return { hash: sealed.hash, field: (name) => sealed.field(name) };
  } catch (error) {
    if (!isCommonwattError(error)) throw error;
    return readUnsealed(raw); // not QBFT's, or no header at all
  }
}

function readUnsealed(raw: Uint8Array): ReadHeader {
  const list = readRlpItem(raw, 0, raw.length);
  if (list?.isList !== true) throw invalid("header");
  const items = itemsOf(raw, list, "header").map(({ place }) => {
    if (place.isList) throw invalid("header");
    return raw.subarray(place.start, place.end);
  });
  // what is read as an integer must be short
  const isShort = (name: FieldName): boolean => (items[placeOfField(name)]?.length ?? 0) <= 6;
  if (items.length <= TIMESTAMP || !isShort("number")) throw invalid("header");
  const field = (name: FieldName): Uint8Array | undefined => items[placeOfField(name)];
  if (items.length > WITHDRAWALS && field("withdrawalsRoot")?.length !== 32) throw invalid("withdrawalsRoot");
  return { hash: keccak256(raw), field };
}

interface EncodedItem {
  readonly place: RlpPlace;
  /** With its head. */
  readonly encoded: Uint8Array;
}

function itemsOf(bytes: Uint8Array, list: RlpPlace, field: string): EncodedItem[] {
  if (!list.isList) throw invalid(field);
  const items: EncodedItem[] = [];
  for (let at = list.start; at < list.end;) {
    const place = readRlpItem(bytes, at, list.end);
    if (place === undefined) throw invalid(field);
    items.push({ place, encoded: bytes.subarray(at, place.end) });
    at = place.end;
  }
  return items;
}

function withdrawalsOf(block: RpcObject): Uint8Array {
  const withdrawals = listField(block, "withdrawals").map((item) => {
    const withdrawal = objectOf(item, "withdrawals");
    const [index, validator] = [quantityField(withdrawal, "index"), quantityField(withdrawal, "validatorIndex")];
    return rlpBytes([index, validator, dataField(withdrawal, "address"), quantityField(withdrawal, "amount")]);
  });
  return rlpListOf(withdrawals);
}

function invalid(field: string): CommonwattError {
  return new CommonwattError("RawBlockInvalid", { field });
}

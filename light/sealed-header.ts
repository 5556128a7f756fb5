/**
 * A header as bytes: read strictly once, its parts found by their places, hashed without building its fields. What a
 * light node checks and keeps by the thousand; `decodeHeader` gives the fields one by one.
 */
import { hexlify, keccak256 } from "ethers";

import { CommonwattError } from "../sdk/errors.js";
import {
  decodeExtraData,
  encodeExtraData,
  FIELDS,
  FIELD_COUNTS,
  fitsField,
  integerOf,
  placeOfField,
  type ExtraData,
  type FieldName,
} from "./header-fields.js";
import { readRlpItem, rlpBytes } from "./rlp.js";
import { dataField, quantityField, type RpcObject } from "./rpc-fields.js";

/** More than the header of any set that can be; a longer one is not worth its reading. */
const MOST_BYTES = 2 ** 16 + 2;
const [PARENT, COINBASE, STATE, TRANSACTIONS, RECEIPTS, BLOOM, NUMBER, TIMESTAMP, EXTRA, WITHDRAWALS] = (
  [
    "parentHash",
    "coinbase",
    "stateRoot",
    "transactionsRoot",
    "receiptsRoot",
    "logsBloom",
    "number",
    "timestamp",
    "extraData",
    "withdrawalsRoot",
  ] as const
).map(placeOfField) as [number, number, number, number, number, number, number, number, number, number];

export class SealedHeader {
  readonly number: bigint;
  /** Unix seconds. */
  readonly timestamp: bigint;
  /** Places of the fields' contents in `raw`: start and end, one behind the other. */
  readonly #places: readonly number[];
  readonly #extra: ExtraData;
  #hash: string | undefined;
  #digest: string | undefined;

  private constructor(
    /** The header's RLP, with its round and seals. */
    readonly raw: Uint8Array,
    places: readonly number[],
  ) {
    this.#places = places;
    this.#extra = decodeExtraData(this.#at(EXTRA));
    this.number = integerOf(this.#at(NUMBER));
    this.timestamp = integerOf(this.#at(TIMESTAMP));
  }

  /** Reads RLP. Throws `CommonwattError` for whatever `encodeHeader` would not have written. */
  static read(raw: Uint8Array): SealedHeader {
    return new SealedHeader(raw, placesIn(raw));
  }

  /** Reads a block as `eth_getBlockByNumber` gives it; nothing of it is believed, the hash is computed anew. */
  static fromRpc(block: RpcObject): SealedHeader {
    const items: Uint8Array[] = [];
    for (const [name, kind] of FIELDS) {
      const rpcName = name === "coinbase" ? "miner" : name;
      if ((block[rpcName] ?? null) === null) break;
      items.push(kind === "integer" ? quantityField(block, rpcName) : dataField(block, rpcName));
    }
    return SealedHeader.read(rlpBytes(items));
  }

  /** The block's hash: that of the header with round 0 and no seals. */
  get hash(): string {
    this.#hash ??= keccak256(this.#encodedWith(0n, []));
    return this.#hash;
  }

  /** What accountants seal: the hash of the header with its round and no seals. */
  get digest(): string {
    this.#digest ??= this.round === 0n ? this.hash : keccak256(this.#encodedWith(this.round, []));
    return this.#digest;
  }

  get parentHash(): string {
    return hexlify(this.#at(PARENT));
  }

  get stateRoot(): string {
    return hexlify(this.#at(STATE));
  }

  get transactionsRoot(): string {
    return hexlify(this.#at(TRANSACTIONS));
  }

  get receiptsRoot(): string {
    return hexlify(this.#at(RECEIPTS));
  }

  /** Undefined before Shanghai. */
  get withdrawalsRoot(): string | undefined {
    return this.#places.length > 2 * WITHDRAWALS ? hexlify(this.#at(WITHDRAWALS)) : undefined;
  }

  /** Who made the block, in lower case. */
  get coinbase(): string {
    return hexlify(this.#at(COINBASE));
  }

  /** The filter of the block's logs, 256 bytes. */
  get bloom(): Uint8Array {
    return this.#at(BLOOM);
  }

  /** In which the block was sealed. */
  get round(): bigint {
    return this.#extra.round;
  }

  /** r, s and v (0 or 1), 65 bytes each; every node keeps a selection of its own. */
  get seals(): readonly Uint8Array[] {
    return this.#extra.seals;
  }

  get extra(): ExtraData {
    return this.#extra;
  }

  /** A field's bytes, as RLP has them; undefined where a fork would have brought it. */
  field(name: FieldName): Uint8Array | undefined {
    const place = placeOfField(name);
    return 2 * place < this.#places.length ? this.#at(place) : undefined;
  }

  /** The same block with another selection of seals of its round. */
  withSeals(seals: readonly Uint8Array[]): SealedHeader {
    return SealedHeader.read(this.#encodedWith(this.round, seals));
  }

  #at(place: number): Uint8Array {
    return this.raw.subarray(this.#places[2 * place], this.#places[2 * place + 1]);
  }

  #encodedWith(round: bigint, seals: readonly Uint8Array[]): Uint8Array {
    const items = Array.from({ length: this.#places.length / 2 }, (_, place) => this.#at(place));
    items[EXTRA] = encodeExtraData({ vanity: this.#extra.vanity, round, seals });
    return rlpBytes(items);
  }
}

function placesIn(raw: Uint8Array): number[] {
  const list = raw.length <= MOST_BYTES ? readRlpItem(raw, 0, raw.length) : undefined;
  if (list === undefined || !list.isList || list.end !== raw.length) {
    throw new CommonwattError("HeaderNotRlp", { field: "header" });
  }
  const places: number[] = [];
  for (let at = list.start; at < list.end;) {
    const [name, kind] = FIELDS[places.length / 2] ?? ["header", 0];
    const item = readRlpItem(raw, at, list.end);
    if (item === undefined) throw new CommonwattError("HeaderNotCanonical");
    const { start, end, isList } = item;
    if (isList || !fitsField(kind, raw, start, end)) throw new CommonwattError("HeaderFieldInvalid", { field: name });
    places.push(start, end);
    at = end;
  }
  const count = places.length / 2;
  if (!FIELD_COUNTS.includes(count)) throw new CommonwattError("HeaderFieldCount", { count });
  return places;
}

/** Receipts as a block's receiptsRoot commits to them, and the filter of its logs (yellow paper, sections 4.4 and 4.4.1). */
import { getBytes, keccak256 } from "ethers";

import { orderedTrieRoot } from "./ordered-trie.js";
import { rlpBytes } from "./rlp.js";
import {
  bytesOfHex,
  dataField,
  listField,
  numberField,
  objectOf,
  quantityField,
  type RpcObject,
} from "./rpc-fields.js";

/** A receipt as JSON-RPC returns it, as the trie holds it: RLP behind its transaction's type (EIP-2718). */
export function receiptBytes(receipt: RpcObject): Uint8Array {
  const logs = listField(receipt, "logs").map((item) => {
    const log = objectOf(item, "logs");
    const topics = listField(log, "topics").map((topic) => bytesOfHex(String(topic), "topics"));
    return [dataField(log, "address"), topics, dataField(log, "data")];
  });
  // before Byzantium a state root stood in the place of the status
  const status = receipt["status"] === undefined ? dataField(receipt, "root") : quantityField(receipt, "status");
  const gas = quantityField(receipt, "cumulativeGasUsed");
  return typed(receipt, rlpBytes([status, gas, dataField(receipt, "logsBloom"), logs]));
}

/** The receiptsRoot of a block with these receipts. */
export function receiptsRootOf(receipts: readonly RpcObject[]): string {
  return orderedTrieRoot(receipts.map(receiptBytes));
}

/** Puts the transaction's type before an encoding; nothing for the legacy one. */
export function typed(object: RpcObject, encoding: Uint8Array): Uint8Array {
  const type = object["type"] === undefined ? 0 : numberField(object, "type");
  if (type === 0) return encoding;
  const bytes = new Uint8Array(encoding.length + 1);
  bytes[0] = type;
  bytes.set(encoding, 1);
  return bytes;
}

const BLOOM_BYTES = 256;
const BLOOM_BITS = 8 * BLOOM_BYTES;

/** Asks filters of 2,048 bits whether an address or a topic may be among a block's logs: no is certain. */
export class BloomQuestion {
  readonly #bits: readonly (readonly [byte: number, mask: number])[];

  /** `value`: the bytes in hex. */
  constructor(value: string) {
    const hash = getBytes(keccak256(value));
    this.#bits = [0, 2, 4].map((at) => {
      const bit = (((hash[at] ?? 0) << 8) | (hash[at + 1] ?? 0)) % BLOOM_BITS;
      return [BLOOM_BYTES - 1 - Math.floor(bit / 8), 1 << (bit % 8)] as const;
    });
  }

  mayBeIn(bloom: Uint8Array): boolean {
    return this.#bits.every(([byte, mask]) => ((bloom[byte] ?? 0) & mask) !== 0);
  }
}

/**
 * JSON of a stranger, within bounds: what it takes in memory follows from its length and the number of its parts, so that
 * no answer ends a process that runs with a small heap.
 */

/** Most bytes of a text, and most parts of what it says: items, fields, lists, objects. */
export interface JsonBounds {
  readonly bytes: number;
  readonly parts: number;
}

const [COMMA, LIST, OBJECT] = [",", "[", "{"].map((mark) => mark.charCodeAt(0)) as [number, number, number];

/** A number, a hash. */
const SCALAR: JsonBounds = { bytes: 2 ** 16, parts: 256 };
/** Code of 24 KiB. */
const CODE: JsonBounds = { bytes: 2 ** 17, parts: 256 };
/** A header with the hashes of its transactions, the proof of a whole set. */
const HEADER: JsonBounds = { bytes: 4 * 2 ** 20, parts: 60_000 };
/** All of a block, all of its receipts. */
const BODY: JsonBounds = { bytes: 12 * 2 ** 20, parts: 400_000 };
const OF_SCALARS = ["eth_blockNumber", "eth_chainId", "eth_sendRawTransaction"];
const OF_PROOFS = ["eth_getProof", "eth_createAccessList"];

/** What an honest answer to the question stays within. */
export function boundsOf(method: string, params: readonly unknown[]): JsonBounds {
  if (OF_SCALARS.includes(method)) return SCALAR;
  if (method === "eth_getCode") return CODE;
  const isHeader = method.startsWith("eth_getBlockBy") && params[1] === false;
  return isHeader || OF_PROOFS.includes(method) ? HEADER : BODY;
}

/** Parses it; undefined for what is no JSON. RangeError for more parts than those. */
export function boundedJson(text: string, mostParts: number): unknown {
  let parts = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    // marks inside of strings count, too: answers have none there
    if (code === COMMA || code === LIST || code === OBJECT) parts += 1;
  }
  if (parts > mostParts) throw new RangeError(`the answer has ${parts} parts, and ${mostParts} is the most`);
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

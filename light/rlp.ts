/** RLP of byte arrays, written into one buffer: ethers' encoder builds lists of numbers, which takes ten times as long. */
export type RlpItem = Uint8Array | readonly RlpItem[];

const STRING = 0x80;
const LIST = 0xc0;
/** Lengths up to it stand in the first byte. */
const SHORT = 55;

/** The item's canonical encoding. */
export function rlpBytes(item: RlpItem): Uint8Array {
  const bytes = new Uint8Array(encodedLength(item));
  write(item, bytes, 0);
  return bytes;
}

/** The encoding of a list whose items are encoded already. */
export function rlpListOf(encoded: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const item of encoded) length += item.length;
  const bytes = new Uint8Array(length + (length <= SHORT ? 1 : 1 + lengthOfLength(length)));
  let end = writeHead(LIST, length, bytes, 0);
  for (const item of encoded) {
    bytes.set(item, end);
    end += item.length;
  }
  return bytes;
}

function write(item: RlpItem, into: Uint8Array, at: number): number {
  if (item instanceof Uint8Array) {
    if (item.length === 1 && (item[0] as number) < STRING) {
      into[at] = item[0] as number;
      return at + 1;
    }
    const start = writeHead(STRING, item.length, into, at);
    into.set(item, start);
    return start + item.length;
  }
  let end = writeHead(LIST, contentLength(item), into, at);
  for (const part of item) end = write(part, into, end);
  return end;
}

function writeHead(kind: number, length: number, into: Uint8Array, at: number): number {
  if (length <= SHORT) {
    into[at] = kind + length;
    return at + 1;
  }
  const size = lengthOfLength(length);
  into[at] = kind + SHORT + size;
  for (let place = 0, rest = length; place < size; place++, rest = Math.floor(rest / 256)) {
    into[at + size - place] = rest % 256;
  }
  return at + 1 + size;
}

function encodedLength(item: RlpItem): number {
  const length = item instanceof Uint8Array ? item.length : contentLength(item);
  if (item instanceof Uint8Array && length === 1 && (item[0] as number) < STRING) return 1;
  return length + (length <= SHORT ? 1 : 1 + lengthOfLength(length));
}

function contentLength(items: readonly RlpItem[]): number {
  let length = 0;
  for (const item of items) length += encodedLength(item);
  return length;
}

function lengthOfLength(length: number): number {
  let size = 1;
  for (let rest = Math.floor(length / 256); rest > 0; rest = Math.floor(rest / 256)) size++;
  return size;
}

/** Where an item's content stands in the bytes it is read from. */
export interface RlpPlace {
  readonly isList: boolean;
  readonly start: number;
  readonly end: number;
}

/** The item that begins at a place, of bytes that end at another; undefined for what `rlpBytes` would not have written. */
export function readRlpItem(bytes: Uint8Array, at: number, limit: number): RlpPlace | undefined {
  const first = at < limit ? (bytes[at] as number) : -1;
  if (first < 0) return undefined;
  if (first < STRING) return { isList: false, start: at, end: at + 1 };
  const kind = first < LIST ? STRING : LIST;
  const isList = kind === LIST;
  const size = first - kind;
  if (size <= SHORT) {
    const [start, end] = [at + 1, at + 1 + size];
    // a byte below 0x80 stands for itself
    const isDouble = !isList && size === 1 && start < limit && (bytes[start] as number) < STRING;
    return end > limit || isDouble ? undefined : { isList, start, end };
  }
  const start = at + 1 + size - SHORT;
  // lengths of more than four bytes are longer than anything that is read here
  if (start > limit || size - SHORT > 4 || bytes[at + 1] === 0) return undefined;
  let length = 0;
  for (let place = at + 1; place < start; place++) length = length * 256 + (bytes[place] as number);
  return length <= SHORT || start + length > limit ? undefined : { isList, start, end: start + length };
}

/**
 * Headers as they are stored: deflated against the chain's first one, with which they share whatever never changes, and
 * an empty bloom costs nothing. Bloom and seals are kept.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";

import { SealedHeader } from "../../light/index.js";

/** A stored header can't be longer than one that is read. */
const MOST_BYTES = 2 ** 17;

export class HeaderCodec {
  readonly #dictionary: Uint8Array;

  /** `first`: RLP of a header of the chain, the same for all that is stored. */
  constructor(first: Uint8Array) {
    this.#dictionary = first;
  }

  encode(header: SealedHeader): Uint8Array {
    return deflateRawSync(header.raw, { dictionary: this.#dictionary, level: 6 });
  }

  /** The inverse. Throws for bytes that are damaged. */
  decode(bytes: Uint8Array): SealedHeader {
    return SealedHeader.read(inflateRawSync(bytes, { dictionary: this.#dictionary, maxOutputLength: MOST_BYTES }));
  }
}

/** What vouches for a backup: hashes of blocks that are known from elsewhere. */
import { InvalidArgumentError } from "commander";

import { InputError } from "../../inputs/error.js";

/** Hashes of blocks that are known to be the chain's; undefined for a block of which nothing is known. Lower-case hex. */
export type KnownHash = (number: number) => string | undefined;

/** One block by its number and hash: whoever knows the last one knows all before it. */
export interface TrustedBlock {
  readonly number: number;
  readonly hash: string;
}

/** Reads `NUMBER:HASH`. */
export function trustedBlock(text: string): TrustedBlock {
  const [, number, hash] = /^(\d{1,15}):(0x[0-9a-fA-F]{64})$/.exec(text) ?? [];
  if (number !== undefined && hash !== undefined) return { number: Number(number), hash: hash.toLowerCase() };
  throw new InvalidArgumentError("Give a block's number and hash, like 8191:0x5f3a...");
}

export interface TrustOptions {
  readonly trusted?: TrustedBlock;
  readonly db?: string;
}

/** The hashes that the options name. InputError when they name none. */
export function openTrust({ trusted }: TrustOptions): { readonly hashOf: KnownHash; readonly close: () => void } {
  if (trusted !== undefined) {
    return { hashOf: (number) => (number === trusted.number ? trusted.hash : undefined), close: () => undefined };
  }
  const advice = "Give the last block's number and hash, from a node that you trust, or a light node's database";
  throw new InputError({ file: "--trusted" }, "nothing is given that the blocks could be held against", advice);
}

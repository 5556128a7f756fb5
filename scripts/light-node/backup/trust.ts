/** What vouches for a backup: hashes of blocks that are known from elsewhere. */
import { InvalidArgumentError } from "commander";

import { InputError } from "../../inputs/error.js";
import { LightStore } from "../store.js";

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

/** The hashes that the options name. InputError when they name none, or a database whose start nobody proved. */
export function openTrust({ trusted, db }: TrustOptions): { readonly hashOf: KnownHash; readonly close: () => void } {
  const given: KnownHash = (number) => (number === trusted?.number ? trusted.hash : undefined);
  if (db !== undefined) {
    const store = LightStore.open(db, { mustExist: true });
    const hashOf: KnownHash = (number) => store.header(BigInt(number))?.hash ?? given(number);
    if (store.trusted?.isProven === true) return { hashOf, close: () => store.close() };
    store.close();
    const advice = "Follow the chain from a checkpoint that members signed, or name the last block with --trusted";
    throw new InputError({ file: db }, "the light node's headers are not proved", advice);
  }
  if (trusted !== undefined) return { hashOf: given, close: () => undefined };
  const advice = "Give the last block's number and hash, from a node that you trust, or a light node's database";
  throw new InputError({ file: "--trusted" }, "nothing is given that the blocks could be held against", advice);
}

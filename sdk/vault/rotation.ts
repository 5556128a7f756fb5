/** A new encryption key: published, then the present version of every record that lives is wrapped for it. */
import { CommonwattError, isCommonwattError } from "../errors.js";
import type { RecordContracts, Rewrapped, WrittenVersion } from "./chain.js";
import { liveVersions } from "./granting.js";
import type { KeyRing } from "./keys.js";
import { versionPlace } from "./opener.js";
import { openOwnerShare, wrapOwnerShare } from "./owner-share.js";
import type { OwnerSide } from "./parts.js";
import { Recipient } from "./wrap.js";

/** How far a rotation got; holds no secret. */
export interface RotationState {
  /** Number of the key that everything is wrapped for. */
  readonly number: bigint;
  /** Records up to this one, by their ids' order, are done; absent: none yet. */
  readonly lastRecord?: string;
}

/** Remembers an unfinished rotation over a restart. */
export interface RotationJournal {
  load(): Promise<RotationState | undefined>;
  save(state: RotationState): Promise<void>;
  clear(): Promise<void>;
}

/** In memory: a rotation goes on only as long as the process does. */
export class MemoryJournal implements RotationJournal {
  #state: RotationState | undefined;

  load(): Promise<RotationState | undefined> {
    return Promise.resolve(this.#state);
  }

  save(state: RotationState): Promise<void> {
    this.#state = state;
    return Promise.resolve();
  }

  clear(): Promise<void> {
    this.#state = undefined;
    return Promise.resolve();
  }
}

/** Told after each batch. */
export type RotationProgress = (done: number, total: number) => void;

/** How wrappings are made anew. */
export interface Rewrapping {
  readonly contracts: RecordContracts;
  readonly owner: string;
  readonly ring: KeyRing;
  /** The key to wrap for; wrappings of it and of older ones open. */
  readonly number: bigint;
}

/** Rotates, or goes on with the rotation that was interrupted. The number of the new key. */
export async function rotateKey(side: OwnerSide, progress: RotationProgress = () => undefined): Promise<bigint> {
  const { chain, journal } = side.parts;
  const state = await startedRotation(side);
  const { number } = state;
  const records = (await presentVersions(side)).filter(({ record }) => record > (state.lastRecord ?? ""));
  const rewrapping = { contracts: chain.contracts, owner: side.owner, ring: side.ring, number };
  for (let done = 0; done < records.length;) {
    const batch = records.slice(done, done + chain.contracts.maxBatch);
    try {
      await chain.rewrap(await rewrapped(rewrapping, batch));
      await journal.save({ number, lastRecord: batch.at(-1)?.record ?? "" });
    } catch (cause) {
      const reason = isCommonwattError(cause) ? cause.code : (cause as Error).message;
      throw new CommonwattError("VaultRotationInterrupted", { done, total: records.length, reason }, { cause });
    }
    done += batch.length;
    progress(done, records.length);
  }
  await journal.clear();
  return number;
}

/** The same shares, wrapped for the key of that number. */
export async function rewrapped(
  { contracts, owner, ring, number }: Rewrapping,
  versions: readonly WrittenVersion[],
): Promise<Rewrapped[]> {
  const recipient = await Recipient.of((await ring.key(number)).publicKey);
  return Promise.all(
    versions.map(async (version) => {
      const place = versionPlace(contracts, owner, version);
      // nearly all were written with an older key: tried first, it saves a third of the time
      const share = await openOwnerShare(ring, number - 1n, { wrapped: version.wrapped }, place).catch(() =>
        openOwnerShare(ring, number, version, place),
      );
      return {
        record: version.record,
        version: version.version,
        wrapped: await wrapOwnerShare(recipient, share, place),
      };
    }),
  );
}

/** The journal is written before the key is published, so that no published key is left with nothing wrapped for it. */
async function startedRotation(side: OwnerSide): Promise<RotationState> {
  const { directory, journal } = side.parts;
  const [newest, kept] = await Promise.all([directory.keyOf(side.owner), journal.load()]);
  if (kept !== undefined && kept.number === newest?.number && newest.publicKey !== undefined) return kept;
  // a journal behind the directory: another device rotated further meanwhile, and this is a rotation of its own
  const number = (newest?.number ?? 0n) + 1n;
  await journal.save({ number });
  const { publicKey } = await side.ring.key(number);
  await directory.publish({ number, publicKey });
  return { number };
}

/** The last version of each record that lives, by the ids' order. */
async function presentVersions(side: OwnerSide): Promise<WrittenVersion[]> {
  const present = new Map<string, WrittenVersion>();
  for (const version of await liveVersions(side)) present.set(version.record, version);
  return [...present.values()].sort((a, b) => (a.record < b.record ? -1 : 1));
}

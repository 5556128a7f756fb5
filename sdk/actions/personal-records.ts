/** A person's own records on the user chain: written by their owner alone, read back from events and checked. */
import { zeroPadValue } from "ethers";

import type { UserChain } from "../connect.js";
import type { RecordKind } from "../enums.js";
import { CommonwattError } from "../errors.js";
import { readEvents, type ChainEvent } from "../events.js";
import {
  EMPTY_HEAD,
  headAfterErasure,
  headAfterVersion,
  type NewRecordVersion,
  type RecordErasure,
  type RecordName,
  type WrittenRecordVersion,
} from "../record-history.js";
import type { SigningDomain } from "../signing/typed-data.js";
import { ask, transact, type Receipt, type TransactionOverrides } from "../transact.js";

/** Most versions, or rewrappings, of one transaction (PersonalRecords.MAX_BATCH). */
export const MAX_RECORD_BATCH = 50;
/** Longest ciphertext that a record has on the chain itself (PersonalRecords.MAX_INLINE_BYTES). */
export const MAX_INLINE_BYTES = 1_024;

/** What the chain keeps of a record. */
export interface RecordState {
  readonly kind: RecordKind;
  /** The last version. */
  readonly version: bigint;
  readonly isErased: boolean;
  /** When it was last written or erased, Unix seconds. */
  readonly changedAt: bigint;
  /** Commits to its history, 21 bytes. */
  readonly head: string;
}

/** A record with all that was ever said of it. */
export interface RecordHistory extends RecordName {
  readonly kind: RecordKind;
  /** In order; the first is version 1. */
  readonly versions: readonly WrittenRecordVersion[];
  /** The newest rewrapping of a version that has one; not committed to by the head: the wrapping itself tells. */
  readonly rewrapped: ReadonlyMap<bigint, string>;
  readonly erasure: RecordErasure | undefined;
  /** What these events come to. */
  readonly head: string;
}

/** A version's share of the content key, wrapped for the owner's newer key. */
export interface Rewrapping {
  readonly record: string;
  readonly version: bigint;
  /** 49 to 256 bytes. */
  readonly wrapped: string | Uint8Array;
}

/** What a history's hash chain is bound to. */
export function personalRecordsOf(chain: UserChain): SigningDomain {
  const { chainId, contracts } = chain.deployment;
  return { chainId, verifyingContract: contracts.PersonalRecords.address };
}

/** Writes a new record or the next version of one. The owner. */
export function putRecord(
  chain: UserChain,
  version: NewRecordVersion,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.personalRecords.put(version, overrides));
}

/** Writes up to 50 versions in their order, all or none. The owner. */
export function putRecords(
  chain: UserChain,
  versions: readonly NewRecordVersion[],
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.personalRecords.putBatch([...versions], overrides));
}

/** Publishes up to 50 shares that were wrapped for the owner's newer key, all or none. The owner. */
export function rewrapRecords(
  chain: UserChain,
  rewrappings: readonly Rewrapping[],
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.personalRecords.rewrapBatch([...rewrappings], overrides));
}

export interface EraseRecordParameters {
  readonly record: string;
  /** Hash of the receipts of all stores, which have forgotten by then: the mark itself erases nothing. */
  readonly receiptsHash: string;
}

/** Marks a record as erased, for ever. The owner. */
export function eraseRecord(
  chain: UserChain,
  { record, receiptsHash }: EraseRecordParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.personalRecords.erase(record, receiptsHash, overrides));
}

/** What the chain keeps of a record; undefined where there is none. `block`: absent, the newest. */
export async function recordStateOf(
  chain: UserChain,
  { owner, record }: RecordName,
  block?: number,
): Promise<RecordState | undefined> {
  const at = block === undefined ? {} : { blockTag: block };
  const state = await ask(() => chain.contracts.personalRecords.recordOf(owner, record, at));
  if (state.version === 0n) return undefined;
  const { version, erased, changedAt, head } = state;
  return { kind: Number(state.kind) as RecordKind, version, isErased: erased, changedAt, head };
}

/**
 * All of an owner's records with their histories, each held to the head that the chain keeps: no event of them is left
 * out or altered. That no whole record is left out the chain can't tell; the owner's own list can.
 */
export async function recordHistoriesOf(chain: UserChain, owner: string): Promise<RecordHistory[]> {
  return checkedHistories(chain, owner, [null, topicOf(owner)]);
}

/** One record with its history, held to the head that the chain keeps; undefined where there is none. */
export async function recordHistoryOf(
  chain: UserChain,
  { owner, record }: RecordName,
): Promise<RecordHistory | undefined> {
  const block = await ask(() => chain.provider.getBlockNumber());
  if ((await recordStateOf(chain, { owner, record }, block)) === undefined) return undefined;
  const [history] = await checkedHistories(chain, owner, [null, topicOf(owner), record], block);
  if (history !== undefined) return history;
  throw new CommonwattError("RecordHistoryMismatch", { owner, record, computed: EMPTY_HEAD, head: "another" });
}

async function checkedHistories(
  chain: UserChain,
  owner: string,
  topics: readonly (string | null)[],
  block?: number,
): Promise<RecordHistory[]> {
  const toBlock = block ?? (await ask(() => chain.provider.getBlockNumber()));
  const fold = new Map<string, OpenHistory>();
  const fromBlock = chain.deployment.deploymentBlock;
  const records = personalRecordsOf(chain);
  for await (const events of readEvents(chain, { fromBlock, toBlock, contracts: ["PersonalRecords"], topics })) {
    for (const event of events) append(records, fold, event);
  }
  const histories = [...fold.values()];
  for (const history of histories) await requireHead(chain, owner, history, toBlock);
  return histories;
}

async function requireHead(chain: UserChain, owner: string, history: OpenHistory, block: number): Promise<void> {
  const { record, head: computed } = history;
  const state = await recordStateOf(chain, { owner, record }, block);
  if (state?.head === computed) return;
  throw new CommonwattError("RecordHistoryMismatch", { owner, record, computed, head: state?.head ?? EMPTY_HEAD });
}

interface OpenHistory extends RecordName {
  kind: RecordKind;
  readonly versions: WrittenRecordVersion[];
  readonly rewrapped: Map<bigint, string>;
  erasure: RecordErasure | undefined;
  head: string;
}

function append(records: SigningDomain, fold: Map<string, OpenHistory>, { name, args }: ChainEvent): void {
  const { owner, record } = args as unknown as RecordName;
  const history = fold.get(record) ?? newHistory({ owner, record });
  fold.set(record, history);
  if (name === "VersionWritten") {
    const written = args as unknown as WrittenRecordVersion;
    const { version, writtenAt, commitment, locator, wrapped } = written;
    history.kind = Number(written.kind) as RecordKind;
    const entry = { record, version, kind: history.kind, writtenAt, commitment, locator, wrapped };
    history.head = headAfterVersion(records, history.head, owner, entry);
    history.versions.push(entry);
  } else if (name === "VersionRewrapped") {
    const { version, wrapped } = args as unknown as WrittenRecordVersion;
    history.rewrapped.set(version, wrapped);
  } else if (name === "RecordErased") {
    const { erasedAt, receiptsHash } = args as unknown as RecordErasure;
    history.erasure = { erasedAt, receiptsHash };
    history.head = headAfterErasure(records, history.head, { owner, record }, history.erasure);
  }
}

function newHistory(name: RecordName): OpenHistory {
  return { ...name, kind: 0, versions: [], rewrapped: new Map(), erasure: undefined, head: EMPTY_HEAD };
}

function topicOf(account: string): string {
  return zeroPadValue(account, 32);
}

/**
 * Headers of the other chain, anchored on this one (IHeaderAnchors.sol): what shows one, and what is proven against it.
 * `chain` is the one that keeps the anchors, `source` the other one.
 */
import {
  anchorSlots,
  encodeHeader,
  unpackSetHead,
  type AccountProof,
  type AccountantSet,
  type QbftHeader,
  type SetHead,
} from "../../light/index.js";
import type { HeaderAnchors } from "../../typechain-types/index.js";
import type { AnyChain } from "../connect.js";
import { CommonwattError } from "../errors.js";
import { ask, eventsIn, transact, type Receipt, type TransactionOverrides } from "../transact.js";
import { validatorsFor } from "./accountants.js";
import { provenWord, readAccountProof, type WordProof } from "./state-proofs.js";
import { readHeader } from "./turns.js";

/** How far a chain's anchors have come. */
export interface AnchorsState {
  /** The chain that is anchored: its id, its AccountantElection, the hash of its block 0. */
  readonly sourceChainId: bigint;
  readonly election: string;
  readonly genesisHash: string;
  /** For how long after the last header the known set is trusted, s. */
  readonly trustingSeconds: bigint;
  /** Least time from header to header, s. */
  readonly spacingSeconds: bigint;
  /** The word that names the known set, and what it says. */
  readonly head: bigint;
  readonly set: SetHead;
  /** The last header, or the set-up's block. */
  readonly latestNumber: bigint;
  /** Its time, Unix seconds. */
  readonly latestTimestamp: bigint;
  /** Two sealed headers of this number were shown: from it on nothing counts. */
  readonly forkedAt: bigint | undefined;
}

/** A header as it is anchored. */
export interface AnchoredHeader {
  readonly number: bigint;
  readonly hash: string;
  readonly stateRoot: string;
  /** Unix seconds. */
  readonly timestamp: bigint;
  /** Version of the set that sealed it. */
  readonly setVersion: bigint;
}

/** What shows a header (AnchorTypes.sol). */
export interface AnchorEvidence {
  /** RLP, with round and seals. */
  readonly header: string;
  readonly set: AccountantSet;
  readonly accountProof: readonly string[];
  readonly headProof: readonly string[];
  /** Empty when the set did not change. */
  readonly digestProof: readonly string[];
  /** Empty unless the head is of a later version than the next one. */
  readonly changeProof: readonly string[];
}

/** What `anchor` did. */
export type AnchorOutcome = "anchored" | "anchored before" | "forked";

// -------------------- asking

/** How far the anchors have come. */
export async function anchorsOf(chain: AnyChain): Promise<AnchorsState> {
  const { headerAnchors } = chain.contracts;
  const [source, known, latest, spacingSeconds] = await Promise.all([
    ask(() => headerAnchors.source()),
    ask(() => headerAnchors.knownSet()),
    ask(() => headerAnchors.latest()),
    ask(() => headerAnchors.SPACING_SECONDS()),
  ]);
  return {
    sourceChainId: source.chainId,
    election: source.election,
    genesisHash: source.genesisHash,
    trustingSeconds: source.trustingSeconds,
    spacingSeconds,
    head: known.head,
    set: unpackSetHead(known.head),
    latestNumber: latest.number,
    latestTimestamp: latest.timestamp,
    forkedAt: latest.forkedAt === 0n ? undefined : latest.forkedAt,
  };
}

/** Refuses a source that is not the chain that is anchored. */
export function requireSource(anchors: AnchorsState, source: AnyChain): void {
  const { chainId, genesisHash, contracts } = source.deployment;
  const isSource =
    anchors.sourceChainId === BigInt(chainId) &&
    anchors.genesisHash === genesisHash &&
    BigInt(anchors.election) === BigInt(contracts.AccountantElection.address);
  if (isSource) return;
  throw new CommonwattError("AnchorsOfAnotherChain", { chainId, anchored: anchors.sourceChainId });
}

/** An anchored header; an error says that there is none of that number, or that it does not count any more. */
export async function anchoredHeader(chain: AnyChain, number: bigint): Promise<AnchoredHeader> {
  const { hash, stateRoot, timestamp, setVersion } = await ask(() => chain.contracts.headerAnchors.anchorAt(number));
  return { number, hash, stateRoot, timestamp, setVersion };
}

/** A word of the other chain, proven on this one against an anchored header; and that header's time, Unix seconds. */
export async function anchoredWord(
  chain: AnyChain,
  { block, account, slot, accountProof, storageProof }: Omit<WordProof, "word">,
): Promise<{ word: bigint; timestamp: bigint }> {
  const { headerAnchors } = chain.contracts;
  const { word, timestamp } = await ask(() =>
    headerAnchors.wordAt(block, account, slot, [...accountProof], [...storageProof]),
  );
  return { word, timestamp };
}

// -------------------- showing

/** The evidence that a block's header makes, from what the source's endpoint has of it. */
export async function readAnchorEvidence(
  source: AnyChain,
  anchors: Pick<AnchorsState, "head" | "set">,
  block: bigint,
): Promise<AnchorEvidence> {
  const header = await readHeader(source.provider, block);
  const account = source.deployment.contracts.AccountantElection.address;
  const slots = anchorSlots(anchors.set.version);
  const [set, proof] = await Promise.all([
    validatorsFor(source, block),
    readAccountProof(source.provider, { account, slots, block }),
  ]);
  return anchorEvidence({ header, set, proof, anchors });
}

/**
 * The evidence that a header makes together with the proof of the election's words in its state; `set` is the one in
 * force for it. A header without seals shows nothing: simulated chains make such.
 */
export function anchorEvidence({
  header,
  set,
  proof,
  anchors,
}: {
  readonly header: QbftHeader;
  readonly set: AccountantSet;
  readonly proof: AccountProof;
  readonly anchors: Pick<AnchorsState, "head" | "set">;
}): AnchorEvidence {
  if (header.seals.length === 0) throw new CommonwattError("HeaderUnsealed", { blockNumber: header.number });
  const [digestKey, headKey, changeKey] = anchorSlots(anchors.set.version);
  const proofOf = (key: string): readonly string[] => provenWord(proof, key)?.proof ?? [];
  const head = BigInt(provenWord(proof, headKey)?.value ?? 0);
  const isNext = unpackSetHead(head).version === anchors.set.version + 1n;
  return {
    header: encodeHeader(header),
    set,
    accountProof: proof.accountProof,
    headProof: proofOf(headKey),
    digestProof: head === anchors.head ? [] : proofOf(digestKey),
    changeProof: head === anchors.head || isNext ? [] : proofOf(changeKey),
  };
}

/** Shows a header to the chain. Anyone; one that is anchored changes nothing. */
export function anchorHeader(
  chain: AnyChain,
  evidence: AnchorEvidence,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.headerAnchors.anchor(anchorArgument(evidence), overrides));
}

/** As the typed contract takes it: lists that it could write to. */
export function anchorArgument(evidence: AnchorEvidence): Parameters<HeaderAnchors["anchor"]>[0] {
  const { header, set, accountProof, headProof, digestProof, changeProof } = evidence;
  return {
    header,
    set: [...set],
    accountProof: [...accountProof],
    headProof: [...headProof],
    digestProof: [...digestProof],
    changeProof: [...changeProof],
  };
}

/** What came of a header that was shown. */
export function anchorOutcomeIn(chain: AnyChain, receipt: Receipt): AnchorOutcome {
  const { headerAnchors } = chain.contracts;
  const { address } = chain.deployment.contracts.HeaderAnchors;
  if (eventsIn(headerAnchors, address, headerAnchors.getEvent("SourceForked"), receipt).length > 0) return "forked";
  const anchored = eventsIn(headerAnchors, address, headerAnchors.getEvent("HeaderAnchored"), receipt);
  return anchored.length > 0 ? "anchored" : "anchored before";
}

/**
 * Follows a chain: on to the newest head that a peer can prove, then the ancestors in between by their hashes. A peer
 * whose answers can't be true is named, counted and kept out; one honest peer is enough to go on.
 */
import { hexlify } from "ethers";

import {
  advance,
  forkOf,
  headerOf,
  isFresh,
  proofOfSet,
  requireLink,
  requireSealed,
  setBefore,
  type AccountantSet,
  type CertificateSource,
  type ChainRules,
  type ForkEvidence,
  type LightPeer,
  type ProvenSet,
  type SealedHeader,
  type TrustedHeader,
} from "../../light/index.js";
import { CommonwattError, isCommonwattError } from "../../sdk/errors.js";
import { InputError } from "../inputs/error.js";
import type { Peers } from "./peers.js";
import { isLie, PeerFailure, type RpcPeer } from "./rpc-peer.js";
import type { Gap, LightStore } from "./store.js";

export interface SyncOptions {
  readonly rules: ChainRules;
  readonly store: LightStore;
  readonly peers: Peers;
  readonly certificates?: CertificateSource;
  /** How many headers are kept behind the head; undefined: all. */
  readonly keep?: bigint;
  /** Goes on without proof when trust has lapsed; every answer then says so. */
  readonly mayBeUnproved?: boolean;
  /** Unix seconds, by the local clock. */
  readonly now: () => bigint;
  /** How long one peer's way to its head may take in a round. */
  readonly peerMilliseconds?: number;
  readonly onFork?: (fork: ForkEvidence) => void;
}

/** So many blocks behind a proven head a peer is out of date. */
const STALE_BLOCKS = 30n;
/** Ancestors asked for at once, and written at once. */
const CHUNK = 64n;
/** For so many trusted headers it is remembered who sealed them, to tell a fork from a lie. */
const REMEMBERED = 256;
/** Of one peer's way to its head in a round, unless told otherwise; what was trusted on it stays. */
const PEER_MILLISECONDS = 60_000;

/** What one round brought. */
export interface Round {
  readonly head: bigint;
  readonly isProven: boolean;
  /** Ancestors that were filled in. */
  readonly filled: number;
}

export class Follower {
  /** Who sealed recent headers, by number. */
  readonly #sealers = new Map<bigint, AccountantSet>();
  /** Peers on the other side of a fork that is kept: its later blocks say nothing new. */
  readonly #forked = new Set<string>();

  constructor(private readonly options: SyncOptions) {}

  /** The newest head, and then as many ancestors as `mostFilled` allows. */
  async round(mostFilled = Number.MAX_SAFE_INTEGER): Promise<Round> {
    await this.#toNewestHead();
    const { store, keep } = this.options;
    const { header, isProven } = this.#trusted();
    const lowest = keep === undefined || header.number < keep ? 0n : header.number - keep + 1n;
    if (lowest > 0n) store.forgetBelow(lowest);
    store.wantFrom(lowest);
    let filled = 0;
    for (let gap = store.gap; gap !== undefined && filled < mostFilled; gap = store.gap) {
      filled += await this.#fillSome(gap);
    }
    return { head: header.number, isProven, filled };
  }

  async #toNewestHead(): Promise<void> {
    const { peers, store, peerMilliseconds = PEER_MILLISECONDS } = this.options;
    const claims = await this.#claimedHeads();
    const begun = this.#trusted().header.number;
    let isAnyReached = false;
    for (const { peer, head } of claims) {
      try {
        const start = this.#trusted();
        // far ahead it could go on with the other side of a fork: only a peer that has what is trusted leads there
        const isFar = head > start.header.number + 1n && start.sealers.length > 0;
        if (isFar && !(await this.#compare(peer, start.header.number))) continue;
        for await (const trusted of advance({ ...this.options, peer: hurried(peer, peerMilliseconds) }, start, head))
          this.#trust(trusted);
        isAnyReached = true;
      } catch (error) {
        if (isCommonwattError(error, "LightTrustLapsed")) throw error;
        const isFork =
          isCommonwattError(error, "LightWrongParent") && !(await this.#compare(peer, this.#trusted().header.number));
        if (!isFork) peers.note(peer, `headers up to ${head}`, error);
      }
    }
    const known = this.#trusted().header.number;
    for (const { peer, head } of claims) {
      if (head + STALE_BLOCKS < known) peers.noteStale(peer, known - head);
      const newest = head < known ? head : known;
      // it may be in a gap as yet
      await this.#compare(peer, store.header(newest) === undefined && begun <= head ? begun : newest);
    }
    if (!isAnyReached) throw noHead(peers);
  }

  /** Heads as peers claim them, the newest first; nothing of it is believed. */
  async #claimedHeads(): Promise<{ readonly peer: RpcPeer; readonly head: bigint }[]> {
    const { peers } = this.options;
    const claims = await Promise.all(
      peers.honest.map(async (peer) => {
        try {
          return [{ peer, head: await peer.latest() }];
        } catch (error) {
          peers.note(peer, "the number of its head", error);
          return [];
        }
      }),
    );
    return claims.flat().sort((a, b) => (a.head > b.head ? -1 : a.head < b.head ? 1 : 0));
  }

  #trust(trusted: TrustedHeader): void {
    this.options.store.trust(trusted);
    if (trusted.sealers.length > 0) this.#sealers.set(trusted.header.number, trusted.sealers);
    const [oldest] = this.#sealers.keys();
    if (this.#sealers.size > REMEMBERED && oldest !== undefined) this.#sealers.delete(oldest);
  }

  /** The trusted header, without proof from now on where its time is up and that is allowed. */
  #trusted(): TrustedHeader {
    const { store, rules, now, mayBeUnproved } = this.options;
    const trusted = store.trusted;
    if (trusted === undefined) throw new Error("nothing is trusted yet");
    const isLapsed = trusted.isProven && !isFresh(rules, trusted.header, now());
    return isLapsed && mayBeUnproved === true ? { ...trusted, isProven: false } : trusted;
  }

  /**
   * A peer's block at a height that is known: another one is a fork where a quorum sealed it, else a lie. False: it is
   * another one, and that is noted; on a fork the peer is asked for nothing until it has the known one.
   */
  async #compare(peer: RpcPeer, number: bigint): Promise<boolean> {
    const { peers, store } = this.options;
    const known = store.header(number);
    if (known === undefined || !peers.honest.includes(peer)) return true;
    try {
      const other = await headerOf(peer, number);
      if (other.hash === known.hash) {
        this.#forked.delete(peer.name);
        peers.takeBack(peer);
        return true;
      }
      if (this.#forked.has(peer.name)) return false;
      if (await this.#keepFork(peer, known, other)) this.#forked.add(peer.name);
      peers.setAside(peer, number);
    } catch (error) {
      peers.note(peer, `block ${number}`, error);
      return !isLie(error); // without an answer nothing is known
    }
    return false;
  }

  /** Keeps a fork; false: the known block's seals are not at hand. Throws what shows that the other is no such block. */
  async #keepFork(peer: RpcPeer, known: SealedHeader, other: SealedHeader): Promise<boolean> {
    const { rules, store, onFork } = this.options;
    // at genesis and checkpoints there is nothing to weigh: they are what was trusted
    if (this.sealersOf(known.number)?.length === 0)
      throw new CommonwattError("LightWrongParent", { number: known.number });
    // another parent: it may be a block of another chain that the same accountants seal
    const isOfParent = other.parentHash === known.parentHash;
    const set = await this.#setBefore(known, isOfParent ? undefined : peer);
    const sealers = set === undefined ? this.#sealersNear(known.number) : setBefore(rules, known, set).validators;
    requireSealed(rules, other, sealers);
    const trusted = this.#trusted();
    const proof = isOfParent ? undefined : await proofOfSet({ rules, peer }, other, trusted.next);
    // an ancestor's seals are as a peer gave them
    if (!isSealed(rules, known, sealers)) return false;
    const fork = forkOf(rules, [known, other], sealers, { ...(proof && { proof }), ...(set && { set }) });
    if (store.addFork(fork)) onFork?.(fork);
    return true;
  }

  /** The set that sealed a header, as others can check it; undefined: nobody has the state before it any more. */
  async #setBefore(header: SealedHeader, forked: RpcPeer | undefined): Promise<ProvenSet | undefined> {
    const { peers, rules, store } = this.options;
    const before = header.number - 1n;
    for (const peer of peers.inTurn()) {
      // after another parent it has another state
      if (peer === forked) continue;
      try {
        const parent = store.header(before) ?? (await headerOf(peer, before));
        requireLink(parent, header);
        const proof = await proofOfSet({ rules, peer }, parent, { validators: [] });
        return { parent: hexlify(parent.raw), proof };
      } catch (error) {
        peers.note(peer, `the set before block ${header.number}`, error);
      }
    }
    return undefined;
  }

  /** Who sealed a block; where that is not remembered, who sealed the newest one: mostly the same. */
  #sealersNear(number: bigint): AccountantSet {
    return this.sealersOf(number) ?? this.#trusted().sealers;
  }

  /** Who sealed a block; undefined: that is not remembered. */
  sealersOf(number: bigint): AccountantSet | undefined {
    return this.#sealers.get(number) ?? this.options.store.sealersOf(number);
  }

  /** Some ancestors below a header that is there, descending, each by the hash that its child names. */
  async #fillSome(gap: Gap): Promise<number> {
    const { peers, store } = this.options;
    const child = store.header(gap.high + 1n);
    if (child === undefined) throw new Error(`header ${gap.high + 1n} above a gap is missing`);
    const count = Number(gap.high - gap.low + 1n < CHUNK ? gap.high - gap.low + 1n : CHUNK);
    const numbers = Array.from({ length: count }, (_, index) => gap.high - BigInt(index));
    const headers = await peers.attempt(`headers ${numbers.at(-1) ?? 0n} to ${gap.high}`, async (peer) => {
      const given = await Promise.all(numbers.map((number) => headerOf(peer, number)));
      given.forEach((header, index) => this.#requireAncestor(peer, header, given[index - 1] ?? child));
      return given;
    });
    const below = BigInt(count) === gap.high - gap.low + 1n ? store.header(gap.low - 1n) : undefined;
    const lowest = headers.at(-1) as SealedHeader;
    if (below !== undefined && below.hash !== lowest.parentHash) throw twoChains(store.path, below.number);
    store.fill(gap, headers);
    return headers.length;
  }

  /** Refuses a header that is not the child's parent: as a lie, unless a quorum sealed it on the other side of a fork. */
  #requireAncestor(peer: RpcPeer, header: SealedHeader, child: SealedHeader): void {
    const { peers, rules } = this.options;
    try {
      requireLink(header, child);
    } catch (error) {
      const sets = new Set([this.#sealersNear(header.number), ...this.#sealers.values()]);
      if (![...sets].some((set) => isSealed(rules, header, set))) throw error;
      peers.setAside(peer, header.number);
      throw new PeerFailure(`its block ${header.number} is another, and a quorum sealed it, too`);
    }
  }
}

function isSealed(rules: ChainRules, header: SealedHeader, set: AccountantSet): boolean {
  try {
    requireSealed(rules, header, set);
    return true;
  } catch (error) {
    if (isCommonwattError(error)) return false;
    throw error;
  }
}

/** The same peer, which has to get somewhere: whoever is slow at every step must not keep the others from their turn. */
function hurried(peer: RpcPeer, most: number): LightPeer {
  const until = performance.now() + most;
  const inTime = async <Result>(question: () => Promise<Result>): Promise<Result> => {
    if (performance.now() > until) throw new PeerFailure(`not at its head within ${most} ms`);
    return question();
  };
  return {
    name: peer.name,
    header: (number) => inTime(() => peer.header(number)),
    proof: (...asked) => inTime(() => peer.proof(...asked)),
  };
}

function noHead({ records }: Peers): InputError {
  const problems = records.map(({ name, lastProblem }) => `${name}: ${lastProblem ?? "nothing"}`).join("; ");
  const advice = "Check the URLs, and that the nodes run; or name other peers";
  return new InputError({ file: "--rpc" }, `no peer leads to a head (${problems})`, advice);
}

function twoChains(file: string, number: bigint): InputError {
  const problem = `what follows block ${number} does not follow from it, though both were trusted: there are two chains`;
  const advice = "Ask members for a signed checkpoint, and follow from that into a new file (--db)";
  return new InputError({ file }, problem, advice);
}

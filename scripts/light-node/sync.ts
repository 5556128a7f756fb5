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
  type AccountantSet,
  type CertificateSource,
  type ChainRules,
  type ForkEvidence,
  type ProvenSet,
  type SealedHeader,
  type TrustedHeader,
} from "../../light/index.js";
import { CommonwattError, isCommonwattError } from "../../sdk/errors.js";
import type { Peers } from "./peers.js";
import type { RpcPeer } from "./rpc-peer.js";
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
  readonly onFork?: (fork: ForkEvidence) => void;
}

/** So many blocks behind a proven head a peer is out of date. */
const STALE_BLOCKS = 30n;
/** Ancestors asked for at once, and written at once. */
const CHUNK = 64n;
/** For so many trusted headers it is remembered who sealed them, to tell a fork from a lie. */
const REMEMBERED = 256;

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
    const { peers } = this.options;
    const claims = await this.#claimedHeads();
    for (const { peer, head } of claims) {
      try {
        const start = this.#trusted();
        for await (const trusted of advance({ ...this.options, peer }, start, head)) this.#trust(trusted);
      } catch (error) {
        if (isCommonwattError(error, "LightTrustLapsed")) throw error;
        peers.note(peer, `headers up to ${head}`, error);
      }
    }
    const known = this.#trusted().header.number;
    for (const { peer, head } of claims) {
      if (head + STALE_BLOCKS < known) peers.noteStale(peer, known - head);
      await this.#compare(peer, head < known ? head : known);
    }
  }

  /** Heads as peers claim them, the newest first; nothing of it is believed. */
  async #claimedHeads(): Promise<{ readonly peer: RpcPeer; readonly head: bigint }[]> {
    const { peers } = this.options;
    const claims = await Promise.all(
      peers.trusted.map(async (peer) => {
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

  /** A peer's block at a height that is known: another one is a fork where a quorum sealed it, else a lie. */
  async #compare(peer: RpcPeer, number: bigint): Promise<void> {
    const { peers, rules, store, onFork } = this.options;
    const known = store.header(number);
    if (known === undefined || !peers.trusted.includes(peer)) return;
    try {
      const other = await headerOf(peer, number);
      if (other.hash === known.hash) return;
      const sealers = this.sealersOf(number);
      // at genesis and checkpoints there is nothing to weigh: they are what was trusted
      if (sealers === undefined || sealers.length === 0) throw new CommonwattError("LightWrongParent", { number });
      // another parent: it may be a block of another chain that the same accountants seal
      const isOfParent = other.parentHash === known.parentHash;
      const trusted = this.#trusted();
      const proof = isOfParent ? undefined : await proofOfSet({ rules, peer }, other, trusted.next);
      const set = await this.#setBefore(known, isOfParent ? undefined : peer);
      const fork = forkOf(rules, [known, other], sealers, { ...(proof && { proof }), ...(set && { set }) });
      if (store.addFork(fork)) onFork?.(fork);
    } catch (error) {
      peers.note(peer, `block ${number}`, error);
    }
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
      given.forEach((header, index) => requireLink(header, given[index - 1] ?? child));
      return given;
    });
    const below = BigInt(count) === gap.high - gap.low + 1n ? store.header(gap.low - 1n) : undefined;
    if (below !== undefined) requireLink(below, headers.at(-1) as SealedHeader);
    store.fill(gap, headers);
    return headers.length;
  }
}

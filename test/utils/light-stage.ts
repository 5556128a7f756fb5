/** A light node of a simulated chain with its peers, and what it tells. No side effects. */
import type { ChainRules, ForkEvidence, TrustedHeader } from "../../light/index.js";
import type { LightChain } from "../../scripts/bench/light-chain.js";
import { Peers, type PeerLie } from "../../scripts/light-node/peers.js";
import { RpcPeer, type Ask } from "../../scripts/light-node/rpc-peer.js";
import { LightStore } from "../../scripts/light-node/store.js";
import { Follower, type SyncOptions } from "../../scripts/light-node/sync.js";

export interface Stage {
  readonly store: LightStore;
  readonly peers: Peers;
  readonly lies: PeerLie[];
  readonly forks: ForkEvidence[];
  readonly follower: Follower;
}

/** What a stage is of. */
export interface StagedChain {
  readonly chain: LightChain;
  readonly rules: ChainRules;
  readonly start: TrustedHeader;
}

/** Peers by their names, and a database that the caller closes; the clock shows the time of the chain's last block. */
export function openStage(
  asks: Readonly<Record<string, Ask>>,
  { chain, rules, start }: StagedChain,
  options: Partial<SyncOptions> = {},
  path = ":memory:",
): Stage {
  const store = LightStore.open(path);
  if (store.trusted === undefined) store.trust(start);
  const lies: PeerLie[] = [];
  const forks: ForkEvidence[] = [];
  const peers = new Peers(
    Object.entries(asks).map(([name, ask]) => new RpcPeer(name, ask)),
    (lie) => lies.push(lie),
  );
  const { startsAt, head } = chain.options;
  const now = (): bigint => BigInt(startsAt + 2 * head);
  const onFork = (fork: ForkEvidence): number => forks.push(fork);
  return { store, peers, lies, forks, follower: new Follower({ rules, store, peers, now, onFork, ...options }) };
}

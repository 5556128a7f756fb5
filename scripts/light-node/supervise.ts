/** Supervision: blocks drawn at random are read in full from peers drawn at random, and held against the headers. */
import type { Random } from "../inputs/random.js";
import { readBody, requireSameLogs } from "./bodies.js";
import type { Peers } from "./peers.js";
import { PeerRefusal } from "./rpc-peer.js";
import type { LightStore } from "./store.js";

/** Draws so many of the blocks whose headers are kept; returns how many were read and found true. */
export async function superviseOnce(
  { store, peers, random }: { readonly store: LightStore; readonly peers: Peers; readonly random: Random },
  samples: number,
): Promise<number> {
  let found = 0;
  const head = store.trustedNumber;
  const lowest = store.wholeFrom;
  if (head === undefined || lowest === undefined) return found;
  for (let sample = 0; sample < samples; sample += 1) {
    const header = store.header(BigInt(random.between(Number(lowest), Number(head))));
    const candidates = peers.trusted;
    const peer = candidates[random.between(0, Math.max(0, candidates.length - 1))];
    // a block whose header is not kept, or of which nothing but the header can be known
    if (header === undefined || header.number === 0n || peer === undefined) continue;
    try {
      await requireSameLogs(peer, await readBody(peer, header));
      found += 1;
    } catch (error) {
      // a node may serve no logs at all
      if (!(error instanceof PeerRefusal)) peers.note(peer, `block ${header.number} in full`, error);
    }
  }
  return found;
}

/** A simulated chain as a light node's peer. */
import {
  chainRules,
  packedSetLayout,
  setIn,
  type ChainRules,
  type LightPeer,
  type Recover,
  type SealedHeader,
  type TrustedHeader,
} from "../../light/index.js";
import type { LightChain } from "../../scripts/bench/light-chain.js";
import type { EvidenceIdentity } from "../../scripts/audit/evidence/file.js";
import { SIMULATED_ELECTION } from "../../scripts/bench/light-state.js";

export interface CountingPeer extends LightPeer {
  readonly asked: { headers: number; proofs: number };
}

export interface PeerOptions {
  readonly name?: string;
  /** States before this block are forgotten. */
  readonly statesFrom?: number;
  /** Headers in place of the chain's own. */
  readonly bend?: (header: SealedHeader) => SealedHeader;
}

export function simulatedPeer(
  chain: LightChain,
  { name = "a peer", statesFrom = 0, bend = (header) => header }: PeerOptions = {},
): CountingPeer {
  const asked = { headers: 0, proofs: 0 };
  return {
    name,
    asked,
    header(number) {
      asked.headers += 1;
      return Promise.resolve(number > BigInt(chain.options.head) ? undefined : bend(chain.header(Number(number))));
    },
    proof(account, slots, block) {
      asked.proofs += 1;
      return block < BigInt(statesFrom) ? Promise.resolve(undefined) : chain.proof(Number(block), slots, account);
    },
  };
}

export function simulatedRules(chain: LightChain, recover: Recover, trustingSeconds = 1_209_600n): ChainRules {
  const chainId = BigInt(chain.options.chainId);
  return chainRules({
    chainId,
    election: SIMULATED_ELECTION,
    layout: packedSetLayout(chainId),
    trustingSeconds,
    recover,
  });
}

/** What evidence about a simulated chain says that it is of. */
export function simulatedIdentity(chain: LightChain): EvidenceIdentity {
  return {
    ...{ network: "simulated", chain: "transaction", chainId: chain.options.chainId },
    ...{ genesisHash: chain.header(0).hash, contracts: { AccountantElection: SIMULATED_ELECTION } },
  };
}

/** The simulated chain's genesis block, trusted. */
export async function simulatedStart(chain: LightChain, rules: ChainRules): Promise<TrustedHeader> {
  const header = chain.header(0);
  const slots = rules.layout.slots({ get: () => BigInt(chain.setFor(1).length) });
  const next = setIn(rules, header, { validators: [] }, await chain.proof(0, slots));
  return { header, sealers: [], next, isProven: true };
}

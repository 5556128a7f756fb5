/** A light node's first sync of a year, over a simulated chain of which only the blocks are made that it asks for. */
import {
  advance,
  chainRules,
  packedSetLayout,
  setIn,
  type AccountProof,
  type LightPeer,
  type Recover,
  type TrustedHeader,
} from "../../light/index.js";
import { LightChain, NodeKeys, rotatingSets } from "./light-chain.js";
import { SIMULATED_ELECTION } from "./light-state.js";

/** At one block every two seconds. */
export const YEAR_BLOCKS = 15_768_000;
const WEEK_BLOCKS = 302_400;
const CHANGES = Math.floor(YEAR_BLOCKS / WEEK_BLOCKS);
/** Each change replaces a tenth of the accountants, and one at least. */
const REPLACED_SHARE = 10;
/** Longer than a year: what is measured is the work; a real node needs a checkpoint that is not older than two weeks. */
const TRUSTING_SECONDS = 40_000_000n;

export interface YearFigures {
  /** Without the time that answers take: they are there already. */
  readonly seconds: number;
  readonly skips: number;
  readonly headers: number;
  readonly proofs: number;
}

export async function yearOfSkips(size: number, seed: number, recover: Recover): Promise<YearFigures> {
  const replaced = Math.ceil(size / REPLACED_SHARE);
  const keys = new NodeKeys(size + Math.max(CHANGES, 4 * size), `year ${seed}`);
  const written = rotatingSets(keys, { size, replaced, changes: CHANGES, everyBlocks: WEEK_BLOCKS, seed });
  const chain = await LightChain.make({
    ...{ chainId: 1, written, keys, head: YEAR_BLOCKS, seed, startsAt: 1_900_000_000, isSparse: true },
  });
  const chainId = 1n;
  const layout = packedSetLayout(chainId);
  const rules = chainRules({
    chainId,
    election: SIMULATED_ELECTION,
    layout,
    trustingSeconds: TRUSTING_SECONDS,
    recover,
  });
  const asked = { headers: 0, proofs: 0 };
  const proofs = new Map<string, AccountProof>();
  const peer: LightPeer = {
    name: "answers at hand",
    header(number) {
      asked.headers += 1;
      return Promise.resolve(chain.header(Number(number)));
    },
    async proof(_, slots, block) {
      asked.proofs += 1;
      const key = `${block} ${slots.join()}`;
      const proof = proofs.get(key) ?? (await chain.proof(Number(block), slots));
      proofs.set(key, proof);
      return proof;
    },
  };
  const header = chain.header(0);
  const first = await chain.proof(0, layout.slots({ get: () => BigInt(size) }));
  const start: TrustedHeader = {
    header,
    sealers: [],
    next: setIn(rules, header, { validators: [] }, first),
    isProven: true,
  };
  const now = (): bigint => header.timestamp + 2n * BigInt(YEAR_BLOCKS);
  const sync = async (): Promise<number> => {
    let skips = 0;
    let last = start;
    for await (const trusted of advance({ rules, peer, now }, start, BigInt(YEAR_BLOCKS))) {
      last = trusted;
      skips += 1;
    }
    if (last.header.number !== BigInt(YEAR_BLOCKS)) throw new Error("the head was not reached");
    return skips;
  };
  const skips = await sync(); // all that will be asked is made
  const { headers, proofs: proofsAsked } = { ...asked };
  const begin = performance.now();
  await sync();
  return { seconds: (performance.now() - begin) / 1_000, skips, headers, proofs: proofsAsked };
}

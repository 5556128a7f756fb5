/**
 * A QBFT chain of n accountants, f of whom collude to get honest ones jailed. They can't sign for others; what they can
 * do is withhold their own prepares and commits from a block. A block is made when a quorum seals it; else its round
 * runs out, and the next accountant has its turn. Honest ones are away now and then, as machines are.
 */
import { blame, faultsOf, quorumOf, type TurnTiming } from "../../light/index.js";
import type { Random } from "../../scripts/inputs/random.js";
import { turnsAfter, waitFor } from "./qbft.js";

/** As TurnCourt judges (deploy/parameters/900.json). */
export const COURT = { threshold: 2, decayBlocks: 21_600, jailSeconds: 86_400n } as const;
const TIMING: TurnTiming = { requestTimeoutSeconds: 4n, slackSeconds: 1n };

export interface Scenario {
  /** Ascending. */
  readonly set: readonly string[];
  readonly colluding: ReadonlySet<string>;
  readonly blocks: number;
  /** An honest accountant goes away before a block with this probability, */
  readonly leaves: number;
  /** and is away for so many blocks. */
  readonly awayBlocks: number;
  /** Whether the colluding withhold their seals; without that they behave. */
  readonly attack: boolean;
}

export interface Outcome {
  /** Turns that honest accountants missed though they were there, and were blamed for. */
  readonly framed: number;
  /** Jails of honest accountants for a score to which a framed turn contributed. */
  readonly framedJails: number;
  readonly honestJails: number;
  /** Most honest accountants within their jail delay at once. */
  readonly mostJailed: number;
  /** Block of the first framed jail; 0: none. */
  readonly firstJailBlock: number;
}

interface Conduct {
  score: number;
  scoredAt: number;
  /** Of the score, turns that it was there for. */
  framed: number;
}

/** Plays a scenario. The seats of the jailed stay as they are: what is measured is who is accused, at full strength. */
export function playCollusion(scenario: Scenario, random: Random): Outcome {
  const { set, colluding, blocks } = scenario;
  const places = faultsOf(set.length);
  const conducts = new Map(set.map((account) => [account, { score: 0, scoredAt: 0, framed: 0 }]));
  const awayUntil = new Map<string, number>();
  const jailEnds: { account: string; until: bigint }[] = [];
  const outcome = { framed: 0, framedJails: 0, honestJails: 0, mostJailed: 0, firstJailBlock: 0 };
  let parent = { coinbase: set.at(-1) ?? "", timestamp: 1_800_000_000n };
  for (let number = 1; number <= blocks; number += 1) {
    for (const account of set) {
      if (!colluding.has(account) && random.chance(scenario.leaves))
        awayUntil.set(account, number + scenario.awayBlocks);
    }
    const isThere = (account: string): boolean => (awayUntil.get(account) ?? 0) <= number;
    const turns = turnsAfter(set, parent.coinbase);
    const round = firstSealed(scenario, turns, isThere);
    if (round === undefined) continue; // nobody's turn ends in a block: the chain waits for somebody to come back
    const block = {
      coinbase: turns[round] ?? "",
      timestamp: parent.timestamp + waitFor(round, TIMING.requestTimeoutSeconds),
    };
    for (const account of blame(set, parent, block, TIMING)) {
      const jailed = jailEnds.filter(({ until }) => until > block.timestamp);
      if (jailed.some((one) => one.account === account)) continue;
      const conduct = scored(conducts.get(account), number, isThere(account));
      conducts.set(account, conduct);
      if (!colluding.has(account) && isThere(account)) outcome.framed += 1;
      if (conduct.score < COURT.threshold || jailed.length >= places) continue;
      jailEnds.push({ account, until: block.timestamp + COURT.jailSeconds });
      if (!colluding.has(account)) {
        outcome.honestJails += 1;
        outcome.mostJailed = Math.max(outcome.mostJailed, honestWithin(jailEnds, colluding, block.timestamp));
        if (conduct.framed > 0) {
          outcome.framedJails += 1;
          outcome.firstJailBlock ||= number;
        }
      }
      conducts.set(account, { score: 0, scoredAt: number, framed: 0 });
    }
    parent = block;
  }
  return outcome;
}

/** The first turn that ends in a block; undefined: none of n. */
function firstSealed(
  { set, colluding, attack }: Scenario,
  turns: readonly string[],
  isThere: (account: string) => boolean,
): number | undefined {
  const honest = set.filter((account) => !colluding.has(account) && isThere(account)).length;
  const quorum = quorumOf(set.length);
  const round = turns.findIndex((account, place) => {
    if (!isThere(account)) return false;
    // the colluding seal their own blocks, and honest ones' only when more than f turns would pass for nothing
    const withhold = attack && !colluding.has(account) && place < faultsOf(set.length);
    return honest + (withhold ? 0 : colluding.size) >= quorum;
  });
  return round < 0 ? undefined : round;
}

function scored(conduct: Conduct | undefined, number: number, wasThere: boolean): Conduct {
  const { score, scoredAt, framed } = conduct ?? { score: 0, scoredAt: 0, framed: 0 };
  const decayed = Math.floor((number - scoredAt) / COURT.decayBlocks);
  const left = Math.max(0, score - decayed);
  return { score: left + 1, scoredAt: number, framed: Math.min(framed, left) + (wasThere ? 1 : 0) };
}

function honestWithin(
  jailEnds: readonly { account: string; until: bigint }[],
  colluding: ReadonlySet<string>,
  now: bigint,
): number {
  return jailEnds.filter(({ account, until }) => until > now && !colluding.has(account)).length;
}

/** The election at the size a city starts with: 7 seats, 40 candidates. Larger ones: `npm run bench -- accountants`. */
import { ElectionStage } from "../../scripts/bench/election-stage.js";
import { reportDoubleSeal, reportMissed } from "../../scripts/bench/accountants.js";
import type { GasScenarios, GasStage } from "../../scripts/gas/scenario.js";

const SEATS = 7;
const CANDIDATES = 40;
const NAMES = Array.from({ length: 30 }, (_, index) => index + 8);
const STAKE_MICRO = 900_000_000_000n;

const founded = (stage: GasStage): Promise<ElectionStage> => ElectionStage.open(stage, SEATS);

/** Candidates 8 to 37 have votes, each as many, in an epoch that has begun; two voters meet the turnout floor. */
async function voted(stage: GasStage): Promise<ElectionStage> {
  const election = await founded(stage);
  await election.register(SEATS + 1, CANDIDATES);
  for (const voter of [1, 2]) await election.vote(voter, STAKE_MICRO, NAMES);
  await election.nextEpoch();
  return election;
}

export const scenarios: GasScenarios = {
  "AccountantElection.elect, 2 of 7 seats change among 40 candidates": async (stage) =>
    (await voted(stage)).elect(NAMES),

  "VoteBook.vote, 1 candidate": async (stage) => {
    const election = await founded(stage);
    await election.vote(1, STAKE_MICRO, [1]);
    return election.vote(2, STAKE_MICRO, [1]);
  },

  "VoteBook.vote, 30 candidates touched before": async (stage) => {
    const election = await founded(stage);
    await election.register(SEATS + 1, CANDIDATES);
    await election.vote(1, STAKE_MICRO, NAMES);
    return election.vote(2, STAKE_MICRO, NAMES);
  },

  "AccountingRevenue.claimVotes, 7 candidates": async (stage) => {
    const election = await founded(stage);
    await election.vote(1, STAKE_MICRO, [1, 2, 3, 4, 5, 6, 7]);
    await election.book(1, 1_000_000n);
    return election.claim(1);
  },

  "TurnCourt.reportMissed, 1 of 7": async (stage) => reportMissed(await founded(stage)),

  "TurnCourt.reportDoubleSeal, among 7": async (stage) => reportDoubleSeal(await founded(stage)),
};

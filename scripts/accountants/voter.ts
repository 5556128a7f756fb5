/** Subcommands of voters. Each says in a line or two what became of it. */
import { approveCredits, creditsOf } from "../../sdk/actions/credits.js";
import {
  backRemoval,
  castBallot,
  dropBallot,
  endBallot,
  lockStake,
  removalWeightOf,
  voterOf,
  withdrawRemoval,
  withdrawStake,
} from "../../sdk/actions/ballots.js";
import { candidatesOf, electionOf } from "../../sdk/actions/accountants.js";
import { withdraw } from "../../sdk/actions/escrow.js";
import { claimVoterRewards } from "../../sdk/actions/fees.js";
import type { AnyChain, TransactionChain } from "../../sdk/connect.js";
import { eventIn } from "../../sdk/transact.js";
import { formatCredits } from "../../sdk/units.js";
import { InputError } from "../inputs/error.js";
import { showUnlock, showWeight } from "./format.js";
import type { SigningSession } from "../networks/session.js";
import { requireCredits } from "./credits.js";

export interface VoteOptions {
  /** Credits to lock before, in micro-credits. */
  readonly stake?: bigint;
  /** Takes them out of the market's escrow, as far as the account itself holds too few. */
  readonly fromEscrow?: boolean;
}

export async function vote(
  { chain, account }: SigningSession,
  candidates: readonly bigint[],
  { stake, fromEscrow = false }: VoteOptions,
): Promise<string[]> {
  if (stake !== undefined) await lock(requireCredits(chain, "no stake"), account, stake, fromEscrow);
  await castBallot(chain, { candidates });
  const [voter, { epochBlocks }] = await Promise.all([voterOf(chain, account), electionOf(chain)]);
  const from = voter.castEpoch + 1n;
  return [
    `${account} votes for ${voter.candidates.join(", ")}: ${showWeight(chain, voter.share)} for each.`,
    `The ballot counts from epoch ${from} (block ${from * epochBlocks}) and can't be changed before.`,
  ];
}

export async function unvote({ chain, account }: SigningSession): Promise<string[]> {
  await endBallot(chain);
  const voter = await voterOf(chain, account);
  const ended = "The ballot has ended; it counts until the end of this epoch.";
  if (chain.kind === "user") return [ended];
  return [ended, `The stake of ${formatCredits(voter.stakeMicro)} credits is ${showUnlock(voter)}.`];
}

export async function takeStake({ chain, account }: SigningSession): Promise<string[]> {
  const withCredits = requireCredits(chain, "no stake");
  const { stakeMicro } = await voterOf(chain, account);
  await withdrawStake(withCredits);
  return [`${formatCredits(stakeMicro)} credits are ${account}'s to spend again.`];
}

export async function back({ chain }: SigningSession, candidate: bigint): Promise<string[]> {
  await backRemoval(chain, { candidate });
  const [weight, candidates] = await Promise.all([removalWeightOf(chain, candidate), candidatesOf(chain)]);
  const all = candidates.reduce((sum, { countedWeight }) => sum + countedWeight, 0n);
  return [
    `The removal of candidate ${candidate} is backed with ${showWeight(chain, weight)} of ${showWeight(chain, all)} ` +
      "that count; with more than half of it the candidate leaves at the next election.",
  ];
}

export async function unback({ chain }: SigningSession): Promise<string[]> {
  await withdrawRemoval(chain);
  return ["No removal is backed any more."];
}

export async function drop({ chain }: SigningSession, voter: string): Promise<string[]> {
  await dropBallot(chain, { voter });
  return [`The ballot of ${voter}, which is admitted no more, has ended.`];
}

/** Fees of an accountant and rewards of a voter are due to the account alike; one call pays both. */
export async function claim({ chain }: SigningSession, account: string): Promise<string[]> {
  const withCredits = requireCredits(chain, "no revenue");
  const receipt = await claimVoterRewards(withCredits, { voter: account });
  const { accountingRevenue } = withCredits.contracts;
  const { address } = withCredits.deployment.contracts.AccountingRevenue;
  const event = accountingRevenue.getEvent("FeesClaimed");
  const { amountMicro } = eventIn(accountingRevenue, address, event, receipt);
  return [`${account} was paid ${formatCredits(amountMicro)} credits.`];
}

async function lock(chain: TransactionChain, account: string, stake: bigint, fromEscrow: boolean): Promise<void> {
  const held = await creditsOf(chain, account);
  if (held < stake) {
    if (!fromEscrow) {
      const problem = `${account} holds ${formatCredits(held)} credits outside the market`;
      throw new InputError({ file: `--stake ${formatCredits(stake)}` }, problem, "Add --from-escrow, or stake less");
    }
    await withdraw(chain, { amountMicro: stake - held });
  }
  await approveCredits(chain, { spender: chain.deployment.contracts.VoteBook.address, amountMicro: stake });
  await lockStake(chain, { amountMicro: stake });
}

/** Credits that a candidate leaves with the election. */
export async function allowDeposit(chain: AnyChain, amountMicro: bigint): Promise<void> {
  const withCredits = requireCredits(chain, "no deposits");
  const spender = withCredits.deployment.contracts.AccountantElection.address;
  await approveCredits(withCredits, { spender, amountMicro });
}

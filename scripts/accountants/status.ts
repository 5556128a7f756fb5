/** What `candidates` and `status` show: read once, told as tables for people or as JSON for machines. */
import Table from "cli-table3";

import {
  candidateNumberOf,
  candidatesOf,
  electionOf,
  isElectionDue,
  type Candidate,
  type ElectionState,
} from "../../sdk/actions/accountants.js";
import { voterOf, type Voter } from "../../sdk/actions/ballots.js";
import { feePoolOf, feesDueTo, rewardOf } from "../../sdk/actions/fees.js";
import type { AnyChain } from "../../sdk/connect.js";
import { formatCredits } from "../../sdk/units.js";
import { showCredits, showTime } from "../simulate/format.js";
import { showUnlock, showWeight } from "./format.js";

/** The election with its candidates, and how one account stands in it. */
export interface Status extends ElectionState {
  readonly network: string;
  readonly chain: AnyChain["kind"];
  readonly isElectionDue: boolean;
  /** First block of the next epoch. */
  readonly nextEpochBlock: bigint;
  /** Fees that no accountant earned; undefined on a chain without revenue. */
  readonly poolMicro: bigint | undefined;
  readonly candidates: readonly Candidate[];
  readonly voter: VoterStatus | undefined;
}

/** A voter, and what it can claim. */
export interface VoterStatus extends Voter {
  readonly account: string;
  /** The candidate that it is itself; undefined: none. */
  readonly candidate: bigint | undefined;
  readonly dueMicro: bigint | undefined;
}

/** Reads everything that is shown. */
export async function readStatus(chain: AnyChain, account?: string): Promise<Status> {
  const [election, candidates] = await Promise.all([electionOf(chain), candidatesOf(chain)]);
  return {
    network: chain.network,
    chain: chain.kind,
    ...election,
    isElectionDue: isElectionDue(election),
    nextEpochBlock: (election.epoch + 1n) * election.epochBlocks,
    poolMicro: chain.kind === "transaction" ? await feePoolOf(chain) : undefined,
    candidates,
    voter: account === undefined ? undefined : await voterStatusOf(chain, account),
  };
}

async function voterStatusOf(chain: AnyChain, account: string): Promise<VoterStatus> {
  const [voter, candidate] = await Promise.all([voterOf(chain, account), candidateNumberOf(chain, account)]);
  if (chain.kind === "user") return { account, candidate, ...voter, dueMicro: undefined };
  const [due, reward] = await Promise.all([feesDueTo(chain, account), rewardOf(chain, account)]);
  return { account, candidate, ...voter, dueMicro: due + reward };
}

/** The status for people. */
export function statusText(status: Status): string {
  const seated = status.candidates.filter(({ isSeated }) => isSeated);
  const lines = [
    `${status.network}, ${status.chain} chain, block ${status.block}: epoch ${status.epoch}, ` +
      (status.isElectionDue
        ? "whose election is due (anyone: elect)"
        : `the next election from block ${status.nextEpochBlock} on`),
    `${seated.length} of ${status.seats} seats taken; set ${status.setVersion}, since block ${status.setChangedAt}`,
    `ballots: ${showWeight({ kind: status.chain }, status.countedWeight)} count, ` +
      `${showWeight({ kind: status.chain }, status.liveWeight)} from the next epoch on; ` +
      (status.foundersLapsed ? "founders weigh nothing any more" : "founders weigh until enough have voted"),
  ];
  if (status.standby.length > 0) lines.push(`next: candidates ${status.standby.join(", ")}`);
  if (status.poolMicro !== undefined) lines.push(`fees that nobody earned: ${formatCredits(status.poolMicro)} credits`);
  lines.push(candidatesTable({ ...status, candidates: seated }, "short"));
  if (status.voter !== undefined) lines.push(voterText(status, status.voter));
  return lines.join("\n");
}

/** A row per candidate; `addresses` whole, or only as much of them as people tell them apart by. */
export function candidatesTable(
  status: Pick<Status, "candidates" | "chain" | "block">,
  addresses: "whole" | "short",
): string {
  const show = (address: string): string => (addresses === "whole" ? address : shortened(address));
  const hasRevenue = status.chain === "transaction";
  const columns = [
    ...["no.", "member", "node", "state", "weight now", "ballots next", "misses", "jail until"],
    ...(hasRevenue ? ["deposit", "due"] : []),
  ];
  const colAligns = columns.map((_, place) => (place === 0 || place > 3 ? ("right" as const) : ("left" as const)));
  const table = new Table({ head: columns, colAligns, style: { head: [], border: [], compact: true } });
  for (const candidate of status.candidates) {
    table.push([
      String(candidate.candidate),
      show(candidate.member),
      show(candidate.node),
      stateOf(candidate, status.block),
      showWeight({ kind: status.chain }, candidate.countedWeight),
      showWeight({ kind: status.chain }, candidate.weightAfter),
      String(candidate.score),
      candidate.isJailed ? showTime(candidate.jailedUntil) : "",
      ...(hasRevenue ? [showCredits(candidate.depositMicro), showCredits(candidate.dueMicro ?? 0n)] : []),
    ]);
  }
  return table.toString();
}

function voterText({ chain }: Pick<Status, "chain">, voter: VoterStatus): string {
  const ballot =
    voter.candidates.length === 0
      ? "no ballot"
      : `votes for ${voter.candidates.join(", ")}, ${showWeight({ kind: chain }, voter.share)} each, ` +
        `counting from epoch ${voter.castEpoch + 1n}`;
  const who = voter.candidate === undefined ? voter.account : `${voter.account}, candidate ${voter.candidate}`;
  const parts = [`${who}: ${ballot}`];
  if (voter.backedRemoval !== undefined) parts.push(`backs the removal of candidate ${voter.backedRemoval}`);
  if (voter.stakeMicro > 0n) {
    const when = voter.candidates.length === 0 ? `, ${showUnlock(voter)}` : "";
    parts.push(`stake ${formatCredits(voter.stakeMicro)} credits${when}`);
  }
  if (voter.dueMicro !== undefined) parts.push(`can claim ${formatCredits(voter.dueMicro)} credits`);
  return parts.join("; ");
}

function shortened(address: string): string {
  return `${address.slice(0, 8)}...${address.slice(-4)}`;
}

/** In words, the gravest first. */
function stateOf(candidate: Candidate, block: bigint): string {
  const words: string[] = [];
  if (candidate.isJailed) words.push("jailed");
  if (candidate.isFrozen) words.push("deposit frozen");
  if (candidate.isResigned) words.push("resigned");
  if (candidate.isKept) words.push("kept, earns nothing");
  else if (candidate.isSeated) words.push("seated");
  if (candidate.isBacked) words.push("removal backed");
  if (candidate.isFounder) words.push("founder");
  if (candidate.absence !== undefined && candidate.absence.toBlock >= block) {
    words.push(`absent ${candidate.absence.fromBlock}-${candidate.absence.toBlock}`);
  }
  return words.length === 0 ? "candidate" : words.join(", ");
}

/** For machines: integers as decimal text, for they may be larger than JSON's numbers are exact. */
export function statusJson(status: unknown): string {
  return JSON.stringify(status, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value));
}

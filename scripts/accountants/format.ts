/** How the command shows times and weights. */
import type { Voter } from "../../sdk/actions/ballots.js";
import type { AnyChain } from "../../sdk/connect.js";
import { showCredits, showTime } from "../simulate/format.js";

/** One vote where votes are equal (VoteBook.sol): shares of it are exact for 1 to 30 candidates. */
const EQUAL_VOTE = 2_329_089_562_800n;
const HUNDREDTHS = 100n;

/** From when on stake without a ballot can be taken out: both must have come. */
export function showUnlock({ unlockAt, unlockBlock }: Pick<Voter, "unlockAt" | "unlockBlock">): string {
  return unlockBlock === 0n ? "free" : `free from ${showTime(unlockAt)} and block ${unlockBlock} on`;
}

/** A weight in credits, or in votes where they are equal; rounded down to hundredths. */
export function showWeight(chain: Pick<AnyChain, "kind">, weight: bigint): string {
  if (chain.kind === "transaction") return `${showCredits(weight)} credits`;
  const hundredths = (weight * HUNDREDTHS) / EQUAL_VOTE;
  return `${hundredths / HUNDREDTHS}.${String(hundredths % HUNDREDTHS).padStart(2, "0")} votes`;
}

/** Credits are on one chain of the two. */
import type { AnyChain, TransactionChain } from "../../sdk/connect.js";
import { InputError } from "../inputs/error.js";

/** The chain, where it is the one that has credits. */
export function requireCredits(chain: AnyChain, what: string): TransactionChain {
  if (chain.kind === "transaction") return chain;
  throw new InputError(
    { file: "--chain user" },
    `there are no credits on it, and so ${what}`,
    "Use --chain transaction",
  );
}

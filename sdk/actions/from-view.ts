/** Sending what a view shows is due, though anyone else may do it at the same time. */
import type { TransactionChain } from "../connect.js";
import { isCommonwattError } from "../errors.js";
import type { MarketView } from "../market-view.js";
import {
  transactTogether,
  type BatchCall,
  type Batching,
  type Receipt,
  type TransactionOverrides,
} from "../transact.js";

/** How often calls are planned anew before the refusal is believed. */
const TRIES = 4;

/** Work that follows from the view. */
export interface DueWork {
  readonly contract: Batching;
  /** What is due by the view as it is now. */
  readonly plan: () => readonly BatchCall[] | Promise<readonly BatchCall[]>;
  /** Refusals that say that another did it first, or that a deadline passed meanwhile. */
  readonly overtaken: readonly string[];
}

/**
 * Syncs the view, sends what is due in as few transactions as the gas allows, and syncs it again. Where another was
 * faster, it plans anew from what that one left; what was mined before counts.
 */
export async function sendDue(
  chain: TransactionChain,
  view: MarketView,
  { contract, plan, overtaken }: DueWork,
  overrides: TransactionOverrides,
): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  for (let tries = 1; ; tries += 1) {
    await view.sync(chain);
    try {
      await transactTogether(chain, contract, await plan(), overrides, receipts);
      break;
    } catch (error) {
      if (tries === TRIES || !overtaken.some((code) => isCommonwattError(error, code))) throw error;
    }
  }
  await view.sync(chain);
  return receipts;
}

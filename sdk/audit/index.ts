/**
 * The audit: every balance, lock and position rebuilt from events alone, checked as a whole, and compared with the
 * chain's own state at the same block.
 */
import type { TransactionChain } from "../connect.js";
import { readEvents } from "../events.js";
import { checkBooks } from "./checks.js";
import { compareWithChain } from "./compare.js";
import { applyEvent } from "./fold.js";
import { emptyState, type AuditState } from "./state.js";

export { AUDIT_CHECKS, checkBooks, gridOf } from "./checks.js";
export { applyEvent } from "./fold.js";
export { emptyState, type AuditState, type Finding, type SettledGroup } from "./state.js";

export interface AuditOptions {
  /** The last block that counts; absent: the latest. */
  readonly toBlock?: number;
  readonly onProgress?: (block: number, toBlock: number) => void;
}

/** Audits the transaction chain. The findings are in the result; none means that everything holds. */
export async function auditChain(chain: TransactionChain, options: AuditOptions = {}): Promise<AuditState> {
  const toBlock = options.toBlock ?? (await chain.provider.getBlockNumber());
  const state = emptyState();
  for await (const events of readEvents(chain, { fromBlock: chain.deployment.deploymentBlock, toBlock })) {
    for (const event of events) applyEvent(state, event);
    options.onProgress?.(state.lastBlock, toBlock);
  }
  checkBooks(state, chain.deployment.contracts.TradeEscrow.address);
  await compareWithChain(state, chain, toBlock);
  return state;
}

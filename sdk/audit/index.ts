/**
 * The audit: every balance, lock and position rebuilt from events alone, checked as a whole, and compared with the
 * chain's own state at the same block.
 */
import type { TransactionChain } from "../connect.js";
import { readEvents, type ChainEvent } from "../events.js";
import { checkBooks } from "./checks.js";
import { compareWithChain } from "./compare.js";
import { applyEvent } from "./fold.js";
import { emptyState, type AuditedContracts, type AuditState } from "./state.js";
import { Witness, type Recover } from "./witness.js";

export { AUDIT_CHECKS, checkBooks, gridOf } from "./checks.js";
export { compareWithChain } from "./compare.js";
export { applyEvent } from "./fold.js";
export { Witness, type Recover } from "./witness.js";
export { emptyState, type AuditedContracts, type AuditState, type Finding, type SettledGroup } from "./state.js";

export interface AuditOptions {
  /** The last block that counts; absent: the latest. */
  readonly toBlock?: number;
  readonly onProgress?: (block: number, toBlock: number) => void;
}

/** Audits the transaction chain. The findings are in the result; none means that everything holds. */
export async function auditChain(chain: TransactionChain, options: AuditOptions = {}): Promise<AuditState> {
  const toBlock = options.toBlock ?? (await chain.provider.getBlockNumber());
  const events = readEvents(chain, { fromBlock: chain.deployment.deploymentBlock, toBlock });
  return auditEvents(chain, events, { ...options, toBlock });
}

/** Audits events that were read before: all of the chain's up to the block, in order. */
export async function auditEvents(
  chain: TransactionChain,
  events: EventParts,
  { toBlock, onProgress }: AuditOptions & { readonly toBlock: number },
): Promise<AuditState> {
  const state = await foldEvents(chain, events, { onProgress: (block) => onProgress?.(block, toBlock) });
  await compareWithChain(state, chain, toBlock);
  return state;
}

/** Events in the chain's order, in parts. */
export type EventParts = AsyncIterable<readonly ChainEvent[]> | Iterable<readonly ChainEvent[]>;

export interface FoldOptions {
  readonly onProgress?: (block: number) => void;
  /** Sees each event before the fold does. */
  readonly witness?: Witness;
  /** Length of a slot, for events that come with their transactions. */
  readonly slotSeconds?: bigint;
}

/** The state that events tell, and the checks that need nothing else. */
export async function foldEvents(
  chain: Pick<TransactionChain, "deployment">,
  events: EventParts,
  { onProgress, witness, slotSeconds }: FoldOptions = {},
): Promise<AuditState> {
  const state = emptyState({ ...auditedContracts(chain), ...(slotSeconds === undefined ? {} : { slotSeconds }) });
  for await (const part of events) {
    for (const event of part) {
      witness?.take(state, event);
      applyEvent(state, event);
    }
    onProgress?.(state.lastBlock);
  }
  checkBooks(state);
  return state;
}

/** Checks A29 to A31, for events that come with their transactions. */
export function witnessOf(chain: Pick<TransactionChain, "deployment">, recover: Recover): Witness {
  const devices = chain.deployment.contracts.DeviceRegistry.address;
  return new Witness({ ...auditedContracts(chain), devices }, recover);
}

/** What the fold needs to know of a chain besides its events. */
export function auditedContracts({ deployment }: Pick<TransactionChain, "deployment">): AuditedContracts {
  const { chainId, contracts } = deployment;
  return {
    chainId,
    escrow: contracts.TradeEscrow.address,
    ledger: contracts.MeterLedger.address,
    fees: contracts.AccountingRevenue.address,
  };
}

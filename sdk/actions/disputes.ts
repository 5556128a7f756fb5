/** Bonded doubts about readings. */
import type { TransactionChain } from "../connect.js";
import { ask, transact, type Receipt, type TransactionOverrides } from "../transact.js";

/** A closed slot's positions and trades, as its event SlotClosed has them (packed words). */
export interface ClosedSlot {
  readonly city: bigint;
  readonly slot: bigint;
  readonly positions: readonly string[];
  readonly trades: readonly string[];
}

/** Where a dispute stands (IDisputes.DisputeState). */
export const DisputeState = { None: 0, Open: 1, Won: 2, Lost: 3, Undecided: 4 } as const;
export type DisputeState = (typeof DisputeState)[keyof typeof DisputeState];

export interface OpenDisputeParameters {
  readonly closed: ClosedSlot;
  /** Index of one of the sender's positions of the slot. */
  readonly ownPosition: bigint;
  /** Index of the disputed meter's position. */
  readonly meterPosition: bigint;
}

/** Disputes a reading and locks the sender's bond. A party of the slot. */
export function openDispute(
  chain: TransactionChain,
  { closed, ownPosition, meterPosition }: OpenDisputeParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.disputes.open(writable(closed), ownPosition, meterPosition, overrides));
}

export interface ResolveDisputeParameters {
  readonly party: string;
  readonly meter: bigint;
  readonly closed: ClosedSlot;
}

/** Ends a dispute by what the ledger says now. Anyone. */
export function resolveDispute(
  chain: TransactionChain,
  { party, meter, closed }: ResolveDisputeParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.disputes.resolve(party, meter, writable(closed), overrides));
}

/** Where a party's dispute of a meter's reading stands. */
export async function disputeStateOf(
  chain: TransactionChain,
  { party, meter, slot }: { readonly party: string; readonly meter: bigint; readonly slot: bigint },
): Promise<DisputeState> {
  const { state } = await ask(() => chain.contracts.disputes.disputeOf(party, meter, slot));
  return Number(state) as DisputeState;
}

function writable({ city, slot, positions, trades }: ClosedSlot): {
  city: bigint;
  slot: bigint;
  positions: string[];
  trades: string[];
} {
  return { city, slot, positions: [...positions], trades: [...trades] };
}

/** From trades and readings to money, and the release of what is held. Anyone may call; the result follows from state. */
import type { TransactionChain } from "../connect.js";
import type { MarketView, Words } from "../market-view.js";
import { transact, type Receipt, type TransactionOverrides } from "../transact.js";

/** A city tree's slot. */
export interface TreeSlot {
  readonly city: bigint;
  readonly slot: bigint;
}

/** A chunk of a feeder's meters without orders in a slot: 64 places of the feeder's list. */
export interface RestChunk {
  readonly feeder: bigint;
  readonly slot: bigint;
  readonly chunk: bigint;
}

export interface SettleParameters extends TreeSlot {
  readonly positions: Words;
  readonly trades: Words;
  /** Of the last settlement; empty the first time. */
  readonly priorOutcomes: Words;
  readonly priorParties: Words;
}

/** Settles the trading meters of a tree, or posts the difference that better readings make. */
export function submitSettle(
  chain: TransactionChain,
  { city, slot, ...words }: SettleParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  const positions = [...words.positions];
  const trades = [...words.trades];
  const outcomes = [...words.priorOutcomes];
  const parties = [...words.priorParties];
  return transact(chain, () =>
    chain.contracts.settlement.settle(city, slot, positions, trades, outcomes, parties, overrides),
  );
}

/** Settles a chunk of meters without orders, or posts the difference. */
export function submitSettleRest(
  chain: TransactionChain,
  { feeder, slot, chunk, priorOutcomes }: RestChunk & { readonly priorOutcomes: Words },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () =>
    chain.contracts.settlement.settleRest(feeder, slot, chunk, [...priorOutcomes], overrides),
  );
}

/** Frees what the settlement of a tree held, after the final date. */
export function submitFinalize(
  chain: TransactionChain,
  { city, slot, outcomes, parties }: TreeSlot & { readonly outcomes: Words; readonly parties: Words },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.settlement.finalize(city, slot, [...outcomes], [...parties], overrides));
}

/** Frees what the settlement of a chunk held, after the final date. */
export function submitFinalizeRest(
  chain: TransactionChain,
  { feeder, slot, chunk, outcomes }: RestChunk & { readonly outcomes: Words },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.settlement.finalizeRest(feeder, slot, chunk, [...outcomes], overrides));
}

/**
 * Settles a slot of a city tree by the view: the trading meters when it is closed, and every chunk of the others. Again
 * after a correction: it posts the difference. Syncs the view before and after.
 */
export async function settleSlot(
  chain: TransactionChain,
  view: MarketView,
  { city, slot }: TreeSlot,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  await view.sync(chain);
  const closed = view.closedSlotOf(city, slot);
  if (closed !== undefined) {
    const { outcomes, parties } = view.settledOf(city, slot) ?? { outcomes: [], parties: [] };
    const prior = { priorOutcomes: outcomes, priorParties: parties };
    receipts.push(await submitSettle(chain, { city, slot, ...closed, ...prior }, overrides));
  }
  for (const rest of restChunks(view, { city, slot })) {
    const priorOutcomes = view.restSettledOf(rest.feeder, slot, rest.chunk)?.outcomes ?? [];
    receipts.push(await submitSettleRest(chain, { ...rest, priorOutcomes }, overrides));
  }
  await view.sync(chain);
  return receipts;
}

/** Frees all that a slot of a city tree holds, after its final date. Syncs the view before and after. */
export async function finalizeSlot(
  chain: TransactionChain,
  view: MarketView,
  { city, slot }: TreeSlot,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  await view.sync(chain);
  const settled = view.settledOf(city, slot);
  if (settled !== undefined && !settled.isFinal) {
    receipts.push(await submitFinalize(chain, { city, slot, ...settled }, overrides));
  }
  for (const rest of restChunks(view, { city, slot })) {
    const part = view.restSettledOf(rest.feeder, slot, rest.chunk);
    if (part === undefined || part.isFinal) continue;
    receipts.push(await submitFinalizeRest(chain, { ...rest, outcomes: part.outcomes }, overrides));
  }
  await view.sync(chain);
  return receipts;
}

/** The chunks of a tree's feeders that have a meter without an order in the slot. */
export function restChunks(view: MarketView, { city, slot }: TreeSlot): RestChunk[] {
  const trading = view.tradingMetersOf(city, slot);
  return view.feedersAt(city, slot).flatMap((feeder) =>
    view
      .meterChunksOf(feeder)
      .map((meters, chunk) => ({ feeder, slot, chunk: BigInt(chunk), meters }))
      .filter(({ meters }) => meters.some((meter) => !trading.has(meter)))
      .map(({ chunk }) => ({ feeder, slot, chunk })),
  );
}

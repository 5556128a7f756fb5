/** From trades and readings to money, and the release of what is held. Anyone may call; the result follows from state. */
import type { TransactionChain } from "../connect.js";
import type { MarketView, Words } from "../market-view.js";
import { transact, type BatchCall, type Receipt, type TransactionOverrides } from "../transact.js";
import { sendDue } from "./from-view.js";

/** What settling and finalizing usually take, docs/benchmarks.md: in all, a meter, a word of positions or outcomes. */
const SETTLE_GAS = { call: 80_000n, meter: 2_000n, word: 8_000n };
const FINALIZE_GAS = { call: 100_000n, word: 2_000n };

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

/** Slots of a city tree. */
export interface TreeSlots {
  readonly city: bigint;
  readonly slots: readonly bigint[];
}

/**
 * Settles slots of a city tree by the view: the trading meters of those that are closed, and every chunk of the others.
 * Again after a correction: it posts the difference. As few transactions as the gas allows, since slots settled together
 * read and write their accounts once. Syncs the view before and after.
 */
export async function settleSlots(
  chain: TransactionChain,
  view: MarketView,
  { city, slots }: TreeSlots,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt[]> {
  const plan = (): BatchCall[] => slots.flatMap((slot) => settleCalls(chain, view, { city, slot }));
  const overtaken = ["SettlementWrongOutcomes"];
  return sendDue(chain, view, { contract: chain.contracts.settlement, plan, overtaken }, overrides);
}

/** `settleSlots` of one slot. */
export function settleSlot(
  chain: TransactionChain,
  view: MarketView,
  { city, slot }: TreeSlot,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt[]> {
  return settleSlots(chain, view, { city, slots: [slot] }, overrides);
}

/** Frees all that slots of a city tree hold, after their final dates. Syncs the view before and after. */
export async function finalizeSlots(
  chain: TransactionChain,
  view: MarketView,
  { city, slots }: TreeSlots,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt[]> {
  const plan = (): BatchCall[] => slots.flatMap((slot) => finalizeCalls(chain, view, { city, slot }));
  const overtaken = ["SettlementAlreadyFinalized", "SettlementWrongOutcomes"];
  return sendDue(chain, view, { contract: chain.contracts.settlement, plan, overtaken }, overrides);
}

/** `finalizeSlots` of one slot. */
export function finalizeSlot(
  chain: TransactionChain,
  view: MarketView,
  { city, slot }: TreeSlot,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt[]> {
  return finalizeSlots(chain, view, { city, slots: [slot] }, overrides);
}

/** The calls that settle a slot by the view: of the trading meters, if it is closed, then of each chunk of the others. */
export function settleCalls(
  { contracts: { settlement } }: TransactionChain,
  view: MarketView,
  { city, slot }: TreeSlot,
): BatchCall[] {
  const rests = restChunks(view, { city, slot }).map(({ feeder, chunk, meters }) => {
    const outcomes = view.restSettledOf(feeder, slot, chunk)?.outcomes ?? [];
    return {
      data: settlement.interface.encodeFunctionData("settleRest", [feeder, slot, chunk, [...outcomes]]),
      expectedGas: SETTLE_GAS.call + SETTLE_GAS.meter * BigInt(meters.length),
    };
  });
  const closed = view.closedSlotOf(city, slot);
  if (closed === undefined) return rests;
  const { outcomes, parties } = view.settledOf(city, slot) ?? { outcomes: [], parties: [] };
  const lists = [closed.positions, closed.trades, outcomes, parties].map((words) => [...words]);
  const [positions = [], trades = [], priorOutcomes = [], priorParties = []] = lists;
  const data = settlement.interface.encodeFunctionData("settle", [
    city,
    slot,
    positions,
    trades,
    priorOutcomes,
    priorParties,
  ]);
  return [{ data, expectedGas: SETTLE_GAS.call + SETTLE_GAS.word * BigInt(positions.length) }, ...rests];
}

/** The calls that finalize a slot. */
function finalizeCalls(
  { contracts: { settlement } }: TransactionChain,
  view: MarketView,
  { city, slot }: TreeSlot,
): BatchCall[] {
  const gasOf = (outcomes: Words): bigint => FINALIZE_GAS.call + FINALIZE_GAS.word * BigInt(outcomes.length);
  const rests = restChunks(view, { city, slot }).flatMap(({ feeder, chunk }) => {
    const part = view.restSettledOf(feeder, slot, chunk);
    if (part === undefined || part.isFinal) return [];
    const data = settlement.interface.encodeFunctionData("finalizeRest", [feeder, slot, chunk, [...part.outcomes]]);
    return [{ data, expectedGas: gasOf(part.outcomes) }];
  });
  const settled = view.settledOf(city, slot);
  if (settled === undefined || settled.isFinal) return rests;
  const { outcomes, parties } = settled;
  const data = settlement.interface.encodeFunctionData("finalize", [city, slot, [...outcomes], [...parties]]);
  return [{ data, expectedGas: gasOf(outcomes) }, ...rests];
}

/** The chunks of a tree's feeders that have a meter without an order in the slot. */
export function restChunks(
  view: MarketView,
  { city, slot }: TreeSlot,
): (RestChunk & { readonly meters: readonly bigint[] })[] {
  const trading = view.tradingMetersOf(city, slot);
  return view.feedersAt(city, slot).flatMap((feeder) =>
    view
      .meterChunksOf(feeder)
      .map((meters, chunk) => ({ feeder, slot, chunk: BigInt(chunk), meters }))
      .filter(({ meters }) => meters.some((meter) => !trading.has(meter))),
  );
}

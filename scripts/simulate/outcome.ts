/** From the audited books to what a run came to. Everything here was settled on the chain. */
import type { AuditState, SettledGroup } from "../../sdk/audit/index.js";
import { billOf } from "../../sdk/bill-sums.js";
import type { Outcome, Trade } from "../../sdk/records.js";
import type { AccountingWork } from "./accounting.js";
import { billHomes, costWithoutMarket, sum } from "./bills.js";
import { grouped } from "./grouped.js";
import type { Home } from "../inputs/index.js";
import type { Neighbourhood } from "../neighbourhood.js";
import { slotsOf, type Plan } from "./plan.js";
import { LEVELS, type Flow, type HomeSlot, type Level, type SimulationResult, type SlotSummary } from "./result.js";
import type { SlotMap } from "./schedule.js";

export interface RunFacts {
  readonly plan: Plan;
  readonly neighbourhood: Neighbourhood;
  readonly slots: SlotMap;
  readonly books: AuditState;
  readonly seed: number;
  readonly transactions: number;
  readonly gasUsed: bigint;
  readonly accounting: AccountingWork;
}

/** A trade with what was delivered of it. */
interface Delivery {
  readonly dataSlot: number;
  readonly trade: Trade;
  readonly deliveredWh: bigint;
}

const STATUSES = ["missing", "actual", "substituted", "estimated", "corrected", "missing"] as const;

export function resultOf(facts: RunFacts): SimulationResult {
  const { plan, neighbourhood, books } = facts;
  const deliveries = deliveriesOf(facts);
  const homeSlots = homeSlotsOf(facts, deliveries);
  const resampled = new Set(
    plan.homes.filter(({ home }) => home.resampledFrom !== undefined).map(({ home }) => home.id),
  );
  const homes = neighbourhood.homes.map(({ home, feeder }) => ({
    home,
    feeder: feeder.name,
    resampled: resampled.has(home),
  }));
  return {
    seed: facts.seed,
    from: plan.inputs.startText(plan.inputs.firstSlot),
    slotSeconds: plan.inputs.slotSeconds,
    homes: billHomes(homes, homeSlots),
    homeSlots,
    slots: slotSummaries(facts, homeSlots, deliveries),
    flows: flowsOf(neighbourhood, deliveries),
    creditsIssuedMicro: books.issuedMicro - books.redeemedMicro,
    creditsHeldMicro: sum(books.tokens.values()),
    auditDifferences: books.findings.length,
    auditChecks: books.checks,
    transactions: facts.transactions,
    gasUsed: facts.gasUsed,
    accounting: facts.accounting,
  };
}

/** The settled groups of the run's slots. */
function groupsOf({ plan, slots, books }: RunFacts): [string, SettledGroup][] {
  const ours = new Set(slotsOf(plan.inputs).map((slot) => slots.toChain(slot)));
  return [...books.settled].filter(([, group]) => ours.has(group.slot));
}

function deliveriesOf(facts: RunFacts): Delivery[] {
  return groupsOf(facts).flatMap(([key, group]) => {
    const trades = facts.books.closed.get(key)?.trades ?? [];
    const dataSlot = facts.slots.toData(group.slot);
    return trades.map((trade, index) => ({ dataSlot, trade, deliveredWh: group.deliveredWh[index] ?? 0n }));
  });
}

/** A home of the run, found by its meter. */
interface MeterHome {
  /** Its place in the output. */
  readonly at: number;
  readonly home: Home;
}

function homeSlotsOf(facts: RunFacts, deliveries: readonly Delivery[]): HomeSlot[] {
  const planned = new Map(facts.plan.homes.map(({ home }) => [home.id, home]));
  const byMeter = new Map<bigint, MeterHome>();
  facts.neighbourhood.homes.forEach(({ meter, home: id }, at) => {
    const home = planned.get(id);
    if (home !== undefined) byMeter.set(meter, { at, home });
  });
  const prices = meanPrices(deliveries);
  const rows = groupsOf(facts).flatMap(([, group]) =>
    group.outcomes.flatMap((outcome) => {
      const of = byMeter.get(outcome.meter);
      return of === undefined ? [] : [{ at: of.at, row: rowOf(facts, group, outcome, of.home, prices) }];
    }),
  );
  return rows.sort((a, b) => a.row.slot - b.row.slot || a.at - b.at).map(({ row }) => row);
}

function rowOf(
  { plan, slots }: RunFacts,
  group: SettledGroup,
  outcome: Outcome,
  home: Home,
  prices: ReadonlyMap<string, bigint>,
): HomeSlot {
  const slot = slots.toData(group.slot);
  const { retail, feedIn } = plan.inputs.pricesAt(slot);
  const madeWh = home.solarAt(slot);
  return {
    slot,
    home: home.id,
    madeWh: madeWh === undefined ? outcome.exportWh : BigInt(madeWh),
    status: STATUSES[Number(outcome.status)] ?? "missing",
    ...billOf(outcome),
    pricePerKwh: prices.get(`${slot}/${outcome.meter}`),
    withoutMarketMicro: costWithoutMarket(outcome.importWh, outcome.exportWh, retail, feedIn),
  };
}

/** Wh-weighted mean price of each meter's delivered trades of a slot, rounded down. */
function meanPrices(deliveries: readonly Delivery[]): Map<string, bigint> {
  const sums = new Map<string, { wh: bigint; value: bigint }>();
  for (const { dataSlot, trade, deliveredWh } of deliveries) {
    for (const meter of [trade.buyMeter, trade.sellMeter]) {
      const key = `${dataSlot}/${meter}`;
      const known = sums.get(key) ?? { wh: 0n, value: 0n };
      sums.set(key, { wh: known.wh + deliveredWh, value: known.value + trade.price * deliveredWh });
    }
  }
  return new Map([...sums].filter(([, { wh }]) => wh > 0n).map(([key, { wh, value }]) => [key, value / wh]));
}

function slotSummaries(
  { plan }: RunFacts,
  homeSlots: readonly HomeSlot[],
  deliveries: readonly Delivery[],
): SlotSummary[] {
  const rowsBySlot = grouped(homeSlots, ({ slot }) => slot);
  const deliveriesBySlot = grouped(deliveries, ({ dataSlot }) => dataSlot);
  return slotsOf(plan.inputs).map((slot) => {
    const rows = rowsBySlot.get(slot) ?? [];
    const delivered = deliveriesBySlot.get(slot) ?? [];
    const communityWh = sum(delivered.map(({ deliveredWh }) => deliveredWh));
    const value = sum(delivered.map(({ trade, deliveredWh }) => trade.price * deliveredWh));
    return {
      slot,
      start: plan.inputs.startText(slot),
      importWh: sum(rows.map((row) => row.importWh)),
      exportWh: sum(rows.map((row) => row.exportWh)),
      communityWh,
      gridImportWh: sum(rows.map((row) => row.gridImportWh)),
      gridExportWh: sum(rows.map((row) => row.gridExportWh)),
      deliveredByLevelWh: byLevel(delivered),
      ...plan.inputs.pricesAt(slot),
      pricePerKwh: communityWh === 0n ? undefined : value / communityWh,
    };
  });
}

function byLevel(deliveries: readonly Delivery[]): Record<Level, bigint> {
  const at = (level: number): bigint =>
    sum(deliveries.filter(({ trade }) => Number(trade.level) === level).map(({ deliveredWh }) => deliveredWh));
  return Object.fromEntries(LEVELS.map((level, index) => [level, at(index)])) as Record<Level, bigint>;
}

function flowsOf({ feeders }: Neighbourhood, deliveries: readonly Delivery[]): Flow[] {
  const names = new Map(feeders.map(({ area, name }) => [area, name]));
  const flows = new Map<string, Flow>();
  for (const { trade, deliveredWh } of deliveries) {
    const [from, to] = [names.get(trade.sellFeeder) ?? "", names.get(trade.buyFeeder) ?? ""];
    const key = JSON.stringify([from, to]);
    flows.set(key, { from, to, wh: (flows.get(key)?.wh ?? 0n) + deliveredWh });
  }
  return [...flows.values()].sort((a, b) => Number(b.wh - a.wh));
}

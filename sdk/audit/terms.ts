/** What was decided before slots opened, from events: the grid, its parties, sites, holders, rules and prices. */
import type { RuleSet } from "../actions/market.js";
import type { Windows } from "../time/slots.js";
import { AreaLevel } from "../enums.js";
import type { ChainEvent } from "../events.js";
import { bigintArg, stringArg, wordsArg } from "./event.js";

/** A value that changes at slots; a decision from a slot on replaces all that was decided for later ones. */
export interface Version<Value> {
  readonly fromSlot: bigint;
  readonly value: Value;
}
export type Schedule<Value> = readonly Version<Value>[];

export interface AreaState {
  readonly parent: bigint;
  readonly level: AreaLevel;
  readonly fromSlot: bigint;
}

export interface EdgeState {
  readonly fee: bigint;
  readonly limited: boolean;
  readonly capacityWh: bigint;
}

export interface PartiesState {
  readonly supplier: string;
  readonly gridOperator: string;
  readonly meteringOperator: string;
}

export interface SiteState {
  readonly feeder: bigint;
  readonly connectionWh: bigint;
}

/** Who attests a feeder's readings, and how many must. */
export interface QuorumState {
  readonly needed: bigint;
  readonly operators: readonly string[];
}

/** Nobody has to. */
export const NO_QUORUM: QuorumState = { needed: 1n, operators: [] };

export interface PriceState {
  readonly retail: bigint;
  readonly feedIn: bigint;
}

/** Keyed by area, meter or `supplier/feeder[/slot]`. */
export interface Terms {
  /** In order of creation. */
  readonly areas: Map<bigint, AreaState>;
  readonly edges: Map<bigint, Schedule<EdgeState>>;
  readonly parties: Map<bigint, Schedule<PartiesState>>;
  readonly quorums: Map<bigint, Schedule<QuorumState>>;
  readonly sites: Map<bigint, Schedule<SiteState>>;
  /** Meters ever placed at a feeder, in order of their first placement. */
  readonly placed: Map<bigint, readonly bigint[]>;
  readonly holders: Map<bigint, Schedule<string>>;
  readonly standingPrices: Map<string, Schedule<PriceState>>;
  readonly slotPrices: Map<string, PriceState>;
  rules: Schedule<RuleSet>;
  windows: Schedule<Windows>;
  /** Seconds, by slot. */
  readonly postponed: Map<bigint, bigint>;
  /** When a slot was postponed, Unix seconds, where the events come with their blocks' times. */
  readonly postponedAt: Map<bigint, bigint>;
}

export function emptyTerms(): Terms {
  return {
    areas: new Map(),
    edges: new Map(),
    parties: new Map(),
    quorums: new Map(),
    sites: new Map(),
    placed: new Map(),
    holders: new Map(),
    standingPrices: new Map(),
    slotPrices: new Map(),
    rules: [],
    windows: [],
    postponed: new Map(),
    postponedAt: new Map(),
  };
}

/** The steps of the fold that concern terms, by event. */
export const TERM_STEPS: Readonly<Record<string, (terms: Terms, event: ChainEvent) => void>> = {
  "GridTopology.AreaCreated": ({ areas }, event) => {
    areas.set(bigintArg(event, "area"), {
      parent: bigintArg(event, "parent"),
      level: Number(bigintArg(event, "level")) as AreaLevel,
      fromSlot: bigintArg(event, "fromSlot"),
    });
  },
  "GridTopology.EdgeScheduled": ({ edges }, event) => {
    decide(edges, bigintArg(event, "area"), event, {
      fee: bigintArg(event, "feeMicroPerKwh"),
      limited: event.args["limited"] === true,
      capacityWh: bigintArg(event, "capacityWh"),
    });
  },
  "GridTopology.PartiesScheduled": ({ parties }, event) => {
    decide(parties, bigintArg(event, "feeder"), event, {
      supplier: stringArg(event, "supplier"),
      gridOperator: stringArg(event, "gridOperator"),
      meteringOperator: stringArg(event, "meteringOperator"),
    });
  },
  "GridTopology.SiteScheduled": ({ sites, placed }, event) => {
    const [meter, feeder] = [bigintArg(event, "meter"), bigintArg(event, "feeder")];
    decide(sites, meter, event, { feeder, connectionWh: bigintArg(event, "connectionWh") });
    const before = placed.get(feeder) ?? [];
    if (feeder !== 0n && !before.includes(meter)) placed.set(feeder, [...before, meter]);
  },
  "ReadingQuorum.QuorumScheduled": ({ quorums }, event) => {
    const quorum = { needed: bigintArg(event, "needed"), operators: wordsArg(event, "operators") };
    decide(quorums, bigintArg(event, "feeder"), event, quorum);
  },
  "DeviceRegistry.HolderScheduled": ({ holders }, event) => {
    decide(holders, bigintArg(event, "device"), event, stringArg(event, "holder"));
  },
  "Tariffs.StandingPriceSet": ({ standingPrices }, event) => {
    const price = { retail: bigintArg(event, "retail"), feedIn: bigintArg(event, "feedIn") };
    decide(standingPrices, `${stringArg(event, "supplier")}/${bigintArg(event, "feeder")}`, event, price);
  },
  "Tariffs.SlotPricesSet": ({ slotPrices }, event) => {
    const [supplier, feeder] = [stringArg(event, "supplier"), bigintArg(event, "feeder")];
    const [retail, feedIn] = [event.args["retail"] as bigint[], event.args["feedIn"] as bigint[]];
    retail.forEach((price, index) => {
      const slot = bigintArg(event, "firstSlot") + BigInt(index);
      slotPrices.set(`${supplier}/${feeder}/${slot}`, { retail: price, feedIn: feedIn[index] ?? 0n });
    });
  },
  "MarketRules.RulesSet": (terms, event) => {
    terms.rules = decided(terms.rules, bigintArg(event, "fromSlot"), event.args["rules"] as RuleSet);
  },
  "MarketRules.WindowsSet": (terms, event) => {
    terms.windows = decided(terms.windows, bigintArg(event, "fromSlot"), event.args["windows"] as Windows);
  },
  "MarketCalendar.SlotPostponed": ({ postponed, postponedAt }, event) => {
    postponed.set(bigintArg(event, "slot"), bigintArg(event, "bySeconds"));
    if (event.within !== undefined) postponedAt.set(bigintArg(event, "slot"), event.within.time);
  },
};

/** The version in force in a slot. */
export function valueAt<Value>(schedule: Schedule<Value> | undefined, slot: bigint): Value | undefined {
  return schedule?.findLast(({ fromSlot }) => fromSlot <= slot)?.value;
}

/** Everything that holds on a feeder in a slot, prices and fees in force (Tariffs.termsAt). */
export interface FeederState extends PartiesState, PriceState {
  readonly feeder: bigint;
  readonly district: bigint;
  readonly city: bigint;
  readonly feederFee: bigint;
  readonly districtFee: bigint;
}

/** Undefined where the events tell of no such feeder. */
export function feederAt(terms: Terms, feeder: bigint, slot: bigint): FeederState | undefined {
  const district = terms.areas.get(feeder)?.parent ?? 0n;
  const parties = valueAt(terms.parties.get(feeder), slot);
  const rules = valueAt(terms.rules, slot);
  if (parties === undefined || rules === undefined) return undefined;
  const set = priceOf(terms, parties.supplier, feeder, slot);
  const retail = least(set.retail, rules.retailCap);
  return {
    ...parties,
    feeder,
    district,
    city: terms.areas.get(district)?.parent ?? 0n,
    feederFee: edgeFeeAt(terms, feeder, slot),
    districtFee: edgeFeeAt(terms, district, slot),
    retail,
    feedIn: least(set.feedIn, retail),
  };
}

/** A price of a slot stands above the standing one. */
function priceOf({ slotPrices, standingPrices }: Terms, supplier: string, feeder: bigint, slot: bigint): PriceState {
  const standing = valueAt(standingPrices.get(`${supplier}/${feeder}`), slot);
  return slotPrices.get(`${supplier}/${feeder}/${slot}`) ?? standing ?? { retail: 0n, feedIn: 0n };
}

/** The fee in force of an area's edge: at most the cap. */
export function edgeFeeAt({ edges, rules }: Terms, area: bigint, slot: bigint): bigint {
  return least(valueAt(edges.get(area), slot)?.fee ?? 0n, valueAt(rules, slot)?.edgeFeeCap ?? 0n);
}

/** Areas right below an area that count in a slot, in order of creation. */
export function childrenAt({ areas }: Terms, parent: bigint, slot: bigint): bigint[] {
  return [...areas].filter(([, area]) => area.parent === parent && area.fromSlot <= slot).map(([number]) => number);
}

/** Feeders of a city that count in a slot, in order of creation. */
export function feedersAt({ areas }: Terms, city: bigint, slot: bigint): bigint[] {
  const isBelow = ({ level, parent, fromSlot }: AreaState): boolean =>
    level === AreaLevel.Feeder && fromSlot <= slot && areas.get(parent)?.parent === city;
  return [...areas].filter(([, area]) => isBelow(area)).map(([number]) => number);
}

/** All areas of a city's tree that count in a slot: feeders, districts, the city. */
export function areasOf(terms: Terms, city: bigint, slot: bigint): bigint[] {
  return [...feedersAt(terms, city, slot), ...childrenAt(terms, city, slot), city];
}

function decide<Key, Value>(
  schedules: Map<Key, Schedule<Value>>,
  key: Key,
  event: ChainEvent,
  value: NoInfer<Value>,
): void {
  schedules.set(key, decided(schedules.get(key) ?? [], bigintArg(event, "fromSlot"), value));
}

function decided<Value>(schedule: Schedule<Value>, fromSlot: bigint, value: Value): Schedule<Value> {
  return [...schedule.filter((version) => version.fromSlot < fromSlot), { fromSlot, value }];
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

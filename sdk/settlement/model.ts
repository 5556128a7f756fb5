/**
 * A slot's settlement by the market rules, as a pure function: what the contract Settlement must come to. Written from
 * the rules, trade by trade and meter by meter, not from the contract; the tests hold the two together.
 */
import { ReadingStatus } from "../enums.js";
import { WH_PER_KWH } from "../units.js";
import { splitWh } from "./split.js";
import type {
  FeederTerms,
  MeterOutcome,
  PartyOutcome,
  SlotInput,
  SlotMeter,
  SlotReading,
  SlotSettlement,
  SlotTrade,
} from "./types.js";

/** A sum of Wh x (micro-credits per kWh), in micro-credits. */
const down = (product: bigint): bigint => product / WH_PER_KWH;
const up = (product: bigint): bigint => (product + WH_PER_KWH - 1n) / WH_PER_KWH;
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const positive = (value: bigint): bigint => (value > 0n ? value : 0n);
const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);

/** A trade with what settlement finds for it. */
interface Delivery {
  readonly trade: SlotTrade;
  readonly buyer: FeederTerms;
  readonly seller: FeederTerms;
  readonly buyerFee: bigint;
  readonly sellerFee: bigint;
  deliveredWh: bigint;
  /** Delivered and not used by the buyer. */
  surplusWh: bigint;
  /** Undelivered, and taken from the grid instead. */
  madeWholeWh: bigint;
}

interface Party {
  account: string;
  communityMicro: bigint;
  surplusInMicro: bigint;
  surplusOutMicro: bigint;
  feedInMicro: bigint;
  gridShareMicro: bigint;
  accountingFeeMicro: bigint;
}

/** A slot with its deliveries, found by meter. */
interface Slot {
  readonly input: SlotInput;
  readonly deliveries: readonly Delivery[];
  readonly termsOf: (meter: bigint) => FeederTerms;
  readonly boughtBy: (meter: bigint) => readonly Delivery[];
  readonly soldBy: (meter: bigint) => readonly Delivery[];
}

/** Settles a slot. Its meters are all that trade in it, or any that do not. */
export function settleSlot(input: SlotInput): SlotSettlement {
  const slot = slotOf(input);
  for (const meter of input.meters) deliver(slot, meter);
  const readings = input.meters.map((meter) => readingOf(slot, meter));
  input.meters.forEach((meter, i) => {
    spread(slot, meter, found(readings, i).importWh);
  });
  const outcomes = input.meters.map((meter, i) => outcomeOf(slot, meter, found(readings, i)));
  return {
    meters: outcomes,
    parties: partiesOf(slot, outcomes),
    deliveredWh: slot.deliveries.map((d) => d.deliveredWh),
  };
}

function slotOf(input: SlotInput): Slot {
  const feeders = new Map(input.feeders.map((terms) => [terms.feeder, terms]));
  const terms = new Map(input.meters.map((meter) => [meter.meter, feeders.get(meter.feeder)]));
  const termsOf = (meter: bigint): FeederTerms => {
    const known = terms.get(meter);
    if (known === undefined) throw new RangeError(`The slot's input lacks meter ${meter} or its feeder.`);
    return known;
  };
  const deliveries = input.trades.map((trade): Delivery => {
    const [buyer, seller] = [termsOf(trade.buyMeter), termsOf(trade.sellMeter)];
    const fees = pathFees(trade.level, buyer, seller);
    return { trade, buyer, seller, ...fees, deliveredWh: 0n, surplusWh: 0n, madeWholeWh: 0n };
  });
  const boughtBy = grouped(deliveries, (d) => d.trade.buyMeter);
  const soldBy = grouped(deliveries, (d) => d.trade.sellMeter);
  return { input, deliveries, termsOf, boughtBy, soldBy };
}

/** The edge fees that each side's path costs: none inside a feeder, the feeder's edge inside a district, else both. */
export function pathFees(
  level: number,
  buyer: FeederTerms,
  seller: FeederTerms,
): { readonly buyerFee: bigint; readonly sellerFee: bigint } {
  const nearest = buyer.feeder === seller.feeder ? 1 : buyer.district === seller.district ? 2 : 3;
  const path = level === 0 ? nearest : level;
  const feeOf = (side: FeederTerms): bigint => (path >= 2 ? side.feederFee : 0n) + (path >= 3 ? side.districtFee : 0n);
  return { buyerFee: feeOf(buyer), sellerFee: feeOf(seller) };
}

/** Delivered by a seller: min(its export, its total sold), split over its trades. */
function deliver(slot: Slot, seller: SlotMeter): void {
  const own = slot.soldBy(seller.meter);
  const soldWh = own.map((d) => d.trade.wh);
  const shares = splitWh(min(seller.reading?.exportWh ?? 0n, sum(soldWh)), soldWh);
  own.forEach((d, i) => (d.deliveredWh = shares[i] ?? 0n));
}

/** The reading as it counts. None: export 0, import what was bought, at least the connection. */
function readingOf(slot: Slot, meter: SlotMeter): SlotReading {
  if (meter.reading !== undefined) return meter.reading;
  const boughtWh = sum(slot.boughtBy(meter.meter).map((d) => d.deliveredWh));
  const importWh = boughtWh > meter.connectionWh ? boughtWh : meter.connectionWh;
  return { importWh, exportWh: 0n, status: ReadingStatus.Missing };
}

/** What the buyer did not use, over its delivered trades; what it lacks and the grid supplied, over its short ones. */
function spread(slot: Slot, buyer: SlotMeter, importWh: bigint): void {
  const own = slot.boughtBy(buyer.meter);
  const deliveredWh = own.map((d) => d.deliveredWh);
  const shortWh = own.map(shortOf);
  const boughtWh = sum(deliveredWh);
  const surplus = splitWh(positive(boughtWh - importWh), deliveredWh);
  const madeWhole = splitWh(min(sum(shortWh), positive(importWh - boughtWh)), shortWh);
  own.forEach((d, i) => {
    d.surplusWh = surplus[i] ?? 0n;
    d.madeWholeWh = madeWhole[i] ?? 0n;
  });
}

const makeWholeRate = (d: Delivery): bigint => positive(d.buyer.retail - d.trade.price - d.buyerFee);
const lowerFeedIn = (d: Delivery): bigint => min(d.buyer.feedIn, d.seller.feedIn);
const shortOf = (d: Delivery): bigint => d.trade.wh - d.deliveredWh;

/** A meter's figures, each kind rounded once. */
function outcomeOf(slot: Slot, meter: SlotMeter, reading: SlotReading): MeterOutcome {
  const { rules } = slot.input;
  const terms = slot.termsOf(meter.meter);
  const bought = slot.boughtBy(meter.meter);
  const sold = slot.soldBy(meter.meter);
  const boughtWh = sum(bought.map((d) => d.deliveredWh));
  const soldWh = sum(sold.map((d) => d.deliveredWh));
  const undeliveredWh = sum(sold.map(shortOf));
  const gridImportWh = positive(reading.importWh - boughtWh);
  const surplusProduct = sum(bought.map((d) => d.surplusWh * lowerFeedIn(d)));
  const isEscalated = rules.escalationThreshold > 0 && meter.shortSlots >= rules.escalationThreshold;
  const escalationMicro = isEscalated ? down(undeliveredWh * rules.escalationRate) : 0n;
  const energyProduct = sum([...bought, ...sold].map((d) => d.deliveredWh * d.trade.price));
  return {
    meter: meter.meter,
    feeder: meter.feeder,
    status: reading.status,
    importWh: reading.importWh,
    exportWh: reading.exportWh,
    boughtWh,
    soldWh,
    undeliveredWh,
    gridImportWh,
    gridExportWh: reading.exportWh - soldWh + positive(boughtWh - reading.importWh),
    energyPaidMicro: up(sum(bought.map((d) => d.deliveredWh * d.trade.price))),
    energyReceivedMicro: down(sum(sold.map((d) => d.deliveredWh * d.trade.price))),
    gridPaidMicro: up(gridImportWh * terms.retail),
    gridReceivedMicro: down((reading.exportWh - soldWh) * terms.feedIn + surplusProduct),
    feesMicro: down(
      sum(bought.map((d) => d.deliveredWh * d.buyerFee)) + sum(sold.map((d) => d.deliveredWh * d.sellerFee)),
    ),
    bondPaidMicro:
      up(sum(sold.map((d) => d.madeWholeWh * makeWholeRate(d)))) +
      down(sum(sold.map((d) => shortOf(d) * (d.buyerFee + d.sellerFee)))) +
      escalationMicro,
    bondReceivedMicro: down(sum(bought.map((d) => d.madeWholeWh * makeWholeRate(d)))),
    escalationMicro,
    pricePerKwh: boughtWh + soldWh === 0n ? undefined : energyProduct / (boughtWh + soldWh),
  };
}

/** What suppliers and grid operators get and owe. */
function partiesOf(slot: Slot, outcomes: readonly MeterOutcome[]): PartyOutcome[] {
  const parties = new Map<string, Party>();
  const partyOf = (account: string): Party => {
    const party = parties.get(account) ?? { account, ...NO_MONEY };
    parties.set(account, party);
    return party;
  };
  for (const o of outcomes) {
    const terms = slot.termsOf(o.meter);
    const supplier = partyOf(terms.supplier);
    const gridOperator = partyOf(terms.gridOperator);
    supplier.communityMicro += o.escalationMicro;
    supplier.feedInMicro += o.gridReceivedMicro;
    supplier.gridShareMicro += o.gridPaidMicro;
    supplier.accountingFeeMicro += slot.input.rules.accountingFeeMicro;
    const ownShort = slot.soldBy(o.meter).map((d) => shortOf(d) * d.sellerFee);
    gridOperator.communityMicro += o.feesMicro + down(sum(ownShort));
  }
  for (const d of slot.deliveries) {
    partyOf(d.buyer.gridOperator).communityMicro += down(shortOf(d) * d.buyerFee);
    if (d.buyer.supplier === d.seller.supplier) continue;
    partyOf(d.buyer.supplier).surplusInMicro += down(d.surplusWh * lowerFeedIn(d));
    partyOf(d.seller.supplier).surplusOutMicro += down(d.surplusWh * lowerFeedIn(d));
  }
  const first = slot.deliveries[0];
  if (first !== undefined) {
    const paidMicro = sum(outcomes.map((o) => o.energyPaidMicro + o.feesMicro + o.bondPaidMicro));
    const receivedMicro = sum(outcomes.map((o) => o.energyReceivedMicro + o.bondReceivedMicro));
    const partiesMicro = sum([...parties.values()].map((party) => party.communityMicro));
    partyOf(first.seller.supplier).communityMicro += paidMicro - receivedMicro - partiesMicro;
  }
  return [...parties.values()];
}

const NO_MONEY = {
  communityMicro: 0n,
  surplusInMicro: 0n,
  surplusOutMicro: 0n,
  feedInMicro: 0n,
  gridShareMicro: 0n,
  accountingFeeMicro: 0n,
};

/** Looks up the deliveries of a meter, in trade order. */
function grouped(all: readonly Delivery[], meterOf: (d: Delivery) => bigint): (meter: bigint) => readonly Delivery[] {
  const groups = new Map<bigint, Delivery[]>();
  for (const delivery of all) {
    const group = groups.get(meterOf(delivery));
    if (group === undefined) groups.set(meterOf(delivery), [delivery]);
    else group.push(delivery);
  }
  return (meter) => groups.get(meter) ?? [];
}

function found<T>(list: readonly T[], index: number): T {
  const value = list[index];
  if (value === undefined) throw new RangeError(`No element ${index} of ${list.length}.`);
  return value;
}

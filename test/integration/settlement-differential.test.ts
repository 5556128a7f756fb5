import { expect } from "chai";
import hre from "hardhat";

import { ReadingStatus, Side } from "../../sdk/enums.js";
import {
  creditChangeOf,
  settlementRow,
  settleSlot,
  type FeederTerms,
  type SlotInput,
  type SlotReading,
  type SlotSettlement,
  type SlotTrade,
} from "../../sdk/settlement/index.js";
import {
  accountOf,
  FINAL_DATE,
  READING_END,
  RULES,
  settlementWorld,
  SLOT_SECONDS,
  type Settled,
  type WorldMeter,
} from "../utils/settlement-world.js";

const ROUNDS = process.env["COMMONWATT_LONG"] === "1" ? 200 : 12;
const CONNECTION_WH = 4_000n;
const FIRST_SLOT = 600_000n;
/** From a slot to the last one whose short sellers count for it: 67 + 12 hours to its record's end, 48 to opening. */
const LAG = 127n;

/** A small deterministic generator (mulberry32); the seed is in each test's title. */
function generator(seed: number) {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  const below = (bound: number): number => next() % bound;
  const pick = <T>(list: readonly T[]): T => {
    const picked = list[below(list.length)];
    if (picked === undefined) throw new Error("nothing to pick from");
    return picked;
  };
  return { below, wh: (bound: number) => BigInt(below(bound)), pick };
}
type Random = ReturnType<typeof generator>;

const party = (id: number): string => accountOf(-1_000n - BigInt(id));

/** Three feeders of two districts; some parties hold several parts, as the rules allow. */
function randomFeeders(r: Random): FeederTerms[] {
  return [
    [11n, 10n],
    [12n, 10n],
    [21n, 20n],
  ].map(([feeder = 0n, district = 0n]) => {
    const retail = 100_000n + r.wh(300_000);
    return {
      feeder,
      district,
      supplier: party(r.below(2)),
      gridOperator: party(1 + r.below(3)),
      retail,
      feedIn: r.wh(Number(retail) + 1),
      feederFee: r.wh(50_001),
      districtFee: r.wh(50_001),
    };
  });
}

function randomTrades(r: Random, meters: readonly WorldMeter[], feeders: readonly FeederTerms[]): SlotTrade[] {
  const termsOf = (m: WorldMeter) => feeders.find((f) => f.feeder === m.feeder) ?? r.pick(feeders);
  const buyers = meters.filter((m) => m.side === Side.Buy);
  const sellers = meters.filter((m) => m.side === Side.Sell);
  return Array.from({ length: r.below(2 * meters.length) }, () => {
    const [buyer, seller] = [r.pick(buyers), r.pick(sellers)];
    const [from, to] = [termsOf(buyer), termsOf(seller)];
    const nearest = from.feeder === to.feeder ? 1 : from.district === to.district ? 2 : 3;
    return {
      level: r.below(4) === 0 ? 0 : nearest + r.below(4 - nearest),
      buyMeter: buyer.meter,
      sellMeter: seller.meter,
      wh: 1n + r.wh(400),
      price: to.feederFee + to.districtFee + r.wh(300_000), // at least the seller's fees, as clearing sees to
    };
  });
}

/** Short, exact and surplus readings; none at all for some where `mayMiss`. */
function randomReadings(r: Random, meters: readonly WorldMeter[], trades: readonly SlotTrade[], mayMiss: boolean) {
  const readings = new Map<bigint, SlotReading | undefined>();
  for (const { meter, side } of meters) {
    const tradedWh = trades
      .filter((t) => t.buyMeter === meter || t.sellMeter === meter)
      .reduce((sum, t) => sum + t.wh, 0n);
    const own = r.below(3) === 0 ? tradedWh : r.wh(2 * Number(tradedWh) + 10);
    const other = r.wh(300);
    const status = mayMiss
      ? r.pick([ReadingStatus.Actual, ReadingStatus.Estimated, ReadingStatus.Substituted])
      : ReadingStatus.Corrected;
    const [importWh, exportWh] = side === Side.Buy ? [own, other] : [other, own];
    readings.set(meter, mayMiss && r.below(6) === 0 ? undefined : { importWh, exportWh, status });
  }
  return readings;
}

/** The contract's outcome, figure by figure, is the model's. */
function expectSame(settled: Settled, model: SlotSettlement): void {
  expect(settled.deliveredWh).to.deep.equal(model.deliveredWh);
  const onChain = settled.outcomes.map(({ account, held, uncovered, ...figures }) => {
    expect(account).to.equal(accountOf(figures.meter));
    expect(uncovered <= figures.gridPaid, "more uncovered than taken").to.equal(true);
    expect(held >= figures.energyReceived - figures.fees - figures.bondPaid, "less held than sold").to.equal(true);
    return figures;
  });
  expect(onChain).to.deep.equal(
    model.meters.map((m) => ({
      meter: m.meter,
      status: BigInt(m.status),
      importWh: m.importWh,
      exportWh: m.exportWh,
      boughtWh: m.boughtWh,
      soldWh: m.soldWh,
      undeliveredWh: m.undeliveredWh,
      feeder: m.feeder,
      energyPaid: m.energyPaidMicro,
      energyReceived: m.energyReceivedMicro,
      gridPaid: m.gridPaidMicro,
      gridReceived: m.gridReceivedMicro,
      fees: m.feesMicro,
      bondPaid: m.bondPaidMicro,
      bondReceived: m.bondReceivedMicro,
    })),
  );
  expect(settled.parties).to.deep.equal(
    model.parties.map((p) => ({
      account: p.account,
      community: p.communityMicro,
      surplusIn: p.surplusInMicro,
      surplusOut: p.surplusOutMicro,
    })),
  );
}

/** One world with random feeders, settled, corrected and finalized slot by slot. */
async function runWorld(seed: number, rounds: number): Promise<number> {
  const r = generator(seed);
  const connection = await hre.network.create("embeddedTransaction");
  const feeders = randomFeeders(r);
  const world = await settlementWorld(connection, feeders);
  const { time } = connection.networkHelpers;
  const accounts = new Set(feeders.flatMap((f) => [f.supplier, f.gridOperator]));
  for (const account of accounts) await world.fund(account, 10n ** 13n);
  const meters: WorldMeter[] = Array.from({ length: 2 + r.below(7) }, (_, i) => ({
    meter: BigInt(100 + i),
    feeder: r.pick(feeders).feeder,
    side: i % 2 === 0 ? Side.Buy : Side.Sell,
  }));
  for (const m of meters) {
    await world.place(m.meter, m.feeder, CONNECTION_WH);
    await world.fund(accountOf(m.meter), 10n ** 12n);
  }

  const shortIn = new Map<bigint, bigint[]>(); // per meter, the slots in which it was short and that count
  let escalated = 0;
  for (let round = 0; round < rounds; round++) {
    // Mostly so far apart that the slot before is in the window, sometimes just too close.
    const slot = FIRST_SLOT + BigInt(round) * (LAG - 1n) + BigInt(round + r.below(2));
    await time.increaseTo(slot * SLOT_SECONDS);
    const trades = randomTrades(r, meters, feeders);
    const before = new Map<bigint, bigint>();
    const closed = await world.close(slot, meters, trades);
    for (const m of meters) before.set(m.meter, await world.balanceOf(accountOf(m.meter)));
    await time.increaseTo(slot * SLOT_SECONDS + READING_END);

    const last = slot - LAG;
    const shortSlots = (meter: bigint): number =>
      (shortIn.get(meter) ?? []).filter((s) => s <= last && s > last - RULES.escalationWindow).length;
    const model = (readings: ReadonlyMap<bigint, SlotReading | undefined>): SlotSettlement => {
      const input: SlotInput = {
        rules: {
          escalationRate: RULES.escalationRate,
          escalationThreshold: Number(RULES.escalationThreshold),
          accountingFeeMicro: RULES.accountingFeeMicro,
        },
        feeders,
        meters: meters.map((m) => ({
          meter: m.meter,
          feeder: m.feeder,
          reading: readings.get(m.meter),
          connectionWh: CONNECTION_WH,
          shortSlots: shortSlots(m.meter),
        })),
        trades,
      };
      return settleSlot(input);
    };

    let final: SlotSettlement | undefined;
    for (const correction of [false, true]) {
      const readings = randomReadings(r, meters, trades, !correction);
      await world.read(slot, readings);
      const settled = await world.settle(slot, closed);
      if (settled === undefined) throw new Error("the settlement changed nothing");
      final = model(readings);
      expectSame(settled, final);
      expect(await world.settle(slot, closed)).to.equal(undefined, "the same again");
    }
    await time.increaseTo(slot * SLOT_SECONDS + FINAL_DATE);
    await world.finalize(slot);

    for (const outcome of final?.meters ?? []) {
      // The CSV's identity, on chain: received - paid - fees - bond paid + bond received.
      const change = (await world.balanceOf(accountOf(outcome.meter))) - (before.get(outcome.meter) ?? 0n);
      expect(change).to.equal(creditChangeOf(settlementRow(outcome)));
      if (outcome.undeliveredWh !== 0n) shortIn.set(outcome.meter, [...(shortIn.get(outcome.meter) ?? []), slot]);
      if (outcome.escalationMicro !== 0n) escalated += 1;
    }
  }
  await connection.close();
  return escalated;
}

describe("Settlement against its model", () => {
  let escalated = 0;
  for (const seed of [1, 2, 3, 4]) {
    it(`comes to the same, to the micro-credit, in ${ROUNDS} random slots (seed ${seed})`, async function () {
      this.timeout(600_000);
      escalated += await runWorld(seed, ROUNDS);
    });
  }

  it("met sellers that pay escalation", () => {
    expect(escalated).to.be.greaterThan(0);
  });
});

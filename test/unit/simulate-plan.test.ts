import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { marketParameters, type MarketParameters } from "../../deploy/parameters.js";
import type { Clock } from "../../scripts/networks/index.js";
import { highestRetail, loadInputs, planRun, slotsOf, type Plan } from "../../scripts/simulate/plan.js";
import { batchSlots, genesisTime, leadSeconds, orderRounds, SlotMap } from "../../scripts/simulate/schedule.js";
import { Timeline } from "../../scripts/simulate/timeline.js";
import { costUp } from "../../sdk/units.js";
import { firstUnopenedSlot, slotTimes } from "../../sdk/time/slots.js";
import { optionsOf, writeReadings, writeTariff } from "../utils/simulation.js";

type Inputs = Plan["inputs"];

/** The part of an input that the rounds look at. */
function slotsIn(days: number, slotsPerDay: number): Inputs {
  return { firstSlot: 10_000, slotCount: days * slotsPerDay, slotsPerDay } as Inputs;
}

function bigints<Windows extends object>(windows: Windows): { [Key in keyof Windows]: bigint } {
  const entries = Object.entries(windows).map(([name, seconds]) => [name, BigInt(seconds as number)]);
  return Object.fromEntries(entries) as { [Key in keyof Windows]: bigint };
}

describe("Simulation: when things happen", () => {
  for (const [seconds, days] of [
    [30, 1],
    [60, 1],
    [900, 2],
    [3_600, 3],
    [21_600, 2],
    [86_400, 3],
  ] as const) {
    describe(`with chain slots of ${seconds} s`, () => {
      let market: MarketParameters;
      before(async () => {
        market = await marketParameters(seconds);
      });

      it("rounds follow each other and cover every slot once", () => {
        const inputs = slotsIn(days, 86_400 / seconds);
        const rounds = orderRounds(inputs, market.windows, seconds);
        const covered = rounds.flatMap(({ firstSlot, count }) =>
          Array.from({ length: count }, (_, i) => firstSlot + i),
        );
        expect(covered).to.deep.equal(slotsOf(inputs));
      });

      it("orders go out when all slots of their round are open and none is closed", () => {
        const inputs = slotsIn(days, 86_400 / seconds);
        const [length, windows] = [BigInt(seconds), bigints(market.windows)];
        for (const { firstSlot, count, knownBefore } of orderRounds(inputs, market.windows, seconds)) {
          const first = slotTimes(BigInt(firstSlot), length, windows);
          const last = slotTimes(BigInt(firstSlot + count - 1), length, windows);
          const time = first.deliveryStart - BigInt(leadSeconds(market.windows, count, seconds));
          expect(time >= last.opens, "the last slot is open").to.equal(true);
          expect(time < first.gateClosure, "the first gate is open").to.equal(true);
          // nobody knows what is metered after the orders went out
          expect(BigInt(knownBefore) * length <= time).to.equal(true);
        }
      });

      it("a chain of its own starts before the run's first slot opens, the set-up included", () => {
        const genesis = genesisTime(10_000, seconds, market.windows, 100);
        const ready = genesis + 100n;
        expect(firstUnopenedSlot(ready, BigInt(seconds), bigints(market.windows)) <= 10_000n).to.equal(true);
      });
    });
  }

  it("data slots stand for chain slots, and back", () => {
    const slots = new SlotMap(409_400, 7n);
    expect(slots.toChain(409_400)).to.equal(7n);
    expect(slots.toChain(409_423)).to.equal(30n);
    expect(slots.toData(30n)).to.equal(409_423);
    expect(new SlotMap(409_400, 409_400n).shift).to.equal(0);
  });
});

describe("Simulation: timeline", () => {
  function recordingClock(waited: bigint[]): Clock {
    return {
      isVirtual: true,
      now: () => Promise.resolve(waited.at(-1) ?? 0n),
      waitUntil: (time) => {
        waited.push(time);
        return Promise.resolve();
      },
    };
  }

  it("runs in the order of time, equal times as they were put in", async () => {
    const timeline = new Timeline();
    const [done, waited]: [string[], bigint[]] = [[], []];
    for (const [time, name] of [
      [30n, "late"],
      [10n, "first"],
      [20n, "second"],
      [20n, "third"],
      [10n, "also first"],
    ] as const) {
      timeline.at(time, () => Promise.resolve(void done.push(name)));
    }
    await timeline.run(recordingClock(waited));
    expect(done).to.deep.equal(["first", "also first", "second", "third", "late"]);
    expect(waited).to.deep.equal([10n, 10n, 20n, 20n, 30n]);
  });

  it("takes what is put in while it runs, and tells how far it is", async () => {
    const timeline = new Timeline();
    const [done, steps]: [string[], (readonly [number, number])[]] = [[], []];
    timeline.at(5n, () => {
      timeline.at(7n, () => Promise.resolve(void done.push("between")));
      return Promise.resolve(void done.push("early"));
    });
    timeline.at(9n, () => Promise.resolve(void done.push("late")));
    await timeline.run(recordingClock([]), (count, known) => steps.push([count, known]));
    expect(done).to.deep.equal(["early", "between", "late"]);
    expect(steps).to.deep.equal([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
  });

  it("stops at the first failure", async () => {
    const timeline = new Timeline();
    const done: string[] = [];
    timeline.at(1n, () => Promise.reject(new Error("broken")));
    timeline.at(2n, () => Promise.resolve(void done.push("later")));
    let failure: unknown;
    await timeline.run(recordingClock([])).catch((error: unknown) => (failure = error));
    expect((failure as Error).message).to.equal("broken");
    expect(done).to.deep.equal([]);
  });
});

describe("Simulation: plan", () => {
  let folder: string;
  let market: MarketParameters;
  let loaded: Awaited<ReturnType<typeof loadInputs>>;
  const seed = 4;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-plan-"));
    const fixture = { homes: ["a", "b", "c", "d"], slotSeconds: 3_600, days: 4 };
    const readings = await writeReadings(folder, { ...fixture, isSilent: (home, index) => home === 3 && index > 80 });
    const tariff = await writeTariff(folder, fixture);
    const options = { readings, tariff, utcOffset: 0, from: "2024-03-06", days: 2, seed };
    loaded = await loadInputs(optionsOf(options));
    market = await marketParameters(3_600);
  });
  after(() => rm(folder, { recursive: true }));

  function plan(ofSeed = seed): Plan {
    return planRun(loaded, market, orderRounds(loaded.inputs, market.windows, 3_600), ofSeed);
  }

  it("has every home once, with orders inside the run, its connection and the prices", () => {
    const { homes, inputs } = plan();
    expect(homes.map(({ home }) => home.id).sort()).to.deep.equal(["a", "b", "c", "d"]);
    const all = homes.flatMap(({ profiles }) => profiles);
    expect(all.some(({ side }) => side === "buy") && all.some(({ side }) => side === "sell")).to.equal(true);
    for (const { firstSlot, wh, limits } of all) {
      expect(firstSlot).to.be.at.least(inputs.firstSlot);
      expect(firstSlot + wh.length).to.be.at.most(inputs.firstSlot + inputs.slotCount);
      expect([wh[0], wh.at(-1)]).to.not.include(0n);
      wh.forEach((energy, index) => {
        if (energy === 0n) return;
        const { retail, feedIn } = inputs.pricesAt(firstSlot + index);
        const limit = limits[index] ?? -1n;
        expect(energy >= BigInt(market.rules.minimumOrderWh) && limit >= feedIn && limit <= retail).to.equal(true);
      });
    }
  });

  it("deposits cover all locks at once, all import at retail and the reserve", () => {
    const { homes, inputs } = plan();
    for (const { home, profiles, depositMicro } of homes) {
      let worst = BigInt(market.rules.reservePerMeterMicro);
      for (const { side, wh, limits } of profiles) {
        wh.forEach((energy, index) => {
          worst += costUp(energy, side === "sell" ? BigInt(market.rules.bondRate) : (limits[index] ?? 0n));
        });
      }
      for (const slot of slotsOf(inputs)) {
        const wh = home.valueAt(slot)?.importWh;
        if (wh !== undefined) worst += costUp(BigInt(wh), inputs.pricesAt(slot).retail);
      }
      expect(depositMicro > worst, home.id).to.equal(true);
      expect(depositMicro % 1_000_000n).to.equal(0n);
    }
  });

  it("a silent meter's deposit covers its whole connection in each silent slot", () => {
    const { homes, inputs, grid } = plan();
    const silent = homes.find(({ home }) => home.id === "d");
    const slots = slotsOf(inputs).filter((slot) => silent?.home.valueAt(slot) === undefined);
    const feeders = grid.cities.flatMap(({ districts }) => districts.flatMap((district) => district.feeders));
    const site = feeders.flatMap((feeder) => feeder.homes).find(({ home }) => home === "d");
    const worst = BigInt(site?.connectionWh ?? 0) * BigInt(slots.length) * 310n;
    expect(slots.length).to.be.greaterThan(10);
    expect((silent?.depositMicro ?? 0n) > worst).to.equal(true);
  });

  it("suppliers can pay all feed-in and accounting fees", () => {
    const { inputs, supplierDepositMicro } = plan();
    const fees = BigInt(market.rules.accountingFeeMicro * inputs.homes.length * inputs.slotCount);
    const feedIn = inputs.homes.flatMap((home) =>
      slotsOf(inputs).map((slot) => costUp(BigInt(home.valueAt(slot)?.exportWh ?? 0), inputs.pricesAt(slot).feedIn)),
    );
    expect(supplierDepositMicro > fees + feedIn.reduce((sum, part) => sum + part, 0n)).to.equal(true);
  });

  it("is the same for the same seed, and another for another", () => {
    const orders = (of: Plan): unknown => of.homes.map(({ profiles }) => profiles);
    expect(orders(plan())).to.deep.equal(orders(plan()));
    expect(orders(plan(seed + 1))).to.not.deep.equal(orders(plan()));
  });

  it("takes days that the file has when none is named: with a week before them where that fits", async () => {
    const fixture = { homes: ["a", "b"], slotSeconds: 21_600, days: 9 };
    const files = { readings: await writeReadings(folder, fixture), tariff: await writeTariff(folder, fixture) };
    const first = async (days: number): Promise<string> => {
      const { inputs } = await loadInputs(optionsOf({ ...files, utcOffset: 0, days }));
      return inputs.startText(inputs.firstSlot);
    };
    expect([await first(1), await first(2), await first(4), await first(9)]).to.deep.equal([
      "2024-03-11T00:00",
      "2024-03-11T00:00",
      "2024-03-09T00:00",
      "2024-03-04T00:00",
    ]);
  });

  it("knows the highest retail price of the run", () => {
    expect(highestRetail(loaded.inputs)).to.equal(310_000n);
  });
});

describe("slots settled together", () => {
  it("are as many as leave the first a sixth of the reading window and a minute, six at most", async () => {
    const together = async (slotSeconds: number): Promise<number> =>
      batchSlots((await marketParameters(slotSeconds)).windows, slotSeconds);
    expect(await Promise.all([30, 60, 900, 3_600, 7_200, 86_400].map(together))).to.deep.equal([1, 2, 6, 6, 3, 1]);
  });
});

import { expect } from "chai";
import fc from "fast-check";

import {
  buildOrders,
  drawWillingness,
  forecastSlots,
  MAX_PROFILE_SLOTS,
  meanOfDaysBefore,
  STANDARD_DAY_WH,
  standardValue,
  type OrderBounds,
  type PastValues,
  type SlotValue,
} from "../../scripts/forecast/index.js";
import { Random } from "../../scripts/inputs/index.js";

const CLOCK = { slotSeconds: 3600, offsetSeconds: 0 };
/** A Wednesday, 00:00 UTC. */
const WEDNESDAY = Date.parse("2016-09-14T00:00:00Z") / 3_600_000;
const NOTHING: PastValues = { valueAt: () => undefined };

/** A history of whole days before Wednesday: day -1 is Tuesday. */
function days(valueOf: (daysBefore: number) => SlotValue | undefined): PastValues {
  return { valueAt: (slot) => valueOf(Math.ceil((WEDNESDAY - slot) / 24)) };
}

function imports(importWh: number): SlotValue {
  return { importWh, exportWh: 0 };
}

describe("Forecast", () => {
  it("is the mean of the same hour of the last five similar days", () => {
    // Tue, Mon, (Sun, Sat), Fri, Thu, Wed, (Tue would be the sixth)
    const byDay = new Map([1, 2, 5, 6, 7, 8].map((day) => [day, imports(100 * day)]));
    const history = days((day) => byDay.get(day) ?? imports(9999));
    expect(meanOfDaysBefore(history, CLOCK, WEDNESDAY)).to.deep.equal(imports(420));
    const sunday = WEDNESDAY + 4 * 24;
    expect(meanOfDaysBefore({ valueAt: (slot) => history.valueAt(slot - 96) }, CLOCK, sunday)?.importWh).to.not.equal(
      420,
    );
  });

  it("takes the hour itself, not its neighbours", () => {
    const history: PastValues = { valueAt: (slot) => imports(slot % 24) };
    expect(forecastSlots(history, CLOCK, WEDNESDAY, 24, 0).map((value) => value.importWh)).to.deep.equal(
      Array.from({ length: 24 }, (_, hour) => hour),
    );
  });

  it("tells the days of the week by the local clock", () => {
    // Saturday 00:00 UTC is still Friday at UTC-8
    const saturday = WEDNESDAY + 3 * 24;
    const history: PastValues = {
      valueAt: (slot) => imports(Math.floor(slot / 24) % 7 === Math.floor(saturday / 24) % 7 ? 700 : 100),
    };
    expect(meanOfDaysBefore(history, CLOCK, saturday)?.importWh).to.be.above(100);
    expect(meanOfDaysBefore(history, { ...CLOCK, offsetSeconds: -8 * 3600 }, saturday)?.importWh).to.equal(220);
  });

  it("persists the last days of any kind where none is similar", () => {
    const history = days((day) => (day === 3 ? imports(300) : day === 4 ? imports(500) : undefined));
    expect(meanOfDaysBefore(history, CLOCK, WEDNESDAY)).to.deep.equal(imports(400));
  });

  it("leaves out silent days instead of taking them for zero", () => {
    const history = days((day) => (day === 1 ? undefined : imports(600)));
    expect(meanOfDaysBefore(history, CLOCK, WEDNESDAY)).to.deep.equal(imports(600));
  });

  it("never looks at the day it forecasts, or later", () => {
    const history: PastValues = {
      valueAt: (slot) => {
        expect(slot).to.be.below(WEDNESDAY);
        return imports(1);
      },
    };
    expect(forecastSlots(history, CLOCK, WEDNESDAY, 72, 0)).to.have.length(72);
  });

  it("is on one side of the meter", () => {
    const history = days((day) => (day % 2 === 0 ? { importWh: 0, exportWh: 300 } : imports(100)));
    for (const value of forecastSlots(history, CLOCK, WEDNESDAY, 24, 0)) {
      expect(Math.min(value.importWh, value.exportWh)).to.equal(0);
    }
  });

  it("is the standard profile where nothing is known", () => {
    const day = forecastSlots(NOTHING, CLOCK, WEDNESDAY, 24, 0);
    expect(day.reduce((sum, value) => sum + value.importWh, 0)).to.equal(STANDARD_DAY_WH);
    expect(day[19]?.importWh).to.be.above(3 * (day[3]?.importWh ?? 0));
    expect(day).to.deep.equal(day.map((_, hour) => standardValue(CLOCK, WEDNESDAY + hour, 0)));
  });

  it("gives a home with panels an export at noon and none at night from the standard profile", () => {
    expect(standardValue(CLOCK, WEDNESDAY + 12, 3000).exportWh).to.be.within(1000, 2000);
    expect(standardValue(CLOCK, WEDNESDAY + 2, 3000)).to.deep.equal(standardValue(CLOCK, WEDNESDAY + 2, 0));
  });

  it("scales the standard profile to the slot's length", () => {
    const quarters = { slotSeconds: 900, offsetSeconds: 0 };
    const day = forecastSlots(NOTHING, quarters, WEDNESDAY * 4, 96, 0);
    expect(day.reduce((sum, value) => sum + value.importWh, 0)).to.be.within(
      STANDARD_DAY_WH - 48,
      STANDARD_DAY_WH + 48,
    );
  });
});

describe("Orders from a forecast", () => {
  const prices = { retail: 210_000n, feedIn: 84_000n };
  const bounds: OrderBounds = {
    minimumWh: 10n,
    connectionWh: 5_000n,
    willingness: { bidAt: 1000n, askAt: 250n, share: 900n },
  };
  const build = (values: readonly SlotValue[], changes: Partial<OrderBounds> = {}): ReturnType<typeof buildOrders> =>
    buildOrders(values, 100, () => prices, { ...bounds, ...changes });
  const exports = (exportWh: number): SlotValue => ({ importWh: 0, exportWh });

  it("makes a buy profile and a sell profile without empty ends", () => {
    const { buy, sell } = build([imports(0), imports(1000), exports(400), imports(2000), exports(0)]);
    expect(buy).to.deep.equal([
      { side: "buy", firstSlot: 101, wh: [900n, 0n, 1800n], limits: [210_000n, 0n, 210_000n] },
    ]);
    expect(sell).to.deep.equal([{ side: "sell", firstSlot: 102, wh: [360n], limits: [115_500n] }]);
  });

  it("orders nothing below the minimum and no more than the connection", () => {
    expect(build([imports(11), exports(11)])).to.deep.equal({ buy: [], sell: [] });
    expect(build([imports(9000)]).buy[0]?.wh).to.deep.equal([5000n]);
  });

  it("cuts a long forecast into orders that the market takes", () => {
    const { buy } = build(Array.from({ length: 300 }, () => imports(1000)));
    expect(buy.map((profile) => [profile.firstSlot, profile.wh.length])).to.deep.equal([
      [100, MAX_PROFILE_SLOTS],
      [228, MAX_PROFILE_SLOTS],
      [356, 44],
    ]);
  });

  it("keeps every order between feed-in and retail, within bounds, on one side per slot", () => {
    const value = fc.integer({ min: -8000, max: 8000 });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 200 }), fc.integer(), (nets, seed) => {
        const forecast = nets.map((net) => ({ importWh: Math.max(0, net), exportWh: Math.max(0, -net) }));
        const willingness = drawWillingness(new Random(seed));
        const { buy, sell } = build(forecast, { willingness });
        const sides = new Map<number, string>();
        for (const profile of [...buy, ...sell]) {
          expect(profile.wh.length).to.equal(profile.limits.length).and.to.be.within(1, MAX_PROFILE_SLOTS);
          profile.wh.forEach((wh, index) => {
            if (wh === 0n) return;
            const slot = profile.firstSlot + index;
            expect(sides.get(slot)).to.equal(undefined);
            sides.set(slot, profile.side);
            expect(wh >= bounds.minimumWh && wh <= bounds.connectionWh).to.equal(true);
            const limit = profile.limits[index] ?? 0n;
            expect(limit >= prices.feedIn && limit <= prices.retail).to.equal(true);
            expect((nets[slot - 100] ?? 0) > 0).to.equal(profile.side === "buy");
          });
        }
      }),
    );
  });

  it("draws each home's willingness from its own stream", () => {
    const random = new Random(5);
    expect(drawWillingness(random.fork("1"))).to.deep.equal(drawWillingness(random.fork("1")));
    expect(drawWillingness(random.fork("1"))).to.not.deep.equal(drawWillingness(random.fork("2")));
  });
});

import { expect } from "chai";
import fc from "fast-check";
import hre from "hardhat";

import { marketParameters } from "../../deploy/parameters.js";
import { MemberRole } from "../../sdk/enums.js";
import { CommonwattError } from "../../sdk/errors.js";
import {
  firstUnopenedSlot,
  formatTime,
  parseTime,
  postponed,
  slotEnd,
  slotOf,
  slotStart,
  slotTimes,
  slotsBetween,
  type SlotTimes,
  type Windows,
} from "../../sdk/time/slots.js";
import { MarketCalendar__factory, MarketRules__factory, MockFederation__factory } from "../../typechain-types/index.js";

const NOON = 1_473_854_400n; // 2016-09-14T12:00:00Z

async function windowsOf(slotSeconds: number): Promise<Windows> {
  const { windows } = await marketParameters(slotSeconds);
  return Object.fromEntries(
    Object.entries(windows).map(([name, seconds]) => [name, BigInt(seconds)]),
  ) as unknown as Windows;
}

describe("slots", () => {
  it("are numbered floor(start / length)", () => {
    expect(slotOf(NOON, 900n)).to.equal(NOON / 900n);
    expect(slotOf(NOON - 1n, 900n)).to.equal(NOON / 900n - 1n);
    expect(slotStart(slotOf(NOON, 3_600n), 3_600n)).to.equal(NOON);
    expect(slotEnd(slotOf(NOON, 3_600n), 3_600n)).to.equal(NOON + 3_600n);
  });

  it("cover a range without its end", () => {
    const first = slotOf(NOON, 3_600n);
    expect(slotsBetween(NOON, NOON + 7_200n, 3_600n)).to.deep.equal([first, first + 1n]);
    expect(slotsBetween(NOON + 1n, NOON + 3_601n, 3_600n)).to.deep.equal([first, first + 1n]);
    expect(slotsBetween(NOON, NOON, 3_600n)).to.deep.equal([]);
  });

  it("read times that state their offset, and write them back", () => {
    expect(parseTime("2016-09-14T12:00Z")).to.equal(NOON);
    expect(parseTime("2016-09-14T04:00:00-08:00")).to.equal(NOON);
    expect(formatTime(NOON)).to.equal("2016-09-14T12:00:00Z");
  });

  for (const text of ["2016-09-14T12:00", "2016-09-14", "yesterday", "2016-13-01T00:00Z", ""]) {
    it(`refuse '${text}' as a time`, () => {
      expect(() => parseTime(text))
        .to.throw(CommonwattError)
        .with.property("code", "SlotTimeInvalid");
    });
  }

  for (const slotSeconds of [30, 900, 3_600]) {
    describe(`of ${slotSeconds} s, with the windows of its parameters file`, () => {
      async function calendar(): Promise<{
        timesOf: (slot: bigint) => Promise<SlotTimes>;
        firstUnopened: () => Promise<bigint>;
        postpone: (slot: bigint, seconds: bigint) => Promise<{ postponedAt: bigint; bySeconds: bigint }>;
        moveTo: (time: bigint) => Promise<void>;
      }> {
        const { ethers, networkHelpers } = await hre.network.create({
          network: "embeddedTransaction",
          chainType: "l1",
          override: { initialDate: new Date(Number(NOON) * 1000).toISOString() },
        });
        const [operator] = await ethers.getSigners();
        if (operator === undefined) throw new Error("no signer");
        const { rules, windows } = await marketParameters(slotSeconds);
        const federation = await new MockFederation__factory(operator).deploy();
        await federation.admit(operator.address, MemberRole.MeteringOperator);
        const marketRules = await new MarketRules__factory(operator).deploy(
          operator.address,
          slotSeconds,
          rules,
          windows,
        );
        const contract = await new MarketCalendar__factory(operator).deploy(marketRules, federation);
        return {
          timesOf: async (slot) => {
            const times = await contract.timesOf(slot);
            return (times as unknown as { toObject(): SlotTimes }).toObject();
          },
          firstUnopened: () => contract.firstUnopenedSlot(),
          postpone: async (slot, seconds) => {
            await contract.postpone(slot, slot, seconds);
            const { postponedAt, bySeconds } = await contract.postponementOf(slot);
            return { postponedAt, bySeconds };
          },
          moveTo: (time) => networkHelpers.time.increaseTo(time),
        };
      }

      it("have the dates that MarketCalendar says", async () => {
        const { timesOf } = await calendar();
        const windows = await windowsOf(slotSeconds);
        for (const slot of [0n, 1n, 5n, slotOf(NOON, BigInt(slotSeconds)), 2n ** 32n - 1n]) {
          expect(slotTimes(slot, BigInt(slotSeconds), windows)).to.deep.equal(await timesOf(slot));
        }
      });

      it("open as MarketCalendar says", async () => {
        const { firstUnopened, moveTo } = await calendar();
        const windows = await windowsOf(slotSeconds);
        for (const time of [NOON + 10n, NOON + 29n, NOON + 3_599n, NOON + 3_600n]) {
          await moveTo(time);
          expect(firstUnopenedSlot(time, BigInt(slotSeconds), windows)).to.equal(await firstUnopened());
        }
      });

      it("move as MarketCalendar says when they are postponed", async () => {
        const { timesOf, postpone, moveTo } = await calendar();
        const windows = await windowsOf(slotSeconds);
        const slot = slotOf(NOON, BigInt(slotSeconds)) + 1n;
        const plain = slotTimes(slot, BigInt(slotSeconds), windows);
        await moveTo(plain.readingEnd + 1n);
        const postponement = await postpone(slot, 17n);
        const moved = postponed(plain, postponement);
        expect(moved).to.deep.equal(await timesOf(slot));
        expect(moved.readingEnd).to.equal(plain.readingEnd);
        expect(moved.finalDate).to.equal(plain.finalDate + 17n);
      });
    });
  }

  it("keep all dates in order for any windows", () => {
    const lead = fc.bigInt(1n, 100_000n);
    fc.assert(
      fc.property(fc.bigInt(100n, 2n ** 31n), fc.array(lead, { minLength: 9, maxLength: 9 }), (slot, steps) => {
        const [a = 1n, b = 1n, c = 1n, d = 1n, e = 1n, f = 2n, g = 2n, h = 2n, i = 2n] = steps;
        const windows = {
          opensBefore: a + b + c + d + e,
          gateBefore: a + b + c + d,
          feederBefore: a + b + c,
          districtBefore: a + b,
          cityBefore: a,
          readingFor: f,
          disputeFor: g + 1n,
          decisionFor: h,
          finalFor: i,
        };
        const dates: bigint[] = Object.values<bigint>({ ...slotTimes(slot * 3_600n, 3_600n, windows) });
        // actualsUntil stands before readingEnd in the struct, and after it in time
        const inTime = [...dates].sort((x: bigint, y: bigint) => (x < y ? -1 : x > y ? 1 : 0));
        const [actualsUntil, readingEnd] = [dates[7], dates[8]];
        expect(actualsUntil !== undefined && readingEnd !== undefined && actualsUntil > readingEnd).to.equal(true);
        const expected = [...dates.slice(0, 7), readingEnd, actualsUntil, ...dates.slice(9)];
        expect(inTime).to.deep.equal(expected);
      }),
    );
  });
});

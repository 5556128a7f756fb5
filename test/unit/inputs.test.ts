import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import fc from "fast-check";

import {
  InputError,
  loadNeighbourhood,
  Random,
  Silence,
  type InputOptions,
  type Neighbourhood,
} from "../../scripts/inputs/index.js";
import { readReadings } from "../../scripts/inputs/readings.js";
import { readTariff } from "../../scripts/inputs/tariff.js";

const FONTANA = { readings: "data/fontana/readings.csv", tariff: "data/fontana/tariff.csv", utcOffset: -8, days: 1 };
const HEADER = "interval_start,home,load_wh,solar_wh";
const TARIFF_HEADER = "interval_start,retail_usd_per_kwh";

describe("Input files", () => {
  let folder: string;
  let short: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-inputs-"));
    const lines = (await readFile(FONTANA.readings, "utf8")).split("\n");
    const autumn = lines.filter((line) => line.startsWith("interval") || (line >= "2016-09-10" && line < "2016-10-11"));
    short = await file("autumn.csv", `${autumn.join("\n")}\n`);
  });
  after(() => rm(folder, { recursive: true }));

  async function file(name: string, text: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  }

  async function readingsFault(text: string): Promise<InputError> {
    return faultOf(readReadings(await file("readings.csv", text), 0));
  }

  async function tariffFault(text: string): Promise<InputError> {
    return faultOf(readTariff(await file("tariff.csv", text), 0));
  }

  async function load(changes: Partial<InputOptions> = {}, seed = 1): Promise<Neighbourhood> {
    return loadNeighbourhood({ ...FONTANA, readings: short, ...changes }, new Random(seed));
  }

  describe("the Fontana data", () => {
    let fontana: Neighbourhood;
    before(async () => {
      fontana = await load({ readings: FONTANA.readings, from: "2016-10-03", days: 7 });
    });

    it("has 17 homes, hours, and the days asked for", () => {
      expect(fontana.homes.map((home) => home.id)).to.deep.equal(
        Array.from({ length: 17 }, (_, index) => `${index + 1}`),
      );
      expect(fontana.slotSeconds).to.equal(3600);
      expect(fontana.slotCount).to.equal(168);
      expect(fontana.startText(fontana.firstSlot)).to.equal("2016-10-03T00:00");
      // local midnight at UTC-8
      expect(fontana.firstSlot * 3600).to.equal(Date.parse("2016-10-03T08:00:00Z") / 1000);
    });

    it("counts import and export at the grid connection", async () => {
      const text = await readFile(FONTANA.readings, "utf8");
      const row = text.split("\n").find((line) => line.startsWith("2016-10-03T12:00,1,"));
      const [, , load = "", solar = ""] = row?.split(",") ?? [];
      const net = Number(load) - Number(solar);
      expect(fontana.homes[0]?.valueAt(fontana.firstSlot + 12)).to.deep.equal({
        importWh: Math.max(0, net),
        exportWh: Math.max(0, -net),
      });
      expect(net).to.not.equal(0);
    });

    it("does not take home 12's nights without load, or home 14's suns without load, for outages", () => {
      const zeros = { night: 0, sun: 0 };
      for (let slot = fontana.historyFrom; slot < fontana.historyFrom + 4416; slot += 1) {
        const hour = (slot + 16) % 24; // UTC-8
        if (hour < 5) {
          zeros.night += 1;
          expect(fontana.homes[11]?.valueAt(slot)).to.deep.equal({ importWh: 0, exportWh: 0 });
        }
        expect(fontana.homes[13]?.silenceAt(slot)).to.equal(Silence.None);
        const value = fontana.homes[13]?.valueAt(slot);
        if (value?.exportWh === fontana.homes[13]?.solarAt(slot) && value?.exportWh !== 0) zeros.sun += 1;
      }
      expect(zeros).to.deep.equal({ night: 920, sun: 287 });
    });

    it("keeps the meter silent where a zero without solar is unusual for that home and hour", () => {
      const silent = fontana.homes.map((home) => {
        let count = 0;
        for (let slot = fontana.historyFrom; slot < fontana.historyFrom + 4416; slot += 1) {
          if (home.silenceAt(slot) !== Silence.Outage) continue;
          count += 1;
          expect(home.valueAt(slot)).to.equal(undefined);
        }
        return count;
      });
      expect(silent).to.deep.equal([0, 19, 76, 34, 31, 29, 92, 14, 0, 0, 0, 10, 0, 0, 66, 0, 0]);
    });

    it("has feed-in of 40 % of retail where the tariff has none", () => {
      expect(fontana.pricesAt(fontana.firstSlot)).to.deep.equal({ retail: 210_000n, feedIn: 84_000n });
    });

    it("takes a September weekday when no day is named", async () => {
      const chosen = await load();
      expect(chosen.startText(chosen.firstSlot)).to.equal("2016-09-14T00:00");
    });
  });

  describe("choosing and making homes", () => {
    it("takes the first homes when fewer are asked for", async () => {
      expect((await load({ homes: 3 })).homes.map((home) => home.id)).to.deep.equal(["1", "2", "3"]);
    });

    it("makes more homes by seeded resampling and labels them", async () => {
      const [one, same, other] = await Promise.all([load({ homes: 40 }), load({ homes: 40 }), load({ homes: 40 }, 2)]);
      expect(dayOf(one)).to.deep.equal(dayOf(same));
      expect(dayOf(one)).to.not.deep.equal(dayOf(other));
      expect(one.homes.slice(0, 17).every((home) => home.resampledFrom === undefined)).to.equal(true);
      expect(new Set(one.homes.map((home) => home.id)).size).to.equal(40);
      for (const home of one.homes.slice(17)) {
        expect(home.id).to.match(new RegExp(`^${home.resampledFrom ?? "none"}~[23]$`));
      }
    });

    it("never gives a made home the id of one in the file", async () => {
      const readings = await file(
        "clash.csv",
        csv(
          HEADER,
          hours(24).flatMap((start) => [`${start},a,1,0`, `${start},a~2,1,0`]),
        ),
      );
      const tariff = await file(
        "clash-tariff.csv",
        csv(
          TARIFF_HEADER,
          hours(24).map((start) => `${start},0.2`),
        ),
      );
      const made = await load({ readings, tariff, homes: 6, utcOffset: 0 });
      expect(new Set(made.homes.map((home) => home.id)).size).to.equal(6);
    });

    it("loses about the share of readings that --silence says, only in the run, and the same ones for a seed", async () => {
      const options = { silence: 0.1, from: "2016-10-03", days: 7 };
      const [one, same, other] = await Promise.all([load(options), load(options), load(options, 2)]);
      expect(dayOf(one)).to.deep.equal(dayOf(same));
      expect(dayOf(one)).to.not.deep.equal(dayOf(other));
      const lost = one.homes.flatMap((home) => slotsOf(one).filter((slot) => home.silenceAt(slot) === Silence.Seeded));
      expect(lost.length / (17 * 168)).to.be.within(0.08, 0.12);
      expect(one.homes.some((home) => home.silenceAt(one.firstSlot - 1) === Silence.Seeded)).to.equal(false);
    });

    it("refuses options out of range by name", async () => {
      expect((await faultOf(load({ silence: 1.1 }))).message).to.match(/^--silence: /);
      expect((await faultOf(load({ homes: 0 }))).message).to.match(/^--homes: /);
      expect((await faultOf(load({ days: 0.5 }))).message).to.match(/^--days: /);
      expect((await faultOf(load({ utcOffset: 15 }))).message).to.match(/^--utc-offset: /);
      expect((await faultOf(load({ from: "2016-02-30" }))).message).to.match(/^--from: /);
    });

    it("refuses days outside the file and says which it has", async () => {
      const fault = await faultOf(load({ from: "2016-10-10", days: 2 }));
      expect(fault.message).to.include("2016-10-10 to 2016-10-11").and.to.include("2016-09-10 to 2016-10-10");
      expect((await faultOf(load({ from: "2016-09-09" }))).message).to.include("2016-09-10 to 2016-10-10");
    });
  });

  describe("files of other homes", () => {
    it("keeps free ids and the file's own writing of times, and infers the slot", async () => {
      const starts = Array.from({ length: 96 }, (_, index) => `2020-03-01T${clock(index * 15)}:00`);
      const readings = await file(
        "quarters.csv",
        csv(
          HEADER,
          starts.flatMap((start) => [`${start},"Oak St 5, left",10,0`, `${start},Ülo,0,250`]),
        ),
      );
      const tariff = await file(
        "hourly.csv",
        csv(
          `${TARIFF_HEADER},feed_in_usd_per_kwh`,
          hours(24, "2020-03-01").map((start) => `${start},0.213457,0.08`),
        ),
      );
      const loaded = await load({ readings, tariff, utcOffset: 5.75 });
      expect(loaded.slotSeconds).to.equal(900);
      expect(loaded.homes.map((home) => home.id)).to.deep.equal(["Oak St 5, left", "Ülo"]);
      expect(loaded.startText(loaded.firstSlot + 1)).to.equal("2020-03-01T00:15:00");
      expect(loaded.pricesAt(loaded.firstSlot + 5)).to.deep.equal({ retail: 213_457n, feedIn: 80_000n });
      expect(loaded.homes[1]?.valueAt(loaded.firstSlot)).to.deep.equal({ importWh: 0, exportWh: 250 });
    });

    it("takes a missing row for a gap, in any order of rows", async () => {
      const rows = hours(24).flatMap((start, hour) =>
        hour === 7 ? [`${start},b,5,0`] : [`${start},a,0,0`, `${start},b,5,0`],
      );
      const byHome = [...rows].sort((one, two) => (one.split(",")[1] ?? "").localeCompare(two.split(",")[1] ?? ""));
      for (const order of [rows, byHome, [...rows].reverse()]) {
        const read = await readReadings(await file("gap.csv", csv(HEADER, order)), 0);
        const home = read.homes.find((series) => series.home === "a");
        expect(home?.silence[7]).to.equal(Silence.NoRow);
        expect(home?.silence.filter((silence) => silence === Silence.None).length).to.equal(23);
      }
    });

    it("takes no zero for unusual in a short file", async () => {
      const readings = await file(
        "short.csv",
        csv(
          HEADER,
          hours(24).map((start, hour) => `${start},a,${hour === 3 ? 0 : 9},0`),
        ),
      );
      const tariff = await file(
        "short-tariff.csv",
        csv(
          TARIFF_HEADER,
          hours(24).map((start) => `${start},0.2`),
        ),
      );
      const short = await load({ readings, tariff, utcOffset: 0 });
      expect(short.homes[0]?.valueAt(short.firstSlot + 3)).to.deep.equal({ importWh: 0, exportWh: 0 });
    });
  });

  describe("faulty readings are refused with file, line and what to do", () => {
    const good = hours(6).flatMap((start) => [`${start},a,1,0`, `${start},b,2,0`]);
    const cases: [string, string, number | undefined, RegExp][] = [
      ["an empty file", "", undefined, /is empty/],
      ["a header alone", `${HEADER}\n`, undefined, /no rows/],
      ["another header", `start,home,load_wh,solar_wh\n${good.join("\n")}\n`, 1, /'start' is not a column/],
      ["a missing column", `interval_start,home,load_wh\n2020-01-01T00:00,a,1\n`, 1, /'solar_wh' is missing/],
      ["a truncated row", csv(HEADER, good).slice(0, -4), 13, /3 cells.*cut off/],
      ["a word for a number", csv(HEADER, replaced(good, 2, "2020-01-01T01:00,a,many,0")), 4, /'many' in load_wh/],
      ["a fraction of a Wh", csv(HEADER, replaced(good, 2, "2020-01-01T01:00,a,1.5,0")), 4, /whole number/],
      ["NaN", csv(HEADER, replaced(good, 2, "2020-01-01T01:00,a,1,NaN")), 4, /'NaN' in solar_wh/],
      ["a negative load", csv(HEADER, replaced(good, 2, "2020-01-01T01:00,a,-1,0")), 4, /out of range/],
      ["more than a slot holds", csv(HEADER, replaced(good, 2, "2020-01-01T01:00,a,67108864,0")), 4, /out of range/],
      ["a duplicate", csv(HEADER, [...good, good[3] ?? ""]), 14, /second row/],
      ["a home without id", csv(HEADER, replaced(good, 2, "2020-01-01T01:00,,1,0")), 4, /id of a home/],
      ["a time that is none", csv(HEADER, replaced(good, 2, "2020-02-30T01:00,a,1,0")), 4, /not a local time/],
      ["a time with an offset", csv(HEADER, replaced(good, 2, "2020-01-01T01:00Z,a,1,0")), 4, /without an offset/],
      ["a year out of range", csv(HEADER, replaced(good, 2, "1970-01-01T01:00,a,1,0")), 4, /out of range/],
      [
        "a time between intervals",
        csv(HEADER, replaced(good, 2, "2020-01-01T01:17,a,1,0")),
        4,
        /not the start of an interval/,
      ],
      ["one interval only", csv(HEADER, good.slice(0, 2)), undefined, /one interval/],
      ["half an interval at the end", csv(HEADER, good.slice(0, -1)), 12, /breaks off.*'b'/],
      ["half a home at the end", csv(HEADER, [...byHome(good).slice(0, -1)]), 12, /breaks off.*'b'/],
      ["an open quote", csv(HEADER, replaced(good, 2, `2020-01-01T01:00,"a,1,0`)), 4, /no CSV/],
      [
        "a quote that another row seems to close",
        csv(HEADER, replaced(replaced(good, 2, `2020-01-01T01:00,"a,1,0`), 5, `2020-01-01T02:00,"b",1,0`)),
        4,
        /no CSV/,
      ],
    ];
    for (const [name, text, line, message] of cases) {
      it(name, async () => {
        const fault = await readingsFault(text);
        expect(fault.message).to.match(message);
        expect(fault.file).to.equal(join(folder, "readings.csv"));
        if (line !== undefined) expect(fault.message).to.include(`readings.csv:${line}: `);
        expect(fault.advice).to.have.length.above(10);
        expect(fault.exitCode).to.equal(2);
      });
    }

    it("a file in another encoding, with the line of what is no character", async () => {
      const path = join(folder, "readings.csv");
      const bytesOf: [Buffer, number][] = [
        [Buffer.from(`\u{feff}${csv(HEADER, good)}`, "utf16le"), 1],
        [Buffer.from(csv(HEADER, good), "utf16le"), 1], // without a byte order mark
        [Buffer.from(csv(HEADER, replaced(good, 2, "2020-01-01T01:00,Küche,1,0")), "latin1"), 4],
        [Buffer.concat([Buffer.from(csv(HEADER, good)), Buffer.from([0xc3])]), 14], // half a character at the end
      ];
      for (const [bytes, line] of bytesOf) {
        await writeFile(path, bytes);
        expect((await faultOf(readReadings(path, 0))).message).to.match(
          new RegExp(`csv:${line}: the file is not UTF-8`),
        );
      }
      await writeFile(path, `\u{feff}${csv(HEADER, good).replaceAll(",a,", ",Küche,")}`);
      expect((await readReadings(path, 0)).homes.map(({ home }) => home)).to.include("Küche");
    });

    it("a file that is not there", async () => {
      expect((await faultOf(readReadings(join(folder, "none.csv"), 0))).message).to.match(
        /none\.csv: there is no such file/,
      );
    });

    it("the Fontana file cut anywhere inside an interval", async () => {
      const text = await readFile(FONTANA.readings, "utf8");
      for (const share of [0.31, 0.5, 0.77]) {
        const cut = text.slice(0, Math.floor(text.length * share));
        expect((await readingsFault(cut)).message).to.match(/cut off|breaks off|not a local time/);
      }
    });

    it("an interval that is no part of a day, and an offset off the market's slots", async () => {
      const odd = Array.from({ length: 5 }, (_, index) => `2020-01-01T${clock(index * 7)},a,1,0`);
      expect((await readingsFault(csv(HEADER, odd))).message).to.match(/420 s long/);
      const path = await file("india.csv", csv(HEADER, good));
      expect((await faultOf(readReadings(path, 5.5 * 3600))).message).to.match(/^--utc-offset: /);
    });
  });

  describe("faulty tariffs are refused with file, line and what to do", () => {
    const good = hours(4).map((start) => `${start},0.2`);
    const cases: [string, string, number, RegExp][] = [
      [
        "a hole",
        csv(
          TARIFF_HEADER,
          good.filter((_, index) => index !== 2),
        ),
        3,
        /hole: no row for 2020-01-01T02:00/,
      ],
      ["a duplicate", csv(TARIFF_HEADER, [...good, good[1] ?? ""]), 6, /line 3 has a price/],
      ["a word for a price", csv(TARIFF_HEADER, replaced(good, 1, "2020-01-01T01:00,cheap")), 3, /'cheap'/],
      ["an exponent", csv(TARIFF_HEADER, replaced(good, 1, "2020-01-01T01:00,2e-1")), 3, /'2e-1'/],
      [
        "more decimals than a micro-credit",
        csv(TARIFF_HEADER, replaced(good, 1, "2020-01-01T01:00,0.2000001")),
        3,
        /6 decimals/,
      ],
      ["a negative price", csv(TARIFF_HEADER, replaced(good, 1, "2020-01-01T01:00,-0.2")), 3, /'-0.2'/],
      ["a price above 32 bits", csv(TARIFF_HEADER, replaced(good, 1, "2020-01-01T01:00,4295")), 3, /'4295'/],
      [
        "feed-in above retail",
        csv(
          `${TARIFF_HEADER},feed_in_usd_per_kwh`,
          good.map((row) => `${row},0.3`),
        ),
        2,
        /above retail/,
      ],
      [
        "a misspelt column",
        csv(
          `${TARIFF_HEADER},feed_in_usd`,
          good.map((row) => `${row},0.1`),
        ),
        1,
        /'feed_in_usd' is not/,
      ],
    ];
    for (const [name, text, line, message] of cases) {
      it(name, async () => {
        const fault = await tariffFault(text);
        expect(fault.message).to.match(message).and.to.include(`tariff.csv:${line}: `);
        expect(fault.advice).to.have.length.above(10);
      });
    }

    it("a tariff that doesn't cover the days", async () => {
      const tariff = await file(
        "early.csv",
        csv(
          TARIFF_HEADER,
          hours(24).map((start) => `${start},0.2`),
        ),
      );
      const fault = await faultOf(load({ tariff }));
      expect(fault.message).to.match(/early\.csv: the tariff has no price for 2016-09-14T00:00/);
    });
  });

  describe("Random", () => {
    it("gives the same stream for a seed, and another for another purpose", () => {
      const draw = (random: Random): number[] => Array.from({ length: 8 }, () => random.uint32());
      expect(draw(new Random(7))).to.deep.equal(draw(new Random("7")));
      expect(draw(new Random(7))).to.not.deep.equal(draw(new Random(8)));
      expect(draw(new Random(7).fork("a"))).to.not.deep.equal(draw(new Random(7).fork("b")));
    });

    it("stays within its bounds and reaches both ends", () => {
      fc.assert(
        fc.property(
          fc.integer(),
          fc.integer({ min: -50, max: 50 }),
          fc.integer({ min: 0, max: 5 }),
          (seed, low, size) => {
            const random = new Random(seed);
            const drawn = new Set(Array.from({ length: 200 }, () => random.between(low, low + size)));
            expect([...drawn].sort((a, b) => a - b)).to.deep.equal(
              Array.from({ length: size + 1 }, (_, index) => low + index),
            );
          },
        ),
      );
    });

    it("shuffles without losing an item", () => {
      const items = Array.from({ length: 50 }, (_, index) => index);
      const shuffled = new Random(3).shuffled(items);
      expect(shuffled).to.not.deep.equal(items);
      expect([...shuffled].sort((a, b) => a - b)).to.deep.equal(items);
    });
  });
});

async function faultOf(promise: Promise<unknown>): Promise<InputError> {
  const fault = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(fault).to.be.instanceOf(InputError);
  return fault as InputError;
}

function csv(header: string, rows: readonly string[]): string {
  return `${[header, ...rows].join("\n")}\n`;
}

function hours(count: number, date = "2020-01-01"): string[] {
  return Array.from({ length: count }, (_, hour) => `${date}T${clock(hour * 60)}`);
}

function clock(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}

function replaced(rows: readonly string[], at: number, row: string): string[] {
  return rows.map((old, index) => (index === at ? row : old));
}

function byHome(rows: readonly string[]): string[] {
  return [...rows].sort((one, two) => (one.split(",")[1] ?? "").localeCompare(two.split(",")[1] ?? ""));
}

function slotsOf(run: Neighbourhood): number[] {
  return Array.from({ length: run.slotCount }, (_, index) => run.firstSlot + index);
}

function dayOf(run: Neighbourhood): unknown[] {
  return run.homes.map((home) => [home.id, slotsOf(run).map((slot) => home.valueAt(slot))]);
}

import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import fc from "fast-check";

import { InputError } from "../../scripts/inputs/error.js";
import {
  fileSourceSchema,
  readCsvReadings,
  readFileSource,
  readNem12,
  readNem12Folder,
  type IntervalObservation,
} from "../../scripts/oracle/sources/index.js";
import { MAX_NEM12_BYTES } from "../../scripts/oracle/sources/nem12.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { energiesOf } from "../utils/registers.js";

const DATA = "data/nem12";
const ZONE = "+10:00";
/** Slots of an hour, of connections that carry whatever the files say. */
const HOURS = { slotSeconds: 3600n, isImportOnly: false, maxWatts: 1_000_000n };
const HEADER = "100,NEM12,202606010000,MDP1,RET1";

function sum(observations: readonly IntervalObservation[], direction: "importWh" | "exportWh"): bigint {
  return observations.reduce((total, observation) => total + (observation[direction] ?? 0n), 0n);
}

async function refusalOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return "accepted";
}

describe("NEM12 files", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-nem12-"));
  });
  after(() => rm(folder, { recursive: true }));

  async function file(lines: readonly string[], name = "file.csv"): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, `${lines.join("\r\n")}\r\n`);
    return path;
  }

  const stream = (suffix: string, { configuration = suffix, minutes = 30, unit = "kWh", serial = "M1" } = {}): string =>
    `200,NMI0000001,${configuration},${suffix},${suffix},N1,${serial},${unit},${minutes},`;
  const day = (values: readonly string[], { date = "20260601", quality = "A" } = {}): string =>
    `300,${date},${values.join(",")},${quality},,,20260602000000,`;
  const constant = (value: string, count = 48): string[] => Array<string>(count).fill(value);

  describe("of data/nem12", () => {
    it("read or are refused as their README says, each with its line", async () => {
      const { observations, refused } = await readFileSource({ format: "nem12", path: DATA, zone: ZONE });
      expect(refused.map(({ message }) => message.slice(0, message.indexOf(". ")))).to.deep.equal([
        `${DATA}/invalid-empty.csv:2: the file has no day of energy`,
        `${DATA}/invalid-incomplete_interval.csv:3: the record is not 48 values of 30 minutes and their quality`,
        `${DATA}/invalid-missing_header.csv:2: the file does not start with a header 100,NEM12`,
      ]);
      expect(new Set([...observations].map(({ place }) => place.file))).to.have.length(3);
    });

    it("have a month of import and export by 5 minutes, as the sums of their cells say", async () => {
      const path = `${DATA}/month_solar.csv`;
      const observations = [...(await readFileSource({ format: "nem12", path, zone: ZONE })).observations];
      expect(observations).to.have.length(31 * 288);
      expect(observations[0]).to.deep.include({
        kind: "interval",
        meter: "NMI1234567",
        serial: "SERNO1234",
        start: Date.UTC(2023, 1, 28, 14) / 1000,
        end: Date.UTC(2023, 1, 28, 14, 5) / 1000,
        status: ReadingStatus.Actual,
      });
      const cells = (suffix: string): bigint[] => {
        let current = "";
        return text.split(/\r?\n/).flatMap((line) => {
          const record = line.split(",");
          if (record[0] === "200") current = record[4] ?? "";
          if (record[0] !== "300" || current !== suffix) return [];
          return record.slice(2, 290).map((cell) => BigInt(Math.round(Number(cell) * 1000)));
        });
      };
      const text = await readFile(path, "utf8");
      expect(observations.map(({ importWh }) => importWh)).to.deep.equal(cells("E1"));
      expect(observations.map(({ exportWh }) => exportWh)).to.deep.equal(cells("B1"));
      const { slots, gaps } = energiesOf(observations, HOURS);
      expect([slots.length, gaps.length]).to.deep.equal([744, 0]);
      expect(slots.reduce((total, { exportWh }) => total + exportWh, 0n)).to.equal(589_172n);
    });

    it("have qualities by range: S and F are substituted", async () => {
      const observations = await readNem12(`${DATA}/multiple_quality.csv`, ZONE);
      const { Actual, Substituted } = ReadingStatus;
      expect(observations.map(({ quality }) => quality)).to.deep.equal([
        ...Array<string>(20).fill("F14"),
        ...Array<string>(4).fill("A"),
        ...Array<string>(24).fill("S14"),
      ]);
      expect(observations.map(({ status }) => status)).to.deep.equal(
        observations.map(({ quality }) => (quality === "A" ? Actual : Substituted)),
      );
      expect(observations[0]?.importWh).to.equal(18_023n);
      const substituted = await readNem12(`${DATA}/substituted_interval.csv`, ZONE);
      expect(substituted.every(({ status }) => status === Substituted)).to.be.true;
      expect(sum(substituted, "importWh")).to.equal(48n * 2_312n);
    });
  });

  it("add the streams of a direction, and need all that the configuration names", async () => {
    const configuration = "E1E2B1";
    const [e1, e2, b1] = ["E1", "E2", "B1"].map((suffix) => stream(suffix, { configuration }));
    const path = await file([HEADER, e1 ?? "", day(constant("1")), e2 ?? "", day(constant("0.25")), "900"]);
    const [observation] = await readNem12(path, ZONE);
    expect(observation).to.deep.include({ importWh: 1_250n, exportWh: undefined });
    const without = await file([HEADER, e1 ?? "", day(constant("1")), b1 ?? "", day(constant("2")), "900"]);
    expect((await readNem12(without, ZONE))[0]).to.deep.include({ importWh: undefined, exportWh: 2_000n });
  });

  it("take no export from a point that has no stream of it, and none of other units", async () => {
    const configuration = "E1Q1";
    const reactive = [stream("Q1", { configuration, unit: "kVArh" }), day(constant("-2.5"))];
    const path = await file([HEADER, stream("E1", { configuration }), day(constant("1")), ...reactive, "900"]);
    const observations = await readNem12(path, ZONE);
    expect(observations).to.have.length(48);
    expect(observations[0]).to.deep.include({ importWh: 1_000n, exportWh: 0n });
  });

  it("lose no fraction of a Wh: a day is the sum of its values, rounded down", async () => {
    const value = fc.nat(99_999_999);
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 96, maxLength: 96 }), async (values) => {
        const texts = values.map((tenth) => `${Math.floor(tenth / 10_000)}.${String(tenth % 10_000).padStart(4, "0")}`);
        const path = await file([HEADER, stream("E1", { minutes: 15 }), day(texts), "900"], "fractions.csv");
        const total = values.reduce((all, tenth) => all + BigInt(tenth), 0n);
        const observations = await readNem12(path, ZONE);
        expect(sum(observations, "importWh")).to.equal(total / 10n);
        for (const [at, { importWh }] of observations.entries()) {
          const own = BigInt(values[at] ?? 0) / 10n;
          expect([own, own + 1n]).to.include(importWh);
        }
      }),
      { numRuns: 20 },
    );
  });

  it("leave out what is null data (N), and say what is estimated", async () => {
    const qualities = ["400,47,48,N,,", "400,1,46,E52,,"]; // in any order
    const path = await file([HEADER, stream("E1"), day(constant("1"), { quality: "V" }), ...qualities, "900"]);
    const observations = await readNem12(path, ZONE);
    expect(observations).to.have.length(46);
    expect(observations.every(({ status }) => status === ReadingStatus.Estimated)).to.be.true;
    const { slots, gaps } = energiesOf(observations, HOURS);
    expect([slots.length, gaps.length]).to.deep.equal([23, 0]);
  });

  it("may change the meter or the length of intervals from one day to the next", async () => {
    const next = { date: "20260602" };
    const path = await file([
      HEADER,
      stream("E1"),
      day(constant("1")),
      "500,O,S01,20260602000000,1234",
      stream("E1", { minutes: 5, serial: "M2" }),
      day(constant("0.1", 288), next),
      "900",
    ]);
    const observations = await readNem12(path, ZONE);
    expect(observations.map(({ serial }) => serial)).to.deep.equal([...constant("M1"), ...constant("M2", 288)]);
  });

  const good = [HEADER, stream("E1"), day(constant("1")), "900"];
  const faults: [string, string[], RegExp][] = [
    ["another format", ["100,NEM13,202606010000,MDP1,RET1", "900"], /:1: .*100,NEM12/],
    ["no end", good.slice(0, 3), /:3: the file breaks off: its end \(900\) is missing/],
    ["records after the end", [...good, ...good], /:5: a record follows the end/],
    ["a day without a stream", [HEADER, day(constant("1")), "900"], /:2: a record '300' can't stand here/],
    ["a range without a day", [HEADER, stream("E1"), "400,1,48,A,,", "900"], /:3: a record '400' can't stand here/],
    ["an unknown record", [HEADER, "700,x", "900"], /:2: a record '700'/],
    ["too many cells", [HEADER, stream("E1"), `${day(constant("1"))},x`, "900"], /:3: the record is not 48 values/],
    ["too few values", [HEADER, stream("E1"), day(constant("1", 47)), "900"], /:3: the record is not 48 values/],
    [
      "values of another length",
      [HEADER, stream("E1", { minutes: 15 }), day(constant("1")), "900"],
      /not 96 values of 15/,
    ],
    ["a length that is none", [HEADER, stream("E1", { minutes: 10 }), "900"], /:2: the interval length '10' is not/],
    ["a negative value", [HEADER, stream("E1"), day(constant("-1")), "900"], /:3: -1 kWh is out of range/],
    ["NaN", [HEADER, stream("E1"), day(constant("NaN")), "900"], /:3: 'NaN' is not an energy/],
    ["1e308", [HEADER, stream("E1"), day(constant("1e308")), "900"], /:3: '1e308' is not an energy/],
    ["an empty value", [HEADER, stream("E1"), day(constant("")), "900"], /:3: '' is not an energy/],
    ["a unit that is no energy", [HEADER, stream("E1", { unit: "kW" }), "900"], /:2: 'kW' is not a unit of energy/],
    ["a suffix out of its configuration", [HEADER, stream("E1", { configuration: "B1" }), "900"], /:2: the suffix E1/],
    [
      "an unknown quality",
      [HEADER, stream("E1"), day(constant("1"), { quality: "X" }), "900"],
      /:3: the record is not/,
    ],
    [
      "a quality left open",
      [HEADER, stream("E1"), day(constant("1"), { quality: "V" }), "400,1,47,A,,", "900"],
      /:3: .*interval 48/,
    ],
    ["a range outside the day", [...good.slice(0, 3), "400,40,49,A,,", "900"], /:4: '40' to '49' is not a range/],
    ["a range the wrong way", [...good.slice(0, 3), "400,9,8,A,,", "900"], /:4: '9' to '8' is not a range/],
    ["a range of varying quality", [...good.slice(0, 3), "400,1,48,V,,", "900"], /:4: 'V' is not the quality/],
    ["a day twice", [...good.slice(0, 3), day(constant("2")), "900"], /:4: NMI0000001 E1 has this day twice/],
    [
      "the 31st of June",
      [HEADER, stream("E1"), day(constant("1"), { date: "20260631" }), "900"],
      /:3: .*not a local time/,
    ],
    ["1970", [HEADER, stream("E1"), day(constant("1"), { date: "19700101" }), "900"], /:3: .*out of range/],
    ["2100", [HEADER, stream("E1"), day(constant("1"), { date: "21000101" }), "900"], /:3: .*out of range/],
    ["nothing", [], /the file is empty/],
  ];
  for (const [what, lines, reason] of faults) {
    it(`are refused with ${what}`, async () =>
      expect(await refusalOf(readNem12(await file(lines), ZONE))).to.match(reason));
  }

  it("are refused where their streams disagree on a day", async () => {
    const configuration = "E1B1";
    for (const other of [
      [stream("B1", { configuration, minutes: 15 }), day(constant("1", 96)), "900"],
      [stream("B1", { configuration, serial: "M2" }), day(constant("1")), "900"],
    ]) {
      const path = await file([HEADER, stream("E1", { configuration }), day(constant("1")), ...other]);
      expect(await refusalOf(readNem12(path, ZONE))).to.match(/:5: .*another interval length or meter/);
    }
  });

  it("are refused without a zone, with one that has summer time, or where they are not there", async () => {
    const path = await file(good);
    expect(await refusalOf(readNem12(path, undefined))).to.match(/there is no time zone/);
    expect(await refusalOf(readNem12(path, "Australia/Sydney"))).to.match(/may change in the year.*\+10:00/);
    expect(await refusalOf(readNem12(path, "+10:07"))).to.match(/is not a time zone/);
    expect(await refusalOf(readNem12(join(folder, "none.csv"), ZONE))).to.match(/no such file/);
    expect(await refusalOf(readNem12Folder(join(folder, "none"), ZONE))).to.match(/the folder can't be read/);
    expect(fileSourceSchema.safeParse({ type: "files", format: "nem12", path }).success).to.be.false;
  });

  it("are refused where they are too large to be one", async () => {
    const path = await file(good, "large.csv");
    await truncate(path, MAX_NEM12_BYTES + 1);
    expect(await refusalOf(readNem12(path, ZONE))).to.match(/67108865 bytes. Split it/);
    await rm(path);
  });

  it("of a folder are all read but those that are refused", async () => {
    const mixed = join(folder, "mixed");
    await cp(DATA, mixed, { recursive: true });
    await writeFile(join(mixed, "notes.txt"), "not read");
    const { observations, refused } = await readNem12Folder(mixed, ZONE);
    expect([[...observations].length, refused.length]).to.deep.equal([31 * 288 + 48 + 48, 3]);
    expect(await readdir(mixed)).to.include("notes.txt");
  });
});

describe("CSV files of the form of data/fontana", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-csv-"));
  });
  after(() => rm(folder, { recursive: true }));

  const rows = ["interval_start,home,load_wh,solar_wh", "2016-09-14T07:00,a,500,200", "2016-09-14T08:00,b,1,9"];

  it("say what a meter at the grid connection counted, in the zone that is named", async () => {
    const path = join(folder, "readings.csv");
    await writeFile(path, `${rows.join("\n")}\n`);
    const observations = [...(await readCsvReadings(path, "-08:00"))];
    expect(
      observations.map(({ meter, start, end, importWh, exportWh }) => [meter, start, end, importWh, exportWh]),
    ).to.deep.equal([
      ["a", Date.UTC(2016, 8, 14, 15) / 1000, Date.UTC(2016, 8, 14, 16) / 1000, 300n, 0n],
      ["b", Date.UTC(2016, 8, 14, 16) / 1000, Date.UTC(2016, 8, 14, 17) / 1000, 0n, 8n],
    ]);
    expect(await refusalOf(readCsvReadings(path, "America/Los_Angeles"))).to.match(/may change in the year/);
  });

  it("have all of Fontana", async () => {
    let count = 0;
    const path = "data/fontana/readings.csv";
    const { observations } = await readFileSource({ format: "csv", path, zone: "-08:00" });
    for (const { meter } of observations) count += meter === "" ? 0 : 1;
    expect(count).to.equal(75_072);
  });

  it("are refused with their line", async () => {
    const path = join(folder, "negative.csv");
    await writeFile(path, `${rows.join("\n")}\n2016-09-14T09:00,a,-5,0\n`);
    expect(await refusalOf(readCsvReadings(path, "-08:00"))).to.match(
      /negative\.csv:4: -5 Wh in load_wh is out of range/,
    );
  });
});

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { Metering } from "../../scripts/simulate/metering.js";
import type { SimulateOptions } from "../../scripts/simulate/options.js";
import { jsonLine } from "../../scripts/simulate/output.js";
import {
  optionsOf,
  parseSettlements,
  runSimulation,
  writeReadings,
  writeTariff,
  type CsvCells,
  type FinishedRun,
} from "../utils/simulation.js";

/** As issue 3, section 5 has them. */
const COLUMNS =
  "slot_start,home,import_wh,export_wh,status,community_bought_wh,community_sold_wh,grid_import_wh,grid_export_wh," +
  "price_micro_per_kwh,paid_micro,received_micro,fees_micro,bond_paid_micro,bond_received_micro";
const WHOLE_NUMBER_COLUMNS = COLUMNS.split(",").filter(
  (column) => !["slot_start", "home", "status", "price_micro_per_kwh"].includes(column),
);

function figure(row: CsvCells, column: string): bigint {
  return BigInt(row[column] ?? "no such column");
}

/** The clock that the oracle asks for each reading, slower than it would wait for more to come. */
function slowly(now: () => number): () => number {
  return () => {
    const until = Date.now() + 30;
    while (Date.now() < until);
    return now();
  };
}

function total(rows: readonly CsvCells[], column: string): bigint {
  return rows.reduce((sum, row) => sum + figure(row, column), 0n);
}

/** What a row changes on the home's account (market rules, last section). */
function changeOf(row: CsvCells): bigint {
  const of = (column: string): bigint => figure(row, column);
  return of("received_micro") - of("paid_micro") - of("fees_micro") - of("bond_paid_micro") + of("bond_received_micro");
}

function rowsBy(rows: readonly CsvCells[], column: string): Map<string, CsvCells[]> {
  const groups = new Map<string, CsvCells[]>();
  for (const row of rows) groups.set(row[column] ?? "", [...(groups.get(row[column] ?? "") ?? []), row]);
  return groups;
}

/** The checks that hold of every run: the identities of the rules' last section, without a look into the audit. */
function itKeepsTheIdentities(runOf: () => FinishedRun): void {
  const rows = (): CsvCells[] => parseSettlements(runOf().csv);

  it("has the columns of the issue, in whole Wh and micro-credits", () => {
    expect(runOf().csv.split("\n", 1)[0]).to.equal(COLUMNS);
    for (const row of rows()) {
      for (const column of WHOLE_NUMBER_COLUMNS) expect(row[column], column).to.match(/^\d+$/);
      expect(row["price_micro_per_kwh"]).to.match(/^\d*$/);
    }
  });

  it("has a row for each home and slot", () => {
    const { plan } = runOf();
    const keys = rows().map((row) => `${row["slot_start"] ?? ""} ${row["home"] ?? ""}`);
    expect(new Set(keys).size).to.equal(keys.length);
    const slots = Array.from({ length: plan.inputs.slotCount }, (_, index) => plan.inputs.firstSlot + index);
    const expected = slots.flatMap((slot) => plan.inputs.homes.map(({ id }) => `${plan.inputs.startText(slot)} ${id}`));
    expect([...keys].sort()).to.deep.equal(expected.sort());
  });

  it("import - export = bought - sold + grid import - grid export", () => {
    for (const row of rows()) {
      const of = (column: string): bigint => figure(row, column);
      expect(of("import_wh") - of("export_wh"), JSON.stringify(row)).to.equal(
        of("community_bought_wh") - of("community_sold_wh") + of("grid_import_wh") - of("grid_export_wh"),
      );
      expect(of("community_sold_wh") <= of("export_wh")).to.equal(true);
      expect(of("community_bought_wh") === 0n || of("community_sold_wh") === 0n, "one side per slot").to.equal(true);
      expect(row["price_micro_per_kwh"] === "").to.equal(of("community_bought_wh") + of("community_sold_wh") === 0n);
    }
  });

  it("sum bought = sum sold in each slot, and something is traded", () => {
    for (const [slot, own] of rowsBy(rows(), "slot_start")) {
      expect(total(own, "community_bought_wh"), slot).to.equal(total(own, "community_sold_wh"));
    }
    expect(total(rows(), "community_bought_wh") > 0n).to.equal(true);
  });

  it("received - paid - fees - bond paid + bond received = the change of each home's credits", () => {
    const { before, after, unfinished } = runOf();
    expect(unfinished, "homes with locked, held or owed credits at the end").to.deep.equal([]);
    for (const [home, own] of rowsBy(rows(), "home")) {
      const change = own.reduce((sum, row) => sum + changeOf(row), 0n);
      expect((after.get(home) ?? 0n) - (before.get(home) ?? 0n), home).to.equal(change);
    }
  });

  it("credits issued are credits held, and the audit finds no difference", () => {
    const { result } = runOf();
    expect(result.firstDifference).to.equal(undefined);
    expect(result.auditDifferences).to.equal(0);
    expect(result.auditChecks).to.be.greaterThan(100);
    expect(result.creditsHeldMicro).to.equal(result.creditsIssuedMicro);
    expect(result.creditsIssuedMicro > 0n).to.equal(true);
  });

  it("its blocks are made by elected accountants in turn, whose fees and voters' shares are all that was booked", () => {
    const { accountants, poolMicro } = runOf().result.accounting;
    const elected = accountants.filter(({ seat }) => seat === "elected");
    expect(elected.length, "more than the four founders").to.be.above(4);
    expect(accountants.some(({ seat }) => seat === "founder")).to.equal(false);
    for (const { name, blocks, weightMicro } of elected) {
      expect(blocks, name).to.be.above(0);
      expect(weightMicro > 0n, name).to.equal(true);
    }
    const booked = accountants.reduce(
      (sum, { earnedMicro, votersEarnedMicro }) => sum + earnedMicro + votersEarnedMicro,
      0n,
    );
    expect(booked > 0n).to.equal(true);
    expect(poolMicro).to.equal(0n);
  });

  it("the totals are those of the rows", () => {
    const { homes, slots } = runOf().result;
    const sumOf = (values: readonly bigint[]): bigint => values.reduce((sum, value) => sum + value, 0n);
    const imports = total(rows(), "import_wh");
    expect(sumOf(homes.map(({ importWh }) => importWh))).to.equal(imports);
    expect(sumOf(slots.map(({ importWh }) => importWh))).to.equal(imports);
    const bought = total(rows(), "community_bought_wh");
    expect(sumOf(slots.map(({ communityWh }) => communityWh))).to.equal(bought);
    expect(-sumOf(homes.map(({ netCostMicro }) => netCostMicro))).to.equal(
      rows().reduce((sum, row) => sum + changeOf(row), 0n),
    );
  });
}

describe("A whole day", function () {
  this.timeout(240_000);
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-day-"));
  });
  after(() => rm(folder, { recursive: true }));

  describe("of the 17 Fontana homes", () => {
    let run: FinishedRun;
    before(async () => {
      run = await runSimulation(optionsOf());
    });

    itKeepsTheIdentities(() => run);

    it("is a September weekday in 24 hours, its slots as the file writes them", () => {
      const starts = [...rowsBy(parseSettlements(run.csv), "slot_start").keys()];
      expect(starts).to.have.lengthOf(24);
      expect(starts[0]).to.equal("2016-09-14T00:00");
      expect(run.result.homes).to.have.lengthOf(17);
    });

    it("meters what the file says", () => {
      for (const row of parseSettlements(run.csv).filter(({ status }) => status === "actual")) {
        const home = run.plan.inputs.homes.find(({ id }) => id === row["home"]);
        const slot = run.result.slots.find(({ start }) => start === row["slot_start"])?.slot ?? 0;
        const { importWh, exportWh } = home?.valueAt(slot) ?? { importWh: -1, exportWh: -1 };
        expect([row["import_wh"], row["export_wh"]]).to.deep.equal([`${importWh}`, `${exportWh}`]);
      }
    });

    it("stands on three feeders of two districts, and trades at every level of the grid but bilaterally", () => {
      const [city] = run.plan.grid.cities;
      expect(city?.districts).to.have.lengthOf(2);
      expect(city?.districts.flatMap(({ feeders }) => feeders)).to.have.lengthOf(3);
      const traded = (level: "feeder" | "district" | "city"): boolean =>
        run.result.slots.some(({ deliveredByLevelWh }) => deliveredByLevelWh[level] > 0n);
      expect([traded("feeder"), traded("district"), traded("city")]).to.deep.equal([true, true, true]);
    });
  });

  describe("of six homes in quarters of a day", () => {
    let options: SimulateOptions;
    let run: FinishedRun;
    const homes = ["north 1", "north 2", "north 3", "south 1", "south 2", "south 3"];

    before(async () => {
      const fixture = { homes, slotSeconds: 21_600, days: 4 };
      const files = { readings: await writeReadings(folder, fixture), tariff: await writeTariff(folder, fixture) };
      options = optionsOf({ ...files, utcOffset: 0, from: "2024-03-07", silence: 0.3 });
      run = await runSimulation(options);
    });

    itKeepsTheIdentities(() => run);

    it("gives the same bytes for the same seed, others for another", async () => {
      expect((await runSimulation(options)).csv).to.equal(run.csv);
      expect((await runSimulation({ ...options, seed: 2 })).csv).to.not.equal(run.csv);
    });

    it("makes the same transactions and checks however slowly readings come", async () => {
      const slow = await runSimulation(options, (parts) => Metering.start({ ...parts, now: slowly(parts.now) }));
      expect(jsonLine(slow.result)).to.equal(jsonLine(run.result));
    });

    it("takes the metering operator's estimates for silent meters", () => {
      const rows = parseSettlements(run.csv);
      const silent = rows.filter((row) => {
        const slot = run.result.slots.find(({ start }) => start === row["slot_start"])?.slot ?? 0;
        return run.plan.inputs.homes.find(({ id }) => id === row["home"])?.valueAt(slot) === undefined;
      });
      expect(silent).to.have.length.greaterThan(0);
      expect(new Set(silent.map(({ status }) => status))).to.deep.equal(new Set(["estimated"]));
      expect(rows.filter(({ status }) => status === "estimated")).to.have.lengthOf(silent.length);
    });

    describe("when nobody estimates", () => {
      let unread: FinishedRun;
      before(async () => {
        unread = await runSimulation(options, async (parts) => {
          const metering = await Metering.start(parts);
          return {
            report: (slots) => metering.report(slots),
            fillGaps: () => Promise.resolve(),
            stop: () => metering.stop(),
          };
        });
      });

      itKeepsTheIdentities(() => unread);

      it("settles silent meters as missing: no export, and at least the connection's Wh", () => {
        const rows = parseSettlements(unread.csv);
        const estimated = parseSettlements(run.csv).filter(({ status }) => status === "estimated");
        const missing = rows.filter(({ status }) => status === "missing");
        expect(missing.map((row) => [row["slot_start"], row["home"]])).to.deep.equal(
          estimated.map((row) => [row["slot_start"], row["home"]]),
        );
        const connections = new Map(
          unread.plan.grid.cities
            .flatMap(({ districts }) => districts.flatMap(({ feeders }) => feeders))
            .flatMap((feeder) => feeder.homes.map((home) => [home.home, BigInt(home.connectionWh)] as const)),
        );
        for (const row of missing) {
          const connectionWh = connections.get(row["home"] ?? "") ?? 0n;
          const bought = figure(row, "community_bought_wh");
          expect(figure(row, "import_wh")).to.equal(bought > connectionWh ? bought : connectionWh);
          expect([row["export_wh"], row["community_sold_wh"]]).to.deep.equal(["0", "0"]);
        }
      });
    });
  });
});

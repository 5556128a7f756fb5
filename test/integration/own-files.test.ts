import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { readGrid } from "../../scripts/grid/index.js";
import { runCommand, type CommandResult } from "../utils/command.js";
import { fixtureTimes, parseSettlements, writeReadings, writeTariff, type CsvCells } from "../utils/simulation.js";

/** Ids as people may have them: spaces, commas, quotes, other scripts, markup. */
const HOMES = ["Haus am See, 1. Stock", 'the "old" mill', "Дом №5 🏠 <b>&"];
const FIXTURE = { homes: HOMES, slotSeconds: 1_800, days: 2, from: "2031-01-30" };
const WANTED = 5;

describe("npm start on files that are not in the repository", function () {
  this.timeout(180_000);
  let folder: string;
  let result: CommandResult;
  let rows: CsvCells[];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-own-"));
    const readings = await writeReadings(folder, FIXTURE);
    const tariff = await writeTariff(folder, FIXTURE, { retail: "1.75", feedIn: "0.05" });
    const files = ["--readings", readings, "--tariff", tariff, "--utc-offset", "0", "--out", join(folder, "out")];
    const choice = ["--from", "2031-01-30", "--days", "2", "--homes", String(WANTED), "--seed", "6", "--json"];
    result = await runCommand("simulate", [...files, ...choice]);
    if (result.code === 0) rows = parseSettlements(await readFile(join(folder, "out", "settlements.csv"), "utf8"));
  });
  after(() => rm(folder, { recursive: true }));

  it("runs to its end, with nothing but its seed known before, and audits without a difference", () => {
    expect(result.stderr).to.equal("");
    expect(result.code).to.equal(0);
    const line = JSON.parse(result.stdout.trimEnd().split("\n").at(-1) ?? "") as Record<string, unknown>;
    expect(line).to.deep.include({ homes: WANTED, slots: 96, seed: 6, auditDifferences: 0 });
    expect(line["creditsIssuedMicro"]).to.equal(line["creditsHeldMicro"]);
    expect(line["communityWh"]).to.be.greaterThan(0);
  });

  it("keeps the file's ids and times", () => {
    expect([...new Set(rows.map((row) => row["slot_start"]))]).to.deep.equal(fixtureTimes(FIXTURE));
    const homes = [...new Set(rows.map((row) => row["home"] ?? ""))];
    expect(homes).to.include.members(HOMES);
    expect(homes).to.have.lengthOf(WANTED);
    expect(rows).to.have.lengthOf(96 * WANTED);
  });

  it("labels homes that are not the file's", async () => {
    const copies = [...new Set(rows.map((row) => row["home"] ?? ""))].filter((home) => !HOMES.includes(home));
    expect(copies).to.have.lengthOf(WANTED - HOMES.length);
    for (const copy of copies) {
      expect(HOMES.some((home) => copy.startsWith(`${home}~`))).to.equal(true);
      expect(result.stdout).to.include(`${copy}*`);
    }
    expect(await readFile(join(folder, "out", "report.html"), "utf8")).to.not.include("<b>&");
  });

  it("trades between the tariff's own feed-in and retail", () => {
    const prices = rows.map((row) => row["price_micro_per_kwh"] ?? "").filter((price) => price !== "");
    expect(prices.length).to.be.greaterThan(0);
    for (const price of prices) expect(Number(price)).to.be.within(50_000, 1_750_000);
  });

  it("writes three files beside the vaults' ciphertext, and a grid that can be read again", async () => {
    const written = ["grid.json", "report.html", "settlements.csv", "simulated-vaults"];
    expect((await readdir(join(folder, "out"))).sort()).to.deep.equal(written);
    const grid = await readGrid(join(folder, "out", "grid.json"));
    const feeders = grid.cities.flatMap(({ districts }) => districts.flatMap((district) => district.feeders));
    expect(feeders.flatMap(({ homes }) => homes)).to.have.lengthOf(WANTED);
  });
});

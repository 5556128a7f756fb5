import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";

import { expect } from "chai";
import { chromium } from "playwright-core";

import { billStatement, PostingNotes } from "../../scripts/audit/statements/bill.js";
import { foldBooks, type Books } from "../../scripts/audit/statements/books.js";
import { statementPage } from "../../scripts/audit/statements/show.js";
import type { Statement } from "../../scripts/audit/statements/statement.js";
import type { HomeBill, SimulationResult } from "../../scripts/simulate/result.js";
import { Simulation } from "../../scripts/simulate/run.js";
import { slotLengthOf } from "../../sdk/actions/market.js";
import { BILL_SUMS } from "../../sdk/bill-sums.js";
import { readEvents } from "../../sdk/events.js";
import { optionsOf, writeReadings, writeTariff } from "../utils/simulation.js";

const BROWSER = ["chromium", "chromium-browser", "google-chrome"]
  .flatMap((name) => (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, name)))
  .find((path) => existsSync(path));

/** A4 at 96 dots an inch. */
const A4 = { width: 794, height: 1123 };

describe("A simulated run's bills, stated from events alone", function () {
  this.timeout(240_000);
  let folder: string;
  let simulation: Simulation;
  let result: SimulationResult;
  const bills = new Map<string, Statement>();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-statements-"));
    const fixture = { homes: ["east", "west", "attic", "cellar"], slotSeconds: 21_600, days: 5 };
    const files = { readings: await writeReadings(folder, fixture), tariff: await writeTariff(folder, fixture) };
    const quiet = (): void => undefined;
    simulation = new Simulation(optionsOf({ ...files, utcOffset: 0, from: "2024-03-07", days: 2, silence: 0.3 }));
    await simulation.load();
    await simulation.open();
    await simulation.admit(quiet);
    await simulation.trade(quiet);
    ({ result } = await simulation.audit(quiet));
    const { network, neighbourhood } = simulation.embedded ?? {};
    if (network === undefined || neighbourhood === undefined) throw new Error("the run is not embedded");
    const { transaction } = network;
    const events = readEvents(transaction, {
      fromBlock: transaction.deployment.deploymentBlock,
      toBlock: await transaction.provider.getBlockNumber(),
    });
    const notes = new PostingNotes();
    const state = await foldBooks(transaction, events, notes);
    const books: Books<PostingNotes> = { state, notes, slotSeconds: await slotLengthOf(transaction) };
    const period = { from: 0n, to: 1n << 40n, offsetSeconds: 0n };
    for (const { home, chain } of neighbourhood.homes) {
      bills.set(home, billStatement(books, { home: chain.signer.address, period, by: "day" }));
    }
  });
  after(async () => {
    await simulation.close();
    await rm(folder, { recursive: true });
  });

  it("are those of the run, in every sum, to the Wh and the micro-credit", () => {
    expect(result.homes).to.have.lengthOf(4);
    for (const home of result.homes) {
      const bill = bills.get(home.home);
      expect(bill?.differences, home.home).to.deep.equal([]);
      const total = bill?.tables.at(-1)?.total;
      for (const field of [...BILL_SUMS, "netCostMicro"] as const satisfies readonly (keyof HomeBill)[]) {
        expect(total?.[field], `${home.home} ${field}`).to.equal(home[field]);
      }
    }
    expect(result.homes.some(({ communityBoughtWh }) => communityBoughtWh > 0n)).to.equal(true);
    expect(result.homes.some(({ slotsNotActual }) => slotsNotActual > 0)).to.equal(true);
  });

  it("print on A4 in a real browser: nothing is cut off, nothing is loaded", async function () {
    if (BROWSER === undefined) return this.skip();
    const file = join(folder, "bill.html");
    const [bill] = bills.values();
    if (bill === undefined) throw new Error("there is no bill");
    await writeFile(file, statementPage(bill));
    const browser = await chromium.launch({ executablePath: BROWSER, args: ["--no-sandbox", "--disable-gpu"] });
    try {
      const page = await browser.newPage({ viewport: A4 });
      const requests: string[] = [];
      page.on("request", (request) => requests.push(request.url()));
      await page.emulateMedia({ media: "print" });
      await page.goto(pathToFileURL(file).href);
      expect(requests).to.deep.equal([pathToFileURL(file).href]);
      const widths = await page.evaluate(
        "[document.documentElement, ...document.querySelectorAll('.scroll')].map((e) => [e.scrollWidth, e.clientWidth])",
      );
      for (const [needed = 0, given = 0] of widths as number[][]) expect(needed).to.be.at.most(given);
      expect(await page.locator("table").count()).to.equal(3);
      const cost = await page.locator("table").first().locator("tfoot td").last().innerText();
      expect(cost).to.match(/^-?\d+\.\d{6}$/);
    } finally {
      await browser.close();
    }
  });
});

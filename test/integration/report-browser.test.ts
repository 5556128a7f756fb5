import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";

import { expect } from "chai";
import { chromium, type Browser, type Page } from "playwright-core";

import { reportPage } from "../../scripts/simulate/report/page.js";
import { optionsOf, runSimulation, writeReadings, writeTariff } from "../utils/simulation.js";

/** A browser of the machine: `npm test` installs none, `.ci/run` does. */
const BROWSER = ["chromium", "chromium-browser", "google-chrome"]
  .flatMap((name) => (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, name)))
  .find((path) => existsSync(path));

const HOMES = ["east", "west", "<b>attic</b>"];

describe("The report in a real browser", function () {
  this.timeout(240_000);
  let folder: string;
  let browser: Browser;
  let url: string;

  before(async function () {
    if (BROWSER === undefined) return this.skip();
    folder = await mkdtemp(join(tmpdir(), "commonwatt-report-"));
    const fixture = { homes: HOMES, slotSeconds: 21_600, days: 2 };
    const files = { readings: await writeReadings(folder, fixture), tariff: await writeTariff(folder, fixture) };
    const { result } = await runSimulation(optionsOf({ ...files, utcOffset: 0 }));
    const file = join(folder, "report.html");
    await writeFile(file, reportPage(result));
    url = pathToFileURL(file).href;
    browser = await chromium.launch({ executablePath: BROWSER, args: ["--no-sandbox", "--disable-gpu"] });
  });
  after(async () => {
    if (BROWSER === undefined) return;
    await browser.close();
    await rm(folder, { recursive: true });
  });

  /** Opens the page at a width; returns it with what it asked for and complained about. */
  async function open(width: number): Promise<{ page: Page; requests: string[]; complaints: string[] }> {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    const [requests, complaints]: [string[], string[]] = [[], []];
    page.on("request", (request) => requests.push(request.url()));
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(url);
    return { page, requests, complaints };
  }

  for (const width of [1280, 390]) {
    describe(`${width} pixels wide`, () => {
      let opened: Awaited<ReturnType<typeof open>>;
      before(async () => {
        opened = await open(width);
      });
      after(async () => {
        if (BROWSER !== undefined) await opened.page.close();
      });

      it("loads nothing but itself, and nothing is wrong with it", () => {
        expect(opened.requests).to.deep.equal([url]);
        expect(opened.complaints).to.deep.equal([]);
      });

      it("draws four plots in full size, with text in them that can be read", async () => {
        const plots = await opened.page.locator("section svg").all();
        expect(plots).to.have.lengthOf(4);
        for (const plot of plots) {
          const box = await plot.boundingBox();
          expect(box?.width ?? 0).to.be.at.least(900);
          expect(box?.height ?? 0).to.be.at.least(100); // that of the flows grows with their number
          const texts = await plot.locator("text").all();
          expect(texts.length).to.be.greaterThan(3);
          for (const text of texts) {
            const letters = await text.boundingBox();
            expect(letters?.height ?? 0, (await text.textContent()) ?? "").to.be.at.least(10);
          }
        }
      });

      it("scrolls its plots and tables, never the page, sideways", async () => {
        const widths = await opened.page.evaluate("[document.documentElement.scrollWidth, innerWidth]");
        const [page = 0, window = 0] = widths as number[];
        expect(page).to.be.at.most(window);
      });

      it("shows each home's row, ids as text", async () => {
        const cells = await opened.page.locator("tbody tr td:first-child").allInnerTexts();
        expect(cells).to.include.members(HOMES);
        expect(await opened.page.locator("td b").count()).to.equal(0);
      });
    });
  }
});

import { expect } from "chai";

import { billHomes, costWithoutMarket } from "../../scripts/simulate/bills.js";
import { settlementsCsv } from "../../scripts/simulate/csv.js";
import { showCredits, showKwh, showShare } from "../../scripts/simulate/format.js";
import { jsonLine } from "../../scripts/simulate/output.js";
import { reportPage } from "../../scripts/simulate/report/page.js";
import type { HomeSlot, SimulationResult } from "../../scripts/simulate/result.js";
import { accountantsTable, billsTable, totalsText } from "../../scripts/simulate/table.js";
import { parseSettlements } from "../utils/simulation.js";

/** An id that would be markup, break a CSV and end a script. */
const EVIL = `"><script>alert('x')</script>,\u{1F3E0} & co`;
const PLAIN = "7";

function row(home: string, slot: number, changes: Partial<HomeSlot> = {}): HomeSlot {
  return {
    slot,
    home,
    madeWh: 0n,
    status: "actual",
    importWh: 1_000n,
    exportWh: 0n,
    communityBoughtWh: 400n,
    communitySoldWh: 0n,
    gridImportWh: 600n,
    gridExportWh: 0n,
    pricePerKwh: 200_000n,
    paidMicro: 260_000n,
    receivedMicro: 0n,
    feesMicro: 1_600n,
    bondPaidMicro: 0n,
    bondReceivedMicro: 10n,
    withoutMarketMicro: 300_000n,
    ...changes,
  };
}

const SELLING: Partial<HomeSlot> = {
  madeWh: 2_500n,
  importWh: 0n,
  exportWh: 2_000n,
  communityBoughtWh: 0n,
  communitySoldWh: 400n,
  gridImportWh: 0n,
  gridExportWh: 1_600n,
  paidMicro: 0n,
  receivedMicro: 272_000n,
  feesMicro: 0n,
  bondReceivedMicro: 0n,
  bondPaidMicro: 10n,
  withoutMarketMicro: -240_000n,
};
const ROWS = [row(PLAIN, 1), row(EVIL, 1, SELLING), row(PLAIN, 2, { status: "estimated", pricePerKwh: undefined })];
const HOMES = [
  { home: PLAIN, feeder: "feeder 1", resampled: false },
  { home: EVIL, feeder: "<b>feeder</b>", resampled: true },
];

const ACCOUNTING: SimulationResult["accounting"] = {
  accountants: [
    {
      name: "<i>Accountant 1</i>",
      node: "0x00000000000000000000000000000000000000A1",
      seat: "elected",
      weightMicro: 12_345_678n,
      blocks: 42,
      earnedMicro: 6_000n,
      votersEarnedMicro: 4_100n,
    },
  ],
  poolMicro: 700n,
  isSealed: false,
};

function result(changes: Partial<SimulationResult> = {}): SimulationResult {
  const slot = (number: number): SimulationResult["slots"][number] => ({
    slot: number,
    start: `2024-03-04T0${number}:00`,
    importWh: 1_000n,
    exportWh: 2_000n,
    communityWh: 400n,
    gridImportWh: 600n,
    gridExportWh: 1_600n,
    deliveredByLevelWh: { bilateral: 0n, feeder: 400n, district: 0n, city: 0n },
    retail: 300_000n,
    feedIn: 120_000n,
    pricePerKwh: number === 1 ? 200_000n : undefined,
  });
  return {
    seed: 9,
    from: "2024-03-04T00:00",
    slotSeconds: 3_600,
    homes: billHomes(HOMES, ROWS),
    homeSlots: ROWS,
    slots: [slot(1), slot(2)],
    flows: [{ from: "<b>feeder</b>", to: "feeder 1", wh: 400n }],
    creditsIssuedMicro: 5_000_000n,
    creditsHeldMicro: 5_000_000n,
    auditDifferences: 0,
    auditChecks: 123,
    transactions: 10,
    gasUsed: 2n ** 60n,
    accounting: ACCOUNTING,
    ...changes,
  };
}

describe("Simulation: bills", () => {
  it("add up a home's slots, and what it cost in all", () => {
    const [plain, evil] = billHomes(HOMES, ROWS);
    expect(plain).to.deep.include({
      importWh: 2_000n,
      communityBoughtWh: 800n,
      paidMicro: 520_000n,
      slotsNotActual: 1,
    });
    expect(plain?.netCostMicro).to.equal(520_000n + 3_200n - 20n);
    expect(plain?.withoutMarketMicro).to.equal(600_000n);
    expect(evil?.netCostMicro).to.equal(10n - 272_000n);
    expect(evil?.resampled).to.equal(true);
  });

  it("tell what a home used: drawn, less fed in, with what its panels made", () => {
    const [plain, evil] = billHomes(HOMES, ROWS);
    expect(plain?.usedWh).to.equal(2_000n);
    expect(evil?.usedWh).to.equal(500n);
  });

  it("have a home without rows, all zero", () => {
    const [home] = billHomes([{ home: "none", feeder: "f", resampled: false }], []);
    expect(home).to.deep.include({ importWh: 0n, netCostMicro: 0n, slotsNotActual: 0 });
  });

  it("without a market: import rounded up, feed-in rounded down", () => {
    expect(costWithoutMarket(1n, 0n, 300_001n, 0n)).to.equal(301n);
    expect(costWithoutMarket(0n, 1n, 0n, 120_001n)).to.equal(-120n);
    expect(costWithoutMarket(0n, 0n, 1n, 1n)).to.equal(0n);
  });
});

describe("Simulation: settlements.csv", () => {
  const csv = settlementsCsv(ROWS, (slot) => `start of ${slot}`);

  it("reads back what was written, ids with commas and quotes too", () => {
    const rows = parseSettlements(csv);
    expect(rows.map(({ home }) => home)).to.deep.equal([PLAIN, EVIL, PLAIN]);
    expect(rows.map(({ slot_start }) => slot_start)).to.deep.equal(["start of 1", "start of 1", "start of 2"]);
    expect(rows[1]).to.deep.include({ export_wh: "2000", community_sold_wh: "400", grid_export_wh: "1600" });
    expect(rows[0]).to.deep.include({ paid_micro: "260000", fees_micro: "1600", bond_received_micro: "10" });
  });

  it("leaves the price empty where nothing was delivered", () => {
    expect(parseSettlements(csv).map((row) => row["price_micro_per_kwh"])).to.deep.equal(["200000", "200000", ""]);
  });

  it("has a header without rows", () => {
    expect(settlementsCsv([], String).trim().split("\n")).to.have.lengthOf(1);
  });
});

describe("Simulation: the line of --json", () => {
  it("has what the issue names, each a number", () => {
    const line = JSON.parse(jsonLine(result())) as Record<string, unknown>;
    expect(line).to.deep.include({ homes: 2, slots: 2, importWh: 2_000, exportWh: 2_000, communityWh: 800 });
    expect(line).to.deep.include({ creditsIssuedMicro: 5_000_000, creditsHeldMicro: 5_000_000, seed: 9 });
    expect(line).to.deep.include({ gridImportWh: 1_200, gridExportWh: 1_600, auditDifferences: 0 });
  });

  it("writes as text what a JSON number cannot hold, and is one line", () => {
    const line = jsonLine(result());
    expect((JSON.parse(line) as Record<string, unknown>)["gasUsed"]).to.equal((2n ** 60n).toString());
    expect(line).to.not.include("\n");
  });
});

describe("Simulation: report.html", () => {
  const page = reportPage(result());

  it("is self-contained: no script, nothing loaded from anywhere", () => {
    expect(page).to.not.match(/<(script|link|iframe|object|embed|img)\b/i);
    expect(page).to.not.match(/\b(src|href|xlink:href)\s*=/i);
    expect(page).to.not.match(/url\(\s*['"]?https?:/i);
    expect(page).to.not.match(/@import|javascript:|\son\w+\s*=/i);
    const urls = page.match(/https?:\/\/[^"'\s<]+/g) ?? [];
    // names of XML's vocabularies, which nobody fetches
    expect(urls.filter((url) => !url.startsWith("http://www.w3.org/"))).to.deep.equal([]);
  });

  it("shows ids and names as text, whatever they are", () => {
    expect(page).to.not.include("<script>alert");
    expect(page).to.not.include("<b>feeder");
    expect(page).to.include("&#60;script&#62;alert");
    expect(page).to.include("\u{1F3E0}");
  });

  it("has four plots, a row for each home and one for each accountant", () => {
    expect(page.match(/<svg/g)).to.have.lengthOf(4);
    expect(page.match(/<tr>/g)).to.have.lengthOf(1 + HOMES.length + 1 + ACCOUNTING.accountants.length);
  });

  it("says what each home saved, as the table in the terminal does", () => {
    expect(page).to.include("<th>saved</th>");
    const cells = page.split("<tr>").map((row) => row.split("<td>").map((cell) => cell.replace(/<.*/s, "")));
    const saved = cells[2]?.at(-2);
    const home = result().homes[0];
    expect(saved).to.equal(showCredits((home?.withoutMarketMicro ?? 0n) - (home?.netCostMicro ?? 0n), 4));
  });

  it("keeps plots legible on a narrow screen: they scroll instead of shrinking", () => {
    expect(page.match(/<div class="scroll"><svg/g)).to.have.lengthOf(4);
    expect(page).to.match(/\.scroll svg\{[^}]*min-width:\d{3}px/);
  });

  it("says who booked and earned what, and who made the blocks", () => {
    expect(page).to.contain("<td>&#60;i&#62;Accountant 1&#60;/i&#62;</td><td>elected</td><td>12.35</td><td>42</td>");
    expect(page).to.contain("<td>0.0060</td><td>0.0041</td>");
    expect(page).to.contain("The simulated chain has one maker");
    const onBesu = reportPage(result({ accounting: { ...ACCOUNTING, isSealed: true } }));
    expect(onBesu).to.contain("The accountants' own nodes sealed the blocks").and.not.contain("one maker");
  });

  it("can be made of a run in which nothing was traded", () => {
    const slots = result().slots.map((slot) => ({ ...slot, communityWh: 0n, pricePerKwh: undefined }));
    expect(reportPage(result({ flows: [], slots }))).to.include("</html>");
  });
});

describe("Simulation: the table for people", () => {
  it("has a row for each home and the totals; copies are marked and explained", () => {
    const table = billsTable(result().homes);
    expect(table).to.include(`${EVIL}*`);
    expect(table).to.include("* resampled from another home of the file");
    expect(table.split("\n").some((line) => /\ball\b/.test(line))).to.equal(true);
    expect(billsTable(result().homes.slice(0, 1))).to.not.include("resampled");
  });

  it("has a row for each accountant, and says what nobody earned", () => {
    const table = accountantsTable(ACCOUNTING);
    expect(table).to.match(/Accountant 1<\/i> +│ elected +│ +12\.35 │ +42 │ +0\.0060 │ +0\.0041/);
    expect(table).to.contain("Fees that nobody earned: 0.0007 credits");
    expect(accountantsTable({ ...ACCOUNTING, poolMicro: 0n })).not.to.contain("nobody earned");
  });

  it("says what was traded, and the seed", () => {
    expect(totalsText(result())).to.include("Seed 9");
    expect(totalsText(result())).to.include("0.8 kWh of it traded between neighbours (40.0 % of what was drawn)");
  });

  it("rounds half away from zero and keeps the sign", () => {
    expect([showCredits(1_234_567n), showCredits(-5_000n), showCredits(-4_999n)]).to.deep.equal([
      "1.23",
      "-0.01",
      "0.00",
    ]);
    expect([showKwh(1_050n), showKwh(49n), showKwh(2_000n, 0)]).to.deep.equal(["1.1", "0.0", "2"]);
    expect([showShare(1n, 8n), showShare(1n, 0n)]).to.deep.equal(["12.5 %", "-"]);
  });
});

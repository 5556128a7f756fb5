import { escapeHtml, rowHtml } from "../../html.js";
import { showCredits, showKwh } from "../format.js";
import { sum } from "../bills.js";
import type { HomeBill, SimulationResult } from "../result.js";
import { ACCOUNTANT_COLUMNS, accountantRows, makersText } from "../table.js";
import { billsChart, flowsChart, priceChart, supplyDemandChart } from "./charts.js";

const BILLS =
  "Cost of the period per home; below zero the home earned. A home can pay more than with the supplier alone: what it " +
  "bought and did not use earns only feed-in, and what it sold and did not deliver is paid for by its bond.";

/** The period as one self-contained page: no script, no fonts, no network. */
export function reportPage(result: SimulationResult): string {
  const total = (of: (home: HomeBill) => bigint): bigint => sum(result.homes.map(of));
  const saved = total((home) => home.withoutMarketMicro - home.netCostMicro);
  const figures: readonly (readonly [string, string])[] = [
    ["homes", String(result.homes.length)],
    ["slots", `${String(result.slots.length)} × ${String(result.slotSeconds / 60)} min`],
    [
      "drawn",
      `${showKwh(
        total((home) => home.importWh),
        1,
      )} kWh`,
    ],
    [
      "fed in",
      `${showKwh(
        total((home) => home.exportWh),
        1,
      )} kWh`,
    ],
    [
      "traded locally",
      `${showKwh(
        total((home) => home.communityBoughtWh),
        1,
      )} kWh`,
    ],
    ["saved by all", `${showCredits(saved, 2)} credits`],
    ["audit", `${String(result.auditChecks)} checks, ${String(result.auditDifferences)} differences`],
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Commonwatt: ${escapeHtml(result.from)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>A neighbourhood's energy, settled</h1>
<p class="sub">From ${escapeHtml(result.from)}, seed ${String(result.seed)}. Every figure below is what the chain settled on its final date.</p>
<dl>${figures.map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeHtml(value)}</dd></div>`).join("")}</dl>
${section("Supply and demand", "What the meters saw, and the part of it that neighbours traded at each level of the grid.", supplyDemandChart(result))}
${section("Price", "Local trades are paid between the supplier's retail and feed-in price.", priceChart(result))}
${section("Flows between areas", "Delivered community energy from the seller’s feeder to the buyer’s.", flowsChart(result))}
${section("Bills", BILLS, billsChart(result))}
<section><h2>Every home</h2><div class="scroll">${billsHtml(result.homes)}</div>
<p class="sub">Energy in kWh, money in credits. “Paid” holds energy, grid fees and bonds paid; “received” holds sales, feed-in and bonds received; “saved” compares the net cost with no market.</p></section>
<section><h2>Accountants</h2><p class="sub">Who booked the blocks, and what settlements’ accounting fees earned them and those who voted for them, in credits. ${makersText(result.accounting)}</p>
<div class="scroll">${tableHtml(ACCOUNTANT_COLUMNS, accountantRows(result.accounting))}</div></section>
</body>
</html>
`;
}

const STYLE = `
body{font:16px/1.5 system-ui,sans-serif;color:#222;max-width:1120px;margin:2rem auto;padding:0 1rem}
h1{margin-bottom:.2rem}h2{margin:2rem 0 .2rem}.sub{color:#555;margin-top:0}
dl{display:flex;flex-wrap:wrap;gap:.8rem;margin:1.2rem 0}dl div{background:#f3f5f4;border-radius:6px;padding:.6rem 1rem}
dt{font-size:.8rem;color:#555}dd{margin:0;font-weight:600}
.scroll{overflow-x:auto}.scroll svg{display:block;width:100%;min-width:960px;height:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}
th,td{padding:.25rem .7rem;text-align:right;border-bottom:1px solid #e3e3e3}th:first-child,td:first-child,th:nth-child(2),td:nth-child(2){text-align:left}
`;

function section(title: string, text: string, svg: string): string {
  return `<section><h2>${title}</h2><p class="sub">${text}</p><div class="scroll">${svg}</div></section>`;
}

function billsHtml(homes: readonly HomeBill[]): string {
  const head = [
    "home",
    "feeder",
    "used",
    "made",
    "bought",
    "sold",
    "from grid",
    "to grid",
    "paid",
    "received",
    "net cost",
    "no market",
    "saved",
    "not actual",
  ];
  const rows = homes.map((home) => [
    home.resampled ? `${home.home}*` : home.home,
    home.feeder,
    ...[
      home.usedWh,
      home.madeWh,
      home.communityBoughtWh,
      home.communitySoldWh,
      home.gridImportWh,
      home.gridExportWh,
    ].map((wh) => showKwh(wh, 2)),
    ...[
      home.paidMicro + home.feesMicro + home.bondPaidMicro,
      home.receivedMicro + home.bondReceivedMicro,
      home.netCostMicro,
      home.withoutMarketMicro,
      home.withoutMarketMicro - home.netCostMicro,
    ].map((micro) => showCredits(micro, 4)),
    String(home.slotsNotActual),
  ]);
  return tableHtml(head, rows);
}

function tableHtml(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return `<table><thead>${rowHtml("th", head)}</thead><tbody>${rows.map((cells) => rowHtml("td", cells)).join("")}</tbody></table>`;
}

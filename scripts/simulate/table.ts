import Table from "cli-table3";
import { showCredits, showKwh, showShare } from "./format.js";
import { sum } from "./bills.js";
import type { AccountingWork } from "./accounting.js";
import type { HomeBill, SimulationResult } from "./result.js";

const HEAD = [
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
];

/** The table for people: kWh and credits, a row per home, a last row of totals. */
export function billsTable(homes: readonly HomeBill[]): string {
  const table = new Table({
    head: HEAD,
    colAligns: ["left", "left", ...HEAD.slice(2).map(() => "right" as const)],
    style: { head: [], border: [], compact: true },
  });
  for (const home of homes) table.push(billRow(home.resampled ? `${home.home}*` : home.home, home.feeder, [home]));
  table.push(billRow("all", "", homes));
  const resampled = homes.some((home) => home.resampled) ? "\n* resampled from another home of the file" : "";
  return table.toString() + resampled;
}

function billRow(name: string, feeder: string, homes: readonly HomeBill[]): string[] {
  const kwh = (of: (home: HomeBill) => bigint): string => showKwh(sum(homes.map(of)), 1);
  const credits = (of: (home: HomeBill) => bigint): string => showCredits(sum(homes.map(of)), 2);
  return [
    name,
    feeder,
    kwh((home) => home.usedWh),
    kwh((home) => home.madeWh),
    kwh((home) => home.communityBoughtWh),
    kwh((home) => home.communitySoldWh),
    kwh((home) => home.gridImportWh),
    kwh((home) => home.gridExportWh),
    credits((home) => home.paidMicro + home.feesMicro + home.bondPaidMicro),
    credits((home) => home.receivedMicro + home.bondReceivedMicro),
    credits((home) => home.netCostMicro),
    credits((home) => home.withoutMarketMicro),
    credits((home) => home.withoutMarketMicro - home.netCostMicro),
  ];
}

/** How the election shows in a table: a row per accountant. */
export const ACCOUNTANT_COLUMNS = ["accountant", "seat", "votes", "blocks", "earned", "its voters"] as const;

/** A row's cells per accountant; amounts in credits. */
export function accountantRows({ accountants }: AccountingWork): string[][] {
  return accountants.map(({ name, seat, weightMicro, blocks, earnedMicro, votersEarnedMicro }) => [
    name,
    seat,
    showCredits(weightMicro, 2),
    String(blocks),
    showCredits(earnedMicro, 4),
    showCredits(votersEarnedMicro, 4),
  ]);
}

/** Who booked the blocks, and what they earned by the fees of settlements. */
export function accountantsTable(accounting: AccountingWork): string {
  const table = new Table({
    head: [...ACCOUNTANT_COLUMNS],
    colAligns: ["left", "left", "right", "right", "right", "right"],
    style: { head: [], border: [], compact: true },
  });
  table.push(...accountantRows(accounting));
  return `${table.toString()}\n${makersText(accounting)}${poolText(accounting)}`;
}

/** Said wherever blocks are counted: who made them. */
export function makersText({ isSealed }: Pick<AccountingWork, "isSealed">): string {
  const made = isSealed
    ? "The accountants' own nodes sealed the blocks."
    : "The simulated chain has one maker; its blocks name the elected accountants in turn.";
  return `Votes are locked credits. ${made}`;
}

function poolText({ poolMicro }: AccountingWork): string {
  return poolMicro === 0n ? "" : ` Fees that nobody earned: ${showCredits(poolMicro, 4)} credits.`;
}

/** The totals in sentences, below the table. */
export function totalsText(result: SimulationResult): string {
  const total = (of: (home: HomeBill) => bigint): bigint => sum(result.homes.map(of));
  const used = total((home) => home.importWh);
  const traded = total((home) => home.communityBoughtWh);
  return [
    `${String(result.homes.length)} homes, ${String(result.slots.length)} slots of ${String(result.slotSeconds)} s: ` +
      `${showKwh(used, 1)} kWh drawn, ${showKwh(
        total((home) => home.exportWh),
        1,
      )} kWh fed in, ` +
      `${showKwh(traded, 1)} kWh of it traded between neighbours (${showShare(traded, used)} of what was drawn).`,
    `Credits issued ${showCredits(result.creditsIssuedMicro, 6)}, credits held ${showCredits(result.creditsHeldMicro, 6)}; ` +
      `audit: ${String(result.auditChecks)} checks, ${String(result.auditDifferences)} differences.`,
    vaultsText(result),
    `${String(result.transactions)} transactions, ${String(result.gasUsed)} gas. Seed ${String(result.seed)}.`,
  ].join("\n");
}

function vaultsText({ homes, vaults }: SimulationResult): string {
  if (vaults === undefined) return `No vaults of the ${homes.length} homes on the user chain (--vaults).`;
  const { records, versions, bytes, differences } = vaults;
  const judged =
    differences.length === 0
      ? "every bill and reading in them is what was settled"
      : `${differences.length} differences from the settlement, first: ${differences[0] ?? ""}`;
  return `Vaults of ${vaults.homes} homes on the user chain: ${records} records, ${versions} versions, ${Math.round(bytes / 1_000)} kB; ${judged}.`;
}

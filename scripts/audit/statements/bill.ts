/** A home's bill for a period, and what its account shows of it. */
import { isAddress } from "ethers";

import type { AuditState } from "../../../sdk/audit/index.js";
import { MovementReason } from "../../../sdk/enums.js";
import type { ChainEvent } from "../../../sdk/events.js";
import { unpackMovements } from "../../../sdk/records.js";
import { InputError } from "../../inputs/error.js";
import { findingsOf, type Books, type Notes } from "./books.js";
import { labelOf, isWithin, periodText, type Grouping, type Period } from "./period.js";
import {
  FIGURE_COLUMNS,
  figuresOf,
  groupedRows,
  qualityText,
  QUALITY_COLUMN,
  settledIn,
  type Figures,
  type SettledRow,
} from "./settled-rows.js";
import { totalRow, type Column, type Row, type Statement, type StatementTable } from "./statement.js";

/** Reasons of movements by which a settlement posts to a home, and its final date releases. */
const HOME_POSTINGS: readonly bigint[] = [MovementReason.Settlement, MovementReason.Release];

/** What a slot's settlements and its release did to an account. Micro-credits. */
interface Posting {
  readonly account: string;
  readonly slot: bigint;
  readonly movedMicro: bigint;
  /** What the account came to owe others. */
  readonly owesMicro: bigint;
  /** What others came to owe it. */
  readonly isOwedMicro: bigint;
}

/** Notes the changes of all accounts by slot. */
export class PostingNotes implements Notes {
  readonly postings: Posting[] = [];
  #debts: ChainEvent[] = [];

  note(event: ChainEvent): void {
    if (event.contract === "Arrears" && event.name !== "DebtPaid") this.#debts.push(event);
    if (event.contract !== "TradeEscrow" || event.name !== "Moved") return;
    const slot = event.args["slot"] as bigint;
    const none = { slot, movedMicro: 0n, owesMicro: 0n, isOwedMicro: 0n };
    for (const { account, reason, balance } of unpackMovements(event.args["movements"] as string[])) {
      if (HOME_POSTINGS.includes(reason)) this.postings.push({ ...none, account, movedMicro: balance });
    }
    // a call tells its debts before its movements
    for (const { name, args } of this.#debts) {
      const { debtor, creditor, amountMicro } = args as { debtor: string; creditor: string; amountMicro: bigint };
      const change = name === "DebtRecorded" ? amountMicro : -amountMicro;
      this.postings.push({ ...none, account: debtor, owesMicro: change });
      this.postings.push({ ...none, account: creditor, isOwedMicro: change });
    }
    this.#debts = [];
  }
}

export interface BillRequest {
  /** An account, or the number of a meter that one account held all the time. */
  readonly home: string;
  readonly period: Period;
  readonly by: Grouping;
}

/** InputError for a home that the events do not know, and for a period without anything settled. */
export function billStatement(books: Books<PostingNotes>, { home, period, by }: BillRequest): Statement {
  const { state, slotSeconds } = books;
  const account = accountOf(books, home, period);
  const rows = settledIn(state, { period, slotSeconds }, (outcome) => outcome.account === account);
  if (rows.length === 0) throw nothingSettled(home, period);
  const figures = figuresOf(rows);
  const meters = [...new Set(rows.map(({ outcome }) => outcome.meter))];
  const shown = accountTable(books, { account, period }, rows, figures);
  const open = rows.filter(({ isFinal }) => !isFinal).length;
  return {
    kind: "bill",
    title: `Bill of ${account}`,
    facts: [
      ["Period", periodText(period)],
      ["Meters", meters.join(", ")],
      ["Slots", `${rows.length} of ${slotSeconds} s, ${rows.length - open} of them final`],
      ["Readings", qualityText(rows)],
    ],
    tables: [sharesTable(figures), shown.table, detailTable(rows, { period, by, slotSeconds })],
    notes: [
      ...NOTES,
      ...(open === 0 ? [] : [`${open} slots are not final: what they come to may still be corrected.`]),
    ],
    differences: [...findingsOf(state), ...shown.differences],
  };
}

const NOTES = [
  "* A reading of that time was substituted, estimated or missing: the metering operator or the rules made it.",
  "Deviations: what a seller pays for energy that it sold and did not deliver, and what its buyer is paid for that.",
  "Deposits, withdrawals, locks, bonds of disputes and payments of older debts are no part of a bill.",
];

/** What the bill consists of. */
function sharesTable(figures: Figures): StatementTable {
  const columns: Column[] = [
    { key: "item", label: "item", unit: "text" },
    { key: "energyWh", label: "energy", unit: "wh" },
    { key: "costMicro", label: "cost", unit: "micro" },
  ];
  const rows: Row[] = [
    { item: "Bought of neighbours", energyWh: figures.communityBoughtWh, costMicro: figures.communityPaidMicro },
    { item: "Sold to neighbours", energyWh: figures.communitySoldWh, costMicro: -figures.communityReceivedMicro },
    { item: "Drawn from the grid", energyWh: figures.gridImportWh, costMicro: figures.gridPaidMicro },
    { item: "Fed into the grid", energyWh: figures.gridExportWh, costMicro: -figures.gridReceivedMicro },
    { item: "Grid fees", energyWh: "", costMicro: figures.feesMicro },
    { item: "Paid for deviations", energyWh: "", costMicro: figures.bondPaidMicro },
    { item: "Received for deviations of others", energyWh: "", costMicro: -figures.bondReceivedMicro },
  ];
  return {
    title: "The bill",
    columns,
    rows,
    total: { item: "Cost in all", energyWh: "", costMicro: figures.netCostMicro },
  };
}

/** What the account moved and owes for these slots; it must be the bill, to the micro-credit. */
function accountTable(
  { state, notes, slotSeconds }: Books<PostingNotes>,
  { account, period }: { readonly account: string; readonly period: Period },
  rows: readonly SettledRow[],
  { netCostMicro }: Figures,
): { readonly table: StatementTable; readonly differences: readonly string[] } {
  const own = notes.postings.filter((one) => one.account === account && isWithin(period, one.slot, slotSeconds));
  const sum = (part: "movedMicro" | "owesMicro" | "isOwedMicro"): bigint =>
    own.reduce((total, posting) => total + posting[part], 0n);
  // a grid share that held credits cover is paid on the final date
  const pending = rows
    .filter(({ isFinal }) => !isFinal)
    .reduce((total, { outcome }) => total + outcome.gridPaid - outcome.uncovered, 0n);
  const columns: Column[] = [
    { key: "item", label: "item", unit: "text" },
    { key: "changeMicro", label: "change", unit: "micro" },
  ];
  const lines: Row[] = [
    { item: "Moved by settlements and releases", changeMicro: sum("movedMicro") },
    { item: "Owed to others for these slots, when they were settled", changeMicro: -sum("owesMicro") },
    { item: "Owed by others for these slots, when they were settled", changeMicro: sum("isOwedMicro") },
    { item: "Held for the grid share until the final date", changeMicro: -pending },
  ];
  const total = totalRow(columns, lines, "In all");
  const difference = (total["changeMicro"] as bigint) + netCostMicro;
  const differences =
    difference === 0n || isParty(state, account)
      ? []
      : [`THE BILL IS NOT WHAT THE ACCOUNT SHOWS: they differ by ${difference} micro-credits`];
  return { table: { title: "What the account shows of it", columns, rows: lines, total }, differences };
}

/** Suppliers and operators have debts of their own in a slot, which no bill of a home explains. */
function isParty({ settled }: AuditState, account: string): boolean {
  return [...settled.values()].some(({ parties }) => parties.some((party) => party.account === account));
}

function detailTable(
  rows: readonly SettledRow[],
  { period, by, slotSeconds }: { readonly period: Period; readonly by: Grouping; readonly slotSeconds: bigint },
): StatementTable {
  const columns = [{ key: by, label: by, unit: "text" } as const, ...FIGURE_COLUMNS, QUALITY_COLUMN];
  const groups = groupedRows(rows, by, ({ slot }) => labelOf(slot, slotSeconds, period, by));
  return { title: `By ${by}`, columns, rows: groups, total: totalRow(columns, groups) };
}

/** The account of a home. */
function accountOf({ state, slotSeconds }: Books<unknown>, home: string, period: Period): string {
  const { holders } = state.terms;
  if (isAddress(home)) {
    const known = [...holders.values()].flat().find(({ value }) => value.toLowerCase() === home.toLowerCase());
    if (known !== undefined) return known.value;
    throw unknown(home, "held no meter", "Give the account that the home trades with");
  }
  if (!/^\d{1,10}$/.test(home)) {
    throw unknown(
      home,
      "is no account and no meter",
      "Give an address (0x and 40 hex digits; its capitals are a checksum) or the number of a meter",
    );
  }
  const meter = BigInt(home);
  if (!holders.has(meter)) throw unknown(home, "is a meter that nobody holds", "Check the number of the meter");
  const rows = settledIn(state, { period, slotSeconds }, (outcome) => outcome.meter === meter);
  const [account, ...others] = new Set(rows.map(({ outcome }) => outcome.account));
  if (account === undefined) throw nothingSettled(home, period);
  if (others.length === 0) return account;
  throw unknown(home, `is a meter of ${[account, ...others].join(" and ")} in the period`, "Give one of the accounts");
}

function unknown(home: string, problem: string, advice: string): InputError {
  return new InputError({ file: `home ${home.slice(0, 60)}` }, `it ${problem}`, advice);
}

export function nothingSettled(what: string, period: Period): InputError {
  const problem = `nothing of it was settled in the period ${periodText(period)}`;
  return new InputError(
    { file: what },
    problem,
    "Give a period after which readings were settled; times are those of delivery",
  );
}

/** What an accountant earned by accounting fees, by month. */
import { InputError } from "../../inputs/error.js";
import type { ChainEvent } from "../../../sdk/events.js";
import { findingsOf, timeOf, type Books, type Notes } from "./books.js";
import { timeLabel } from "./period.js";
import { totalRow, type Column, type Row, type Statement } from "./statement.js";

/** What events of AccountingRevenue change for an account, and the argument that names it. */
const ENTRIES: Readonly<Record<string, readonly [argument: string, column: RevenueColumn]>> = {
  FeeBooked: ["accountant", "bookedMicro"],
  PoolAssigned: ["accountant", "assignedMicro"],
  VoterRewarded: ["voter", "rewardedMicro"],
  FeesClaimed: ["accountant", "claimedMicro"],
};

type RevenueColumn = "bookedMicro" | "assignedMicro" | "rewardedMicro" | "claimedMicro";

interface RevenueEntry {
  readonly account: string;
  readonly column: RevenueColumn;
  readonly amountMicro: bigint;
  readonly time: bigint;
}

/** Notes what is due and paid to all accounts. */
export class RevenueNotes implements Notes {
  readonly entries: RevenueEntry[] = [];

  note(event: ChainEvent): void {
    const { contract, name, args } = event;
    const [argument, column] = (contract === "AccountingRevenue" ? ENTRIES[name] : undefined) ?? [];
    if (argument === undefined || column === undefined) return;
    const [account, amountMicro] = [args[argument] as string, args["amountMicro"] as bigint];
    this.entries.push({ account, column, amountMicro, time: timeOf(event) });
  }
}

const COLUMNS: readonly Column<"month" | "settlements" | RevenueColumn>[] = [
  { key: "month", label: "month", unit: "text" },
  { key: "settlements", label: "fees booked", unit: "count" },
  { key: "bookedMicro", label: "booked", unit: "micro" },
  { key: "assignedMicro", label: "of the pool", unit: "micro" },
  { key: "rewardedMicro", label: "as a voter", unit: "micro" },
  { key: "claimedMicro", label: "paid out", unit: "micro" },
];

/** InputError for an account that nothing was ever booked for. */
export function revenueStatement(
  { state, notes }: Books<RevenueNotes>,
  { accountant, offsetSeconds }: { readonly accountant: string; readonly offsetSeconds: bigint },
): Statement {
  const own = notes.entries.filter(({ account }) => account === accountant);
  if (own.length === 0) {
    const advice = "Give the account of an accountant's member, as npm run accountants -- status lists it";
    throw new InputError({ file: `accountant ${accountant}` }, "nothing was ever booked for it", advice);
  }
  const byMonth = new Map<string, RevenueEntry[]>();
  for (const entry of own) {
    const month = timeLabel(entry.time, offsetSeconds, "month");
    byMonth.set(month, [...(byMonth.get(month) ?? []), entry]);
  }
  const rows = [...byMonth].map(([month, entries]): Row => {
    const sum = (column: RevenueColumn): bigint =>
      entries.reduce((total, entry) => total + (entry.column === column ? entry.amountMicro : 0n), 0n);
    return {
      month,
      settlements: BigInt(entries.filter(({ column }) => column === "bookedMicro").length),
      bookedMicro: sum("bookedMicro"),
      assignedMicro: sum("assignedMicro"),
      rewardedMicro: sum("rewardedMicro"),
      claimedMicro: sum("claimedMicro"),
    };
  });
  const total = totalRow(COLUMNS, rows);
  const { bookedMicro, assignedMicro, rewardedMicro, claimedMicro } = total as Record<RevenueColumn, bigint>;
  const earnedMicro = bookedMicro + assignedMicro + rewardedMicro;
  const dueMicro = state.feesDue.get(accountant) ?? 0n;
  const difference = earnedMicro - claimedMicro - dueMicro;
  const columns: Column[] = [
    { key: "item", label: "item", unit: "text" },
    { key: "amountMicro", label: "amount", unit: "micro" },
  ];
  const sums: Row[] = [
    { item: "Earned", amountMicro: earnedMicro },
    { item: "Paid out", amountMicro: -claimedMicro },
  ];
  return {
    kind: "revenue",
    title: `Revenue of ${accountant}`,
    facts: [["Months", rows.map(({ month }) => String(month)).join(", ")]],
    tables: [
      { title: "In all", columns, rows: sums, total: { item: "Due now", amountMicro: dueMicro } },
      { title: "By month", columns: COLUMNS, rows, total },
    ],
    notes: [
      "Booked: the accounting fees of settlements in blocks that the accountant made, less its voters' share.",
      "As a voter: what its own ballot earned, once it was claimed. Months are those of the blocks.",
    ],
    differences: [
      ...findingsOf(state),
      ...(difference === 0n ? [] : [`WHAT IS DUE IS NOT WHAT WAS EARNED: they differ by ${difference} micro-credits`]),
    ],
  };
}

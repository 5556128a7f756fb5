/** The state of the books as JSON and as a table: integers as text, in micro-credits and Wh. */
import type { AuditState } from "../../sdk/audit/index.js";
import { formatCredits } from "../../sdk/units.js";

/** Everything the fold knows, for machines: maps become objects by their keys. */
export function stateJson(state: AuditState): string {
  const { findings: _, contracts: __, untold: ___, ...books } = state;
  return JSON.stringify(books, (_key, value: unknown) => {
    if (typeof value === "bigint") return value.toString();
    if (value instanceof Map)
      return Object.fromEntries([...value].map(([key, item]) => [String(key), item as unknown]));
    return value instanceof Set ? [...(value as Set<unknown>)].map(String) : value;
  });
}

/** What people ask first: accounts, fees, and how many of everything there are. */
export function stateLines(state: AuditState): string[] {
  const accounts = [...state.accounts].map(([address, { balance, locked, held, arrears }]) =>
    [address, ...[balance, locked, held, arrears].map(credits)].join("  "),
  );
  const fees = [...state.feesDue].map(([accountant, due]) => `${accountant}  ${credits(due)}`);
  return [
    `block ${state.lastBlock}, ${state.events} events`,
    `credits issued ${credits(state.issuedMicro)}, redeemed ${credits(state.redeemedMicro)}, in escrow ${credits(state.depositedMicro)}`,
    `account                                     ${["balance", "locked", "held", "arrears"].map((text) => text.padStart(WIDTH)).join("  ")}`,
    ...accounts,
    "fees due to",
    ...fees,
    `${state.admitted.size} members and users, ${state.devices.size} devices, ${state.books.size} books, ${state.bilaterals.size} logs of contracts, ` +
      `${state.readings.size} readings in ${state.roots.length} batches, ${state.closed.size} closed slots, ` +
      `${state.settled.size} settlements, ${state.disputes.size} disputes`,
  ];
}

const WIDTH = 20;

function credits(micro: bigint): string {
  return formatCredits(micro).padStart(WIDTH);
}

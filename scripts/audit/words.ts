/** What events say, in words: the same for evidence and statements. */
import { MovementReason, ReadingStatus } from "../../sdk/enums.js";
import type { ChainEvent } from "../../sdk/events.js";
import { unpackerOf } from "./packed.js";

const REASON_WORDS: Readonly<Record<keyof typeof MovementReason, string>> = {
  None: "none",
  Deposit: "deposit",
  Withdrawal: "withdrawal",
  Lock: "lock",
  Unlock: "unlock",
  BondPaid: "bond paid",
  BondReceived: "bond received",
  Settlement: "settlement",
  SettlementParty: "settlement of a party",
  Release: "release",
  ReleaseParty: "release of a party",
  ArrearsPaid: "arrears paid",
  ArrearsReceived: "arrears received",
};

/** Reasons of escrow movements, by number. */
export const REASONS: readonly string[] = Object.keys(MovementReason).map(
  (name) => REASON_WORDS[name as keyof typeof MovementReason],
);

/** Of readings, by number. */
export const STATUSES: readonly string[] = Object.keys(ReadingStatus).map((name) => name.toLowerCase());

/** Quality of a reading, e.g. `substituted`. */
export function statusWord(status: bigint): string {
  return STATUSES[Number(status)] ?? `status ${status}`;
}

/** A line that names the event and its plain arguments, then one for each packed record in it. */
export function eventLines(event: ChainEvent): string[] {
  const name = `${event.contract}.${event.name}`;
  const records = Object.entries(event.args).flatMap(([argument, value]) => {
    const unpack = unpackerOf(name, argument);
    return unpack === undefined
      ? []
      : unpack(value as string[]).map((record) => `  ${argument}: ${recordText(record)}`);
  });
  const plain = Object.fromEntries(
    Object.entries(event.args).filter(([argument]) => unpackerOf(name, argument) === undefined),
  );
  return [`${name}: ${recordText(plain)}`, ...records];
}

/** A record's fields, e.g. `meter 3, importWh 1200`. */
export function recordText(record: object): string {
  return Object.entries(record)
    .map(([name, value]) => `${name} ${valueText(name, value)}`)
    .join(", ");
}

function valueText(name: string, value: unknown): string {
  if (name === "reason" && typeof value === "bigint") return REASONS[Number(value)] ?? value.toString();
  if (name === "status" && typeof value === "bigint") return statusWord(value);
  if (Array.isArray(value)) return `[${value.map((item) => valueText("", item)).join(" ")}]`;
  if (typeof value === "object" && value !== null) return `(${recordText(value)})`;
  return String(value);
}

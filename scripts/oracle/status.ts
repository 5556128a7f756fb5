/** `oracle status` for people. */
import { formatTime } from "../../sdk/time/slots.js";

import type { OutboxStatus } from "./outbox-desk.js";

/** A few lines, and one for each reason. Topics and reasons come from outside: they are quoted. */
export function statusText({ counts, letters, lagSeconds, lastReceivedAt, reasons, metering }: OutboxStatus): string {
  const last = lastReceivedAt === undefined ? "never" : formatTime(BigInt(lastReceivedAt));
  return [
    `Readings: ${counts.waiting + counts.sent} waiting, ${counts.confirmed} on the chain, ${counts.rejected} rejected by it.`,
    `Lag: the oldest waits for ${lagSeconds} s. The last one came: ${last}.`,
    `Refused messages: ${letters.kept} kept, ${letters.toReplay} to be replayed, ${letters.dropped} dropped for the bounds.`,
    ...reasons.map(
      ({ what, reason, count, latest, at }) =>
        `  ${count} ${what}: ${JSON.stringify(reason)}; last from ${JSON.stringify(latest)} at ${formatTime(BigInt(at))}`,
    ),
    ...(metering.values.length > 0 ? ["Values of the last day, for meters that don't sign themselves:"] : []),
    ...metering.values.map(({ rule, status, count }) => `  ${count} ${status} by ${rule}`),
    ...metering.noted.map(
      ({ what, reason, count, latest }) =>
        `  ${count} ${what}: ${JSON.stringify(reason)}; last ${JSON.stringify(latest)}`,
    ),
  ].join("\n");
}

/** How many readings are where, and for how long; quick also over millions. */
import type { DurableFile } from "./durable-file.js";
import type { OutboxState } from "./types.js";

export function countsOf(file: DurableFile): Record<OutboxState, number> {
  const counts = { waiting: 0, sent: 0, confirmed: 0, rejected: 0 };
  const sql = "SELECT state, count(*) AS count FROM readings GROUP BY state";
  for (const { state, count } of file.all<{ state: OutboxState; count: bigint }>(sql)) counts[state] = Number(count);
  return counts;
}

/** Seconds that the oldest reading waits which is not on the chain yet; 0 when there is none. `now`: Unix seconds. */
export function lagOf(file: DurableFile, now: number): number {
  const oldest = ["waiting", "sent"].flatMap((state) =>
    // an index holds the ids of a state in order: the first one came first
    file.all<{ at: bigint }>("SELECT received_at AS at FROM readings WHERE state = ? ORDER BY id LIMIT 1", state),
  );
  return oldest.reduce((lag, { at }) => Math.max(lag, now - Number(at)), 0);
}

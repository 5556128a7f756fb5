/** What the gateway's meters came to lately, for status and metrics. */
import type { ReadingStatus } from "../../../sdk/enums.js";
import type { DurableFile } from "../durable-file.js";
import { statusName } from "../payload.js";

/** How many values of the last day a rule made. */
export interface RuleCount {
  readonly rule: string;
  readonly status: string;
  readonly count: number;
}

/** Values that wait for the same reason, or observations left out by the same rule. */
export interface NotedCount {
  readonly what: "held" | "flagged";
  /** The reason, or the rule. */
  readonly reason: string;
  readonly count: number;
  /** Meter and slot, or meter and reason, of the latest. */
  readonly latest: string;
}

export interface MeteringReport {
  readonly values: readonly RuleCount[];
  readonly noted: readonly NotedCount[];
}

const DAY_SECONDS = 86_400;
const SHOWN = 20;
const REASON_CHARACTERS = 80;

/** @param now Unix seconds */
export function meteringReport(file: DurableFile, now: number): MeteringReport {
  const since = now - DAY_SECONDS;
  const values = file.all<{ rule: string; status: bigint; count: bigint }>(
    "SELECT rule, status, count(*) AS count FROM slot_values WHERE made_at >= ? GROUP BY 1, 2 ORDER BY count DESC",
    since,
  );
  const noted = file.all<{ what: NotedCount["what"]; reason: string; count: bigint; latest: string }>(
    `SELECT 'held' AS what, substr(held, 1, ?) AS reason, count(*) AS count,
            'meter ' || meter || ' slot ' || slot AS latest, max(made_at) AS at
     FROM slot_values WHERE held IS NOT NULL GROUP BY 2
     UNION ALL
     SELECT 'flagged', rule, count(*), 'meter ' || meter || ': ' || reason, max(made_at)
     FROM flags WHERE made_at >= ? GROUP BY 2
     ORDER BY 1, 3 DESC LIMIT ?`,
    ...[REASON_CHARACTERS, since, SHOWN],
  );
  return {
    values: values.map(({ rule, status, count }) => {
      return { rule, status: statusName(Number(status) as ReadingStatus) ?? "unknown", count: Number(count) };
    }),
    noted: noted.map(({ what, reason, count, latest }) => ({ what, reason, count: Number(count), latest })),
  };
}

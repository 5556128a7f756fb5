/** The oracle's metrics and health. */
import { expositionOf, serveExposition, type MetricsServer } from "../exposition.js";

import type { MeteringReport } from "./metering/report.js";
import type { Oracle } from "./oracle.js";
import type { SqliteOutbox } from "./outbox.js";
import { systemClock, type OutboxCounts, type Vitals } from "./types.js";

/** Batches, or rounds of the gateway, that fail in a row before the health says so: with the sender's pauses, about a minute. */
const FAILURES_OF_ILL_HEALTH = 7;

/** What names the port. */
export const METRICS_OPTION = "--metrics-port or metrics.port";

/** What is measured at a moment. */
export interface Sample {
  readonly vitals: Vitals;
  readonly counts: OutboxCounts;
  readonly lagSeconds: number;
  readonly lettersDropped: number;
  readonly diskWrites: number;
  readonly metering: MeteringReport;
}

/** Serves them at that port; 0: any free one. */
export async function serveMetrics(port: number, oracle: Oracle, outbox: SqliteOutbox): Promise<MetricsServer> {
  const sample = (): Sample => ({
    vitals: oracle.vitals,
    counts: outbox.counts(),
    lagSeconds: outbox.lag(systemClock.now()),
    lettersDropped: outbox.letters.dropped(),
    diskWrites: outbox.commits,
    metering: outbox.meteringReport(systemClock.now()),
  });
  return serveExposition(port, METRICS_OPTION, {
    metrics: () => metricsText(sample()),
    health: () => healthOf(sample()),
  });
}

/** Whether readings get through. */
export function healthOf({ vitals, counts, lagSeconds }: Sample): {
  readonly status: "ok" | "failing";
  readonly waiting: number;
  readonly lagSeconds: number;
  readonly sourcesAway: number;
  readonly trouble?: string | undefined;
} {
  const { sendFailures, meteringFailures, sourcesAway } = vitals;
  const isIll = sourcesAway > 0 || Math.max(sendFailures, meteringFailures) >= FAILURES_OF_ILL_HEALTH;
  const status = isIll ? "failing" : "ok";
  return { status, waiting: counts.waiting + counts.sent, lagSeconds, sourcesAway, trouble: vitals.sendTrouble };
}

/** The text exposition format. */
export function metricsText({ vitals, counts, lagSeconds, lettersDropped, diskWrites, metering }: Sample): string {
  const states = (["waiting", "sent", "confirmed", "rejected"] as const).map(
    (state) => [`{state="${state}"}`, counts[state]] as const,
  );
  const rules = [...vitals.refusedByRule].map(([rule, count]) => [`{rule="${rule}"}`, count] as const);
  const values = metering.values.map(({ rule, status, count }) => {
    return [`{rule="${rule}",status="${status}"}`, count] as const;
  });
  const noted = (what: string): number =>
    metering.noted.filter((found) => found.what === what).reduce((sum, { count }) => sum + count, 0);
  const metric = expositionOf("commonwatt_oracle");
  return [
    metric("readings", "gauge", "Readings in the outbox, by state.", states),
    metric("lag_seconds", "gauge", "How long the oldest reading waits that is not on the chain.", [["", lagSeconds]]),
    metric("messages_total", "counter", "Messages handled since the start.", [["", vitals.handled]]),
    metric("refused_total", "counter", "Messages refused since the start, by rule.", rules),
    metric("dead_letters", "gauge", "Refused messages kept.", [["", counts.refused]]),
    metric("dead_letters_dropped_total", "counter", "Refused messages that the bounds cost.", [["", lettersDropped]]),
    metric("intake_waiting", "gauge", "Messages on their way to the rules.", [["", vitals.intakeWaiting]]),
    metric("values_last_day", "gauge", "Values made for meters in the last day, by rule.", values),
    metric("values_held", "gauge", "Values that wait for something, e.g. a key.", [["", noted("held")]]),
    metric("flags_last_day", "gauge", "Observations left out in the last day.", [["", noted("flagged")]]),
    metric("sources_away", "gauge", "Brokers that are away now.", [["", vitals.sourcesAway]]),
    metric("metering_failures", "gauge", "Rounds in a row that made no values.", [["", vitals.meteringFailures]]),
    metric("send_failures", "gauge", "Batches that failed in a row.", [["", vitals.sendFailures]]),
    metric("disk_writes_total", "counter", "Durable writes since the start.", [["", diskWrites]]),
  ].join("");
}

/** The light node's metrics and health. */
import { expositionOf, serveExposition, type MetricsServer } from "../exposition.js";
import type { Peers } from "./peers.js";
import type { LightStore } from "./store.js";

/** What the rounds count. */
export class LightVitals {
  /** Blocks that were read in full and found true. */
  supervised = 0;
  /** Rounds in a row that brought nothing. */
  failedRounds = 0;
}

/** What is measured. */
export interface Measured {
  readonly store: LightStore;
  readonly peers: Peers;
  readonly vitals: LightVitals;
  /** Unix seconds. */
  readonly now: () => bigint;
}

/** A head that is older is a sign of ill health: blocks come every two seconds. */
const OLD_SECONDS = 60;

/** Serves them at that port; 0: any free one. */
export async function serveLightMetrics(port: number, measured: Measured): Promise<MetricsServer> {
  return serveExposition(port, "--metrics-port", {
    metrics: () => metricsText(measured),
    health: () => healthOf(measured),
  });
}

/** Whether it follows the chain, with proof, and sees no fork. */
export function healthOf({ store, peers, now }: Measured): {
  readonly status: "ok" | "failing";
  readonly head?: string;
  readonly headAgeSeconds?: number;
  readonly isProven: boolean;
  readonly forks: number;
  readonly peers: number;
} {
  const { trusted } = store;
  const forks = store.forks.length;
  const age = trusted === undefined ? undefined : Number(now() - trusted.header.timestamp);
  const isProven = trusted?.isProven === true;
  const isWell = isProven && age !== undefined && age <= OLD_SECONDS && forks === 0 && peers.trusted.length > 0;
  return {
    status: isWell ? "ok" : "failing",
    ...(trusted === undefined ? {} : { head: trusted.header.number.toString() }),
    ...(age === undefined ? {} : { headAgeSeconds: age }),
    ...{ isProven, forks, peers: peers.trusted.length },
  };
}

/** The text exposition format. */
export function metricsText({ store, peers, vitals, now }: Measured): string {
  const { trusted, counts, gaps } = store;
  const missing = gaps.reduce((sum, { low, high }) => sum + Number(high - low) + 1, 0);
  const ofPeers = (read: (record: (typeof peers.records)[number]) => number): [string, number][] =>
    peers.records.map((record) => [`{peer=${JSON.stringify(record.name)}}`, read(record)]);
  const metric = expositionOf("commonwatt_light");
  return [
    metric("head", "gauge", "Number of the newest header.", [["", Number(trusted?.header.number ?? -1)]]),
    metric("head_age_seconds", "gauge", "How old the newest header is.", [
      ["", trusted === undefined ? Number.NaN : Number(now() - trusted.header.timestamp)],
    ]),
    metric("is_proven", "gauge", "1: all that is answered is proven.", [["", trusted?.isProven === true ? 1 : 0]]),
    metric("accountants", "gauge", "Members of the set in force.", [["", trusted?.next.validators.length ?? 0]]),
    metric("headers", "gauge", "Headers that are stored.", [["", counts.headers]]),
    metric("headers_missing", "gauge", "Headers to be filled in.", [["", missing]]),
    metric("header_bytes", "gauge", "Bytes of the stored headers.", [["", counts.bytes]]),
    metric("forks", "gauge", "Heights at which quorums sealed two blocks.", [["", store.forks.length]]),
    metric("supervised_total", "counter", "Blocks read in full and found true.", [["", vitals.supervised]]),
    metric("failed_rounds", "gauge", "Rounds in a row that brought nothing.", [["", vitals.failedRounds]]),
    metric(
      "peer_out",
      "gauge",
      "1: kept out after a lie.",
      ofPeers(({ isOut }) => (isOut ? 1 : 0)),
    ),
    metric(
      "peer_lies_total",
      "counter",
      "Answers that can't be true.",
      ofPeers(({ lies }) => lies),
    ),
    metric(
      "peer_failures_total",
      "counter",
      "Answers that did not come.",
      ofPeers(({ failures }) => failures),
    ),
    metric(
      "peer_stale_total",
      "counter",
      "Times that its head was far behind.",
      ofPeers(({ stale }) => stale),
    ),
  ].join("");
}

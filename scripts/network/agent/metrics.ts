/** The permission agent's metrics and health. */
import { expositionOf, serveExposition, type MetricsServer } from "../../exposition.js";

import { isEqual } from "./agent.js";
import type { Vitals } from "./loop.js";

/** What names the port. */
export const METRICS_OPTION = "--metrics-port";
/** Rounds that fail in a row before the health says so: with their pauses, about half a minute. */
const FAILURES_OF_ILL_HEALTH = 5;

/** Serves them at that port; 0: any free one. */
export function serveAgentMetrics(port: number, vitals: Vitals): Promise<MetricsServer> {
  return serveExposition(port, METRICS_OPTION, {
    metrics: () => agentMetrics(vitals, Math.floor(Date.now() / 1_000)),
    health: () => agentHealth(vitals),
  });
}

/** Whether the node's lists are known to be what the contracts say. */
export function agentHealth(vitals: Vitals): { readonly status: "ok" | "failing"; readonly trouble?: string } {
  const { round, failures, trouble } = vitals;
  const isIll = failures >= FAILURES_OF_ILL_HEALTH || round === undefined || round.isStale || !isEqual(round);
  return { status: isIll ? "failing" : "ok", ...(trouble === undefined ? {} : { trouble }) };
}

/** The text exposition format. `now`: Unix seconds. */
export function agentMetrics(vitals: Vitals, now: number): string {
  const { round, changes } = vitals;
  const byList = (of: (list: "accounts" | "nodes") => number) =>
    (["accounts", "nodes"] as const).map((list) => [`{list="${list}"}`, of(list)] as const);
  const listed = (part: "inForce" | "missing" | "excess"): readonly (readonly [string, number])[] =>
    round === undefined ? [] : byList((list) => round[list][part].length);
  const metric = expositionOf("commonwatt_agent");
  return [
    metric("listed", "gauge", "Entries in force on the node, by list.", listed("inForce")),
    metric("missing", "gauge", "Entries that the contracts name and the node lacks.", listed("missing")),
    metric("excess", "gauge", "Entries that the node has and the contracts do not name.", listed("excess")),
    metric("added_total", "counter", "Entries added since the start.", [
      [`{list="accounts"}`, changes.accountsAdded],
      [`{list="nodes"}`, changes.nodesAdded],
    ]),
    metric("removed_total", "counter", "Entries removed since the start.", [
      [`{list="accounts"}`, changes.accountsRemoved],
      [`{list="nodes"}`, changes.nodesRemoved],
    ]),
    metric("peers_missing", "gauge", "Listed nodes that are not connected.", one(round?.peers.missing.length)),
    metric("peers_added_total", "counter", "Peers added since the start.", one(vitals.peersAdded)),
    metric("head_block", "gauge", "The block that the lists follow.", one(round?.admitted.head.number)),
    metric(
      "head_age_seconds",
      "gauge",
      "How old that block is.",
      one(round && now - Number(round.admitted.head.timestamp)),
    ),
    metric("attested_block", "gauge", "The block that lists were attested for last.", one(vitals.attestedBlock)),
    metric("attest_failures_total", "counter", "Attestations that failed since the start.", one(vitals.attestFailures)),
    metric("round_failures", "gauge", "Rounds in a row that failed.", one(vitals.failures)),
  ].join("");
}

const one = (value: number | undefined): readonly (readonly [string, number])[] =>
  value === undefined ? [] : [["", value]];

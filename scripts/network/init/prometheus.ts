/** The scrape configuration of Prometheus. Nodes and their agents tell their metrics on loopback alone, so that each host has its own Prometheus. */
import { stringify } from "yaml";

import { chainsOf, nodeOnChain, type ChainName, type NetworkFile } from "../network-file.js";

/** Twice a block would tell no more. */
const SCRAPE_SECONDS = 5;

/** Files by name: `prometheus.yml`, or one for each host where there are several. */
export function prometheusFiles(network: NetworkFile): Map<string, string> {
  const hosts = [...new Set(network.nodes.map(({ host }) => host))];
  return new Map(hosts.map((host) => [hosts.length === 1 ? "prometheus.yml" : fileOf(host), textOf(network, host)]));
}

function fileOf(host: string): string {
  return `prometheus-${host.replaceAll(":", "_")}.yml`;
}

function textOf(network: NetworkFile, host: string): string {
  const configuration = {
    global: {
      scrape_interval: `${SCRAPE_SECONDS}s`,
      external_labels: { network: network.name, host },
    },
    scrape_configs: chainsOf(network).flatMap((chain) => [
      jobOf(`besu-${chain}`, targetsOf(network, host, chain, "metricsPort")),
      jobOf(`agent-${chain}`, targetsOf(network, host, chain, "agentMetricsPort")),
    ]),
  };
  return `# Made by npm run network -- init: what Prometheus asks on ${host}.\n${stringify(configuration, { lineWidth: 0 })}`;
}

function jobOf(name: string, targets: readonly object[]): object {
  return { job_name: name, metrics_path: "/metrics", static_configs: targets };
}

function targetsOf(
  network: NetworkFile,
  host: string,
  chain: ChainName,
  port: "metricsPort" | "agentMetricsPort",
): object[] {
  return network.nodes
    .filter((node) => node.host === host && node.chains[chain] !== undefined)
    .map((node) => ({
      targets: [`127.0.0.1:${nodeOnChain(node, chain)[port]}`],
      labels: { node: node.name, member: node.member, role: node.role },
    }));
}

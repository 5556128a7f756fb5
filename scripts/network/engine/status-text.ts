/** The status for people. */
import Table from "cli-table3";

import { MOST_AHEAD_SECONDS } from "./clock.js";
import type { ListStatus } from "./list-drift.js";
import type { ChainStatus, NodeStatus } from "./status.js";

const SHOWN_DIGITS = 10;

export function statusText({ lists, ...status }: ChainStatus & { readonly lists: ListStatus }): string {
  return [headline(status), table(status.nodes), ...warnings(status), ...listWarnings(lists)].join("\n");
}

/** What each verdict on a node's allow-lists means. */
const LIST_WORDS = {
  behind: "lists are behind the contracts",
  differs: "lists are not what the contracts say",
  silent: "its agent attested nothing for more than a day, or never",
  unknown: "its last attestation is of a block whose state is pruned here",
} as const;

function listWarnings({ problem, nodes, unannounced }: ListStatus): string[] {
  if (problem !== undefined) return [`Allow-lists: ${problem}`];
  const drifts = nodes.flatMap(({ name, verdict, lists, atBlock }) => {
    if (verdict === "equal") return [];
    const which = lists.length === 0 ? "" : ` (${lists.join(" and ")})`;
    const when = atBlock === undefined ? "" : `, attested at block ${atBlock}`;
    return [`WARNING: ${name}: ${LIST_WORDS[verdict]}${which}${when}.`];
  });
  return [
    ...(drifts.length === 0 && nodes.length > 0
      ? [`Allow-lists: ${nodes.length} nodes attest the contracts'.`]
      : drifts),
    ...(nodes.length === 0 ? ["Allow-lists: no node is announced in NodeDirectory (network announce)."] : []),
    ...(unannounced.length > 0 ? [`WARNING: in force, and never announced: ${unannounced.join(", ")}.`] : []),
  ];
}

function headline(status: ChainStatus): string {
  const { chain, head, silence, recentBlocks, roundChanges, blockSeconds, setInContract } = status;
  if (head === undefined) return `${chain} chain: no node answers`;
  const cadence = blockSeconds === undefined ? "" : `, ${blockSeconds.toFixed(1)} s apart`;
  return (
    `${chain} chain: block ${head}, ${silence ?? 0} s ago; set of ${setInContract.length}; ` +
    `the last ${recentBlocks} blocks: ${roundChanges} round changes${cadence}`
  );
}

function table(nodes: readonly NodeStatus[]): string {
  const head = [
    ...["node", "head", "hash", "peers", "in contract", "in force"],
    ...["made", "round changes", "misses", "state"],
  ];
  const rows = new Table({ head, style: { head: [], border: [], compact: true } });
  for (const node of nodes) {
    rows.push([
      node.name,
      node.head ?? "",
      node.headHash?.slice(0, SHOWN_DIGITS) ?? "",
      node.peers ?? "",
      node.isInContract ? "yes" : "",
      node.isInForce ? "yes" : "",
      node.made,
      node.roundChanges,
      node.misses ?? "",
      stateOf(node),
    ]);
  }
  return rows.toString();
}

function stateOf({ problem, isNext, isJailed, role, isInContract }: NodeStatus): string {
  const words = [
    ...(problem === undefined ? [] : [problem]),
    ...(isJailed === true ? ["jailed"] : []),
    ...(isNext ? ["makes the next block"] : []),
    ...(role === "standby" && !isInContract ? ["stands by"] : []),
  ];
  return words.join(", ");
}

function warnings({ silence = 0, setInContract, setInForce, strangers, forked, nodes }: ChainStatus): string[] {
  const differ = setInContract.join() !== setInForce.join();
  const alone = nodes.filter(({ peers }) => peers === 0).map(({ name }) => name);
  return [
    ...(silence < -MOST_AHEAD_SECONDS
      ? [`WARNING: this machine's clock is ${-silence} s behind that of the last block's maker: set both by NTP.`]
      : []),
    ...(differ ? ["WARNING: the set in the contract is not the one in force."] : []),
    ...(forked.length > 0 ? [`WARNING: on another chain: ${forked.join(", ")}.`] : []),
    ...(alone.length > 0
      ? [`WARNING: no peers: ${alone.join(", ")} (network restart, its agent, or p2p ports that a firewall closes).`]
      : []),
    ...(strangers.length > 0 ? [`In the set, and no node of this folder: ${strangers.join(", ")}.`] : []),
  ];
}

/** A node's first permission file: who may send, and which nodes may connect, until its agent knows better from the chain. */
import { enodeUrl, type ChainName, type NetworkFile } from "../network-file.js";

/** The TOML that Besu reads, and rewrites itself at each change; `accounts` are always listed. */
export function permissionsText(network: NetworkFile, chain: ChainName, accounts: readonly string[]): string {
  const nodes = network.nodes.filter((node) => node.chains[chain] !== undefined).map((node) => enodeUrl(node, chain));
  return [
    `accounts-allowlist=${listOf(accounts.map((account) => account.toLowerCase()).toSorted())}`,
    `nodes-allowlist=${listOf(nodes)}`,
    "",
  ].join("\n");
}

/** A TOML array of basic strings, which JSON's are for what stands in addresses and enode URLs. */
function listOf(items: readonly string[]): string {
  return JSON.stringify(items);
}

/** The files of one node's part in the folder: all that is its own but its keystores. */
import { join } from "node:path";

import { chainsOf, nodeFolder, type NetworkFile, type NetworkNode } from "../network-file.js";
import { tlsPassword } from "../unlock.js";
import { hidden, shown, type Files } from "./files.js";
import { keyNamed, type NetworkKeys } from "./keys.js";
import { permissionsText } from "./permissions.js";
import { agentUnitName, agentUnitText, unitName, unitText } from "./systemd.js";
import { nodeKeystoreOf, type Authority } from "./tls.js";

export interface NodeFilesOptions {
  /** The node's own keys, at least. */
  readonly keys: NetworkKeys;
  /** PEM of the key that RPC tokens are checked by. */
  readonly tokenKey: string;
  /** Vouches for the node's RPC; undefined: without TLS. */
  readonly authority: Authority | undefined;
  readonly now: Date;
  /** Accounts that may send from the first start on, by chain. */
  readonly accounts: Readonly<Partial<Record<string, readonly string[]>>>;
}

/** Files by path in the folder. */
export async function nodeFiles(network: NetworkFile, node: NetworkNode, options: NodeFilesOptions): Promise<Files> {
  const { keys, tokenKey, authority, now, accounts } = options;
  const files: Files = new Map();
  for (const chain of chainsOf(network)) {
    const own = keys[chain];
    if (own === undefined) continue;
    const folder = nodeFolder("", node, chain);
    files.set(join(folder, "permissions.toml"), shown(permissionsText(network, chain, accounts[chain] ?? [])));
    files.set(join(folder, "jwt-public.pem"), shown(tokenKey));
    files.set(join("systemd", unitName(network, node, chain)), shown(unitText(network, node, chain)));
    files.set(join("systemd", agentUnitName(network, node, chain)), shown(agentUnitText(network, node, chain)));
    if (authority === undefined) continue;
    const password = tlsPassword(keyNamed(own.nodes, node.name).privateKey);
    const keystore = await nodeKeystoreOf(authority, { name: node.name, host: node.host, password, now });
    files.set(join(folder, "tls.p12"), hidden(keystore));
  }
  return files;
}

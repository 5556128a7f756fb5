/** All keys of a new network, and the files that hold them, encrypted. */
import { dataSlice, SigningKey, type Wallet } from "ethers";

import { accountNames, agentName, nodeKeystore, operatorKeystore } from "../operators.js";
import type { ChainName, NodeOnChain } from "../network-file.js";
import type { KeySource } from "./key-source.js";
import type { PlannedNode } from "./plan.js";

/** Keys of a chain. */
export interface ChainKeys {
  /** By node. */
  readonly nodes: ReadonlyMap<string, Wallet>;
  /** Operators, organisations and agents, by name (operators.ts). */
  readonly accounts: ReadonlyMap<string, Wallet>;
}

export type NetworkKeys = Readonly<Partial<Record<ChainName, ChainKeys>>>;

/** Makes them. */
export function makeKeys(source: KeySource, chains: readonly ChainName[], nodes: readonly PlannedNode[]): NetworkKeys {
  const keysOf = (chain: ChainName): ChainKeys => ({
    nodes: new Map(nodes.map(({ name }) => [name, source.key(`${chain}/node/${name}`)])),
    accounts: new Map(accountNames(chain, nodes).map((name) => [name, source.key(`${chain}/account/${name}`)])),
  });
  return Object.fromEntries(chains.map((chain) => [chain, keysOf(chain)]));
}

/** A key that must be there. */
export function keyNamed(keys: ReadonlyMap<string, Wallet>, name: string): Wallet {
  const key = keys.get(name);
  if (key === undefined) throw new Error(`no key ${name} was made`);
  return key;
}

/** What others are told of a node's keys. */
export function nodeIdentity(
  { nodes, accounts }: ChainKeys,
  node: PlannedNode,
): Pick<NodeOnChain, "address" | "enodeId" | "agentAccount"> {
  const key = keyNamed(nodes, node.name);
  // the uncompressed point without its mark
  const enodeId = dataSlice(new SigningKey(key.privateKey).publicKey, 1).slice(2);
  return { address: key.address, enodeId, agentAccount: keyNamed(accounts, agentName(node)).address };
}

/** The keystores' texts by file, as paths in `dir`. */
export async function keystoresOf(
  dir: string,
  keys: NetworkKeys,
  source: KeySource,
  password: string,
): Promise<Map<string, string>> {
  const jobs = Object.entries(keys).flatMap(([name, { nodes, accounts }]) => {
    const chain = name as ChainName;
    const stored = (file: string, purpose: string, wallet: Wallet) => async (): Promise<[string, string]> => {
      const { address, privateKey } = wallet;
      return [file, await source.keystore(purpose, { address, privateKey }, password)];
    };
    return [
      ...[...nodes].map(([node, wallet]) =>
        stored(nodeKeystore(dir, { name: node }, chain), `${chain}/node/${node}`, wallet),
      ),
      ...[...accounts].map(([account, wallet]) =>
        stored(operatorKeystore(dir, chain, account), `${chain}/account/${account}`, wallet),
      ),
    ];
  });
  return new Map(await Promise.all(jobs.map((job) => job())));
}

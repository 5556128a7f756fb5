/** The accounts of a network's folder: whose they are, where their keystores stand, and how they are opened. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { getAddress, type HDNodeWallet, type Wallet } from "ethers";
import { z } from "zod";

import { InputError } from "../inputs/error.js";
import { openKeystore } from "../inputs/keys.js";
import { nodeFolder, type ChainName, type NetworkNode } from "./network-file.js";

/** Who administers a chain. The user chain has no credits and no market. */
export const OPERATOR_NAMES = {
  transaction: ["deployer", "council", "issuer", "regulator", "relayer"],
  user: ["deployer", "council"],
} as const satisfies Record<ChainName, readonly string[]>;

/** What a node's agent signs with. */
export function agentName(node: Pick<NetworkNode, "name">): string {
  return `${node.name}-agent`;
}

/** All accounts of a chain by name: operators, the organisations (by their nodes' names), their agents. */
export function accountNames(chain: ChainName, nodes: readonly Pick<NetworkNode, "name">[]): string[] {
  return [...OPERATOR_NAMES[chain], ...nodes.flatMap((node) => [node.name, agentName(node)])];
}

export function operatorsFolder(dir: string): string {
  return join(dir, "operators");
}

/** The keystore of an account: the two chains' are different keys, so that nobody joins them by their addresses. */
export function operatorKeystore(dir: string, chain: ChainName, name: string): string {
  return join(operatorsFolder(dir), `${chain}-${name}.key.json`);
}

/** The keystore of a node's own key. */
export function nodeKeystore(dir: string, node: Pick<NetworkNode, "name">, chain: ChainName): string {
  return join(nodeFolder(dir, node, chain), "node.key.json");
}

/** Opens one account's keystore. */
export async function openOperator(
  dir: string,
  chain: ChainName,
  name: string,
  password: string,
): Promise<Wallet | HDNodeWallet> {
  const file = operatorKeystore(dir, chain, name);
  const addresses = await operatorAddresses(dir, chain);
  if (addresses.has(name)) return openKeystore(file, await readFile(file, "utf8"), password);
  const known = [...addresses.keys()].join(", ");
  throw new InputError({ file }, `there is no account ${name} of the ${chain} chain`, `Known: ${known}`);
}

const keystoreSchema = z.object({ address: z.string().regex(/^(0x)?[0-9a-fA-F]{40}$/) });

/** The addresses of a chain's accounts by name; keystores tell them without their password. */
export async function operatorAddresses(dir: string, chain: ChainName): Promise<Map<string, string>> {
  const folder = operatorsFolder(dir);
  const files = await readdir(folder).catch((cause: unknown) => {
    throw new InputError({ file: folder }, "it can't be read", "Name the folder that init made", { cause });
  });
  const own = files.filter((file) => file.startsWith(`${chain}-`) && file.endsWith(".key.json")).sort();
  const entries = own.map(async (file) => {
    const name = file.slice(chain.length + 1, -".key.json".length);
    return [name, await addressIn(join(folder, file))] as const;
  });
  return new Map(await Promise.all(entries));
}

async function addressIn(file: string): Promise<string> {
  try {
    const { address } = keystoreSchema.parse(JSON.parse(await readFile(file, "utf8")));
    return getAddress(address.startsWith("0x") ? address : `0x${address}`);
  } catch (cause) {
    throw new InputError({ file }, "this is no keystore", "Restore the file that init wrote", { cause });
  }
}

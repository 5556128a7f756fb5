/** Whether a folder's genesis files are the ones that `init` wrote, by `network.json` alone: without running a constructor. */
import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";

import { InputError } from "../../inputs/error.js";
import { chainsOf, type ChainName, type NetworkFile } from "../network-file.js";
import { genesisConfig, genesisHash } from "./genesis-file.js";
import { genesisPath } from "./predeployed-file.js";

/** Refuses genesis files that are not those of `network.json`: such nodes would be on a chain of their own. */
export async function requireGenesis(dir: string, network: NetworkFile): Promise<void> {
  for (const chain of chainsOf(network)) {
    const file = genesisPath(dir, chain);
    const advice = "Restore the file that init wrote: a node with another genesis joins nobody";
    const text = await readFile(file, "utf8").catch((cause: unknown) => {
      throw new InputError({ file }, "the genesis file can't be read", advice, { cause });
    });
    const problem = changeOf(text, network, chain);
    if (problem !== undefined) throw new InputError({ file }, problem, advice);
  }
}

/** What differs, in words. */
function changeOf(text: string, network: NetworkFile, chain: ChainName): string | undefined {
  const { chainId = 0, genesisHash: expected = "no hash" } = network.chains[chain] ?? {};
  let found: { readonly hash: string; readonly config: unknown };
  try {
    found = { hash: genesisHash(text), config: (JSON.parse(text) as { config?: unknown }).config };
  } catch {
    return "it is no genesis file";
  }
  if (found.hash !== expected) {
    return `it was changed since init: its block has the hash ${found.hash}, and network.json says ${expected}`;
  }
  // chain id, block time, timeout and who says who seals stand in no header, so that the hash is the same without them
  if (isDeepStrictEqual(found.config, genesisConfig({ ...network, chainId }))) return undefined;
  return "it was changed since init: its 'config' is not the one of network.json";
}

/**
 * Whether a genesis block is what it says: the constructors are run again with what they were given, and the files that
 * come of it are compared, byte for byte. So are the logs in a deployment file, which no header commits to.
 */
import { readFile } from "node:fs/promises";

import type { Deployment } from "../../../sdk/deployments/index.js";
import { InputError } from "../../inputs/error.js";
import { chainsOf, type ChainName, type NetworkFile } from "../network-file.js";
import { genesisPath, makeGenesis, predeployedPath, readPredeployed } from "./predeployed-file.js";

export interface CheckedDeployment {
  readonly file: string;
  readonly content: Deployment;
}

/** What was found to hold, a line for each chain. Throws `InputError` at the first difference. */
export async function checkGenesis(
  dir: string,
  network: NetworkFile,
  deployment?: CheckedDeployment,
): Promise<string[]> {
  const lines: string[] = [];
  for (const chain of chainsOf(network)) lines.push(await checkChain(dir, network, chain, deployment));
  return lines;
}

async function checkChain(
  dir: string,
  network: NetworkFile,
  chain: ChainName,
  deployment: CheckedDeployment | undefined,
): Promise<string> {
  const stated = network.chains[chain]?.genesisHash ?? "no block";
  const { source, logs } = await readPredeployed(dir, chain);
  const made = await makeGenesis(source);
  await requireSame(genesisPath(dir, chain), made.genesis);
  await requireSame(predeployedPath(dir, chain), made.predeployed);
  if (made.hash !== stated) {
    throw difference("network.json", `its ${chain} chain begins with ${stated}, not ${made.hash}`);
  }
  if (deployment !== undefined) {
    const { genesisHash, genesisLogs } = deployment.content.chains[chain];
    if (genesisHash !== made.hash) throw difference(deployment.file, `its ${chain} chain begins with ${genesisHash}`);
    if (JSON.stringify(genesisLogs) !== JSON.stringify(logs)) {
      throw difference(deployment.file, `its logs of the ${chain} chain's block 0 are not the constructors'`);
    }
  }
  return `${chain} chain: block ${made.hash} holds what its constructors leave, and they emitted ${logs.length} logs`;
}

async function requireSame(file: string, made: string): Promise<void> {
  const found = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new InputError({ file }, "it can't be read", "Restore the file that init wrote", { cause });
  });
  if (found === made) return;
  const [ours, theirs] = [made.split("\n"), found.split("\n")];
  const line = ours.findIndex((text, index) => text !== theirs[index]) + 1;
  throw difference(file, "it is not what the constructors leave", line === 0 ? ours.length : line);
}

function difference(file: string, problem: string, line?: number): InputError {
  const advice =
    "Trust it only when everybody who founds the network knows why; check that the program's version is its";
  return new InputError(line === undefined ? { file } : { file, line }, problem, advice);
}

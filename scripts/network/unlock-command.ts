/** `npm run network -- unlock`: hands a node its key in memory, for units and containers. */
import { Option, type Command } from "commander";

import { subcommand } from "../inputs/arguments.js";
import { CHAIN_NAMES, DEFAULT_NETWORK_FOLDER, nodeNamed, nodeOnChain, readNetworkFile } from "./network-file.js";
import type { ChainName } from "./network-file.js";
import { folderPassword } from "./password.js";
import { unlockNode } from "./unlock.js";

interface UnlockCommandOptions {
  readonly dir: string;
  readonly chain: ChainName;
  readonly to: string;
  readonly passwordFile?: string;
}

export function addUnlockCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  subcommand(program, "unlock", "Writes a node's key, as Besu wants it, into a folder in memory.")
    .argument("<node>", "the node's name")
    .addOption(new Option("--chain <name>", "whose key").choices(CHAIN_NAMES).makeOptionMandatory())
    .requiredOption("--to <dir>", "the folder, on a tmpfs")
    .option("--dir <dir>", "the network's folder", DEFAULT_NETWORK_FOLDER)
    .option("--password-file <file>", "holds the password of the keys (default: asked for)")
    .action(async (name: string, { dir, chain, to, passwordFile }: UnlockCommandOptions) => {
      const network = await readNetworkFile(dir);
      const node = nodeNamed(network, name);
      nodeOnChain(node, chain);
      const password = await folderPassword({ passwordFile, environment });
      await unlockNode(dir, network, { node, chain, password, folder: to });
    });
}

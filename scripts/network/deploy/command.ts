/** `npm run network -- deploy` and `check-genesis`. */
import type { Command } from "commander";

import { deploymentPath, readDeployment } from "../../../sdk/node/deployments.js";
import { subcommand } from "../../inputs/arguments.js";
import type { Print } from "../../run.js";
import { checkGenesis } from "../genesis/check.js";
import { DEFAULT_NETWORK_FOLDER, readNetworkFile } from "../network-file.js";
import { folderPassword } from "../password.js";

interface DeployCommandOptions {
  readonly dir: string;
  readonly deployment?: string;
  readonly council: boolean;
  readonly passwordFile?: string;
}

interface CheckCommandOptions {
  readonly dir: string;
  readonly deployment?: string;
}

export function addDeployCommand(program: Command, print: Print, environment: NodeJS.ProcessEnv): void {
  subcommand(program, "deploy", "Deploys both chains' contracts on a running network, and hands over to its members.")
    .option("--dir <dir>", "the network's folder", DEFAULT_NETWORK_FOLDER)
    .option("--deployment <file>", "deployment file to write (default: deployments/NAME.json)")
    .option("--council", "a council account decides alone, for simulations; nothing is handed over", false)
    .option("--password-file <file>", "holds the password of the keys (default: asked for)")
    .action(async ({ dir, deployment, council, passwordFile }: DeployCommandOptions) => {
      const { name } = await readNetworkFile(dir);
      const file = deployment ?? deploymentPath(name);
      const password = await folderPassword({ passwordFile, environment });
      // Hardhat takes seconds to load, which no other subcommand has to wait for
      const { deployOnBesu } = await import("./deploy.js");
      const { chains } = await deployOnBesu({ dir, password, deployment: file, council, onProgress: print });
      for (const [chain, { contracts }] of Object.entries(chains)) {
        print(`${chain} chain: ${Object.keys(contracts).length} contracts`);
      }
      print(`Written: ${file}`);
      print(`Next, so that nodes list each other: npm run network -- announce --dir ${dir}${deployedAt(deployment)}`);
      if (council) print("NOT FOR PRODUCTION: a council account decides alone. Its members govern nothing.");
    });
}

function deployedAt(deployment: string | undefined): string {
  return deployment === undefined ? "" : ` --deployment ${deployment}`;
}

export function addCheckGenesisCommand(program: Command, print: Print): void {
  subcommand(program, "check-genesis", "Makes the genesis blocks again by their constructors, and compares every byte.")
    .option("--dir <dir>", "the network's folder", DEFAULT_NETWORK_FOLDER)
    .option("--deployment <file>", "also compare this deployment file's logs of block 0")
    .action(async ({ dir, deployment: file }: CheckCommandOptions) => {
      const deployment = file === undefined ? undefined : { file, content: await readDeployment(file) };
      for (const line of await checkGenesis(dir, await readNetworkFile(dir), deployment)) print(line);
    });
}

/** Runs one command line of `npm run vault`. */
import { runCommandLine } from "../run.js";
import { vaultCommand } from "./command.js";
import type { Shell } from "./shell.js";

export async function runVault(
  argv: readonly string[],
  shell: Shell,
  complain: (problem: unknown) => void,
): Promise<number> {
  return runCommandLine(vaultCommand(shell), argv, complain);
}

/** The command line of `npm run network`. */
import { Command } from "commander";

import type { Print } from "../run.js";
import { addAgentCommands } from "./agent/command.js";
import { addRunCommands } from "./engine/commands.js";
import { addCheckGenesisCommand, addDeployCommand } from "./deploy/command.js";
import { addInitCommand } from "./init/command.js";
import { addMemberCommands } from "./members/command.js";
import { addUnlockCommand } from "./unlock-command.js";

/** All subcommands. */
export function networkCommand(print: Print, environment: NodeJS.ProcessEnv): Command {
  const program = new Command("network")
    .description("Makes and runs a network of real Besu nodes.")
    .allowExcessArguments(false)
    .enablePositionalOptions()
    .exitOverride();
  addInitCommand(program, print, environment);
  addRunCommands(program, print, environment);
  addMemberCommands(program, print, environment);
  addUnlockCommand(program, environment);
  addDeployCommand(program, print, environment);
  addCheckGenesisCommand(program, print);
  addAgentCommands(program, print, environment);
  return program;
}

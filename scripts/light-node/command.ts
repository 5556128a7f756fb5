/** `npm run light-node`: a citizen's node. Its parts add their subcommands here. */
import { Command } from "commander";

import type { Environment } from "../networks/session.js";
import type { Print } from "../run.js";
import { addBackupCommand } from "./backup/command.js";

export function lightNodeCommand(environment: Environment, print: Print): Command {
  const program = new Command("light-node")
    .description("Verifies the chain by its headers; keeps full copies of it.")
    .allowExcessArguments(false)
    .enablePositionalOptions()
    .exitOverride();
  addBackupCommand(program, environment, print);
  return program;
}

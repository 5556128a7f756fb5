/** `npm run audit`: rebuilds the books from events alone and compares. Exit codes: 0 all holds, 1 a difference, 2 input. */
import { Command, CommanderError } from "commander";

import "../fast-keccak.js";
import { decodeError } from "../../sdk/contracts.js";
import { CommonwattError } from "../../sdk/errors.js";
import { InputError } from "../inputs/index.js";
import { addBooksCommands, auditNetwork, type AuditCommandOptions } from "./books-commands.js";
import { addEvidenceCommands } from "./evidence/command.js";
import { EvidenceRefused } from "./evidence/refused.js";
import { addIndexCommand } from "./indexer/command.js";
import { addStatementCommands } from "./statements/command.js";

const command = new Command("audit")
  .description("Rebuilds every balance, lock and position of the transaction chain from its events, and compares.")
  .option("--network <name>", "local, besu, or a deployment file", "local")
  .option("--rpc <url>", "endpoint of the transaction chain (default: the deployment file's)")
  .option("--json", "print one JSON object", false)
  .allowExcessArguments(false)
  .enablePositionalOptions()
  .exitOverride()
  .action(async (options: AuditCommandOptions) => {
    process.exitCode = await auditNetwork(options);
  });
addIndexCommand(command);
addBooksCommands(command);
addEvidenceCommands(command, console.log);
addStatementCommands(command, {
  print: console.log,
  fail: (problem) => {
    console.error(problem);
    process.exitCode = 1;
  },
});

try {
  await command.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

/** Tells what was thrown, once; commander has told its own already. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const isTold = error instanceof InputError || error instanceof CommonwattError || error instanceof EvidenceRefused;
  // an endpoint that fails midway is no difference in the books
  console.error((isTold ? error : decodeError(error)).message);
  return error instanceof EvidenceRefused ? 1 : 2;
}

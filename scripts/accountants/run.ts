/** Runs one command line of `npm run accountants`. */
import type { Environment } from "../networks/session.js";
import { runCommandLine, type Print } from "../run.js";
import { accountantsCommand } from "./command.js";

export async function runAccountants(
  argv: readonly string[],
  environment: Environment,
  print: Print,
  complain: (problem: unknown) => void,
): Promise<number> {
  return runCommandLine(accountantsCommand(environment, print), argv, complain);
}

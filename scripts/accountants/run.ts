/** Runs one command line. Exit codes: 0 done or stopped, 1 a bug, 2 bad input or a refusal by the chain. */
import { CommanderError } from "commander";

import { CommonwattError } from "../../sdk/errors.js";
import { InputError } from "../inputs/error.js";
import { OracleSetupError } from "../oracle/error.js";
import { accountantsCommand, type Environment, type Print } from "./command.js";

export async function runAccountants(
  argv: readonly string[],
  environment: Environment,
  print: Print,
  complain: (problem: unknown) => void,
): Promise<number> {
  try {
    await accountantsCommand(environment, print).parseAsync([...argv], { from: "user" });
    return 0;
  } catch (error) {
    // commander has told already what is wrong, or given its help
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const expected =
      error instanceof InputError || error instanceof CommonwattError || error instanceof OracleSetupError;
    complain(expected ? error.message : error);
    return expected ? 2 : 1;
  }
}

/** The command `npm run accountants`. Exit codes: 0 done or stopped, 1 a bug, 2 bad input or a refusal by the chain. */
import { CommanderError } from "commander";

import { CommonwattError } from "../../sdk/errors.js";
import { InputError } from "../inputs/error.js";
import { OracleSetupError } from "../oracle/error.js";
import { accountantsCommand } from "./command.js";

try {
  await accountantsCommand(process.env, (text) => console.log(text)).parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const expected = error instanceof InputError || error instanceof CommonwattError || error instanceof OracleSetupError;
  console.error(expected ? error.message : error);
  return expected ? 2 : 1;
}

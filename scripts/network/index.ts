/** `npm run network`: a federation of real Besu nodes. Exit codes: 0 done, 2 bad input; 1 is a bug. */
import { networkCommand } from "./command.js";
import { runCommandLine } from "../run.js";

const program = networkCommand(console.log, process.env);
process.exitCode = await runCommandLine(program, process.argv.slice(2), console.error);

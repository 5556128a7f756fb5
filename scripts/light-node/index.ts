/** The command `npm run light-node`. */
import { runCommandLine } from "../run.js";
import { lightNodeCommand } from "./command.js";

import "../fast-keccak.js";

const program = lightNodeCommand(
  (text) => console.log(text),
  (problem) => console.error(problem),
);
process.exitCode = await runCommandLine(program, process.argv.slice(2), (problem) => console.error(problem));

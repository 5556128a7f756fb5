/** The command `npm run light-node`. */
import "../fast-keccak.js";
import { runCommandLine } from "../run.js";
import { lightNodeCommand } from "./command.js";

const command = lightNodeCommand(process.env, (text) => console.log(text));
process.exitCode = await runCommandLine(command, process.argv.slice(2), (problem) => console.error(problem));

/** The command `npm run light-node`. */
import { runCommandLine } from "../run.js";
import { backupCommand } from "./backup/command.js";
import { lightNodeCommand } from "./command.js";

import "../fast-keccak.js";

const [first, ...rest] = process.argv.slice(2);
const print = (text: string): void => console.log(text);
const complain = (problem: unknown): void => console.error(problem);
// a command of its own: it needs no database, and its options mean other things
const isBackup = first === "backup";
const program = isBackup ? backupCommand(process.env, print) : lightNodeCommand(print, complain);
process.exitCode = await runCommandLine(program, isBackup ? rest : process.argv.slice(2), complain);

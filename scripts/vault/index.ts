/** The command `npm run vault`. */
import { buffer } from "node:stream/consumers";

import { runVault } from "./run.js";
import { askOnTerminal } from "./terminal.js";

const shell = {
  environment: process.env,
  print: (text: string): void => console.log(text),
  note: (text: string): void => console.error(text),
  write: (content: Uint8Array): void => void process.stdout.write(content),
  input: () => buffer(process.stdin),
  askHidden: askOnTerminal,
};
process.exitCode = await runVault(process.argv.slice(2), shell, (problem) => console.error(problem));

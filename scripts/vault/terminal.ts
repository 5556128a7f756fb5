/** Asking for secrets on the terminal: what is typed is not shown, and goes nowhere else. */
import { openSync } from "node:fs";
import { ReadStream } from "node:tty";

import { InputError } from "../inputs/error.js";

/** What is read from: a terminal, or what stands for one in a test. */
export interface HiddenInput {
  setRawMode(isRaw: boolean): unknown;
  on(event: "data", listener: (typed: Buffer) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  removeAllListeners(): unknown;
}

const ENTER = /[\r\n]/;
const CONTROL_C = "\u0003";
const CONTROL_D = "\u0004";
const BACKSPACE = /[\b\u007f]/;

/** Asks on the process's own terminal, also when standard input is a file or a pipe. */
export async function askOnTerminal(question: string): Promise<string | undefined> {
  let terminal: ReadStream;
  try {
    terminal = new ReadStream(openSync("/dev/tty", "r"));
  } catch {
    return undefined;
  }
  try {
    return await readHidden(terminal, (text) => void process.stderr.write(text), question);
  } finally {
    terminal.destroy();
  }
}

/** One line, unseen. Control-C and the end of the input are refusals. */
export async function readHidden(input: HiddenInput, show: (text: string) => void, question: string): Promise<string> {
  show(question);
  input.setRawMode(true);
  try {
    return await new Promise<string>((resolve, reject) => {
      const decoder = new TextDecoder();
      let typed = "";
      const stopped = (): void =>
        reject(new InputError({ file: "terminal" }, "no password was given", "Type it, and end it with Enter"));
      input.on("end", stopped);
      input.on("data", (bytes) => {
        for (const character of decoder.decode(bytes, { stream: true })) {
          if (ENTER.test(character)) return resolve(typed);
          if (character === CONTROL_C || character === CONTROL_D) return stopped();
          typed = BACKSPACE.test(character) ? [...typed].slice(0, -1).join("") : typed + character;
        }
      });
    });
  } finally {
    input.removeAllListeners();
    input.setRawMode(false);
    show("\n");
  }
}

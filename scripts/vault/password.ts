/** The keystore's password: from the terminal, a file, a descriptor or the environment, never from the command line, which others can see. */
import { readFileSync } from "node:fs";

import { InputError } from "../inputs/error.js";
import { PASSWORD_VARIABLE, passwordOf } from "../inputs/keys.js";
import type { Shell } from "./shell.js";

export interface PasswordOptions {
  readonly passwordFile?: string;
  readonly passwordFd?: number;
}

/** A guess costs about a second: with fewer characters it would be found. */
const FEWEST_CHARACTERS = 10;

/** The password of a keystore that is there. */
export async function knownPassword(options: PasswordOptions, shell: Shell): Promise<string> {
  return (await givenPassword(options, shell)) ?? (await asked(shell, "Password of the vault: "));
}

/** A password for a new keystore; asked twice on the terminal. */
export async function newPassword(options: PasswordOptions, shell: Shell): Promise<string> {
  let password = await givenPassword(options, shell);
  if (password === undefined) {
    password = await asked(shell, "New password of the vault: ");
    if (password !== (await asked(shell, "The same again: "))) {
      throw new InputError({ file: "terminal" }, "the two passwords differ", "Run it again");
    }
  }
  if ([...password].length >= FEWEST_CHARACTERS) return password;
  const advice = `Take ${FEWEST_CHARACTERS} characters or more: who gets the keystore can try passwords`;
  throw new InputError({ file: "password" }, "it is too short", advice);
}

async function givenPassword({ passwordFile, passwordFd }: PasswordOptions, shell: Shell): Promise<string | undefined> {
  if (passwordFd !== undefined) return fromDescriptor(passwordFd);
  if (passwordFile === undefined && shell.environment[PASSWORD_VARIABLE] === undefined) return undefined;
  return passwordOf(passwordFile, shell.environment);
}

function fromDescriptor(descriptor: number): string {
  try {
    return readFileSync(descriptor, "utf8").replace(/\r?\n$/, "");
  } catch (cause) {
    const problem = `nothing can be read from it (${(cause as NodeJS.ErrnoException).code ?? "unknown"})`;
    throw new InputError({ file: `--password-fd ${descriptor}` }, problem, "Open it for reading: 3<file", { cause });
  }
}

async function asked(shell: Shell, question: string): Promise<string> {
  const password = await shell.askHidden(question);
  if (password !== undefined) return password;
  const advice = `Run it on a terminal, name a file with --password-file, or set ${PASSWORD_VARIABLE} in the environment`;
  throw new InputError({ file: "password" }, "it is not given, and there is no terminal to ask on", advice);
}

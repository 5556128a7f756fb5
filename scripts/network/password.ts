/** The password of a network's folder: from a file, or from the terminal; never from the command line, which others can see. */
import { InputError } from "../inputs/error.js";
import { passwordOf } from "../inputs/keys.js";
import { askOnTerminal } from "../vault/terminal.js";

/** Names a file that holds the password, and nothing else. */
export const PASSWORD_FILE_VARIABLE = "COMMONWATT_NETWORK_PASSWORD_FILE";

/** Who gets a keystore can try passwords, at a third of a second each. */
const FEWEST_CHARACTERS = 10;

export interface PasswordSource {
  readonly passwordFile?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Undefined where there is no terminal. */
  readonly ask?: (question: string) => Promise<string | undefined>;
}

/** The password of a folder that is there. */
export async function folderPassword(source: PasswordSource): Promise<string> {
  return (await givenPassword(source)) ?? asked(source, "Password of the network's keys: ");
}

/** A password for a new folder; asked twice on the terminal. */
export async function newFolderPassword(source: PasswordSource): Promise<string> {
  let password = await givenPassword(source);
  if (password === undefined) {
    password = await asked(source, "New password of the network's keys: ");
    if (password !== (await asked(source, "The same again: "))) {
      throw new InputError({ file: "terminal" }, "the two passwords differ", "Run it again");
    }
  }
  if ([...password].length >= FEWEST_CHARACTERS) return password;
  const advice = `Take ${FEWEST_CHARACTERS} characters or more: who gets a keystore can try passwords`;
  throw new InputError({ file: "password" }, "it is too short", advice);
}

async function givenPassword({ passwordFile, environment }: PasswordSource): Promise<string | undefined> {
  const file = passwordFile ?? environment[PASSWORD_FILE_VARIABLE];
  return file === undefined || file === "" ? undefined : passwordOf(file, environment);
}

async function asked({ ask = askOnTerminal }: PasswordSource, question: string): Promise<string> {
  const password = await ask(question);
  if (password !== undefined) return password;
  const advice = `Name a file with --password-file, or set ${PASSWORD_FILE_VARIABLE}`;
  throw new InputError({ file: "password" }, "it is not given, and there is no terminal to ask on", advice);
}

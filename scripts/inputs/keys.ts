/**
 * Keys that commands sign with: from an encrypted keystore file (the ethers JSON format) with its password from a file or the
 * environment, or from the environment. Never from the repository or a command-line argument, which others can see.
 */
import { readFile } from "node:fs/promises";

import { Wallet, type HDNodeWallet } from "ethers";

import { InputError } from "./error.js";

/** Environment variables that hold secrets. */
export const KEY_VARIABLE = "COMMONWATT_PRIVATE_KEY";
export const PASSWORD_VARIABLE = "COMMONWATT_KEYSTORE_PASSWORD";

export interface KeyOptions {
  readonly keystore?: string | undefined;
  readonly passwordFile?: string | undefined;
}

/** The wallet; no message of a failure holds a secret. */
export async function loadKey(
  { keystore, passwordFile }: KeyOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Wallet | HDNodeWallet> {
  if (keystore !== undefined) {
    const json = await read(keystore); // first: who has no keystore needs no password
    return openKeystore(keystore, json, await passwordOf(passwordFile, environment));
  }
  const key = environment[KEY_VARIABLE];
  if (key === undefined || key === "") {
    throw new InputError(
      { file: "--keystore" },
      "there is no key to sign with",
      `Name an encrypted keystore file, or set ${KEY_VARIABLE} in the environment`,
    );
  }
  try {
    return new Wallet(key);
  } catch {
    // the cause would quote what was given
    throw new InputError({ file: KEY_VARIABLE }, "its value is not a private key", "Set it to 0x and 64 hex digits");
  }
}

/** Opens the text of a keystore; `file` stands in messages. */
export async function openKeystore(file: string, json: string, password: string): Promise<Wallet | HDNodeWallet> {
  try {
    return await Wallet.fromEncryptedJson(json, password);
  } catch (error) {
    const wrong = (error as Error).message.includes("incorrect password");
    throw new InputError(
      { file },
      wrong ? "the password is not this keystore's" : "this is not an encrypted keystore of the ethers JSON format",
      wrong ? "Check the password file or variable" : "Make one with ethers' Wallet.encrypt",
    );
  }
}

/** The password of a keystore. */
export async function passwordOf(
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  if (file !== undefined) return (await read(file)).replace(/\r?\n$/, "");
  const password = environment[PASSWORD_VARIABLE];
  if (password !== undefined) return password;
  throw new InputError(
    { file: "--password-file" },
    "the keystore's password is not given",
    `Name a file that holds it, or set ${PASSWORD_VARIABLE} in the environment`,
  );
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new InputError(
      { file },
      `the file can't be read (${(cause as Error).message})`,
      "Check the path and the rights on it",
      { cause },
    );
  }
}

/**
 * Encrypted keystores (Web3 Secret Storage, scrypt): made, written for their owner alone, never over another file.
 * Opening one is inputs/keys.ts's.
 */
import { scrypt as scryptOfNode } from "node:crypto";
import { existsSync } from "node:fs";
import { promisify } from "node:util";

import { encryptKeystoreJson, hexlify, scrypt, type KeystoreAccount } from "ethers";

import { writeFileAtOnce } from "../../sdk/node/deployments.js";
import { InputError } from "./error.js";

/** What is drawn when absent; a keystore whose words are given is the same each time it is made. */
export interface KeystoreWords {
  readonly salt: Uint8Array;
  readonly iv: Uint8Array;
  readonly uuid: Uint8Array;
  /** Of scrypt: a power of 2. */
  readonly cost: number;
}

const bytesOf = promisify<Parameters<typeof scryptOfNode>[0], Buffer, number, object, Buffer>(scryptOfNode);

/** OpenSSL counts some blocks besides those of scrypt itself. */
const SPARE_BYTES = 2 ** 20;

// OpenSSL's, on threads of its own: a folder of keystores would take ten times as long by ethers' JavaScript
scrypt.register(async (password, salt, N, r, p, length) => {
  const maxmem = 256 * r * (N + p) + SPARE_BYTES;
  return hexlify(await bytesOf(password, Buffer.from(salt), length, { N, r, p, maxmem }));
});

/** The text of a keystore. */
export async function keystoreText(account: KeystoreAccount, password: string, words?: KeystoreWords): Promise<string> {
  if (password === "") throw new InputError({ file: "--password-file" }, "the password is empty", "Give one.");
  if (words === undefined) return encryptKeystoreJson(account, password);
  const { salt, iv, uuid, cost } = words;
  return encryptKeystoreJson(account, password, { salt, iv, uuid: hexlify(uuid), scrypt: { N: cost, r: 8, p: 1 } });
}

/** Refuses a file that is there: a keystore may be the only place of its key. */
export function requireNoFile(file: string): void {
  if (existsSync(file)) throw new InputError({ file }, "the file is there already", "Name a new one.");
}

/** Writes a keystore that only its owner can read. */
export async function writeKeystore(
  file: string,
  account: KeystoreAccount,
  password: string,
  words?: KeystoreWords,
): Promise<void> {
  requireNoFile(file);
  await writeFileAtOnce(file, await keystoreText(account, password, words), 0o600);
}

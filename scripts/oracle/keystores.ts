/** `oracle keystore` and `oracle keys`: making encrypted keystores, and telling which addresses meters sign with. */
import { defaultPath, HDNodeWallet, type KeystoreAccount } from "ethers";

import { passwordOf } from "../inputs/keys.js";
import { requireNoFile, writeKeystore } from "../inputs/keystores.js";
import { namedKey } from "../networks/session.js";

import { DeviceKeys } from "./metering/keys.js";
import type { Environment } from "./open-sources.js";
import type { OracleSettings } from "./settings.js";

export interface KeystoreOptions {
  readonly file: string;
  readonly passwordFile?: string | undefined;
  /** A key of the simulated network's keys file instead of a new phrase. */
  readonly as?: string | undefined;
  readonly network: string;
}

/** Writes a keystore that only its owner can read, never over another file; its address. */
export async function makeKeystore(options: KeystoreOptions, environment: Environment): Promise<string> {
  const { file, passwordFile, as: name, network } = options;
  requireNoFile(file); // first: nothing is asked in vain
  const password = await passwordOf(passwordFile, environment);
  const account = name === undefined ? newPhrase() : await namedKey(name, "--as", { network, chain: "transaction" });
  await writeKeystore(file, account, password);
  return account.address;
}

function newPhrase(): KeystoreAccount {
  const { address, privateKey, mnemonic } = HDNodeWallet.createRandom();
  if (mnemonic === null) throw new Error("a new wallet has a phrase");
  return { address, privateKey, mnemonic: { path: defaultPath, entropy: mnemonic.entropy, locale: "en" } };
}

/** A line for each meter that the oracle signs for: number, the address to be certified as its device's, name. */
export async function meterKeys({ points, gateway }: OracleSettings, environment: Environment): Promise<string[]> {
  const keys = await DeviceKeys.open(points.all, gateway, environment);
  return points.all.map((point) => `${point.number}\t${keys.keyOf(point).address}\t${point.name}`);
}

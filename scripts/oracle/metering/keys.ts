/**
 * Keys of devices that can't sign themselves, certified as theirs: a keystore of its own for a meter, or one phrase of
 * the gateway, from which each meter's key is derived by its number. They can be loaded again while the oracle runs.
 */
import { HDNodeWallet, Mnemonic, type Signer } from "ethers";

import { InputError } from "../../inputs/error.js";
import { loadKey } from "../../inputs/keys.js";
import type { Environment } from "../open-sources.js";
import type { Point } from "./points.js";

/** The gateway's phrase, where no keystore holds it. */
export const PHRASE_VARIABLE = "COMMONWATT_GATEWAY_PHRASE";

export interface KeySettings {
  readonly keystore: string;
  readonly passwordFile?: string | undefined;
}

type Key = Signer & { readonly address: string };

export class DeviceKeys {
  readonly #load: () => Promise<ReadonlyMap<number, Key>>;
  #keys: ReadonlyMap<number, Key>;

  private constructor(load: () => Promise<ReadonlyMap<number, Key>>, keys: ReadonlyMap<number, Key>) {
    this.#load = load;
    this.#keys = keys;
  }

  /** Throws `InputError` for a keystore that can't be used, and for a meter without a key. */
  static async open(
    points: readonly Point[],
    gateway: KeySettings | undefined,
    environment: Environment,
  ): Promise<DeviceKeys> {
    const load = (): Promise<ReadonlyMap<number, Key>> => loadAll(points, gateway, environment);
    return new DeviceKeys(load, await load());
  }

  /** The key of the meter's device. */
  keyOf({ name, number }: Point): Key {
    const key = this.#keys.get(number);
    if (key === undefined) throw new Error(`meter ${name} was not there when the keys were loaded`);
    return key;
  }

  /** Loads all of them again; those before stay until the returned function is called. */
  async reload(): Promise<() => void> {
    const keys = await this.#load();
    return () => (this.#keys = keys);
  }
}

async function loadAll(
  points: readonly Point[],
  gateway: KeySettings | undefined,
  environment: Environment,
): Promise<Map<number, Key>> {
  const keys = new Map<number, Key>();
  const needsPhrase = points.some(({ key }) => key === undefined);
  const phrase = needsPhrase ? await phraseOf(gateway, environment) : undefined;
  for (const { number, key } of points) {
    if (key !== undefined) keys.set(number, await loadKey(key, environment));
    else if (phrase !== undefined) keys.set(number, HDNodeWallet.fromMnemonic(phrase, `m/44'/60'/0'/0/${number}`));
  }
  return keys;
}

async function phraseOf(gateway: KeySettings | undefined, environment: Environment): Promise<Mnemonic> {
  if (gateway !== undefined) {
    const wallet = await loadKey(gateway, environment);
    if ("mnemonic" in wallet && wallet.mnemonic !== null) return wallet.mnemonic;
    const advice = "Make one with npm run oracle -- keystore FILE, or give each meter a key of its own.";
    throw new InputError({ file: gateway.keystore }, "this keystore has one key and no phrase", advice);
  }
  const phrase = environment[PHRASE_VARIABLE];
  if (phrase === undefined || phrase === "") {
    throw new InputError(
      { file: "gateway" },
      "meters that can't sign need the gateway's keys",
      `Name a keystore (npm run oracle -- keystore FILE makes one), or set ${PHRASE_VARIABLE} in the environment.`,
    );
  }
  try {
    return Mnemonic.fromPhrase(phrase.trim());
  } catch {
    // the cause would quote what was given
    const advice = "Set it to 12 to 24 words of BIP-39.";
    throw new InputError({ file: PHRASE_VARIABLE }, "its value is not a seed phrase", advice);
  }
}

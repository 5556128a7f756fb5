/**
 * One seed phrase, many keys that nobody can join: each is derived by hardened steps only, so that a key, even with the extended key
 * above it in other hands, says nothing about its neighbours. The paths are in docs/vault.md; they never change.
 */
import {
  decryptKeystoreJson,
  encryptKeystoreJson,
  HDNodeWallet,
  Mnemonic,
  type KeystoreAccount,
  type Signer,
} from "ethers";

import { CommonwattError } from "../errors.js";
import { bytesOf, randomBytes } from "./bytes.js";
import type { KeySource } from "./keys.js";
import { EncryptionKey } from "./wrap.js";

/** The two chains that an account is for. */
export type ChainName = "user" | "transaction";

/** 17239 = 0x4357, "CW": a purpose of our own (BIP-43), so that no other wallet's path meets ours. */
const ROOT = "m/17239'";
const BRANCHES = { user: 0, transaction: 1, encryption: 2, vehicle: 3 } as const;
const MAX_INDEX = 2n ** 31n - 1n;
const PHRASE_ENTROPY_BYTES = 32;
/** As ethers and geth: about a second and 128 MiB a guess. */
const KEYSTORE_COST = 2 ** 17;

/** Where each key stands below the seed. */
export const PATHS = {
  account: (chain: ChainName, index: bigint): string => `${ROOT}/${BRANCHES[chain]}'/${hardened(index)}`,
  encryption: (number: bigint): string => `${ROOT}/${BRANCHES.encryption}'/${hardened(number)}`,
  vehicle: (vehicle: bigint, epoch: bigint): string =>
    `${ROOT}/${BRANCHES.vehicle}'/${hardened(vehicle)}/${hardened(epoch)}`,
} as const;

/** The keys of one person or home. */
export class VaultWallet implements KeySource {
  readonly #root: HDNodeWallet;

  private constructor(root: HDNodeWallet) {
    this.#root = root;
  }

  /** A new seed phrase of 24 words (256 bits). */
  static create(): VaultWallet {
    return VaultWallet.#from(Mnemonic.fromEntropy(randomBytes(PHRASE_ENTROPY_BYTES)));
  }

  /** @param phrase BIP-39 words in English */
  static fromPhrase(phrase: string): VaultWallet {
    const words = phrase.normalize("NFKD").trim().toLowerCase().split(/\s+/).join(" ");
    // the words stay unsaid: an error may end in a log
    if (!Mnemonic.isValidMnemonic(words))
      throw new CommonwattError("VaultPhraseInvalid", { words: words.split(" ").length });
    return VaultWallet.#from(Mnemonic.fromPhrase(words));
  }

  /** Opens what `toKeystore` wrote. */
  static async fromKeystore(json: string, password: string): Promise<VaultWallet> {
    let account: KeystoreAccount;
    try {
      account = await decryptKeystoreJson(json, password);
    } catch {
      throw new CommonwattError("VaultKeystoreUnopened");
    }
    if (account.mnemonic === undefined) throw new CommonwattError("VaultKeystoreForeign");
    const wallet = VaultWallet.#from(Mnemonic.fromEntropy(account.mnemonic.entropy));
    // the keystore's code authenticates the private key alone: only this check notices an altered phrase
    if (wallet.#root.privateKey !== account.privateKey) throw new CommonwattError("VaultKeystoreForeign");
    return wallet;
  }

  static #from(mnemonic: Mnemonic): VaultWallet {
    return new VaultWallet(HDNodeWallet.fromMnemonic(mnemonic, "m"));
  }

  /** The words, to be written on paper; whoever has them has everything. */
  get phrase(): string {
    const { mnemonic } = this.#root;
    if (mnemonic === null) throw new RangeError("a wallet without its phrase");
    return mnemonic.phrase;
  }

  /** An account of a chain. */
  account(chain: ChainName, index: bigint = 0n): HDNodeWallet {
    return this.#root.derivePath(PATHS.account(chain, index));
  }

  /** The X25519 key that is number `number` in the key directory, from 1. */
  async encryptionKey(number: bigint): Promise<EncryptionKey> {
    const { privateKey } = this.#root.derivePath(PATHS.encryption(number));
    return EncryptionKey.derive(bytesOf(privateKey));
  }

  /** The key under which a vehicle appears during one epoch. */
  vehicleKey(vehicle: bigint, epoch: bigint): HDNodeWallet {
    return this.#root.derivePath(PATHS.vehicle(vehicle, epoch));
  }

  /**
   * Encrypted with the password: the JSON keystore that ethers reads too (scrypt, AES-128-CTR), with the phrase in it.
   * @param cost scrypt's N, a power of two: time and memory that one guess of the password costs
   */
  async toKeystore(password: string, cost: number = KEYSTORE_COST): Promise<string> {
    const { address, privateKey } = this.#root;
    const mnemonic = { path: "m", locale: "en", entropy: Mnemonic.fromPhrase(this.phrase).entropy };
    return encryptKeystoreJson({ address, privateKey, mnemonic }, password, { scrypt: { N: cost, r: 8, p: 1 } });
  }
}

/** What signs for an account. */
export type VaultSigner = Pick<Signer, "signTypedData" | "getAddress">;

function hardened(index: bigint): string {
  if (index < 0n || index > MAX_INDEX) throw new RangeError(`${index} is no index of a key: 0 to ${MAX_INDEX}`);
  return `${index}'`;
}

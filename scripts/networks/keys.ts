/**
 * Keys of simulated chains: derived from the seed, so that a run can be repeated. They guard simulated money only and
 * are never used on a network that others can reach.
 */
import { keccak256, Mnemonic, toUtf8Bytes, Wallet } from "ethers";

/** The wallet that a seed gives for a purpose, e.g. `keyFromSeed(7, "transaction", "registrar")`. */
export function keyFromSeed(seed: number, chain: "transaction" | "user" | "device", purpose: string): Wallet {
  return new Wallet(keccak256(toUtf8Bytes(`commonwatt simulated key/${seed}/${chain}/${purpose}`)));
}

/** The seed phrase that a seed gives a home: all of the home's own keys come from it (docs/vault.md). */
export function phraseFromSeed(seed: number, home: string): string {
  return Mnemonic.fromEntropy(keccak256(toUtf8Bytes(`commonwatt simulated phrase/${seed}/${home}`))).phrase;
}

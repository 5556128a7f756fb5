/**
 * Keys of simulated chains: derived from the seed, so that a run can be repeated. They guard simulated money only and
 * are never used on a network that others can reach.
 */
import { Wallet, keccak256, toUtf8Bytes } from "ethers";

/** The wallet that a seed gives for a purpose, e.g. `keyFromSeed(7, "transaction", "registrar")`. */
export function keyFromSeed(seed: number, chain: "transaction" | "user" | "device", purpose: string): Wallet {
  return new Wallet(keccak256(toUtf8Bytes(`commonwatt simulated key/${seed}/${chain}/${purpose}`)));
}

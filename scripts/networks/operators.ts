/** Who administers a network: the holders of the AccessManagers' roles, the deployer and the accountant. */
import { type Wallet } from "ethers";

import { keyFromSeed } from "./keys.js";

export interface Operators {
  readonly transaction: {
    readonly deployer: Wallet;
    readonly council: Wallet;
    readonly issuer: Wallet;
    readonly regulator: Wallet;
    /** Relays orders, clears, closes, settles: anyone could. */
    readonly relayer: Wallet;
    /** Whose blocks they are. */
    readonly accountant: Wallet;
  };
  readonly user: { readonly deployer: Wallet; readonly council: Wallet; readonly accountant: Wallet };
}

/** The operators of a simulated network. */
export function operatorsFromSeed(seed: number): Operators {
  const transaction = (purpose: string): Wallet => keyFromSeed(seed, "transaction", `operator/${purpose}`);
  const user = (purpose: string): Wallet => keyFromSeed(seed, "user", `operator/${purpose}`);
  return {
    transaction: {
      deployer: transaction("deployer"),
      council: transaction("council"),
      issuer: transaction("issuer"),
      regulator: transaction("regulator"),
      relayer: transaction("relayer"),
      accountant: transaction("accountant"),
    },
    user: { deployer: user("deployer"), council: user("council"), accountant: user("accountant") },
  };
}

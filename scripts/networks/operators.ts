/** Who administers a network: the holders of the AccessManagers' roles, the deployer, the founding accountants. */
import { type Wallet } from "ethers";

import type { FounderParameters } from "../../deploy/parameters.js";
import { keyFromSeed } from "./keys.js";

/** Numbers of the founding accountants: fewer than four cannot stand one that fails. */
export const FOUNDERS = [1, 2, 3, 4] as const;

type FounderNumber = (typeof FOUNDERS)[number];

/** A founder's account. */
type AccountantWallets = Readonly<Record<`accountant${FounderNumber}`, Wallet>>;
/** With the key that its node seals blocks with: two keys, as on a real network. */
type FounderWallets = AccountantWallets & Readonly<Record<`node${FounderNumber}`, Wallet>>;

/** Whoever acts on a network. On a real one nodes' keys are with their nodes. */
export interface Operators {
  readonly transaction: AccountantWallets & {
    readonly deployer: Wallet;
    readonly council: Wallet;
    readonly issuer: Wallet;
    readonly regulator: Wallet;
    /** Relays orders, clears, closes, settles: anyone could. */
    readonly relayer: Wallet;
  };
  readonly user: AccountantWallets & { readonly deployer: Wallet; readonly council: Wallet };
}

/** With the keys of nodes that seal nothing. */
export interface SimulatedOperators {
  readonly transaction: Operators["transaction"] & FounderWallets;
  readonly user: Operators["user"] & FounderWallets;
}

/** The operators of a simulated network. */
export function operatorsFromSeed(seed: number): SimulatedOperators {
  const transaction = (purpose: string): Wallet => keyFromSeed(seed, "transaction", `operator/${purpose}`);
  const user = (purpose: string): Wallet => keyFromSeed(seed, "user", `operator/${purpose}`);
  return {
    transaction: {
      deployer: transaction("deployer"),
      council: transaction("council"),
      issuer: transaction("issuer"),
      regulator: transaction("regulator"),
      relayer: transaction("relayer"),
      ...founderWallets(transaction),
    },
    user: { deployer: user("deployer"), council: user("council"), ...founderWallets(user) },
  };
}

/** Members and nodes that a chain starts with. */
export function foundersOf(wallets: FounderWallets): FounderParameters[] {
  return FOUNDERS.map((number) => ({
    member: wallets[`accountant${number}`].address,
    node: wallets[`node${number}`].address,
  }));
}

function founderWallets(wallet: (purpose: string) => Wallet): FounderWallets {
  const entries = FOUNDERS.flatMap((number) =>
    [`accountant${number}`, `node${number}`].map((purpose) => [purpose, wallet(purpose)] as const),
  );
  return Object.fromEntries(entries) as FounderWallets;
}

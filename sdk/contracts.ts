/** The contracts of both chains, typed, and the decoder of their errors. */
import { Interface, type ContractRunner } from "ethers";

import * as generated from "../typechain-types/index.js";
import {
  TRANSACTION_CONTRACTS,
  USER_CONTRACTS,
  type ContractDeployment,
  type TransactionContractName,
  type UserContractName,
} from "./deployments/index.js";
import { ErrorDecoder, type CommonwattError } from "./errors.js";

type Factories = typeof generated;

type ContractOf<Name extends string> = `${Name}__factory` extends keyof Factories
  ? Factories[`${Name}__factory`] extends { connect(address: string, runner?: ContractRunner | null): infer Contract }
    ? Contract
    : never
  : never;

type Bound<Name extends string> = { readonly [N in Name as Uncapitalize<N>]: ContractOf<N> };

/** Contracts of the transaction chain, e.g. `contracts.energyMarket`. */
export type TransactionContracts = Bound<TransactionContractName>;
/** Contracts of the user chain. */
export type UserContracts = Bound<UserContractName>;

interface Factory {
  readonly abi: ConstructorParameters<typeof Interface>[0];
  connect(address: string, runner?: ContractRunner | null): unknown;
}

function factoryOf(name: TransactionContractName | UserContractName): Factory {
  return generated[`${name}__factory`];
}

function bind<Name extends TransactionContractName | UserContractName>(
  names: readonly Name[],
  deployed: Readonly<Record<Name, ContractDeployment>>,
  runner: ContractRunner,
): Bound<Name> {
  const entries = names.map((name) => {
    const key = name.charAt(0).toLowerCase() + name.slice(1);
    return [key, factoryOf(name).connect(deployed[name].address, runner)] as const;
  });
  return Object.fromEntries(entries) as Bound<Name>;
}

export function bindTransactionContracts(
  deployed: Readonly<Record<TransactionContractName, ContractDeployment>>,
  runner: ContractRunner,
): TransactionContracts {
  return bind(TRANSACTION_CONTRACTS, deployed, runner);
}

export function bindUserContracts(
  deployed: Readonly<Record<UserContractName, ContractDeployment>>,
  runner: ContractRunner,
): UserContracts {
  return bind(USER_CONTRACTS, deployed, runner);
}

/** The ABIs of all contracts, each name once. */
export const CONTRACT_INTERFACES: Readonly<Record<string, Interface>> = Object.fromEntries(
  [...TRANSACTION_CONTRACTS, ...USER_CONTRACTS].map((name) => [name, new Interface(factoryOf(name).abi)]),
);

const decoder = new ErrorDecoder(Object.values(CONTRACT_INTERFACES));

/** What a provider or contract threw, as a typed error. */
export function decodeError(thrown: unknown): CommonwattError {
  return decoder.decode(thrown);
}

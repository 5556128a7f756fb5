/** The contracts of both chains, typed, and the decoder of their errors. */
import { Contract, Interface, type ContractRunner } from "ethers";

import * as generated from "../typechain-types/index.js";
import {
  TRANSACTION_CONTRACTS,
  USER_CONTRACTS,
  type ContractDeployment,
  type TransactionContractName,
  type UserContractName,
} from "./deployments/index.js";
import { ErrorDecoder, type CommonwattError } from "./errors.js";

export type ContractName = TransactionContractName | UserContractName;
type Factories = typeof generated;

type ContractOf<Name extends ContractName> = Factories[`${Name}__factory`] extends {
  connect(address: string, runner?: ContractRunner | null): infer Bound;
}
  ? Bound
  : never;

type Bound<Name extends ContractName> = { readonly [N in Name as Uncapitalize<N>]: ContractOf<N> };

/** Contracts of the transaction chain, e.g. `contracts.energyMarket`. */
export type TransactionContracts = Bound<TransactionContractName>;
/** Contracts of the user chain. */
export type UserContracts = Bound<UserContractName>;

/** The ABIs of all contracts, each name once. */
export const CONTRACT_INTERFACES: Readonly<Record<ContractName, Interface>> = Object.fromEntries(
  [...TRANSACTION_CONTRACTS, ...USER_CONTRACTS].map((name) => [name, new Interface(generated[`${name}__factory`].abi)]),
) as Record<ContractName, Interface>;

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

/** Each contract is made when it is first used: a home that signs one transaction doesn't pay for seventeen. */
function bind<Name extends ContractName>(
  names: readonly Name[],
  deployed: Readonly<Record<Name, ContractDeployment>>,
  runner: ContractRunner,
): Bound<Name> {
  const made = new Map<Name, Contract>();
  const contracts = {};
  for (const name of names) {
    Object.defineProperty(contracts, name.charAt(0).toLowerCase() + name.slice(1), {
      enumerable: true,
      get: () => {
        const contract = made.get(name) ?? new Contract(deployed[name].address, CONTRACT_INTERFACES[name], runner);
        made.set(name, contract);
        return contract;
      },
    });
  }
  return contracts as Bound<Name>;
}

const decoder = new ErrorDecoder(Object.values(CONTRACT_INTERFACES));

/** What a provider or contract threw, as a typed error. */
export function decodeError(thrown: unknown): CommonwattError {
  return decoder.decode(thrown);
}

/**
 * Contracts that a real network's genesis block holds already: QBFT asks the election who may seal block 1, so that it
 * cannot be deployed later, and it stands on the manager, the federation and the credit. Ignition binds them.
 */
import type {
  ArgumentType,
  IgnitionModuleBuilder,
  NamedArtifactContractAtFuture,
  NamedArtifactContractDeploymentFuture,
} from "@nomicfoundation/ignition-core";
import { getCreateAddress, id } from "ethers";

/** In the order of their creation: a contract's place is its creator's nonce. */
export const PREDEPLOYED = [
  "FederationAccessManager",
  "Federation",
  "EnergyCredit",
  "AccountantElection",
  "AccountingRevenue",
] as const;
export type PredeployedName = (typeof PREDEPLOYED)[number];

/** The user chain has no credits, so neither revenue. Places stay, so that a name has one address on both chains. */
export const PREDEPLOYED_ON = {
  transaction: PREDEPLOYED,
  user: ["FederationAccessManager", "Federation", "AccountantElection"],
} as const satisfies Record<string, readonly PredeployedName[]>;

/** Who creates them: an address that nobody has a key of, the same on every network. */
export const GENESIS_CREATOR = `0x${id("commonwatt genesis creator").slice(-40)}`;

/** Where a predeployed contract stands on every network: where a plain CREATE puts it. */
export function predeployedAddress(name: PredeployedName): string {
  return getCreateAddress({ from: GENESIS_CREATOR, nonce: PREDEPLOYED.indexOf(name) });
}

/** A contract of a module, deployed by it or bound. */
export type Placed<Name extends string> =
  NamedArtifactContractDeploymentFuture<Name> | NamedArtifactContractAtFuture<Name>;

/** Whether the genesis block holds the predeployed contracts: a real network's does, a simulated chain's does not. */
export interface Ground {
  readonly isPredeployed: boolean;
}

export const EMPTY_GROUND: Ground = { isPredeployed: false };
export const PREDEPLOYED_GROUND: Ground = { isPredeployed: true };

/** Deploys a contract, or binds it where the genesis block holds it; then its constructor ran, and nothing of it is asked. */
export function place<Name extends PredeployedName>(
  m: IgnitionModuleBuilder,
  { isPredeployed }: Ground,
  name: Name,
  argumentsOf: () => ArgumentType[],
): Placed<Name> {
  return isPredeployed ? m.contractAt(name, predeployedAddress(name)) : m.contract(name, argumentsOf());
}

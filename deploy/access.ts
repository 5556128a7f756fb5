/** What both chains' Ignition modules share: the AccessManager and the roles in it. */
import type {
  ContractFuture,
  IgnitionModuleBuilder,
  NamedArtifactContractDeploymentFuture,
} from "@nomicfoundation/ignition-core";
import { Interface } from "ethers";

import * as generated from "../typechain-types/index.js";
import { AccessRole } from "../sdk/enums.js";
import type { ContractName } from "../sdk/contracts.js";
import type { GovernanceParameters } from "./parameters.js";
import { place, type Ground, type Placed } from "./predeployed.js";
import { ROLE_LABELS, type RoleOfFunctions } from "./wiring.js";

export type Manager = Placed<"FederationAccessManager">;

/** The chain's AccessManager; its admin is the deployer, until the hand-over (governed.ts). */
export function deployAccessManager(m: IgnitionModuleBuilder, ground: Ground): Manager {
  const manager = place(m, ground, "FederationAccessManager", () => [m.getAccount(0)]);
  for (const [role, label] of ROLE_LABELS) {
    m.call(manager, "labelRole", [role, label], { id: `label_${label}` });
  }
  return manager;
}

/** The chain's Federation, which the manager asks from here on whether the holder of a role may act. */
export function deployFederation(m: IgnitionModuleBuilder, ground: Ground, manager: Manager): Placed<"Federation"> {
  const federation = place(m, ground, "Federation", () => [manager]);
  m.call(manager, "bindFederation", [federation]);
  return federation;
}

/** How the members decide, and stop one of them in an emergency. Governs nothing until the hand-over. */
export function deployGovernance(
  m: IgnitionModuleBuilder,
  manager: Manager,
  federation: Placed<"Federation">,
  election: Placed<"AccountantElection">,
): {
  FederationGovernor: NamedArtifactContractDeploymentFuture<"FederationGovernor">;
  EmergencySuspension: NamedArtifactContractDeploymentFuture<"EmergencySuspension">;
} {
  const times = m.getParameter<GovernanceParameters["governorTimes"]>("governorTimes");
  const FederationGovernor = m.contract("FederationGovernor", [federation, manager, times]);
  const EmergencySuspension = m.contract("EmergencySuspension", [
    manager,
    federation,
    election, // whose seats are counted
    m.getParameter<number>("emergencySeconds"),
    m.getParameter<number>("emergencyWaitSeconds"),
  ]);
  grantRole(m, manager, AccessRole.Emergency, EmergencySuspension, "EmergencySuspension");
  return { FederationGovernor, EmergencySuspension };
}

/** Reserves functions for roles. */
export function reserveFunctions<Name extends ContractName>(
  m: IgnitionModuleBuilder,
  manager: Manager,
  table: readonly RoleOfFunctions<Name>[],
  contracts: Readonly<Record<Name, ContractFuture<string>>>,
): void {
  for (const { contract, role, functions } of table) {
    m.call(manager, "setTargetFunctionRole", [contracts[contract], selectorsOf(contract, functions), role], {
      id: `functions_${contract}_${role}`,
    });
  }
}

/** Gives a role to an account or contract, in force at once. */
export function grantRole(
  m: IgnitionModuleBuilder,
  manager: Manager,
  role: AccessRole,
  holder: Parameters<IgnitionModuleBuilder["call"]>[2] extends (infer Argument)[] | undefined ? Argument : never,
  name: string,
): void {
  m.call(manager, "grantRole", [role, holder, 0], { id: `grant_${role}_${name}` });
}

/** The selectors of a contract's functions. */
export function selectorsOf(contract: ContractName, functions: readonly string[]): string[] {
  const abi = new Interface(generated[`${contract}__factory`].abi);
  return functions.map((name) => {
    const fragment = abi.getFunction(name);
    if (fragment === null) throw new Error(`${contract} has no function ${name}`);
    return fragment.selector;
  });
}

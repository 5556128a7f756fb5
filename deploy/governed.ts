/**
 * A governed chain: a chain's module, then the founding members, then the hand-over to their governor, the deployer's
 * last call. Before, the deployer itself is the council (parameter `council`); after, it is nothing.
 */
import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import type {
  IgnitionModule,
  IgnitionModuleResult,
  NamedArtifactContractDeploymentFuture,
} from "@nomicfoundation/ignition-core";

import { MemberRole, rolesMask } from "../sdk/enums.js";
import type { FounderParameters } from "./parameters.js";
import type { Placed } from "./predeployed.js";

/** A member that a chain starts with. */
export interface FoundingMember {
  /** Its account on that chain. */
  readonly member: string;
  readonly roles: readonly MemberRole[];
  /** The address of its node's key, if it is one of the accountants that the chain starts with. */
  readonly node?: string;
}

/** A chain with fewer cannot stand one that fails. */
const LEAST_ACCOUNTANTS = 4;

interface GovernedContracts extends IgnitionModuleResult<string> {
  readonly FederationAccessManager: Placed<"FederationAccessManager">;
  readonly Federation: Placed<"Federation">;
  readonly FederationGovernor: NamedArtifactContractDeploymentFuture<"FederationGovernor">;
}

/**
 * The accountants that a governed chain starts with: the founding members that have a node, so that nobody has a seat
 * who is not admitted as an accountant.
 */
export function accountantsAmong(founders: readonly FoundingMember[]): FounderParameters[] {
  const accountants = founders.flatMap(({ member, roles, node }) => {
    if (node === undefined) return [];
    if (roles.includes(MemberRole.Accountant)) return [{ member, node }];
    throw new Error(`Founding member ${member} has the node ${node} but not the role Accountant: give it the role.`);
  });
  if (accountants.length >= LEAST_ACCOUNTANTS) return accountants;
  throw new Error(
    `${accountants.length} founding members have a node: name the nodes of at least ${LEAST_ACCOUNTANTS} accountants.`,
  );
}

/** The module of a chain that its founding members govern. */
export function governedBy<Contracts extends GovernedContracts>(
  founders: readonly FoundingMember[],
  chain: IgnitionModule<string, string, Contracts>,
): IgnitionModule<string, string, Contracts> {
  return buildModule(`Governed${chain.id}`, (m) => {
    const contracts = m.useModule(chain);
    const { FederationAccessManager, Federation, FederationGovernor } = contracts;
    const admitted = founders.map(({ member, roles }, place) =>
      m.call(Federation, "admitMember", [member, rolesMask(roles)], { id: `founder_${place}`, after: [chain] }),
    );
    m.call(FederationAccessManager, "handOver", [FederationGovernor], { after: [chain, ...admitted] });
    return contracts;
  });
}

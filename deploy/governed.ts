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

import { rolesMask, type MemberRole } from "../sdk/enums.js";

/** A member that a chain starts with. */
export interface FoundingMember {
  /** Its account on that chain. */
  readonly member: string;
  readonly roles: readonly MemberRole[];
}

interface GovernedContracts extends IgnitionModuleResult<string> {
  readonly FederationAccessManager: NamedArtifactContractDeploymentFuture<"FederationAccessManager">;
  readonly Federation: NamedArtifactContractDeploymentFuture<"Federation">;
  readonly FederationGovernor: NamedArtifactContractDeploymentFuture<"FederationGovernor">;
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

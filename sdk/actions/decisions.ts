/**
 * What the members can decide: each function gives the call that a proposal makes (see propose). The parameters are those
 * of the action that does the same where a council decides alone.
 */
import type { AnyChain, TransactionChain } from "../connect.js";
import { rolesMask, type AccessRole } from "../enums.js";
import type { SlashParameters } from "./election.js";
import { UNTIL_REINSTATED, type AdmitMemberParameters, type SuspendParameters } from "./federation.js";
import type { SetQuorumParameters } from "./attestations.js";
import type { SetEdgeParameters, SetPartiesParameters } from "./grid.js";

/** A call that the governor makes when a proposal is executed. */
export interface ProposedCall {
  readonly target: string;
  readonly data: string;
}

/** Admit an organisation. */
export function decideAdmission(chain: AnyChain, { member, roles }: AdmitMemberParameters): ProposedCall {
  const abi = chain.contracts.federation.interface;
  return ofFederation(chain, abi.encodeFunctionData("admitMember", [member, rolesMask(roles)]));
}

/** Give a member these roles instead of those it has. */
export function decideRoles(chain: AnyChain, { member, roles }: AdmitMemberParameters): ProposedCall {
  const abi = chain.contracts.federation.interface;
  return ofFederation(chain, abi.encodeFunctionData("changeRoles", [member, rolesMask(roles)]));
}

/** Suspend a member or user. */
export function decideSuspension(
  chain: AnyChain,
  { account, until = UNTIL_REINSTATED }: SuspendParameters,
): ProposedCall {
  return ofFederation(chain, chain.contracts.federation.interface.encodeFunctionData("suspend", [account, until]));
}

/** End a suspension before its time. */
export function decideReinstatement(chain: AnyChain, { account }: { readonly account: string }): ProposedCall {
  return ofFederation(chain, chain.contracts.federation.interface.encodeFunctionData("reinstate", [account]));
}

/** End an admission for ever. */
export function decideExpulsion(chain: AnyChain, { account }: { readonly account: string }): ProposedCall {
  return ofFederation(chain, chain.contracts.federation.interface.encodeFunctionData("expel", [account]));
}

/** Let a member be suspended in an emergency once more. */
export function decideToAllowEmergency(chain: AnyChain, { account }: { readonly account: string }): ProposedCall {
  const data = chain.contracts.emergencySuspension.interface.encodeFunctionData("allowAgain", [account]);
  return { target: chain.deployment.contracts.EmergencySuspension.address, data };
}

export interface RoleParameters {
  /** Council, Issuer or Regulator: contracts' roles are fixed, or added (decideAddedRole). */
  readonly role: AccessRole;
  readonly account: string;
}

/** Give a role in the AccessManager to a member; it counts while the member is active. */
export function decideGrant(chain: AnyChain, { role, account }: RoleParameters): ProposedCall {
  const abi = chain.contracts.federationAccessManager.interface;
  return ofManager(chain, abi.encodeFunctionData("grantRole", [role, account, 0n]));
}

/** Take a role in the AccessManager back. */
export function decideRevocation(chain: AnyChain, { role, account }: RoleParameters): ProposedCall {
  const abi = chain.contracts.federationAccessManager.interface;
  return ofManager(chain, abi.encodeFunctionData("revokeRole", [role, account]));
}

/** Functions of one contract. */
export interface OpenedFunctions {
  readonly contract: string;
  /** 4 bytes each. */
  readonly selectors: readonly string[];
}

export interface AddedRoleParameters {
  /** An id from 100 on (Roles.FIRST_OF_ADDED) that no role has. */
  readonly role: bigint;
  /** What its holders may call. */
  readonly functions: readonly OpenedFunctions[];
  /** Contracts. */
  readonly holders: readonly string[];
}

/**
 * Let contracts that came after the hand-over work together: what the role may call, who holds it, and the seal after
 * which nobody changes either, the members included. In one proposal, so that nobody votes on half of it.
 */
export function decideAddedRole(chain: AnyChain, { role, functions, holders }: AddedRoleParameters): ProposedCall[] {
  const abi = chain.contracts.federationAccessManager.interface;
  return [
    ...functions.map(({ contract, selectors }) =>
      abi.encodeFunctionData("setTargetFunctionRole", [contract, [...selectors], role]),
    ),
    ...holders.map((holder) => abi.encodeFunctionData("grantRole", [role, holder, 0n])),
    abi.encodeFunctionData("sealRole", [role]),
  ].map((data) => ofManager(chain, data));
}

/** Add a city (parent 0), a district or a feeder. */
export function decideArea(chain: TransactionChain, { parent }: { readonly parent: bigint }): ProposedCall {
  return ofGrid(chain, chain.contracts.gridTopology.interface.encodeFunctionData("createArea", [parent]));
}

/** Say who supplies, operates and meters a feeder. */
export function decideParties(chain: TransactionChain, parties: SetPartiesParameters): ProposedCall {
  const { feeder, supplier, gridOperator, meteringOperator, fromSlot } = parties;
  const abi = chain.contracts.gridTopology.interface;
  const values = [feeder, supplier, gridOperator, meteringOperator, fromSlot] as const;
  return ofGrid(chain, abi.encodeFunctionData("setParties", [...values]));
}

/** Say who attests a feeder's readings, and how many of them must. */
export function decideQuorum(chain: TransactionChain, quorum: SetQuorumParameters): ProposedCall {
  const { feeder, needed, operators, fromSlot } = quorum;
  const abi = chain.contracts.readingQuorum.interface;
  const data = abi.encodeFunctionData("setQuorum", [feeder, needed, [...operators], fromSlot]);
  return { target: chain.deployment.contracts.ReadingQuorum.address, data };
}

/** Set fee and capacity of a district's edge. */
export function decideEdge(
  chain: TransactionChain,
  { area, fee, capacityWh, fromSlot }: SetEdgeParameters,
): ProposedCall {
  const abi = chain.contracts.gridTopology.interface;
  const values = [area, fee, capacityWh !== undefined, capacityWh ?? 0n, fromSlot] as const;
  return ofGrid(chain, abi.encodeFunctionData("setEdge", [...values]));
}

/** Want another number of accountants, 4 to 101. */
export function decideSeats(chain: AnyChain, { seats }: { readonly seats: bigint }): ProposedCall {
  return ofElection(chain, chain.contracts.accountantElection.interface.encodeFunctionData("setSeats", [seats]));
}

/** Take a part of a frozen deposit for the accountants' pool. */
export function decideSlash(chain: TransactionChain, { candidate, amountMicro }: SlashParameters): ProposedCall {
  const abi = chain.contracts.accountantElection.interface;
  return ofElection(chain, abi.encodeFunctionData("slash", [candidate, amountMicro]));
}

/** Free a frozen deposit. */
export function decideUnfreeze(chain: AnyChain, { candidate }: { readonly candidate: bigint }): ProposedCall {
  return ofElection(chain, chain.contracts.accountantElection.interface.encodeFunctionData("unfreeze", [candidate]));
}

function ofFederation(chain: AnyChain, data: string): ProposedCall {
  return { target: chain.deployment.contracts.Federation.address, data };
}

function ofManager(chain: AnyChain, data: string): ProposedCall {
  return { target: chain.deployment.contracts.FederationAccessManager.address, data };
}

function ofGrid(chain: TransactionChain, data: string): ProposedCall {
  return { target: chain.deployment.contracts.GridTopology.address, data };
}

function ofElection(chain: AnyChain, data: string): ProposedCall {
  return { target: chain.deployment.contracts.AccountantElection.address, data };
}

/** What Federation refuses, and what to do about it. */
import type { Advice } from "./advice.js";

export const FEDERATION_ERRORS = {
  FederationZeroAccount: { why: "The zero address can't be admitted.", todo: "Give the account's address." },
  FederationAccountExists: {
    why: "{account} is or was a member or user; an account is admitted once.",
    todo: "Admit another account, or change the roles of a member.",
  },
  FederationUnknownAccount: {
    why: "{account} was never admitted.",
    todo: "Check the address, and the chain: accounts differ between the two.",
  },
  FederationNotMember: {
    why: "{account} is no member, and only members have roles.",
    todo: "Admit a member account; a user can't become one.",
  },
  FederationAccountExpelled: { why: "{account} was expelled for ever.", todo: "Admit another account." },
  FederationInvalidRoles: {
    why: "{roles} is no set of roles.",
    todo: "Give at least one role of MemberRole and nothing else.",
  },
  FederationNotRegistrar: {
    why: "{caller} is no active registrar.",
    todo: "Let an active member with the role Registrar admit users.",
  },
  FederationZeroCredential: {
    why: "The credential commitment is zero.",
    todo: "Commit to the credential that was checked (credentialCommitment).",
  },
  FederationCredentialUsed: {
    why: "The credential {credentialCommitment} admitted {user} already.",
    todo: "One person has one account a chain: use that one, or check the credential and the salt.",
  },
  FederationSuspensionPast: {
    why: "The suspension would end at {until}, which is past.",
    todo: "Give an end in the future, or none.",
  },
  FederationNotSuspended: { why: "{account} is not suspended.", todo: "There is nothing to reinstate." },
  FederationSuspendedByCouncil: {
    why: "The council suspended {account}.",
    todo: "Ask the council: a registrar lifts only what a registrar decided.",
  },
  FederationNotActive: {
    why: "{member} is suspended or expelled already.",
    todo: "Let the members vote on it: an emergency replaces no decision.",
  },
  FederationLastMember: {
    why: "{member} is the last member, and nobody could vote any more.",
    todo: "Admit another one first.",
  },
  FederationNoDelegation: { why: "A member's vote is its own.", todo: "Vote with the member's own key." },
  FederationAccessManagerZeroFederation: {
    why: "The zero address is no Federation.",
    todo: "Give the address of the deployed one.",
  },
  FederationAccessManagerBound: {
    why: "The AccessManager asks {federation} already, for ever.",
    todo: "There is nothing to bind; another Federation needs a deployment of its own.",
  },
  FederationAccessManagerHandedOver: {
    why: "The governor {governor} administers already, for ever.",
    todo: "Propose to it what is to change.",
  },
  FederationAccessManagerLastAdmin: {
    why: "{admin} is the last admin, and nobody could administer any more.",
    todo: "Leave it; before the hand-over grant ADMIN to another first.",
  },
  FederationAccessManagerNoContract: {
    why: "{account} is no contract.",
    todo: "Hand over to the deployed FederationGovernor; give an added role to contracts alone.",
  },
  FederationAccessManagerNoMembers: {
    why: "There are no members who could vote.",
    todo: "Admit the founders before the hand-over.",
  },
  FederationAccessManagerNotAdded: {
    why: "The role {roleId} is no added one, so it is not sealed by itself.",
    todo: "Use an id from 100 on (Roles.FIRST_OF_ADDED); the roles below are fixed by the hand-over.",
  },
  FederationAccessManagerNotOffered: {
    why: "The AccessManager of a federation does not do that ({selector}), whoever asks.",
    todo: "Leave it: docs/decisions.md says why.",
  },
  FederationAccessManagerOtherHolders: {
    why: "{others} others hold the role {roleId}, which the governor is to have alone.",
    todo: "Revoke it from them, then hand over.",
  },
  FederationAccessManagerSealedFunction: {
    why: "What contracts may call is fixed since the hand-over, or since the role was sealed ({selector} of {target}).",
    todo: "Leave it: money and readings stay out of everybody's reach. New contracts use added roles.",
  },
  FederationAccessManagerSealedRole: {
    why: "Since the hand-over, or since it was sealed, nobody gets or loses the role {roleId}.",
    todo: "Leave it: COUNCIL, ISSUER, REGULATOR and added roles that are not sealed can be given and taken.",
  },
  FederationGasTooLow: {
    why: "The transaction's gas would let the decision pass without what follows from it for the accountants' seats.",
    todo: "Send it with {needed} gas more than it is estimated to use; what is not used costs nothing.",
  },
  FederationObserverBound: { why: "The observer is bound to {observer} for ever.", todo: "There is nothing to do." },
} as const satisfies Record<string, Advice>;

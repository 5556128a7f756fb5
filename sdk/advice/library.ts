/** Errors of the EVM and of the OpenZeppelin contracts that stand behind ours. */
import type { Advice } from "./advice.js";

export const LIBRARY_ERRORS = {
  Error: { why: "The contract refused the call: {arg0}.", todo: "Mend what the text names." },
  Panic: {
    why: "The contract's arithmetic failed (panic {arg0}).",
    todo: "Check the values for overflow; if they are in range, report it: it is a bug.",
  },
  AccessManagedUnauthorized: {
    why: "{caller} has no role that may call this, or is no active member that may use it.",
    todo: "Let a holder of the role do it (council, issuer, regulator, the market's own contracts), admitted and active.",
  },
  AccessManagedInvalidAuthority: {
    why: "{authority} is no AccessManager.",
    todo: "Give the address of a deployed one.",
  },
  AccessManagedRequiredDelay: {
    why: "{caller} must schedule this call {delay} s ahead.",
    todo: "Schedule it in the AccessManager, then call again.",
  },
  AccessManagerAlreadyScheduled: {
    why: "The operation {operationId} is scheduled.",
    todo: "Execute it when its time has come.",
  },
  AccessManagerBadConfirmation: {
    why: "The account that renounces a role must be the caller.",
    todo: "Confirm with the caller's own address.",
  },
  AccessManagerExpired: { why: "The scheduled operation {operationId} expired.", todo: "Schedule it again." },
  AccessManagerInvalidInitialAdmin: {
    why: "{initialAdmin} can't administer.",
    todo: "Deploy with an admin's address.",
  },
  AccessManagerLockedRole: { why: "The role {roleId} can't be changed.", todo: "Leave it." },
  AccessManagerNotReady: { why: "The scheduled operation {operationId} is not due yet.", todo: "Wait for its time." },
  AccessManagerNotScheduled: { why: "The operation {operationId} is not scheduled.", todo: "Schedule it first." },
  AccessManagerUnauthorizedAccount: {
    why: "{msgsender} lacks the role {roleId}.",
    todo: "Let a holder of that role do it.",
  },
  AccessManagerUnauthorizedCall: {
    why: "{caller} may not call {selector} of {target}.",
    todo: "Let a holder of its role do it.",
  },
  AccessManagerUnauthorizedCancel: {
    why: "{msgsender} may not cancel what {caller} scheduled.",
    todo: "Let the caller, its guardian or an admin cancel it.",
  },
  AccessManagerUnauthorizedConsume: {
    why: "{target} may not consume this operation.",
    todo: "Only the target of the scheduled call does.",
  },
  ERC20InsufficientAllowance: {
    why: "{spender} may spend {allowance} micro-credits, and {needed} are needed.",
    todo: "Approve more, or sign a permit (depositWithPermit).",
  },
  ERC20InsufficientBalance: {
    why: "{sender} has {balance} micro-credits, and {needed} are needed.",
    todo: "Have credits issued, or send less.",
  },
  ERC20InvalidApprover: { why: "{approver} can't approve.", todo: "Give a proper address." },
  ERC20InvalidReceiver: { why: "{receiver} can't receive credits.", todo: "Give a proper address." },
  ERC20InvalidSender: { why: "{sender} can't send credits.", todo: "Give a proper address." },
  ERC20InvalidSpender: { why: "{spender} can't spend credits.", todo: "Give a proper address." },
  ERC2612ExpiredSignature: { why: "The permit ended at {deadline} (Unix seconds).", todo: "Sign a new one." },
  ERC2612InvalidSigner: {
    why: "The permit was signed by {signer}, not {owner}.",
    todo: "Sign with the owner's key and present nonce.",
  },
  InvalidAccountNonce: { why: "{account} has nonce {currentNonce} next.", todo: "Sign again with it." },
  ECDSAInvalidSignature: { why: "The signature is malformed.", todo: "Sign again." },
  ECDSAInvalidSignatureLength: { why: "The signature has {length} bytes.", todo: "Give 65 bytes: r, s, v." },
  ECDSAInvalidSignatureS: {
    why: "The signature's s is not in the lower half.",
    todo: "Sign with a library that makes canonical signatures.",
  },
  InvalidShortString: { why: "A text is too long for a domain.", todo: "Deploy with a shorter one." },
  StringTooLong: { why: "A text is too long for a domain: {str}.", todo: "Deploy with a shorter one." },
  SafeERC20FailedOperation: { why: "The transfer of the token {token} failed.", todo: "Check balance and allowance." },
  SafeCastOverflowedUintDowncast: { why: "{value} does not fit {bits} bits.", todo: "Check the value and its unit." },
  AccessManagerLockedFunction: {
    why: "The function {selector} of the AccessManager can't be reserved for a role.",
    todo: "Leave it.",
  },
  InsufficientBalance: {
    why: "The account has {balance} wei, and {needed} are needed.",
    todo: "Send no native coin with the call.",
  },
  CheckpointUnorderedInsertion: {
    why: "The chain's blocks went backwards.",
    todo: "Report it: it is a bug of the chain.",
  },
  ERC5805FutureLookup: {
    why: "Votes of block {timepoint} are asked for in block {clock}.",
    todo: "Ask for a block that is past.",
  },
  ERC6372InconsistentClock: {
    why: "The votes' clock is not the block number.",
    todo: "Report it: it is a bug of the chain.",
  },
  VotesExpiredSignature: {
    why: "The delegation ended at {expiry} (Unix seconds).",
    todo: "Vote with the member's own key: delegations are refused.",
  },
  AddressEmptyCode: { why: "{target} has no code.", todo: "Give the address of a contract." },
  TrieProofTraversalError: {
    why: "A proof does not lead from the state root to what it should show (reason {err} of OpenZeppelin's TrieProof).",
    todo: "Take the proof anew, of this block, contract and slot (eth_getProof); what is zero can't be shown.",
  },
  RLPInvalidEncoding: {
    why: "A proof leads to where nothing is, or one of its nodes is no RLP.",
    todo: "Take the proof anew, of this block, contract and slot (eth_getProof); what is zero can't be shown.",
  },
  FailedCall: { why: "A call between contracts failed without a reason.", todo: "Check the target and the gas." },
} as const satisfies Record<string, Advice>;

/**
 * The one table of what went wrong and what to do about it: of the SDK's own errors and of each custom error of the
 * contracts. `{name}` stands for the error's argument of that name. docs/errors.md is written from it.
 */

/** Why an error happens, and what whoever met it can do. */
export interface Advice {
  readonly why: string;
  readonly todo: string;
}

/** Errors that the SDK raises before or after it talks to a chain. */
export const SDK_ERRORS = {
  UnitNotANumber: {
    why: "'{text}' is not a decimal number of {unit}.",
    todo: "Write digits with at most one point, without thousands separators or an exponent.",
  },
  UnitTooPrecise: {
    why: "'{text}' is finer than {unit} are counted.",
    todo: "Round it yourself to {decimals} decimals: the SDK rounds nothing silently.",
  },
  UnitOutOfRange: { why: "'{text}' is outside 0 to {max} {unit}.", todo: "Check the unit." },
  OrderProfileInvalid: {
    why: "A profile of {slots} slots with {limits} prices can't be signed.",
    todo: "Give 1 to {most} slots, a price for each, and energy in the first and the last one (trimProfile cuts the ends).",
  },
  AreaUnknown: {
    why: "No event told of area {area}.",
    todo: "Sync the view from the deployment's block on, or check the area's number.",
  },
  SlotTimeInvalid: {
    why: "'{text}' is not a time.",
    todo: "Write it as ISO 8601 with an offset, e.g. 2016-09-14T07:00Z.",
  },
  DeploymentUnreadable: {
    why: "The deployment file {source} can't be read: {reason}.",
    todo: "Deploy first (npm run chains writes deployments/local.json) or name the right file with --network.",
  },
  DeploymentNotJson: {
    why: "The deployment file {source} is no JSON: {reason}.",
    todo: "Deploy again; a deployment file isn't written by hand.",
  },
  DeploymentInvalid: {
    why: "The deployment file {source} is not valid at '{path}': {reason}.",
    todo: "Deploy again with this version; a deployment file isn't written by hand.",
  },
  ChainIdMismatch: {
    why: "The {chain} chain of {network} is chain {expected}, but {endpoint} serves chain {actual}.",
    todo: "Point at the right endpoint, or name the deployment file of the network that runs there.",
  },
  GenesisMismatch: {
    why: "The deployment file of {network} is stale: the {chain} chain at {endpoint} began with block {actual}, not {expected}.",
    todo: "The network was started anew: deploy again, or delete the deployment file and restart what wrote it.",
  },
  CodeMismatch: {
    why: "The deployment file of {network} is stale: {contract} at {address} on the {chain} chain has other code than was deployed.",
    todo: "Deploy again; if the network is right, the file belongs to another deployment of it.",
  },
  RpcUnreachable: {
    why: "The chain's endpoint didn't answer: {reason}.",
    todo: "Start the node (npm run chains for the local network) and check the endpoint's address.",
  },
  EndpointUnreachable: {
    why: "Nobody answered at {endpoint}: {reason}.",
    todo: "Start the node (npm run chains for the local network), or point at the endpoint that runs.",
  },
  EndpointMissing: {
    why: "The deployment file of {network} names no endpoint for the {chain} chain.",
    todo: "Give one, e.g. with --rpc.",
  },
  SignerMissing: { why: "The connection can only read.", todo: "Connect with a signer to send transactions." },
  CallFailed: { why: "The call failed: {reason}.", todo: "See the cause; retry if it was the connection." },
  TransactionFailed: {
    why: "Transaction {hash} was mined and failed without saying why.",
    todo: "It most likely ran out of gas: raise the gas limit or send a smaller batch.",
  },
  RevertUnknown: {
    why: "The contract refused the call with {data}, which no known contract declares.",
    todo: "Check that SDK and deployment are of the same version.",
  },
  EventMissing: {
    why: "Transaction {hash} emitted no {event}.",
    todo: "Check that the deployment file names the contract that was called.",
  },
} as const satisfies Record<string, Advice>;

/** Errors of the EVM and of OpenZeppelin's contracts that stand behind ours. */
export const LIBRARY_ERRORS = {
  Error: { why: "The contract refused the call: {arg0}.", todo: "Mend what the text names." },
  Panic: {
    why: "The contract's arithmetic failed (panic {arg0}).",
    todo: "Check the values for overflow; if they are in range, report it: it is a bug.",
  },
} as const satisfies Record<string, Advice>;

/** Custom errors of Commonwatt's contracts. */
export const CONTRACT_ERRORS = {
  EnergyCreditZeroAmount: { why: "An issue or redemption of nothing.", todo: "Give an amount above zero." },
  EnergyCreditZeroReference: {
    why: "An issue or redemption names no payment.",
    todo: "Give the 32-byte reference of the payment that it answers.",
  },
  EnergyCreditReferenceUsed: {
    why: "The payment {paymentReference} was already answered by an issue or a redemption.",
    todo: "Check the books: the credits exist or ended already. A new payment has a new reference.",
  },
} as const satisfies Record<string, Advice>;

/** The whole table. */
export const ERROR_ADVICE: Readonly<Record<string, Advice>> = { ...SDK_ERRORS, ...LIBRARY_ERRORS, ...CONTRACT_ERRORS };

/** What the SDK itself refuses, and what to do about it. */
import type { Advice } from "./advice.js";

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
  NodeAddressInvalid: {
    why: "'{ip}' is not an IP address.",
    todo: "Give the IPv4 or IPv6 address at which other nodes reach this one; resolve a name first.",
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
  SenderUnlisted: {
    why: "The node takes no transactions of this sender: it is not on the node's list of accounts.",
    todo: "Who is admitted by Federation is listed within a few blocks while the node's agent runs (network status tells).",
  },
  EndpointMissing: {
    why: "The deployment file of {network} names no endpoint for the {chain} chain.",
    todo: "Give one, e.g. with --rpc.",
  },
  SignerMissing: { why: "The connection can only read.", todo: "Connect with a signer to send transactions." },
  SignerUnconnected: {
    why: "The signer has no provider.",
    todo: "Connect it to one first, e.g. wallet.connect(provider).",
  },
  CallFailed: { why: "The call failed: {reason}.", todo: "See the cause; retry if it was the connection." },
  TransactionFailed: {
    why: "Transaction {hash} was mined and failed without saying why.",
    todo: "It most likely ran out of gas: raise the gas limit or send a smaller batch.",
  },
  ProposalUnknown: {
    why: "No proposal {proposalId} was made on this chain.",
    todo: "Check the number and the chain: each of the two has its own governor.",
  },
  RevertUnknown: {
    why: "The contract refused the call with {data}, which no known contract declares.",
    todo: "Check that SDK and deployment are of the same version.",
  },
  EventMissing: {
    why: "Transaction {hash} emitted no {event}.",
    todo: "Check that the deployment file names the contract that was called.",
  },
  RecordHistoryMismatch: {
    why: "The events of {owner}'s record {record} come to the head {computed}, and the chain has {head}.",
    todo: "Ask another node: this one leaves out or alters events; or read from the deployment's block on.",
  },
  GrantHistoryMismatch: {
    why: "The events of the grant {grantId} don't come to what the chain keeps of it.",
    todo: "Ask another node: this one leaves out or alters events; or read from the deployment's block on.",
  },
  GrantListIncomplete: {
    why: "{owner} made {granted} grants, and the events show {shown}.",
    todo: "Ask another node: this one leaves out or adds events; or read from the deployment's block on.",
  },
  BackupHistoryMismatch: {
    why: "The events of what {member} keeps don't come to what the chain keeps of it.",
    todo: "Ask another node: this one leaves out or alters events; or read from the deployment's block on.",
  },
  RequestByItsAsker: {
    why: "{asker} would send the request itself, and the sender of a transaction is public.",
    todo: "Let another account relay it, or bring it to the owner off the chain.",
  },
  TransactionUnknown: {
    why: "The endpoint knows no transaction {hash} in a block.",
    todo: "Check the hash and which chain it is on, or wait until it is in a block.",
  },
  BodyNotOfHeader: {
    why: "The endpoint's {what} of block {blockNumber} is not what the block's header commits to.",
    todo: "Ask another node: this one alters or leaves out something, or its chain has transactions of a kind that this version can't encode.",
  },
  TrieProofFalse: {
    why: "The proof's node {node} does not lead from the block's root to the item: {reason}.",
    todo: "Ask for the proof again; whoever gave this one altered it, or took it from another block.",
  },
  ReceiptInvalid: {
    why: "The receipt is not encoded as one: {field}.",
    todo: "Give the receipt as the block's trie has it, whole and unchanged.",
  },
  HeaderNotRlp: {
    why: "The {field} is not RLP.",
    todo: "Give the header as debug_getRawHeader returns it, whole and unchanged.",
  },
  HeaderNotCanonical: {
    why: "The header is not written as Besu writes it.",
    todo: "Give the header as debug_getRawHeader returns it, whole and unchanged.",
  },
  HeaderFieldCount: {
    why: "The header has {count} fields; London's has 16, Shanghai's 17, Cancun's 20, Prague's 21.",
    todo: "Give a whole header; if a fork has added a field, this version can't read it yet.",
  },
  HeaderFieldInvalid: {
    why: "The header's {field} is missing or malformed.",
    todo: "Give a header of a QBFT chain whose validators come from a contract.",
  },
  HeaderNotQbft: {
    why: "The header of block {blockNumber} carries no QBFT data ({reason}): the chain is not run by accountants who take turns.",
    todo: "Ask a node of a Besu QBFT network; a simulated network has no turns that could be missed.",
  },
  BlockUnknown: {
    why: "The endpoint has no block {blockNumber}.",
    todo: "Check the number, or wait until the chain is so far.",
  },
  StateForgotten: {
    why: "The endpoint has no state of block {blockNumber} any more.",
    todo: "Ask a node that keeps old states (Besu with --data-storage-format=FOREST), or take the proof from a set certificate.",
  },
  WordMissing: {
    why: "Nothing stands in that slot of {account} after block {blockNumber}, and what is zero can't be proven.",
    todo: "Check contract, owner, record and block: the record has to be older than the anchored block.",
  },
  HeaderUnsealed: {
    why: "The header of block {blockNumber} carries no seals, so that it proves nothing.",
    todo: "Ask a node of a Besu QBFT network; nobody seals the blocks of a simulated one.",
  },
  AnchorsOfAnotherChain: {
    why: "Chain {chainId} is given as the other chain, and the anchors here are of chain {anchored}, or of another genesis or election.",
    todo: "Connect with the deployment file that both chains were deployed with.",
  },
  AnswerFieldInvalid: {
    why: "The endpoint's answer has no {field}, or one that is malformed.",
    todo: "Ask another node: this one leaves out or alters what it tells, or speaks another protocol.",
  },
  ProviderWithoutRpc: {
    why: "The provider can't be asked for {method}.",
    todo: "Connect with a JSON-RPC provider: the question has to reach a node in its own words.",
  },
} as const satisfies Record<string, Advice>;

/** What light verification refuses, and what to do about it. */
import type { Advice } from "./advice.js";

const OTHER_PEER = "Ask another node: this one is wrong, lags, or lies.";

export const LIGHT_ERRORS = {
  StateProofFalse: {
    why: "The proof of the state proves nothing: {reason}.",
    todo: OTHER_PEER,
  },
  LightSetUnreadable: {
    why: "The contract's storage holds no set that can be read: {reason}.",
    todo: "Check the election's address and layout; if they are right, ask another node.",
  },
  LightForeignChain: {
    why: "The state is of chain {chainId}, and chain {expected} is followed.",
    todo: "Ask a node of the right chain: both chains can have the same accountants, so that seals alone don't tell.",
  },
  LightTrustLapsed: {
    why: "Trust in block {number} lapsed at {lapsedAt} (Unix seconds): the keys that sealed after it may be anybody's.",
    todo: "Start from a new checkpoint that more than half of the members signed, or take answers as unproved.",
  },
  LightNotNewer: { why: "Block {number} is not newer than {known}, which is known.", todo: OTHER_PEER },
  LightTooEarly: {
    why: "Block {number} says that it was made at {timestamp}, and it can't have been before {earliest} (Unix seconds).",
    todo: OTHER_PEER,
  },
  LightFromTheFuture: {
    why: "Block {number} says that it was made at {timestamp}, and by this machine's clock {latest} is the latest (Unix seconds).",
    todo: "Check this machine's clock; if it is right, ask another node.",
  },
  LightWrongParent: {
    why: "Block {number} does not name the hash of the block before it.",
    todo: OTHER_PEER,
  },
  LightWrongBlock: { why: "Block {number} was asked for, and block {given} was given.", todo: OTHER_PEER },
  LightBlockMissing: { why: "The node has no block {number}.", todo: OTHER_PEER },
  LightSentOther: { why: "The node took transaction {hash}, and calls it {told}.", todo: OTHER_PEER },
  LightForeignCoinbase: {
    why: "Block {number} was made by {coinbase}, who is not in the set.",
    todo: OTHER_PEER,
  },
  LightTooManySeals: { why: "The header has {count} seals, more than there are accountants.", todo: OTHER_PEER },
  LightSkipTooFar: {
    why: "Only {known} of the known set sealed the header, and {needed} must: too many were replaced in between.",
    todo: "Go by headers in between, or by set certificates.",
  },
  LightStateForgotten: {
    why: "The node has forgotten the state after block {number}, and no certificate shows the set.",
    todo: "Give a folder of set certificates, or ask a node that keeps old states.",
  },
  LightProofMissing: {
    why: "Block {number} may have changed the set, and nothing proves the set after it.",
    todo: OTHER_PEER,
  },
  LightCertificateOther: {
    why: "The certificate of block {number} is not of the change after the known set, which came in {changedAt}.",
    todo: "Give the certificates of all changes, as npm run accountants -- watch writes them.",
  },
  LightGenesisUnreadable: {
    why: "The genesis file can't be read: {reason}.",
    todo: "Give the file with which the chain's nodes were started, unchanged.",
  },
  LightCheckpointOther: {
    why: "The checkpoint is not of the chain that answers: {what}.",
    todo: "Check where the checkpoint is from; if it is right, ask another node.",
  },
  LightCheckpointUnsigned: {
    why: "{count} of {members} members signed the checkpoint, and more than half must.",
    todo: "Get the signatures of more members.",
  },
  RawBlockInvalid: {
    why: "The block is not written as a node stores one: {field}.",
    todo: "Give the block as debug_getRawBlock returns it, whole and unchanged.",
  },
  RawBlockOther: {
    why: "The {what} of block {number} is not what its header commits to.",
    todo: "Don't use it: take the block from another node, or from another copy.",
  },
  LightNoFork: { why: "The two headers are no fork: {reason}.", todo: "Give two blocks of one height." },
} as const satisfies Record<string, Advice>;

/** What NodeDirectory refuses, and what to do about it. */
import type { Advice } from "./advice.js";

export const NODES_ERRORS = {
  NodeDirectoryInactive: {
    why: "{member} is no active member, and only those announce nodes and have their nodes' lists attested.",
    todo: "Check the address and the chain, or have the member's suspension ended.",
  },
  NodeDirectoryTaken: {
    why: "The node {node} is {member}'s.",
    todo: "Give each node a key of its own; to move one, let {member} withdraw it first.",
  },
  NodeDirectoryFull: {
    why: "A member announces at most {most} nodes.",
    todo: "Withdraw one that runs no more.",
  },
  NodeDirectoryIncomplete: {
    why: "The announcement lacks its agent, its IP address or its port.",
    todo: "Give all three, none of them zero.",
  },
  NodeDirectoryWrongSignature: {
    why: "The key of node {node} did not sign this announcement; {signer} did.",
    todo: "Let the node's own key sign these very values, for this member, chain and directory.",
  },
  NodeDirectoryUnknown: {
    why: "No node {node} is in the directory.",
    todo: "Give the address of the node's key, and the chain on which it was announced.",
  },
  NodeDirectoryNotMember: {
    why: "The node {node} is {member}'s, which is not expelled.",
    todo: "Let {member} withdraw it.",
  },
  NodeDirectoryNotAgent: {
    why: "The node {node} names {agent} as its agent, and only that account attests.",
    todo: "Sign with that account, or announce the node anew with another agent.",
  },
  NodeDirectoryInvalidBlock: {
    why: "Lists can't be attested for block {atBlock}: the last one was {last}, the present one is {present}.",
    todo: "Read the lists again, and attest them for a block after {last} and of the last 256.",
  },
  NodeDirectoryUnchanged: {
    why: "The same lists were attested less than a day ago.",
    todo: "Attest them again from {nextAt} on (Unix seconds), or when they changed.",
  },
} as const satisfies Record<string, Advice>;

/**
 * Who may send and which nodes may connect, by the contracts: the lists that every node's permission agent keeps, that
 * anyone recomputes, and their digests. Pure.
 *
 * Canonical form of a list: its entries in small letters (accounts: 0x and 40 hex digits; nodes: enode.ts), each once, in
 * ascending order, each followed by a line feed. Its digest is the keccak of that text in ASCII.
 */
import { getAddress, id } from "ethers";

import { canonicalEnode, enodeOf, nodeAddressOf } from "./enode.js";
import type { NodeAnnouncement } from "../signing/nodes.js";

/** A node in NodeDirectory. */
export interface DirectoryNode extends NodeAnnouncement {
  /** The address of its key. */
  readonly node: string;
  readonly member: string;
  /** Its member is active. */
  readonly counts: boolean;
}

/** What the contracts say at a block. Addresses in any case. */
export interface Admitted {
  /** Members and users that are active. */
  readonly active: Iterable<string>;
  /** Members and users that were admitted and are suspended or expelled. */
  readonly inactive: Iterable<string>;
  readonly nodes: readonly DirectoryNode[];
  /** Node addresses that seal the next block. */
  readonly validators: readonly string[];
}

/** Allow-lists in canonical form. */
export interface AllowLists {
  readonly accounts: readonly string[];
  readonly nodes: readonly string[];
}

/**
 * The lists by the contracts, with the accounts that are always on them. Besides active members and users, agents of
 * nodes that count may send, unless they were admitted themselves and are not active. Besides nodes that count, nodes in
 * force may connect: a suspended member may hold its seat for a while, and the chain must not stop for it.
 */
export function listsOf(admitted: Admitted, always: Iterable<string>): AllowLists {
  const inactive = new Set(canonicalAccounts(admitted.inactive));
  const inForce = new Set(canonicalAccounts(admitted.validators));
  const counting = admitted.nodes.filter(({ counts }) => counts);
  const agents = canonicalAccounts(counting.map(({ agent }) => agent)).filter((agent) => !inactive.has(agent));
  const nodes = admitted.nodes.filter(({ counts, node }) => counts || inForce.has(node.toLowerCase()));
  return {
    accounts: canonicalAccounts([...admitted.active, ...agents, ...always]),
    nodes: canonicalNodes(nodes.map(enodeOf)),
  };
}

/** Accounts in canonical form: what a node lists, or what is to be listed. */
export function canonicalAccounts(accounts: Iterable<string>): string[] {
  return [...new Set([...accounts].map((account) => account.toLowerCase()))].sort();
}

/** Enode URLs in canonical form. */
export function canonicalNodes(enodes: Iterable<string>): string[] {
  return [...new Set([...enodes].map(canonicalEnode))].sort();
}

/** The digest of a list in canonical form. */
export function listDigest(canonical: readonly string[]): string {
  return id(canonical.map((entry) => `${entry}\n`).join(""));
}

export interface ListDigests {
  readonly accountsDigest: string;
  readonly nodesDigest: string;
}

export function digestsOf({ accounts, nodes }: AllowLists): ListDigests {
  return { accountsDigest: listDigest(accounts), nodesDigest: listDigest(nodes) };
}

/** Validators that no node in the directory belongs to: nobody can list them by the contracts alone. Checksummed. */
export function unannouncedValidators({ validators, nodes }: Pick<Admitted, "validators" | "nodes">): string[] {
  const announced = new Set(nodes.map(({ node }) => node.toLowerCase()));
  return validators
    .filter((validator) => !announced.has(validator.toLowerCase()))
    .map((validator) => getAddress(validator));
}

/** Whether an enode URL is of one of these node addresses. */
export function isNodeOf(enode: string, addresses: readonly string[]): boolean {
  const address = nodeAddressOf(enode)?.toLowerCase();
  return address !== undefined && addresses.some((one) => one.toLowerCase() === address);
}

/** Announcing a folder's nodes in NodeDirectory, each by its organisation, and withdrawing them. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";

import { Wallet } from "ethers";

import { announcedNodes, announceNode, signNodeAnnouncement, withdrawNode } from "../../../sdk/actions/nodes.js";
import { enodeOf } from "../../../sdk/admittance/enode.js";
import type { AnyChain } from "../../../sdk/connect.js";
import type { Deployment } from "../../../sdk/deployments/index.js";
import { InputError } from "../../inputs/error.js";
import { connectedPart } from "../members/endpoint.js";
import { nodeOnChain } from "../network-file.js";
import { openOperator } from "../operators.js";
import { openNodeKey } from "../unlock.js";
import { openChain, type FolderPart } from "./open.js";

/** Announces the node through itself or, while others don't let it in, through another one, unless the directory says all that already; what became of it. */
export async function announcePart(part: FolderPart, deployment: Deployment, password: string): Promise<string> {
  const { dir, node, chain: kind } = part;
  const { agentAccount, p2pPort } = nodeOnChain(node, kind);
  const member = await openOperator(dir, kind, node.name, password);
  const key = new Wallet(await openNodeKey(dir, node, kind, password));
  const through = await connectedPart(part);
  const opened = await openChain(through, deployment, (provider) => member.connect(provider));
  const { chain } = opened;
  try {
    const details = { member: member.address, agent: agentAccount, ip: await addressOf(node.host), port: p2pPort };
    const announcement = await signNodeAnnouncement(chain, key, details);
    const known = await entryOf(chain, key.address);
    const what = `${node.name} on the ${kind} chain`;
    const isSame = known?.agent === agentAccount && enodeOf(known) === enodeOf(announcement);
    if (isSame) return `${what} is announced already: ${enodeOf(announcement)}`;
    await announceNode(chain, announcement);
    return `${what} is announced: ${enodeOf(announcement)}`;
  } finally {
    opened.close();
  }
}

/** Takes the node out of the directory. */
export async function withdrawPart(part: FolderPart, deployment: Deployment, password: string): Promise<string> {
  const { dir, node, chain: kind } = part;
  const member = await openOperator(dir, kind, node.name, password);
  const through = await connectedPart(part);
  const opened = await openChain(through, deployment, (provider) => member.connect(provider));
  const { chain } = opened;
  try {
    await withdrawNode(chain, { node: nodeOnChain(node, kind).address });
    return `${node.name} on the ${kind} chain is withdrawn: it is dropped from all lists, unless it is in force.`;
  } finally {
    opened.close();
  }
}

/** Whether the directory has the node. */
export async function isAnnounced(part: FolderPart, deployment: Deployment): Promise<boolean> {
  const opened = await openChain(await connectedPart(part), deployment, (provider) => provider);
  try {
    return (await entryOf(opened.chain, nodeOnChain(part.node, part.chain).address)) !== undefined;
  } finally {
    opened.close();
  }
}

async function entryOf(chain: AnyChain, address: string) {
  const nodes = await announcedNodes(chain, await chain.provider.getBlockNumber());
  return nodes.find(({ node }) => node === address);
}

/** Nodes compare addresses, not names. */
async function addressOf(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    const advice = "Correct the name server, or give the node's IP address in the hosts file";
    throw new InputError({ file: host }, `the name has no address (${(cause as Error).message})`, advice, { cause });
  }
}

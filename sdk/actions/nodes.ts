/** The nodes that members announce in NodeDirectory, and what their agents attest. The same functions on both chains. */
import { SigningKey, type BaseWallet } from "ethers";

import { ipToBytes16 } from "../admittance/enode.js";
import type { DirectoryNode, ListDigests } from "../admittance/lists.js";
import type { AnyChain } from "../connect.js";
import { CommonwattError } from "../errors.js";
import { nodeAnnouncementMessage, type NodeAnnouncement } from "../signing/nodes.js";
import { sign } from "../signing/typed-data.js";
import { ask, transact, type Receipt, type TransactionOverrides } from "../transact.js";

/** NodeDirectory.MOST_IN_PAGE. */
const PAGE = 64;

/** An announcement with the node key's signature. */
export type SignedAnnouncement = NodeAnnouncement & { readonly signature: string };

/** Lets a node's key say whose it is, where it listens and who attests for it. Costs no transaction. */
export async function signNodeAnnouncement(
  chain: AnyChain,
  node: BaseWallet,
  details: { readonly member: string; readonly agent: string; readonly ip: string; readonly port: number },
): Promise<SignedAnnouncement> {
  const ip = ipToBytes16(details.ip);
  if (ip === undefined) throw new CommonwattError("NodeAddressInvalid", { ip: details.ip });
  const key = SigningKey.computePublicKey(node.privateKey, false); // 0x04 and two words
  const announcement = {
    keyX: `0x${key.slice(4, 68)}`,
    keyY: `0x${key.slice(68)}`,
    agent: details.agent,
    ip,
    port: BigInt(details.port),
  };
  const { chainId, contracts } = chain.deployment;
  const directory = { chainId, verifyingContract: contracts.NodeDirectory.address };
  const message = nodeAnnouncementMessage(directory, { member: details.member, ...announcement });
  return { ...announcement, signature: await sign(node, message) };
}

/** Announces a node of the sender's, an active member, or gives one it has other details. */
export function announceNode(
  chain: AnyChain,
  { signature, ...announcement }: SignedAnnouncement,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.nodeDirectory.announce(announcement, signature, overrides));
}

/** Takes a node out of the directory. Its member; anyone, once the member is expelled. */
export function withdrawNode(
  chain: AnyChain,
  { node }: { readonly node: string },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.nodeDirectory.withdraw(node, overrides));
}

export interface ListAttestation extends ListDigests {
  /** The address of the node's key. */
  readonly node: string;
  /** The block whose state the lists follow. */
  readonly atBlock: number;
}

/** Posts the digests of the lists in force on a node. The account that the node's announcement names. */
export function attestLists(
  chain: AnyChain,
  { node, accountsDigest, nodesDigest, atBlock }: ListAttestation,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  const { nodeDirectory } = chain.contracts;
  return transact(chain, () => nodeDirectory.attest(node, accountsDigest, nodesDigest, atBlock, overrides));
}

/** What was attested last for a node. */
export interface LastAttestation extends ListDigests {
  readonly atBlock: number;
  /** Unix seconds. */
  readonly attestedAt: bigint;
}

/** What was attested last for a node; undefined when nothing was. */
export async function attestationOf(
  chain: AnyChain,
  node: string,
  block: number | "latest" = "latest",
): Promise<LastAttestation | undefined> {
  const { accountsDigest, nodesDigest, atBlock, attestedAt } = await ask(() =>
    chain.contracts.nodeDirectory.attestationOf(node, { blockTag: block }),
  );
  return atBlock === 0n ? undefined : { accountsDigest, nodesDigest, atBlock: Number(atBlock), attestedAt };
}

/** All nodes in the directory at a block, those that do not count included. */
export async function announcedNodes(chain: AnyChain, block: number): Promise<DirectoryNode[]> {
  const nodes: DirectoryNode[] = [];
  for (;;) {
    const page = await ask(() => chain.contracts.nodeDirectory.nodesOf(nodes.length, PAGE, { blockTag: block }));
    for (const { node, member, counts, announced } of page) {
      const { keyX, keyY, agent, ip, port } = announced;
      nodes.push({ node, member, counts, keyX, keyY, agent, ip, port });
    }
    if (page.length < PAGE) return nodes;
  }
}

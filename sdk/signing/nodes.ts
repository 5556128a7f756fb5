/** The message of NodeDirectory: a node's key says whose node it is, where it listens and who answers for its lists. */
import { domainOf, fieldsOf, type SigningDomain, type TypedMessage } from "./typed-data.js";

const NODE_ANNOUNCEMENT = fieldsOf("address member,bytes32 keyX,bytes32 keyY,address agent,bytes16 ip,uint16 port");

/** A node as its member announces it, in the contract's own form. */
export interface NodeAnnouncement {
  /** First 32 bytes of the public key. */
  readonly keyX: string;
  /** Last 32 bytes of the public key. */
  readonly keyY: string;
  /** The account that attests for the node. */
  readonly agent: string;
  /** IPv6 address as 16 bytes in hex, or ::ffff:a.b.c.d. */
  readonly ip: string;
  /** TCP port of the peer-to-peer protocol. */
  readonly port: bigint;
}

/** Signed by the node's key, for one member, chain and directory. */
export function nodeAnnouncementMessage(
  directory: SigningDomain,
  announcement: NodeAnnouncement & { readonly member: string },
): TypedMessage {
  return {
    domain: domainOf("Commonwatt NodeDirectory", directory),
    types: { NodeAnnouncement: NODE_ANNOUNCEMENT },
    value: { ...announcement },
  };
}

/** The message of AccountantElection: a node's key says whose node it is. */
import { domainOf, fieldsOf, type SigningDomain, type TypedMessage } from "./typed-data.js";

const NODE_CLAIM = fieldsOf("address member,address node");

export interface NodeClaim {
  /** Whose node it is: the account that registers it. */
  readonly member: string;
  /** The address of the node's key. */
  readonly node: string;
}

/** Signed by the node's key, for one chain and contract. */
export function nodeClaimMessage(election: SigningDomain, claim: NodeClaim): TypedMessage {
  return {
    domain: domainOf("Commonwatt AccountantElection", election),
    types: { NodeClaim: NODE_CLAIM },
    value: { ...claim },
  };
}

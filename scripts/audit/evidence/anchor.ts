/** Why a block is taken for the chain's: what the verifier trusts, and whether a header rests on it. */
import { quorumOf, requireQuorum, type AccountantSet, type BlockHeader } from "../../../light/index.js";
import type { Deployment } from "../../../sdk/deployments/index.js";
import { attemptInWords, demand } from "./proven.js";
import { EvidenceRefused } from "./refused.js";

/** What the verifier knows without the file. */
export interface Trust {
  /** Hashes of blocks. */
  readonly headers: readonly string[];
  /** Who may seal, ascending. */
  readonly validators?: AccountantSet;
  /** Of the network that the evidence should be of. */
  readonly deployment?: Deployment;
}

/** Why the block is taken for the chain's; refused where the verifier gave something that does not cover it. */
export function anchorOf(header: BlockHeader, { headers, validators }: Trust): string {
  const block = `Block ${header.number} with the hash ${header.hash}`;
  if (headers.includes(header.hash)) return `${block}: you gave this hash.`;
  if (validators !== undefined) return `${block}: ${sealText(header, validators)}.`;
  const isGiven = headers.length > 0;
  demand(`block ${header.number}, trust`, !isGiven, `its hash ${header.hash} is not one that you gave`);
  const seals = header.sealed === undefined ? "it carries no seals" : `its seals need --validators`;
  return `${block}: NOBODY VOUCHES FOR IT (${seals}). Compare the hash with a node that you trust, or give it with --header.`;
}

function sealText({ sealed, number }: BlockHeader, validators: AccountantSet): string {
  const part = `block ${number}, seals`;
  if (sealed === undefined) {
    throw new EvidenceRefused(part, "its header has none, as on a simulated chain: give its hash with --header");
  }
  attemptInWords(part, () => requireQuorum(sealed, validators));
  return `${sealed.seals.length} of the ${validators.length} accountants given sealed it, ${quorumOf(validators.length)} must`;
}

/** Whether the verifier gave anything that vouches for blocks. */
export function isAnything({ headers, validators }: Trust): boolean {
  return headers.length > 0 || validators !== undefined;
}

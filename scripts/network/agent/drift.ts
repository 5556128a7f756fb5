/** Which nodes' lists in force are not what the contracts say, by what their agents attested. */
import { AdmittanceView } from "../../../sdk/actions/admittance.js";
import { attestationOf, type LastAttestation } from "../../../sdk/actions/nodes.js";
import {
  digestsOf,
  listsOf,
  unannouncedValidators,
  type DirectoryNode,
  type ListDigests,
} from "../../../sdk/admittance/lists.js";
import type { AnyChain } from "../../../sdk/connect.js";
import { isCommonwattError } from "../../../sdk/errors.js";
import { latestHead, type Head } from "../../../sdk/latest-head.js";

/** Attestations come once a day at least; this much later an agent counts as silent, seconds. */
const SILENT_AFTER_SECONDS = 86_400n + 3_600n;
/** So many blocks after the contracts changed an agent has brought its node there, and said so. */
const BEHIND_AFTER_BLOCKS = 60;

export type Verdict =
  /** The lists are what the contracts say. */
  | "equal"
  /** They were at the attested block, and the contracts said something else since. */
  | "behind"
  /** They are not what the contracts said at that block. */
  | "differs"
  /** Nothing was attested for more than a day. */
  | "silent"
  /** This endpoint has forgotten the attested block's state. */
  | "unknown";

export interface NodeDrift {
  /** The address of the node's key. */
  readonly node: string;
  readonly member: string;
  readonly verdict: Verdict;
  readonly atBlock: number | undefined;
  /** Which list differs. */
  readonly lists: readonly ("accounts" | "nodes")[];
}

export interface Drift {
  readonly block: number;
  /** Of every node that counts, in the directory's order. */
  readonly nodes: readonly NodeDrift[];
  /** Node addresses in force that nobody announced: no agent can list them. */
  readonly unannounced: readonly string[];
}

/** Compares every node's last attestation with the contracts. `always`: the accounts that agents list always. */
export async function drift(chain: AnyChain, always: readonly string[]): Promise<Drift> {
  const head = await latestHead(chain.provider);
  const admitted = await new AdmittanceView(chain).at(head);
  const now = digestsOf(listsOf(admitted, always));
  const earlier = new Map<number, Promise<ListDigests | undefined>>();
  const expectedAt = (block: number): Promise<ListDigests | undefined> => {
    const known = earlier.get(block) ?? digestsAt(chain, block, always);
    earlier.set(block, known);
    return known;
  };
  const nodes: NodeDrift[] = [];
  for (const node of admitted.nodes.filter(({ counts }) => counts)) {
    nodes.push(await driftOf(node, await attestationOf(chain, node.node, head.number), { head, now, expectedAt }));
  }
  return { block: head.number, nodes, unannounced: unannouncedValidators(admitted) };
}

interface Expected {
  readonly head: Head;
  readonly now: ListDigests;
  readonly expectedAt: (block: number) => Promise<ListDigests | undefined>;
}

async function driftOf(
  { node, member }: DirectoryNode,
  last: LastAttestation | undefined,
  { head, now, expectedAt }: Expected,
): Promise<NodeDrift> {
  if (last === undefined || head.timestamp > last.attestedAt + SILENT_AFTER_SECONDS) {
    return { node, member, verdict: "silent", atBlock: last?.atBlock, lists: [] };
  }
  const told = { node, member, atBlock: last.atBlock };
  if (differing(last, now).length === 0) return { ...told, verdict: "equal", lists: [] };
  const then = await expectedAt(last.atBlock);
  if (then === undefined) return { ...told, verdict: "unknown", lists: differing(last, now) };
  const lists = differing(last, then);
  if (lists.length > 0) return { ...told, verdict: "differs", lists };
  const since = await expectedAt(Math.max(last.atBlock, head.number - BEHIND_AFTER_BLOCKS));
  const isBehind = since !== undefined && differing(last, since).length > 0;
  return { ...told, verdict: isBehind ? "behind" : "equal", lists: isBehind ? differing(last, now) : [] };
}

function differing(a: ListDigests, b: ListDigests): ("accounts" | "nodes")[] {
  const lists: ("accounts" | "nodes")[] = [];
  if (a.accountsDigest !== b.accountsDigest) lists.push("accounts");
  if (a.nodesDigest !== b.nodesDigest) lists.push("nodes");
  return lists;
}

/** Undefined where the endpoint knows the block's state no more. */
async function digestsAt(chain: AnyChain, number: number, always: readonly string[]): Promise<ListDigests | undefined> {
  try {
    const block = await chain.provider.getBlock(number);
    if (block === null) return undefined;
    const head = { number, timestamp: BigInt(block.timestamp) };
    return digestsOf(listsOf(await new AdmittanceView(chain).at(head), always));
  } catch (error) {
    if (isCommonwattError(error, "CallFailed")) return undefined;
    throw error;
  }
}

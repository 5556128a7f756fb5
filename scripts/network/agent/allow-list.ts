/** Brings one allow-list of a node to what it should be: only the difference, and past entries that the node refuses. */
import { NodeRefused } from "../engine/node-rpc.js";
import { isInForce, type AllowList } from "./besu-node.js";

/** Entries of one request: some 25 kB. */
const BATCH = 500;

/** A list as the node holds it: entries in canonical form, with the texts that the node has for each. */
export type ListInForce = ReadonlyMap<string, readonly string[]>;

export async function readList(list: AllowList, canonical: (entry: string) => string): Promise<ListInForce> {
  const inForce = new Map<string, string[]>();
  for (const entry of await list.read()) {
    const key = canonical(entry);
    inForce.set(key, [...(inForce.get(key) ?? []), entry]);
  }
  return inForce;
}

export interface Change {
  /** Entries that were asked for. */
  readonly sent: number;
  /** What the node refused, with its reason. */
  readonly refused: ReadonlyMap<string, string>;
  /** The node's file holds something else than its memory: a restart forgets changes. */
  readonly isFileBehind: boolean;
}

export const NO_CHANGE: Change = { sent: 0, refused: new Map(), isFileBehind: false };

/**
 * Adds or removes entries. The node refuses a whole request for one entry, so that it is halved until the others are
 * through. Whoever changes the list at the same time makes refusals too: only what is read back afterwards counts.
 */
export async function changeList(
  entries: readonly string[],
  change: (entries: readonly string[]) => Promise<void>,
): Promise<Change> {
  const refused = new Map<string, string>();
  let isFileBehind = false;
  const apply = async (part: readonly string[]): Promise<void> => {
    const [first] = part;
    if (first === undefined) return;
    try {
      await change(part);
    } catch (error) {
      if (!(error instanceof NodeRefused)) throw error;
      if (isInForce(error)) isFileBehind = true;
      else if (part.length === 1) refused.set(first, error.message);
      else {
        const half = Math.ceil(part.length / 2);
        await apply(part.slice(0, half));
        await apply(part.slice(half));
      }
    }
  };
  for (let at = 0; at < entries.length; at += BATCH) await apply(entries.slice(at, at + BATCH));
  return { sent: entries.length, refused, isFileBehind };
}

/**
 * Where the chain's state and the events part: by bisection over the blocks with events, as far back as the endpoint
 * has states; before that, by the events that touch what differs.
 */
import { compareWithChain, type AuditState, type Finding } from "../../sdk/audit/index.js";
import { placeOf } from "../../sdk/audit/event.js";
import type { TransactionChain } from "../../sdk/connect.js";
import type { ChainEvent } from "../../sdk/events.js";
import { isCommonwattError } from "../../sdk/errors.js";
import { jsonOf } from "./indexer/rows.js";

/** The fold up to a block, made anew at each call. */
export type FoldTo = (block: number) => Promise<AuditState>;

export interface FirstDifference {
  /** The last block known to agree; undefined when no earlier state could be asked for. */
  readonly agreesAt: number | undefined;
  /** The first block with events at which they differ. */
  readonly differsAt: number;
  /** The first event that may be at fault; undefined when none touches what differs. */
  readonly event: ChainEvent | undefined;
  /** The event and how it was found, in words. */
  readonly text: string;
}

/** Whether the endpoint has the state of a block, and all contracts stood there. */
export async function hasState(chain: TransactionChain, block: number): Promise<boolean> {
  const { contracts, deployment, provider } = chain;
  try {
    const addresses = Object.values(deployment.contracts).map(({ address }) => address);
    const codes = await Promise.all(addresses.map((address) => provider.getCode(address, block)));
    if (codes.includes("0x")) return false;
    await contracts.energyCredit.totalSupply({ blockTag: block });
    return true;
  } catch (error) {
    if (isCommonwattError(error, "RpcUnreachable")) throw error;
    return false;
  }
}

/** `events`: all up to `finding`'s block, in order; `finding` was made by comparing at `toBlock`. */
export async function firstDifference(
  chain: TransactionChain,
  events: readonly ChainEvent[],
  foldTo: FoldTo,
  { finding, toBlock }: { readonly finding: Finding; readonly toBlock: number },
): Promise<FirstDifference> {
  const blocks = [...new Set(events.map(({ block }) => block))].filter((block) => block < toBlock);
  // blocks[low] agrees or has no state; blocks[high] differs; the ends stand for before the first and for toBlock
  let [low, high, agreesAt] = [-1, blocks.length, undefined as number | undefined];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const block = blocks[middle] as number;
    if (!(await hasState(chain, block))) low = middle;
    else if (await differs(chain, await foldTo(block), block)) high = middle;
    else [low, agreesAt] = [middle, block];
  }
  const differsAt = blocks[high] ?? toBlock;
  // nothing was deployed before the first event
  const isExact = low === -1 || blocks[low] === agreesAt;
  const suspects = isExact ? events.filter(({ block }) => block === differsAt) : events;
  const touching = suspects.filter((event) => touches(event, finding));
  const event = touching[0] ?? (isExact ? suspects[0] : undefined);
  return { agreesAt, differsAt, event, text: textOf({ agreesAt, differsAt, event }, isExact, blocks[low]) };
}

async function differs(chain: TransactionChain, state: AuditState, block: number): Promise<boolean> {
  const before = state.findings.length;
  await compareWithChain(state, chain, block);
  return state.findings.length > before;
}

function textOf(
  { agreesAt, differsAt, event }: Omit<FirstDifference, "text">,
  isExact: boolean,
  lost: number | undefined,
): string {
  const named = event === undefined ? "no event" : `${event.contract}.${event.name} at ${placeOf(event)}`;
  if (isExact) {
    const agree = agreesAt === undefined ? "before the first event" : `at block ${agreesAt}`;
    return `chain and events agree ${agree} and differ at block ${differsAt}; the first event after which they differ: ${named}`;
  }
  return `the endpoint has no state up to block ${lost ?? 0}, and they differ at block ${differsAt} already; the first event that touches what differs: ${named}`;
}

/** What a finding is about: addresses, digests, and pairs such as meter/slot. */
function touches(event: ChainEvent, { what }: Finding): boolean {
  const text = jsonOf(event.args).toLowerCase();
  const [subject = ""] = what.split(": ");
  const names = subject.match(/0x[0-9a-fA-F]{40,64}/g) ?? [];
  if (names.some((name) => text.includes(name.slice(2).toLowerCase()))) return true;
  const values = new Set(Object.values(event.args).map(String));
  return (subject.match(/\d+\/\d+/g) ?? []).some((pair) => {
    const [a = "", b = ""] = pair.split("/");
    if (values.has(a) && values.has(b)) return true;
    // packed words begin with meter and slot, 32 bits each
    return text.includes(`0x${hex8(a)}${hex8(b)}`);
  });
}

function hex8(number: string): string {
  return BigInt(number).toString(16).padStart(8, "0");
}

/** What statements are made of: the audit's fold over all events, and what a statement notes on the way. */
import { slotLengthOf } from "../../../sdk/actions/market.js";
import {
  applyEvent,
  auditedContracts,
  checkBooks,
  emptyState,
  type AuditedContracts,
  type AuditState,
} from "../../../sdk/audit/index.js";
import type { TransactionChain } from "../../../sdk/connect.js";
import { readEvents, type ChainEvent } from "../../../sdk/events.js";
import { ask } from "../../../sdk/transact.js";

/** Notes what the fold does not keep. */
export interface Notes {
  note(event: ChainEvent): void;
}

/** The books after all events. */
export interface Books<Noted> {
  readonly state: AuditState;
  readonly notes: Noted;
  readonly slotSeconds: bigint;
  /** When a block was made, Unix seconds. */
  readonly timeOf: (block: number) => Promise<bigint>;
}

type EventParts = AsyncIterable<readonly ChainEvent[]> | Iterable<readonly ChainEvent[]>;

/** Folds all events of the chain, and checks the whole; no state of the chain is read but the length of a slot. */
export async function readBooks<Noted extends Notes>(chain: TransactionChain, notes: Noted): Promise<Books<Noted>> {
  const { provider, deployment } = chain;
  const toBlock = await ask(() => provider.getBlockNumber());
  const events = readEvents(chain, { fromBlock: deployment.deploymentBlock, toBlock });
  const state = await foldBooks(auditedContracts(chain), events, notes);
  const times = new Map<number, Promise<bigint>>();
  const timeOf = (block: number): Promise<bigint> => {
    const known = times.get(block) ?? readTime(chain, block);
    times.set(block, known);
    return known;
  };
  return { state, notes, slotSeconds: await slotLengthOf(chain), timeOf };
}

/** The same over events that were read before: all of them, in order. */
export async function foldBooks(contracts: AuditedContracts, events: EventParts, notes: Notes): Promise<AuditState> {
  const state = emptyState(contracts);
  for await (const part of events) {
    for (const event of part) {
      applyEvent(state, event);
      notes.note(event);
    }
  }
  checkBooks(state);
  return state;
}

/** What the audit found in these books: no statement of them can be relied on then. */
export function findingsOf({ findings }: AuditState): string[] {
  const [first] = findings;
  if (first === undefined) return [];
  const text = `${first.check}, ${first.where}: ${first.what}`;
  return [`THE AUDIT OF THESE BOOKS FAILS: ${findings.length} differences, the first: ${text}`];
}

async function readTime({ provider }: TransactionChain, block: number): Promise<bigint> {
  const found = await ask(() => provider.getBlock(block));
  return BigInt(found?.timestamp ?? 0);
}

/** What statements are made of: the audit's fold over all indexed events, and what a statement notes on the way. */
import { slotLengthOf } from "../../../sdk/actions/market.js";
import { foldEvents, type AuditState, type EventParts } from "../../../sdk/audit/index.js";
import type { TransactionChain } from "../../../sdk/connect.js";
import type { ChainEvent } from "../../../sdk/events.js";
import { readDeployment } from "../../../sdk/node/deployments.js";
import { deploymentFileOf } from "../../networks/served.js";
import { AuditDatabase } from "../indexer/database.js";
import { indexChain } from "../indexer/index-chain.js";
import { noteConstants, openChain } from "../open.js";
import { booksAt } from "../verify.js";

/** Notes what the fold does not keep. */
export interface Notes {
  note(event: ChainEvent): void;
}

/** The books after all events. */
export interface Books<Noted> {
  readonly state: AuditState;
  readonly notes: Noted;
  readonly slotSeconds: bigint;
}

export interface BooksSource {
  readonly network: string;
  readonly rpc?: string;
  /** A database that `index` wrote; absent: the chain is indexed into memory. */
  readonly db?: string;
}

/** Folds all events, verified as `index` does, and checks the whole. Of the chain's state only the length of a slot is read. */
export async function readBooks<Noted extends Notes>(source: BooksSource, notes: Noted): Promise<Books<Noted>> {
  const database =
    source.db === undefined ? AuditDatabase.open(":memory:") : AuditDatabase.open(source.db, { mustExist: true });
  try {
    const deployment = database.deployment ?? (await readDeployment(deploymentFileOf(source.network)));
    const { chain, endpoint, openPool, close } = await openChain(deployment, "transaction", { rpc: source.rpc });
    try {
      database.claim(deployment);
      await noteConstants(database, chain);
      // with a database: what came since
      await indexChain(database, endpoint, {
        ...{ chain: "transaction", deployment: deployment.chains.transaction },
        ...(openPool === undefined ? {} : { openPool }),
      });
      const { state } = await booksAt(database, undefined, (events) => noted(events, notes));
      return { state, notes, slotSeconds: await slotLengthOf(chain as TransactionChain) };
    } finally {
      close();
    }
  } finally {
    database.close();
  }
}

/** The same over events that were read before: all of them, in order, with their blocks. */
export function foldBooks(
  chain: Pick<TransactionChain, "deployment">,
  events: EventParts,
  notes: Notes,
): Promise<AuditState> {
  return foldEvents(chain, noted(events, notes));
}

async function* noted(events: EventParts, notes: Notes): AsyncGenerator<readonly ChainEvent[]> {
  for await (const part of events) {
    for (const event of part) notes.note(event);
    yield part;
  }
}

/** When the event's block was made, Unix seconds. */
export function timeOf({ name, within }: ChainEvent): bigint {
  if (within === undefined) throw new TypeError(`${name} was read without its block`);
  return within.time;
}

/** What the audit found in these books: no statement of them can be relied on then. */
export function findingsOf({ findings }: AuditState): string[] {
  const [first] = findings;
  if (first === undefined) return [];
  const text = `${first.check}, ${first.where}: ${first.what}`;
  return [`THE AUDIT OF THESE BOOKS FAILS: ${findings.length} differences, the first: ${text}`];
}

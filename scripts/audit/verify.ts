/** Folding the database, and holding the state against the chain's own. */
import { compareWithChain, foldEvents, witnessOf, type AuditState, type EventParts } from "../../sdk/audit/index.js";
import type { TransactionChain } from "../../sdk/connect.js";
import type { ChainEvent } from "../../sdk/events.js";
import { InputError } from "../inputs/error.js";
import { signerOf } from "../oracle/signer.js";
import { firstDifference, hasState } from "./first-difference.js";
import { withCheckedRecords } from "./indexer/check-records.js";
import type { AuditDatabase } from "./indexer/database.js";
import type { Endpoint } from "../endpoint.js";
import { requireSameChain } from "./indexer/index-chain.js";
import { storedEvents } from "./indexer/read-events.js";

/** What passes events on to the fold, up to a block, and sees them. */
export type Through = (events: Iterable<readonly ChainEvent[]>, block: number) => EventParts;

/** The state of the transaction chain's books at a block, with the findings of all checks on events; `through` sees them too. */
export async function booksAt(
  database: AuditDatabase,
  at?: number,
  through: Through = (events) => events,
): Promise<{ state: AuditState; block: number }> {
  const { deployment } = database;
  const cursor = database.requireWhole("transaction");
  if (deployment === undefined || cursor.block < 0) {
    const advice = "Index the network first: npm run audit -- index --db FILE";
    throw new InputError({ file: database.path }, "it has no events of the transaction chain", advice);
  }
  const block = at ?? cursor.block;
  if (block > cursor.block) {
    const advice = "Index on, or name an earlier block";
    throw new InputError({ file: database.path }, `it ends at block ${cursor.block}, before block ${block}`, advice);
  }
  const chain = { deployment: deployment.chains.transaction };
  const events = through(storedEvents(database, "transaction", block), block);
  const { slotSeconds } = database;
  const witness = witnessOf(chain, signerOf);
  return {
    state: await foldEvents(chain, events, { witness, ...(slotSeconds === undefined ? {} : { slotSeconds }) }),
    block,
  };
}

export interface Verified {
  readonly state: AuditState;
  readonly block: number;
  /** Whether the chain's own state was there to compare with. */
  readonly isCompared: boolean;
  /** Where the chain's state and the events part, in words; undefined when they do not. */
  readonly parting: string | undefined;
}

/** All checks, and the comparison with the chain at that block where the endpoint has its state. */
export async function verifyBooks(
  database: AuditDatabase,
  chain: TransactionChain,
  endpoint: Endpoint,
  at?: number,
): Promise<Verified> {
  await requireSameChain(database, endpoint, "transaction");
  const { state, block } = await booksAt(database, at, (events, last) =>
    withCheckedRecords(database, "transaction", last, events),
  );
  const isCompared = await hasState(chain, block);
  if (!isCompared) return { state, block, isCompared, parting: undefined };
  const before = state.findings.length;
  await compareWithChain(state, chain, block);
  const finding = state.findings[before];
  if (finding === undefined) return { state, block, isCompared, parting: undefined };
  const events = [...storedEvents(database, "transaction", block)].flat();
  const foldTo = async (to: number): Promise<AuditState> => (await booksAt(database, to)).state;
  const { text } = await firstDifference(chain, events, foldTo, { finding, toBlock: block });
  return { state, block, isCompared, parting: text };
}

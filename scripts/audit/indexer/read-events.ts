/** Events from the database, as the fold takes them. */
import { createHash } from "node:crypto";

import { CONTRACT_INTERFACES, type ContractName } from "../../../sdk/contracts.js";
import { argumentRestorer } from "../../../sdk/event-decoder.js";
import type { ChainEvent, TransactionFacts } from "../../../sdk/events.js";
import { damaged, rowText, transactionText, type AuditDatabase, type ChainName } from "./database.js";

const EVENTS_PER_PART = 1_000;

interface JoinedRow {
  readonly block: number;
  readonly blockHash: string;
  readonly time: number;
  readonly proposer: string;
  readonly digest: string;
  readonly tx: number;
  readonly hash: string;
  readonly sender: string;
  readonly recipient: string | null;
  readonly log: number;
  readonly contract: string;
  readonly name: string;
  readonly args: string;
}

/**
 * The chain's events up to a block, in parts. The rows' digest is computed again: `InputError` names the first block
 * whose rows are not as they were written.
 */
export function* storedEvents(database: AuditDatabase, chain: ChainName, toBlock: number): Generator<ChainEvent[]> {
  const rows = database.statement(
    "SELECT e.block, b.hash AS blockHash, b.time, b.proposer, b.digest, e.tx, t.hash, t.sender, t.recipient, " +
      "e.log, e.contract, e.name, e.args FROM events e JOIN transactions t ON t.id = e.tx " +
      "JOIN blocks b ON b.chain = e.chain AND b.number = e.block WHERE e.chain = ? AND e.block <= ? ORDER BY e.block, e.log",
  );
  // of a transaction once, not with each of its events
  const inputs = database.statement("SELECT input FROM transactions WHERE id = ?");
  const digest = new RowDigest(database.path);
  let part: ChainEvent[] = [];
  let last: StoredTransaction | undefined;
  for (const row of rows.iterate(chain, toBlock) as IterableIterator<unknown> as IterableIterator<JoinedRow>) {
    const transaction = last?.id === row.tx ? last : transactionOf(row, inputs.get(row.tx)?.["input"] as Uint8Array);
    digest.take(row, transaction);
    last = transaction;
    part.push(eventOf(database, row, transaction.within));
    if (part.length < EVENTS_PER_PART) continue;
    yield part;
    part = [];
  }
  digest.end();
  yield part;
}

interface StoredTransaction {
  readonly id: number;
  readonly input: Uint8Array;
  readonly within: TransactionFacts;
}

function transactionOf({ tx: id, sender, recipient, time, proposer }: JoinedRow, input: Uint8Array): StoredTransaction {
  const hex = Buffer.from(input.buffer, input.byteOffset, input.byteLength).toString("hex");
  const within = { sender, to: recipient ?? undefined, input: `0x${hex}`, time: BigInt(time), proposer };
  return { id, input, within };
}

function eventOf(database: AuditDatabase, row: JoinedRow, within: TransactionFacts): ChainEvent {
  const { contract, name, args: text, block, log: logIndex, hash: transaction } = row;
  const args = restorerOf(contract as ContractName)(name, JSON.parse(text));
  if (args === undefined) throw damaged(database.path, `block ${block}: no event ${contract}.${name} is known`);
  return { contract: contract as ContractName, name, args, block, logIndex, transaction, within };
}

const restorers = new Map<ContractName, ReturnType<typeof argumentRestorer>>();

function restorerOf(contract: ContractName): ReturnType<typeof argumentRestorer> {
  let restorer = restorers.get(contract);
  if (restorer === undefined) {
    restorer = argumentRestorer(CONTRACT_INTERFACES[contract]);
    restorers.set(contract, restorer);
  }
  return restorer;
}

/** The chain of digests that `AuditDatabase.append` wrote. */
class RowDigest {
  #before = "";
  #hash: ReturnType<typeof createHash> | undefined;
  #row: JoinedRow | undefined;

  constructor(readonly path: string) {}

  take(row: JoinedRow, { input }: StoredTransaction): void {
    if (this.#row?.block !== row.block) {
      this.end();
      this.#hash = createHash("sha256").update(this.#before);
      this.#hash.update(`${row.block} ${row.blockHash} ${row.time} ${row.proposer}\n`);
    }
    if (this.#row?.tx !== row.tx) {
      const { hash, sender, recipient } = row;
      this.#hash?.update(transactionText({ hash, sender, to: recipient ?? undefined, input }));
      this.#hash?.update(input);
    }
    this.#hash?.update(rowText(row));
    this.#row = row;
  }

  /** Of a block. */
  end(): void {
    if (this.#row === undefined || this.#hash === undefined) return;
    const { block, digest } = this.#row;
    this.#before = this.#hash.digest("hex");
    this.#hash = undefined;
    if (this.#before !== digest) throw damaged(this.path, `the rows of block ${block} are not those that were written`);
  }
}

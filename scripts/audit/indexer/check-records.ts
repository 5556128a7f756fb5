/** Holds the typed rows of packed lists against the events that they were unpacked from. */
import type { SQLInputValue } from "node:sqlite";

import type { ChainEvent } from "../../../sdk/events.js";
import { damaged, type AuditDatabase, type ChainName } from "./database.js";
import { hasRecords, RECORD_TABLES, recordRows } from "./record-tables.js";

/**
 * Passes the chain's events up to a block on, and compares their records on the way. `InputError` names the first event
 * of which a row is missing, altered or too many.
 */
export function* withCheckedRecords(
  database: AuditDatabase,
  chain: ChainName,
  toBlock: number,
  events: Iterable<readonly ChainEvent[]>,
): Generator<readonly ChainEvent[]> {
  const tables = new Map(RECORD_TABLES.map((table) => [table, new TableRows(database, table, chain, toBlock)]));
  for (const part of events) {
    for (const event of part) {
      if (!hasRecords(event)) continue;
      for (const { table, rows } of recordRows(event.contract, event.name, event.args)) {
        rows.forEach((row, place) => tables.get(table)?.expect(event, place, row));
      }
    }
    yield part;
  }
  for (const table of tables.values()) table.end();
}

/** A table's rows in the order of the chain. */
class TableRows {
  readonly #rows: Iterator<Readonly<Record<string, SQLInputValue>>>;

  constructor(
    readonly database: AuditDatabase,
    readonly table: string,
    chain: ChainName,
    toBlock: number,
  ) {
    const statement = database.database.prepare(
      `SELECT e.block, e.log, r.* FROM ${table} r LEFT JOIN events e ON e.id = r.event ` +
        "WHERE e.id IS NULL OR (e.chain = ? AND e.block <= ?) ORDER BY r.event, r.place",
    );
    statement.setReadBigInts(true);
    this.#rows = statement.iterate(chain, toBlock) as Iterator<Readonly<Record<string, SQLInputValue>>>;
  }

  expect({ block, logIndex }: ChainEvent, place: number, values: readonly SQLInputValue[]): void {
    const next = this.#rows.next();
    if (next.done !== true) {
      const [foundBlock, foundLog, , foundPlace, ...found] = Object.values(next.value);
      const isThere = foundBlock === BigInt(block) && foundLog === BigInt(logIndex) && foundPlace === BigInt(place);
      if (isThere && values.every((value, column) => found[column] === value)) return;
    }
    const what = `${this.table} of block ${block}, log ${logIndex} are not what its event says (place ${place})`;
    throw damaged(this.database.path, what);
  }

  end(): void {
    if (this.#rows.next().done === true) return;
    throw damaged(this.database.path, `${this.table} have rows of no event`);
  }
}

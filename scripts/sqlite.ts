/** What databases of node:sqlite share: transactions that end, and statements that are prepared once. */
import type { DatabaseSync, StatementSync } from "node:sqlite";

/** Runs all of the action in one transaction; nothing of it remains when it throws. */
export function inTransaction<Result>(database: DatabaseSync, action: () => Result): Result {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = action();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

/** A database's statements by their text. */
export class Statements {
  readonly #prepared = new Map<string, StatementSync>();

  constructor(readonly database: DatabaseSync) {}

  of(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.database.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }
}

/** The tables, and a view for each kind of event with a column for each argument. */
import { CONTRACT_INTERFACES } from "../../../sdk/contracts.js";
import { REASONS, STATUSES } from "../words.js";
import { RECORD_SCHEMA } from "./record-tables.js";

export const SCHEMA_VERSION = 3;

/** Addresses are checksummed, hashes lower-case hex, times Unix seconds. */
export const SCHEMA = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE cursors (
  chain TEXT PRIMARY KEY, block INTEGER NOT NULL, hash TEXT NOT NULL, events INTEGER NOT NULL, digest TEXT NOT NULL
) STRICT;
CREATE TABLE blocks (
  chain TEXT NOT NULL, number INTEGER NOT NULL, hash TEXT NOT NULL, time INTEGER NOT NULL, proposer TEXT NOT NULL,
  digest TEXT NOT NULL, PRIMARY KEY (chain, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE transactions (
  id INTEGER PRIMARY KEY, chain TEXT NOT NULL, block INTEGER NOT NULL, place INTEGER NOT NULL, hash TEXT NOT NULL,
  sender TEXT NOT NULL, recipient TEXT, input BLOB NOT NULL
) STRICT;
CREATE TABLE events (
  id INTEGER PRIMARY KEY, chain TEXT NOT NULL, block INTEGER NOT NULL, log INTEGER NOT NULL, tx INTEGER NOT NULL,
  contract TEXT NOT NULL, name TEXT NOT NULL, account TEXT, meter INTEGER, slot INTEGER, area INTEGER,
  args TEXT NOT NULL, UNIQUE (chain, block, log)
) STRICT;
CREATE INDEX events_by_account ON events (account) WHERE account IS NOT NULL;
CREATE INDEX events_by_meter ON events (meter, slot) WHERE meter IS NOT NULL;
CREATE INDEX events_by_slot ON events (slot, area) WHERE slot IS NOT NULL;
CREATE VIEW history AS
  SELECT e.id, e.chain, e.block, b.time, e.log, t.hash AS tx, t.sender, t.recipient, b.proposer, e.contract, e.name,
    e.account, e.meter, e.slot, e.area, e.args
  FROM events e JOIN transactions t ON t.id = e.tx JOIN blocks b ON b.chain = e.chain AND b.number = e.block;
${RECORD_SCHEMA}
CREATE TABLE movement_reasons (reason INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
CREATE TABLE reading_statuses (status INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
${wordRows("movement_reasons", REASONS)}
${wordRows("reading_statuses", STATUSES)}
`;

function wordRows(table: string, words: readonly string[]): string {
  return `INSERT INTO ${table} VALUES ${words.map((word, number) => `(${number}, '${word}')`).join(", ")};`;
}

/** `"TradeEscrow.Moved"`: block, time, transaction, sender, the block's maker, and each argument under its name. */
export function eventViews(): string[] {
  const views: string[] = [];
  for (const [contract, abi] of Object.entries(CONTRACT_INTERFACES)) {
    abi.forEachEvent(({ name, inputs }) => {
      const columns = inputs.map((input) => `args ->> '$.${input.name}' AS "arg_${input.name}"`);
      views.push(
        `CREATE VIEW IF NOT EXISTS "${contract}.${name}" AS ` +
          `SELECT ${["chain, block, time, log, tx, sender, proposer", ...columns].join(", ")} ` +
          `FROM history WHERE contract = '${contract}' AND name = '${name}'`,
      );
    });
  }
  return views;
}

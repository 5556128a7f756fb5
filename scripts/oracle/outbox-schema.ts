/** The tables of the outbox, and how files of earlier versions come to them. */
import type { FileSchema } from "./durable-file.js";
import { SIGNED_TOGETHER } from "./ledger-writer.js";

/** Of a reading: the ledger refused it, because a measured one that another sender brought stands there. */
export const OF_ANOTHER = `state = 'rejected' AND reason LIKE '%[MeterLedgerMayNotReplace%'
  AND reason NOT LIKE '${SIGNED_TOGETHER}%'`;

const DEAD_LETTERS = `
  CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY,
    origin TEXT NOT NULL,
    payload BLOB NOT NULL,
    bytes INTEGER NOT NULL,
    reason TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    replay INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX letters_of_origin ON dead_letters (origin, id);
  CREATE INDEX letters_by_time ON dead_letters (received_at);
  CREATE INDEX letters_to_replay ON dead_letters (id) WHERE replay = 1;
`;

/** See metering/store.ts. */
const METERING = `
  CREATE TABLE observations (
    id INTEGER PRIMARY KEY,
    meter INTEGER NOT NULL,
    time INTEGER NOT NULL,
    until INTEGER,
    serial TEXT,
    import_wh INTEGER,
    export_wh INTEGER,
    status INTEGER,
    quality TEXT,
    place TEXT NOT NULL,
    line INTEGER,
    received_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX observations_by_time ON observations (meter, time);
  CREATE UNIQUE INDEX same_observation ON observations (meter, time, ifnull(until, -1), ifnull(serial, ''),
    ifnull(import_wh, -1), ifnull(export_wh, -1), ifnull(status, -1));
  CREATE TABLE slot_values (
    meter INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    import_wh INTEGER NOT NULL,
    export_wh INTEGER NOT NULL,
    status INTEGER NOT NULL,
    rule TEXT NOT NULL,
    bridged_seconds INTEGER NOT NULL,
    held TEXT,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (meter, slot)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX values_by_time ON slot_values (made_at);
  CREATE TABLE flags (
    meter INTEGER NOT NULL,
    time INTEGER NOT NULL,
    rule TEXT NOT NULL,
    reason TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (meter, time, rule)
  ) STRICT, WITHOUT ROWID;
`;

export const OUTBOX_SCHEMA: FileSchema = {
  version: 4,
  create: `
  CREATE TABLE readings (
    id INTEGER PRIMARY KEY,
    message INTEGER NOT NULL,
    last_slot INTEGER NOT NULL,
    meter INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    status INTEGER NOT NULL,
    import_wh INTEGER NOT NULL,
    export_wh INTEGER NOT NULL,
    r TEXT NOT NULL,
    vs TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'confirmed', 'rejected')),
    reason TEXT,
    transaction_hash TEXT,
    received_at INTEGER NOT NULL,
    UNIQUE (meter, slot, rank, sequence, message)
  ) STRICT;
  CREATE INDEX unsent ON readings (last_slot, meter, message, slot) WHERE state = 'waiting';
  CREATE INDEX messages ON readings (message);
  CREATE INDEX states ON readings (state);
  CREATE TABLE marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
  ${DEAD_LETTERS}
  ${METERING}
`,
  migrations: {
    // the table `refused` became the dead letters, which are bounded and can be replayed
    2: `
  ${DEAD_LETTERS}
  INSERT INTO dead_letters (origin, payload, bytes, reason, received_at)
    SELECT origin, payload, length(payload), reason, received_at FROM refused ORDER BY id;
  DROP TABLE refused;
`,
    // meters that the oracle reads and signs for
    3: METERING,
  },
};

/** The tables of the outbox, and how files of earlier versions come to them. */
import type { FileSchema } from "./durable-file.js";

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

export const OUTBOX_SCHEMA: FileSchema = {
  version: 3,
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
`,
  migrations: {
    // the table `refused` became the dead letters, which are bounded and can be replayed
    2: `
  ${DEAD_LETTERS}
  INSERT INTO dead_letters (origin, payload, bytes, reason, received_at)
    SELECT origin, payload, length(payload), reason, received_at FROM refused ORDER BY id;
  DROP TABLE refused;
`,
  },
};

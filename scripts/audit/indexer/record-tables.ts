/**
 * Packed lists of events as typed rows for auditors' SQL: a table for each kind of record, with its event and its place
 * in the list. They follow from the events' arguments alone: written with them, and compared with them by `verify`.
 */
import type { SQLInputValue } from "node:sqlite";

import type { ChainEvent } from "../../../sdk/events.js";
import type { Entry, Movement, Outcome, PartyOutcome, ReadingRecord, Trade } from "../../../sdk/records.js";
import { unpackerOf, type PackedList } from "../packed.js";

/** `ANY`: an unsigned amount of 64 bits; text above 2^63 - 1, which SQLite has no integer for. */
type ColumnType = "INTEGER" | "TEXT" | "ANY";
/** A column for each field: the compiler sees that none is left out. */
type Columns<Item> = Readonly<Record<keyof Item, ColumnType>>;

interface RecordTable {
  /** The lists whose records it has. */
  readonly lists: readonly PackedList[];
  /** `slot` is the event's, where the record has none of its own. */
  readonly columns: Readonly<Record<string, ColumnType>>;
  /** Columns that are searched. */
  readonly index?: string;
}

const READING: Columns<ReadingRecord> = {
  ...{ meter: "INTEGER", slot: "INTEGER", importWh: "INTEGER", exportWh: "INTEGER" },
  ...{ status: "INTEGER", sequence: "INTEGER", changed: "INTEGER" },
};

/** Wh and micro-credits; movements are changes, and may be negative. */
const TABLES: Readonly<Record<string, RecordTable>> = {
  movements: {
    lists: ["TradeEscrow.Moved.movements"],
    columns: {
      ...{ slot: "INTEGER", account: "TEXT", reason: "INTEGER" },
      ...{ balance: "INTEGER", locked: "INTEGER", held: "INTEGER", arrears: "INTEGER" },
    } satisfies Columns<Movement & { slot: bigint }>,
  },
  outcomes: {
    lists: ["Settlement.SlotSettled.outcomes", "Settlement.RestSettled.outcomes"],
    columns: {
      ...{ meter: "INTEGER", slot: "INTEGER", feeder: "INTEGER", account: "TEXT", status: "INTEGER" },
      ...{ importWh: "INTEGER", exportWh: "INTEGER", boughtWh: "INTEGER", soldWh: "INTEGER", undeliveredWh: "INTEGER" },
      ...{ energyPaid: "ANY", energyReceived: "ANY", gridPaid: "ANY", gridReceived: "ANY", fees: "ANY" },
      ...{ bondPaid: "ANY", bondReceived: "ANY", held: "ANY", uncovered: "ANY" },
    } satisfies Columns<Outcome & { slot: bigint }>,
    index: "meter, slot",
  },
  parties: {
    lists: ["Settlement.SlotSettled.parties"],
    columns: {
      ...{ slot: "INTEGER", account: "TEXT", community: "ANY", surplusIn: "ANY", surplusOut: "ANY" },
    } satisfies Columns<PartyOutcome & { slot: bigint }>,
  },
  readings: { lists: ["MeterLedger.ReadingBatchStored.readings"], columns: READING, index: "meter, slot" },
  attestations: { lists: ["ReadingQuorum.ReadingsAttested.readings"], columns: READING },
  entries: {
    lists: ["EnergyMarket.EntriesAppended.entries"],
    columns: {
      ...{ tag: "INTEGER", meter: "INTEGER", feeder: "INTEGER", arrival: "INTEGER", wh: "INTEGER", limit: "INTEGER" },
      ...{ index: "INTEGER", slot: "INTEGER", account: "TEXT", nonce: "ANY" },
    } satisfies Columns<Entry>,
  },
  trades: {
    lists: ["Clearing.SlotClosed.trades"],
    columns: {
      ...{ slot: "INTEGER", level: "INTEGER", wh: "INTEGER", price: "INTEGER" },
      ...{ buyFeeder: "INTEGER", buyMeter: "INTEGER", buyIndex: "INTEGER", buyPos: "INTEGER" },
      ...{ sellFeeder: "INTEGER", sellMeter: "INTEGER", sellIndex: "INTEGER", sellPos: "INTEGER" },
    } satisfies Columns<Trade & { slot: bigint }>,
  },
};

const MOST_INTEGER = 2n ** 63n - 1n;

/** What a list is unpacked into. */
interface PackedArgument {
  readonly argument: string;
  readonly table: string;
  readonly unpack: (words: readonly string[]) => readonly object[];
  readonly columns: readonly string[];
}

/** By `contract.event`. */
const ARGUMENTS = new Map<string, PackedArgument[]>();
for (const [table, { lists, columns }] of Object.entries(TABLES)) {
  for (const list of lists) {
    const [, event = "", argument = ""] = /^(.*)\.(\w+)$/.exec(list) ?? [];
    const unpack = unpackerOf(event, argument);
    if (unpack === undefined) throw new TypeError(`${list} is no packed list`);
    const known = ARGUMENTS.get(event) ?? [];
    ARGUMENTS.set(event, [...known, { argument, table, unpack, columns: Object.keys(columns) }]);
  }
}

export const RECORD_TABLES: readonly string[] = Object.keys(TABLES);

/** Names are quoted: `index` and `limit` are SQL's own. */
export const RECORD_SCHEMA = Object.entries(TABLES)
  .flatMap(([table, { columns, index }]) => {
    const own = Object.entries(columns).map(([name, type]) => `"${name}" ${type} NOT NULL`);
    return [
      `CREATE TABLE ${table} (event INTEGER NOT NULL, place INTEGER NOT NULL, ${own.join(", ")}, ` +
        "PRIMARY KEY (event, place)) STRICT, WITHOUT ROWID;",
      ...(index === undefined ? [] : [`CREATE INDEX ${table}_by_${index.split(",")[0] ?? ""} ON ${table} (${index});`]),
    ];
  })
  .join("\n");

/** Inserts a row: event, place and the table's columns. */
export function insertText(table: string): string {
  const count = 2 + Object.keys(TABLES[table]?.columns ?? {}).length;
  return `INSERT INTO ${table} VALUES (${Array.from({ length: count }, () => "?").join(", ")})`;
}

/** A list's records, each as the values of the table's columns behind event and place. */
export interface RecordRows {
  readonly table: string;
  readonly rows: readonly (readonly SQLInputValue[])[];
}

/** Whether an event has lists that have tables. */
export function hasRecords(event: Pick<ChainEvent, "name"> & { readonly contract: string }): boolean {
  return ARGUMENTS.has(`${event.contract}.${event.name}`);
}

/** The rows of an event's lists. A list that can't be unpacked has none: `verify` names it (A0). */
export function recordRows(
  contract: string,
  name: string,
  args: Readonly<Record<string, unknown>>,
): readonly RecordRows[] {
  const known = ARGUMENTS.get(`${contract}.${name}`) ?? [];
  return known.map(({ argument, table, unpack, columns }) => {
    const slot = BigInt((args["slot"] as string | bigint | undefined) ?? 0);
    const records = unpackedOr(unpack, args[argument] as readonly string[]);
    const rows = records.map((record) => {
      const fields: Record<string, unknown> = { slot, ...record };
      return columns.map((column) => stored(fields[column] as bigint | string));
    });
    return { table, rows };
  });
}

function unpackedOr(unpack: PackedArgument["unpack"], words: readonly string[]): readonly object[] {
  try {
    return unpack(words);
  } catch {
    return [];
  }
}

function stored(value: bigint | string): SQLInputValue {
  return typeof value === "bigint" && value > MOST_INTEGER ? value.toString() : value;
}

/** A statement: figures from the audited books, in tables, ready to be shown in any form. */

/** What a column holds; whole numbers of it, shown in the unit in brackets. */
export type Unit =
  | "text"
  /** Whole. */
  | "count"
  /** Wh (kWh). */
  | "wh"
  /** Micro-credits (credits). */
  | "micro"
  | "seconds";

export interface Column<Key extends string = string> {
  readonly key: Key;
  readonly label: string;
  readonly unit: Unit;
  /** Left out where a page is as wide as paper; CSV and JSON have it. */
  readonly isDetail?: boolean;
}

export type Row = Readonly<Record<string, string | bigint>>;

export interface StatementTable {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** The sums of the rows. */
  readonly total?: Row;
}

export interface Statement {
  readonly kind: "bill" | "feeder" | "revenue" | "quality";
  readonly title: string;
  /** Name and value, above the tables. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** The last one is what the CSV holds. */
  readonly tables: readonly StatementTable[];
  readonly notes: readonly string[];
  /** What does not add up; empty: all does. */
  readonly differences: readonly string[];
}

/** Sums of a table's columns of numbers; text stays empty but for `label` in the first column. */
export function totalRow(columns: readonly Column[], rows: readonly Row[], label = "total"): Row {
  const cells = columns.map(({ key, unit }, index): readonly [string, string | bigint] => {
    if (unit === "text") return [key, index === 0 ? label : ""];
    return [key, rows.reduce((sum, row) => sum + BigInt(row[key] ?? 0n), 0n)];
  });
  return Object.fromEntries(cells);
}

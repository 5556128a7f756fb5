/** Strict, streaming CSV: named columns in any order, each row whole, each fault with its file and line. */
import { createReadStream } from "node:fs";

import { CsvError, parse } from "csv-parse";

import { InputError } from "./error.js";

/** The columns of a file: those it must have and those it may have. */
export interface Columns {
  readonly required: readonly string[];
  readonly optional?: readonly string[];
}

/** One row: its cells by column (undefined: the file lacks the optional column) and its line in the file. */
export interface CsvRow {
  readonly line: number;
  cell(column: string): string | undefined;
}

interface Parsed {
  readonly record: string[];
  readonly info: { readonly lines: number };
}

/** Calls `onRow` for each row after the header; refuses a file without rows, or with a row that isn't whole. */
export async function readCsv(file: string, columns: Columns, onRow: (row: CsvRow) => void): Promise<void> {
  let places: ReadonlyMap<string, number> | undefined;
  let rows = 0;
  for await (const { record, info } of records(file)) {
    if (places === undefined) {
      places = placeColumns(file, columns, record);
      continue;
    }
    if (record.length !== places.size) throw wrongWidth(file, info.lines, record.length, places.size);
    const known = places;
    onRow({ line: info.lines, cell: (column) => cellAt(record, known.get(column)) });
    rows += 1;
  }
  if (places === undefined)
    throw new InputError({ file }, "the file is empty", `Give one whose first line is ${header(columns)}.`);
  if (rows === 0) throw new InputError({ file }, "the file has a header and no rows", "Give the whole file.");
}

/** A required cell of the row. */
export function required(row: CsvRow, column: string): string {
  const text = row.cell(column);
  if (text === undefined) throw new Error(`${column} was not among the required columns`);
  return text;
}

async function* records(file: string): AsyncGenerator<Parsed> {
  const source = createReadStream(file);
  const parser = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: 65_536,
  });
  source.on("error", (error) => parser.destroy(error));
  source.pipe(parser);
  try {
    for await (const row of parser) yield row as Parsed;
  } catch (cause) {
    throw readFault(file, cause);
  } finally {
    source.destroy();
  }
}

function readFault(file: string, cause: unknown): Error {
  if (cause instanceof CsvError) {
    const line = typeof cause["lines"] === "number" ? { line: cause["lines"] } : {};
    return new InputError(
      { file, ...line },
      `this is no CSV (${cause.message})`,
      "Check the quotes, and whether the file is whole.",
      {
        cause,
      },
    );
  }
  const { code } = cause as NodeJS.ErrnoException;
  if (code === undefined) return cause as Error;
  const problem = code === "ENOENT" ? "there is no such file" : `the file can't be read (${(cause as Error).message})`;
  return new InputError({ file }, problem, "Check the path and the rights on it.", { cause });
}

function placeColumns(file: string, columns: Columns, names: readonly string[]): ReadonlyMap<string, number> {
  const known = [...columns.required, ...(columns.optional ?? [])];
  const places = new Map<string, number>();
  names.forEach((name, place) => {
    if (!known.includes(name)) {
      throw new InputError(
        { file, line: 1 },
        `'${printable(name)}' is not a column of such a file`,
        `The header is ${header(columns)}.`,
      );
    }
    if (places.has(name))
      throw new InputError({ file, line: 1 }, `the column '${name}' is there twice`, "Remove one of them.");
    places.set(name, place);
  });
  const missing = columns.required.find((name) => !places.has(name));
  if (missing !== undefined) {
    throw new InputError({ file, line: 1 }, `the column '${missing}' is missing`, `The header is ${header(columns)}.`);
  }
  return places;
}

function wrongWidth(file: string, line: number, found: number, expected: number): InputError {
  return new InputError(
    { file, line },
    `the row has ${found} cells, the header ${expected}`,
    found < expected
      ? "The file is probably cut off here: get the whole file, or remove the broken row."
      : "Mend the row.",
  );
}

/** Text from a file, short and without control characters, fit to be shown. */
export function printable(text: string): string {
  const clean = text.replace(/\p{C}/gu, "\u{fffd}");
  return clean.length > 60 ? `${clean.slice(0, 60)}…` : clean;
}

function cellAt(record: readonly string[], place: number | undefined): string | undefined {
  return place === undefined ? undefined : record[place];
}

function header(columns: Columns): string {
  return [...columns.required, ...(columns.optional ?? []).map((name) => `[${name}]`)].join(",");
}

/** Strict, streaming CSV: named columns in any order, each row whole, each fault with its file and line. */
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { TextDecoder } from "node:util";

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

/** The cells of one record, and the line on which it ends. */
export interface CsvRecord {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/** Calls `onRow` for each row after the header; refuses a file without rows, or with a row that isn't whole. */
export async function readCsv(file: string, columns: Columns, onRow: (row: CsvRow) => void): Promise<void> {
  let places: ReadonlyMap<string, number> | undefined;
  let rows = 0;
  for await (const { record, info } of readRecords(file)) {
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

/** The records of a CSV file without a common header, one by one; empty lines are none. */
export async function* readRecords(file: string): AsyncGenerator<CsvRecord> {
  const source = Readable.from(utf8(file));
  let whole = 0; // lines up to the last whole record: what is broken begins after them, wherever the parser gives up
  const parser = parse({
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: 65_536,
    on_record: (row, { lines }) => {
      whole = lines;
      return row;
    },
  });
  source.on("error", (error) => parser.destroy(error));
  source.pipe(parser);
  try {
    for await (const row of parser) yield row as CsvRecord;
  } catch (cause) {
    throw readFault(file, whole + 1, cause);
  } finally {
    source.destroy();
  }
}

/** The file as text, part by part. Bytes that are no UTF-8 would else become other characters, UTF-16 all of them. */
async function* utf8(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let lines = 1;
  for await (const bytes of createReadStream(file) as AsyncIterable<Uint8Array>) {
    const text = decoded(decoder, bytes);
    if (text === undefined || text.includes("\0"))
      throw notUtf8(file, lines + linesBefore(new TextDecoder().decode(bytes)));
    lines += text.split("\n").length - 1;
    yield text;
  }
  if (decoded(decoder) === undefined) throw notUtf8(file, lines);
}

/** The next part of the text, the end of it without bytes; undefined where they are no UTF-8. */
function decoded(decoder: TextDecoder, bytes?: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes, { stream: bytes !== undefined });
  } catch {
    return undefined;
  }
}

/** Line breaks before the first character that stands for no character. */
function linesBefore(text: string): number {
  return text.slice(0, Math.max(0, text.search(/[\0\u{fffd}]/u))).split("\n").length - 1;
}

function notUtf8(file: string, line: number): InputError {
  return new InputError({ file, line }, "the file is not UTF-8", "Save it as CSV in UTF-8, not as Unicode or UTF-16.");
}

function readFault(file: string, line: number, cause: unknown): Error {
  if (cause instanceof CsvError) {
    return new InputError(
      { file, line },
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

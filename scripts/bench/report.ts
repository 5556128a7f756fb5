/** How the benchmark speaks: a table a part, the conditions it ran under, and one flat object of figures. */
import { cpus, loadavg } from "node:os";

import Table from "cli-table3";

/** Named numbers of a part; they end in the `--json` line. */
export type Figures = Readonly<Record<string, number | null>>;

/** What a part needs besides its own options. */
export interface BenchOptions {
  readonly seed: number;
  /** Homes of the gas part and of the linkage part. */
  readonly homes: number;
  /** Days of the linkage part. */
  readonly days: number;
  /** Days of the audit part. */
  readonly auditDays: number;
  /** Prints a line for people. */
  readonly print: (text: string) => void;
}

/** A part of the benchmark: prints its breakdown and returns its figures. */
export type BenchPart = (options: BenchOptions) => Promise<Figures>;

/** Under which conditions the figures hold. */
export interface Conditions {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  /** Processes that wanted a core over the last minute, before the benchmark: above the cores, times are too long. */
  readonly load: number;
}

export function conditions(): Conditions {
  const all = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: all[0]?.model.trim() ?? "unknown CPU",
    cores: all.length,
    node: process.version,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}

/** A table with a title; the first column is text, all others are numbers. */
export function tableText(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, column) => (column === 0 ? "left" : "right")),
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) table.push([...row]);
  return `\n${title}\n${table.toString()}`;
}

/** Rounded, with separators: 12,345. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** Whether a figure meets its goal (at most), in words. */
export function verdict(value: number, goal: number): string {
  return value <= goal ? "met" : "not met";
}

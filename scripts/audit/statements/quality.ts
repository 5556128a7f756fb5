/** The quality of a meter's data: what it was settled on, how late that came, what was replaced. */
import type { ChainEvent } from "../../../sdk/events.js";
import { ReadingStatus } from "../../../sdk/enums.js";
import { unpackReadings } from "../../../sdk/records.js";
import { slotEnd } from "../../../sdk/time/slots.js";
import { InputError } from "../../inputs/error.js";
import { grouped } from "../../simulate/grouped.js";
import { statusWord } from "../words.js";
import { findingsOf, timeOf, type Books, type Notes } from "./books.js";
import { labelOf } from "./period.js";
import { settledIn, type SettledRow } from "./settled-rows.js";
import { totalRow, type Column, type Row, type Statement } from "./statement.js";

interface Stored {
  readonly slot: bigint;
  readonly status: bigint;
  readonly time: bigint;
}

/** Notes all that was ever stored, and said of it, of one meter. */
export class QualityNotes implements Notes {
  readonly stored: Stored[] = [];
  readonly quorums: bigint[] = [];
  readonly contradictions: bigint[] = [];
  readonly bars: bigint[] = [];
  readonly disputes: bigint[] = [];
  readonly #meter: bigint;

  constructor(meter: bigint) {
    this.#meter = meter;
  }

  note(event: ChainEvent): void {
    const { name, args } = event;
    if (name === "ReadingBatchStored") {
      for (const { meter, slot, status, changed } of unpackReadings(args["readings"] as string[])) {
        if (meter === this.#meter && changed === 1n) this.stored.push({ slot, status, time: timeOf(event) });
      }
    }
    const counted = this.#countsOf(name);
    if (counted !== undefined && args["meter"] === this.#meter) counted.push(args["slot"] as bigint);
  }

  #countsOf(name: string): bigint[] | undefined {
    if (name === "QuorumReached") return this.quorums;
    if (name === "AttestationContradicted") return this.contradictions;
    if (name === "MeterBarred") return this.bars;
    return name === "DisputeOpened" ? this.disputes : undefined;
  }
}

const SETTLED_ON = [
  ReadingStatus.Actual,
  ReadingStatus.Corrected,
  ReadingStatus.Substituted,
  ReadingStatus.Estimated,
  ReadingStatus.Missing,
];

const HEAD: readonly Column[] = [
  { key: "month", label: "month", unit: "text" },
  { key: "slots", label: "slots settled", unit: "count" },
];

const QUALITIES = SETTLED_ON.map((status): Column => {
  const word = statusWord(BigInt(status));
  return { key: word, label: word, unit: "count" };
});

const COLUMNS: readonly Column[] = [
  ...HEAD,
  ...QUALITIES.map((column) => ({ ...column, isDetail: true })),
  { key: "replaced", label: "replaced", unit: "count" },
  { key: "attested", label: "with a quorum", unit: "count" },
  { key: "contradicted", label: "contradicted", unit: "count" },
  { key: "barred", label: "barred", unit: "count" },
  { key: "disputed", label: "disputed", unit: "count" },
  { key: "medianSeconds", label: "median delay", unit: "seconds" },
  { key: "mostSeconds", label: "longest delay", unit: "seconds" },
];

/** InputError for a meter that nothing was ever settled for. */
export function qualityStatement(
  books: Books<QualityNotes>,
  { meter, offsetSeconds }: { readonly meter: bigint; readonly offsetSeconds: bigint },
): Statement {
  const { state, slotSeconds } = books;
  const period = { from: 0n, to: 1n << 64n, offsetSeconds };
  const settled = settledIn(state, { period, slotSeconds }, (outcome) => outcome.meter === meter);
  if (settled.length === 0) {
    const problem = "nothing was ever settled for it";
    throw new InputError({ file: `meter ${meter}` }, problem, "Check the number of the meter");
  }
  const monthOf = (slot: bigint): string => labelOf(slot, slotSeconds, period, "month");
  const rows: Row[] = [];
  for (const [month, own] of grouped(settled, ({ slot }) => monthOf(slot))) rows.push(monthRow(books, month, own));
  const delays = delaysOf(books, new Set(settled.map(({ slot }) => slot)));
  const total = { ...totalRow(COLUMNS, rows), medianSeconds: medianOf(delays), mostSeconds: mostOf(delays) };
  return {
    kind: "quality",
    title: `Data quality of meter ${meter}`,
    facts: [
      ["Slots settled", String(settled.length)],
      ["Measured", shareText(settled)],
    ],
    tables: [
      { title: "What slots were settled on", columns: [...HEAD, ...QUALITIES], rows, total },
      { title: "How readings came", columns: COLUMNS, rows, total },
    ],
    notes: [
      "Each slot counts by what it was settled on last. Replaced: slots of which more than one reading was stored.",
      "Delay: from the end of delivery to the block that stored the first reading, in seconds; the median is rounded down.",
      "Which rule of an oracle let a reading through is in the oracle's log; on the chain is what it came to.",
    ],
    differences: findingsOf(state),
  };
}

function monthRow(books: Books<QualityNotes>, month: string, settled: readonly SettledRow[]): Row {
  const { notes } = books;
  const slots = new Set(settled.map(({ slot }) => slot));
  const among = (counted: readonly bigint[]): bigint => BigInt(counted.filter((slot) => slots.has(slot)).length);
  const byStatus = SETTLED_ON.map((status) => {
    const count = settled.filter(({ outcome }) => outcome.status === BigInt(status)).length;
    return [statusWord(BigInt(status)), BigInt(count)] as const;
  });
  const storedBySlot = grouped(notes.stored, ({ slot }) => slot);
  const replaced = [...slots].filter((slot) => (storedBySlot.get(slot)?.length ?? 0) > 1);
  const delays = delaysOf(books, slots);
  return {
    month,
    slots: BigInt(settled.length),
    ...Object.fromEntries(byStatus),
    replaced: BigInt(replaced.length),
    attested: among([...new Set(notes.quorums)]),
    contradicted: among(notes.contradictions),
    barred: among(notes.bars),
    disputed: among(notes.disputes),
    medianSeconds: medianOf(delays),
    mostSeconds: mostOf(delays),
  };
}

/** Ascending. */
function delaysOf({ notes, slotSeconds }: Books<QualityNotes>, slots: ReadonlySet<bigint>): bigint[] {
  const delays: bigint[] = [];
  for (const [slot, [first]] of grouped(notes.stored, ({ slot }) => slot)) {
    if (first !== undefined && slots.has(slot)) delays.push(first.time - slotEnd(slot, slotSeconds));
  }
  return delays.sort((a, b) => Number(a - b));
}

/** Empty where nothing was stored. */
function medianOf(delays: readonly bigint[]): bigint | string {
  const middle = Math.floor(delays.length / 2);
  const [low, high] = [delays[delays.length % 2 === 0 ? middle - 1 : middle], delays[middle]];
  return low === undefined || high === undefined ? "" : (low + high) / 2n;
}

function mostOf(delays: readonly bigint[]): bigint | string {
  return delays.at(-1) ?? "";
}

/** E.g. `22 of 24`: slots that were settled on a meter's own word, or its correction. */
function shareText(settled: readonly SettledRow[]): string {
  const measured = new Set<bigint>([BigInt(ReadingStatus.Actual), BigInt(ReadingStatus.Corrected)]);
  return `${settled.filter(({ outcome }) => measured.has(outcome.status)).length} of ${settled.length}`;
}

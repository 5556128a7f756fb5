/** The fold's steps of ReadingQuorum: who attests what, what has its quorum, who is named; and what the chain says of it. */
import { READING_SLOTS } from "../bounds.js";
import type { TransactionChain } from "../connect.js";
import { ReadingStatus } from "../enums.js";
import type { ChainEvent } from "../events.js";
import { packReading, unpackReadings, type ReadingRecord } from "../records.js";
import { rankOf } from "../signing/readings.js";
import { ask } from "../transact.js";
import { each } from "./each.js";
import { bigintArg, placeOf, stringArg, wordsArg } from "./event.js";
import { expectEqual, readingKey, type AuditState } from "./state.js";
import { NO_QUORUM, valueAt, type QuorumState } from "./terms.js";

export const ATTESTATION_STEPS: Readonly<Record<string, (state: AuditState, event: ChainEvent) => void>> = {
  "ReadingQuorum.ReadingsAttested": readingsAttested,
  "ReadingQuorum.QuorumReached": (state, event) => {
    const { meter, slot, feeder, reading } = event.args;
    told(state, event, textOf("reached", feeder, meter, slot, reading));
  },
  "ReadingQuorum.AttestationContradicted": (state, event) => {
    const { feeder, operator, meter, slot, attested, reading } = event.args;
    told(state, event, textOf("contradicted", feeder, operator, meter, slot, attested, reading));
  },
};

/** A28: a reading of a feeder with a quorum is stored only when it has that quorum. */
export function checkAttested(state: AuditState, where: string, record: ReadingRecord): void {
  const { meter, slot } = record;
  if (quorumOf(state, record).operators.length === 0) return;
  const reached = state.reached.get(readingKey(meter, slot));
  const word = packReading({ ...record, changed: 0n });
  expectEqual(state, "A28", `reading ${readingKey(meter, slot)} that has its quorum`, where, word, reached);
}

/** A27: what follows from attestations was told in full. */
export function checkTold(state: AuditState, where: string): void {
  expectEqual(state, "A27", "what is not told of the attestations before", where, state.untold.join(", "), "");
  state.untold.length = 0;
}

function readingsAttested(state: AuditState, event: ChainEvent): void {
  const where = placeOf(event);
  checkTold(state, where);
  const [operator, feeder] = [stringArg(event, "operator"), bigintArg(event, "feeder")];
  const words = wordsArg(event, "readings");
  const records = unpackReadings(words);
  records.forEach((record, index) => {
    const key = readingKey(record.meter, record.slot);
    const word = words[index] ?? "";
    const site = valueAt(state.terms.sites.get(record.meter), record.slot)?.feeder;
    expectEqual(state, "A27", `feeder of meter ${record.meter} in slot ${record.slot}`, where, feeder, site);
    const isOne = quorumOf(state, record).operators.includes(operator);
    expectEqual(state, "A27", `${operator} attests in feeder ${feeder}, slot ${record.slot}`, where, isOne, true);
    expectEqual(state, "A27", `the word of ${key} is a reading's alone`, where, record.changed, 0n);
    const own = `${key}/${operator}`;
    expectEqual(state, "A27", `${operator} attests ${key} anew`, where, isNewer(record, state.attested.get(own)), true);
    state.attested.set(own, word);
  });
  records.forEach((record, index) => tally(state, operator, feeder, record, words[index] ?? ""));
}

/** What ReadingQuorum has to tell after the operator attested the reading. */
function tally(state: AuditState, operator: string, feeder: bigint, record: ReadingRecord, word: string): void {
  const { meter, slot } = record;
  const key = readingKey(meter, slot);
  const reached = state.reached.get(key);
  if (reached === word) return;
  if (reached !== undefined && isSameTurn(word, reached)) {
    state.untold.push(textOf("contradicted", feeder, operator, meter, slot, word, reached));
    return;
  }
  const { needed, operators } = quorumOf(state, record);
  const attests = (account: string): string | undefined => state.attested.get(`${key}/${account}`);
  if (BigInt(operators.filter((account) => attests(account) === word).length) < needed) return;
  state.reached.set(key, word);
  state.untold.push(textOf("reached", feeder, meter, slot, word));
  for (const account of operators) {
    const other = attests(account);
    if (other === undefined || other === word || !isSameTurn(other, word)) continue;
    state.untold.push(textOf("contradicted", feeder, account, meter, slot, other, word));
  }
}

function told(state: AuditState, event: ChainEvent, text: string): void {
  expectEqual(state, "A27", "what follows from the attestations", placeOf(event), text, state.untold.shift());
}

function textOf(...parts: readonly unknown[]): string {
  return parts.map(String).join(" ");
}

function quorumOf({ terms }: AuditState, { meter, slot }: ReadingRecord): QuorumState {
  const feeder = valueAt(terms.sites.get(meter), slot)?.feeder ?? 0n;
  return valueAt(terms.quorums.get(feeder), slot) ?? NO_QUORUM;
}

/** Whether two readings of a meter and slot have the same rank and sequence. */
function isSameTurn(word: string, other: string): boolean {
  const [a, b] = unpackReadings([word, other]);
  return a !== undefined && b !== undefined && a.sequence === b.sequence && rankOfRecord(a) === rankOfRecord(b);
}

/** Whether the reading may replace what the operator attested before. */
function isNewer(record: ReadingRecord, before: string | undefined): boolean {
  if (before === undefined) return true;
  const [other] = unpackReadings([before]);
  if (other === undefined) return false;
  const [rank, otherRank] = [rankOfRecord(record), rankOfRecord(other)];
  if (rank !== otherRank) return rank > otherRank;
  return record.status !== BigInt(ReadingStatus.Actual) && record.sequence > other.sequence;
}

function rankOfRecord({ status }: ReadingRecord): number {
  return rankOf(Number(status) as ReadingStatus);
}

/** Check C1 of attestations: at the block, ReadingQuorum keeps what the events tell. */
export async function compareAttestations(
  state: AuditState,
  { contracts }: TransactionChain,
  at: { readonly blockTag: number },
): Promise<void> {
  const { readingQuorum } = contracts;
  for (const [feeder, schedule] of state.terms.quorums) {
    for (const slot of new Set(schedule.flatMap(({ fromSlot }) => [fromSlot - 1n, fromSlot]))) {
      const { needed, operators } = await ask(() => readingQuorum.quorumAt(feeder, slot, at));
      const expected = valueAt(schedule, slot) ?? NO_QUORUM;
      const what = `quorum of feeder ${feeder} in slot ${slot}`;
      expectEqual(state, "C1", what, "ReadingQuorum.quorumAt", needed, expected.needed);
      expectEqual(state, "C1", what, "ReadingQuorum.quorumAt", operators.join(), expected.operators.join());
    }
  }
  await each(latestOf(state.reached), async ([key, word]) => {
    const [meter = "", slot = ""] = key.split("/");
    const actual = await ask(() => readingQuorum.reachedAt(meter, slot, at));
    compareReading(state, `reading ${key} with its quorum`, "ReadingQuorum.reachedAt", actual, word);
  });
  await each(latestOf(state.attested), async ([key, word]) => {
    const [meter = "", slot = "", operator = ""] = key.split("/");
    const { operators, readings } = await ask(() => readingQuorum.attestationsAt(meter, slot, at));
    const actual = readings[operators.indexOf(operator)] ?? NOTHING;
    compareReading(state, `what ${operator} attests of ${meter}/${slot}`, "ReadingQuorum.attestationsAt", actual, word);
  });
}

const NOTHING = { importWh: 0n, exportWh: 0n, status: 0n, sequence: 0n };

function compareReading(state: AuditState, what: string, where: string, actual: typeof NOTHING, word: string): void {
  const [expected] = unpackReadings([word]);
  for (const part of ["importWh", "exportWh", "status", "sequence"] as const) {
    expectEqual(state, "C1", `${part} of ${what}`, where, actual[part], expected?.[part]);
  }
}

/** Those whose word was surely not used again: nothing lies a whole ring later. */
function latestOf(words: ReadonlyMap<string, string>): [string, string][] {
  const slots = [...words.keys()].map((key) => BigInt(key.split("/")[1] ?? 0));
  const last = slots.reduce((a, b) => (a > b ? a : b), 0n);
  return [...words].filter(([, word]) => (unpackReadings([word])[0]?.slot ?? 0n) + BigInt(READING_SLOTS) > last);
}

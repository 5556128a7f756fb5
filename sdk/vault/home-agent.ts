/**
 * A home's agent: it holds the owner's keys, takes what the oracle hands over and what the market settled, and writes it
 * to the vault: one record of readings a month, one record of bills, one of the meter, one of the profile. It writes
 * when it is told to, all of it in one batch; when that should be, `unlinkability.ts` says.
 */
import { hexlify, toUtf8Bytes } from "ethers";

import { ReadingStatus, RecordKind } from "../enums.js";
import { isCommonwattError } from "../errors.js";
import type { Slot } from "./content.js";
import {
  billIn,
  billSlot,
  monthOf,
  readingIn,
  readingSlot,
  type IntervalReading,
  type MonthBill,
} from "./home-records.js";
import type { Vault } from "./vault.js";
import type { VersionInput, VersionName } from "./writing.js";

/** What an agent looks after. */
export interface HomeAgentParts {
  readonly vault: Vault;
  readonly meter: bigint;
  readonly slotSeconds: bigint;
  /** The home's clock, seconds east of UTC: months begin by it. */
  readonly offsetSeconds: bigint;
  /** Kept in the profile and the device record: label and text. */
  readonly profile: Readonly<Record<string, string>>;
  readonly device: Readonly<Record<string, string>>;
}

/** A record that the agent writes to. */
interface KeptRecord {
  readonly input: () => VersionInput;
  isChanged: boolean;
  record?: string;
}

export class HomeAgent {
  readonly #parts: HomeAgentParts;
  readonly #months = new Map<string, Map<bigint, IntervalReading>>();
  /** Taken, and not yet due. */
  readonly #fresh = new Set<bigint>();
  /** Up to this slot readings are written; what comes later waits for its own time. */
  #due = -1n;
  readonly #bills = new Map<string, MonthBill>();
  readonly #records = new Map<string, KeptRecord>();

  constructor(parts: HomeAgentParts) {
    this.#parts = parts;
    this.#keep("profile", () => ({ kind: RecordKind.Profile, slots: textSlots(parts.profile) }));
    this.#keep("device", () => ({ kind: RecordKind.Device, slots: textSlots(parts.device) }));
  }

  get vault(): Vault {
    return this.#parts.vault;
  }

  get meter(): bigint {
    return this.#parts.meter;
  }

  /** Whether there is something to write. */
  get isBehind(): boolean {
    return [...this.#records.values()].some(({ isChanged }) => isChanged);
  }

  /** The record ids by what they are for: `profile`, `device`, `bills`, `readings 2016-07`. Written ones only. */
  get records(): ReadonlyMap<string, string> {
    const written = [...this.#records].flatMap(([name, { record }]) => (record === undefined ? [] : [[name, record]]));
    return new Map(written as [string, string][]);
  }

  /** After a restart: takes up what the vault holds of this agent's, so that it writes on in the same records. */
  async resume(): Promise<void> {
    for (const { record, kind, erasedAt } of await this.vault.list()) {
      if (erasedAt !== undefined) continue;
      const name = this.#takeUp(kind, (await this.vault.get(record)).slots);
      const kept = name === undefined ? undefined : this.#records.get(name);
      if (kept === undefined) continue;
      kept.record = record;
      kept.isChanged = false;
    }
  }

  /** What the record is for; undefined where its owner wrote it for itself. */
  #takeUp(kind: RecordKind, slots: VersionInput["slots"]): string | undefined {
    const { profile, device } = this.#parts;
    if (kind === RecordKind.Profile) return isText(slots, profile) ? "profile" : undefined;
    if (kind === RecordKind.Device) return isText(slots, device) ? "device" : undefined;
    if (kind === RecordKind.Readings) return this.#takeUpReadings(readAll(slots, readingIn));
    if (kind === RecordKind.Bill) return this.#takeUpBills(slots, readAll(slots, billIn));
    return undefined;
  }

  #takeUpReadings(readings: readonly IntervalReading[]): string | undefined {
    const [first] = readings;
    if (first === undefined || readings.some(({ meter }) => meter !== this.meter)) return undefined;
    for (const reading of readings) {
      const intervals = this.#intervalsOf(reading.slot);
      if (!intervals.has(reading.slot)) intervals.set(reading.slot, reading);
      if (reading.slot > this.#due) this.#due = reading.slot;
    }
    return this.#keepMonth(this.#monthOf(first.slot));
  }

  #takeUpBills(slots: VersionInput["slots"], bills: readonly MonthBill[]): string | undefined {
    if (bills.length === 0 || bills.some(({ meter }) => meter !== this.meter)) return undefined;
    bills.forEach((bill, index) => this.takeBill(slots[index]?.label ?? "", bill));
    return "bills";
  }

  /**
   * Takes a reading of the own meter; a later one of an interval takes the place of the one before. It is written when
   * its interval is due: a home that wrote because something came would show when it came.
   */
  take(reading: IntervalReading): void {
    if (reading.meter !== this.#parts.meter) throw new RangeError(`meter ${reading.meter} is not this home's`);
    this.#intervalsOf(reading.slot).set(reading.slot, reading);
    this.#fresh.add(reading.slot);
  }

  /**
   * Makes intervals due: the next time all of their months up to the last due interval is written, changed or not, and an
   * interval without a reading as such. So how often a home writes, and how much, says nothing about its meter.
   */
  expect({ first, last }: { readonly first: bigint; readonly last: bigint }): void {
    if (last > this.#due) this.#due = last;
    for (let slot = first; slot <= last; slot += 1n) {
      const intervals = this.#intervalsOf(slot);
      const missing = { meter: this.meter, slot, importWh: 0n, exportWh: 0n, status: ReadingStatus.Missing };
      if (!intervals.has(slot)) intervals.set(slot, missing);
      this.#fresh.delete(slot);
      this.#keepMonth(this.#monthOf(slot));
    }
  }

  /** Makes all due that was taken. */
  catchUp(): void {
    for (const slot of [...this.#fresh]) this.expect({ first: slot, last: slot });
  }

  /** Takes a month's bill, e.g. of `2016-07`. */
  takeBill(month: string, bill: MonthBill): void {
    this.#bills.set(month, bill);
    this.#keep("bills", () => ({
      kind: RecordKind.Bill,
      slots: [...this.#bills].map(([label, monthBill]) => billSlot(monthBill, label)),
    }));
  }

  /** Writes every record that changed, in as few transactions as the chain takes. After a failure it can be called again. */
  async write(): Promise<VersionName[]> {
    const changed = [...this.#records.values()].filter(({ isChanged }) => isChanged);
    const inputs = changed.map(({ input, record }) => ({ ...input(), ...(record === undefined ? {} : { record }) }));
    for (const kept of changed) kept.isChanged = false; // what comes meanwhile is for the next time
    let written: VersionName[];
    try {
      written = await this.#parts.vault.putAll(inputs);
    } catch (error) {
      for (const kept of changed) kept.isChanged = true;
      throw error;
    }
    changed.forEach((kept, index) => {
      const name = written[index];
      if (name !== undefined) kept.record = name.record;
    });
    return written;
  }

  #monthOf(slot: bigint): string {
    return monthOf(slot, this.#parts.slotSeconds, this.#parts.offsetSeconds);
  }

  #intervalsOf(slot: bigint): Map<bigint, IntervalReading> {
    const month = this.#monthOf(slot);
    const intervals = this.#months.get(month) ?? new Map<bigint, IntervalReading>();
    this.#months.set(month, intervals);
    return intervals;
  }

  #dueSlots(month: string): VersionInput["slots"] {
    return [...(this.#months.get(month)?.values() ?? [])]
      .filter(({ slot }) => slot <= this.#due)
      .sort((a, b) => Number(a.slot - b.slot))
      .map((interval) => readingSlot(interval, this.#parts.slotSeconds));
  }

  #keepMonth(month: string): string {
    const name = `readings ${month}`;
    this.#keep(name, () => ({ kind: RecordKind.Readings, slots: this.#dueSlots(month) }));
    return name;
  }

  #keep(name: string, input: () => VersionInput): void {
    const kept = this.#records.get(name);
    if (kept === undefined) this.#records.set(name, { input, isChanged: true });
    else kept.isChanged = true;
  }
}

function textSlots(texts: Readonly<Record<string, string>>): VersionInput["slots"] {
  return Object.entries(texts).map(([label, text]) => ({ label, data: toUtf8Bytes(text) }));
}

function isText(slots: VersionInput["slots"], texts: Readonly<Record<string, string>>): boolean {
  const expected = textSlots(texts);
  const isSame = ({ label, data }: Slot, index: number): boolean =>
    label === expected[index]?.label && hexlify(data) === hexlify(expected[index].data);
  return slots.length === expected.length && slots.every(isSame);
}

/** All slots read, or none: a record of another form is not the agent's. */
function readAll<Read>(slots: VersionInput["slots"], read: (slot: Slot) => Read): Read[] {
  try {
    return slots.map(read);
  } catch (error) {
    if (isCommonwattError(error, "VaultContentInvalid")) return [];
    throw error;
  }
}

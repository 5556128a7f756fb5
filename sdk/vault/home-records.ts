/**
 * What a home's agent writes into its vault: a month's readings with a slot for each interval, bills with a slot for each
 * month, the meter, the profile. Slots are JSON with every number at full width, so that a record's size says how many
 * intervals it has and nothing about the energy in them.
 */
import { toUtf8Bytes, toUtf8String } from "ethers";

import { BILL_SUMS, type BillSums } from "../bill-sums.js";
import type { ReadingStatus } from "../enums.js";
import { CommonwattError } from "../errors.js";
import { formatTime } from "../time/slots.js";
import type { Slot } from "./content.js";

/** A meter's interval as it was read. Energy in Wh, gross. */
export interface IntervalReading {
  readonly meter: bigint;
  readonly slot: bigint;
  readonly importWh: bigint;
  readonly exportWh: bigint;
  readonly status: ReadingStatus;
}

/** A month's bill of a meter: all its settled slots from the first to the last. */
export interface MonthBill extends BillSums {
  readonly meter: bigint;
  readonly firstSlot: bigint;
  readonly lastSlot: bigint;
}

/** Digits of a uint32, and of what fits into a uint64. */
const SHORT = 10;
const LONG = 20;
const READING_FIELDS = { meter: SHORT, slot: SHORT, importWh: SHORT, exportWh: SHORT, status: 1 } as const;
const BILL_FIELDS = {
  meter: SHORT,
  firstSlot: SHORT,
  lastSlot: SHORT,
  ...(Object.fromEntries(BILL_SUMS.map((name) => [name, LONG])) as Record<keyof BillSums, number>),
};

/** The label of an interval: when it starts, e.g. `2016-07-01T00:00:00Z`. */
export function intervalLabel(slot: bigint, slotSeconds: bigint): string {
  return formatTime(slot * slotSeconds);
}

/** The month of an interval on the home's clock, e.g. `2016-07`. @param offsetSeconds seconds east of UTC */
export function monthOf(slot: bigint, slotSeconds: bigint, offsetSeconds: bigint): string {
  return formatTime(slot * slotSeconds + offsetSeconds).slice(0, 7);
}

/** An interval's reading as the slot of a record. */
export function readingSlot(reading: IntervalReading, slotSeconds: bigint): Slot {
  const { meter, slot, importWh, exportWh, status } = reading;
  const data = encode(READING_FIELDS, { meter, slot, importWh, exportWh, status: BigInt(status) });
  return { label: intervalLabel(slot, slotSeconds), data };
}

/** The inverse. */
export function readingIn({ data }: Slot): IntervalReading {
  const { status, ...numbers } = decode(READING_FIELDS, data);
  return { ...numbers, status: Number(status) as ReadingStatus };
}

/** A month's bill as the slot of a record, e.g. under `2016-07`. */
export function billSlot(bill: MonthBill, month: string): Slot {
  return { label: month, data: encode(BILL_FIELDS, bill) };
}

/** The inverse. */
export function billIn({ data }: Slot): MonthBill {
  return decode(BILL_FIELDS, data);
}

type Fields = Readonly<Record<string, number>>;

/** JSON with decimal strings, zeros in front up to the field's width. */
function encode<F extends Fields>(fields: F, values: Readonly<Record<keyof F, bigint>>): Uint8Array {
  const digits = Object.entries(fields).map(([name, width]) => {
    const value = values[name as keyof F];
    const text = value.toString().padStart(width, "0");
    if (value < 0n || text.length > width) throw new RangeError(`${name} doesn't fit into ${width} digits`);
    return [name, text] as const;
  });
  return toUtf8Bytes(JSON.stringify(Object.fromEntries(digits)));
}

/** Only what `encode` writes: another spelling of the same values would have another size. */
function decode<F extends Fields>(fields: F, data: Uint8Array): Record<keyof F, bigint> {
  const refuse = (): never => {
    throw new CommonwattError("VaultContentInvalid", { reason: "a slot is not written as a home's agent does" });
  };
  let read: unknown;
  try {
    read = JSON.parse(toUtf8String(data));
  } catch {
    return refuse();
  }
  if (typeof read !== "object" || read === null) return refuse();
  const entries = Object.entries(fields).map(([name, width]) => {
    const text = (read as Record<string, unknown>)[name];
    if (typeof text !== "string" || !new RegExp(`^\\d{${width}}$`).test(text)) return refuse();
    return [name, BigInt(text)] as const;
  });
  if (Object.keys(read).length !== entries.length) return refuse();
  return Object.fromEntries(entries) as Record<keyof F, bigint>;
}

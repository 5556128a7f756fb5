/**
 * What every source of readings is turned into: observations of a meter, in whole Wh and Unix seconds, before any rule
 * has judged them. A reader is pure: bytes in, observations out, or an `InputError` that names topic or file and line.
 */
import { formatDecimal, parseDecimal } from "../../../sdk/units.js";
import { ReadingStatus } from "../../../sdk/enums.js";
import { printable } from "../../inputs/csv-rows.js";
import { InputError, type InputPlace } from "../../inputs/error.js";
import type { SourceMessage } from "../types.js";

/** Which way energy flows through the meter at the grid connection, seen from the home. */
export const DIRECTIONS = ["importWh", "exportWh"] as const;
export type Direction = (typeof DIRECTIONS)[number];

interface Observed {
  /** The operator's name of the metering point, the same through exchanges of the meter. */
  readonly meter: string;
  /** Of the device, as it says itself; another one is an exchange. Undefined where it does not say. */
  readonly serial: string | undefined;
  /** The topic, or file and line. */
  readonly place: InputPlace;
  /** Undefined where the observation says nothing of that direction. */
  readonly importWh: bigint | undefined;
  readonly exportWh: bigint | undefined;
  /** When the message came, Unix seconds; undefined where nobody noted it, e.g. in files. */
  readonly receivedAt?: number | undefined;
}

/** What the meter's registers showed at a moment: energy since the meter was made, in Wh, rounded down. */
export interface RegisterObservation extends Observed {
  readonly kind: "register";
  /** Unix seconds. */
  readonly time: number;
}

/** What flowed from `start` up to `end` (Unix seconds), in Wh. */
export interface IntervalObservation extends Observed {
  readonly kind: "interval";
  readonly start: number;
  readonly end: number;
  readonly status: ReadingStatus;
  /** The source's own word for the quality, e.g. `S14` of NEM12. */
  readonly quality: string;
}

export type Observation = RegisterObservation | IntervalObservation;

/** How far a value is from a measured one; no value at all is farthest. */
export function statusRank(status: ReadingStatus | undefined): number {
  const fromBest: (ReadingStatus | undefined)[] = [
    ReadingStatus.Actual,
    ReadingStatus.Substituted,
    ReadingStatus.Estimated,
  ];
  const found = fromBest.indexOf(status);
  return found < 0 ? fromBest.length : found;
}

/** A message as it came: the moment (whole Unix seconds) is the reading's where the device says none. */
export interface MeterMessage extends SourceMessage {
  readonly receivedAt: number;
}

/** Reads the messages of one meter. */
export interface MessageReader {
  readonly meter: string;
  /** MQTT topics on which the meter's messages come. */
  readonly topics: readonly string[];
  /** Its messages say themselves when they were made: they are good whenever they come. */
  readonly hasClock: boolean;
  /** None where the message has nothing of this meter, e.g. a change of a switch; throws `InputError`. */
  read(message: MeterMessage): RegisterObservation[];
}

/** Ten times the longest message of any of the formats. */
export const MAX_MESSAGE_BYTES = 65_536;
/** A thousand homes for a thousand years: no register of a meter shows it. */
export const MAX_REGISTER_WH = 10n ** 13n;
/** A local clock may be ahead of ours by that much, in seconds; more is another time zone, or a clock gone wrong. */
export const MAX_AHEAD_SECONDS = 300;

/** The time by a device's clock, refused where it is ahead of when the message came. */
export function refuseAhead(time: number, { origin, receivedAt }: MeterMessage, advice: string): number {
  if (time <= receivedAt + MAX_AHEAD_SECONDS) return time;
  throw new InputError({ file: origin }, `the device's clock is ${time - receivedAt} s ahead`, advice);
}

/** Decimals of a Wh in a unit of energy. */
const UNIT_DECIMALS = { wh: 0, kwh: 3, mwh: 6 } as const;
/** Digits behind a Wh that a sum of intervals is kept to. */
const FINE_DECIMALS = 6;
/** Fine units in a Wh. */
export const FINE_PER_WH = 10n ** BigInt(FINE_DECIMALS);

/** What a register shows, in whole Wh, rounded down: the fraction is in its next value. */
export function registerWh(text: string, unit: string, place: InputPlace): bigint {
  return fineEnergy(text, unit, place) / FINE_PER_WH;
}

/** An energy in millionths of a Wh, exactly; refuses what is no plain decimal, negative or beyond any register. */
export function fineEnergy(text: string, unit: string, place: InputPlace): bigint {
  if (!Object.hasOwn(UNIT_DECIMALS, unit.toLowerCase())) {
    throw new InputError(
      place,
      `'${printable(unit)}' is not a unit of energy`,
      "Name the register that counts Wh, kWh or MWh.",
    );
  }
  const decimals = UNIT_DECIMALS[unit.toLowerCase() as keyof typeof UNIT_DECIMALS] + FINE_DECIMALS;
  if (!/^(-?\d{1,20}(\.\d{1,20})?|\.\d{1,20})$/.test(text)) {
    throw new InputError(
      place,
      `'${printable(text)}' is not an energy`,
      "Only a plain decimal is one, e.g. 1234.567: look at what the meter sends.",
    );
  }
  // finer than a millionth of a Wh no meter counts: cut off, not refused
  const fine = parseDecimal(cutTo(text.startsWith(".") ? `0${text}` : text, decimals), decimals, unit);
  if (text.startsWith("-") || fine > MAX_REGISTER_WH * FINE_PER_WH) {
    throw new InputError(
      place,
      `${printable(text)} ${unit} is out of range`,
      `A register shows 0 to ${formatDecimal(MAX_REGISTER_WH, 3)} kWh, import and export each for itself.`,
    );
  }
  return fine;
}

function cutTo(text: string, decimals: number): string {
  const point = text.indexOf(".");
  return point < 0 ? text : text.slice(0, point + 1 + decimals);
}

/** The message's text; refuses what is too long or no UTF-8. */
export function textOf({ origin, payload }: MeterMessage): string {
  refuseLong(origin, payload);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(payload);
  } catch (cause) {
    throw new InputError({ file: origin }, "the message is not UTF-8 text", "Look at what is sent on this topic.", {
      cause,
    });
  }
}

/** Refuses a message that is longer than any meter's. */
export function refuseLong(origin: string, payload: Uint8Array): void {
  if (payload.byteLength <= MAX_MESSAGE_BYTES) return;
  throw new InputError(
    { file: origin },
    `the message has ${payload.byteLength} bytes`,
    `A meter's has at most ${MAX_MESSAGE_BYTES}: look at what is sent on this topic.`,
  );
}

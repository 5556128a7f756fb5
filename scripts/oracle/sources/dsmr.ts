/**
 * Telegrams of the P1 port of Dutch and Belgian meters: "P1 Companion Standard" 5.0.2 of Netbeheer Nederland (DSMR 4
 * and later), https://www.netbeheernederland.nl/_upload/Files/Slimme_meter_15_a727fce1f1.pdf, chapter 6. A telegram runs from `/` to `!` and the CRC-16/ARC of all that, in hexadecimal; every line ends in CR LF.
 * The registers are kWh by tariff: 1-0:1.8.1 and 1-0:1.8.2 delivered to the client, 1-0:2.8.1 and 1-0:2.8.2 delivered
 * by the client; some countries' meters give the sums 1-0:1.8.0 and 1-0:2.8.0 instead. The time 0-0:1.0.0 is local and
 * says whether it is summer time (S) or not (W). Meters before DSMR 4 send neither CRC nor time, and are refused.
 */
import { printable } from "../../inputs/csv-rows.js";
import { InputError, type InputPlace } from "../../inputs/error.js";

import { CRC16_ARC, crc16 } from "./crc16.js";
import {
  refuseAhead,
  refuseLong,
  registerWh,
  type Direction,
  type MessageReader,
  type MeterMessage,
  type RegisterObservation,
} from "./observation.js";
import { zonedTime, type Zone } from "./zone.js";

export interface DsmrOptions {
  readonly meter: string;
  readonly topic: string;
  /** Of the meter's clock: Europe/Amsterdam, Europe/Brussels, ... */
  readonly zone: Zone;
}

const TIME = "0-0:1.0.0";
const SERIAL = "0-0:96.1.1";
const TOTAL = { importWh: "1-0:1.8.0", exportWh: "1-0:2.8.0" } as const;
const TARIFFS = { importWh: ["1-0:1.8.1", "1-0:1.8.2"], exportWh: ["1-0:2.8.1", "1-0:2.8.2"] } as const;

export function dsmrReader({ meter, topic, zone }: DsmrOptions): MessageReader {
  return {
    meter,
    topics: [topic],
    hasClock: true,
    read: (message) => (message.origin === topic ? [readTelegram(message, meter, zone)] : []),
  };
}

function readTelegram(message: MeterMessage, meter: string, zone: Zone): RegisterObservation {
  const place = { file: message.origin };
  const objects = objectsOf(checkedLines(message, place), place);
  const energy = (direction: Direction): bigint => {
    const total = objects.get(TOTAL[direction]);
    if (total !== undefined) return wattHours(total, TOTAL[direction], place);
    return TARIFFS[direction]
      .map((code) => wattHours(objects.get(code), code, place))
      .reduce((sum, wh) => sum + wh, 0n);
  };
  return {
    kind: "register",
    meter,
    serial: equipment(objects.get(SERIAL)),
    time: timeOf(objects.get(TIME), zone, message),
    place,
    importWh: energy("importWh"),
    exportWh: energy("exportWh"),
  };
}

/** The lines between `/` and `!`, once the CRC has been found right. */
function checkedLines({ origin, payload }: MeterMessage, place: InputPlace): string[] {
  refuseLong(origin, payload);
  const text = Buffer.from(payload).toString("latin1"); // a character a byte, as the CRC counts them
  const [telegram, body = "", stated] = /^(\/[^!]*!)([0-9A-Fa-f]{1,4})?\s*$/.exec(text.trimStart()) ?? [];
  if (telegram === undefined) {
    throw new InputError(place, "this is not a telegram from / to !", "Publish it whole, and one in a message.");
  }
  if (stated === undefined) {
    throw new InputError(
      place,
      "the telegram has no CRC",
      "Meters of DSMR 4 and later send one; older ones can't be read.",
    );
  }
  const found = crc16(CRC16_ARC, Buffer.from(body, "latin1"));
  if (found !== Number.parseInt(stated, 16)) {
    throw new InputError(
      place,
      `its CRC is ${stated}, that of its bytes ${found.toString(16).padStart(4, "0")}`,
      "It was garbled on the way, or a gateway changed its line ends (CR LF).",
    );
  }
  return body.split("\r\n");
}

/** The value of each object: what stands in its last brackets. */
function objectsOf(lines: readonly string[], place: InputPlace): ReadonlyMap<string, string> {
  const objects = new Map<string, string>();
  for (const line of lines) {
    const [, code, value] = /^(\d+-\d+:\d+\.\d+\.\d+)\(([^()]*)\)$/.exec(line) ?? [];
    if (code === undefined || value === undefined) continue; // a header, or an object with several values
    if (objects.has(code))
      throw new InputError(place, `the object ${code} is there twice`, "Publish one telegram in a message.");
    objects.set(code, value);
  }
  return objects;
}

function wattHours(value: string | undefined, code: string, place: InputPlace): bigint {
  if (value === undefined) {
    throw new InputError(place, `the telegram has no ${code}`, "Both tariffs, or the sum of both, are needed.");
  }
  const [number = "", unit = ""] = value.split("*");
  return registerWh(number, unit, place);
}

function timeOf(value: string | undefined, zone: Zone, message: MeterMessage): number {
  const place = { file: message.origin };
  const time = /^\d{12}[SW]$/.exec(value ?? "")?.[0];
  if (time === undefined) {
    throw new InputError(
      place,
      `'${printable(value ?? "")}' in ${TIME} is not a time`,
      "It should read YYMMDDhhmmss, then S or W.",
    );
  }
  const text = time.replace(/^(..)(..)(..)(..)(..)(..).$/, "20$1-$2-$3T$4:$5:$6");
  const moment = zonedTime(text, zone, { summer: time.endsWith("S") }, place);
  return refuseAhead(moment, message, "Check the zone named for it; the meter's operator sets the clock itself.");
}

/** The equipment identifier: its characters in hexadecimal, or, with some makers, digits as they are. */
function equipment(value: string | undefined): string | undefined {
  if (value === undefined || !/^([0-9A-Fa-f]{2})+$/.test(value)) return undefined;
  const text = Buffer.from(value, "hex").toString("latin1");
  return printable(/^[ -~]+$/.test(text) ? text : value);
}

/**
 * Tasmota: the JSON on `tele/<topic>/SENSOR`, of its smart meter interface (an infrared head at a meter that speaks SML
 * or OBIS; https://tasmota.github.io/docs/Smart-Meter-Interface/) or of a metering plug (`ENERGY`). The names of the
 * group and of its fields stand in the script of the device: `SML`, `Total_in`, `Total_out` and `Meter_Id` are the usual
 * ones, kWh the usual unit.
 *
 * `Time` is the device's local time; with `SetOption52 1` it carries its offset from UTC
 * (https://tasmota.github.io/docs/Commands/#setoption52). After a restart the script shows 0 until it has heard the
 * meter, and a device that never reached a time server lives in 1970: the first is left to the rules on registers.
 */
import { z } from "zod";

import { printable } from "../../inputs/csv-rows.js";
import { InputError } from "../../inputs/error.js";
import { plausibleTime } from "../../inputs/local-time.js";

import { JsonNumber, parseJson } from "./json.js";
import {
  refuseAhead,
  registerWh,
  type MessageReader,
  type MeterMessage,
  type RegisterObservation,
} from "./observation.js";
import { zonedTime, type Zone } from "./zone.js";

export interface TasmotaOptions {
  readonly meter: string;
  /** The whole topic, e.g. `tele/reader/SENSOR`. */
  readonly topic: string;
  readonly group: string;
  readonly importField: string;
  /** Undefined: the meter has no such register. */
  readonly exportField: string | undefined;
  readonly serialField: string;
  readonly unit: string;
  /** Of the device's clock; undefined where it sends its offset. */
  readonly zone: Zone | undefined;
}

const schema = z.looseObject({ Time: z.string().optional(), StatusSNS: z.looseObject({}).optional() });

export function tasmotaReader(options: TasmotaOptions): MessageReader {
  const { meter, topic } = options;
  return {
    meter,
    topics: [topic],
    hasClock: true,
    read: (message) => (message.origin === topic ? readSensor(options, message) : []),
  };
}

function readSensor(options: TasmotaOptions, message: MeterMessage): RegisterObservation[] {
  const { StatusSNS, ...plain } = parseJson(message, schema);
  const sensor: Record<string, unknown> = StatusSNS ?? plain; // the answer to `Status 8` wraps it
  const group = Object.hasOwn(sensor, options.group) ? sensor[options.group] : undefined;
  if (typeof group !== "object" || group === null) return [];
  const fields = group as Record<string, unknown>;
  const place = { file: message.origin };
  const wh = (field: string): bigint => {
    const value = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (value instanceof JsonNumber) return registerWh(value.text, options.unit, place);
    throw new InputError(
      place,
      `${options.group}.${printable(field)} is not a number`,
      "Name the fields as in the device's script.",
    );
  };
  const serial = fields[options.serialField];
  return [
    {
      kind: "register",
      meter: options.meter,
      serial: typeof serial === "string" && serial !== "" ? printable(serial) : undefined,
      time: timeOf(sensor["Time"], options.zone, message),
      place,
      importWh: wh(options.importField),
      exportWh: options.exportField === undefined ? undefined : wh(options.exportField),
    },
  ];
}

function timeOf(said: unknown, zone: Zone | undefined, message: MeterMessage): number {
  const { origin, receivedAt } = message;
  const place = { file: origin };
  if (typeof said !== "string") throw new InputError(place, "the message has no Time", "Read the topic of SENSOR.");
  const [, local = said, offset] = /^(.*?)(Z|[+-]\d{2}:\d{2})$/.exec(said) ?? [];
  if (offset === undefined && zone === undefined) {
    throw new InputError(
      place,
      `'${printable(said)}' is a local time without a time zone`,
      "Name the zone of the device, or let it send its offset (SetOption52 1).",
    );
  }
  const time =
    offset === undefined && zone !== undefined
      ? zonedTime(local, zone, { receivedAt }, place)
      : plausibleTime(Math.floor(Date.parse(said) / 1000), printable(said), place);
  return refuseAhead(time, message, "Correct it, or the time zone that is named for it.");
}

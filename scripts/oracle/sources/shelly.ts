/**
 * Shelly energy meters over MQTT: first generation (EM, 3EM) and second and later ones (Pro EM, EM Gen3, Pro 3EM).
 *
 * First generation (https://shelly-api-docs.shelly.cloud/gen1/#shelly-em-mqtt): topics
 * `<prefix>/emeter/<channel>/total` and `.../total_returned`, Wh as text, kept through restarts; `.../energy` and
 * `.../returned_energy` are Watt-minutes since a restart, and not read. Or the JSON of `/status`, published by a script
 * or gateway, with `emeters`, `unixtime` and `mac`.
 *
 * Later ones (https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/EM1Data and .../EMData): components
 * `em1data:<id>` with `total_act_energy` and `total_act_ret_energy`, three-phase `emdata:<id>` with `total_act` and
 * `total_act_ret`, all Wh. They come as the status of the component (`<prefix>/status/em1data:0`), as `NotifyStatus`
 * on `<prefix>/events/rpc`, where what has not changed may be left out, or as the answer of `Shelly.GetStatus`.
 */
import { z } from "zod";

import { InputError, type InputPlace } from "../../inputs/error.js";
import { plausibleTime } from "../../inputs/local-time.js";

import { jsonNumber, parseJson, type JsonNumber } from "./json.js";
import {
  refuseAhead,
  registerWh,
  textOf,
  type Direction,
  type MessageReader,
  type MeterMessage,
  type RegisterObservation,
} from "./observation.js";

const LAST_12_HEX = /([0-9a-f]{12})$/i;
const UNIT = "Wh";

/** @param channel of the meter's clamp, from 0 */
export function shellyGen1Reader(options: {
  readonly meter: string;
  readonly prefix: string;
  readonly channel: number;
}): MessageReader {
  const { meter, prefix, channel } = options;
  const registers = new Map<string, Direction>([
    [`${prefix}/emeter/${channel}/total`, "importWh"],
    [`${prefix}/emeter/${channel}/total_returned`, "exportWh"],
  ]);
  const status = `${prefix}/status`;
  return {
    meter,
    topics: [...registers.keys(), status],
    hasClock: false,
    read: (message) => {
      const direction = registers.get(message.origin);
      if (direction === undefined) return message.origin === status ? [gen1Status(meter, channel, message)] : [];
      const place = { file: message.origin };
      const observation = { ...observationOf(meter, place), time: message.receivedAt };
      return [{ ...observation, [direction]: registerWh(textOf(message), UNIT, place) }];
    },
  };
}

const gen1Schema = z.object({
  unixtime: jsonNumber.optional(),
  mac: z.string().optional(),
  emeters: z.array(z.object({ total: jsonNumber, total_returned: jsonNumber, is_valid: z.boolean().optional() })),
});

function gen1Status(meter: string, channel: number, message: MeterMessage): RegisterObservation {
  const place = { file: message.origin };
  const { unixtime, mac, emeters } = parseJson(message, gen1Schema);
  const emeter = emeters[channel];
  if (emeter === undefined) throw absent(place, `channel ${channel}`);
  if (emeter.is_valid === false) {
    throw new InputError(place, `channel ${channel} says itself that its values are not valid`, "Check its wiring.");
  }
  return {
    ...observationOf(meter, place),
    serial: serialOf(mac),
    time: timeOf(unixtime, message),
    importWh: registerWh(emeter.total.text, UNIT, place),
    exportWh: registerWh(emeter.total_returned.text, UNIT, place),
  };
}

/** @param component `em1data:0` of a single-phase meter, `emdata:0` of a three-phase one */
export function shellyGen2Reader(options: {
  readonly meter: string;
  readonly prefix: string;
  readonly component: string;
}): MessageReader {
  const { meter, prefix, component } = options;
  const topics = [`${prefix}/status/${component}`, `${prefix}/events/rpc`, `${prefix}/status`];
  return {
    meter,
    topics,
    hasClock: false,
    read: (message) => {
      if (message.origin === topics[0]) return registersOf(meter, parseJson(message, dataSchema), message, {});
      if (!topics.includes(message.origin)) return [];
      const { src, params, result, ...plain } = parseJson(message, gen2Schema);
      const status = params ?? result ?? plain;
      const data = Object.hasOwn(status, component) ? status[component] : undefined;
      if (data === undefined) return [];
      const { sys, ts } = status;
      return registersOf(meter, parsedData(data, component, message), message, {
        serial: serialOf(src ?? sys?.mac),
        time: ts ?? sys?.unixtime,
      });
    },
  };
}

const dataSchema = z.object({
  total_act_energy: jsonNumber.optional(),
  total_act_ret_energy: jsonNumber.optional(),
  total_act: jsonNumber.optional(),
  total_act_ret: jsonNumber.optional(),
});

const statusShape = {
  ts: jsonNumber.nullish(),
  sys: z.object({ mac: z.string().optional(), unixtime: jsonNumber.nullish() }).optional(),
};

const gen2Schema = z.looseObject({
  ...statusShape,
  src: z.string().optional(),
  params: z.looseObject(statusShape).optional(),
  result: z.looseObject(statusShape).optional(),
});

function parsedData(data: unknown, component: string, { origin }: MeterMessage): z.infer<typeof dataSchema> {
  const parsed = dataSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new InputError(
    { file: origin },
    `${[component, ...(issue?.path ?? [])].join(".")}: ${issue?.message ?? "not as expected"}`,
    "Look at what the meter sends.",
  );
}

function registersOf(
  meter: string,
  data: z.infer<typeof dataSchema>,
  message: MeterMessage,
  said: { readonly serial?: string | undefined; readonly time?: JsonNumber | null | undefined },
): RegisterObservation[] {
  const place = { file: message.origin };
  const wh = (number: JsonNumber | undefined): bigint | undefined => number && registerWh(number.text, UNIT, place);
  const [importWh, exportWh] = [
    wh(data.total_act_energy ?? data.total_act),
    wh(data.total_act_ret_energy ?? data.total_act_ret),
  ];
  if (importWh === undefined && exportWh === undefined) return [];
  const time = timeOf(said.time, message);
  return [{ ...observationOf(meter, place), serial: said.serial, time, importWh, exportWh }];
}

function observationOf(meter: string, place: InputPlace): RegisterObservation {
  return { kind: "register", meter, serial: undefined, time: 0, place, importWh: undefined, exportWh: undefined };
}

/** By the meter's own clock; by ours where it has no time yet, or writes 0 for none. */
function timeOf(own: JsonNumber | null | undefined, message: MeterMessage): number {
  const seconds = Math.floor(Number(own?.text ?? "0"));
  if (seconds === 0) return message.receivedAt;
  const time = plausibleTime(seconds, own?.text ?? "", { file: message.origin });
  return refuseAhead(time, message, "Let it reach a time server.");
}

/** The MAC address: all that stays the same of a device, wherever it writes it. */
function serialOf(text: string | undefined): string | undefined {
  return LAST_12_HEX.exec(text ?? "")?.[1]?.toUpperCase();
}

function absent(place: InputPlace, what: string): InputError {
  return new InputError(place, `the message has no ${what}`, "Name the one to which the meter's clamp is connected.");
}

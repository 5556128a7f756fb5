/**
 * The list response that a German meter pushes every few seconds as an SML file: its registers by OBIS code (IEC
 * 62056-61), here 1-0:1.8.0 and 1-0:2.8.0, or the sums of their tariffs 1 and 2 where there are none. SML_GetList.Res
 * and SML_ListEntry as in "Smart Message Language" 1.04 (./sml-file.ts): a value counts 10^scaler units; unit 30 is Wh.
 * Most meters count the seconds since they got power and know no clock; then the reading is of when it came.
 */
import { formatDecimal } from "../../../sdk/units.js";
import { InputError, type InputPlace } from "../../inputs/error.js";
import { plausibleTime } from "../../inputs/local-time.js";

import {
  refuseAhead,
  registerWh,
  type Direction,
  type MessageReader,
  type MeterMessage,
  type RegisterObservation,
} from "./observation.js";
import { readSmlFile, type SmlValue } from "./sml-file.js";

const LIST_RESPONSE = 0x0701n;
const UNIT_WH = 30n;
/** 10^12 of a Wh and a million MWh: no meter's scaler is beyond. */
const MAX_SCALER = 12n;
/** The choice of SML_Time that is a Unix time; 1 counts seconds since power came. */
const TIMESTAMP = 2n;

const CODES = {
  importWh: { total: "0100010800ff", tariffs: ["0100010801ff", "0100010802ff"] },
  exportWh: { total: "0100020800ff", tariffs: ["0100020801ff", "0100020802ff"] },
} as const;

/** Without an export register the meter's export is left open: a meter for one direction has none. */
export function smlReader(options: { readonly meter: string; readonly topic: string }): MessageReader {
  const { meter, topic } = options;
  return {
    meter,
    topics: [topic],
    hasClock: false,
    read: (message) => (message.origin === topic ? readListResponses(message, meter) : []),
  };
}

function readListResponses(message: MeterMessage, meter: string): RegisterObservation[] {
  const place = { file: message.origin };
  const responses = readSmlFile(message)
    .map((value) => listResponse(value))
    .filter((response) => response !== undefined);
  return responses.flatMap(([, serverId, , sensorTime, entries]) => {
    const registers = registersOf(entries, place);
    const importWh = energy(registers, "importWh", place);
    const exportWh = energy(registers, "exportWh", place);
    if (importWh === undefined && exportWh === undefined) {
      throw new InputError(
        place,
        "the meter lists no energy register",
        "Ask its operator to unlock the full data set (PIN, or InF = On).",
      );
    }
    const serial = serverId instanceof Uint8Array ? hex(serverId) : undefined;
    return [{ kind: "register", meter, serial, time: timeOf(sensorTime, message), place, importWh, exportWh }];
  });
}

/** The fields of SML_GetList.Res, if the message is one: transaction, group, abort, [choice, body], CRC, end. */
function listResponse(message: SmlValue): readonly SmlValue[] | undefined {
  if (!Array.isArray(message)) return undefined;
  const [, , , choice] = message as readonly SmlValue[];
  if (!Array.isArray(choice)) return undefined;
  const [tag, body] = choice as readonly SmlValue[];
  return tag === LIST_RESPONSE && Array.isArray(body) ? (body as readonly SmlValue[]) : undefined;
}

interface Register {
  readonly unit: SmlValue;
  readonly scaler: SmlValue;
  readonly value: SmlValue;
}

/** The entries by OBIS code in hexadecimal: name, status, time, unit, scaler, value, signature. */
function registersOf(entries: SmlValue, place: InputPlace): ReadonlyMap<string, Register> {
  const registers = new Map<string, Register>();
  for (const entry of Array.isArray(entries) ? (entries as readonly SmlValue[]) : []) {
    if (!Array.isArray(entry)) continue;
    const [name, , , unit, scaler, value] = entry as readonly SmlValue[];
    if (!(name instanceof Uint8Array)) continue;
    if (registers.has(hex(name))) {
      throw new InputError(place, `the meter lists ${hex(name)} twice`, "Publish what the meter sends, unchanged.");
    }
    registers.set(hex(name), { unit, scaler, value });
  }
  return registers;
}

function energy(registers: ReadonlyMap<string, Register>, direction: Direction, place: InputPlace): bigint | undefined {
  const { total, tariffs } = CODES[direction];
  if (registers.has(total)) return wattHours(registers, total, place);
  if (!tariffs.some((code) => registers.has(code))) return undefined;
  return tariffs.map((code) => wattHours(registers, code, place)).reduce((sum, wh) => sum + wh, 0n);
}

function wattHours(registers: ReadonlyMap<string, Register>, code: string, place: InputPlace): bigint {
  const { unit, scaler = 0n, value } = registers.get(code) ?? {};
  if (typeof value !== "bigint" || typeof scaler !== "bigint" || scaler > MAX_SCALER || scaler < -MAX_SCALER) {
    throw new InputError(
      place,
      `the meter's register ${code} has no value`,
      "A tariff must not be missing from a sum.",
    );
  }
  if (unit !== UNIT_WH) {
    throw new InputError(place, `the unit of ${code} is ${String(unit)}, not 30 (Wh)`, "Look at what the meter sends.");
  }
  const decimals = scaler < 0n ? Number(-scaler) : 0;
  return registerWh(formatDecimal(scaler < 0n ? value : value * 10n ** scaler, decimals), "Wh", place);
}

function timeOf(sensorTime: SmlValue, message: MeterMessage): number {
  const [choice, time] = Array.isArray(sensorTime) ? (sensorTime as readonly SmlValue[]) : [];
  if (choice !== TIMESTAMP || typeof time !== "bigint") return message.receivedAt;
  const seconds = plausibleTime(Number(time), `${time}`, { file: message.origin });
  return refuseAhead(seconds, message, "Tell the meter's operator.");
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

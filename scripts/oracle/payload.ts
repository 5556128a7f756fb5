/** The JSON that a meter publishes, checked by schema, and its topic. */
import { Signature, ZeroHash } from "ethers";
import { z } from "zod";

import { ReadingStatus } from "../../sdk/enums.js";
import { MAX_SERIES, type SignedReading } from "../../sdk/signing/readings.js";
import { formatTime, parseTime } from "../../sdk/time/slots.js";
import { MAX_SLOT_WH } from "../../sdk/units.js";

const TOPIC_ROOT = "commonwatt/meters";
/** All meters' topics. */
export const READING_TOPICS = `${TOPIC_ROOT}/+/reading`;
/** A payload of a reading is a tenth of it. */
export const MAX_PAYLOAD_BYTES = 4096;

const STATUSES = {
  actual: ReadingStatus.Actual,
  substituted: ReadingStatus.Substituted,
  estimated: ReadingStatus.Estimated,
  corrected: ReadingStatus.Corrected,
} as const;
const STATUS_NAMES = Object.keys(STATUSES) as (keyof typeof STATUSES)[];

const UINT32 = 0xffff_ffff;
/** Meters are numbered from 1 to this. */
export const MAX_METER = UINT32;
const wattHours = z.number().int().min(0).max(Number(MAX_SLOT_WH));

const common = {
  meter: z.number().int().min(1).max(MAX_METER),
  slotStart: z.union([z.iso.datetime({ offset: true }), z.number().int().min(0).max(UINT32)]),
  sequence: z.number().int().min(0).max(255),
  signature: z
    .string()
    .regex(/^0x([0-9a-fA-F]{128}|[0-9a-fA-F]{130})$/, "is not a signature (0x and 64 or 65 bytes in hex)"),
};

/** `slotStart`: ISO 8601 with an offset, or Unix seconds. The signature: 65 bytes, or 64 in compact form. */
export const payloadSchema = z.strictObject({
  ...common,
  importWh: wattHours,
  exportWh: wattHours,
  status: z.enum(STATUS_NAMES),
});

/** Consecutive slots from `slotStart` on, under one signature; only a device's own, actual values. */
export const seriesSchema = z.strictObject({
  ...common,
  values: z
    .array(z.strictObject({ importWh: wattHours, exportWh: wattHours }))
    .min(2)
    .max(MAX_SERIES),
  status: z.literal("actual"),
});

export type ReadingPayload = z.infer<typeof payloadSchema>;
export type SeriesPayload = z.infer<typeof seriesSchema>;

/** A payload that is no reading; the text says why. */
export class PayloadError extends Error {
  override readonly name = "PayloadError";
}

/** How payloads write a status; undefined for one that nobody publishes. */
export function statusName(status: ReadingStatus): keyof typeof STATUSES | undefined {
  return STATUS_NAMES.find((name) => STATUSES[name] === status);
}

/** The topic on which a meter publishes. */
export function topicOf(meter: bigint): string {
  return `${TOPIC_ROOT}/${meter}/reading`;
}

/** Bytes of a message to the readings that its signature covers; throws `PayloadError`. */
export function parseReadings(payload: Uint8Array, slotSeconds: bigint): SignedReading[] {
  const fields = parseFields(payload);
  const values = "values" in fields ? fields.values : [{ importWh: fields.importWh, exportWh: fields.exportWh }];
  const start = typeof fields.slotStart === "number" ? BigInt(fields.slotStart) : parseTime(fields.slotStart);
  const end = start + BigInt(values.length - 1) * slotSeconds;
  if (start < 0n || end > BigInt(UINT32) * slotSeconds || start % slotSeconds !== 0n) {
    throw new PayloadError(`slotStart: no slot of ${slotSeconds} s starts at ${fields.slotStart}`);
  }
  const signature = compact(fields.signature);
  return values.map(({ importWh, exportWh }, index) => ({
    meter: BigInt(fields.meter),
    slot: start / slotSeconds + BigInt(index),
    importWh: BigInt(importWh),
    exportWh: BigInt(exportWh),
    status: STATUSES[fields.status],
    sequence: BigInt(fields.sequence),
    ...(index === values.length - 1 ? signature : { r: ZeroHash, vs: ZeroHash }),
  }));
}

/** The same, or why there are none. */
export function readingsOrReason(payload: Uint8Array, slotSeconds: bigint): SignedReading[] | string {
  try {
    return parseReadings(payload, slotSeconds);
  } catch (error) {
    if (error instanceof PayloadError) return `payload: ${error.message}`;
    throw error;
  }
}

/** The readings under one signature, of consecutive slots if several, to the text that a meter publishes. */
export function formatReadings(signed: readonly SignedReading[], slotSeconds: bigint): string {
  const [first, last] = [signed[0], signed.at(-1)];
  if (first === undefined || last === undefined) throw new PayloadError("there is no reading");
  const status = statusName(first.status);
  if (status === undefined) throw new PayloadError(`status: nobody publishes readings of status ${first.status}`);
  const values = signed.map(({ importWh, exportWh }) => {
    return { importWh: Number(importWh), exportWh: Number(exportWh) };
  });
  return JSON.stringify({
    meter: Number(first.meter),
    slotStart: formatTime(first.slot * slotSeconds),
    ...(signed.length === 1 ? values[0] : { values }),
    status,
    sequence: Number(first.sequence),
    signature: Signature.from({ r: last.r, yParityAndS: last.vs }).compactSerialized,
  });
}

function parseFields(payload: Uint8Array): ReadingPayload | SeriesPayload {
  if (payload.byteLength > MAX_PAYLOAD_BYTES) throw new PayloadError(`the payload has ${payload.byteLength} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch (cause) {
    throw new PayloadError("the payload is no JSON", { cause });
  }
  const isSeries = typeof json === "object" && json !== null && "values" in json;
  const result = isSeries ? seriesSchema.safeParse(json) : payloadSchema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new PayloadError(`${issue?.path.join(".") || "payload"}: ${issue?.message ?? "not valid"}`);
}

function compact(signature: string): { readonly r: string; readonly vs: string } {
  try {
    const { r, yParityAndS } = Signature.from(signature);
    return { r, vs: yParityAndS };
  } catch (cause) {
    throw new PayloadError("signature: not one of secp256k1 in canonical form", { cause });
  }
}

/** The JSON that a meter publishes, checked by schema, and its topic. */
import { Signature } from "ethers";
import { z } from "zod";

import { ReadingStatus } from "../../sdk/enums.js";
import type { SignedReading } from "../../sdk/signing/readings.js";
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
const wattHours = z.number().int().min(0).max(Number(MAX_SLOT_WH));

/** `slotStart`: ISO 8601 with an offset, or Unix seconds. The signature: 65 bytes, or 64 in compact form. */
export const payloadSchema = z.strictObject({
  meter: z.number().int().min(1).max(UINT32),
  slotStart: z.union([z.iso.datetime({ offset: true }), z.number().int().min(0).max(UINT32)]),
  importWh: wattHours,
  exportWh: wattHours,
  status: z.enum(STATUS_NAMES),
  sequence: z.number().int().min(0).max(255),
  signature: z
    .string()
    .regex(/^0x([0-9a-fA-F]{128}|[0-9a-fA-F]{130})$/, "is not a signature (0x and 64 or 65 bytes in hex)"),
});

export type ReadingPayload = z.infer<typeof payloadSchema>;

/** A payload that is no reading; the text says why. */
export class PayloadError extends Error {
  override readonly name = "PayloadError";
}

/** The topic on which a meter publishes. */
export function topicOf(meter: bigint): string {
  return `${TOPIC_ROOT}/${meter}/reading`;
}

/** Bytes of a message to a signed reading; throws `PayloadError`. */
export function parseReading(payload: Uint8Array, slotSeconds: bigint): SignedReading {
  const fields = parseFields(payload);
  const start = typeof fields.slotStart === "number" ? BigInt(fields.slotStart) : parseTime(fields.slotStart);
  if (start < 0n || start > BigInt(UINT32) * slotSeconds || start % slotSeconds !== 0n) {
    throw new PayloadError(`slotStart: no slot of ${slotSeconds} s starts at ${fields.slotStart}`);
  }
  return {
    meter: BigInt(fields.meter),
    slot: start / slotSeconds,
    importWh: BigInt(fields.importWh),
    exportWh: BigInt(fields.exportWh),
    status: STATUSES[fields.status],
    sequence: BigInt(fields.sequence),
    ...compact(fields.signature),
  };
}

/** A signed reading to the text that a meter publishes. */
export function formatReading(reading: SignedReading, slotSeconds: bigint): string {
  const status = STATUS_NAMES.find((name) => STATUSES[name] === reading.status);
  if (status === undefined) throw new PayloadError(`status: nobody publishes readings of status ${reading.status}`);
  const payload: ReadingPayload = {
    meter: Number(reading.meter),
    slotStart: formatTime(reading.slot * slotSeconds),
    importWh: Number(reading.importWh),
    exportWh: Number(reading.exportWh),
    status,
    sequence: Number(reading.sequence),
    signature: Signature.from({ r: reading.r, yParityAndS: reading.vs }).compactSerialized,
  };
  return JSON.stringify(payload);
}

function parseFields(payload: Uint8Array): ReadingPayload {
  if (payload.byteLength > MAX_PAYLOAD_BYTES) throw new PayloadError(`the payload has ${payload.byteLength} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch (cause) {
    throw new PayloadError("the payload is no JSON", { cause });
  }
  const result = payloadSchema.safeParse(json);
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

import { expect } from "chai";
import fc from "fast-check";

import {
  formatReadings,
  MAX_PAYLOAD_BYTES,
  parseReadings,
  PayloadError,
  topicOf,
} from "../../scripts/oracle/payload.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { MAX_SERIES } from "../../sdk/signing/readings.js";
import { MAX_SLOT_WH } from "../../sdk/units.js";
import { OPERATOR, readingOf, seriesOfReadings, SLOT, SLOT_SECONDS } from "../utils/oracle.js";

describe("A meter's payload", () => {
  let good: Record<string, unknown>;
  before(async () => {
    good = JSON.parse(formatReadings([await readingOf({ meter: 12n })], SLOT_SECONDS)) as Record<string, unknown>;
  });

  const bytes = (value: unknown): Uint8Array =>
    new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
  const refusal = (payload: Uint8Array): string => {
    try {
      parseReadings(payload, SLOT_SECONDS);
    } catch (error) {
      if (error instanceof PayloadError) return error.message;
      throw error;
    }
    return "accepted";
  };

  it("is read as it was written, whoever signed and whatever the values", async () => {
    const wh = fc.bigInt({ min: 0n, max: MAX_SLOT_WH });
    const statuses = [
      ReadingStatus.Actual,
      ReadingStatus.Substituted,
      ReadingStatus.Estimated,
      ReadingStatus.Corrected,
    ];
    const reading = fc.record({
      meter: fc.bigInt({ min: 1n, max: 0xffff_ffffn }),
      slot: fc.bigInt({ min: 0n, max: 0xffff_ffffn / SLOT_SECONDS }),
      importWh: wh,
      exportWh: wh,
      status: fc.constantFrom(...statuses),
      sequence: fc.bigInt({ min: 0n, max: 255n }),
    });
    await fc.assert(
      fc.asyncProperty(reading, async (values) => {
        const signed = await readingOf(values, OPERATOR);
        expect(parseReadings(bytes(formatReadings([signed], SLOT_SECONDS)), SLOT_SECONDS)).to.deep.equal([signed]);
      }),
      { numRuns: 40 },
    );
  });

  it("may state the slot in Unix seconds or ISO 8601 of any offset, and the signature in 64 or 65 bytes", async () => {
    const reading = await readingOf({ meter: 12n });
    for (const slotStart of [Number(SLOT * SLOT_SECONDS), "2016-09-14T08:00:00Z", "2016-09-14T00:00:00-08:00"]) {
      expect(parseReadings(bytes({ ...good, slotStart }), SLOT_SECONDS)).to.deep.equal([reading]);
    }
    const { Signature } = await import("ethers");
    const { serialized } = Signature.from(String(good["signature"]));
    expect(parseReadings(bytes({ ...good, signature: serialized }), SLOT_SECONDS)).to.deep.equal([reading]);
  });

  const faults: [string, Record<string, unknown>, RegExp][] = [
    ["a negative value", { importWh: -1 }, /^importWh/],
    ["a fraction of a Wh", { exportWh: 1.5 }, /^exportWh/],
    ["a value as text", { importWh: "500" }, /^importWh/],
    ["1e308", { importWh: 1e308 }, /^importWh/],
    ["more than a slot holds", { importWh: Number(MAX_SLOT_WH) + 1 }, /^importWh/],
    ["a null, as JSON writes NaN", { importWh: Number.NaN }, /^importWh/],
    ["meter 0", { meter: 0 }, /^meter/],
    ["a status that nobody signs", { status: "missing" }, /^status/],
    ["a sequence above a byte", { sequence: 256 }, /^sequence/],
    ["a short signature", { signature: "0x12" }, /^signature/],
    ["a signature not in canonical form", { signature: `0x${"ff".repeat(65)}` }, /^signature/],
    ["a time between slots", { slotStart: "2016-09-14T08:00:01Z" }, /^slotStart/],
    ["a time without offset", { slotStart: "2016-09-14T08:00:00" }, /^slotStart/],
    ["a day that doesn't exist", { slotStart: "2016-02-30T08:00:00Z" }, /^slotStart/],
    ["a time before 1970", { slotStart: "1969-12-31T23:00:00Z" }, /^slotStart/],
    ["a missing field", { sequence: undefined }, /^sequence/],
    ["a field too many", { unit: "kWh" }, /unit/],
  ];
  for (const [name, change, message] of faults) {
    it(`refuses ${name}`, () => {
      expect(refusal(bytes({ ...good, ...change }))).to.match(message);
    });
  }

  it("refuses what is no JSON, no object, no UTF-8, or too long", () => {
    expect(refusal(bytes("{"))).to.match(/no JSON/);
    expect(refusal(bytes("[]"))).to.match(/^payload: /);
    expect(refusal(bytes("null"))).to.match(/^payload: /);
    expect(refusal(new Uint8Array([0x22, 0xff, 0x22]))).to.match(/no JSON/);
    expect(refusal(new Uint8Array(MAX_PAYLOAD_BYTES + 1))).to.match(/4097 bytes/);
  });

  it("of several slots is read as it was written", async () => {
    for (const count of [2, MAX_SERIES]) {
      const series = await seriesOfReadings(count);
      expect(parseReadings(bytes(formatReadings(series, SLOT_SECONDS)), SLOT_SECONDS)).to.deep.equal(series);
    }
  });

  it("of several slots has two to eight, actual, each with both values", async () => {
    const series = JSON.parse(formatReadings(await seriesOfReadings(2), SLOT_SECONDS)) as Record<string, unknown>;
    const value = { importWh: 1, exportWh: 0 };
    expect(refusal(bytes(series))).to.equal("accepted");
    expect(refusal(bytes({ ...series, values: [] }))).to.match(/^values/);
    expect(refusal(bytes({ ...series, values: [value] }))).to.match(/^values/);
    expect(refusal(bytes({ ...series, values: Array.from({ length: 9 }, () => value) }))).to.match(/^values/);
    expect(refusal(bytes({ ...series, values: [value, { importWh: 1 }] }))).to.match(/^values.1.exportWh/);
    expect(refusal(bytes({ ...series, values: [value, null] }))).to.match(/^values.1/);
    expect(refusal(bytes({ ...series, status: "estimated" }))).to.match(/^status/);
    expect(refusal(bytes({ ...series, importWh: 1 }))).to.match(/importWh/);
  });

  it("never throws anything else, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(bytes)), (payload) => {
        expect(refusal(payload)).to.not.equal("accepted");
      }),
    );
  });

  it("has its own topic", () => {
    expect(topicOf(12n)).to.equal("commonwatt/meters/12/reading");
  });
});

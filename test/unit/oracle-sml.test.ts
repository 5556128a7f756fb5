import { expect } from "chai";
import fc from "fast-check";

import { CRC16_X25, crc16 } from "../../scripts/oracle/sources/crc16.js";
import { readerOf } from "../../scripts/oracle/sources/index.js";
import { InputError } from "../../scripts/inputs/error.js";
import {
  encode,
  integer,
  messageOf,
  octets,
  oneOf,
  RECEIVED_AT,
  refusalOf,
  smlFile,
  smlMessage,
  TOPIC,
  unsigned,
  type Encodable,
} from "../utils/meter-messages.js";

const IMPORT = "0100010800ff";
const EXPORT = "0100020800ff";
const SERVER = "0a01414243000516465c";
const LIST_RESPONSE = 0x0701;

/** Name, status, time, unit (30: Wh), scaler, value, signature. */
function entry(code: string, value: Encodable, { unit = 30, scaler = -1 } = {}): Encodable {
  return [octets(code), null, null, unsigned(unit, 1), integer(scaler), value, null];
}

/** Client, server, list name, time, values, signature, time of the gateway. */
function list(entries: readonly Encodable[], time: Encodable = [unsigned(1, 1), unsigned(77_767_176)]): number[] {
  return smlMessage(LIST_RESPONSE, [null, octets(SERVER), octets("0100620affff"), time, entries, null, null]);
}

const OPEN = smlMessage(0x0101, [null, null, octets("aabb"), octets(SERVER), null, null]);
const CLOSE = smlMessage(0x0201, [null]);
const WATTS = entry("0100100700ff", integer(-60, 2), { unit: 27, scaler: 0 });

describe("An SML file of a meter", () => {
  const reader = readerOf({ source: "sml", meter: "home-1", topic: TOPIC }, { file: "oracle.json" });
  const file = (...entries: Encodable[]): Uint8Array => smlFile([OPEN, list(entries), CLOSE]);
  const registers = [entry(IMPORT, unsigned(6_700_000_125n, 8)), WATTS, entry(EXPORT, integer(77_000_019, 5))];
  const good = file(...registers);
  const filledWith = (count: number): Uint8Array => {
    const counted = [...good.subarray(0, -3), count];
    const sum = crc16(CRC16_X25, Uint8Array.from(counted));
    return Uint8Array.from([...counted, sum & 0xff, sum >> 8]);
  };
  const refusal = (bytes: Uint8Array): string => refusalOf(() => reader.read(messageOf(bytes)));

  it("gives its registers in Wh, its server id as serial number, and the time at which it came", () => {
    expect(oneOf(reader, messageOf(good))).to.deep.include({
      meter: "home-1",
      serial: SERVER,
      time: RECEIVED_AT,
      importWh: 670_000_012n,
      exportWh: 7_700_001n,
    });
  });

  it("counts in the power of ten that it names", () => {
    const value = unsigned(5_702, 6);
    expect(oneOf(reader, messageOf(file(entry(IMPORT, value, { scaler: 3 })))).importWh).to.equal(5_702_000n);
    expect(oneOf(reader, messageOf(file(entry(IMPORT, value, { scaler: -4 })))).importWh).to.equal(0n);
  });

  it("adds the tariffs where there is no total, and leaves a missing direction open", () => {
    const [first, second] = ["0100010801ff", "0100010802ff"].map((code, at) => entry(code, unsigned(100 * (at + 1))));
    const tariffs = file(first ?? null, second ?? null);
    expect(oneOf(reader, messageOf(tariffs))).to.deep.include({ importWh: 30n, exportWh: undefined });
    expect(refusal(file(first ?? null))).to.match(/0100010802ff has no value/);
  });

  it("is of the meter's time where it has a clock", () => {
    const at = (time: number | bigint): Uint8Array =>
      smlFile([OPEN, list(registers, [unsigned(2, 1), unsigned(time)]), CLOSE]);
    expect(oneOf(reader, messageOf(at(RECEIVED_AT - 7))).time).to.equal(RECEIVED_AT - 7);
    expect(refusal(at(12))).to.match(/the time 12 is out of range/);
    expect(refusal(at(4_102_444_800n))).to.match(/out of range/);
    expect(refusal(at(RECEIVED_AT + 301))).to.match(/301 s ahead/);
  });

  it("may hold the escape sequence, and lists of more than 15", () => {
    const escape = entry("0100603201ff", octets("001b1b1b1b1b1b1b1b1b01"));
    const many = Array.from({ length: 20 }, (_, at) =>
      entry(`01006032${(at + 2).toString(16).padStart(2, "0")}ff`, null),
    );
    expect(oneOf(reader, messageOf(file(...registers, escape, ...many))).importWh).to.equal(670_000_012n);
  });

  it("says nothing of the meter on another topic or without a list", () => {
    expect(reader.read(messageOf(good, { origin: "other" }))).to.be.empty;
    expect(reader.read(messageOf(smlFile([OPEN, CLOSE])))).to.be.empty;
  });

  it("is read whatever the registers show", () => {
    const wh = fc.bigInt({ min: 0n, max: 10n ** 13n });
    fc.assert(
      fc.property(wh, wh, fc.integer({ min: -4, max: 0 }), (imported, exported, scaler) => {
        const scale = 10n ** BigInt(-scaler);
        const show = (value: bigint): Encodable => unsigned(value * scale, 8);
        const bytes = file(entry(IMPORT, show(imported), { scaler }), entry(EXPORT, show(exported), { scaler }));
        expect(oneOf(reader, messageOf(bytes))).to.deep.include({ importWh: imported, exportWh: exported });
      }),
    );
  });

  it("is refused with any one of its bytes changed, or cut off anywhere", () => {
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const garbled = Uint8Array.from(good);
        garbled[at] = (garbled[at] ?? 0) ^ change;
        expect(refusal(garbled)).to.match(/SML file/);
      }),
    );
    for (let length = 0; length < good.length; length += 1) expect(refusal(good.subarray(0, length))).to.match(/SML/);
  });

  it("is refused or read, but never breaks the reader, whatever stands between start and end", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(255), { maxLength: 60 }), (bytes) => {
        try {
          reader.read(messageOf(smlFile([bytes])));
        } catch (error) {
          expect(error).to.be.instanceOf(InputError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  const faults: [string, Uint8Array, RegExp][] = [
    ["another check sum", smlFile([OPEN, list(registers), CLOSE], 0x1234), /states the CRC 1234, that of its bytes is/],
    ["more filling than fills", filledWith(4), /an escape that means nothing/],
    ["two files in a message", Uint8Array.from([...good, ...good]), /bytes follow the end/],
    ["text", new TextEncoder().encode("1-0:1.8.0*255(00012.3*kWh)"), /does not start as an SML file/],
    ["a number of nine bytes", file(entry(IMPORT, unsigned(1, 9))), /a number has 9 bytes/],
    ["a length beyond the end", smlFile([[0x8f, 0x8f, 0x0f]]), /a length is beyond the end/],
    ["a value beyond the end", smlFile([[0x76, 0x05, 0x01]]), /a value is beyond the end/],
    ["lists without end", smlFile([Array<number>(40).fill(0x71)]), /more than 16 deep/],
    ["a type that is none", smlFile([[0x12, 0x00]]), /there is no type 1/],
    ["a negative register", file(entry(IMPORT, integer(-10, 4))), /-1 Wh is out of range/],
    ["a register beyond all", file(entry(IMPORT, unsigned(2n ** 64n - 1n, 8))), /out of range/],
    ["a register that is text", file(entry(IMPORT, octets("4142"))), /0100010800ff has no value/],
    ["a scaler beyond all", file(entry(IMPORT, unsigned(1), { scaler: 13 })), /has no value/],
    ["another unit", file(entry(IMPORT, unsigned(1), { unit: 27 })), /the unit of 0100010800ff is 27, not 30/],
    ["a register twice", file(...registers, entry(IMPORT, unsigned(1))), /lists 0100010800ff twice/],
    ["no register of energy", file(WATTS), /lists no energy register/],
    ["a long message", new Uint8Array(10_000_000), /has 10000000 bytes/],
  ];
  for (const [what, bytes, reason] of faults) {
    it(`is refused with ${what}`, () => expect(refusal(bytes)).to.match(reason));
  }

  it("is made by an encoder that codes types and lengths as the standard says", () => {
    // TL coding: an octet string of two bytes, an unsigned of two, a list of two, a string of 16
    expect(encode(octets("4142"))).to.deep.equal([0x03, 0x41, 0x42]);
    expect(encode([unsigned(5, 2), null])).to.deep.equal([0x72, 0x63, 0x00, 0x05, 0x01]);
    expect(encode(new Uint8Array(16)).slice(0, 2)).to.deep.equal([0x81, 0x02]);
  });
});

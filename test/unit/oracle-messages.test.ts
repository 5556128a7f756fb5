import { readFile } from "node:fs/promises";

import { expect } from "chai";
import fc from "fast-check";

import { CRC16_ARC, CRC16_X25, crc16 } from "../../scripts/oracle/sources/crc16.js";
import { fileSourceSchema, messageSourceSchema, readerOf } from "../../scripts/oracle/sources/index.js";
import {
  MAX_MESSAGE_BYTES,
  MAX_REGISTER_WH,
  registerWh,
  type MessageReader,
} from "../../scripts/oracle/sources/observation.js";
import { messageOf, oneOf, RECEIVED_AT, refusalOf, telegramOf, TOPIC } from "../utils/meter-messages.js";

const CONFIG = { file: "oracle.json" };
const PREFIX = "shellies/em-1";

function source(fields: Record<string, unknown>): MessageReader {
  return readerOf({ meter: "home-1", ...fields }, CONFIG);
}

describe("Energy as a meter writes it", () => {
  const place = { file: TOPIC };

  it("is whole Wh of any unit, exactly, rounded down", () => {
    expect(registerWh("18.023", "kWh", place)).to.equal(18_023n);
    expect(registerWh("1234.5678", "kWh", place)).to.equal(1_234_567n);
    expect(registerWh(".005", "kWh", place)).to.equal(5n);
    expect(registerWh("6644.90", "Wh", place)).to.equal(6_644n);
    expect(registerWh("0.000001", "MWh", place)).to.equal(1n);
    // 4.35 * 1000 is 4349.999... in floating point
    expect(registerWh("4.35", "KWH", place)).to.equal(4_350n);
  });

  it("is what its digits say, however many they are", () => {
    const digits = fc.integer({ min: 0, max: 9 });
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: MAX_REGISTER_WH - 1n }),
        fc.array(digits, { maxLength: 12 }),
        (wh, rest) => {
          const whole = wh.toString().padStart(4, "0");
          const text = `${whole.slice(0, -3)}.${whole.slice(-3)}${rest.join("")}`;
          expect(registerWh(text, "kWh", place)).to.equal(wh);
        },
      ),
    );
  });

  const faults: [string, string, string, RegExp][] = [
    ["a negative", "-0.001", "kWh", /^meters\/1: -0\.001 kWh is out of range/],
    ["NaN", "NaN", "kWh", /'NaN' is not an energy/],
    ["1e308", "1e308", "Wh", /'1e308' is not an energy/],
    ["a comma", "1,5", "kWh", /'1,5' is not an energy/],
    ["nothing", "", "kWh", /'' is not an energy/],
    ["more than any register", "10000000000.001", "kWh", /out of range/],
    ["digits without end", "9".repeat(400), "Wh", /is not an energy/],
    ["another unit", "1.5", "m3", /'m3' is not a unit of energy/],
    ["reactive energy", "1.5", "kVArh", /'kVArh' is not a unit of energy/],
    ["a unit from the prototype", "1.5", "constructor", /is not a unit of energy/],
  ];
  for (const [what, text, unit, reason] of faults) {
    it(`refuses ${what}`, () => expect(refusalOf(() => registerWh(text, unit, place))).to.match(reason));
  }
});

describe("Check sums", () => {
  it("have the check values of their catalogue entries", () => {
    const check = Buffer.from("123456789");
    expect(crc16(CRC16_ARC, check)).to.equal(0xbb3d);
    expect(crc16(CRC16_X25, check)).to.equal(0x906e);
  });
});

describe("A Shelly of the first generation", () => {
  const reader = source({ source: "shelly-gen1", prefix: PREFIX, channel: 1 });
  const status = (changes: Record<string, unknown> = {}): string =>
    JSON.stringify({
      unixtime: RECEIVED_AT - 5,
      mac: "C45BBE7928B9",
      emeters: [
        { power: 1, total: 1.5, total_returned: 0 },
        { power: 10.66, is_valid: true, total: 99_123.9, total_returned: 7.2, ...changes },
      ],
    });

  it("tells each register on a topic of its own, in Wh, of when it came", () => {
    expect(reader.topics).to.include(`${PREFIX}/emeter/1/total`);
    expect(oneOf(reader, messageOf("99123.9", { origin: `${PREFIX}/emeter/1/total` }))).to.deep.include({
      meter: "home-1",
      time: RECEIVED_AT,
      importWh: 99_123n,
      exportWh: undefined,
    });
    expect(oneOf(reader, messageOf("7.2", { origin: `${PREFIX}/emeter/1/total_returned` }))).to.deep.include({
      importWh: undefined,
      exportWh: 7n,
    });
  });

  it("is not read where it counts since a restart, or another channel", () => {
    for (const topic of ["emeter/1/energy", "emeter/0/total", "constructor"]) {
      expect(reader.read(messageOf("5", { origin: `${PREFIX}/${topic}` }))).to.be.empty;
    }
  });

  it("tells both registers in its status, of its own time and serial number", () => {
    expect(oneOf(reader, messageOf(status(), { origin: `${PREFIX}/status` }))).to.deep.include({
      serial: "C45BBE7928B9",
      time: RECEIVED_AT - 5,
      importWh: 99_123n,
      exportWh: 7n,
    });
  });

  it("has the time of the message until it knows one itself", () => {
    const text = status().replace(`${RECEIVED_AT - 5}`, "0");
    expect(oneOf(reader, messageOf(text, { origin: `${PREFIX}/status` })).time).to.equal(RECEIVED_AT);
  });

  const faults: [string, string, RegExp][] = [
    ["values that are not valid", status({ is_valid: false }), /channel 1 says itself/],
    ["a register that is text", status({ total: "1" }), /emeters\.1\.total: is not a number/],
    ["no such channel", JSON.stringify({ emeters: [] }), /has no channel 1/],
    ["1970", status().replace(`${RECEIVED_AT - 5}`, "35"), /the time 35 is out of range/],
    ["2100", status().replace(`${RECEIVED_AT - 5}`, "4102444800"), /the time 4102444800 is out of range/],
    ["1e308 as a time", status().replace(`${RECEIVED_AT - 5}`, "1e308"), /the time 1e308 is out of range/],
    ["a time ahead of ours", status().replace(`${RECEIVED_AT - 5}`, `${RECEIVED_AT + 301}`), /clock is 301 s ahead/],
  ];
  for (const [what, text, reason] of faults) {
    it(`refuses ${what}`, () => {
      expect(refusalOf(() => reader.read(messageOf(text, { origin: `${PREFIX}/status` })))).to.match(reason);
    });
  }
});

describe("A Shelly of a later generation", () => {
  const reader = source({ source: "shelly", prefix: PREFIX, component: "em1data:1" });
  const data = { id: 1, total_act_energy: 6644.9, total_act_ret_energy: 2595.26 };
  const at = (topic: string, value: unknown): ReturnType<typeof messageOf> =>
    messageOf(JSON.stringify(value), { origin: `${PREFIX}/${topic}` });

  it("is read from its component's status, its notifications and its whole status alike", () => {
    const registers = { importWh: 6_644n, exportWh: 2_595n };
    expect(oneOf(reader, at("status/em1data:1", data))).to.deep.include({ ...registers, time: RECEIVED_AT });
    const params = { ts: RECEIVED_AT - 1.25, "em1data:1": data };
    const notification = { src: "shellyproem50-08f9e0e67204", method: "NotifyStatus", params };
    expect(oneOf(reader, at("events/rpc", notification))).to.deep.include({
      ...registers,
      time: RECEIVED_AT - 2,
      serial: "08F9E0E67204",
    });
    const status = { "em1data:1": data, sys: { mac: "08F9E0E67204", unixtime: RECEIVED_AT - 3 } };
    for (const whole of [status, { id: 1, result: status }]) {
      expect(oneOf(reader, at("status", whole))).to.deep.include({
        ...registers,
        time: RECEIVED_AT - 3,
        serial: "08F9E0E67204",
      });
    }
  });

  it("may leave out what has not changed, and have no time yet", () => {
    const params = { ts: null, "em1data:1": { id: 1, total_act_energy: 6645 } };
    expect(oneOf(reader, at("events/rpc", { method: "NotifyStatus", params }))).to.deep.include({
      importWh: 6_645n,
      exportWh: undefined,
      time: RECEIVED_AT,
    });
  });

  it("adds its three phases itself", () => {
    const threePhase = source({ source: "shelly", prefix: PREFIX, component: "emdata:0" });
    const phases = { id: 0, a_total_act_energy: 1, total_act: 300.5, total_act_ret: 4 };
    expect(oneOf(threePhase, at("status/emdata:0", phases))).to.deep.include({ importWh: 300n, exportWh: 4n });
  });

  it("says nothing of the meter in other messages", () => {
    expect(reader.read(at("events/rpc", { method: "NotifyEvent", params: { ts: 1, events: [] } }))).to.be.empty;
    expect(reader.read(at("events/rpc", { params: { ts: 1, "switch:0": { output: true } } }))).to.be.empty;
    expect(reader.read(at("status/em1data:1", { id: 1 }))).to.be.empty;
    expect(reader.read(at("status/em1data:0", data))).to.be.empty;
    expect(reader.read(at("events/other", { "em1data:1": data }))).to.be.empty;
  });

  it("refuses a register that is no number, by its name", () => {
    const params = { "em1data:1": { total_act_energy: null } };
    expect(refusalOf(() => reader.read(at("events/rpc", { params })))).to.match(
      /^shellies\/em-1\/events\/rpc: em1data:1\.total_act_energy: is not a number/,
    );
    expect(refusalOf(() => reader.read(at("status/em1data:1", { total_act_energy: -1 })))).to.match(/-1 Wh is out of/);
  });
});

describe("A Tasmota", () => {
  const reader = source({ source: "tasmota", topic: TOPIC, zone: "Europe/Berlin" });
  const sensor = (time: unknown, fields: Record<string, unknown> = {}): string =>
    JSON.stringify({ Time: time, SML: { Total_in: 18_023.4567, Total_out: 0.001, Meter_Id: "0a01", ...fields } });

  it("is read in kWh, of its local time in the zone that is named", () => {
    expect(oneOf(reader, messageOf(sensor("2026-11-30T17:59:30")))).to.deep.include({
      serial: "0a01",
      time: RECEIVED_AT - 30,
      importWh: 18_023_456n,
      exportWh: 1n,
    });
  });

  it("may send its offset, and then needs no zone", () => {
    const free = source({ source: "tasmota", topic: TOPIC });
    for (const time of ["2026-11-30T17:59:30+01:00", "2026-11-30T16:59:30Z"]) {
      expect(oneOf(free, messageOf(sensor(time))).time).to.equal(RECEIVED_AT - 30);
    }
    expect(refusalOf(() => free.read(messageOf(sensor("2026-11-30T17:59:30"))))).to.match(/without a time zone/);
  });

  it("may name its fields otherwise, count one way only, and be asked (StatusSNS)", () => {
    const plug = source({
      source: "tasmota",
      topic: TOPIC,
      zone: "UTC",
      group: "ENERGY",
      import: "Total",
      export: null,
    });
    const text = JSON.stringify({ StatusSNS: { Time: "2026-11-30T16:59:00", ENERGY: { Total: 514.153, Power: 56 } } });
    expect(oneOf(plug, messageOf(text))).to.deep.include({
      importWh: 514_153n,
      exportWh: undefined,
      serial: undefined,
    });
  });

  it("says nothing of the meter on other topics or without its group", () => {
    expect(reader.read(messageOf(sensor("2026-11-30T17:59:30"), { origin: "other" }))).to.be.empty;
    expect(reader.read(messageOf('{"Time":"2026-11-30T17:59:30","DS18B20":{"Temperature":20.1}}'))).to.be.empty;
  });

  it("tells the hour that comes twice by when the message came", () => {
    const first = Date.UTC(2026, 9, 25, 0, 30) / 1000; // 02:30 summer time
    for (const receivedAt of [first, first + 3600]) {
      const message = messageOf(sensor("2026-10-25T02:30:00"), { receivedAt: receivedAt + 2 });
      expect(oneOf(reader, message).time).to.equal(receivedAt);
    }
    const late = messageOf(sensor("2026-10-25T02:30:00"), { receivedAt: first + 1800 });
    expect(refusalOf(() => reader.read(late))).to.match(/comes twice in Europe\/Berlin/);
  });

  const faults: [string, string, RegExp][] = [
    ["the hour that is skipped", sensor("2026-03-29T02:30:00"), /does not exist in Europe\/Berlin/],
    ["1970, where no time server was reached", sensor("1970-01-01T00:00:12"), /out of range/],
    ["2100", sensor("2100-01-01T00:00:00Z"), /out of range/],
    ["no time", sensor(undefined), /has no Time/],
    ["a time that is none", sensor("yesterday"), /is not a local time/],
    ["the 31st of a short month", sensor("2026-11-31T10:00:00"), /is not a local time/],
    ["a zone that is too far east", sensor("2026-11-30T18:10:00"), /clock is 600 s ahead.*time zone/],
    ["a register as text", sensor("2026-11-30T17:59:30", { Total_in: "5" }), /SML\.Total_in is not a number/],
    ["a missing register", sensor("2026-11-30T17:59:30", { Total_out: undefined }), /SML\.Total_out is not a number/],
    ["a negative register", sensor("2026-11-30T17:59:30", { Total_in: -5 }), /-5 kWh is out of range/],
    ["no JSON", '{"Time":', /is no JSON/],
    ["NaN", '{"Time":"2026-11-30T17:59:30","SML":{"Total_in":NaN}}', /is no JSON/],
    ["1e308", '{"Time":"2026-11-30T17:59:30","SML":{"Total_in":1e308,"Total_out":0}}', /'1e308' is not an energy/],
    ["a list", "[1]", /the message: /],
    ["brackets without end", "[".repeat(60_000), /is no JSON/],
  ];
  for (const [what, text, reason] of faults) {
    it(`refuses ${what}`, () => expect(refusalOf(() => reader.read(messageOf(text)))).to.match(reason));
  }

  it("refuses 10 MB without looking at them, and what is no UTF-8", () => {
    const large = messageOf(new Uint8Array(10_000_000));
    expect(refusalOf(() => reader.read(large))).to.match(/10000000 bytes. A meter's has at most 65536/);
    expect(refusalOf(() => reader.read(messageOf(Uint8Array.of(0x7b, 0xff))))).to.match(/not UTF-8/);
    expect(refusalOf(() => reader.read(messageOf(" ".repeat(MAX_MESSAGE_BYTES))))).to.match(/is no JSON/);
  });
});

describe("A DSMR P1 telegram", () => {
  const reader = source({ source: "dsmr", topic: TOPIC, zone: "Europe/Amsterdam" });
  const lines = (time: string): string[] => [
    "1-3:0.2.8(50)",
    `0-0:1.0.0(${time})`,
    "0-0:96.1.1(4530303132)",
    "1-0:1.8.1(000004.426*kWh)",
    "1-0:1.8.2(000002.399*kWh)",
    "1-0:2.8.1(000002.444*kWh)",
    "1-0:2.8.2(000000.001*kWh)",
    "1-0:99.97.0(1)(0-0:96.7.19)(190326095015W)(0000002014*s)",
    "0-1:24.2.1(261130160000W)(00981.443*m3)",
  ];
  const without = (code: string): string => telegramOf(lines("261130175930W").filter((line) => !line.startsWith(code)));
  const changed = (code: string, line: string): string =>
    telegramOf(lines("261130175930W").map((old) => (old.startsWith(code) ? line : old)));

  it("gives both tariffs added, of the meter's time and serial number", () => {
    expect(oneOf(reader, messageOf(telegramOf(lines("261130175930W"))))).to.deep.include({
      serial: "E0012",
      time: RECEIVED_AT - 30,
      importWh: 6_825n,
      exportWh: 2_445n,
    });
  });

  it("takes a serial number as it is where it is no text, and a CRC without its zeros", () => {
    const digits = telegramOf(lines("261130175930W").map((line) => line.replace("4530303132", "3960221976967177")));
    expect(oneOf(reader, messageOf(digits)).serial).to.equal("3960221976967177");
    const crcs = Array.from({ length: 200 }, (_, at) => telegramOf([...lines("261130175930W"), `0-0:96.7.9(${at})`]));
    const padded = crcs.find((text) => /!0[0-9A-F]{3}/.test(text)) ?? "";
    expect(oneOf(reader, messageOf(padded.replace("!0", "!"))).importWh).to.equal(6_825n);
  });

  it("takes the totals of meters that have no tariffs", () => {
    const totals = ["0-0:1.0.0(261130175930W)", "1-0:1.8.0(00010.000*kWh)", "1-0:2.8.0(00000.500*kWh)"];
    expect(oneOf(reader, messageOf(telegramOf(totals)))).to.deep.include({ importWh: 10_000n, exportWh: 500n });
  });

  it("tells both hours that come twice in autumn by their flag", () => {
    const summer = Date.UTC(2026, 9, 25, 0, 30) / 1000;
    expect(oneOf(reader, messageOf(telegramOf(lines("261025023000S")))).time).to.equal(summer);
    expect(oneOf(reader, messageOf(telegramOf(lines("261025023000W")))).time).to.equal(summer + 3600);
  });

  it("is refused with any one of its characters changed", () => {
    const text = telegramOf(lines("261130175930W"));
    fc.assert(
      fc.property(fc.nat(text.length - 8), fc.integer({ min: 32, max: 126 }), (at, code) => {
        const character = String.fromCharCode(code);
        fc.pre(text[at] !== character);
        const garbled = text.slice(0, at) + character + text.slice(at + 1);
        expect(refusalOf(() => reader.read(messageOf(garbled)))).to.match(/CRC|from \/ to !/);
      }),
    );
  });

  const faults: [string, string, RegExp][] = [
    ["another CRC", telegramOf(lines("261130175930W"), "0000"), /its CRC is 0000, that of its bytes/],
    ["no CRC, as before DSMR 4", telegramOf(lines("261130175930W"), ""), /has no CRC/],
    ["line ends that a gateway changed", telegramOf(lines("261130175930W")).replaceAll("\r", ""), /CRC.*line ends/],
    ["half a telegram", telegramOf(lines("261130175930W")).slice(0, 80), /from \/ to !/],
    ["summer time in winter", telegramOf(lines("261130175930S")), /not at summer time in Europe\/Amsterdam/],
    ["standard time in summer", telegramOf(lines("260730175930W")), /not at standard time/],
    ["the hour that is skipped", telegramOf(lines("260329023000W")), /does not exist/],
    ["1970, read as 2070", telegramOf(lines("700101000000W")), /ahead/],
    ["a month that is none", telegramOf(lines("261330175930W")), /is not a local time/],
    ["a time without its flag", telegramOf(lines("261130175930")), /0-0:1\.0\.0 is not a time/],
    ["no time", without("0-0:1.0.0"), /'' in 0-0:1\.0\.0 is not a time/],
    ["one tariff only", without("1-0:1.8.2"), /has no 1-0:1\.8\.2/],
    ["a register twice", changed("1-3:0.2.8", "1-0:1.8.1(000004.427*kWh)"), /1-0:1\.8\.1 is there twice/],
    ["a negative register", changed("1-0:1.8.1", "1-0:1.8.1(-00004.426*kWh)"), /out of range/],
    ["another unit", changed("1-0:1.8.1", "1-0:1.8.1(000004.426*m3)"), /'m3' is not a unit/],
  ];
  for (const [what, text, reason] of faults) {
    it(`refuses ${what}`, () => expect(refusalOf(() => reader.read(messageOf(text)))).to.match(reason));
  }

  it("refuses a long one", () => {
    expect(refusalOf(() => reader.read(messageOf(`/${" ".repeat(MAX_MESSAGE_BYTES)}!`)))).to.match(/has 65538 bytes/);
  });
});

describe("The configuration of a source", () => {
  it("is as docs/oracle.md has it", async () => {
    const page = await readFile("docs/oracle.md", "utf8");
    const examples = [...page.matchAll(/`(\{"source":.*?\})`/g)].map(([, text]) => JSON.parse(text ?? "") as object);
    const seen = examples.map((example) => {
      const file = fileSourceSchema.safeParse(example);
      return file.success ? file.data.source : readerOf(example, CONFIG) && messageSourceSchema.parse(example).source;
    });
    const all = [...messageSourceSchema.options, ...fileSourceSchema.options].map(({ shape }) => shape.source.value);
    expect(new Set(seen)).to.deep.equal(new Set(all));
  });

  const faults: [string, Record<string, unknown>, RegExp][] = [
    ["an unknown source", { source: "gas" }, /^oracle\.json: source: /],
    ["a field too many", { source: "sml", topic: TOPIC, serial: "x" }, /the source: .*serial/],
    ["a wildcard", { source: "sml", topic: "meters/+" }, /topic: is a topic without \+ and #/],
    ["a component that is no meter", { source: "shelly", prefix: "p", component: "switch:0" }, /component: /],
    ["no time zone", { source: "dsmr", topic: TOPIC }, /there is no time zone/],
    ["an unknown time zone", { source: "dsmr", topic: TOPIC, zone: "Europe/Nowhere" }, /is not a time zone/],
    ["an abbreviation as zone", { source: "tasmota", topic: TOPIC, zone: "CET" }, /'CET' is not a time zone/],
    ["another unit", { source: "tasmota", topic: TOPIC, unit: "m3" }, /unit: /],
  ];
  for (const [what, fields, reason] of faults) {
    it(`refuses ${what}`, () => expect(refusalOf(() => source(fields))).to.match(reason));
  }
});

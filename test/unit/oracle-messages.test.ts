import { readFile } from "node:fs/promises";

import { expect } from "chai";

import { fileSourceSchema, messageSourceSchema, readerOf } from "../../scripts/oracle/sources/index.js";
import { MAX_MESSAGE_BYTES, type MessageReader } from "../../scripts/oracle/sources/observation.js";
import { messageOf, oneOf, RECEIVED_AT, refusalOf, TOPIC } from "../utils/meter-messages.js";

const CONFIG = { file: "oracle.json" };
const PREFIX = "shellies/em-1";

function source(fields: Record<string, unknown>): MessageReader {
  return readerOf({ meter: "home-1", ...fields }, CONFIG);
}

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

describe("The configuration of a source", () => {
  it("is as docs/oracle.md has it", async () => {
    const page = await readFile("docs/oracle.md", "utf8");
    const examples = [...page.matchAll(/`(\{"(?:source|type)":.*?\})`/g)].map(
      ([, text]) => JSON.parse(text ?? "") as object,
    );
    const seen = examples.map((example) => {
      const file = fileSourceSchema.safeParse(example);
      return file.success ? file.data.format : readerOf(example, CONFIG) && messageSourceSchema.parse(example).source;
    });
    const messages = messageSourceSchema.options.map(({ shape }) => shape.source.value);
    const all = [...messages, ...fileSourceSchema.shape.format.options];
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

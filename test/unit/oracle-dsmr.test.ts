import { expect } from "chai";
import fc from "fast-check";

import { readerOf } from "../../scripts/oracle/sources/index.js";
import { MAX_MESSAGE_BYTES } from "../../scripts/oracle/sources/observation.js";
import { messageOf, oneOf, RECEIVED_AT, refusalOf, telegramOf, TOPIC } from "../utils/meter-messages.js";

describe("A DSMR P1 telegram", () => {
  const reader = readerOf(
    { source: "dsmr", meter: "home-1", topic: TOPIC, zone: "Europe/Amsterdam" },
    { file: "oracle.json" },
  );
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

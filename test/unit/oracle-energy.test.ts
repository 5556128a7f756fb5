import { expect } from "chai";
import fc from "fast-check";

import { CRC16_ARC, CRC16_X25, crc16 } from "../../scripts/oracle/sources/crc16.js";
import { MAX_REGISTER_WH, registerWh } from "../../scripts/oracle/sources/observation.js";
import { refusalOf, TOPIC } from "../utils/meter-messages.js";

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

import { expect } from "chai";
import fc from "fast-check";

import { CommonwattError } from "../../sdk/errors.js";
import {
  costDown,
  costUp,
  formatCredits,
  formatKwh,
  formatPrice,
  parseCredits,
  parseDecimal,
  parseKwh,
  parsePrice,
} from "../../sdk/units.js";

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof CommonwattError) return error.code;
    throw error;
  }
  return "nothing thrown";
}

describe("units", () => {
  it("reads decimals exactly, where floating point would not", () => {
    expect(parseCredits("0.1")).to.equal(100_000n);
    expect(parseCredits("0.000001")).to.equal(1n);
    expect(parseCredits("9007199254740993.000001")).to.equal(9_007_199_254_740_993_000_001n);
    expect(parseKwh("1.005")).to.equal(1_005n);
    expect(parsePrice("0.27")).to.equal(270_000n);
    expect(parseCredits(" 12 ")).to.equal(12_000_000n);
    expect(parseCredits("-0.5")).to.equal(-500_000n);
  });

  it("takes zeros beyond the unit, and refuses what is finer", () => {
    expect(parseCredits("1.50000000")).to.equal(1_500_000n);
    expect(codeOf(() => parseCredits("0.0000001"))).to.equal("UnitTooPrecise");
    expect(codeOf(() => parseKwh("0.0005"))).to.equal("UnitTooPrecise");
  });

  for (const text of ["", ".", "1.", ".5", "1e3", "1,5", "0x10", "NaN", "Infinity", "1.2.3", "--1", "+1", "1 000"]) {
    it(`refuses '${text}' as a number`, () => {
      expect(codeOf(() => parseCredits(text))).to.equal("UnitNotANumber");
    });
  }

  it("refuses a price that a contract can't hold", () => {
    expect(parsePrice("4294.967295")).to.equal(4_294_967_295n);
    expect(codeOf(() => parsePrice("4294.967296"))).to.equal("UnitOutOfRange");
    expect(codeOf(() => parsePrice("-0.1"))).to.equal("UnitOutOfRange");
  });

  it("writes the shortest decimal", () => {
    expect(formatCredits(0n)).to.equal("0");
    expect(formatCredits(12_500_000n)).to.equal("12.5");
    expect(formatCredits(-1n)).to.equal("-0.000001");
    expect(formatKwh(1_250n)).to.equal("1.25");
    expect(formatPrice(270_000n)).to.equal("0.27");
  });

  it("reads back what it wrote, for every value and scale", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), fc.constantFrom(3, 6), (value, decimals) => {
        const text = decimals === 6 ? formatCredits(value) : formatKwh(value);
        expect(parseDecimal(text, decimals, "units")).to.equal(value);
      }),
    );
  });

  it("rounds a payer's cost up and a payee's down, by less than one micro-credit", () => {
    expect(costUp(1n, 1n)).to.equal(1n);
    expect(costDown(1n, 999n)).to.equal(0n);
    expect(costUp(1_500n, 200_000n)).to.equal(300_000n);
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 26n), fc.bigInt(0n, 2n ** 32n), (wh, price) => {
        const exact = wh * price;
        expect(costDown(wh, price) * 1_000n <= exact && exact < (costDown(wh, price) + 1n) * 1_000n).to.equal(true);
        expect(costUp(wh, price) - costDown(wh, price)).to.equal(exact % 1_000n === 0n ? 0n : 1n);
      }),
    );
  });
});

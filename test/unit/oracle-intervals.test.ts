import { expect } from "chai";

import type { IntervalObservation } from "../../scripts/oracle/sources/index.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { energiesOf, imports, interval, rules, SLOT, type SlotEnergies } from "../utils/registers.js";

describe("Intervals to slots", () => {
  const slotsOfAll = (...observations: IntervalObservation[]): SlotEnergies =>
    energiesOf(observations, { isImportOnly: false });
  const estimated = { status: ReadingStatus.Estimated };

  it("add those that fill a slot, of the worst of their qualities", () => {
    const energies = slotsOfAll(interval(300, 600, 2, estimated), interval(0, 300, 1), interval(600, 900, 4));
    expect(energies.slots).to.deep.equal([
      { slot: SLOT, importWh: 7n, exportWh: 0n, status: ReadingStatus.Estimated, rule: "delivered", bridgedSeconds: 0 },
    ]);
  });

  it("are a gap where one is missing, or a direction", () => {
    const open = { exportWh: undefined };
    const energies = slotsOfAll(
      interval(0, 900, 1),
      interval(900, 1500, 1),
      interval(2700, 3600, 9, open),
      interval(3600, 4500, 2),
    );
    expect(imports(energies)).to.deep.equal([
      [0, 1],
      [4, 2],
    ]);
    expect(energies.gaps).to.deep.equal([
      { firstSlot: SLOT + 1n, slots: 3n, importWh: undefined, exportWh: undefined },
    ]);
  });

  it("are not split between slots", () => {
    expect(rules(slotsOfAll(interval(0, 1800, 10)))).to.deep.equal(["across-border"]);
    expect(rules(slotsOfAll(interval(600, 1200, 10)))).to.deep.equal(["across-border"]);
  });

  it("take the better of two values, bear the same twice, and refuse another as good", () => {
    for (const pair of [
      [interval(0, 900, 5), interval(0, 900, 3, estimated)],
      [interval(0, 900, 3, estimated), interval(0, 900, 5)],
    ]) {
      const energies = slotsOfAll(...pair);
      expect(imports(energies)).to.deep.equal([[0, 5]]);
      expect(rules(energies)).to.deep.equal(["duplicate"]);
    }
    expect(rules(slotsOfAll(interval(0, 900, 5), interval(0, 900, 5)))).to.be.empty;
    expect(rules(slotsOfAll(interval(0, 900, 5), interval(0, 900, 6)))).to.deep.equal(["duplicate"]);
    expect(rules(slotsOfAll(interval(0, 900, 5), interval(300, 600, 6)))).to.deep.equal(["duplicate"]);
  });

  it("know nothing of nothing", () => expect(slotsOfAll().gaps).to.be.empty);
});

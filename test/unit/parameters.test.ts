import { readFile } from "node:fs/promises";

import { expect } from "chai";

import { governanceParameters, marketParameters } from "../../deploy/parameters.js";

describe("deployment parameters", () => {
  for (const slotSeconds of [30, 900, 3_600]) {
    it(`of ${slotSeconds} s slots keep their dates in order, and their bond covers the worst`, async () => {
      const { slotLengthSeconds, rules, windows } = await marketParameters(slotSeconds);
      expect(slotLengthSeconds).to.equal(slotSeconds);
      const leads = [
        windows.opensBefore,
        windows.gateBefore,
        windows.feederBefore,
        windows.districtBefore,
        windows.cityBefore,
      ];
      expect(leads).to.deep.equal([...new Set(leads)].sort((one, two) => two - one));
      expect(rules.bondRate).to.be.at.least(Math.max(rules.retailCap, 4 * rules.edgeFeeCap) + rules.escalationRate);
    });

    it(`of ${slotSeconds} s slots are those of the table in the docs`, async () => {
      const { windows } = await marketParameters(slotSeconds);
      const rows = (await readFile("docs/parameters.md", "utf8")).split("\n").map((row) => row.split("|"));
      const column = rows
        .find((row) => row[1]?.includes("window"))
        ?.findIndex((cell) => cell.includes(`${slotSeconds} s`));
      for (const [name, seconds] of Object.entries(windows)) {
        const row = rows.find((cells) => cells[1]?.includes(`\`${name}\``));
        expect(row?.[column ?? -1]?.trim(), name).to.equal(`${seconds} s`);
      }
    });
  }

  it("of other lengths follow from the nearest: full windows from 900 s, scaled ones below", async () => {
    const full = await marketParameters(3_600);
    expect((await marketParameters(1_800)).windows).to.deep.equal(full.windows);
    const compressed = await marketParameters(30);
    const { windows } = await marketParameters(60);
    expect(windows.readingFor).to.equal(2 * compressed.windows.readingFor);
    expect(windows.opensBefore).to.equal(2 * compressed.windows.opensBefore);
  });

  it("with a dearer tariff raise the bond with the cap", async () => {
    const { rules } = await marketParameters(3_600, { retailCap: 2_500_000 });
    expect(rules.retailCap).to.equal(2_500_000);
    expect(rules.bondRate).to.equal(2_500_000 + rules.escalationRate);
  });

  for (const [name, slotSeconds] of [
    ["real", 900],
    ["compressed", 30],
  ] as const) {
    it(`of a ${name} network let the members decide within an emergency, and its accusers wait longer`, async () => {
      const { governorTimes, emergencySeconds, emergencyWaitSeconds } = await governanceParameters(slotSeconds);
      const blockSeconds = 2;
      const blocks = governorTimes.votingDelayBlocks + governorTimes.votingPeriodBlocks;
      expect(blocks * blockSeconds + governorTimes.timelockSeconds).to.be.below(emergencySeconds);
      expect(emergencySeconds).to.be.below(emergencyWaitSeconds);
    });

    it(`of a ${name} network's governance are those of the table in the docs`, async () => {
      const { governorTimes, ...emergency } = await governanceParameters(slotSeconds);
      const rows = (await readFile("docs/parameters.md", "utf8")).split("\n").map((row) => row.split("|"));
      const column = rows.find((row) => row[1]?.includes("parameter"))?.findIndex((cell) => cell.trim() === name);
      for (const [parameter, value] of Object.entries({ ...governorTimes, ...emergency })) {
        const row = rows.find((cells) => cells[1]?.includes(`\`${parameter}\``));
        const unit = parameter.endsWith("Blocks") ? "blocks" : "s";
        expect(row?.[column ?? -1]?.trim(), parameter).to.equal(`${value} ${unit}`);
      }
    });
  }
});

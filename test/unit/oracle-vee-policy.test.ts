import { readFile } from "node:fs/promises";

import { expect } from "chai";

import { BREAK_REASONS, REFUSAL_RULES } from "../../scripts/oracle/slot-energy.js";
import { POLICY_DEFAULTS, policySchema, SWITCHABLE_RULES, VALUE_RULES } from "../../scripts/oracle/vee/index.js";

describe("A meter's rules in the configuration", () => {
  it("have the defaults of the rules", () => {
    expect(policySchema.parse({})).to.deep.equal(POLICY_DEFAULTS);
  });

  it("are whole numbers of their units", () => {
    const rules = {
      rolloverWh: 1_000_000_000,
      stepWh: 100,
      isImportOnly: true,
      bridgeSeconds: 60,
      interpolateSeconds: 3_600,
      longestGapSeconds: 86_400,
      spikePercent: 20,
      driftSeconds: 60,
      sumToleranceWh: 0,
      sumTolerancePerMille: 1,
      off: ["own-profile"],
    };
    expect(policySchema.parse(rules)).to.deep.equal({
      ...rules,
      rolloverWh: 1_000_000_000n,
      stepWh: 100n,
      sumToleranceWh: 0n,
    });
  });

  const faults: [string, unknown, RegExp][] = [
    ["a name that is none", { bridgeSecond: 900 }, /bridgeSecond/],
    ["a rule that has no switch", { off: ["zero-register"] }, /off/],
    ["a fraction", { stepWh: 0.5 }, /stepWh/],
    ["a negative", { spikePercent: -1 }, /spikePercent/],
    ["a register beyond any", { rolloverWh: 1e308 }, /rolloverWh/],
    ["a rollover at 0", { rolloverWh: 0 }, /rolloverWh/],
    ["no tolerance for clocks at all", { driftSeconds: 0 }, /driftSeconds/],
    ["a bridge longer than what is interpolated", { bridgeSeconds: 7_201 }, /interpolateSeconds.*bridgeSeconds/s],
    ["interpolation beyond the longest gap", { longestGapSeconds: 3_600 }, /longestGapSeconds.*interpolateSeconds/s],
  ];
  for (const [what, rules, reason] of faults) {
    it(`refuse ${what}`, () => {
      expect(policySchema.safeParse(rules).error?.message ?? "accepted").to.match(reason);
    });
  }
});

describe("docs/oracle.md", () => {
  /** Names in the first column of the section's tables. */
  async function named(): Promise<Set<string>> {
    const doc = await readFile("docs/oracle.md", "utf8");
    const [, section = ""] = doc.split("### Validation, estimation, editing");
    const cells = [...section.matchAll(/^\| (`.*?) *\|/gm)].map(([, cell = ""]) => cell);
    return new Set(cells.flatMap((cell) => [...cell.matchAll(/`([\w-]+)`/g)].map(([, name = ""]) => name)));
  }

  it("has every rule with its source, and names none that is not", async () => {
    const rules = new Set<string>([...VALUE_RULES, ...REFUSAL_RULES, ...BREAK_REASONS, "rollover", "out-of-order"]);
    expect(await named()).to.deep.equal(rules);
  });

  it("says how to configure every option and which rules have a switch", async () => {
    const doc = await readFile("docs/oracle.md", "utf8");
    for (const option of Object.keys(policySchema.shape)) expect(doc).to.include(`\`${option}\``);
    const rows = doc.split("\n").filter((line) => /\| `[\w-]+`.*\|.*`off`/.test(line));
    const switched = new Set(rows.map((row) => (/`([\w-]+)`/.exec(row)?.[1] ?? "").replace("-to-sum", "")));
    expect(switched).to.deep.equal(new Set(SWITCHABLE_RULES));
  });
});

import { expect } from "chai";

import { measureLinkage, TOGETHER, type StrategyResult } from "../../scripts/linkage/index.js";
import { Simulation } from "../../scripts/simulate/run.js";
import { LINKABLE, UNLINKABLE } from "../../sdk/vault/index.js";
import { optionsOf } from "../utils/simulation.js";

const HOMES = 16;
/** What the attacker has no home of its own among. */
const OTHERS = HOMES - 3;
/** Times chance, for any of a dozen strategies over four tries: what chance passes once in some thousand runs. */
const BOUND = 3;

/** The month of 100 homes is `npm run bench -- linkage`; here one day, so that a leak doesn't wait for a benchmark. */
describe("an attacker with all that both chains show of a day", function () {
  this.timeout(300_000);
  let simulation: Simulation;

  before(async () => {
    simulation = new Simulation(optionsOf({ homes: HOMES, silence: 0.02 }));
    const quiet = (): void => undefined;
    await simulation.load();
    await simulation.open();
    await simulation.admit(quiet);
    await simulation.trade(quiet);
  });

  after(() => simulation.close());

  function hitsOf(results: readonly StrategyResult[], name: string): number {
    return results.find(({ strategy }) => strategy === name)?.hits ?? -1;
  }

  it("joins the accounts of all homes where nothing keeps them apart", async () => {
    const results = await measureLinkage(simulation.market, { seeds: [1], unlinkability: LINKABLE });
    expect(hitsOf(results, "order of admission")).to.equal(OTHERS);
    expect(hitsOf(results, TOGETHER)).to.equal(OTHERS);
  });

  it("joins no more than chance by any strategy, or by all of them together, where agents and registrar do as they should", async () => {
    const seeds = [1, 2, 3, 4];
    const results = await measureLinkage(simulation.market, { seeds, unlinkability: UNLINKABLE });
    expect(results.map(({ strategy }) => strategy)).to.include(TOGETHER);
    for (const { strategy, hits, of } of results) {
      expect(of).to.equal(seeds.length * OTHERS);
      expect(hits, strategy).to.be.below(BOUND * seeds.length + 1);
    }
  });
});

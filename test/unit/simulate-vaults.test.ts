import { expect } from "chai";

import { checkVaults, type Agents } from "../../scripts/agents/index.js";
import { InputError, type Neighbourhood } from "../../scripts/inputs/index.js";
import type { OpenNetwork } from "../../scripts/networks/index.js";
import type { SimulateOptions } from "../../scripts/simulate/options.js";
import type { HomeBill, SimulationResult } from "../../scripts/simulate/result.js";
import { SlotMap } from "../../scripts/simulate/schedule.js";
import { totalsText } from "../../scripts/simulate/table.js";
import { homeClock, rangeOf, startAgents } from "../../scripts/simulate/vaults.js";
import { UNLINKABLE } from "../../sdk/vault/index.js";
import { optionsOf } from "../utils/simulation.js";

const INPUTS = { firstSlot: 100, slotCount: 24, slotSeconds: 3_600, offsetSeconds: -28_800 } as Neighbourhood;

function start(
  options: SimulateOptions,
  { isVirtual, homes }: { isVirtual: boolean; homes: number },
): Promise<unknown> {
  const network = { clock: { isVirtual } } as OpenNetwork;
  const parts = { network, inputs: INPUTS, slots: new SlotMap(100, 100n), unlinkability: UNLINKABLE, now: () => 0n };
  return startAgents(options, { ...parts, homes: Array.from({ length: homes }) as never });
}

function textOf(vaults: SimulationResult["vaults"]): string {
  const empty = { homes: [], slots: [], slotSeconds: 3_600, auditChecks: 1, auditDifferences: 0, transactions: 0 };
  const money = { creditsIssuedMicro: 0n, creditsHeldMicro: 0n, gasUsed: 0n, seed: 1 };
  return totalsText({ ...empty, ...money, ...(vaults && { vaults }) } as unknown as SimulationResult);
}

describe("the vaults of a run", () => {
  it("are refused where the agents would write days after it", async () => {
    const refused = await start(optionsOf({ vaults: true, network: "local" }), { isVirtual: false, homes: 1 }).catch(
      (error: unknown) => error,
    );
    expect(refused).to.be.instanceOf(InputError);
    expect((refused as Error).message)
      .to.include("--vaults")
      .and.to.include("--network embedded");
  });

  it("are left out on a wall clock, above a hundred homes, and on request", async () => {
    const { vaults: _, ...unsaid } = optionsOf();
    expect(await start(unsaid, { isVirtual: false, homes: 1 })).to.equal(undefined);
    expect(await start(unsaid, { isVirtual: true, homes: 101 })).to.equal(undefined);
    expect(await start(optionsOf({ vaults: false }), { isVirtual: true, homes: 1 })).to.equal(undefined);
  });

  it("go by the homes' clock and the chain's slots", () => {
    const later = new SlotMap(100, 150n);
    expect(rangeOf(INPUTS, later)).to.deep.equal({ first: 150n, last: 173n });
    expect(homeClock(INPUTS, later)).to.equal(-28_800 - 50 * 3_600);
  });

  it("are missed where a home has none", async () => {
    const run = { homes: [{ home: "1" }] as HomeBill[], homeSlots: [], toChain: BigInt };
    const { differences } = await checkVaults({ agents: new Map() } as unknown as Agents, run);
    expect(differences).to.deep.equal(["home 1 has no vault"]);
  });

  it("are told of in the totals, with what differs", () => {
    const counts = { homes: 2, records: 8, versions: 10, bytes: 12_345 };
    expect(textOf({ ...counts, differences: [] })).to.include("8 records, 10 versions, 12 kB; every bill");
    expect(textOf({ ...counts, differences: ["bills of home 1"] }))
      .to.include("1 differences")
      .and.include("of home 1");
    expect(textOf(undefined)).to.include("No vaults");
  });
});

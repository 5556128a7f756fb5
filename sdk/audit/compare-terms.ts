/** Check C1 for what was decided before slots opened: the grid, holders, rules, windows and prices. */
import type { TransactionChain } from "../connect.js";
import { ask } from "../transact.js";
import { expectEqual, type AuditState } from "./state.js";
import { feederAt } from "./terms.js";

type At = { readonly blockTag: number };

const FEEDER_FIELDS = [
  "district",
  "city",
  "supplier",
  "gridOperator",
  "meteringOperator",
  "retail",
  "feedIn",
  "feederFee",
  "districtFee",
] as const;

/** Compares the terms at every slot at which something changes or that was settled. Differences are noted. */
export async function compareTerms(state: AuditState, chain: TransactionChain, at: At): Promise<void> {
  const { terms } = state;
  const { gridTopology, deviceRegistry, tariffs, marketCalendar } = chain.contracts;
  for (const slot of slotsThatMatter(state)) {
    for (const feeder of terms.parties.keys()) {
      const actual = await ask(() => tariffs.termsAt(feeder, slot, at));
      const expected = feederAt(terms, feeder, slot);
      if (expected === undefined) continue;
      for (const field of FEEDER_FIELDS) {
        const what = `${field} of feeder ${feeder} in slot ${slot}`;
        expectEqual(state, "C1", what, "Tariffs.termsAt", actual[field], expected[field]);
      }
    }
  }
  for (const [area, { level }] of terms.areas) {
    const actual = await ask(() => gridTopology.levelOf(area, at));
    expectEqual(state, "C1", `level of area ${area}`, "GridTopology.levelOf", actual, BigInt(level));
  }
  for (const [area, schedule] of terms.edges) {
    for (const { fromSlot, value } of schedule) {
      const { limited, capacityWh } = await ask(() => gridTopology.edgeCapacityAt(area, fromSlot, at));
      const what = `capacity of edge ${area} in slot ${fromSlot}`;
      expectEqual(state, "C1", what, "GridTopology.edgeCapacityAt", limited, value.limited);
      expectEqual(state, "C1", what, "GridTopology.edgeCapacityAt", capacityWh, value.capacityWh);
    }
  }
  for (const [meter, schedule] of terms.sites) {
    for (const { fromSlot, value } of schedule) {
      const { feeder, connectionWh } = await ask(() => gridTopology.siteAt(meter, fromSlot, at));
      const what = `site of meter ${meter} in slot ${fromSlot}`;
      expectEqual(state, "C1", what, "GridTopology.siteAt", feeder, value.feeder);
      expectEqual(state, "C1", what, "GridTopology.siteAt", connectionWh, value.connectionWh);
    }
  }
  for (const [meter, schedule] of terms.holders) {
    for (const { fromSlot, value } of schedule) {
      const holder = await ask(() => deviceRegistry.holderAt(meter, fromSlot, at));
      expectEqual(state, "C1", `holder of ${meter} in slot ${fromSlot}`, "DeviceRegistry.holderAt", holder, value);
    }
  }
  for (const [slot, seconds] of terms.postponed) {
    const { bySeconds } = await ask(() => marketCalendar.postponementOf(slot, at));
    expectEqual(state, "C1", `postponement of slot ${slot}`, "MarketCalendar.postponementOf", bySeconds, seconds);
  }
  await compareRules(state, chain, at);
}

async function compareRules(state: AuditState, { contracts }: TransactionChain, at: At): Promise<void> {
  const { rules, windows } = state.terms;
  for (const { fromSlot, value } of rules) {
    const actual = await ask(() => contracts.marketRules.rulesAt(fromSlot, at));
    for (const field of Object.keys(value) as (keyof typeof value)[]) {
      const what = `${field} in slot ${fromSlot}`;
      expectEqual(state, "C1", what, "MarketRules.rulesAt", actual[field], value[field]);
    }
  }
  for (const { fromSlot, value } of windows) {
    const actual = await ask(() => contracts.marketRules.windowsAt(fromSlot, at));
    for (const field of Object.keys(value) as (keyof typeof value)[]) {
      const what = `${field} in slot ${fromSlot}`;
      expectEqual(state, "C1", what, "MarketRules.windowsAt", actual[field], value[field]);
    }
  }
}

function slotsThatMatter({ terms, settled }: AuditState): Set<bigint> {
  const slots = new Set([...settled.values()].map(({ slot }) => slot));
  const schedules = [...terms.edges.values(), ...terms.parties.values(), ...terms.standingPrices.values(), terms.rules];
  for (const schedule of schedules) for (const { fromSlot } of schedule) slots.add(fromSlot);
  for (const key of terms.slotPrices.keys()) slots.add(BigInt(key.slice(key.lastIndexOf("/") + 1)));
  return slots;
}

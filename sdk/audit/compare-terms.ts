/** Check C1 for what was decided before slots opened: the grid, holders, rules, windows and prices. */
import { ZeroAddress } from "ethers";

import type { TransactionChain } from "../connect.js";
import { ask } from "../transact.js";
import { each } from "./each.js";
import { expectEqual, type AuditState } from "./state.js";
import { childrenAt, feederAt, valueAt } from "./terms.js";

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
  const { deviceRegistry, tariffs, marketCalendar } = chain.contracts;
  const feeders = [...terms.parties.keys()];
  const questions = [...slotsThatMatter(state)].flatMap((slot) => feeders.map((feeder) => [slot, feeder] as const));
  await each(questions, async ([slot, feeder]) => {
    const actual = await ask(() => tariffs.termsAt(feeder, slot, at));
    const expected = feederAt(terms, feeder, slot);
    if (expected === undefined) return;
    for (const field of FEEDER_FIELDS) {
      const what = `${field} of feeder ${feeder} in slot ${slot}`;
      expectEqual(state, "C1", what, "Tariffs.termsAt", actual[field], expected[field]);
    }
  });
  await compareGrid(state, chain, at);
  for (const [meter, schedule] of terms.holders) {
    for (const slot of turns(schedule)) {
      const holder = await ask(() => deviceRegistry.holderAt(meter, slot, at));
      const expected = valueAt(schedule, slot) ?? ZeroAddress;
      expectEqual(state, "C1", `holder of ${meter} in slot ${slot}`, "DeviceRegistry.holderAt", holder, expected);
    }
  }
  await each(new Set([...terms.postponed.keys(), ...settledSlots(state)]), async (slot) => {
    const { bySeconds } = await ask(() => marketCalendar.postponementOf(slot, at));
    const expected = terms.postponed.get(slot) ?? 0n;
    expectEqual(state, "C1", `postponement of slot ${slot}`, "MarketCalendar.postponementOf", bySeconds, expected);
  });
  await compareRules(state, chain, at);
}

const NO_PARTIES = { supplier: ZeroAddress, gridOperator: ZeroAddress, meteringOperator: ZeroAddress };

async function compareGrid(state: AuditState, { contracts }: TransactionChain, at: At): Promise<void> {
  const { terms } = state;
  const { gridTopology } = contracts;
  for (const [area, { level, parent, fromSlot }] of terms.areas) {
    const actual = await ask(() => gridTopology.levelOf(area, at));
    expectEqual(state, "C1", `level of area ${area}`, "GridTopology.levelOf", actual, BigInt(level));
    if (parent === 0n) continue;
    for (const slot of turns([{ fromSlot }])) {
      const children = await ask(() => gridTopology.childCountAt(parent, slot, at));
      const [what, expected] = [`areas below ${parent} in slot ${slot}`, childrenAt(terms, parent, slot).length];
      expectEqual(state, "C1", what, "GridTopology.childCountAt", children, BigInt(expected));
    }
  }
  for (const [area, schedule] of terms.edges) {
    for (const slot of turns(schedule)) {
      const { limited, capacityWh } = await ask(() => gridTopology.edgeCapacityAt(area, slot, at));
      const expected = valueAt(schedule, slot) ?? { limited: false, capacityWh: 0n };
      const what = `capacity of edge ${area} in slot ${slot}`;
      expectEqual(state, "C1", what, "GridTopology.edgeCapacityAt", limited, expected.limited);
      expectEqual(state, "C1", what, "GridTopology.edgeCapacityAt", capacityWh, expected.capacityWh);
    }
  }
  for (const [feeder, schedule] of terms.parties) {
    for (const slot of turns(schedule)) {
      const actual = await ask(() => gridTopology.partiesAt(feeder, slot, at));
      const expected = valueAt(schedule, slot) ?? NO_PARTIES;
      for (const role of ["supplier", "gridOperator", "meteringOperator"] as const) {
        const what = `${role} of feeder ${feeder} in slot ${slot}`;
        expectEqual(state, "C1", what, "GridTopology.partiesAt", actual[role], expected[role]);
      }
    }
  }
  for (const [meter, schedule] of terms.sites) {
    for (const slot of turns(schedule)) {
      const { feeder, connectionWh } = await ask(() => gridTopology.siteAt(meter, slot, at));
      const expected = valueAt(schedule, slot) ?? { feeder: 0n, connectionWh: 0n };
      const what = `site of meter ${meter} in slot ${slot}`;
      expectEqual(state, "C1", what, "GridTopology.siteAt", feeder, expected.feeder);
      expectEqual(state, "C1", what, "GridTopology.siteAt", connectionWh, expected.connectionWh);
    }
  }
}

async function compareRules(state: AuditState, { contracts }: TransactionChain, at: At): Promise<void> {
  const { rules, windows } = state.terms;
  const { marketRules } = contracts;
  await each(new Set([...turns(rules), ...turns(windows), ...settledSlots(state)]), async (slot) => {
    const actual = {
      rules: await ask(() => marketRules.rulesAt(slot, at)),
      windows: await ask(() => marketRules.windowsAt(slot, at)),
    };
    compareStruct(state, `in slot ${slot}`, "MarketRules.rulesAt", actual.rules, valueAt(rules, slot));
    compareStruct(state, `in slot ${slot}`, "MarketRules.windowsAt", actual.windows, valueAt(windows, slot));
  });
}

/** Before the first decision there is nothing to compare with, and the chain must have none either. */
function compareStruct<Struct extends object>(
  state: AuditState,
  when: string,
  where: string,
  actual: Struct & { readonly [index: number]: unknown },
  expected: Struct | undefined,
): void {
  if (expected === undefined) {
    const isEmpty = Array.from(actual as unknown as ArrayLike<unknown>).every((value) => value === 0n);
    expectEqual(state, "C1", `nothing was decided ${when}`, where, isEmpty, true);
    return;
  }
  for (const field of Object.keys(expected) as (keyof Struct & string)[]) {
    expectEqual(state, "C1", `${field} ${when}`, where, actual[field], expected[field]);
  }
}

/** The slots at which a schedule changes, and those right before. */
function turns(schedule: readonly { readonly fromSlot: bigint }[]): Set<bigint> {
  return new Set(schedule.flatMap(({ fromSlot }) => (fromSlot === 0n ? [0n] : [fromSlot - 1n, fromSlot])));
}

function settledSlots({ settled }: AuditState): Set<bigint> {
  return new Set([...settled.values()].map(({ slot }) => slot));
}

function slotsThatMatter(state: AuditState): Set<bigint> {
  const { terms } = state;
  const slots = settledSlots(state);
  const schedules = [...terms.edges.values(), ...terms.parties.values(), ...terms.standingPrices.values(), terms.rules];
  for (const schedule of schedules) for (const { fromSlot } of schedule) slots.add(fromSlot);
  for (const key of terms.slotPrices.keys()) slots.add(BigInt(key.slice(key.lastIndexOf("/") + 1)));
  return slots;
}

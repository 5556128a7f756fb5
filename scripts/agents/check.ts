/** What the homes' vaults hold after a run, read back through the vaults, and whether it is what was settled. */
import { BILL_SUMS, billIn, readingIn, type Content } from "../../sdk/vault/index.js";
import type { HomeBill, HomeSlot } from "../simulate/result.js";
import type { Agents } from "./agents.js";
import { ciphertextBytes } from "./stores.js";

export interface VaultSummary {
  readonly homes: number;
  readonly records: number;
  readonly versions: number;
  /** Of all versions' ciphertext. */
  readonly bytes: number;
  /** What differs from the settlement, one line each; empty when all is as it was settled. */
  readonly differences: readonly string[];
}

/** What the vaults are held to: the audited run. */
export interface SettledRun {
  readonly homes: readonly HomeBill[];
  readonly homeSlots: readonly HomeSlot[];
  /** The chain's slot of a slot of the data. */
  readonly toChain: (dataSlot: number) => bigint;
}

/** Opens every record of every home, and compares its bills and readings with the settlement. */
export async function checkVaults(agents: Agents, run: SettledRun): Promise<VaultSummary> {
  const differences: string[] = [];
  let [records, versions, bytes] = [0, 0, 0];
  for (const bill of run.homes) {
    const agent = agents.agents.get(bill.home);
    if (agent === undefined) {
      differences.push(`home ${bill.home} has no vault`);
      continue;
    }
    const contents = new Map<string, Content>();
    for (const [name, record] of agent.records) {
      const history = await agent.vault.history(record);
      records += 1;
      versions += history.length;
      for (const version of history) bytes += await ciphertextBytes(agents.stores, version);
      contents.set(name, await agent.vault.get(record));
    }
    differences.push(...billDifferences(bill, contents), ...readingDifferences(bill.home, run, contents));
  }
  return { homes: run.homes.length, records, versions, bytes, differences };
}

function billDifferences(settled: HomeBill, contents: ReadonlyMap<string, Content>): string[] {
  const bills = (contents.get("bills")?.slots ?? []).map(billIn);
  return BILL_SUMS.flatMap((field) => {
    const billed = bills.reduce((sum, bill) => sum + bill[field], 0n);
    if (billed === settled[field]) return [];
    return [`bills of home ${settled.home}: ${field} ${billed}, settled ${settled[field]}`];
  });
}

/** A slot that was settled without a reading has none in the vault either. */
function readingDifferences(
  home: string,
  { homeSlots, toChain }: SettledRun,
  contents: ReadonlyMap<string, Content>,
): string[] {
  const kept = [...contents].filter(([name]) => name.startsWith("readings")).flatMap(([, { slots }]) => slots);
  const readings = new Map(kept.map(readingIn).map((reading) => [reading.slot, reading]));
  return homeSlots.flatMap((settled) => {
    if (settled.home !== home || settled.status === "missing") return [];
    const reading = readings.get(toChain(settled.slot));
    if (reading?.importWh === settled.importWh && reading.exportWh === settled.exportWh) return [];
    return [`readings of home ${home}: slot ${toChain(settled.slot)} is not as it was settled`];
  });
}

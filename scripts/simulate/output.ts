/** The files of a run: written whole or not at all. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { writeFileAtOnce } from "../../sdk/node/deployments.js";
import { writeGrid } from "../grid/index.js";
import { InputError } from "../inputs/index.js";
import { sum } from "./bills.js";
import { settlementsCsv } from "./csv.js";
import type { Plan } from "./plan.js";
import { reportPage } from "./report/page.js";
import type { HomeBill, SimulationResult } from "./result.js";

const READABLE = 0o644;

/** Makes sure that the folder can be written to, before a long run. */
export async function prepareFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw new InputError({ file: `--out ${folder}` }, "the folder can't be made", "Name one that you may write to.", {
      cause,
    });
  }
}

/** Writes `settlements.csv`, `report.html` and, when it was drawn, `grid.json`; returns their paths. */
export async function writeResults(folder: string, plan: Plan, result: SimulationResult): Promise<string[]> {
  const settlements = join(folder, "settlements.csv");
  const report = join(folder, "report.html");
  const grid = join(folder, "grid.json");
  await writeFileAtOnce(
    settlements,
    settlementsCsv(result.homeSlots, (slot) => plan.inputs.startText(slot)),
    READABLE,
  );
  await writeFileAtOnce(report, reportPage(result), READABLE);
  if (plan.isGridDrawn) await writeGrid(grid, plan.grid);
  return plan.isGridDrawn ? [settlements, report, grid] : [settlements, report];
}

/** The line of `--json`. Money in micro-credits, energy in Wh; what a JSON number can't hold exactly is a string. */
export function jsonLine(result: SimulationResult): string {
  const total = (of: (home: HomeBill) => bigint): bigint => sum(result.homes.map(of));
  return JSON.stringify(
    {
      homes: result.homes.length,
      slots: result.slots.length,
      importWh: total((home) => home.importWh),
      exportWh: total((home) => home.exportWh),
      communityWh: total((home) => home.communityBoughtWh),
      gridImportWh: total((home) => home.gridImportWh),
      gridExportWh: total((home) => home.gridExportWh),
      creditsIssuedMicro: result.creditsIssuedMicro,
      creditsHeldMicro: result.creditsHeldMicro,
      auditDifferences: result.auditDifferences,
      auditChecks: result.auditChecks,
      transactions: result.transactions,
      gasUsed: result.gasUsed,
      accountants: result.accounting.accountants,
      ...(result.vaults === undefined ? {} : { vaults: result.vaults }),
      seed: result.seed,
    },
    (_, value: unknown) => (typeof value === "bigint" ? jsonInteger(value) : value),
  );
}

function jsonInteger(value: bigint): number | string {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();
}

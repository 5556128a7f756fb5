/** The files of a run: written whole or not at all. */
import { mkdir, mkdtemp, rmdir, stat } from "node:fs/promises";
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

const FILES = { settlements: "settlements.csv", report: "report.html", grid: "grid.json" };

/** Makes sure that the results can be written to the folder, before a long run; leaves nothing in it. */
export async function prepareFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await rmdir(await mkdtemp(join(folder, ".probe-"))); // rights alone do not tell: file systems can be read-only
  } catch (cause) {
    throw cannotWrite(folder, cause);
  }
  for (const name of Object.values(FILES)) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found?.isDirectory() === true) throw cannotWrite(folder, new Error(`${name} is a folder there`));
  }
}

/** Writes `settlements.csv`, `report.html` and, when it was drawn, `grid.json`; returns their paths. */
export async function writeResults(folder: string, plan: Plan, result: SimulationResult): Promise<string[]> {
  const settlements = join(folder, FILES.settlements);
  const report = join(folder, FILES.report);
  const grid = join(folder, FILES.grid);
  const csv = settlementsCsv(result.homeSlots, (slot) => plan.inputs.startText(slot));
  const page = reportPage(result);
  try {
    await writeFileAtOnce(settlements, csv, READABLE);
    await writeFileAtOnce(report, page, READABLE);
    if (plan.isGridDrawn) await writeGrid(grid, plan.grid);
  } catch (cause) {
    throw cannotWrite(folder, cause); // a disk that is full by now
  }
  return plan.isGridDrawn ? [settlements, report, grid] : [settlements, report];
}

function cannotWrite(folder: string, cause: unknown): InputError {
  const problem = `the results can't be written there (${(cause as Error).message})`;
  return new InputError({ file: `--out ${folder}` }, problem, "Name a folder that you may write to, with room in it.", {
    cause,
  });
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

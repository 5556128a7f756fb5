/** Runs every gas scenario on a chain of its own, and compares what they used with the committed figures. */
import hre from "hardhat";

import type { GasScenario, GasScenarios } from "./scenario.js";

/** Gas used, by scenario, in the order of the names. */
export type GasFigures = Readonly<Record<string, number>>;

const GENESIS_TIME = "2026-01-01T00:00:00Z";

async function measure(scenario: GasScenario): Promise<number> {
  const connection = await hre.network.create({
    network: "embeddedTransaction",
    override: { initialDate: GENESIS_TIME },
  });
  try {
    return Number((await scenario(connection)).gasUsed);
  } finally {
    await connection.close();
  }
}

export async function measureAll(scenarios: GasScenarios): Promise<GasFigures> {
  const figures: Record<string, number> = {};
  for (const [name, scenario] of Object.entries(scenarios).sort(([a], [b]) => (a < b ? -1 : 1))) {
    figures[name] = await measure(scenario);
  }
  return figures;
}

/** One line per scenario whose gas is not the committed one; empty when all agree. */
export function differences(committed: GasFigures, measured: GasFigures): string[] {
  const names = [...new Set([...Object.keys(committed), ...Object.keys(measured)])].sort();
  return names.flatMap((name) => {
    const before = committed[name];
    const after = measured[name];
    if (before === after) return [];
    if (before === undefined) return [`${name}: new, ${String(after)}`];
    if (after === undefined) return [`${name}: gone, was ${before}`];
    const percent = ((after / before - 1) * 100).toFixed(1);
    return [`${name}: ${before} -> ${after} (${after > before ? "+" : ""}${percent} %)`];
  });
}

/** What tests of the whole run share: input files, a run with the chain's state before and after. No side effects. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { parse } from "csv-parse/sync";

import { creditsOf } from "../../sdk/actions/credits.js";
import { escrowAccountOf } from "../../sdk/actions/escrow.js";
import { settlementsCsv } from "../../scripts/simulate/csv.js";
import type { StartMetering } from "../../scripts/simulate/metering.js";
import { simulateCommand, type SimulateOptions } from "../../scripts/simulate/options.js";
import type { Plan } from "../../scripts/simulate/plan.js";
import type { SimulationResult } from "../../scripts/simulate/result.js";
import { Simulation } from "../../scripts/simulate/run.js";

/** The options of `npm start`, as its command line would give them, without vaults. */
export function optionsOf(changes: Partial<SimulateOptions> = {}): SimulateOptions {
  return {
    ...simulateCommand().parse([], { from: "user" }).opts<SimulateOptions>(),
    seed: 1,
    vaults: false,
    ...changes,
  };
}

/** A finished run, with each home's credits (escrow and purse) before its first order and after the last final date. */
export interface FinishedRun {
  readonly plan: Plan;
  readonly result: SimulationResult;
  readonly csv: string;
  readonly before: ReadonlyMap<string, bigint>;
  readonly after: ReadonlyMap<string, bigint>;
  /** Escrow accounts of homes that owe or hold something at the end. */
  readonly unfinished: readonly string[];
}

/** Runs all steps of `npm start` in this process. */
export async function runSimulation(options: SimulateOptions, startMetering?: StartMetering): Promise<FinishedRun> {
  const simulation = new Simulation(options, startMetering);
  const quiet = (): void => undefined;
  try {
    await simulation.load();
    await simulation.open();
    await simulation.admit(quiet);
    const before = await creditsOfHomes(simulation);
    await simulation.trade(quiet);
    const after = await creditsOfHomes(simulation);
    const unfinished = await unfinishedHomes(simulation);
    const { plan, result } = await simulation.audit(quiet);
    const csv = settlementsCsv(result.homeSlots, (slot) => plan.inputs.startText(slot));
    return { plan, result, csv, before, after, unfinished };
  } finally {
    await simulation.close();
  }
}

async function creditsOfHomes(simulation: Simulation): Promise<Map<string, bigint>> {
  const { network, neighbourhood } = embeddedOf(simulation);
  const credits = new Map<string, bigint>();
  for (const { home, chain } of neighbourhood.homes) {
    const { address } = chain.signer;
    const { balanceMicro } = await escrowAccountOf(network.transaction, address);
    credits.set(home, balanceMicro + (await creditsOf(network.transaction, address)));
  }
  return credits;
}

async function unfinishedHomes(simulation: Simulation): Promise<string[]> {
  const { network, neighbourhood } = embeddedOf(simulation);
  const homes: string[] = [];
  for (const { home, chain } of neighbourhood.homes) {
    const account = await escrowAccountOf(network.transaction, chain.signer.address);
    if (account.lockedMicro + account.heldMicro + account.arrearsMicro > 0n) homes.push(home);
  }
  return homes;
}

function embeddedOf(simulation: Simulation): NonNullable<Simulation["embedded"]> {
  const { embedded } = simulation;
  if (embedded === undefined) throw new Error("the run is not on the embedded network");
  return embedded;
}

/** A row of settlements.csv; every cell as it stands in the file. */
export type CsvCells = Readonly<Record<string, string>>;

export function parseSettlements(csv: string): CsvCells[] {
  return parse(csv, { columns: true });
}

/** What a made-up readings file holds. */
export interface ReadingsFixture {
  readonly homes: readonly string[];
  readonly slotSeconds: number;
  readonly days: number;
  /** Local date of the first day. */
  readonly from?: string;
  /** Rows left out: the meter was silent. */
  readonly isSilent?: (home: number, index: number) => boolean;
}

const DAY_SECONDS = 86_400;
const FROM = "2024-03-04";

/** Local times of a fixture's slots. */
export function fixtureTimes({ slotSeconds, days, from = FROM }: Omit<ReadingsFixture, "homes">): string[] {
  const start = Date.parse(`${from}T00:00Z`);
  return Array.from({ length: (days * DAY_SECONDS) / slotSeconds }, (_, index) =>
    new Date(start + index * slotSeconds * 1000).toISOString().slice(0, 16),
  );
}

/**
 * Writes a readings file: homes with an even number have more sun than they use by day, the others less; all deviate
 * from day to day, so that forecasts miss.
 */
export async function writeReadings(folder: string, fixture: ReadingsFixture): Promise<string> {
  const rows = fixtureTimes(fixture).flatMap((time, index) =>
    fixture.homes.map((home, number) => {
      if (fixture.isSilent?.(number, index) === true) return [];
      return [[time, quoted(home), ...valuesOf(fixture, number, index)].join(",")];
    }),
  );
  const file = join(folder, `readings-${fixture.slotSeconds}-${fixture.days}-${fixture.homes.length}.csv`);
  await writeFile(file, `${["interval_start,home,load_wh,solar_wh", ...rows.flat()].join("\n")}\n`);
  return file;
}

function valuesOf({ slotSeconds }: ReadingsFixture, home: number, index: number): [load: number, solar: number] {
  const hours = slotSeconds / 3600;
  const hour = ((index * slotSeconds) % DAY_SECONDS) / 3600;
  const jitter = (home * 37 + index * 101) % 60;
  const sun = Math.max(0, Math.sin(((hour + hours / 2 - 6) * Math.PI) / 12));
  const peak = home % 2 === 0 ? 3000 : 700;
  return [Math.round((600 + 5 * jitter + 40 * home) * hours), Math.round((peak + 20 * jitter) * sun * hours)];
}

function quoted(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Writes a tariff file over the fixture's days, with a feed-in column when `feedIn` is given. USD per kWh. */
export async function writeTariff(
  folder: string,
  fixture: Omit<ReadingsFixture, "homes" | "slotSeconds">,
  { retail = "0.31", feedIn }: { readonly retail?: string; readonly feedIn?: string } = {},
): Promise<string> {
  const header = `interval_start,retail_usd_per_kwh${feedIn === undefined ? "" : ",feed_in_usd_per_kwh"}`;
  const times = fixtureTimes({ ...fixture, slotSeconds: 21_600 });
  const rows = times.map((time) => [time, retail, ...(feedIn === undefined ? [] : [feedIn])].join(","));
  const file = join(folder, `tariff-${fixture.days}-${feedIn ?? "none"}.csv`);
  await writeFile(file, `${[header, ...rows].join("\n")}\n`);
  return file;
}

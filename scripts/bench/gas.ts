/** Gas per home and slot, all included: a day of homes on one feeder, from the receipts of the run's own transactions. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { connectionOf, writeGrid, type Grid } from "../grid/index.js";
import type { SimulatedChain } from "../networks/simulated.js";
import { simulateCommand, type SimulateOptions } from "../simulate/options.js";
import { loadInputs } from "../simulate/plan.js";
import { Simulation } from "../simulate/run.js";
import { directMeters } from "./direct-meters.js";
import { chosenLines, floorLines, sumOf } from "./floor.js";
import { tableText, verdict, whole, type BenchOptions, type Figures } from "./report.js";
import { CAUSES, gasByCause } from "./trace.js";
import { transactionsOf, type SentTransaction } from "../market/transactions.js";

const GOAL = 60_000;
const NEXT_GOAL = 30_000;

/** The steps of a slot's life, and the functions that their transactions begin with (scripts/market/transactions.ts). */
const STEPS: readonly (readonly [name: string, ...calls: string[]])[] = [
  ["relay", "EnergyMarket.relay"],
  ["clearFeeder", "Clearing.clearFeeder"],
  ["clearParent", "Clearing.clearParent"],
  ["close", "Clearing.close"],
  ["read", "MeterLedger.submit"],
  ["settle", "Settlement.settle", "Settlement.settleRest"],
  ["finalize", "Settlement.finalize", "Settlement.finalizeRest"],
];
const SLOTS = 24;

export async function benchGas(options: BenchOptions): Promise<Figures> {
  options.print(`Trading a day of ${options.homes} homes on one feeder...`);
  const figures = await tradeDay(options, {}, (sent, chain) => report(options, sent, chain));
  options.print("The same day, each slot closed, read, settled and finalized by itself...");
  const alone = await tradeDay(options, { batchSlots: 1 }, (sent) => Promise.resolve(totalOf(stepsOf(sent, options))));
  options.print(`Each slot by itself: ${whole(alone)} gas per home and slot.`);
  return { ...figures, gasPerHomeSlotAlone: Math.round(alone) };
}

/** Trades a day, and hands on what was sent while the chain is still there. */
async function tradeDay<Result>(
  options: BenchOptions,
  changes: Partial<SimulateOptions>,
  use: (sent: readonly SentTransaction[], chain: SimulatedChain) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "commonwatt-bench-"));
  const settings = { ...optionsOf(options, join(folder, "grid.json")), ...changes };
  const simulation = new Simulation(settings, directMeters);
  try {
    await writeGrid(join(folder, "grid.json"), await oneFeeder(settings));
    await simulation.load();
    await simulation.open();
    await simulation.admit(() => undefined);
    const { network } = embeddedOf(simulation);
    const { provider } = network.transaction;
    const firstBlock = (await provider.getBlockNumber()) + 1;
    await simulation.trade(() => undefined);
    const sent = await transactionsOf(network.transaction, firstBlock, await provider.getBlockNumber());
    return await use(sent, network.chains.transaction);
  } finally {
    await simulation.close();
    await rm(folder, { recursive: true });
  }
}

interface StepGas {
  readonly name: string;
  readonly sent: readonly SentTransaction[];
  /** Per home and slot. */
  readonly gas: number;
}

function stepsOf(all: readonly SentTransaction[], { homes }: BenchOptions): StepGas[] {
  return STEPS.map(([name, ...calls]) => {
    const sent = all.filter(({ call }) => calls.includes(call));
    return { name, sent, gas: sent.reduce((sum, { gasUsed }) => sum + gasUsed, 0) / homes / SLOTS };
  });
}

function totalOf(steps: readonly StepGas[]): number {
  return steps.reduce((sum, { gas }) => sum + gas, 0);
}

async function report(
  options: BenchOptions,
  all: readonly SentTransaction[],
  { connection }: SimulatedChain,
): Promise<Figures> {
  const { homes, print } = options;
  const steps = stepsOf(all, options);
  const total = totalOf(steps);
  print(
    tableText(
      `Gas per home and slot: ${homes} homes on one feeder, ${SLOTS} slots of an hour, first day of fresh accounts`,
      ["step", "transactions", "largest", "gas per home and slot"],
      [
        ...steps.map(({ name, sent, gas }) => [
          name,
          whole(sent.length),
          whole(largest(sent)?.gasUsed ?? 0),
          whole(gas),
        ]),
        ["all", "", "", whole(total)],
      ],
    ),
  );
  const causes = await Promise.all(
    steps.map(async ({ name, sent, gas }) => {
      const sample = smallest(sent);
      return sample === undefined ? [] : [name, ...(await shares(connection, sample, gas))];
    }),
  );
  print(
    tableText(
      "Where it goes (by the trace of each step's smallest transaction)",
      ["step", ...CAUSES.map(([, title]) => title)],
      causes,
    ),
  );
  const floor = floorLines(
    homes,
    SLOTS,
    steps.reduce((sum, { sent }) => sum + sent.length, 0),
  );
  const chosen = chosenLines(SLOTS);
  const lines = [...floor, { what: "floor of any design", gas: sumOf(floor) }, ...chosen];
  print(
    tableText(
      "The floor (scripts/bench/floor.ts has the model)",
      ["what", "gas per home and slot"],
      [
        ...lines.map(({ what, gas }) => [what, whole(gas)]),
        ["floor with what this design stores", whole(sumOf(floor) + sumOf(chosen))],
      ],
    ),
  );
  print(
    `Goal: ${whole(GOAL)} gas: ${verdict(total, GOAL)}. Next goal: ${whole(NEXT_GOAL)}: ${verdict(total, NEXT_GOAL)}.`,
  );
  return {
    gasPerHomeSlot: Math.round(total),
    ...Object.fromEntries(steps.map(({ name, gas }) => [`${name}GasPerHomeSlot`, Math.round(gas)])),
    floorGasPerHomeSlot: Math.round(sumOf(floor)),
    designFloorGasPerHomeSlot: Math.round(sumOf(floor) + sumOf(chosen)),
  };
}

/** A step's gas per home and slot, divided as its sample's is. */
async function shares(
  connection: SimulatedChain["connection"],
  sample: SentTransaction,
  gas: number,
): Promise<string[]> {
  const causes = await gasByCause(connection, sample);
  return CAUSES.map(([cause]) => whole((causes[cause] / sample.gasUsed) * gas));
}

function largest(sent: readonly SentTransaction[]): SentTransaction | undefined {
  return sent.toSorted((a, b) => b.gasUsed - a.gasUsed)[0];
}

/** Traces of the largest would not fit into memory. */
function smallest(sent: readonly SentTransaction[]): SentTransaction | undefined {
  return sent.toSorted((a, b) => a.gasUsed - b.gasUsed)[0];
}

function optionsOf({ homes, seed }: BenchOptions, grid: string): SimulateOptions {
  const defaults = simulateCommand().parse([], { from: "user" }).opts<SimulateOptions>();
  return { ...defaults, homes, seed, grid };
}

/** All homes on one feeder, with the fees of a usual one. */
async function oneFeeder({ grid: _, ...options }: SimulateOptions): Promise<Grid> {
  const { inputs, grid } = await loadInputs(options);
  const [district] = grid.cities[0]?.districts ?? [];
  const [feeder] = district?.feeders ?? [];
  if (district === undefined || feeder === undefined) throw new Error("the drawn grid has no feeder");
  const homes = inputs.homes.map((home) => ({ home: home.id, connectionWh: connectionOf(home, inputs.slotSeconds) }));
  const feeders = [{ ...feeder, homes }];
  return { ...grid, cities: [{ name: "Bench", districts: [{ ...district, feeders }] }] };
}

function embeddedOf(simulation: Simulation): NonNullable<Simulation["embedded"]> {
  const { embedded } = simulation;
  if (embedded === undefined) throw new Error("the benchmark runs on the embedded network");
  return embedded;
}

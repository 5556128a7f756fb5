/** Gas per home and slot, all included: a day of homes on one feeder, from the receipts of the run's own transactions. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { id, MaxUint256 } from "ethers";

import { issueCredits } from "../../sdk/actions/credits.js";
import { depositWithPermit } from "../../sdk/actions/escrow.js";
import { READING_SLOTS } from "../../sdk/bounds.js";
import { withSigner } from "../../sdk/connect.js";
import { connectionOf, writeGrid, type Grid } from "../grid/index.js";
import type { SigningChain } from "../neighbourhood.js";
import type { SimulatedChain } from "../networks/simulated.js";
import { simulateCommand, type SimulateOptions } from "../simulate/options.js";
import { loadInputs } from "../simulate/plan.js";
import { Simulation } from "../simulate/run.js";
import { directMeters } from "./direct-meters.js";
import { chosenLines, floorLines, sumOf, type Day } from "./floor.js";
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

/** What the days are called, and what their figures end with. So much later, slots use words of readings and orders again. */
const DAYS = {
  first: { title: "first day of fresh accounts", suffix: "" },
  steady: { title: `a day ${whole(READING_SLOTS)} slots later, on words used before`, suffix: "Steady" },
} satisfies Record<Day, unknown>;

export async function benchGas(options: BenchOptions): Promise<Figures> {
  const { homes, print } = options;
  print(`Trading a day of ${homes} homes on one feeder, and a day ${READING_SLOTS} slots later, on the same words...`);
  const figures = await onChain(options, {}, async (simulation) => {
    const { chains } = embeddedOf(simulation).network;
    const first = await report(options, "first", await tradeDay(simulation), chains.transaction);
    await depositAgain(simulation);
    const steady = await report(options, "steady", await tradeDay(simulation, READING_SLOTS), chains.transaction);
    return { ...first, ...steady };
  });
  print("The first day again, each slot closed, read, settled and finalized by itself...");
  const alone = await onChain(options, { batchSlots: 1 }, async (simulation) =>
    totalOf(stepsOf(await tradeDay(simulation), options)),
  );
  print(`Each slot by itself: ${whole(alone)} gas per home and slot.`);
  return { ...figures, gasPerHomeSlotAlone: Math.round(alone) };
}

/** Admits the homes, and hands the simulation on while its chain is there. */
async function onChain<Result>(
  options: BenchOptions,
  changes: Partial<SimulateOptions>,
  use: (simulation: Simulation) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "commonwatt-bench-"));
  const settings = { ...optionsOf(options, join(folder, "grid.json")), ...changes };
  const simulation = new Simulation(settings, directMeters);
  try {
    await writeGrid(join(folder, "grid.json"), await oneFeeder(settings));
    await simulation.load();
    await simulation.open();
    await simulation.admit(() => undefined);
    return await use(simulation);
  } finally {
    await simulation.close();
    await rm(folder, { recursive: true });
  }
}

/** Trades the day, or the same day so many slots later, and returns what was sent for it. */
async function tradeDay(simulation: Simulation, later = 0): Promise<SentTransaction[]> {
  const { transaction } = embeddedOf(simulation).network;
  const firstBlock = (await transaction.provider.getBlockNumber()) + 1;
  await simulation.trade(() => undefined, later);
  return transactionsOf(transaction, firstBlock, await transaction.provider.getBlockNumber());
}

/** Everyone pays in for another day what was paid in for the first. */
async function depositAgain(simulation: Simulation): Promise<void> {
  const { network, neighbourhood } = embeddedOf(simulation);
  const issuer = withSigner(network.transaction, network.operators.transaction.issuer);
  const pay = async (chain: SigningChain, amountMicro: bigint): Promise<void> => {
    const to = chain.signer.address;
    await issueCredits(issuer, { to, amountMicro, paymentReference: id(`second payment/${to}`) });
    await depositWithPermit(chain, { amountMicro, deadline: MaxUint256 });
  };
  for (const { home, chain } of neighbourhood.homes) await pay(chain, simulation.deposits.get(home) ?? 0n);
  for (const { supplier } of neighbourhood.feeders) await pay(supplier, simulation.supplierDepositMicro);
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
  day: Day,
  all: readonly SentTransaction[],
  { connection }: SimulatedChain,
): Promise<Figures> {
  const { homes, print } = options;
  const steps = stepsOf(all, options);
  const total = totalOf(steps);
  const { title, suffix } = DAYS[day];
  print(
    tableText(
      `Gas per home and slot: ${homes} homes on one feeder, ${SLOTS} slots of an hour, ${title}`,
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
    steps.flatMap(({ name, sent, gas }) => {
      const sample = smallest(sent);
      return sample === undefined ? [] : [shares(connection, sample, gas).then((parts) => [name, ...parts])];
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
    day,
  );
  const chosen = chosenLines(SLOTS, day);
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
    `${whole(total)} gas on the ${day} day. Goal of ${whole(GOAL)}: ${verdict(total, GOAL)}; next goal, ${whole(NEXT_GOAL)}: ${verdict(total, NEXT_GOAL)}.`,
  );
  const figures = [
    ["gas", total],
    ...steps.map(({ name, gas }) => [`${name}Gas`, gas] as const),
    ["floorGas", sumOf(floor)],
    ["designFloorGas", sumOf(floor) + sumOf(chosen)],
  ] as const;
  return Object.fromEntries(figures.map(([name, gas]) => [`${name}PerHomeSlot${suffix}`, Math.round(gas)]));
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

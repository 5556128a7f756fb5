/**
 * `npm run bench:besu`: what a federation of real Besu nodes on this machine takes, as ratios to its own plain transfers in
 * the same run; how soon it recovers from a failure; what its set costs to ask; its disk. Exit codes: 0, 1 a bug, 2 no Besu
 * here or bad input.
 */
import { Argument, Command, InvalidArgumentError } from "commander";

import "../fast-keccak.js";
import { conditions, tableText, whole, type Figures } from "../bench/report.js";
import { InputError } from "../inputs/error.js";
import { BLOCK_GAS_LIMIT } from "../network/genesis/genesis-file.js";
import { findBesu, BESU_VARIABLE } from "../network/engine/process-engine.js";
import { runCommandLine } from "../run.js";
import { benchFailure, standBy } from "./failure.js";
import { MeasuredFederation } from "./federation.js";
import { benchRates, type Rates } from "./rates.js";
import { benchValidators } from "./validators.js";

const PARTS = ["validators", "rates", "failure"] as const;
type Part = (typeof PARTS)[number];

interface Options {
  readonly homes: number;
  readonly slots: number;
  readonly transfers: number;
  readonly gasLimits: readonly number[];
  readonly basePort: number;
  readonly seed: number;
  readonly json: boolean;
}

const MEGA = 1_000_000;
/** Of the node that is asked for 101 seats: behind the federation's. */
const PORTS_OF_FEDERATION = 90;
const print = (text: string): void => console.log(text);

async function main(named: readonly Part[], options: Options): Promise<void> {
  const besu = await findBesu(process.env);
  if (besu === undefined) {
    const advice = `Install Besu 26.4 or later and put besu on PATH, or name its launcher in ${BESU_VARIABLE} (docs/operations.md); containers are not measured`;
    throw new InputError(
      { file: "bench:besu" },
      "there is no Besu here, and nothing else is measured in its place",
      advice,
    );
  }
  const parts = named.length === 0 ? PARTS : named;
  const where = conditions();
  print(
    `${where.date}, ${where.cpu}, ${where.cores} cores, load ${where.load}, Node ${where.node}, seed ${options.seed}, ${besu}`,
  );
  let figures: Figures = {};
  if (parts.includes("validators")) {
    figures = { ...(await benchValidators({ besu, basePort: options.basePort + PORTS_OF_FEDERATION, print })) };
  }
  if (parts.includes("rates") || parts.includes("failure")) {
    figures = { ...figures, ...(await onFederations(parts, options)) };
  }
  if (options.json) print(JSON.stringify({ ...where, seed: options.seed, ...figures }));
}

/**
 * The failure is measured on a federation without a market, whose credits would outweigh the accountants' ballots; then
 * a federation for each block gas limit. The figures are those of the first limit.
 */
async function onFederations(parts: readonly Part[], options: Options): Promise<Figures> {
  const runs: { gasLimit: number; rates: Rates }[] = [];
  let figures: Figures = {};
  if (parts.includes("failure")) {
    const [gasLimit = BLOCK_GAS_LIMIT] = options.gasLimits;
    figures = await onFederation(gasLimit, options, async (federation) => {
      await standBy(federation);
      return benchFailure(federation, print);
    });
  }
  for (const gasLimit of parts.includes("rates") ? options.gasLimits : []) {
    const rates = await onFederation(gasLimit, options, (federation) => benchRates(federation, { ...options, print }));
    if (runs.length === 0) figures = { ...figures, ...rates.figures };
    runs.push({ gasLimit, rates });
  }
  if (runs.length > 1) print(limitsText(runs));
  const byLimit = runs.flatMap(({ gasLimit, rates }) =>
    [rates.plain, ...rates.loads].map(({ name, blockSeconds }) => {
      return [`besu${gasLimit / MEGA}Mgas ${name} block seconds`, Math.round(blockSeconds * 100) / 100] as const;
    }),
  );
  return { ...figures, ...Object.fromEntries(byLimit) };
}

/** Makes a federation for a measurement, and ends it whatever comes. */
async function onFederation<Result>(
  blockGasLimit: number,
  options: Options,
  measure: (federation: MeasuredFederation) => Promise<Result>,
): Promise<Result> {
  print(`\nA federation of 4 accountants and a standby, blocks of ${whole(blockGasLimit)} gas`);
  const federation = await MeasuredFederation.open({ ...options, blockGasLimit, print });
  try {
    return await measure(federation);
  } finally {
    await federation.close();
  }
}

function limitsText(runs: readonly { gasLimit: number; rates: Rates }[]): string {
  return tableText(
    "Block time (s) and use (Mgas/s) at each block gas limit, saturated",
    ["limit", ...[runs[0]?.rates.plain, ...(runs[0]?.rates.loads ?? [])].flatMap((load) => load?.name ?? [])],
    runs.map(({ gasLimit, rates }) => [
      whole(gasLimit),
      ...[rates.plain, ...rates.loads].map(
        ({ blockSeconds, gasPerSecond }) => `${blockSeconds.toFixed(2)} s, ${(gasPerSecond / MEGA).toFixed(1)}`,
      ),
    ]),
  );
}

function between(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
  };
}

function gasLimits(text: string): number[] {
  const given = text.split(",").map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : NaN));
  if (given.every((value) => value >= 20)) return given.map((value) => value * MEGA);
  throw new InvalidArgumentError("Give millions of gas, 20 or more, with commas: 30,60,120.");
}

const program = new Command("bench:besu")
  .description("Measures a federation of real Besu nodes on this machine against its own plain transfers.")
  .addArgument(new Argument("[parts...]", `which parts: ${PARTS.join(", ")} (default: all)`).choices(PARTS))
  .option("--homes <n>", "homes of the market", between(8, 5_000), 1_000)
  .option("--slots <n>", "slots that are ordered, read and settled", between(1, 24), 8)
  .option(
    "--transfers <n>",
    "plain transfers that count, after half as many to warm up",
    between(100, 1_000_000),
    20_000,
  )
  .option("--gas-limits <millions>", "block gas limits, a federation for each", gasLimits, [BLOCK_GAS_LIMIT])
  .option("--base-port <n>", "first of a hundred ports", between(1_024, 65_000), 27_700)
  .option("--seed <n>", "seed of everything drawn", between(0, 2 ** 32 - 1), 1)
  .option("--json", "the last line is one JSON object", false)
  .allowExcessArguments(false)
  .exitOverride()
  .action(main);
process.exitCode = await runCommandLine(program, process.argv.slice(2), console.error);

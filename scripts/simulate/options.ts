/** Options of `npm start`. */
import { Command, InvalidArgumentError } from "commander";

import { parseOffsetHours } from "../inputs/local-time.js";

export interface SimulateOptions {
  readonly network: string;
  readonly from?: string;
  readonly days: number;
  readonly homes?: number;
  readonly readings: string;
  readonly tariff: string;
  readonly grid?: string;
  readonly utcOffset: number;
  /** Probability that a reading is lost. */
  readonly silence: number;
  readonly seed: number;
  readonly slotSeconds?: number;
  /** Seconds of the run's time from block to block on the embedded chains; absent: blocks come with transactions alone. */
  readonly blockTime?: number;
  /** Slots that are closed, read, settled and finalized together, at most. */
  readonly batchSlots?: number;
  /** Whether the homes' agents write to vaults; absent: where there are few homes. */
  readonly vaults?: boolean;
  readonly out: string;
  readonly json: boolean;
  readonly serve: boolean;
  /** Of the transaction chain when it is served; the user chain has the next one. */
  readonly port: number;
}

/** So many homes have vaults unless the options say otherwise: each takes a few tenths of a second a day. */
export const VAULT_HOMES = 100;
const FONTANA_OFFSET = -8;
const MAX_SEED = 2 ** 32 - 1;

/** The command; bad input ends it with exit code 2. */
export function simulateCommand(): Command {
  return new Command("simulate")
    .description("Trades days of metered energy in a neighbourhood, from signed readings to money, and audits them.")
    .option("--network <name>", "embedded, local, besu, or a deployment file", "embedded")
    .option("--from <date>", "first local day, e.g. 2016-10-03 (default: 2016-09-14, or the file's eighth day)")
    .option("--days <n>", "how many days", whole(1, 3660), 1)
    .option(
      "--homes <n>",
      "how many homes; more than the file has are resampled (default: the file's)",
      whole(1, 10_000),
    )
    .option("--readings <file>", "CSV of interval_start,home,load_wh,solar_wh", "data/fontana/readings.csv")
    .option("--tariff <file>", "CSV of interval_start,retail_usd_per_kwh", "data/fontana/tariff.csv")
    .option("--grid <file>", "grid file (default: drawn from the seed, and written to --out)")
    .option("--utc-offset <hours>", "hours east of UTC of the files' clock", parseOffsetHours, FONTANA_OFFSET)
    .option("--silence <p>", "probability that a reading is lost", probability, 0)
    .option("--seed <n>", "seed of everything drawn; drawn itself when absent", whole(0, MAX_SEED), drawSeed())
    .option(
      "--slot-seconds <n>",
      "slot length of a chain with a wall clock, to be checked against it",
      whole(30, 86_400),
    )
    .option(
      "--block-time <seconds>",
      "a block that often on the embedded chains, in the run's own time (default: with transactions alone)",
      whole(1, 60),
    )
    .option(
      "--batch-slots <n>",
      "slots that settle together, at most (default: as many as the reading window lets wait, up to 6)",
      whole(1, 24),
    )
    .option("--vaults", `let the homes' agents write to vaults on the user chain (default: up to ${VAULT_HOMES} homes)`)
    .option("--no-vaults", "leave the vaults out")
    .option("--out <dir>", "where the results go", "out")
    .option("--json", "the last line is one JSON object", false)
    .option("--serve", "serve the embedded chains on loopback afterwards, until stopped", false)
    .option(
      "--port <n>",
      "with --serve: port of the transaction chain; the user chain has the next one",
      whole(1, 65_534),
      8545,
    )
    .allowExcessArguments(false)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
}

function drawSeed(): number {
  return Math.floor(Math.random() * (MAX_SEED + 1));
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
  };
}

function probability(text: string): number {
  const value = Number(text);
  if (/^\d*\.?\d+$/.test(text) && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError("Give a number from 0 to 1.");
}

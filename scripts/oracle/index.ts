/** The command `npm run oracle`. Exit codes: 0 stopped or done, 1 gave up, 2 something it needs is wrong or away. */
import { CommonwattError } from "../../sdk/errors.js";
import { InputError } from "../inputs/error.js";

import { oracleLog, parseOptions, startOracle, type RunningOracle } from "./command.js";
import { OracleSetupError } from "./error.js";
import type { Oracle } from "./oracle.js";

/** Estimates and replays; short enough for the shortest slots, whose windows are short. */
const CHORES_EVERY_MILLISECONDS = 5_000;
/** `--once` ends when the broker has been quiet that long. */
const QUIET_MILLISECONDS = 2000;

async function main(): Promise<void> {
  const stopped = stopSignal();
  const options = parseOptions(process.argv.slice(2));
  const log = oracleLog(process.env["LOG_LEVEL"]);
  const running = await startOracle(options, process.env, log);
  log.info({ ...running.oracle.counts() }, "the oracle runs");
  const onError = (error: unknown): void => log.error({ err: error }, "a chore failed; it is tried again");
  try {
    await (options.once ? runOnce(running) : runUntil(stopped, running, onError));
  } finally {
    log.info({ ...running.oracle.counts() }, "the oracle stops");
    await running.close();
  }
}

async function runOnce({ oracle }: RunningOracle): Promise<void> {
  for (let seen = -1; seen !== oracle.handled;) {
    seen = oracle.handled;
    await new Promise((resolve) => setTimeout(resolve, QUIET_MILLISECONDS));
  }
  await doChores(oracle);
  await oracle.drain();
}

async function runUntil(
  stopped: Promise<void>,
  { oracle }: RunningOracle,
  onError: (error: unknown) => void,
): Promise<void> {
  const timer = setInterval(() => void doChores(oracle).catch(onError), CHORES_EVERY_MILLISECONDS);
  await stopped;
  clearInterval(timer);
}

async function doChores(oracle: Oracle): Promise<void> {
  await oracle.fillGaps();
  await oracle.replay();
}

/** Kept from the start, so that a signal during the set-up is not lost; a second one ends at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}

try {
  await main();
} catch (error) {
  const expected = error instanceof OracleSetupError || error instanceof InputError || error instanceof CommonwattError;
  console.error(expected ? error.message : error);
  process.exitCode = expected ? 2 : 1;
}

/** The command `npm run oracle`. Exit codes: 0 stopped or done, 1 gave up, 2 something it needs is wrong or away. */
import "../fast-keccak.js";
import { CommonwattError } from "../../sdk/errors.js";
import { InputError } from "../inputs/error.js";
import { untilStopped } from "../run.js";

import { checkOracle } from "./check.js";
import {
  BROKER_PASSWORD_VARIABLE,
  BROKER_USER_VARIABLE,
  oracleLog,
  parseCommand,
  type OracleOptions,
} from "./command.js";
import { OracleSetupError } from "./error.js";
import { makeKeystore, meterKeys } from "./keystores.js";
import type { Oracle } from "./oracle.js";
import { OutboxDesk } from "./outbox-desk.js";
import { runSimulatedShelly } from "./simulated-shelly.js";
import { statusText } from "./status.js";
import { systemClock } from "./types.js";
import { startOracle, type RunningOracle } from "./wiring.js";

/** Estimates and replays; short enough for the shortest slots, whose windows are short. */
const CHORES_EVERY_MILLISECONDS = 5_000;
/** How soon a value follows the message that completes its slot. */
const METER_EVERY_MILLISECONDS = 500;
/** `--once` ends when the broker has been quiet that long. */
const QUIET_MILLISECONDS = 2000;

async function main(): Promise<void> {
  const stopped = untilStopped();
  const command = parseCommand(process.argv.slice(2));
  if (command.name === "run") return run(command.options, stopped);
  if (command.name === "check") {
    const findings = await checkOracle(command.options, process.env);
    for (const { what, isWell, text } of findings) console.log(`${isWell ? "ok   " : "WRONG"} ${what}: ${text}`);
    process.exitCode = findings.every(({ isWell }) => isWell) ? 0 : 2;
    return;
  }
  if (command.name === "keys") {
    for (const line of await meterKeys(command.settings, process.env)) console.log(line);
    return;
  }
  if (command.name === "keystore") {
    const address = await makeKeystore(command.options, process.env);
    console.log(`${command.options.file}: ${address}. Who has the file and its password has the key: back up both.`);
    return;
  }
  if (command.name === "simulate-shelly") {
    const [username, password] = [process.env[BROKER_USER_VARIABLE], process.env[BROKER_PASSWORD_VARIABLE]];
    const published = await runSimulatedShelly({ ...command.shelly, username, password }, stopped);
    console.log(`published ${published} messages`);
    return;
  }
  const desk = new OutboxDesk(command.db);
  try {
    if (command.name === "status") {
      const status = desk.status(systemClock.now());
      console.log(command.json ? JSON.stringify(status) : statusText(status));
    } else {
      const { messages, readings } = desk.requestReplay(command.from, command.to);
      console.log(
        `${messages} refused messages and ${readings} rejected readings go again, as soon as the oracle runs.`,
      );
    }
  } finally {
    desk.close();
  }
}

async function run(options: OracleOptions, stopped: Promise<void>): Promise<void> {
  const log = oracleLog(process.env["LOG_LEVEL"]);
  const running = await startOracle(options, process.env, log);
  log.info({ ...running.oracle.counts(), metrics: running.metrics }, "the oracle runs");
  const onError = (error: unknown): void => log.error({ err: error }, "a chore failed; it is tried again");
  process.on("SIGHUP", () => {
    running.rotateKeys().then(
      (address) => log.info({ address }, "the operator's key was loaded again"),
      (error: unknown) => log.error({ err: error }, "the key was not loaded; the one before stays"),
    );
  });
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
  await oracle.meter();
  await doChores(oracle);
  await oracle.drain();
}

async function runUntil(
  stopped: Promise<void>,
  { oracle }: RunningOracle,
  onError: (error: unknown) => void,
): Promise<void> {
  const timer = setInterval(() => void doChores(oracle).catch(onError), CHORES_EVERY_MILLISECONDS);
  const metering = meterUntil(stopped, oracle, onError);
  await stopped;
  clearInterval(timer);
  await metering;
}

/** Keeps making values; after a failure with the pause of chores, for what failed fails again. */
async function meterUntil(stopped: Promise<void>, oracle: Oracle, onError: (error: unknown) => void): Promise<void> {
  let isStopped = false;
  const end = stopped.then(() => void (isStopped = true));
  while (!isStopped) {
    const failed = await oracle.meter().then(
      () => false,
      (error: unknown) => {
        onError(error);
        return true;
      },
    );
    const pause = failed ? CHORES_EVERY_MILLISECONDS : METER_EVERY_MILLISECONDS;
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([end, new Promise((resolve) => (timer = setTimeout(resolve, pause)))]);
    clearTimeout(timer);
  }
}

async function doChores(oracle: Oracle): Promise<void> {
  await oracle.fillGaps();
  await oracle.replay();
}

try {
  await main();
} catch (error) {
  const expected = error instanceof OracleSetupError || error instanceof InputError || error instanceof CommonwattError;
  console.error(expected ? error.message : error);
  process.exitCode = expected ? 2 : 1;
}

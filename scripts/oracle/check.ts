/** `oracle check`: tries all that the oracle needs, changes nothing, and says of each what is wrong. */
import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { createServer } from "node:http";
import { dirname } from "node:path";

import { pino } from "pino";

import { closeServer, listenOnLoopback } from "../networks/loopback.js";
import { ChainDirectory, ChainTimes } from "./chain.js";
import { OracleSetupError } from "./error.js";
import { METRICS_OPTION } from "./metrics.js";
import { openSource, type Environment } from "./open-sources.js";
import { OperatorChain } from "./operator-chain.js";
import { OutboxDesk } from "./outbox-desk.js";
import { CLOCK_TOLERANCE_SECONDS } from "./rules.js";
import type { OracleSettings } from "./settings.js";
import { systemClock } from "./types.js";

/** A thing that was tried. */
export interface Finding {
  readonly what: string;
  readonly isWell: boolean;
  /** What was found, or what is wrong and what to do. */
  readonly text: string;
}

/** Below it, the disk is nearly full. */
const LEAST_FREE_MEBIBYTES = 256;

/** Tries everything, also after a failure. */
export async function checkOracle(settings: OracleSettings, environment: Environment): Promise<Finding[]> {
  const findings = [await tried("chain and key", () => chainOf(settings, environment))];
  for (const source of settings.sources) {
    findings.push(
      await tried(`${source.type} ${source.url}`, async () => {
        const opened = await openSource(source, environment, pino({ level: "silent" }), true);
        // what a persistent session has kept stays with it: this one is another
        await opened.start(() => Promise.reject(new Error("only a check")));
        await opened.stop();
        return "connected, topics granted";
      }),
    );
  }
  findings.push(await tried("outbox", () => Promise.resolve(outboxOf(settings))));
  const { metricsPort } = settings;
  if (metricsPort !== undefined) findings.push(await tried("metrics", () => portOf(metricsPort)));
  return findings;
}

async function tried(what: string, attempt: () => Promise<string>): Promise<Finding> {
  try {
    return { what, isWell: true, text: await attempt() };
  } catch (error) {
    return { what, isWell: false, text: error instanceof Error ? error.message : String(error) };
  }
}

async function chainOf(settings: OracleSettings, environment: Environment): Promise<string> {
  const operator = await OperatorChain.open(settings, environment);
  try {
    const { chain, key } = operator;
    const block = await chain.provider.getBlock("latest");
    const ahead = BigInt((block?.timestamp ?? 0) - systemClock.now());
    if (ahead > CLOCK_TOLERANCE_SECONDS) {
      const advice = "Set the machine's clock by NTP.";
      throw new OracleSetupError("clock", `the chain's newest block is ${ahead} s ahead of this machine`, advice);
    }
    const times = await ChainTimes.of(chain, (slotSeconds) => BigInt(systemClock.now()) / slotSeconds);
    const slot = BigInt(systemClock.now()) / times.slotSeconds;
    const directory = new ChainDirectory(chain);
    const meters = await directory.metersOf(key.address, slot);
    const attested = await directory.metersAttestedBy(key.address, slot);
    if (meters.length + attested.length === 0) {
      throw new OracleSetupError(
        key.address,
        "it is no feeder's metering operator in this slot, and attests no feeder's readings",
        "Use the operator's key, or have the council name this one with setParties or setQuorum.",
      );
    }
    return `block ${block?.number ?? 0}, ${key.address} is the metering operator of ${meters.length} meters and attests the readings of ${attested.length}`;
  } finally {
    operator.disconnect();
  }
}

function outboxOf({ db }: OracleSettings): string {
  const folder = dirname(db);
  const advice = "Name a file that can be written with --db or in the configuration.";
  try {
    accessSync(existsSync(db) ? db : folder, constants.R_OK | constants.W_OK);
  } catch (cause) {
    throw new OracleSetupError(db, `it can't be written (${(cause as Error).message})`, advice, { cause });
  }
  const { bavail, bsize } = statfsSync(folder);
  const free = Math.floor((bavail * bsize) / 2 ** 20);
  if (free < LEAST_FREE_MEBIBYTES) {
    throw new OracleSetupError(folder, `only ${free} MiB are free`, "Free the disk: a full one stops the oracle.");
  }
  if (!existsSync(db)) return `${db} will be made, ${free} MiB free`;
  const desk = new OutboxDesk(db);
  const { counts } = desk.status(systemClock.now());
  desk.close();
  return `${db}, ${counts.waiting + counts.sent} readings wait, ${free} MiB free`;
}

async function portOf(port: number): Promise<string> {
  const server = createServer();
  const url = await listenOnLoopback(server, port, METRICS_OPTION);
  await closeServer(server);
  return `${url} is free`;
}

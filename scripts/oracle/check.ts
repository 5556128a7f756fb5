/** `oracle check`: tries all that the oracle needs, changes nothing, and says of each what is wrong. */
import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { createServer } from "node:http";
import { dirname } from "node:path";

import { pino } from "pino";

import { quorumAt } from "../../sdk/actions/attestations.js";
import { siteAt } from "../../sdk/actions/grid.js";
import type { TransactionChain } from "../../sdk/connect.js";
import { slotLengthOf } from "../../sdk/actions/market.js";
import { latestHead } from "../../sdk/latest-head.js";
import { closeServer, listenOnLoopback } from "../networks/loopback.js";
import { ChainDirectory, ChainTimes } from "./chain.js";
import { OracleSetupError } from "./error.js";
import { DeviceKeys } from "./metering/keys.js";
import { METRICS_OPTION } from "./metrics.js";
import { openSource, type Environment } from "./open-sources.js";
import { OperatorChain } from "./operator-chain.js";
import { OutboxDesk } from "./outbox-desk.js";
import { CLOCK_TOLERANCE_SECONDS } from "./rules.js";
import type { FilesSettings, OracleSettings } from "./settings.js";
import { readFileSource } from "./sources/index.js";
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
      await tried(`${source.type} ${source.type === "mqtt" ? source.url : source.path}`, async () => {
        if (source.type === "files") return filesOf(source);
        const [log, marks] = [pino({ level: "silent" }), { mark: () => undefined, setMark: () => undefined }];
        const opened = await openSource(source, { points: settings.points, environment, log, marks, isTrial: true });
        // what a persistent session has kept stays with it: this one is another
        await opened.start(() => Promise.reject(new Error("only a check")));
        await opened.stop();
        return "connected, topics granted";
      }),
    );
  }
  if (settings.points.all.length > 0) findings.push(await tried("meters", () => metersOf(settings, environment)));
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

/** Reads all of it, as the oracle will. */
async function filesOf({ format, path, zone }: FilesSettings): Promise<string> {
  const { observations, refused } = await readFileSource({ format, path, zone });
  const [first] = refused;
  if (first !== undefined) throw first;
  return `${[...observations].length} intervals`;
}

async function chainOf(settings: OracleSettings, environment: Environment): Promise<string> {
  const operator = await OperatorChain.open(settings, environment);
  try {
    const { chain, key } = operator;
    const { number, timestamp } = await latestHead(chain.provider);
    const ahead = timestamp - BigInt(systemClock.now());
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
    return `block ${number}, ${key.address} is the metering operator of ${meters.length} meters and attests the readings of ${attested.length}`;
  } finally {
    operator.disconnect();
  }
}

/** Whether the keys that the oracle signs with are those of the devices, as the chain knows them. */
async function metersOf(settings: OracleSettings, environment: Environment): Promise<string> {
  const { points, gateway } = settings;
  const keys = await DeviceKeys.open(points.all, gateway, environment);
  const operator = await OperatorChain.open(settings, environment);
  try {
    const slot = BigInt(systemClock.now()) / (await slotLengthOf(operator.chain));
    const directory = new ChainDirectory(operator.chain);
    const isTold = settings.sources.some((source) => source.type === "mqtt" && source.publish);
    for (const point of points.all) {
      const site = await directory.siteOf(BigInt(point.number), slot);
      const { address } = keys.keyOf(point);
      const named = `meters: '${point.name}', number ${point.number}`;
      if (site === undefined) {
        throw new OracleSetupError(named, "it stands at no feeder", "Have its grid operator place it (placeMeter).");
      }
      if (site.deviceKey !== address) {
        const problem = `its active device has the key ${site.deviceKey ?? "(none)"}, the oracle would sign with ${address}`;
        throw new OracleSetupError(named, problem, "Certify that address as the device's, or name the right keystore.");
      }
      if (!isTold && (await quorumSize(operator.chain, BigInt(point.number), slot)) > 1) {
        const problem = "its feeder's other operators must attest its readings, and no source publishes them";
        throw new OracleSetupError(named, problem, "Set publish at the broker where their oracles listen.");
      }
    }
    return `${points.all.length} sign with the keys of their devices`;
  } finally {
    operator.disconnect();
  }
}

/** How many operators must attest a reading of the meter. */
async function quorumSize(chain: TransactionChain, meter: bigint, slot: bigint): Promise<number> {
  const site = await siteAt(chain, meter, slot);
  return site === undefined ? 1 : Number((await quorumAt(chain, { feeder: site.feeder, slot })).needed);
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

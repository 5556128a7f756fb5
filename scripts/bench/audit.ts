/**
 * The auditor's indexer and verify. Days of 17 homes are simulated, indexed from their own chain and verified against it;
 * then their blocks are told again and again as JSON, as one chain of a million events, to an indexer in a process of its
 * own. A year's verify is that of the days, scaled.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { AuditDatabase } from "../audit/indexer/database.js";
import { Endpoint, type Ask } from "../endpoint.js";
import { indexChain } from "../audit/indexer/index-chain.js";
import { noteConstants } from "../audit/open.js";
import { booksAt, verifyBooks } from "../audit/verify.js";
import type { EmbeddedNetwork } from "../networks/index.js";
import { simulateCommand, type SimulateOptions } from "../simulate/options.js";
import { Simulation } from "../simulate/run.js";
import type { IndexFigures, StageFigures } from "./audit-child.js";
import { lengthen, recordChain } from "./audit-recording.js";
import { directMeters } from "./direct-meters.js";
import { tableText, verdict, whole, type BenchOptions, type Figures } from "./report.js";

const HOMES = 17;
const EVENTS = 1_000_000;
const THREADS = 2;
const DAYS_OF_YEAR = 365;
const GOAL_EVENTS_PER_SECOND = 10_000;
const GOAL_MEBIBYTES = 512;
const GOAL_YEAR_SECONDS = 120;
const CHILD = fileURLToPath(new URL("./audit-child.ts", import.meta.url));

export async function benchAudit({ seed, auditDays: days, print }: BenchOptions): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), "commonwatt-bench-"));
  try {
    const recording = join(folder, "recording");
    const run = await simulatedDays({ seed, days, path: join(folder, "days.db"), recording });
    const year = ofYear(run.verify, days);
    print(
      tableText(
        `${days} simulated days of ${HOMES} homes: ${whole(run.events)} events in ${whole(run.blocks)} blocks`,
        ["step", "seconds", "CPU seconds", "before the first day", "of a year, CPU seconds"],
        Object.entries({
          "fold and all checks": run.fold,
          "all of verify: fold, checks, comparison": run.verify,
        }).map(([name, { all, before }]) => [
          name,
          ...[all.wall, all.cpu, before.cpu].map((seconds) => seconds.toFixed(1)),
          whole(ofYear({ all, before }, days)),
        ]),
      ),
    );
    print(
      `Verify of a year: ${whole(year)} s, goal ${GOAL_YEAR_SECONDS} s, ${verdict(year, GOAL_YEAR_SECONDS)}. ` +
        `No year was run: it is the CPU time of what comes before the first day, and ${DAYS_OF_YEAR} times that of one ` +
        `of the ${days} days; the chain answers in the same process. Indexed from it in ${run.index.wall.toFixed(1)} s.`,
    );
    await lengthen(recording, EVENTS);
    const figures = await child<IndexFigures>(recording, join(folder, "million.db"), String(THREADS));
    const perSecond = figures.events / figures.seconds;
    const perCpuSecond = figures.events / figures.cpuSeconds;
    print(
      tableText(
        `${whole(figures.events)} events from recorded JSON, all roots and senders checked, ${THREADS} threads read and one writes`,
        ["events/s", "goal", "events/s of CPU", "peak MiB", "goal", "file MiB"],
        [
          [
            perSecond,
            GOAL_EVENTS_PER_SECOND,
            perCpuSecond,
            figures.peakMebibytes,
            GOAL_MEBIBYTES,
            figures.fileMebibytes,
          ].map(whole),
        ],
      ),
    );
    const stages = await child<StageFigures>(recording, join(folder, "stages.db"), "stages");
    printStages(stages, print);
    return {
      ...{ auditDays: days, auditDaysEvents: run.events },
      auditDaysIndexSeconds: round(run.index.wall),
      auditDaysVerifyCpuSeconds: round(run.verify.all.cpu),
      auditYearVerifySecondsScaled: Math.round(year),
      auditEventsPerSecond: Math.round(perSecond),
      auditEventsPerCpuSecond: Math.round(perCpuSecond),
      auditPeakMebibytes: Math.round(figures.peakMebibytes),
      auditUnverifiedEventsPerCpuSecond: Math.round(1e6 / unverified(stages)),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function printStages(stages: StageFigures, print: (text: string) => void): void {
  const { answers, checks, rows, write, hashing, signatures, decoding } = stages;
  const all = answers + checks + rows + write;
  const floor = answers + hashing + signatures + decoding + write;
  const parts = {
    "parsing the answers": answers,
    "hashes, roots, filters, eth_getLogs against receipts": checks,
    "rows: hashes of transactions, senders, decoding": rows,
    "writing, with the digest of the rows": write,
    all,
    "of it: Keccak-256 alone": hashing,
    "of it: recovering senders alone": signatures,
    "of it: decoding alone": decoding,
    "floor with every check: parsing, Keccak, senders, decoding, writing": floor,
    "without any check: parsing, decoding, writing": unverified(stages),
  };
  print(
    tableText(
      "Where the time goes: microseconds of CPU an event, one thread",
      ["step", "us", "events/s of CPU"],
      Object.entries(parts).map(([name, time]) => [name, time.toFixed(1), whole(1e6 / time)]),
    ),
  );
}

function unverified({ answers, decoding, write }: StageFigures): number {
  return answers + decoding + write;
}

async function child<Result>(...args: readonly string[]): Promise<Result> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", CHILD, ...args]);
  return JSON.parse(stdout) as Result;
}

/** Seconds. */
interface Time {
  readonly wall: number;
  readonly cpu: number;
}

/** Of all blocks, and of those before the first day. */
interface Grown {
  readonly all: Time;
  readonly before: Time;
}

/** CPU seconds. */
function ofYear({ all, before }: Grown, days: number): number {
  return before.cpu + ((all.cpu - before.cpu) * DAYS_OF_YEAR) / days;
}

interface AuditedDays {
  readonly events: number;
  readonly blocks: number;
  readonly index: Time;
  readonly fold: Grown;
  /** With the fold. */
  readonly verify: Grown;
}

interface DaysToAudit {
  readonly seed: number;
  readonly days: number;
  readonly path: string;
  readonly recording: string;
}

async function simulatedDays({ seed, days, path, recording }: DaysToAudit): Promise<AuditedDays> {
  const defaults = simulateCommand().opts<SimulateOptions>();
  const simulation = new Simulation({ ...defaults, homes: HOMES, seed, days, vaults: false }, directMeters);
  const quiet = (): void => undefined;
  try {
    await simulation.load();
    await simulation.open();
    await simulation.admit(quiet);
    const network = simulation.embedded?.network as EmbeddedNetwork;
    const { deployment } = network;
    const firstDayBlock = (await network.transaction.provider.getBlockNumber()) + 1;
    await simulation.trade(quiet);
    const { provider } = network.chains.transaction.connection;
    const ask: Ask = (method, params) => provider.request({ method, params: [...params] });
    const endpoint = new Endpoint("this process", ask);
    const database = AuditDatabase.open(path);
    try {
      database.claim(deployment);
      await noteConstants(database, network.transaction);
      const chain = { chain: "transaction", deployment: deployment.chains.transaction } as const;
      const [index, cursor] = await timed(() => indexChain(database, endpoint, chain));
      const verifyTo = async (block: number): Promise<Time> => {
        const [time, { state, isCompared }] = await timed(() =>
          verifyBooks(database, network.transaction, endpoint, block),
        );
        if (!isCompared || state.findings.length > 0) throw new Error(JSON.stringify(state.findings[0] ?? "no state"));
        return time;
      };
      const foldTo = async (block: number): Promise<Time> => (await timed(() => booksAt(database, block)))[0];
      const start = firstDayBlock - 1;
      const fold = { before: await foldTo(start), all: await foldTo(cursor.block) };
      const verify = { before: await verifyTo(start), all: await verifyTo(cursor.block) };
      await recordChain(recording, ask, { deployment, firstDayBlock, toBlock: cursor.block });
      return { events: cursor.events, blocks: cursor.block + 1, index, fold, verify };
    } finally {
      database.close();
    }
  } finally {
    await simulation.close();
  }
}

async function timed<Result>(action: () => Promise<Result>): Promise<readonly [time: Time, result: Result]> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  const result = await action();
  const { user, system } = process.cpuUsage(before);
  return [{ wall: (performance.now() - start) / 1_000, cpu: (user + system) / 1e6 }, result];
}

function round(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}

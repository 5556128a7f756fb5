/**
 * The oracle from message to disk: rules and outbox with group commit against the goal of 10,000 readings a second on
 * two cores, with the shares of signatures, disk and chain, what a disk write costs at least, and the memory that
 * waiting readings take.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Wallet } from "ethers";
import { pino } from "pino";

import { ReadingStatus } from "../../sdk/enums.js";
import { MAX_SERIES, signSeries, type SignedReading } from "../../sdk/signing/readings.js";
import { FixedDirectory, fixedTimes } from "../oracle/fixed-market.js";
import { Oracle } from "../oracle/oracle.js";
import { SqliteOutbox } from "../oracle/outbox.js";
import { formatReadings, parseReadings, topicOf } from "../oracle/payload.js";
import { PLAUSIBILITY_RULES, rightSigner } from "../oracle/rules.js";
import type { Accept, ReadingRule, ReadingSource, SourceMessage } from "../oracle/types.js";
import type { BatchCost } from "./oracle-chain.js";
import { diskWriteMs, WAITING, waitingMemory } from "./oracle-disk.js";
import { benchOnChain } from "./oracle-on-chain.js";
import { tableText, whole, type BenchOptions, type Figures } from "./report.js";

const GOAL_PER_SECOND = 10_000;
const SLOT_SECONDS = 900n;
const METERS = 50;
/** Slots a meter reports, in series of 8 or one by one. */
const SLOTS = 80;
const FIRST_SLOT = 1_900_000n;
const LEDGER = { chainId: 31_337, verifyingContract: "0x00000000000000000000000000000000000000aa" };
/** Messages that a source has under way: the broker's window. */
const UNDER_WAY = 1_000;
const SIGNATURES = 100;
const GOAL_MEBIBYTES = 512;

const HOUR = 3_600n;
const WINDOWS = {
  opensBefore: 48n * HOUR,
  gateBefore: 1_800n,
  feederBefore: 1_200n,
  districtBefore: 900n,
  cityBefore: 600n,
  readingFor: 48n * HOUR,
  disputeFor: 96n * HOUR,
  decisionFor: 24n * HOUR,
  finalFor: 12n * HOUR,
};

interface Run {
  readonly what: string;
  readonly messages: readonly SourceMessage[];
  readonly readings: number;
  readonly rules: readonly ReadingRule[];
}

interface Outcome {
  readonly perSecond: number;
  readonly seconds: number;
  readonly diskWrites: number;
  /** Spent in finding signers. */
  readonly signatureSeconds: number;
}

export async function benchOracle({ seed, print }: BenchOptions): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), "commonwatt-bench-oracle-"));
  try {
    const wallet = Wallet.createRandom();
    const series = await messagesOf(wallet, MAX_SERIES);
    const single = await messagesOf(wallet, 1);
    const readings = METERS * SLOTS;
    const full = [...PLAUSIBILITY_RULES, rightSigner(LEDGER)];
    const runs: Run[] = [
      { what: "all rules but the signature's, 8 a signature", messages: series, readings, rules: PLAUSIBILITY_RULES },
      { what: "all rules but the signature's, 1 a signature", messages: single, readings, rules: PLAUSIBILITY_RULES },
      { what: "all rules, 8 a signature", messages: series, readings, rules: full },
      { what: "all rules, 1 a signature", messages: single.slice(0, METERS * 8), readings: METERS * 8, rules: full },
    ];
    const outcomes: Outcome[] = [];
    for (const [index, run] of runs.entries())
      outcomes.push(await timeOf(run, join(folder, `${index}.sqlite`), wallet.address));
    const diskMs = diskWriteMs(join(folder, "floor"));
    const signatureMs = await signatureMsOf(series);
    printRuns(print, runs, outcomes, diskMs, signatureMs);
    const waiting = waitingMemory(join(folder, "waiting.sqlite"), likeOf(single));
    print(
      `${whole(WAITING)} waiting readings: ${whole(waiting.mebibytes)} MiB of memory at most (goal: below ${GOAL_MEBIBYTES}), ` +
        `${whole(waiting.perSecond)} readings/s into the outbox alone, the next batch in ${waiting.batchMs.toFixed(1)} ms.`,
    );
    const { batch, figures } = await benchOnChain(seed, folder, print);
    printShares(print, outcomes[0], signatureMs, diskMs, batch);
    return {
      ...figures,
      oracleNoSignaturePerSecond: Math.round(outcomes[0]?.perSecond ?? NaN),
      oracleSinglesNoSignaturePerSecond: Math.round(outcomes[1]?.perSecond ?? NaN),
      oracleSeriesPerSecond: Math.round(outcomes[2]?.perSecond ?? NaN),
      oracleSinglesPerSecond: Math.round(outcomes[3]?.perSecond ?? NaN),
      oracleSignatureMs: round(signatureMs),
      oracleDiskWriteMs: round(diskMs),
      oracleWaitingMebibytes: Math.round(waiting.mebibytes),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function printRuns(
  print: (text: string) => void,
  runs: readonly Run[],
  outcomes: readonly Outcome[],
  diskMs: number,
  signatureMs: number,
): void {
  const rows = outcomes.map(({ perSecond, seconds, diskWrites, signatureSeconds: signatures }, index) => {
    const run = runs[index];
    const disk = (diskWrites * diskMs) / 1e3;
    return [
      run?.what ?? "",
      whole(perSecond),
      String(diskWrites),
      share(signatures, seconds),
      share(disk, seconds),
      share(seconds - signatures - disk, seconds),
      whole((run?.readings ?? 0) / (signatures + disk)),
    ];
  });
  print(
    tableText(
      `Oracle: messages through rules and outbox, one process (goal: ${whole(GOAL_PER_SECOND)} readings/s on 2 cores)`,
      ["rules and messages", "readings/s", "disk writes", "signatures", "disk", "rest", "floor readings/s"],
      rows,
    ),
  );
  print(
    `A signature takes ${signatureMs.toFixed(2)} ms to check on one core, a durable write ${diskMs.toFixed(2)} ms; the floor is both and nothing else. ` +
      `Two cores check ${whole((2 * MAX_SERIES * 1e3) / signatureMs)} readings/s in series of ${MAX_SERIES}, ${whole(2e3 / signatureMs)} one by one.`,
  );
}

/** Where the time of a reading goes, from message to block. */
function printShares(
  print: (text: string) => void,
  unsigned: Outcome | undefined,
  signatureMs: number,
  diskMs: number,
  chain: BatchCost,
): void {
  const readings = METERS * SLOTS;
  const disk = ((unsigned?.diskWrites ?? 0) * diskMs) / readings;
  const rules = ((unsigned?.seconds ?? 0) * 1e3) / readings - disk;
  const parts = [
    ["rules and outbox", Math.max(0, rules)],
    ["disk", disk],
    ["signature", signatureMs / MAX_SERIES],
    [`chain (embedded, ${whole(chain.gasPerReading)} gas a reading)`, chain.milliseconds / chain.readings],
  ] as const;
  const all = parts.reduce((sum, [, ms]) => sum + ms, 0);
  print(
    tableText(
      `A reading from message to block, in series of ${MAX_SERIES} and a batch of ${chain.readings}`,
      ["part", "µs per reading", "share"],
      parts.map(([what, ms]) => [what, whole(ms * 1e3), share(ms, all)]),
    ),
  );
}

/** Each meter's readings as messages, so many readings under a signature. */
async function messagesOf(wallet: { signTypedData: Wallet["signTypedData"] }, under: number): Promise<SourceMessage[]> {
  const messages: SourceMessage[] = [];
  const signer = wallet as Wallet;
  for (let slot = 0; slot < SLOTS; slot += under) {
    for (let meter = 1; meter <= METERS; meter++) {
      const signed = await signSeries(
        signer,
        LEDGER,
        Array.from({ length: under }, (_, index) => ({
          meter: BigInt(meter),
          slot: FIRST_SLOT + BigInt(slot + index),
          importWh: BigInt(100 + ((meter * 7 + slot + index) % 900)),
          exportWh: 0n,
          status: ReadingStatus.Actual,
          sequence: 1n,
        })),
      );
      const payload = Buffer.from(formatReadings(signed, SLOT_SECONDS));
      messages.push({ origin: topicOf(BigInt(meter)), payload });
    }
  }
  return messages;
}

/** A source that has a window of messages under way, as a broker. */
class MemorySource implements ReadingSource {
  readonly #messages: readonly SourceMessage[];
  done: Promise<void> = Promise.resolve();

  constructor(messages: readonly SourceMessage[]) {
    this.#messages = messages;
  }

  start(accept: Accept): Promise<void> {
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let message = this.#messages[next++]; message !== undefined; message = this.#messages[next++])
        await accept(message);
    };
    this.done = Promise.all(Array.from({ length: UNDER_WAY }, lane)).then(() => undefined);
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

async function timeOf(run: Run, path: string, key: string): Promise<Outcome> {
  const source = new MemorySource(run.messages);
  let signatureMs = 0;
  const rules = run.rules.map((rule): ReadingRule => {
    if (rule.name !== "right-signer") return rule;
    return {
      name: rule.name,
      check: (reading, context) => {
        const start = performance.now();
        const checked = rule.check(reading, context); // the signer is found before it waits for anything
        signatureMs += performance.now() - start;
        return checked;
      },
    };
  });
  const outbox = new SqliteOutbox(path);
  const site = { connectionWh: 10_000n, deviceKey: key, meteringOperator: key };
  const oracle = new Oracle({
    source,
    rules,
    outbox,
    writer: { write: () => Promise.reject(new Error("the chain is no part of this")) },
    directory: new FixedDirectory(new Map(Array.from({ length: METERS }, (_, index) => [BigInt(index + 1), site]))),
    times: fixedTimes(SLOT_SECONDS, WINDOWS),
    clock: { now: () => Number((FIRST_SLOT + BigInt(SLOTS) + 1n) * SLOT_SECONDS) },
    log: pino({ level: "silent" }),
    sender: { firstRetryMilliseconds: 3_600_000, longestRetryMilliseconds: 3_600_000 },
  });
  const writesBefore = outbox.commits;
  const start = performance.now();
  await oracle.start();
  await source.done;
  const seconds = (performance.now() - start) / 1e3;
  const diskWrites = outbox.commits - writesBefore;
  const { waiting, refused } = oracle.counts();
  await oracle.stop();
  if (waiting !== run.readings) throw new Error(`${waiting} of ${run.readings} readings are kept, ${refused} refused`);
  return { perSecond: run.readings / seconds, seconds, diskWrites, signatureSeconds: signatureMs / 1e3 };
}

/** Milliseconds to find who signed a series. */
async function signatureMsOf(messages: readonly SourceMessage[]): Promise<number> {
  const signed = messages.slice(0, SIGNATURES).map(({ payload }) => parseReadings(payload, SLOT_SECONDS));
  const stranger = Wallet.createRandom().address;
  const site = { connectionWh: 0n, deviceKey: stranger, meteringOperator: stranger };
  const directory = { siteOf: () => Promise.resolve(site), metersOf: () => Promise.resolve([]) };
  const context = { origin: "", clock: { now: () => 0 }, times: fixedTimes(SLOT_SECONDS, WINDOWS), directory };
  const rule = rightSigner(LEDGER);
  const start = performance.now();
  for (const series of signed) {
    const [first] = series;
    if (first !== undefined) await rule.check(first, { ...context, signed: series });
  }
  return (performance.now() - start) / signed.length;
}

function likeOf([message]: readonly SourceMessage[]): SignedReading {
  const [reading] = message === undefined ? [] : parseReadings(message.payload, SLOT_SECONDS);
  if (reading === undefined) throw new Error("there is no reading");
  return reading;
}

function share(part: number, all: number): string {
  return `${Math.round((100 * part) / all)}%`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

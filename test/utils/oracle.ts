/** What tests of the oracle share: meters with keys, a fixed market, a chain in memory, no logs. */
import { Wallet, keccak256, toUtf8Bytes } from "ethers";
import { pino } from "pino";

import { FixedDirectory, fixedTimes } from "../../scripts/oracle/fixed-market.js";
import { MeteringPoints } from "../../scripts/oracle/metering/points.js";
import type { SourceParts } from "../../scripts/oracle/open-sources.js";
import type { ChainWriter, Clock, MeterSite, OutboxEntry, WriteResult } from "../../scripts/oracle/types.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { signReading, signSeries, type Reading, type SignedReading } from "../../sdk/signing/readings.js";

export const SLOT_SECONDS = 3600n;
export const LEDGER = { chainId: 31337, verifyingContract: "0x00000000000000000000000000000000000000aa" };
export const SILENT_LOG = pino({ level: "silent" });
/** What a source is opened with where no meter needs the gateway. */
export const SOURCE_PARTS: SourceParts = {
  points: new MeteringPoints([], { file: "the test" }, [], []),
  environment: {},
  log: SILENT_LOG,
  marks: { mark: () => undefined, setMark: () => undefined },
};
/** 2016-09-14T08:00Z. */
export const SLOT = 409_400n;

const HOUR = 3600n;
export const WINDOWS = {
  opensBefore: 48n * HOUR,
  gateBefore: 1800n,
  feederBefore: 1200n,
  districtBefore: 900n,
  cityBefore: 600n,
  readingFor: 6n * HOUR,
  disputeFor: 24n * HOUR,
  decisionFor: 24n * HOUR,
  finalFor: 12n * HOUR,
};

export const TIMES = fixedTimes(SLOT_SECONDS, WINDOWS);

export function walletOf(name: string): Wallet {
  return new Wallet(keccak256(toUtf8Bytes(`oracle test ${name}`)));
}

export const OPERATOR = walletOf("operator");
export const CONNECTION_WH = 9000n;

/** A directory of meters 1 to `count`, all at feeders of OPERATOR. */
export function directoryOf(
  count: number,
  changes: ReadonlyMap<bigint, Partial<MeterSite>> = new Map(),
): FixedDirectory {
  const sites = Array.from({ length: count }, (_, index) => {
    const meter = BigInt(index + 1);
    const site: MeterSite = {
      connectionWh: CONNECTION_WH,
      deviceKey: walletOf(`meter ${meter}`).address,
      meteringOperator: OPERATOR.address,
    };
    return [meter, { ...site, ...changes.get(meter) }] as const;
  });
  return new FixedDirectory(new Map(sites));
}

/** A reading signed by whom it should be, unless another signer is given. */
export function readingOf(changes: Partial<Reading> = {}, signer?: Wallet): Promise<SignedReading> {
  const reading: Reading = {
    meter: 1n,
    slot: SLOT,
    importWh: 500n,
    exportWh: 0n,
    status: ReadingStatus.Actual,
    sequence: 1n,
    ...changes,
  };
  const right = reading.status === ReadingStatus.Actual ? walletOf(`meter ${reading.meter}`) : OPERATOR;
  return signReading(signer ?? right, LEDGER, reading);
}

/** Actual readings of meter 1 in `count` slots from SLOT on, under one signature. */
export function seriesOfReadings(count: number, signer = walletOf("meter 1")): Promise<SignedReading[]> {
  const readings = Array.from({ length: count }, (_, index) => ({
    meter: 1n,
    slot: SLOT + BigInt(index),
    importWh: 500n + BigInt(index),
    exportWh: BigInt(index),
    status: ReadingStatus.Actual,
    sequence: 1n,
  }));
  return signSeries(signer, LEDGER, readings);
}

/** A clock that stands where it is put; at first an hour after the delivery of SLOT. */
export class HandClock implements Clock {
  time = Number((SLOT + 2n) * SLOT_SECONDS);

  now(): number {
    return this.time;
  }
}

/** A chain in memory: counts how often each reading was stored, as MeterLedger does. */
export class MemoryChain implements ChainWriter {
  readonly stored = new Map<string, SignedReading>();
  readonly batches: number[] = [];
  /** Called before each batch; may throw, as a chain that is away. */
  before: () => void | Promise<void> = () => undefined;

  async write(batch: readonly OutboxEntry[]): Promise<WriteResult> {
    await this.before();
    this.batches.push(batch.length);
    for (const { reading } of batch) this.stored.set(`${reading.meter}/${reading.slot}/${reading.status}`, reading);
    const transactionHash = `0x${String(this.batches.length).padStart(64, "0")}`;
    return { confirmed: batch.map(({ id }) => ({ id, transactionHash })), rejected: [], deferred: [] };
  }
}

export async function rejectionOf(promise: Promise<unknown>): Promise<Error> {
  const error: unknown = await promise.then(
    () => new Error("nothing thrown"),
    (thrown: unknown) => thrown,
  );
  return error instanceof Error ? error : new Error(String(error));
}

/** Resolves once it is so; rejects after 20 s. */
export async function until(check: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !check();) {
    if (Date.now() > end) throw new Error("it did not happen in time");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

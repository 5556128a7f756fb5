/** What the oracle's disk takes: a durable write, and the memory of an outbox in which readings pile up. */
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";

import type { SignedReading } from "../../sdk/signing/readings.js";
import { SqliteOutbox } from "../oracle/outbox.js";

const DISK_WRITES = 100;
export const WAITING = 1_000_000;
const WAITING_GROUP = 2_000;
const WAITING_METERS = 10_000;

/** Milliseconds of a write of a page that is on disk when it returns. */
export function diskWriteMs(path: string): number {
  const file = openSync(path, "w");
  const page = Buffer.alloc(4_096, 1);
  const start = performance.now();
  for (let index = 0; index < DISK_WRITES; index++) {
    writeSync(file, page);
    fsyncSync(file);
  }
  const ms = (performance.now() - start) / DISK_WRITES;
  closeSync(file);
  return ms;
}

/** Fills an outbox whose chain is away; the most memory that the process took, in MiB. */
export function waitingMemory(
  path: string,
  like: SignedReading,
): { readonly mebibytes: number; readonly perSecond: number; readonly batchMs: number } {
  const outbox = new SqliteOutbox(path);
  let most = 0;
  const start = performance.now();
  for (let index = 0; index < WAITING; index++) {
    const reading: SignedReading = {
      ...like,
      meter: BigInt(index % WAITING_METERS) + 1n,
      slot: like.slot + BigInt(Math.floor(index / WAITING_METERS)),
    };
    outbox.accept([reading], 1);
    if (index % WAITING_GROUP === 0) most = Math.max(most, process.memoryUsage.rss());
  }
  outbox.nextBatch(100);
  const seconds = (performance.now() - start) / 1e3;
  const batchStart = performance.now();
  const batch = outbox.nextBatch(100);
  const batchMs = performance.now() - batchStart;
  most = Math.max(most, process.memoryUsage.rss());
  const { waiting } = outbox.counts();
  outbox.close();
  if (waiting !== WAITING || batch.length !== 100) throw new Error(`${waiting} readings wait`);
  return { mebibytes: most / 2 ** 20, perSecond: WAITING / seconds, batchMs };
}

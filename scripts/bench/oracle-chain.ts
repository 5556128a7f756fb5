/** What the chain takes of a reading: gas and time of batches of 100, as the oracle sends them, on an embedded chain. */
import { submitReadings } from "../../sdk/actions/readings.js";
import { READING_SLOTS } from "../../sdk/bounds.js";
import { MAX_SERIES } from "../../sdk/signing/readings.js";
import { signedBy, STAGE_SLOT_SECONDS, type Stage } from "./oracle-stage.js";

/** A batch has a hundred readings, and four more where a series would be cut. */
const SERIES_METERS = 13;
const SINGLE_METERS = 100;
const SLOTS = BigInt(READING_SLOTS);

/** A batch that was submitted once. */
export interface BatchCost {
  readonly readings: number;
  /** Until its receipt. */
  readonly milliseconds: number;
  readonly gasPerReading: number;
}

/** Of meters in series of eight slots, and of single readings of one slot; in new words and in words used before. */
export interface ChainCosts {
  readonly seriesNew: BatchCost;
  readonly seriesUsed: BatchCost;
  readonly singleNew: BatchCost;
  readonly singleUsed: BatchCost;
}

/** Submits the batches. Afterwards the chain's clock is a round of the ledger's slots ahead of the wall's. */
export async function chainCosts(stage: Stage): Promise<ChainCosts> {
  const series = stage.ended + 1n - BigInt(MAX_SERIES);
  const single = series - 1n;
  const seriesNew = await cost(stage, SERIES_METERS, series, MAX_SERIES);
  const singleNew = await cost(stage, SINGLE_METERS, single, 1);
  await stage.network.chains.transaction.moveTo((stage.ended + 1n + SLOTS) * BigInt(STAGE_SLOT_SECONDS));
  return {
    seriesNew,
    singleNew,
    seriesUsed: await cost(stage, SERIES_METERS, series + SLOTS, MAX_SERIES),
    singleUsed: await cost(stage, SINGLE_METERS, single + SLOTS, 1),
  };
}

async function cost(stage: Stage, meters: number, first: bigint, slots: number): Promise<BatchCost> {
  const signed = Array.from({ length: meters }, (_, index) => signedBy(stage, index, first, slots));
  const readings = (await Promise.all(signed)).flat();
  const start = performance.now();
  const { receipt } = await submitReadings(stage.operator, { readings });
  const milliseconds = performance.now() - start;
  return { readings: readings.length, milliseconds, gasPerReading: Number(receipt.gasUsed) / readings.length };
}

/** The oracle's part on the chain: gas of a reading, and the time from its message to a confirmed block. */
import { chainCosts, type BatchCost, type ChainCosts } from "./oracle-chain.js";
import { BLOCK_GAS, BLOCK_SECONDS, latencyOf, type Latency } from "./oracle-latency.js";
import { openStage } from "./oracle-stage.js";
import { tableText, verdict, whole, type Figures } from "./report.js";

const GOAL_GAS = 12_000;
const GOAL_BLOCKS = 2;
const GAS_HOMES = 100;
const HOMES = 200;
/** Slots of each load; together less than actual readings are taken for. */
const SLOTS = [24, 16, 24] as const;
/** All at once. */
const FLOOD = 1_000_000;

/** Measures and prints; `batch` is one in series and new words. */
export async function benchOnChain(
  seed: number,
  folder: string,
  print: (text: string) => void,
): Promise<{ readonly batch: BatchCost; readonly figures: Figures }> {
  // a chain of its own: the clock of this one moves on by a round of slots
  const gas = await openStage(seed, GAS_HOMES);
  const costs = await chainCosts(gas).finally(() => gas.network.close());
  printGas(print, costs);
  const stage = await openStage(seed, HOMES);
  try {
    const [most, byTime, byGas] = SLOTS;
    const first = stage.ended + 1n - BigInt(most + byTime + byGas);
    const flood = await latencyOf(stage, { first, slots: most, perSecond: FLOOD }, folder);
    const takes = flood.confirmedPerSecond;
    print(
      `The chain here takes ${whole(takes)} readings/s (a flood of ${whole(flood.readings)}); ` +
        `blocks of ${whole(BLOCK_GAS)} gas every ${BLOCK_SECONDS} s have room for ${whole(roomFor(costs))}.`,
    );
    const quarter = await latencyOf(
      stage,
      { first: first + BigInt(most), slots: byTime, perSecond: takes / 4 },
      folder,
    );
    printLatency(print, "a quarter of what the chain here takes", quarter);
    const room = await latencyOf(
      stage,
      { first: first + BigInt(most + byTime), slots: byGas, perSecond: roomFor(costs) / 4 },
      folder,
    );
    printLatency(print, "a quarter of what its blocks have room for", room);
    return { batch: costs.seriesNew, figures: figuresOf(costs, takes, quarter, room) };
  } finally {
    await stage.network.close();
  }
}

/** Readings a second, in series and words used before. */
function roomFor({ seriesUsed }: ChainCosts): number {
  return BLOCK_GAS / seriesUsed.gasPerReading / BLOCK_SECONDS;
}

function figuresOf(costs: ChainCosts, takes: number, quarter: Latency, room: Latency): Figures {
  const { seriesUsed, seriesNew, singleUsed, singleNew } = costs;
  return {
    oracleChainMsPerReading: Math.round((100 * seriesNew.milliseconds) / seriesNew.readings) / 100,
    oracleGasPerReading: Math.round(seriesUsed.gasPerReading),
    oracleGasPerReadingNewWords: Math.round(seriesNew.gasPerReading),
    oracleGasPerSingleReading: Math.round(singleUsed.gasPerReading),
    oracleGasPerSingleReadingNewWords: Math.round(singleNew.gasPerReading),
    oracleChainPerSecond: Math.round(takes),
    oracleLatencyP50Ms: Math.round(quarter.whole.p50),
    oracleLatencyP99Ms: Math.round(quarter.whole.p99),
    oracleLatencyByGasP50Ms: Math.round(room.whole.p50),
    oracleLatencyByGasP99Ms: Math.round(room.whole.p99),
  };
}

function printGas(print: (text: string) => void, { seriesUsed, seriesNew, singleUsed, singleNew }: ChainCosts): void {
  const rows = [
    ["series of 8, words used before", seriesUsed],
    ["series of 8, new words", seriesNew],
    ["single readings of one slot, words used before", singleUsed],
    ["single readings of one slot, new words", singleNew],
  ] as const;
  print(
    tableText(
      `Gas of a reading in a batch of ${singleUsed.readings} (series: ${seriesUsed.readings}; goal: ${whole(GOAL_GAS)})`,
      ["signatures and words", "gas a reading", "goal"],
      rows.map(([what, { gasPerReading }]) => [what, whole(gasPerReading), verdict(gasPerReading, GOAL_GAS)]),
    ),
  );
}

function printLatency(print: (text: string) => void, what: string, { readings, perSecond, ...steps }: Latency): void {
  const goal = GOAL_BLOCKS * BLOCK_SECONDS * 1e3;
  const rows = [
    ["message to sent: broker, rules, outbox, batch", steps.batch],
    ["sent to block", steps.block],
    ["block to confirmed in the outbox", steps.told],
    ["message to confirmed", steps.whole],
  ] as const;
  print(
    tableText(
      `Latency of ${whole(readings)} readings, ${whole(perSecond)} a second: ${what} ` +
        `(goal: p99 below ${whole(goal)} ms, ${verdict(steps.whole.p99, goal)})`,
      ["step", "p50 ms", "p99 ms"],
      rows.map(([name, { p50, p99 }]) => [name, whole(p50), whole(p99)]),
    ),
  );
}

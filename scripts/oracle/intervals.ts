/**
 * Intervals of meter files to the energy of slots: a slot is known where intervals within it cover it whole, in both
 * directions. Nothing is split: an interval longer than a slot does not say how its energy lay in it.
 */
import { missingRanges, type RefusedObservation, type SlotEnergies, type SlotEnergy } from "./slot-energy.js";
import { statusRank, type IntervalObservation } from "./sources/observation.js";

export interface IntervalOptions {
  readonly slotSeconds: bigint;
}

/** The slots of one meter. Of two values for one interval the better one is taken: actual, substituted, estimated. */
export function slotsOfIntervals(
  observations: readonly IntervalObservation[],
  { slotSeconds }: IntervalOptions,
): SlotEnergies {
  const length = Number(slotSeconds);
  const refused: RefusedObservation[] = [];
  const parts = new Map<number, IntervalObservation[]>();
  let last: IntervalObservation | undefined;
  for (const observation of inOrder(observations)) {
    const slot = Math.floor(observation.start / length);
    if (observation.end > (slot + 1) * length) {
      const reason = `the interval of ${observation.end - observation.start} s lies in more than one slot of ${length} s`;
      refused.push({ observation, rule: "across-border", reason });
    } else if (last !== undefined && observation.start < last.end) {
      if (isSame(last, observation)) continue;
      refused.push({ observation, rule: "duplicate", reason: "another value of that time is known" });
    } else {
      parts.set(slot, [...(parts.get(slot) ?? []), observation]);
      last = observation;
    }
  }
  const slots = [...parts].map(([slot, inSlot]) => sumOf(slot, inSlot, length)).filter((sum) => sum !== undefined);
  const touched = [...parts.keys()];
  const first = touched.reduce((a, b) => Math.min(a, b), Infinity);
  const end = touched.reduce((a, b) => Math.max(a, b), -Infinity) + 1;
  const gaps = missingRanges(new Set(slots.map(({ slot }) => Number(slot))), first, end).map((range) => ({
    firstSlot: BigInt(range.first),
    slots: BigInt(range.end - range.first),
    importWh: undefined,
    exportWh: undefined,
  }));
  return { slots, gaps, breaks: [], refused };
}

/** By time, of one interval the best first. */
function inOrder(observations: readonly IntervalObservation[]): IntervalObservation[] {
  return [...observations].sort(
    (a, b) => a.start - b.start || a.end - b.end || statusRank(a.status) - statusRank(b.status),
  );
}

function isSame(a: IntervalObservation, b: IntervalObservation): boolean {
  return a.start === b.start && a.end === b.end && a.importWh === b.importWh && a.exportWh === b.exportWh;
}

function sumOf(slot: number, parts: readonly IntervalObservation[], length: number): SlotEnergy | undefined {
  const covered = parts.reduce((seconds, { start, end }) => seconds + end - start, 0);
  const imports = parts.map(({ importWh }) => importWh).filter((wh) => wh !== undefined);
  const exports = parts.map(({ exportWh }) => exportWh).filter((wh) => wh !== undefined);
  const worst = [...parts].sort((a, b) => statusRank(b.status) - statusRank(a.status))[0];
  if (covered !== length || worst === undefined || imports.length < parts.length || exports.length < parts.length) {
    return undefined;
  }
  const sum = (values: readonly bigint[]): bigint => values.reduce((total, wh) => total + wh, 0n);
  return {
    slot: BigInt(slot),
    importWh: sum(imports),
    exportWh: sum(exports),
    status: worst.status,
    bridgedSeconds: 0,
  };
}

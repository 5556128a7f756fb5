/**
 * Cumulative registers, read at irregular times, to the energy of slots. What a register counted up to the border of a
 * slot is interpolated linearly between the two observations around it, if they lie close enough, and rounded down; a
 * slot's energy is the difference of two borders, so that the slots of a stretch add up to what the register counted.
 * Where a border is not known, its slots are a gap.
 */
import { ReadingStatus } from "../../sdk/enums.js";

import { followRegister, type RegisterLimits, type Stretch } from "./register-series.js";
import { missingRanges, type Gap, type SlotEnergies, type SlotEnergy } from "./slot-energy.js";
import type { RegisterObservation } from "./sources/observation.js";

export interface RegisterOptions extends RegisterLimits {
  readonly slotSeconds: bigint;
  /** How long the two observations around a border may lie apart for it to be interpolated; default 900 s. */
  readonly bridgeSeconds?: number | undefined;
  /** The meter has no export register: its export is 0. Without this, no export register means that nothing is known. */
  readonly isImportOnly?: boolean | undefined;
}

/** The shortest interval that meters of the market are read in (15 minutes in the EU). */
export const DEFAULT_BRIDGE_SECONDS = 900;

/** What a register had counted at the border before a slot. */
interface Border {
  readonly stretch: number;
  readonly count: bigint;
  readonly bridgedSeconds: number;
}

/** By slot (floor(Unix time / length)). */
type Borders = ReadonlyMap<number, Border>;

/** The slots of one meter; its observations may come in any order, and several times. */
export function slotsOfRegisters(observations: readonly RegisterObservation[], options: RegisterOptions): SlotEnergies {
  const series = (["importWh", "exportWh"] as const).map((direction) =>
    followRegister(observations, direction, options),
  );
  const [imports = new Map<number, Border>(), exports = new Map<number, Border>()] = series.map(({ stretches }) =>
    bordersOf(stretches, options),
  );
  const slots = new Map<number, SlotEnergy>();
  for (const slot of imports.keys()) {
    const [imported, exported] = [energyIn(imports, slot), exportIn(exports, slot, options)];
    if (imported === undefined || exported === undefined) continue;
    const bridgedSeconds = Math.max(
      ...[imports, exports].flatMap((borders) => [slot, slot + 1].map((at) => borders.get(at)?.bridgedSeconds ?? 0)),
    );
    const status = ReadingStatus.Actual;
    slots.set(slot, { slot: BigInt(slot), importWh: imported, exportWh: exported, status, bridgedSeconds });
  }
  return {
    slots: [...slots.values()].sort((a, b) => Number(a.slot - b.slot)),
    gaps: gapsOf(slots, imports, exports, options),
    breaks: series.flatMap(({ breaks }) => breaks),
    refused: series.flatMap(({ refused }) => refused),
  };
}

function bordersOf(stretches: readonly Stretch[], { slotSeconds, bridgeSeconds }: RegisterOptions): Borders {
  const length = Number(slotSeconds);
  const bridge = bridgeSeconds ?? DEFAULT_BRIDGE_SECONDS;
  const borders = new Map<number, Border>();
  stretches.forEach((points, stretch) => {
    for (const [index, { time, count }] of points.entries()) {
      if (time % length === 0) borders.set(time / length, { stretch, count, bridgedSeconds: 0 });
      const next = points[index + 1];
      if (next === undefined || next.time - time > bridge) continue;
      const grown = next.count - count;
      for (let slot = Math.floor(time / length) + 1; slot * length < next.time; slot += 1) {
        const part = (grown * BigInt(slot * length - time)) / BigInt(next.time - time); // rounded down
        borders.set(slot, { stretch, count: count + part, bridgedSeconds: next.time - time });
      }
    }
  });
  return borders;
}

/** What was counted from the border before a slot to the one before another; both must lie in one stretch. */
function energyIn(borders: Borders, slot: number, end = slot + 1): bigint | undefined {
  const [from, to] = [borders.get(slot), borders.get(end)];
  return from === undefined || to?.stretch !== from.stretch ? undefined : to.count - from.count;
}

function exportIn(
  borders: Borders,
  slot: number,
  { isImportOnly }: Pick<RegisterOptions, "isImportOnly">,
  end = slot + 1,
): bigint | undefined {
  return isImportOnly === true ? 0n : energyIn(borders, slot, end);
}

/** The slots without a value between the first and the last known border. */
function gapsOf(
  slots: ReadonlyMap<number, SlotEnergy>,
  imports: Borders,
  exports: Borders,
  options: RegisterOptions,
): Gap[] {
  const known = [...imports.keys(), ...exports.keys()];
  const first = known.reduce((a, b) => Math.min(a, b), Infinity);
  const end = known.reduce((a, b) => Math.max(a, b), -Infinity);
  return missingRanges(new Set(slots.keys()), first, end).map((range) => ({
    firstSlot: BigInt(range.first),
    slots: BigInt(range.end - range.first),
    importWh: energyIn(imports, range.first, range.end),
    exportWh: exportIn(exports, range.first, options, range.end),
  }));
}

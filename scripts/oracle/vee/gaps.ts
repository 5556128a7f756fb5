/** Slots that no measurement covers whole, as they were before a rule filled them. */
import type { Gap } from "../slot-energy.js";

import { isSeenAround } from "./fill.js";
import type { KnownDirection } from "./known.js";
import type { FullPolicy } from "./policy.js";
import { ruleRank } from "./rules.js";

/** Between the first and the last observation, and within the range; a gap has its sum where registers say it. */
export function gapsOf(
  directions: readonly (KnownDirection | undefined)[],
  range: { readonly first: bigint; readonly end: bigint },
  { slotSeconds }: Pick<FullPolicy, "slotSeconds">,
): Gap[] {
  const length = Number(slotSeconds);
  const gaps: Gap[] = [];
  for (let slot = range.first; slot < range.end; slot += 1n) {
    const at = Number(slot);
    const isSeen = directions.some((known) => known !== undefined && isSeenAround(at, known, length));
    if (!isSeen || directions.every((known) => known === undefined || isMeasured(at, known, length))) continue;
    const [importWh, exportWh] = directions.map((known) => sumAt(at, known, length));
    const last = gaps.at(-1);
    if (last !== undefined && last.firstSlot + last.slots === slot) {
      const added = [plus(last.importWh, importWh), plus(last.exportWh, exportWh)];
      gaps.splice(-1, 1, { ...last, slots: last.slots + 1n, importWh: added[0], exportWh: added[1] });
    } else {
      gaps.push({ firstSlot: slot, slots: 1n, importWh, exportWh });
    }
  }
  return gaps;
}

function isMeasured(slot: number, { slots }: KnownDirection, length: number): boolean {
  const known = slots.get(slot);
  return known?.seconds === length && ruleRank(known.rule) < ruleRank("interpolation");
}

function sumAt(slot: number, known: KnownDirection | undefined, length: number): bigint | undefined {
  if (known === undefined) return 0n;
  const part = known.slots.get(slot);
  return part?.seconds === length ? part.wh : undefined;
}

function plus(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

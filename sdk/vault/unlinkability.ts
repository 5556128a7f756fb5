/**
 * What keeps a home's accounts on the two chains apart, in one place. Whoever shortens a time or a batch makes the
 * linkage figure of docs/privacy.md untrue; `npm run bench -- linkage` measures it.
 */

/** Times in seconds. */
export interface Unlinkability {
  /** People whom a registrar admits together on a chain, in an order drawn for that chain alone; so are keys published. */
  readonly admissionBatch: number;
  /** A home's agent writes once for each such period of the home's clock, whatever happened in it; 0: at once. */
  readonly writeEvery: bigint;
  /** So long after the period's end every reading of it is there, estimates too, so that none delays the writing. */
  readonly writeAfter: bigint;
  /** From then on the writing waits for a time drawn anew, each second as likely as another, up to this. */
  readonly writeWithin: bigint;
}

/** What the agents and the registrar keep to. */
export const UNLINKABLE: Unlinkability = {
  admissionBatch: 1_000,
  writeEvery: 86_400n,
  writeAfter: 21_600n,
  writeWithin: 86_400n,
};

/** No measures: what the linkage test's attacker is shown to work against. */
export const LINKABLE: Unlinkability = { admissionBatch: 1, writeEvery: 0n, writeAfter: 0n, writeWithin: 0n };

/** When to write what belongs to a period that ends at `end`. @param drawBelow a whole number from 0 to its argument - 1 */
export function writingTime(
  { writeAfter, writeWithin }: Unlinkability,
  end: bigint,
  drawBelow: (bound: bigint) => bigint,
): bigint {
  return end + writeAfter + (writeWithin === 0n ? 0n : drawBelow(writeWithin));
}

/** A sum shared out by weights under caps, so that the shares are exactly the sum. */

export interface Weighted {
  readonly weight: bigint;
  /** The most that it may get. */
  readonly cap: bigint;
}

/**
 * Each share in proportion to its weight, but at most its cap; what does not fit goes to the others in proportion, then
 * to those without a weight in proportion to the room they have. Rounded by the largest remainder (the first of equal
 * ones). What fits under no cap stays on the last share: whoever asks has to look for that.
 */
export function shareOut(total: bigint, weighted: readonly Weighted[]): bigint[] {
  const shares = weighted.map(() => 0n);
  let rest = fill(total, weighted, shares);
  if (rest > 0n) {
    const rooms = weighted.map(({ cap }, index) => cap - (shares[index] ?? 0n));
    rest = fill(
      rest,
      rooms.map((room) => ({ weight: room, cap: room })),
      shares,
    );
  }
  const last = shares.length - 1;
  if (rest > 0n && last >= 0) shares[last] = (shares[last] ?? 0n) + rest;
  return shares;
}

/** Adds to the shares; returns what no weighted one has room for. */
function fill(total: bigint, weighted: readonly Weighted[], shares: bigint[]): bigint {
  // those whose cap is lowest by their weight are full first
  const order = [...weighted.entries()].filter(([, { weight }]) => weight > 0n).sort(byRoom);
  let rest = total;
  let weights = order.reduce((sum, [, { weight }]) => sum + weight, 0n);
  let next = 0;
  for (; next < order.length; next += 1) {
    const [index, { weight, cap }] = order[next] ?? [0, { weight: 0n, cap: 0n }];
    if (rest * weight <= cap * weights) break;
    shares[index] = (shares[index] ?? 0n) + cap;
    rest -= cap;
    weights -= weight;
  }
  const open = order.slice(next).map(([index, { weight }]) => ({ index, product: rest * weight }));
  if (open.length === 0) return rest;
  let missing = rest;
  for (const { index, product } of open) {
    shares[index] = (shares[index] ?? 0n) + product / weights;
    missing -= product / weights;
  }
  open.sort((a, b) => compare(b.product % weights, a.product % weights) || a.index - b.index);
  for (const { index } of open.slice(0, Number(missing))) shares[index] = (shares[index] ?? 0n) + 1n;
  return 0n;
}

function byRoom([a, left]: [number, Weighted], [b, right]: [number, Weighted]): number {
  return compare(left.cap * right.weight, right.cap * left.weight) || a - b;
}

function compare(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The cheapest assignment of rows to columns (Hungarian method with potentials, O(n^3)). */

/** @param costs square, finite. @return the column of each row; the sum of their costs is the least that there is */
export function assign(costs: readonly (readonly number[])[]): number[] {
  const n = costs.length;
  // one more place each, at 0, for what isn't assigned yet
  const rowPotential = new Float64Array(n + 1);
  const columnPotential = new Float64Array(n + 1);
  const rowOf = new Int32Array(n + 1);
  for (let row = 1; row <= n; row += 1) {
    rowOf[0] = row;
    const way = augment(costs, { rowPotential, columnPotential, rowOf });
    for (let column = way.end; column !== 0;) {
      const before = way.from[column] ?? 0;
      rowOf[column] = rowOf[before] ?? 0;
      column = before;
    }
  }
  const columns = new Array<number>(n).fill(-1);
  for (let column = 1; column <= n; column += 1) columns[(rowOf[column] ?? 0) - 1] = column - 1;
  return columns;
}

interface Matching {
  readonly rowPotential: Float64Array;
  readonly columnPotential: Float64Array;
  /** The row of each column, from 1; column 0 has the row that seeks one. */
  readonly rowOf: Int32Array;
}

/** The cheapest alternating way from the row that seeks a column to a free one (Dijkstra over reduced costs). */
function augment(
  costs: readonly (readonly number[])[],
  { rowPotential, columnPotential, rowOf }: Matching,
): { readonly end: number; readonly from: Int32Array } {
  const n = costs.length;
  const least = new Float64Array(n + 1).fill(Infinity);
  const from = new Int32Array(n + 1);
  const isUsed = new Uint8Array(n + 1);
  let column = 0;
  do {
    isUsed[column] = 1;
    const row = rowOf[column] ?? 0;
    let [next, delta] = [0, Infinity];
    for (let other = 1; other <= n; other += 1) {
      if (isUsed[other] === 1) continue;
      const cost = costs[row - 1]?.[other - 1] ?? Infinity;
      const reduced = cost - (rowPotential[row] ?? 0) - (columnPotential[other] ?? 0);
      if (reduced < (least[other] ?? Infinity)) {
        least[other] = reduced;
        from[other] = column;
      }
      if ((least[other] ?? Infinity) < delta) [next, delta] = [other, least[other] ?? Infinity];
    }
    for (let other = 0; other <= n; other += 1) {
      if (isUsed[other] === 1) {
        const used = rowOf[other] ?? 0;
        rowPotential[used] = (rowPotential[used] ?? 0) + delta;
        columnPotential[other] = (columnPotential[other] ?? 0) - delta;
      } else {
        least[other] = (least[other] ?? 0) - delta;
      }
    }
    column = next;
  } while (rowOf[column] !== 0);
  return { end: column, from };
}

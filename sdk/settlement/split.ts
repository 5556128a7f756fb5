/** The one way in which Wh of a meter are split over its trades (market rules, "Settlement of a slot"). */

/**
 * `totalWh` over `weightsWh`, pro rata, rounded down; the spare Wh one each, from the first positive weight on.
 * No share exceeds its weight and the shares sum to the total.
 * @throws RangeError when the total exceeds the sum of the weights, which no rule asks for.
 */
export function splitWh(totalWh: bigint, weightsWh: readonly bigint[]): bigint[] {
  const sumWh = weightsWh.reduce((sum, weight) => sum + weight, 0n);
  if (totalWh > sumWh) throw new RangeError(`${totalWh} Wh do not fit ${sumWh} Wh of trades.`);
  if (sumWh === 0n) return weightsWh.map(() => 0n);
  const shares = weightsWh.map((weight) => (weight * totalWh) / sumWh);
  let spare = totalWh - shares.reduce((sum, share) => sum + share, 0n);
  return shares.map((share, i) => {
    if (spare === 0n || weightsWh[i] === 0n) return share;
    spare -= 1n;
    return share + 1n;
  });
}

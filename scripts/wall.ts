/** The machine's clock. */

/** Unix seconds, rounded down. */
export function wallSeconds(): bigint {
  return BigInt(Math.floor(Date.now() / 1_000));
}

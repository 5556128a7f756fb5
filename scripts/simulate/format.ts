/** Amounts and times for people: amounts rounded half away from zero to a number of decimals. Never used for money that moves. */

/** Micro-credits as credits, e.g. `1234567n` with 2 decimals as `1.23`. */
export function showCredits(micro: bigint, decimals = 2): string {
  return fixed(micro, 6, decimals);
}

/** Wh as kWh. */
export function showKwh(wh: bigint, decimals = 1): string {
  return fixed(wh, 3, decimals);
}

/** Tenths of a percent that `part` is of `whole`, e.g. `12.5 %`; an empty whole has no share. */
export function showShare(part: bigint, whole: bigint): string {
  return whole === 0n ? "-" : `${fixed((part * 1000n) / whole, 1, 1)} %`;
}

/** Unix seconds as ISO 8601. */
export function showTime(seconds: bigint): string {
  return new Date(Number(seconds) * 1_000).toISOString().replace(".000Z", "Z");
}

function fixed(value: bigint, scale: number, decimals: number): string {
  const cut = 10n ** BigInt(scale - decimals);
  const magnitude = value < 0n ? -value : value;
  const rounded = (magnitude + cut / 2n) / cut;
  const digits = rounded.toString().padStart(decimals + 1, "0");
  const text = decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
  return value < 0n && rounded !== 0n ? `-${text}` : text;
}

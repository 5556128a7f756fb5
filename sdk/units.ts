/**
 * Units of the market, exactly and without floating point: money in micro-credits, energy in watt-hours, prices in
 * micro-credits per kWh, all bigint. Decimal strings go in and come out; what a unit can't hold is refused, not rounded.
 */
import { CommonwattError } from "./errors.js";

/** Micro-credits in one credit (EnergyCredit has 6 decimals). */
export const MICRO_PER_CREDIT = 1_000_000n;
/** Watt-hours in one kWh. */
export const WH_PER_KWH = 1_000n;
/** The largest energy of one reading or order, in Wh (24 bits on chain). */
export const MAX_SLOT_WH = (1n << 24n) - 1n;
/** The largest amount that the escrow counts, in micro-credits (64 bits on chain). */
export const MAX_MICRO = (1n << 64n) - 1n;
/** The largest price or fee, in micro-credits per kWh (32 bits on chain). */
export const MAX_PRICE = (1n << 32n) - 1n;

const CREDIT_DECIMALS = 6;
const KWH_DECIMALS = 3;
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

/** Credits, e.g. `"12.5"`, to micro-credits. */
export function parseCredits(text: string): bigint {
  return parseDecimal(text, CREDIT_DECIMALS, "credits");
}

/** Micro-credits to credits, e.g. `12500000n` to `"12.5"`. */
export function formatCredits(micro: bigint): string {
  return formatDecimal(micro, CREDIT_DECIMALS);
}

/** Credits per kWh, e.g. `"0.27"`, to micro-credits per kWh. */
export function parsePrice(text: string): bigint {
  const price = parseDecimal(text, CREDIT_DECIMALS, "credits per kWh");
  if (price < 0n || price > MAX_PRICE) {
    throw new CommonwattError("UnitOutOfRange", { text, unit: "credits per kWh", max: formatCredits(MAX_PRICE) });
  }
  return price;
}

/** Micro-credits per kWh to credits per kWh. */
export function formatPrice(price: bigint): string {
  return formatDecimal(price, CREDIT_DECIMALS);
}

/** Kilowatt-hours, e.g. `"1.25"`, to whole Wh. */
export function parseKwh(text: string): bigint {
  return parseDecimal(text, KWH_DECIMALS, "kWh");
}

/** Wh to kWh, e.g. `1250n` to `"1.25"`. */
export function formatKwh(wh: bigint): string {
  return formatDecimal(wh, KWH_DECIMALS);
}

/** What `wh` cost at `price`, in micro-credits, rounded down (what a payee gets; fees). */
export function costDown(wh: bigint, price: bigint): bigint {
  return (wh * price) / WH_PER_KWH;
}

/** What `wh` cost at `price`, in micro-credits, rounded up (what a payer pays; locks). */
export function costUp(wh: bigint, price: bigint): bigint {
  return (wh * price + WH_PER_KWH - 1n) / WH_PER_KWH;
}

/** A decimal string to an integer of 10^-decimals units; refuses more decimals than the unit has. */
export function parseDecimal(text: string, decimals: number, unit: string): bigint {
  const match = DECIMAL.exec(text.trim());
  if (match === null) throw new CommonwattError("UnitNotANumber", { text, unit });
  const [, sign = "", whole = "", fraction = ""] = match;
  const kept = fraction.slice(0, decimals);
  if (/[1-9]/.test(fraction.slice(decimals))) throw new CommonwattError("UnitTooPrecise", { text, unit, decimals });
  const value = BigInt(whole + kept.padEnd(decimals, "0"));
  return sign === "-" ? -value : value;
}

/** An integer of 10^-decimals units to the shortest decimal string. */
export function formatDecimal(value: bigint, decimals: number): string {
  const sign = value < 0n ? "-" : "";
  const digits = (value < 0n ? -value : value).toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, "");
  return fraction === "" ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}

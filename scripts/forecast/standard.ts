/**
 * The profile of a home of which nothing is known. The shape follows what BDEW's standard load profile H0 describes
 * for households (low nights, a morning step, a noon hump, an evening peak, later mornings at weekends); the numbers
 * are our own, not BDEW's tables. Panels follow half a sine over twelve hours.
 */

/** What the standard home uses in a day. */
export const STANDARD_DAY_WH = 12_000;
/** The share of its nameplate that a plant makes at noon of a mean day. */
const SOLAR_NOON_SHARE = 0.6;
const [SUNRISE_HOUR, SUNSET_HOUR] = [6, 18];

/** Share of the day's use in each hour, in thousandths; each row adds up to 1,000. */
export const STANDARD_SHAPE: Readonly<Record<"weekday" | "weekend", readonly number[]>> = {
  weekday: [24, 20, 18, 17, 18, 24, 38, 46, 44, 42, 42, 45, 50, 46, 41, 40, 44, 56, 70, 76, 70, 57, 42, 30],
  weekend: [28, 22, 19, 18, 17, 19, 26, 36, 47, 53, 54, 56, 58, 52, 45, 42, 44, 52, 62, 67, 62, 51, 40, 30],
};

/** Use in a slot that starts at that second of the local day, in Wh (not rounded). */
export function standardLoadWh(secondOfDay: number, slotSeconds: number, weekend: boolean): number {
  const hour = Math.floor(secondOfDay / 3600) % 24;
  const thousandths = STANDARD_SHAPE[weekend ? "weekend" : "weekday"][hour] ?? 0;
  return (STANDARD_DAY_WH * thousandths * slotSeconds) / 1000 / 3600;
}

/** Yield in a slot of a plant that makes at most `peakWh` in one, in Wh (not rounded). */
export function standardSolarWh(secondOfDay: number, slotSeconds: number, peakWh: number): number {
  const hour = (secondOfDay + slotSeconds / 2) / 3600;
  if (hour <= SUNRISE_HOUR || hour >= SUNSET_HOUR) return 0;
  return peakWh * SOLAR_NOON_SHARE * Math.sin((Math.PI * (hour - SUNRISE_HOUR)) / (SUNSET_HOUR - SUNRISE_HOUR));
}

/**
 * CSV files in the form of `data/fontana` (docs/input-files.md, "Readings"), as observations: what the meter at the
 * grid connection of each home counted. A missing row is no observation.
 */
import { ReadingStatus } from "../../../sdk/enums.js";
import { meterValue, readReadings } from "../../inputs/readings.js";

import type { IntervalObservation } from "./observation.js";
import { parseFixedZone } from "./zone.js";

/** Reads the file whole, or refuses it with its line; then home by home. `zone`: the offset of its clock, e.g. `-08:00`. */
export async function readCsvReadings(file: string, zone: string | undefined): Promise<Iterable<IntervalObservation>> {
  const { fixedSeconds } = parseFixedZone(zone, { file });
  const readings = await readReadings(file, fixedSeconds);
  return observationsOf(readings);
}

function* observationsOf(readings: Awaited<ReturnType<typeof readReadings>>): Generator<IntervalObservation> {
  const { file, homes, first, count, lengthSeconds } = readings;
  for (const home of homes) {
    for (let slot = first; slot < first + count; slot += 1) {
      const value = meterValue(readings, home, slot);
      if (value === undefined) continue;
      yield {
        kind: "interval",
        meter: home.home,
        serial: undefined,
        place: { file },
        start: slot * lengthSeconds,
        end: (slot + 1) * lengthSeconds,
        importWh: BigInt(value.importWh),
        exportWh: BigInt(value.exportWh),
        status: ReadingStatus.Actual,
        quality: "A",
      };
    }
  }
}

/**
 * The meters' side of a run without broker and oracle: the readings of a batch of slots in one transaction, signed by
 * the devices, or estimated by the metering operator where a meter was silent. So a run's transactions are the same every time.
 */
import { meterLedgerOf, submitReadings } from "../../sdk/actions/readings.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { signReading, type SignedReading } from "../../sdk/signing/readings.js";
import { standardValue } from "../forecast/index.js";
import type { MeteredHome, MeteringParts, Meters } from "../simulate/metering.js";

export function directMeters(parts: MeteringParts): Promise<Meters> {
  return Promise.resolve({
    report: async (dataSlots: readonly number[]) => {
      const signed = dataSlots.flatMap((dataSlot) => parts.homes.map((home) => readingOf(parts, home, dataSlot)));
      await submitReadings(parts.chain, { readings: await Promise.all(signed) });
    },
    fillGaps: () => Promise.resolve(), // nothing was left out
    stop: () => Promise.resolve(),
  });
}

function readingOf(
  { chain, slots, inputs }: MeteringParts,
  { onChain, values }: MeteredHome,
  dataSlot: number,
): Promise<SignedReading> {
  const value = values.valueAt(dataSlot);
  const { importWh, exportWh } = value ?? standardValue(inputs, dataSlot, values.solarPeakWh);
  const signer = value === undefined ? onChain.feeder.meteringOperator.signer : onChain.device;
  return signReading(signer, meterLedgerOf(chain), {
    meter: onChain.meter,
    slot: slots.toChain(dataSlot),
    importWh: BigInt(importWh),
    exportWh: BigInt(exportWh),
    status: value === undefined ? ReadingStatus.Estimated : ReadingStatus.Actual,
    sequence: 1n,
  });
}

/**
 * The meters' side of a run without broker and oracle: the readings of a batch of slots in one transaction, signed by
 * the devices, or estimated by the metering operator where a meter was silent. So a run's transactions are the same every time.
 */
import { meterLedgerOf, submitReadings } from "../../sdk/actions/readings.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { seriesOf, signReading, signSeries, type Reading, type SignedReading } from "../../sdk/signing/readings.js";
import { standardValue } from "../forecast/index.js";
import type { MeteredHome, MeteringParts, Meters } from "../simulate/metering.js";

export function directMeters(parts: MeteringParts): Promise<Meters> {
  return Promise.resolve({
    report: async (dataSlots: readonly number[]) => {
      const signed = await Promise.all(parts.homes.map((home) => readingsOf(parts, home, dataSlots)));
      await submitReadings(parts.chain, { readings: signed.flat() });
    },
    fillGaps: () => Promise.resolve(), // nothing was left out
    stop: () => Promise.resolve(),
  });
}

/** The device signs slots in a row together, the metering operator each of its estimates. */
async function readingsOf(
  parts: MeteringParts,
  home: MeteredHome,
  dataSlots: readonly number[],
): Promise<SignedReading[]> {
  const { device, feeder } = home.onChain;
  const ledger = meterLedgerOf(parts.chain);
  const readings = dataSlots.map((dataSlot) => readingOf(parts, home, dataSlot));
  const own = readings.filter(({ status }) => status === ReadingStatus.Actual);
  const estimated = readings.filter(({ status }) => status !== ReadingStatus.Actual);
  const series = await Promise.all(seriesOf(own).map((run) => signSeries(device, ledger, run)));
  const estimates = estimated.map((reading) => signReading(feeder.meteringOperator.signer, ledger, reading));
  return [...series.flat(), ...(await Promise.all(estimates))];
}

function readingOf({ slots, inputs }: MeteringParts, { onChain, values }: MeteredHome, dataSlot: number): Reading {
  const value = values.valueAt(dataSlot);
  const { importWh, exportWh } = value ?? standardValue(inputs, dataSlot, values.solarPeakWh);
  return {
    meter: onChain.meter,
    slot: slots.toChain(dataSlot),
    importWh: BigInt(importWh),
    exportWh: BigInt(exportWh),
    status: value === undefined ? ReadingStatus.Estimated : ReadingStatus.Actual,
    sequence: 1n,
  };
}

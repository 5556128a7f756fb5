/** What the chain takes of a reading: a batch of 104 readings of 13 meters, in series of 8, on an embedded chain. */
import { meterLedgerOf, submitReadings } from "../../sdk/actions/readings.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { MAX_SERIES, signSeries, type SignedReading } from "../../sdk/signing/readings.js";
import { defaultGrid } from "../grid/index.js";
import { Random } from "../inputs/random.js";
import { admitNeighbourhood } from "../neighbourhood.js";
import { openEmbedded } from "../networks/embedded.js";

const HOMES = 13;
const SLOT_SECONDS = 900;
/** Meters stand in slots from two days after genesis on. */
const AGE_SECONDS = 3 * 86_400;

/** Gas of a reading in words that are new and in used ones are the gas part's; here is what the wall clock says. */
export interface ChainShare {
  readonly readings: number;
  readonly milliseconds: number;
  readonly gasPerReading: number;
}

/** Submits the batch once and waits for its receipt. */
export async function chainShare(seed: number): Promise<ChainShare> {
  const now = Math.floor(Date.now() / 1000);
  const network = await openEmbedded({
    seed,
    slotSeconds: SLOT_SECONDS,
    genesisTime: BigInt(now - AGE_SECONDS),
    network: "bench",
  });
  try {
    const sizes = Array.from({ length: HOMES }, (_, index) => ({ id: String(index + 1), peakWh: 8_000 }));
    const { homes, feeders } = await admitNeighbourhood(network, {
      grid: defaultGrid(sizes, 3_600, new Random(seed)),
      seed,
      homeDepositMicro: () => 0n,
      supplierDepositMicro: 0n,
    });
    const [feeder] = feeders;
    if (feeder === undefined) throw new Error("there is no feeder");
    await network.chains.transaction.moveTo(BigInt(now));
    const first = BigInt(Math.floor(now / SLOT_SECONDS) - MAX_SERIES);
    const ledger = meterLedgerOf(network.transaction);
    const readings: SignedReading[] = [];
    for (const { device, meter } of homes) {
      const series = Array.from({ length: MAX_SERIES }, (_, index) => ({
        meter,
        slot: first + BigInt(index),
        importWh: BigInt(100 + index),
        exportWh: 0n,
        status: ReadingStatus.Actual,
        sequence: 1n,
      }));
      readings.push(...(await signSeries(device, ledger, series)));
    }
    const start = performance.now();
    const { receipt } = await submitReadings(feeder.meteringOperator, { readings });
    const milliseconds = performance.now() - start;
    return { readings: readings.length, milliseconds, gasPerReading: Number(receipt.gasUsed) / readings.length };
  } finally {
    await network.close();
  }
}

/** An embedded chain with meters that sign, for the oracle's benchmarks of the chain. */
import { meterLedgerOf } from "../../sdk/actions/readings.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { signSeries, type SignedReading } from "../../sdk/signing/readings.js";
import { defaultGrid } from "../grid/index.js";
import { Random } from "../inputs/random.js";
import { admitNeighbourhood, type Neighbourhood } from "../neighbourhood.js";
import { openEmbedded, type EmbeddedNetwork } from "../networks/embedded.js";

export const STAGE_SLOT_SECONDS = 900;
/** Meters stand in slots from two days after genesis on. */
const AGE_SECONDS = 3 * 86_400;

export interface Stage {
  readonly network: EmbeddedNetwork;
  readonly homes: Neighbourhood["homes"];
  /** The metering operator of all feeders, who sends. */
  readonly operator: Neighbourhood["feeders"][number]["meteringOperator"];
  /** The last slot that has ended. */
  readonly ended: bigint;
}

/** A chain whose clock shows the wall's time. */
export async function openStage(seed: number, homes: number): Promise<Stage> {
  const now = Math.floor(Date.now() / 1000);
  const network = await openEmbedded({
    seed,
    slotSeconds: STAGE_SLOT_SECONDS,
    genesisTime: BigInt(now - AGE_SECONDS),
    network: "bench",
  });
  const sizes = Array.from({ length: homes }, (_, index) => ({ id: String(index + 1), peakWh: 8_000 }));
  const neighbourhood = await admitNeighbourhood(network, {
    grid: defaultGrid(sizes, 3_600, new Random(seed)),
    seed,
    homeDepositMicro: () => 0n,
    supplierDepositMicro: 0n,
  });
  const [feeder] = neighbourhood.feeders;
  if (feeder === undefined) throw new Error("there is no feeder");
  await network.chains.transaction.moveTo(BigInt(now));
  const ended = BigInt(Math.floor(now / STAGE_SLOT_SECONDS) - 1);
  return { network, homes: neighbourhood.homes, operator: feeder.meteringOperator, ended };
}

/** What the device of a home signs for `count` slots from `first` on, under one signature. */
export function signedBy(
  { network, homes }: Pick<Stage, "network" | "homes">,
  index: number,
  first: bigint,
  count: number,
): Promise<SignedReading[]> {
  const home = homes[index];
  if (home === undefined) throw new Error(`there is no home ${index}`);
  const readings = Array.from({ length: count }, (_, after) => ({
    meter: home.meter,
    slot: first + BigInt(after),
    importWh: BigInt(100 + index + after),
    exportWh: 0n,
    status: ReadingStatus.Actual,
    sequence: 1n,
  }));
  return signSeries(home.device, meterLedgerOf(network.transaction), readings);
}

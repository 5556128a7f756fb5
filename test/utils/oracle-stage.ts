/** A chain with a small neighbourhood, served on loopback, for tests of the oracle; it can be stopped and started. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { serveRpc, type RpcServer } from "../../scripts/chains/rpc-server.js";
import { defaultGrid } from "../../scripts/grid/index.js";
import { Random } from "../../scripts/inputs/index.js";
import { admitNeighbourhood, type Neighbourhood } from "../../scripts/neighbourhood.js";
import { openEmbedded, type EmbeddedNetwork } from "../../scripts/networks/embedded.js";
import { meterLedgerOf, readingsAt } from "../../sdk/actions/readings.js";
import type { TransactionChain } from "../../sdk/connect.js";
import { formatDeployment } from "../../sdk/deployments/index.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { signReading, type Reading, type SignedReading } from "../../sdk/signing/readings.js";

/** Of a slot, unless another length is given. */
export const SLOT_SECONDS = 30;

export interface StageOptions {
  readonly seed: number;
  readonly homes: number;
  readonly slotSeconds?: number;
  /** Age of the chain's genesis; meters stand in slots that were not open then. Default: an hour. */
  readonly ageSeconds?: number;
}

export class OracleStage {
  readonly folder: string;
  readonly network: EmbeddedNetwork;
  readonly neighbourhood: Neighbourhood;
  /** The deployment file. */
  readonly deployment: string;
  readonly #slotSeconds: number;
  #rpc: RpcServer;

  private constructor(
    folder: string,
    network: EmbeddedNetwork,
    neighbourhood: Neighbourhood,
    rpc: RpcServer,
    slotSeconds: number,
  ) {
    this.#slotSeconds = slotSeconds;
    this.folder = folder;
    this.network = network;
    this.neighbourhood = neighbourhood;
    this.deployment = join(folder, "deployment.json");
    this.#rpc = rpc;
  }

  static async open({
    seed,
    homes,
    slotSeconds = SLOT_SECONDS,
    ageSeconds = 3600,
  }: StageOptions): Promise<OracleStage> {
    const folder = await mkdtemp(join(tmpdir(), "commonwatt-oracle-chain-"));
    const genesisTime = BigInt(wallNow() - ageSeconds);
    const network = await openEmbedded({ seed, slotSeconds, genesisTime, network: "test" });
    const sizes = Array.from({ length: homes }, (_, index) => ({ id: String(index + 1), peakWh: 8000 }));
    const neighbourhood = await admitNeighbourhood(network, {
      grid: defaultGrid(sizes, 3600, new Random(seed)),
      seed,
      homeDepositMicro: () => 0n,
      supplierDepositMicro: 0n,
    });
    const rpc = await serveRpc(network.chains.transaction.connection.provider, 0);
    const stage = new OracleStage(folder, network, neighbourhood, rpc, slotSeconds);
    await writeFile(stage.deployment, formatDeployment(network.deployment));
    return stage;
  }

  get rpc(): { readonly url: string } {
    return this.#rpc;
  }

  /** The metering operator of all feeders, who also sends. */
  get operator(): Neighbourhood["feeders"][number]["meteringOperator"] {
    const [feeder] = this.neighbourhood.feeders;
    if (feeder === undefined) throw new Error("there is no feeder");
    return feeder.meteringOperator;
  }

  /** What the device of a home signs. */
  reading(index: number, slot: bigint, changes: Partial<Reading> = {}): Promise<SignedReading> {
    const home = this.neighbourhood.homes[index];
    if (home === undefined) throw new Error(`there is no home ${index}`);
    return signReading(home.device, meterLedgerOf(this.network.transaction), {
      meter: home.meter,
      slot,
      importWh: BigInt(100 * index),
      exportWh: 0n,
      status: ReadingStatus.Actual,
      sequence: 1n,
      ...changes,
    });
  }

  /** What the ledger has of all homes. */
  stored(slot: bigint): ReturnType<typeof readingsAt> {
    const meters = this.neighbourhood.homes.map(({ meter }) => meter);
    return readingsAt(this.network.transaction, { meters, slot });
  }

  timesStored(): Promise<Map<string, number>> {
    return timesStored(this.network.transaction);
  }

  /** A slot that has just ended, by the wall's clock and by the chain's. */
  async endedSlot(): Promise<bigint> {
    const now = wallNow();
    await this.network.chains.transaction.moveTo(BigInt(now));
    return BigInt(Math.floor(now / this.#slotSeconds) - 1);
  }

  /** The endpoint goes away, its connections with it. */
  stopChain(): Promise<void> {
    return this.#rpc.close();
  }

  /** It is back at the same place. */
  async startChain(): Promise<void> {
    const port = Number(new URL(this.#rpc.url).port);
    this.#rpc = await serveRpc(this.network.chains.transaction.connection.provider, port);
  }

  async close(): Promise<void> {
    await this.#rpc.close();
    await this.network.close();
    await rm(this.folder, { recursive: true });
  }
}

/** How often the ledger stored anything, by `meter/slot/status`: as its events say. */
export async function timesStored({ contracts: { meterLedger } }: TransactionChain): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (const { args } of await meterLedger.queryFilter(meterLedger.filters.ReadingBatchStored())) {
    for (const word of args.readings) {
      if ((BigInt(word) >> 104n) % 256n === 0n) continue; // it was stored before
      const status = (BigInt(word) >> 120n) % 256n;
      const key = `${BigInt(word) >> 224n}/${(BigInt(word) >> 192n) % 2n ** 32n}/${status}`;
      times.set(key, (times.get(key) ?? 0) + 1);
    }
  }
  return times;
}

function wallNow(): number {
  return Math.floor(Date.now() / 1000);
}

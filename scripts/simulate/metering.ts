/** The meters' side of a run: they sign and publish to a broker; an oracle brings their readings onto the chain. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { pino } from "pino";

import { meterLedgerOf } from "../../sdk/actions/readings.js";
import type { TransactionChain } from "../../sdk/connect.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { seriesOf, signSeries, type SignedReading } from "../../sdk/signing/readings.js";
import type { Neighbourhood as Inputs } from "../inputs/index.js";
import type { NeighbourHome } from "../neighbourhood.js";
import { startBroker, type Broker } from "../oracle/broker.js";
import { ChainTimes, submitTo } from "../oracle/chain.js";
import { FixedDirectory } from "../oracle/fixed-market.js";
import { findSilent, ProfileEstimator, type MeterHistory } from "../oracle/gap-filler.js";
import { HandingOver, type HandOver } from "../oracle/handover.js";
import { LedgerWriter } from "../oracle/ledger-writer.js";
import { MeterLink } from "../oracle/meters.js";
import { MqttSource } from "../oracle/mqtt-source.js";
import { Oracle } from "../oracle/oracle.js";
import { SqliteOutbox } from "../oracle/outbox.js";
import { standardRules } from "../oracle/rules.js";
import type { GapFiller, MeterDirectory, Outbox } from "../oracle/types.js";
import type { SlotMap } from "./schedule.js";

/** At 25,000 gas each at most, far below 16,777,216. */
const READINGS_PER_TRANSACTION = 500;

/** A home of the run: its place on the chain and its meter's values. */
export interface MeteredHome {
  readonly onChain: NeighbourHome;
  readonly values: Inputs["homes"][number];
}

export interface MeteringParts {
  /** Connected with the key that pays for the oracle's transactions. */
  readonly chain: TransactionChain;
  readonly homes: readonly MeteredHome[];
  readonly inputs: Inputs;
  readonly slots: SlotMap;
  /** The oracle's clock, Unix seconds. */
  readonly now: () => number;
  /** Takes readings that are on the chain, for the homes' agents. */
  readonly handOver?: HandOver;
}

/** The meters' side as a run uses it. */
export interface Meters {
  /** All meters that are not silent report these slots; resolves when the readings are on the chain. */
  report(dataSlots: readonly number[]): Promise<void>;
  /** The metering operators estimate for the meters that stayed silent. */
  fillGaps(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the meters' side of a run. */
export type StartMetering = (parts: MeteringParts) => Promise<Meters>;

/** Everything between the meters and the ledger, in this process. */
export class Metering implements Meters {
  #published = 0;

  private constructor(
    private readonly parts: MeteringParts,
    private readonly broker: Broker,
    private readonly link: MeterLink,
    private readonly oracle: Oracle,
    private readonly folder: string,
  ) {}

  static async start(parts: MeteringParts): Promise<Metering> {
    const { chain, slots, inputs } = parts;
    const broker = await startBroker();
    const times = await ChainTimes.of(chain, () => slots.toChain(inputs.firstSlot));
    const log = pino({ level: "silent" });
    const folder = await mkdtemp(join(tmpdir(), "commonwatt-oracle-"));
    const outbox = new SqliteOutbox(join(folder, "outbox.sqlite"));
    const directory = directoryOf(parts.homes);
    const oracle = new Oracle({
      source: new MqttSource({ url: broker.url, clientId: "commonwatt-simulation", log }),
      rules: standardRules(meterLedgerOf(chain)),
      outbox,
      writer: new HandingOver(new LedgerWriter(submitTo(chain)), parts.handOver ?? (() => undefined)),
      directory,
      times,
      clock: { now: parts.now },
      log,
      gapFiller: gapFillerOf(parts, outbox, directory),
      estimateFromSlot: slots.toChain(inputs.firstSlot),
      // full batches, and what is left when all of them are there (drain): how fast they come changes no transaction
      sender: {
        batchSize: READINGS_PER_TRANSACTION,
        mostUnderWay: 1,
        lingerMilliseconds: 60_000,
        drainAttempts: 3,
      },
    });
    await oracle.start();
    const link = await MeterLink.connect(broker.url, times.slotSeconds);
    return new Metering(parts, broker, link, oracle, folder);
  }

  async report(dataSlots: readonly number[]): Promise<void> {
    const signed = await Promise.all(this.parts.homes.map((home) => this.#readingsOf(home, dataSlots)));
    this.#published += await this.link.publish(signed.flat());
    await this.oracle.untilHandled(this.#published);
    await this.#drain();
  }

  async fillGaps(): Promise<void> {
    if ((await this.oracle.fillGaps()) > 0) await this.#drain();
  }

  async stop(): Promise<void> {
    await this.link.close();
    await this.oracle.stop();
    await this.broker.close();
    await rm(this.folder, { recursive: true });
  }

  /** What a home's meter signs for the slots in which it is not silent: one signature over slots in a row. */
  async #readingsOf({ onChain, values }: MeteredHome, dataSlots: readonly number[]): Promise<SignedReading[]> {
    const { chain, slots } = this.parts;
    const readings = dataSlots.flatMap((dataSlot) => {
      const value = values.valueAt(dataSlot);
      if (value === undefined) return [];
      const [importWh, exportWh] = [BigInt(value.importWh), BigInt(value.exportWh)];
      const [slot, status, sequence] = [slots.toChain(dataSlot), ReadingStatus.Actual, 1n];
      return [{ meter: onChain.meter, slot, importWh, exportWh, status, sequence }];
    });
    const series = seriesOf(readings).map((run) => signSeries(onChain.device, meterLedgerOf(chain), run));
    return (await Promise.all(series)).flat();
  }

  async #drain(): Promise<void> {
    await this.oracle.drain();
    const { rejected, refused } = this.oracle.counts();
    if (rejected + refused > 0) throw new Error(`the oracle refused ${rejected + refused} of the meters' readings`);
  }
}

function directoryOf(homes: readonly MeteredHome[]): MeterDirectory {
  return new FixedDirectory(
    new Map(
      homes.map(({ onChain: { meter, connectionWh, device, feeder } }) => {
        const meteringOperator = feeder.meteringOperator.signer.address;
        return [meter, { connectionWh, deviceKey: device.address, meteringOperator }] as const;
      }),
    ),
  );
}

/** Each metering operator signs for its own feeders. They know what their meters counted before the run. */
function gapFillerOf(
  { chain, homes, inputs, slots }: MeteringParts,
  outbox: Outbox,
  directory: MeterDirectory,
): GapFiller {
  const values = new Map(homes.map((home) => [home.onChain.meter, home.values]));
  const history: MeterHistory = {
    valueAt: (meter, slot) => values.get(meter)?.valueAt(slots.toData(slot)),
  };
  const operators = new Map(
    homes.map(({ onChain }) => {
      const { signer } = onChain.feeder.meteringOperator;
      return [signer.address, signer] as const;
    }),
  );
  // the hours and weekdays are the data's, whatever the chain's slots are numbered
  const clock = {
    slotSeconds: inputs.slotSeconds,
    offsetSeconds: inputs.offsetSeconds - slots.shift * inputs.slotSeconds,
  };
  const estimators = [...operators.values()].map(
    (operator) =>
      new ProfileEstimator({
        directory,
        history,
        findSilent: findSilent(outbox),
        operator,
        ledger: meterLedgerOf(chain),
        clock,
      }),
  );
  return {
    fill: async (slot) => (await Promise.all(estimators.map((estimator) => estimator.fill(slot)))).flat(),
  };
}

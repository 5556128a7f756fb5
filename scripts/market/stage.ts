/**
 * A market on an embedded network where homes order and meters count what a script tells them to: for measurements
 * that need a certain book, not a likely one. Time is virtual; it only moves forward.
 */
import { energyMarketOf, relayOrders } from "../../sdk/actions/orders.js";
import { timesOf } from "../../sdk/actions/market.js";
import { meterLedgerOf, submitReadings } from "../../sdk/actions/readings.js";
import { withSigner, type TransactionChain } from "../../sdk/connect.js";
import { ReadingStatus, type Side } from "../../sdk/enums.js";
import { MarketView } from "../../sdk/market-view.js";
import { signOrder, type SignedOrder } from "../../sdk/signing/orders.js";
import { signReading } from "../../sdk/signing/readings.js";
import type { SlotTimes } from "../../sdk/time/slots.js";
import type { Receipt } from "../../sdk/transact.js";
import type { Grid } from "../grid/index.js";
import { admitNeighbourhood, type Neighbourhood, type NeighbourHome } from "../neighbourhood.js";
import { openEmbedded, type EmbeddedNetwork } from "../networks/index.js";

const SLOT_SECONDS = 3_600;
const GENESIS_TIME = 1_767_225_600n; // 2026-01-01
const CREDIT = 1_000_000n;
const PRICE = { retail: 300_000n, feedIn: 100_000n };
/** Single-slot orders and readings of one transaction: far below its gas limit. */
const ORDERS_PER_RELAY = 64;
const READINGS_PER_BATCH = 100;

export interface StageOptions {
  readonly seed: number;
  readonly grid: Grid;
  readonly homeDepositMicro?: bigint;
}

/** What a home orders: the same limit in all slots of the profile. */
export interface StageOrder {
  readonly home: NeighbourHome;
  readonly side: Side;
  readonly firstSlot: bigint;
  readonly wh: readonly bigint[];
  readonly limit: bigint;
}

/** What a home's meter counted. */
export interface StageReading {
  readonly home: NeighbourHome;
  readonly importWh: bigint;
  readonly exportWh: bigint;
}

export class MarketStage {
  readonly view = new MarketView();
  #nonce = 0n;

  private constructor(
    readonly network: EmbeddedNetwork,
    readonly neighbourhood: Neighbourhood,
    /** Connected as the relayer: anyone may clear, close, settle. */
    readonly chain: TransactionChain,
  ) {}

  static async open({ seed, grid, homeDepositMicro = 1_000n * CREDIT }: StageOptions): Promise<MarketStage> {
    const network = await openEmbedded({ seed, slotSeconds: SLOT_SECONDS, genesisTime: GENESIS_TIME });
    const neighbourhood = await admitNeighbourhood(network, {
      grid,
      seed,
      homeDepositMicro: () => homeDepositMicro,
      supplierDepositMicro: 1_000_000n * CREDIT,
      price: PRICE,
    });
    const chain = withSigner(network.transaction, network.operators.transaction.relayer);
    return new MarketStage(network, neighbourhood, chain);
  }

  /** Homes of a feeder by its name, in the order of the grid. */
  homesOf(feeder: string): NeighbourHome[] {
    return this.neighbourhood.homes.filter((home) => home.feeder.name === feeder);
  }

  /** Waits until one of a slot's dates; the opening of a slot is the earliest that it can be ordered in. */
  async until(slot: bigint, date: keyof SlotTimes): Promise<void> {
    await this.network.clock.waitUntil((await timesOf(this.chain, slot))[date]);
  }

  /** Signs orders; each with a nonce of its own. */
  async sign(orders: readonly StageOrder[]): Promise<SignedOrder[]> {
    const relayDeadline = GENESIS_TIME * 2n;
    return Promise.all(
      orders.map(({ home, side, firstSlot, wh, limit }) =>
        signOrder(home.chain.signer, energyMarketOf(this.chain), {
          meter: home.meter,
          side,
          firstSlot,
          wh,
          limits: wh.map(() => limit),
          nonce: (this.#nonce += 1n),
          relayDeadline,
        }),
      ),
    );
  }

  /** Relays orders of one feeder. */
  async relay(feeder: bigint, orders: readonly SignedOrder[]): Promise<Receipt[]> {
    const receipts: Receipt[] = [];
    for (let from = 0; from < orders.length; from += ORDERS_PER_RELAY) {
      const batch = orders.slice(from, from + ORDERS_PER_RELAY);
      receipts.push(await relayOrders(this.chain, { feeder, orders: batch }));
    }
    return receipts;
  }

  /** Submits the meters' own readings of a slot. */
  async read(slot: bigint, readings: readonly StageReading[]): Promise<Receipt[]> {
    const signed = await Promise.all(
      readings.map(({ home: { meter, device }, importWh, exportWh }) =>
        signReading(device, meterLedgerOf(this.chain), {
          meter,
          slot,
          importWh,
          exportWh,
          status: ReadingStatus.Actual,
          sequence: 1n,
        }),
      ),
    );
    const receipts: Receipt[] = [];
    for (let from = 0; from < signed.length; from += READINGS_PER_BATCH) {
      const batch = await submitReadings(this.chain, { readings: signed.slice(from, from + READINGS_PER_BATCH) });
      receipts.push(batch.receipt);
    }
    return receipts;
  }

  close(): Promise<void> {
    return this.network.close();
  }
}

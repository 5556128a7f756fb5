/** One run of the market: orders, clearing, delivery, settlement and final dates, each in its time. */
import { clearTree, closeTree } from "../../sdk/actions/clearing.js";
import { setPrices, timesOf } from "../../sdk/actions/market.js";
import { energyMarketOf, relayOrders } from "../../sdk/actions/orders.js";
import { finalizeSlot, settleSlot } from "../../sdk/actions/settlement.js";
import type { TransactionChain } from "../../sdk/connect.js";
import { Side } from "../../sdk/enums.js";
import { isCommonwattError } from "../../sdk/errors.js";
import { MarketView } from "../../sdk/market-view.js";
import { signOrder, type SignedOrder } from "../../sdk/signing/orders.js";
import { type SlotTimes } from "../../sdk/time/slots.js";
import type { OrderProfile } from "../forecast/index.js";
import type { NeighbourFeeder, NeighbourHome, Neighbourhood } from "../neighbourhood.js";
import { estimatesFrom } from "../oracle/gap-filler.js";
import type { Meters } from "./metering.js";
import { slotsOf, type OrderRound, type Plan } from "./plan.js";
import type { SlotMap } from "./schedule.js";
import type { Timeline } from "./timeline.js";

/** Slots of all orders of one relay transaction together, so that it stays far below 16,777,216 gas. */
const ORDER_SLOTS_PER_RELAY = 600;

export interface MarketRunParts {
  /** Connected with the key that pays for what anyone may send. */
  readonly chain: TransactionChain;
  readonly plan: Plan;
  readonly neighbourhood: Neighbourhood;
  readonly slots: SlotMap;
  readonly rounds: readonly OrderRound[];
  readonly metering: Meters;
  /** Seconds before a round's first delivery at which its orders go out. */
  readonly leadOf: (round: OrderRound) => number;
}

/** A home's order profile, with the home. */
interface PlacedProfile {
  readonly home: NeighbourHome;
  readonly profile: OrderProfile;
}

export class MarketRun {
  readonly view = new MarketView();
  readonly #homes: ReadonlyMap<string, NeighbourHome>;
  #nonce = 0n;

  constructor(private readonly parts: MarketRunParts) {
    this.#homes = new Map(parts.neighbourhood.homes.map((home) => [home.home, home]));
  }

  /** The suppliers' prices of all slots of the run, before the first opens. */
  async setAllPrices(): Promise<void> {
    const { plan, neighbourhood, slots } = this.parts;
    const prices = slotsOf(plan.inputs).map((slot) => plan.inputs.pricesAt(slot));
    const firstSlot = slots.toChain(plan.inputs.firstSlot);
    for (const { area, supplier } of neighbourhood.feeders) {
      await setPrices(supplier, { feeder: area, firstSlot, prices });
    }
  }

  /** Puts everything that will happen into the timeline. */
  async schedule(timeline: Timeline): Promise<void> {
    const { plan, rounds, slots, leadOf } = this.parts;
    for (const round of rounds) {
      const { deliveryStart } = await this.#timesOf(slots.toChain(round.firstSlot));
      timeline.at(deliveryStart - BigInt(leadOf(round)), () => this.#order(round));
    }
    for (const dataSlot of slotsOf(plan.inputs)) {
      const times = await this.#timesOf(slots.toChain(dataSlot));
      timeline.at(times.gateClosure, () => this.#clear(dataSlot));
      timeline.at(times.deliveryEnd, () => this.#deliver(dataSlot, times, timeline));
      timeline.at(times.finalDate, () => this.#finalize(dataSlot));
    }
  }

  /** The homes sign their profiles of a round; a relayer brings them feeder by feeder. */
  async #order(round: OrderRound): Promise<void> {
    const placed = this.parts.plan.homes.flatMap(({ home, profiles }): PlacedProfile[] => {
      const own = profiles.filter(
        ({ firstSlot }) => firstSlot >= round.firstSlot && firstSlot < round.firstSlot + round.count,
      );
      return own.map((profile) => ({ home: this.#homeOf(home.id), profile }));
    });
    for (const feeder of this.parts.neighbourhood.feeders) {
      const orders = await Promise.all(
        placed.filter(({ home }) => home.feeder.area === feeder.area).map((order) => this.#sign(order)),
      );
      await this.#relay(feeder, orders);
    }
  }

  async #relay(feeder: NeighbourFeeder, orders: readonly SignedOrder[]): Promise<void> {
    for (const batch of relayBatches(orders)) {
      await relayOrders(this.parts.chain, { feeder: feeder.area, orders: batch });
    }
  }

  async #sign({ home, profile }: PlacedProfile): Promise<SignedOrder> {
    const { chain, slots } = this.parts;
    const firstSlot = slots.toChain(profile.firstSlot);
    const { gateClosure } = await this.#timesOf(firstSlot);
    return signOrder(home.chain.signer, energyMarketOf(chain), {
      meter: home.meter,
      side: profile.side === "buy" ? Side.Buy : Side.Sell,
      firstSlot,
      wh: profile.wh,
      limits: profile.limits,
      nonce: (this.#nonce += 1n),
      relayDeadline: gateClosure,
    });
  }

  async #clear(dataSlot: number): Promise<void> {
    const { chain, neighbourhood, slots } = this.parts;
    const slot = slots.toChain(dataSlot);
    for (const { area: city } of neighbourhood.cities) {
      await clearTree(chain, this.view, { city, slot });
      await closeTree(chain, this.view, { city, slot });
    }
  }

  /** The meters report; the slot settles at once, or when the silent ones are estimated or their time is over. */
  async #deliver(dataSlot: number, times: SlotTimes, timeline: Timeline): Promise<void> {
    await this.parts.metering.report(dataSlot);
    if (await this.#trySettle(dataSlot)) return;
    timeline.at(estimatesFrom(times), async () => {
      await this.parts.metering.fillGaps();
      if (!(await this.#trySettle(dataSlot))) timeline.at(times.readingEnd, () => this.#settle(dataSlot));
    });
  }

  /** Settles unless a reading is still awaited. */
  async #trySettle(dataSlot: number): Promise<boolean> {
    try {
      await this.#settle(dataSlot);
      return true;
    } catch (error) {
      if (isCommonwattError(error, "SettlementReadingMissing")) return false;
      throw error;
    }
  }

  async #settle(dataSlot: number): Promise<void> {
    const { chain, neighbourhood, slots } = this.parts;
    const slot = slots.toChain(dataSlot);
    for (const { area: city } of neighbourhood.cities) await settleSlot(chain, this.view, { city, slot });
  }

  async #finalize(dataSlot: number): Promise<void> {
    const { chain, neighbourhood, slots } = this.parts;
    const slot = slots.toChain(dataSlot);
    for (const { area: city } of neighbourhood.cities) await finalizeSlot(chain, this.view, { city, slot });
  }

  #timesOf(slot: bigint): Promise<SlotTimes> {
    return timesOf(this.parts.chain, slot);
  }

  #homeOf(id: string): NeighbourHome {
    const home = this.#homes.get(id);
    if (home === undefined) throw new RangeError(`home ${id} was not admitted`);
    return home;
  }
}

/** Orders in their order, cut where a transaction would hold too many slots. */
function relayBatches(orders: readonly SignedOrder[]): SignedOrder[][] {
  const batches: SignedOrder[][] = [];
  let room = 0;
  for (const order of orders) {
    const slots = order.order.wh.length;
    if (slots > room || batches.length === 0) {
      batches.push([]);
      room = ORDER_SLOTS_PER_RELAY;
    }
    batches.at(-1)?.push(order);
    room -= slots;
  }
  return batches;
}

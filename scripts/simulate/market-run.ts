/** One run of the market: orders, clearing, delivery, settlement and final dates, each in its time. */
import { clearTree, closeSlots } from "../../sdk/actions/clearing.js";
import { setPrices, timesOf } from "../../sdk/actions/market.js";
import { energyMarketOf, relayOrders } from "../../sdk/actions/orders.js";
import { finalizeSlots, settleSlots } from "../../sdk/actions/settlement.js";
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

/** What a relay takes on fresh accounts and books, so that one transaction stays below 16,777,216 gas. */
export const RELAY_GAS = { most: 14_000_000, book: 65_000, order: 130_000, slot: 6_500 };

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
  /** How many slots are closed, read, settled and finalized together. */
  readonly batchSlots: number;
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
    const { plan, rounds, slots, leadOf, batchSlots } = this.parts;
    for (const round of rounds) {
      const { deliveryStart } = await this.#timesOf(slots.toChain(round.firstSlot));
      timeline.at(deliveryStart - BigInt(leadOf(round)), () => this.#order(round));
    }
    for (const batch of batchesOf(slotsOf(plan.inputs), batchSlots)) {
      let last: SlotTimes | undefined;
      for (const dataSlot of batch) {
        last = await this.#timesOf(slots.toChain(dataSlot));
        timeline.at(last.gateClosure, () => this.#clear(dataSlot));
      }
      if (last === undefined) continue;
      timeline.at(last.gateClosure, () => this.#close(batch));
      const { deliveryEnd } = last;
      timeline.at(deliveryEnd, () => this.#deliver(batch, deliveryEnd, timeline));
      timeline.at(last.finalDate, () => this.#finalize(batch));
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
      await this.#relay(feeder, orders, round);
    }
  }

  async #relay(feeder: NeighbourFeeder, orders: readonly SignedOrder[], { count }: OrderRound): Promise<void> {
    for (const batch of relayBatches(orders, count)) {
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
    const slot = this.parts.slots.toChain(dataSlot);
    await this.#inCities((chain, city) => clearTree(chain, this.view, { city, slot }));
  }

  async #close(batch: readonly number[]): Promise<void> {
    const slots = this.#chainSlots(batch);
    await this.#inCities((chain, city) => closeSlots(chain, this.view, { city, slots }));
  }

  /** The meters report; slots settle at once, or when the silent meters are estimated or their time is over. */
  async #deliver(batch: readonly number[], now: bigint, timeline: Timeline): Promise<void> {
    await this.parts.metering.report(batch);
    for (const slot of await this.#settleThoseRead(this.#chainSlots(batch))) {
      const times = await this.#timesOf(slot);
      const estimates = estimatesFrom(times);
      timeline.at(estimates > now ? estimates : now, async () => {
        await this.parts.metering.fillGaps();
        const [silent] = await this.#settleThoseRead([slot]);
        if (silent !== undefined) timeline.at(times.readingEnd, () => this.#settle([slot]));
      });
    }
  }

  /** Settles those slots in which no reading is awaited; returns the others. */
  async #settleThoseRead(slots: readonly bigint[]): Promise<bigint[]> {
    try {
      await this.#settle(slots);
      return [];
    } catch (error) {
      if (!isCommonwattError(error, "SettlementReadingMissing")) throw error;
      const { slot } = error.args;
      return [
        ...slots.filter((own) => own === slot),
        ...(await this.#settleThoseRead(slots.filter((own) => own !== slot))),
      ];
    }
  }

  #settle(slots: readonly bigint[]): Promise<void> {
    return this.#inCities((chain, city) => settleSlots(chain, this.view, { city, slots }));
  }

  async #finalize(batch: readonly number[]): Promise<void> {
    const slots = this.#chainSlots(batch);
    await this.#inCities((chain, city) => finalizeSlots(chain, this.view, { city, slots }));
  }

  async #inCities(act: (chain: TransactionChain, city: bigint) => Promise<unknown>): Promise<void> {
    for (const { area } of this.parts.neighbourhood.cities) await act(this.parts.chain, area);
  }

  #chainSlots(dataSlots: readonly number[]): bigint[] {
    return dataSlots.map((slot) => this.parts.slots.toChain(slot));
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

/** Orders in their order, cut where a transaction into so many books would take too much gas. */
export function relayBatches(
  orders: readonly SignedOrder[],
  books: number,
  most: number = RELAY_GAS.most,
): SignedOrder[][] {
  const batches: SignedOrder[][] = [];
  let room = 0;
  for (const order of orders) {
    const gas = RELAY_GAS.order + RELAY_GAS.slot * order.order.wh.filter((wh) => wh > 0n).length;
    if (gas > room || batches.length === 0) {
      batches.push([]);
      room = most - RELAY_GAS.book * books;
    }
    batches.at(-1)?.push(order);
    room -= gas;
  }
  return batches;
}

/** Slots in their order, so many at a time. */
function batchesOf(slots: readonly number[], size: number): number[][] {
  return Array.from({ length: Math.ceil(slots.length / size) }, (_, index) =>
    slots.slice(index * size, (index + 1) * size),
  );
}

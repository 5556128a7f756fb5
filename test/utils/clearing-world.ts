/**
 * Clearing over mocked books: for tests that set the books of a slot directly. The tree is one city with districts of
 * feeders, as asked for; Clearing is the real contract. Loading the file does nothing.
 */
import type { HardhatEthers } from "@nomicfoundation/hardhat-ethers/types";
import type { NetworkHelpers } from "@nomicfoundation/hardhat-network-helpers/types";
import { getAddress, toBeHex, type Addressable } from "ethers";

import { EntryTag, packBilateral, packEntry, TradeLevel } from "../../sdk/records.js";

export const SLOT_SECONDS = 3_600n;
export const BOND_RATE = 2_000_000n;
/** Seconds before a slot's start at which its gate closes, and at which a feeder's book is void. */
export const GATE_BEFORE = 1_800n;
export const FEEDER_BEFORE = 1_200n;

export interface ClearingStage {
  readonly ethers: HardhatEthers;
  readonly networkHelpers: NetworkHelpers;
}

/** An order as a test thinks of it; `cancelled` appends its cancel to the end of the log. */
export interface TestOrder {
  readonly meter: number;
  readonly side: "buy" | "sell";
  readonly wh: number;
  readonly limit: number;
  readonly arrival: number;
  readonly cancelled?: boolean;
}

export type ClearingWorld = Awaited<ReturnType<typeof clearingWorld>>;

/** The account of a meter's holder; nobody needs its key. */
export const holderOf = (meter: number | bigint): string => getAddress(toBeHex(0xa0000n + BigInt(meter), 20));

/** What an order locks: buyers at their limit, sellers at the bond rate; rounded up. */
export const lockOf = ({ side, wh, limit }: Pick<TestOrder, "side" | "wh" | "limit">): bigint =>
  (BigInt(wh) * (side === "sell" ? BOND_RATE : BigInt(limit)) + 999n) / 1000n;

/** The log of a feeder's book: its orders as they come, then the cancels. */
export function logOf(feeder: bigint, slot: bigint, orders: readonly TestOrder[]): string[] {
  const owner = ({ meter, arrival }: TestOrder) => ({ account: holderOf(meter), nonce: BigInt(arrival) });
  const placed = orders.map((order, index) =>
    packEntry({
      tag: order.side === "buy" ? EntryTag.Buy : EntryTag.Sell,
      meter: BigInt(order.meter),
      feeder,
      arrival: BigInt(order.arrival),
      wh: BigInt(order.wh),
      limit: BigInt(order.limit),
      index: BigInt(index),
      slot,
      ...owner(order),
    }),
  );
  const cancels = orders
    .filter(({ cancelled }) => cancelled)
    .map((order, number) =>
      packEntry({
        tag: EntryTag.Cancel,
        meter: BigInt(order.meter),
        feeder,
        arrival: 0n,
        wh: 0n,
        limit: 0n,
        index: BigInt(orders.length + number),
        slot,
        ...owner(order),
      }),
    );
  return [...placed, ...cancels].flat();
}

/** Words of bilateral contracts between meters of the tree, all of `wh` at one price. */
export function bilateralsOf(
  slot: bigint,
  contracts: readonly { buyMeter: number; buyFeeder: bigint; sellMeter: number; sellFeeder: bigint; wh: number }[],
): string[] {
  return contracts.flatMap(({ buyMeter, buyFeeder, sellMeter, sellFeeder, wh }) =>
    packBilateral({
      trade: {
        level: TradeLevel.Bilateral,
        buyFeeder,
        sellFeeder,
        buyIndex: 0n,
        sellIndex: 0n,
        wh: BigInt(wh),
        price: 150_000n,
        buyMeter: BigInt(buyMeter),
        sellMeter: BigInt(sellMeter),
        buyPos: 0n,
        sellPos: 0n,
      },
      buyer: holderOf(buyMeter),
      slot,
      seller: holderOf(sellMeter),
      buyLock: lockOf({ side: "buy", wh, limit: 150_000 }),
      sellLock: lockOf({ side: "sell", wh, limit: 0 }),
    }),
  );
}

/** Deploys Clearing over a tree with so many feeders in each district, before the gate closure of `slot`. */
export async function clearingWorld(
  { ethers, networkHelpers }: ClearingStage,
  feedersPerDistrict: readonly number[],
  escrow?: Addressable,
) {
  const world = await ethers.deployContract("MockTradingWorld");
  const books = await ethers.deployContract("MockOrderBooks");
  const purse = await ethers.deployContract("MockTradeEscrow");
  const clearing = await ethers.deployContract("Clearing", [
    {
      market: books,
      bilaterals: books,
      topology: world,
      calendar: world,
      rules: world,
      tariffs: world,
      escrow: escrow ?? purse,
    },
  ]);
  const addArea = async (parent: bigint): Promise<bigint> => {
    await world.addArea(parent);
    return world.areaCount();
  };
  const city = await addArea(0n);
  const districts: bigint[] = [];
  const feeders: bigint[] = [];
  const districtOf = new Map<bigint, bigint>();
  for (const count of feedersPerDistrict) {
    const district = await addArea(city);
    districts.push(district);
    for (let i = 0; i < count; i++) {
      const feeder = await addArea(district);
      feeders.push(feeder);
      districtOf.set(feeder, district);
    }
  }
  const slot = BigInt(await networkHelpers.time.latest()) / SLOT_SECONDS + 2n;
  const { interface: abi } = clearing;
  return {
    world,
    books,
    purse,
    clearing,
    abi,
    city,
    districts,
    feeders,
    districtOf,
    slot,
    /** Lets the slot's gate close. */
    closeGate: () => networkHelpers.time.increaseTo(slot * SLOT_SECONDS - GATE_BEFORE),
    /** Locks in the mocked escrow what live orders lock. */
    async lock(orders: readonly TestOrder[]): Promise<void> {
      for (const order of orders) {
        if (order.cancelled) continue;
        await purse.fund(holderOf(order.meter), lockOf(order));
        await purse.lock(holderOf(order.meter), lockOf(order), slot);
      }
    },
  };
}

import { expect } from "chai";
import fc from "fast-check";
import hre from "hardhat";

import {
  clearCity,
  type BookResult,
  type CityTree,
  type ClearedCity,
  type CloseSubmission,
  type FeederSubmission,
  type ParentSubmission,
} from "../../sdk/clearing/index.js";
import { hashWords, packTrade, unpackPositions, unpackTrades } from "../../sdk/records.js";
import {
  bilateralsOf,
  clearingWorld,
  FEEDER_BEFORE,
  holderOf,
  lockOf,
  logOf,
  SLOT_SECONDS,
  type ClearingStage,
  type ClearingWorld,
  type TestOrder,
} from "../utils/clearing-world.js";

/** Two districts, of two feeders and of one. */
const LAYOUT = [2, 1];
const FEEDERS = 3;
const EDGES = 5;
const RUNS = process.env["COMMONWATT_LONG"] === "1" ? 200 : 12;

interface Scene {
  readonly orders: readonly {
    readonly feeder: number;
    readonly buys: boolean;
    readonly wh: number;
    readonly limit: number;
    readonly cancelled: boolean;
  }[];
  /** Of the edges above feeders A, B, C, then of those above the districts. */
  readonly edges: readonly { readonly fee: number; readonly capacityWh: number | undefined }[];
  readonly hasContract: boolean;
}

const anyScene: fc.Arbitrary<Scene> = fc.record({
  orders: fc.array(
    fc.record({
      feeder: fc.integer({ min: 0, max: FEEDERS - 1 }),
      buys: fc.boolean(),
      wh: fc.integer({ min: 1, max: 3_000 }),
      limit: fc.integer({ min: 0, max: 14 }).map((step) => step * 20_000), // ties, and bids that would go negative
      cancelled: fc.nat(9).map((n) => n === 0),
    }),
    { minLength: 1, maxLength: 40 },
  ),
  edges: fc.array(
    fc.record({
      fee: fc.integer({ min: 0, max: 3 }).map((step) => step * 10_000),
      capacityWh: fc.option(fc.nat(4_000), { nil: undefined }),
    }),
    { minLength: EDGES, maxLength: EDGES },
  ),
  hasContract: fc.boolean(),
});

/** A scene in which every level trades, with a full edge, a cancel and a contract: something to mutate everywhere. */
const RICH: Scene = {
  orders: [
    { feeder: 0, buys: false, wh: 3_000, limit: 100_000, cancelled: false },
    { feeder: 0, buys: false, wh: 500, limit: 120_000, cancelled: false },
    { feeder: 0, buys: true, wh: 700, limit: 260_000, cancelled: false },
    { feeder: 0, buys: true, wh: 300, limit: 250_000, cancelled: false },
    { feeder: 0, buys: true, wh: 900, limit: 280_000, cancelled: true },
    { feeder: 1, buys: true, wh: 800, limit: 300_000, cancelled: false },
    { feeder: 1, buys: true, wh: 200, limit: 290_000, cancelled: false },
    { feeder: 2, buys: true, wh: 900, limit: 400_000, cancelled: false },
    { feeder: 2, buys: true, wh: 400, limit: 390_000, cancelled: false },
  ],
  edges: [
    { fee: 10_000, capacityWh: 1_800 },
    { fee: 10_000, capacityWh: undefined },
    { fee: 10_000, capacityWh: undefined },
    { fee: 5_000, capacityWh: undefined },
    { fee: 5_000, capacityWh: undefined },
  ],
  hasContract: true,
};

/** Meters descend, so that positions stand in another order than orders. */
const meterOf = (order: number): number => 1_000 - order * 3;

describe("Clearing engine against the contract", function () {
  this.timeout(300_000);

  let stage: ClearingStage;

  before(async () => {
    stage = await hre.network.create("embeddedTransaction");
  });

  /** The scene on a chain of its own tree, its gate closed. */
  async function staged(scene: Scene): Promise<{ world: ClearingWorld; tree: CityTree; cleared: ClearedCity }> {
    const world = await clearingWorld(stage, LAYOUT);
    const orders = scene.orders.map((order, i): TestOrder => ({
      meter: meterOf(i),
      side: order.buys ? "buy" : "sell",
      wh: order.wh,
      limit: order.limit,
      arrival: i + 1,
      cancelled: order.cancelled,
    }));
    const logs = world.feeders.map((feeder, f) =>
      logOf(
        feeder,
        world.slot,
        orders.filter((_, i) => scene.orders[i]?.feeder === f),
      ),
    );
    for (const [f, log] of logs.entries()) await world.books.setBook(world.feeders[f] ?? 0n, world.slot, log);
    await world.lock(orders);
    const edge = (i: number) => {
      const { fee, capacityWh } = scene.edges[i] ?? { fee: 0, capacityWh: undefined };
      return { fee: BigInt(fee), ...(capacityWh === undefined ? {} : { capacityWh: BigInt(capacityWh) }) };
    };
    const [contractBuyer, contractSeller] = [5_001, 5_002];
    const [first = 0n, last = 0n] = [world.feeders[0], world.feeders.at(-1)];
    const bilaterals = scene.hasContract
      ? bilateralsOf(world.slot, [
          { buyMeter: contractBuyer, buyFeeder: last, sellMeter: contractSeller, sellFeeder: first, wh: 333 },
        ])
      : [];
    if (scene.hasContract) await world.books.setBilaterals(world.city, world.slot, bilaterals);
    const tree: CityTree = {
      city: world.city,
      slot: world.slot,
      bilaterals,
      districts: world.districts.map((district, d) => ({
        area: district,
        ...edge(FEEDERS + d),
        feeders: world.feeders.flatMap((feeder, f) =>
          world.districtOf.get(feeder) === district ? [{ area: feeder, ...edge(f), entries: logs[f] ?? [] }] : [],
        ),
      })),
    };
    for (const { area, fee, capacityWh } of tree.districts.flatMap((district) => [district, ...district.feeders])) {
      await world.world.setEdge(area, fee, capacityWh !== undefined, capacityWh ?? 0n);
    }
    await world.closeGate();
    return { world, tree, cleared: clearCity(tree) };
  }

  const feederCall = (submission: FeederSubmission) => ({ ...submission, entries: [...submission.entries] });
  const parentCall = (submission: ParentSubmission) => ({
    ...submission,
    rests: submission.rests.map((rests) => [...rests]),
    childTradesHashes: [...submission.childTradesHashes],
  });
  const closeCall = (submission: CloseSubmission) => ({
    ...submission,
    bilaterals: [...submission.bilaterals],
    entries: submission.entries.map((entries) => [...entries]),
    cancelTargets: [...submission.cancelTargets],
    trades: submission.trades.map((trades) => [...trades]),
    restsHashes: [...submission.restsHashes],
  });

  /** Sends a book and compares the event with what the engine says. */
  async function send(world: ClearingWorld, submission: FeederSubmission | ParentSubmission, result?: BookResult) {
    const sent =
      "feeder" in submission
        ? await world.clearing.clearFeeder(feederCall(submission))
        : await world.clearing.clearParent(parentCall(submission));
    const receipt = await sent.wait();
    const [log] = receipt?.logs ?? [];
    const event = log === undefined ? null : world.abi.parseLog(log);
    expect(event?.name).to.equal("BookCleared");
    expect({
      price: event?.args["price"] as bigint,
      volumeWh: event?.args["volumeWh"] as bigint,
      trades: [...(event?.args["trades"] as string[])],
      rests: [...(event?.args["rests"] as string[])],
    }).to.deep.equal(result);
  }

  async function sendAll({ world, cleared }: { world: ClearingWorld; cleared: ClearedCity }): Promise<void> {
    const parents = [...cleared.districts, ...(cleared.city === undefined ? [] : [cleared.city])];
    for (const book of cleared.feeders) await send(world, book, cleared.results.get(book.feeder));
    for (const book of parents) await send(world, book, cleared.results.get(book.area));
  }

  it("the contract accepts what the engine finds, book by book, and closes", () =>
    fc.assert(
      fc.asyncProperty(anyScene, async (scene) => {
        const { world, tree, cleared } = await staged(scene);
        await sendAll({ world, cleared });
        const sent = await world.clearing.close(closeCall(cleared.close));
        const receipt = await sent.wait();
        const closed = (receipt?.logs ?? [])
          .map((log) => world.abi.parseLog(log))
          .find((event) => event?.name === "SlotClosed");
        const positions = unpackPositions([...(closed?.args["positions"] as string[])]);
        const trades = unpackTrades([...(closed?.args["trades"] as string[])]);
        expect(trades.length).to.equal(cleared.close.trades.flat().length + (scene.hasContract ? 1 : 0));
        for (const { wh, buyPos, sellPos, buyMeter, sellMeter } of trades) {
          expect(positions[Number(buyPos)]?.meter).to.equal(buyMeter);
          expect(positions[Number(sellPos)]?.meter).to.equal(sellMeter);
          expect(wh > 0n).to.equal(true);
        }
        for (const { meter, account, unlocked } of positions) {
          expect(account).to.equal(holderOf(meter));
          expect(await world.purse.freeOf(account)).to.equal(unlocked);
        }
        for (const { area, capacityWh } of tree.districts.flatMap((district) => [district, ...district.feeders])) {
          const [upWh, downWh] = await world.clearing.edgeUseOf(area, world.slot);
          const most = capacityWh ?? 0n;
          expect(upWh <= most && downWh <= most).to.equal(true);
        }
      }),
      { numRuns: RUNS, seed: 17 },
    ));

  describe("the contract rejects", () => {
    let world: ClearingWorld;
    let tree: CityTree;
    let cleared: ClearedCity;
    let snapshot: { restore(): Promise<void> };

    before(async () => {
      ({ world, tree, cleared } = await staged(RICH));
      snapshot = await stage.networkHelpers.takeSnapshot();
    });

    afterEach(() => snapshot.restore());

    const feederBook = (): FeederSubmission => cleared.feeders[0] as FeederSubmission;
    const districtBook = (): ParentSubmission => cleared.districts[0] as ParentSubmission;

    async function refused(call: () => Promise<unknown>, error: string): Promise<void> {
      const thrown: unknown = await call().then(
        () => "accepted",
        (reason: unknown) => reason,
      );
      expect(String(thrown)).to.contain(error);
    }
    const refuseFeeder = (changes: Partial<FeederSubmission>, error: string) =>
      refused(() => world.clearing.clearFeeder.staticCall(feederCall({ ...feederBook(), ...changes })), error);
    const refuseParent = (changes: Partial<ParentSubmission>, error: string) =>
      refused(() => world.clearing.clearParent.staticCall(parentCall({ ...districtBook(), ...changes })), error);

    /** Two-byte indices of a list. */
    const indices = (list: string): string[] => list.slice(2).match(/.{4}/g) ?? [];
    const listOf = (parts: readonly string[]): string => `0x${parts.join("")}`;
    const clearFeeders = async () => {
      for (const book of cleared.feeders) await send(world, book, cleared.results.get(book.feeder));
    };
    /** Hash of a book's trades with the first one changed. */
    const hashWith = (area: bigint, change: (wh: bigint) => bigint): string => {
      const [first, ...others] = unpackTrades(cleared.results.get(area)?.trades ?? []);
      if (first === undefined) throw new Error("the book has no trades");
      return hashWords([first, ...others].map((t, i) => packTrade(i === 0 ? { ...t, wh: change(t.wh) } : t)));
    };

    it("nothing of the result as it is", async () => {
      await sendAll({ world, cleared });
      await world.clearing.close(closeCall(cleared.close));
    });

    it("another price", async () => {
      await refuseFeeder({ price: feederBook().price + 1n }, "ClearingWrongPrice");
      await clearFeeders();
      await refuseParent({ price: districtBook().price - 1n }, "ClearingWrongPrice");
    });

    it("another fill", async () => {
      const { feeder } = feederBook();
      await refuseFeeder({ tradesHash: hashWith(feeder, (wh) => wh - 1n) }, "ClearingWrongTrades");
      await clearFeeders();
      const { area } = districtBook();
      await refuseParent({ tradesHash: hashWith(area, (wh) => wh + 1n) }, "ClearingWrongTrades");
    });

    it("an order left out", async () => {
      const { bids, asks, entries } = feederBook();
      await refuseFeeder({ bids: listOf(indices(bids).slice(0, -1)) }, "BookLogIncomplete");
      await refuseFeeder({ asks: listOf(indices(asks).slice(1)) }, "BookLogIncomplete");
      await refuseFeeder({ entries: entries.slice(2) }, "BookLog");
      await refuseFeeder({ entries: [], cancelTargets: "0x", bids: "0x", asks: "0x" }, "ClearingNotTheBook");
      await clearFeeders();
      const { bids: rests } = districtBook();
      await refuseParent({ bids: listOf(indices(rests).slice(1)) }, "BookLogIncomplete");
    });

    it("an order added", async () => {
      const { bids, asks, entries } = feederBook();
      await refuseFeeder({ bids: listOf([...indices(bids), "0004"]) }, "BookLogNotLive"); // the cancelled one
      await refuseFeeder({ bids: listOf([...indices(bids), indices(bids).at(-1) ?? ""]) }, "BookLogNotSorted");
      await refuseFeeder({ asks: listOf([...indices(asks), "00ff"]) }, "BookLogNotLive");
      const extra = logOf(feederBook().feeder, world.slot, [{ meter: 77, side: "buy", wh: 1, limit: 1, arrival: 99 }]);
      await refuseFeeder(
        { entries: [...entries, ...extra], bids: listOf([...indices(bids), "0006"]) },
        "ClearingNotTheBook",
      );
    });

    it("an order moved", async () => {
      const { bids, asks, entries } = feederBook();
      await refuseFeeder({ bids: listOf(indices(bids).reverse()) }, "BookLogNotSorted");
      await refuseFeeder({ asks: listOf(indices(asks).reverse()) }, "BookLogNotSorted");
      await refuseFeeder({ bids: asks, asks: bids }, "BookLogNotLive");
      const [a = "", b = "", c = "", d = "", ...others] = entries;
      await refuseFeeder({ entries: [c, d, a, b, ...others] }, "ClearingNotTheBook");
    });

    it("cancels dropped", async () => {
      const { entries, bids } = feederBook();
      await refuseFeeder({ cancelTargets: "0x" }, "BookLogWrongTargetCount");
      await refuseFeeder({ cancelTargets: "0x0003" }, "BookLogWrongTarget");
      await refuseFeeder(
        { entries: entries.slice(0, -2), cancelTargets: "0x", bids: listOf(["0004", ...indices(bids)]) },
        "ClearingNotTheBook",
      );
    });

    it("a rest moved, left out, added or changed", async () => {
      await clearFeeders();
      const { rests } = districtBook();
      const [ofA = [], ofB = []] = rests;
      await refuseParent({ rests: [ofB, ofA] }, "ClearingNotTheRests");
      await refuseParent({ rests: [ofA, [...ofB].reverse()] }, "ClearingNotTheRests");
      await refuseParent({ rests: [ofA.slice(1), ofB] }, "ClearingNotTheRests");
      await refuseParent({ rests: [[...ofA, ...ofB], []] }, "ClearingNotTheRests");
      const grown = ofA.map((rest, i) =>
        i === 0 ? `0x${(BigInt(rest) + (1n << 136n)).toString(16).padStart(64, "0")}` : rest,
      );
      await refuseParent({ rests: [grown, ofB] }, "ClearingNotTheRests");
    });

    it("a capacity exceeded", async () => {
      const unlimited = clearCity({
        ...tree,
        districts: tree.districts.map(({ area, fee, feeders }) => ({
          area,
          fee,
          feeders: feeders.map(({ area: feeder, fee: feederFee, entries }) => ({
            area: feeder,
            fee: feederFee,
            entries,
          })),
        })),
      });
      await clearFeeders();
      for (const book of cleared.districts) await send(world, book, cleared.results.get(book.area));
      const [right, greedy] = [cleared.city, unlimited.city];
      if (right === undefined || greedy === undefined) throw new Error("the city has no book");
      expect(unlimited.results.get(right.area)?.volumeWh).to.not.equal(cleared.results.get(right.area)?.volumeWh);
      const call = { ...right, price: greedy.price, tradesHash: greedy.tradesHash };
      await refused(() => world.clearing.clearParent.staticCall(parentCall(call)), "ClearingWrong");
      await refused(
        () => world.clearing.clearParent.staticCall(parentCall({ ...right, tradesHash: greedy.tradesHash })),
        "ClearingWrongTrades",
      );
    });

    it("a close that leaves out, invents or misplaces anything", async () => {
      await sendAll({ world, cleared });
      const { close } = cleared;
      const refuse = (changes: Partial<CloseSubmission>, error: string) =>
        refused(() => world.clearing.close.staticCall(closeCall({ ...close, ...changes })), error);
      const without = <Item>(list: readonly (readonly Item[])[], at: number): (readonly Item[])[] =>
        list.map((items, i) => (i === at ? [] : items));
      await refuse({ entries: without(close.entries, 1) }, "ClearingNotTheBook");
      await refuse({ bilaterals: [] }, "ClearingNotTheBilaterals");
      for (const [at, trades] of close.trades.entries()) {
        if (trades.length > 0) await refuse({ trades: without(close.trades, at) }, "ClearingNotTheTrades");
        const invented = close.trades.map((list, i) => (i === at ? [...list, `0x${"01".repeat(32)}`] : list));
        await refuse({ trades: invented }, "ClearingNotTheTrades");
      }
      await refuse({ positionCount: close.positionCount + 1 }, "SlotPositionsNotSorted");
      await refuse({ positionCount: close.positionCount - 1 }, "SlotPositionsMisplaced");
      const places = indices(close.places);
      await refuse({ places: listOf([...places].reverse()) }, "SlotPositions");
      await refuse({ places: listOf([...places, "0000"]) }, "ClearingWrongCount");
      await refuse({ places: listOf(places.slice(0, -1)) }, "BookLogListTooShort");
      await refuse({ cancelTargets: close.cancelTargets.map(() => "0x") }, "BookLogWrongTargetCount");
    });
  });

  it("the tree goes on without a book that nobody cleared in time", async () => {
    const { world, tree } = await staged(RICH);
    const [late = 0n] = world.feeders;
    const before = clearCity({ ...tree, voidAreas: new Set([late]) });
    expect(before.results.has(late)).to.equal(false);
    expect(before.close).to.not.deep.equal(clearCity(tree).close);
    for (const book of before.feeders) await send(world, book, before.results.get(book.feeder));
    await stage.networkHelpers.time.increaseTo(world.slot * SLOT_SECONDS - FEEDER_BEFORE);
    await sendAll({ world, cleared: { ...before, feeders: [] } });
    await world.clearing.close(closeCall(before.close));
  });

  it("locks are what every live order of the slot locked", async () => {
    const { world, cleared } = await staged(RICH);
    await sendAll({ world, cleared });
    await world.clearing.close(closeCall(cleared.close));
    for (const [i, order] of RICH.orders.entries()) {
      const account = holderOf(meterOf(i));
      const [free, locked] = await Promise.all([world.purse.freeOf(account), world.purse.lockedOf(account)]);
      const lock = order.cancelled ? 0n : lockOf({ ...order, side: order.buys ? "buy" : "sell" });
      expect(free + locked).to.equal(lock);
    }
  });
});

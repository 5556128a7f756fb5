import { expect } from "chai";
import { Wallet } from "ethers";

import {
  acceptBilateral,
  admitMember,
  bilateralContractsOf,
  cancelOrder,
  clearTree,
  closeTree,
  creditsOf,
  DisputeState,
  disputeStateOf,
  energyMarketOf,
  escrowAccountOf,
  expel,
  finalizeSlot,
  firstUnopenedSlotOf,
  isCommonwattError,
  isInBatch,
  MarketView,
  MemberRole,
  meteringOperatorAt,
  meterLedgerOf,
  openDispute,
  proveReadingOf,
  readingsAt,
  ReadingStatus,
  records,
  relayOrders,
  resolveDispute,
  setParties,
  settleSlot,
  Side,
  signBilateral,
  signOrder,
  signReading,
  skippedOrders,
  submitReadings,
  timesOf,
  withdraw,
  withSigner,
  type Reading,
  type SignedOrder,
  type SlotTimes,
  type TransactionChain,
} from "../../sdk/index.js";
import type { Grid } from "../../scripts/grid/index.js";
import { admitNeighbourhood, type Neighbourhood, type NeighbourHome } from "../../scripts/neighbourhood.js";
import { openEmbedded, type EmbeddedNetwork } from "../../scripts/networks/index.js";

const CREDIT = 1_000_000n;
const DEPOSIT = 100n * CREDIT;
const RETAIL = 300_000n;
const FEED_IN = 120_000n;

const parties = { supplier: "Power", gridOperator: "Grid", meteringOperator: "Metering" };
const feeder = (name: string, homes: string[]): Grid["cities"][number]["districts"][number]["feeders"][number] => ({
  name,
  ...parties,
  feeMicroPerKwh: 4_000,
  capacityWh: null,
  homes: homes.map((home) => ({ home, connectionWh: 10_000 })),
});
const grid: Grid = {
  version: 1,
  cities: [
    {
      name: "City",
      districts: [
        {
          name: "West",
          feeMicroPerKwh: 6_000,
          capacityWh: null,
          feeders: [feeder("W1", ["a", "b", "c"]), feeder("W2", ["d"])],
        },
        { name: "East", feeMicroPerKwh: 6_000, capacityWh: null, feeders: [feeder("E1", ["e", "f"])] },
      ],
    },
  ],
};

/** One slot from order to money, and the disputes about it, all through the SDK. */
describe("a slot through the SDK", function () {
  this.timeout(120_000);

  let network: EmbeddedNetwork;
  let neighbourhood: Neighbourhood;
  let relayer: TransactionChain;
  let view: MarketView;
  let slot: bigint;
  let times: SlotTimes;
  let city: bigint;

  const homeOf = (name: string): NeighbourHome => {
    const home = neighbourhood.homes.find((candidate) => candidate.home === name);
    if (home === undefined) throw new Error(`no home ${name}`);
    return home;
  };

  const order = (name: string, side: Side, wh: bigint, limit: bigint, nonce = 0n): Promise<SignedOrder> => {
    const home = homeOf(name);
    return signOrder(home.chain.signer, energyMarketOf(relayer), {
      meter: home.meter,
      side,
      firstSlot: slot,
      wh: [wh],
      limits: [limit],
      nonce,
      relayDeadline: times.gateClosure,
    });
  };

  const reading = (name: string, importWh: bigint, exportWh: bigint): Reading => ({
    meter: homeOf(name).meter,
    slot,
    importWh,
    exportWh,
    status: ReadingStatus.Actual,
    sequence: 0n,
  });

  const codeOf = async (attempt: Promise<unknown>): Promise<string> => {
    try {
      await attempt;
      return "done";
    } catch (error) {
      return isCommonwattError(error) ? error.code : String(error);
    }
  };

  before(async () => {
    network = await openEmbedded({ seed: 3, slotSeconds: 3_600, genesisTime: 1_473_638_400n });
    neighbourhood = await admitNeighbourhood(network, {
      grid,
      seed: 3,
      homeDepositMicro: () => DEPOSIT,
      supplierDepositMicro: 1_000n * CREDIT,
      price: { retail: RETAIL, feedIn: FEED_IN },
    });
    relayer = withSigner(network.transaction, network.operators.transaction.relayer);
    view = new MarketView();
    slot = neighbourhood.firstSlot;
    times = await timesOf(relayer, slot);
    [city = 0n] = neighbourhood.cities.map(({ area }) => area);
    await network.clock.waitUntil(times.opens);
  });

  after(() => network.close());

  it("admits the neighbourhood: everything is decided from its first slot on", async () => {
    await view.sync(relayer);
    expect(view.cities()).to.deep.equal([city]);
    expect(view.feedersAt(city, slot)).to.deep.equal(neighbourhood.feeders.map(({ area }) => area));
    expect(view.feedersAt(city, slot - 10n)).to.deep.equal([]);
    expect(await escrowAccountOf(relayer, homeOf("a").chain.signer.address)).to.deep.equal({
      balanceMicro: DEPOSIT,
      lockedMicro: 0n,
      heldMicro: 0n,
      arrearsMicro: 0n,
    });
    expect(neighbourhood.issuedMicro).to.equal(6n * DEPOSIT + 1_000n * CREDIT);
    expect(await relayer.contracts.energyCredit.totalSupply()).to.equal(neighbourhood.issuedMicro);
  });

  it("relays orders, accepts a bilateral contract, cancels before and after the relay", async () => {
    const [w1, w2, e1] = neighbourhood.feeders.map(({ area }) => area);
    const cancelled = await order("c", Side.Buy, 500n, 250_000n);
    const revoked = await order("c", Side.Buy, 400n, 250_000n, 1n);
    const orders = [
      await order("a", Side.Sell, 2_000n, 150_000n),
      await order("b", Side.Buy, 1_000n, 250_000n),
      cancelled,
    ];
    const [first] = orders.map((signed) => [signed]);
    const rivals = await relayOrders(relayer, { feeder: w1 ?? 0n, orders: first ?? [] });
    expect(skippedOrders(relayer, rivals)).to.deep.equal([]);
    const receipt = await relayOrders(relayer, { feeder: w1 ?? 0n, orders });
    expect(skippedOrders(relayer, receipt), "what a rival relayed before").to.deep.equal([0]);
    await relayOrders(relayer, { feeder: w2 ?? 0n, orders: [await order("d", Side.Buy, 600n, 240_000n)] });
    await relayOrders(relayer, { feeder: e1 ?? 0n, orders: [await order("e", Side.Buy, 300n, 100_000n)] });
    await cancelOrder(homeOf("c").chain, { order: cancelled.order });
    await cancelOrder(homeOf("c").chain, { order: revoked.order });
    expect(await codeOf(relayOrders(relayer, { feeder: w1 ?? 0n, orders: [revoked] }))).to.equal(
      "EnergyMarketNonceUsed",
    );
    const terms = {
      buyMeter: homeOf("b").meter,
      sellMeter: homeOf("a").meter,
      firstSlot: slot,
      price: 200_000n,
      wh: [100n],
      nonce: 7n,
      acceptDeadline: times.gateClosure,
    };
    const both = { terms, buyer: homeOf("b").chain.signer, seller: homeOf("a").chain.signer };
    await acceptBilateral(relayer, await signBilateral(bilateralContractsOf(relayer), both));
    await view.sync(relayer);
    expect(view.entriesOf(w1 ?? 0n, slot)).to.have.length(2 * 4);
    expect(view.bilateralsOf(city, slot)).to.have.length(4);
    expect(view.isTraded(city, slot)).to.equal(true);
    expect(view.isTraded(city, slot + 1n)).to.equal(false);
    const { lockedMicro } = await escrowAccountOf(relayer, homeOf("c").chain.signer.address);
    expect(lockedMicro).to.equal(0n);
  });

  it("refuses an order by name, with what to do", async () => {
    const [w1 = 0n] = neighbourhood.feeders.map(({ area }) => area);
    const large = await order("c", Side.Buy, 20_000n, 250_000n, 2n);
    try {
      await relayOrders(relayer, { feeder: w1, orders: [large] });
      expect.fail("taken");
    } catch (error) {
      if (!isCommonwattError(error, "EnergyMarketAboveConnection")) throw error;
      expect(error.args).to.include({ totalWh: 20_000n, connectionWh: 10_000n });
      expect(error.message).to.contain("Order less");
    }
    const other = await order("d", Side.Buy, 100n, 250_000n, 2n);
    expect(await codeOf(relayOrders(relayer, { feeder: w1, orders: [other] }))).to.equal("EnergyMarketNotAtFeeder");
    const elsewhere = { ...energyMarketOf(relayer), chainId: 1n };
    const foreign = await signOrder(homeOf("c").chain.signer, elsewhere, large.order);
    expect(await codeOf(relayOrders(relayer, { feeder: w1, orders: [foreign] }))).to.equal("EnergyMarketNotHolder");
  });

  it("clears every book of the tree, and closes the slot once", async () => {
    await network.clock.waitUntil(times.gateClosure);
    expect(await clearTree(relayer, view, { city, slot }), "one transaction").to.have.length(1);
    const [w1, w2, e1, west, east, top] = view.resultsOf(city, slot);
    expect(w1?.volumeWh).to.equal(1_000n);
    expect(w2?.volumeWh).to.equal(0n);
    expect(e1?.volumeWh).to.equal(0n);
    expect(west?.volumeWh).to.equal(600n);
    expect(east?.volumeWh).to.equal(0n);
    expect(top?.volumeWh).to.equal(0n);
    expect(await clearTree(relayer, view, { city, slot })).to.deep.equal([]);
    expect(await closeTree(relayer, view, { city, slot })).to.not.equal(undefined);
    expect(await closeTree(relayer, view, { city, slot })).to.equal(undefined);
    const trades = records.unpackTrades(view.closedSlotOf(city, slot)?.trades ?? []);
    expect(trades.map(({ level, wh }) => [level, wh])).to.deep.equal([
      [records.TradeLevel.Bilateral, 100n],
      [records.TradeLevel.Feeder, 1_000n],
      [records.TradeLevel.District, 600n],
    ]);
    expect(await closeTree(relayer, view, { city, slot: slot + 1n })).to.equal(undefined);
  });

  it("takes readings in a batch with a root, and proves each", async () => {
    await network.clock.waitUntil(times.deliveryEnd);
    const ledger = meterLedgerOf(relayer);
    const values = [
      reading("a", 0n, 1_500n),
      reading("b", 1_200n, 0n),
      reading("c", 300n, 0n),
      reading("d", 700n, 0n),
      reading("e", 400n, 0n),
    ];
    const readings = await Promise.all(
      values.map((value, index) => signReading(homeOf("abcde".charAt(index)).device, ledger, value)),
    );
    const { batch } = await submitReadings(relayer, { readings });
    const proof = proveReadingOf(relayer, { readings, index: 3 });
    expect(proof.root).to.equal(batch?.root);
    const batchId = batch?.id ?? 0n;
    expect(await isInBatch(relayer, { batchId, proof })).to.equal(true);
    const forged = { ...proof, digest: proof.root };
    expect(await isInBatch(relayer, { batchId, proof: forged })).to.equal(false);
    expect((await submitReadings(relayer, { readings })).batch).to.equal(undefined);
    expect(await codeOf(settleSlot(relayer, view, { city, slot }))).to.equal("SettlementReadingMissing");
    const last = await signReading(homeOf("f").device, ledger, reading("f", 50n, 20n));
    await submitReadings(relayer, { readings: [last] });
    await view.sync(relayer);
    expect(view.readingOf(homeOf("f").meter, slot)).to.deep.equal({
      importWh: 50n,
      exportWh: 20n,
      status: ReadingStatus.Actual,
      sequence: 0n,
    });
  });

  it("settles what was delivered, and again without a change", async () => {
    const first = await settleSlot(relayer, view, { city, slot });
    expect(first).to.have.length.above(0);
    const settled = view.settledOf(city, slot);
    const outcomes = records.unpackOutcomes(settled?.outcomes ?? []);
    const seller = outcomes.find(({ meter }) => meter === homeOf("a").meter);
    expect(seller?.soldWh).to.equal(1_500n);
    expect(seller?.undeliveredWh).to.equal(200n);
    const rest = view.restSettledOf(homeOf("f").feeder.area, slot, 0n);
    const idle = records.unpackOutcomes(rest?.outcomes ?? []);
    expect(idle.map(({ meter, gridPaid }) => [meter, gridPaid])).to.deep.equal([[homeOf("f").meter, 15_000n]]);
    const again = await settleSlot(relayer, view, { city, slot });
    expect(again.flatMap(({ logs }) => logs)).to.deep.equal([]);
    expect(view.settledOf(city, slot)).to.deep.equal(settled);
  });

  it("decides a dispute by the operator's correction, and posts the difference", async () => {
    const buyer = homeOf("b");
    const closed = { city, slot, ...(view.closedSlotOf(city, slot) ?? { positions: [], trades: [] }) };
    const placeOf = (home: NeighbourHome): bigint =>
      BigInt(records.unpackPositions(closed.positions).findIndex(({ meter }) => meter === home.meter));
    const dispute = { closed, ownPosition: placeOf(buyer), meterPosition: placeOf(homeOf("a")) };
    await openDispute(buyer.chain, dispute);
    const which = { party: buyer.chain.signer.address, meter: homeOf("a").meter, slot };
    expect(await disputeStateOf(relayer, which)).to.equal(DisputeState.Open);
    const operator = homeOf("a").feeder.meteringOperator.signer;
    const corrected = { ...reading("a", 0n, 1_700n), status: ReadingStatus.Corrected, sequence: 1n };
    const correction = await signReading(operator, meterLedgerOf(relayer), corrected);
    await submitReadings(relayer, { readings: [correction] });
    await resolveDispute(relayer, { party: which.party, meter: which.meter, closed });
    expect(await disputeStateOf(relayer, which)).to.equal(DisputeState.Won);
    await settleSlot(relayer, view, { city, slot });
    const outcomes = records.unpackOutcomes(view.settledOf(city, slot)?.outcomes ?? []);
    expect(outcomes.find(({ meter }) => meter === which.meter)?.soldWh).to.equal(1_700n);
    const [stored] = await readingsAt(relayer, { meters: [which.meter], slot });
    expect(stored?.status).to.equal(ReadingStatus.Corrected);
  });

  it("takes no correction from the decision deadline on: the dispute stays undecided, the bond returns", async () => {
    const party = homeOf("e");
    const closed = { city, slot, ...(view.closedSlotOf(city, slot) ?? { positions: [], trades: [] }) };
    const placeOf = (home: NeighbourHome): bigint =>
      BigInt(records.unpackPositions(closed.positions).findIndex(({ meter }) => meter === home.meter));
    const account = await escrowAccountOf(relayer, party.chain.signer.address);
    await openDispute(party.chain, { closed, ownPosition: placeOf(party), meterPosition: placeOf(homeOf("a")) });
    await network.clock.waitUntil(times.decisionEnd);
    const late = { ...reading("a", 0n, 1_600n), status: ReadingStatus.Corrected, sequence: 2n };
    const signed = await signReading(homeOf("a").feeder.meteringOperator.signer, meterLedgerOf(relayer), late);
    expect(await codeOf(submitReadings(relayer, { readings: [signed] }))).to.equal("MeterLedgerTooLate");
    const which = { party: party.chain.signer.address, meter: homeOf("a").meter };
    await resolveDispute(relayer, { ...which, closed });
    expect(await disputeStateOf(relayer, { ...which, slot })).to.equal(DisputeState.Undecided);
    expect(await escrowAccountOf(relayer, which.party)).to.deep.equal(account);
  });

  it("frees everything at the final date, and no credit is lost or made", async () => {
    expect(await codeOf(finalizeSlot(relayer, view, { city, slot }))).to.equal("SettlementNotFinal");
    await network.clock.waitUntil(times.finalDate);
    await finalizeSlot(relayer, view, { city, slot });
    expect(view.settledOf(city, slot)?.isFinal).to.equal(true);
    expect(await finalizeSlot(relayer, view, { city, slot })).to.deep.equal([]);
    const accounts = [
      ...neighbourhood.homes.map(({ chain }) => chain.signer.address),
      ...[...neighbourhood.members.values()].map(({ signer }) => signer.address),
      relayer.deployment.contracts.AccountingRevenue.address,
    ];
    let sum = 0n;
    for (const account of accounts) {
      const { balanceMicro, lockedMicro, heldMicro } = await escrowAccountOf(relayer, account);
      expect([lockedMicro, heldMicro], account).to.deep.equal([0n, 0n]);
      sum += balanceMicro;
    }
    expect(sum).to.equal(neighbourhood.issuedMicro);
  });

  it("pays out what is free above the reserve", async () => {
    const { chain } = homeOf("a");
    const { balanceMicro } = await escrowAccountOf(chain, chain.signer.address);
    expect(await codeOf(withdraw(chain, { amountMicro: balanceMicro }))).to.equal("TradeEscrowAboveWithdrawable");
    await withdraw(chain, { amountMicro: balanceMicro - CREDIT });
    expect(await creditsOf(chain, chain.signer.address)).to.equal(balanceMicro - CREDIT);
  });

  it("lets the successor speak where a slot's metering operator is gone", async () => {
    const { feeder, meter } = homeOf("a");
    const council = withSigner(network.transaction, network.operators.transaction.council);
    const successor = Wallet.createRandom();
    await admitMember(council, { member: successor.address, roles: [MemberRole.MeteringOperator] });
    const [supplier, gridOperator] = [feeder.supplier.signer.address, feeder.gridOperator.signer.address];
    const fromSlot = await firstUnopenedSlotOf(relayer);
    const parties = { feeder: feeder.area, supplier, gridOperator, meteringOperator: successor.address };
    await setParties(council, { ...parties, fromSlot });
    const delivered = (await network.clock.now()) / 3_600n - 1n;
    const estimate = { ...reading("a", 300n, 0n), slot: delivered, status: ReadingStatus.Estimated };
    const signed = await signReading(successor, meterLedgerOf(relayer), estimate);
    const former = feeder.meteringOperator.signer.address;
    expect(await meteringOperatorAt(relayer, feeder.area, delivered)).to.equal(former);
    expect(await codeOf(submitReadings(relayer, { readings: [signed] }))).to.equal("MeterLedgerWrongSigner");
    await expel(council, { account: former });
    expect(await meteringOperatorAt(relayer, feeder.area, delivered)).to.equal(successor.address);
    await submitReadings(relayer, { readings: [signed] });
    const [stored] = await readingsAt(relayer, { meters: [meter], slot: delivered });
    expect(stored?.status).to.equal(ReadingStatus.Estimated);
  });

  it("lets nobody administer without the role", async () => {
    const attempt = admitMember(relayer, { member: `0x${"77".repeat(20)}`, roles: [0] });
    expect(await codeOf(attempt)).to.equal("AccessManagedUnauthorized");
  });

  it("sends nothing without a signer", async () => {
    expect(await codeOf(withdraw(network.transaction, { amountMicro: 1n }))).to.equal("SignerMissing");
  });

  it("sees everything once, though a sync failed halfway", async () => {
    await network.chains.transaction.connection.provider.request({ method: "hardhat_mine", params: ["0x200"] }); // so that one request is not enough
    let requests = 0;
    const provider = new Proxy(relayer.provider, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        if (name === "getLogs" && (requests += 1) > 2) return () => Promise.reject(new Error("connection lost"));
        return (value as (...args: unknown[]) => unknown).bind(target);
      },
    });
    const late = new MarketView();
    expect(await codeOf(late.sync({ ...relayer, provider }))).to.not.equal("done");
    expect(requests).to.equal(3);
    await late.sync(relayer);
    for (const { area } of neighbourhood.feeders) {
      expect(late.entriesOf(area, slot)).to.deep.equal(view.entriesOf(area, slot));
      expect(late.meterChunksOf(area)).to.deep.equal(view.meterChunksOf(area));
    }
    expect(late.bilateralsOf(city, slot)).to.deep.equal(view.bilateralsOf(city, slot));
  });
});

import { expect } from "chai";

import { ReadingStatus } from "../../sdk/enums.js";
import {
  creditChangeOf,
  settlementRow,
  settleSlot,
  splitWh,
  type FeederTerms,
  type MeterOutcome,
  type SlotInput,
  type SlotMeter,
  type SlotTrade,
} from "../../sdk/settlement/index.js";

const RULES = { escalationRate: 100_000n, escalationThreshold: 2, accountingFeeMicro: 1_000n };

const feeder = (
  id: bigint,
  district: bigint,
  supplier: string,
  retail: bigint,
  feedIn: bigint,
  fees: readonly [bigint, bigint],
): FeederTerms => ({
  feeder: id,
  district,
  supplier,
  gridOperator: `grid of ${id}`,
  retail,
  feedIn,
  feederFee: fees[0],
  districtFee: fees[1],
});
const FEEDERS = [
  feeder(11n, 10n, "A", 300_000n, 100_000n, [20_000n, 30_000n]),
  feeder(12n, 10n, "B", 280_000n, 80_000n, [25_000n, 30_000n]),
  feeder(21n, 20n, "B", 320_000n, 120_000n, [10_000n, 40_000n]),
];

/** A meter with an actual reading; `undefined` energies stand for no reading. */
function meter(id: bigint, at: bigint, importWh?: bigint, exportWh = 0n, shortSlots = 0): SlotMeter {
  const reading = importWh === undefined ? undefined : { importWh, exportWh, status: ReadingStatus.Actual };
  return { meter: id, feeder: at, reading, connectionWh: 20_000n, shortSlots };
}

const trade = (level: number, buyMeter: bigint, sellMeter: bigint, wh: bigint, price: bigint): SlotTrade => ({
  level,
  buyMeter,
  sellMeter,
  wh,
  price,
});

function settle(meters: readonly SlotMeter[], trades: readonly SlotTrade[]) {
  const input: SlotInput = { rules: RULES, feeders: FEEDERS, meters, trades };
  const settled = settleSlot(input);
  const of = (id: bigint): MeterOutcome => {
    const outcome = settled.meters.find((o) => o.meter === id);
    if (outcome === undefined) throw new Error(`no meter ${id}`);
    return outcome;
  };
  const community = (account: string) => settled.parties.find((p) => p.account === account)?.communityMicro;
  return { settled, of, community };
}

describe("the split of Wh over trades", () => {
  it("rounds down and gives the spare Wh one each in trade order", () => {
    expect(splitWh(7n, [5n, 3n, 2n])).to.deep.equal([4n, 2n, 1n]);
    expect(splitWh(2_000n, [1_000n, 1_000n, 1_000n])).to.deep.equal([667n, 667n, 666n]);
    expect(splitWh(2n, [0n, 1n, 1n, 1n])).to.deep.equal([0n, 1n, 1n, 0n]);
    expect(splitWh(10n, [5n, 3n, 2n])).to.deep.equal([5n, 3n, 2n]);
    expect(splitWh(0n, [])).to.deep.equal([]);
  });

  it("refuses to split more than there is", () => {
    expect(() => splitWh(11n, [5n, 3n, 2n])).to.throw(RangeError, "11 Wh do not fit 10 Wh");
  });
});

describe("the settlement model, by the mistakes that others made", () => {
  it("pays for what was delivered, not for what was matched", () => {
    const { of } = settle([meter(1n, 11n, 4_000n), meter(2n, 11n, 0n, 1_000n)], [trade(1, 1n, 2n, 4_000n, 200_000n)]);
    expect(of(1n).energyPaidMicro).to.equal(200_000n);
    expect(of(2n).energyReceivedMicro).to.equal(200_000n);
  });

  it("does not penalise the party that kept its word", () => {
    const { of } = settle(
      [meter(1n, 11n, 2_000n), meter(2n, 11n, 0n, 1_000n), meter(3n, 11n, 0n, 0n)],
      [trade(1, 1n, 2n, 1_000n, 200_000n), trade(1, 1n, 3n, 1_000n, 200_000n)],
    );
    expect(of(2n).bondPaidMicro).to.equal(0n);
    expect(of(1n).bondPaidMicro).to.equal(0n);
    // 0.20 + 0.30 - 0.10: what 2 kWh at 0.20 would have cost
    expect(creditChangeOf(settlementRow(of(1n)))).to.equal(-400_000n);
    expect(of(3n).bondPaidMicro).to.equal(100_000n);
  });

  it("lets a buyer deviate at the price of the grid and no more", () => {
    const less = settle([meter(1n, 11n, 3_000n), meter(2n, 11n, 0n, 4_000n)], [trade(1, 1n, 2n, 4_000n, 200_000n)]);
    expect(creditChangeOf(settlementRow(less.of(1n)))).to.equal(-800_000n + 100_000n);
    const more = settle([meter(1n, 11n, 5_000n), meter(2n, 11n, 0n, 4_000n)], [trade(1, 1n, 2n, 4_000n, 200_000n)]);
    expect(creditChangeOf(settlementRow(more.of(1n)))).to.equal(-800_000n - 300_000n);
  });

  it("does not multiply a penalty by the number of trades", () => {
    const { of, settled } = settle(
      [meter(1n, 11n, 1_000n), meter(2n, 11n, 1_000n), meter(3n, 11n, 1_000n), meter(4n, 11n, 0n, 2_000n)],
      [1n, 2n, 3n].map((buyer) => trade(1, buyer, 4n, 1_000n, 200_000n)),
    );
    expect(of(4n).bondPaidMicro).to.equal(100_000n);
    expect(settled.deliveredWh).to.deep.equal([667n, 667n, 666n]);
  });

  it("makes a missing reading an export of 0 and an import of the connection", () => {
    const { of } = settle([meter(1n, 11n, 4_000n), meter(2n, 11n)], [trade(1, 1n, 2n, 4_000n, 200_000n)]);
    expect(of(2n).status).to.equal(ReadingStatus.Missing);
    expect(of(2n).importWh).to.equal(20_000n);
    expect(of(2n).gridPaidMicro).to.equal(6_000_000n);
    expect(of(2n).bondPaidMicro).to.equal(400_000n);
  });

  it("makes a missing buyer import what it bought where that is more than its connection", () => {
    const { of } = settle([meter(1n, 11n), meter(2n, 11n, 0n, 20_005n)], [trade(1, 1n, 2n, 20_005n, 200_000n)]);
    expect(of(1n).importWh).to.equal(20_005n);
    expect(of(1n).gridPaidMicro).to.equal(0n);
  });

  it("takes make-whole, both sides' fees and escalation from the seller and gives them to whom they are due", () => {
    const { of, community } = settle(
      [meter(1n, 12n, 4_000n), meter(2n, 11n, 0n, 1_000n, 2)],
      [trade(2, 1n, 2n, 4_000n, 150_000n)],
    );
    // make-whole 3 kWh x (0.28 - 0.15 - 0.025), fees 3 kWh x 0.045, escalation 3 kWh x 0.10
    expect(of(2n).bondPaidMicro).to.equal(315_000n + 135_000n + 300_000n);
    expect(of(2n).escalationMicro).to.equal(300_000n);
    expect(of(1n).bondReceivedMicro).to.equal(315_000n);
    expect(community("grid of 11")).to.equal(80_000n);
    expect(community("grid of 12")).to.equal(100_000n);
    expect(community("A")).to.equal(300_000n, "never to the buyer");
  });

  it("asks no escalation below the threshold", () => {
    const { of } = settle(
      [meter(1n, 11n, 4_000n), meter(2n, 11n, 0n, 1_000n, 1)],
      [trade(1, 1n, 2n, 4_000n, 200_000n)],
    );
    expect(of(2n).escalationMicro).to.equal(0n);
  });

  it("charges each side the fees of its own edges", () => {
    const { of } = settle([meter(1n, 21n, 2_000n), meter(2n, 11n, 0n, 2_000n)], [trade(3, 1n, 2n, 2_000n, 200_000n)]);
    expect(of(1n).feesMicro).to.equal(100_000n);
    expect(of(2n).feesMicro).to.equal(100_000n);
    expect(of(1n).energyPaidMicro).to.equal(of(2n).energyReceivedMicro);
  });

  it("finds the path of a bilateral contract from the two feeders", () => {
    const { of } = settle(
      [meter(1n, 11n, 3_000n), ...[11n, 12n, 21n].map((at, i) => meter(BigInt(2 + i), at, 0n, 1_000n))],
      [2n, 3n, 4n].map((seller) => trade(0, 1n, seller, 1_000n, 200_000n)),
    );
    expect([2n, 3n, 4n].map((id) => of(id).feesMicro)).to.deep.equal([0n, 25_000n, 50_000n]);
    expect(of(1n).feesMicro).to.equal(70_000n);
  });

  it("counts whole micro-credits: payers up, payees down, the rest to the first seller's supplier", () => {
    const { of, community } = settle(
      [meter(1n, 11n, 14n), meter(2n, 12n, 0n, 7n), meter(3n, 11n, 0n, 7n)],
      [trade(2, 1n, 2n, 7n, 150_333n), trade(2, 1n, 3n, 7n, 150_333n)],
    );
    expect(of(1n).energyPaidMicro).to.equal(2_105n);
    expect(of(2n).energyReceivedMicro).to.equal(1_052n);
    expect(of(3n).energyReceivedMicro).to.equal(1_052n);
    expect(community("B")).to.equal(1n);
  });
});

describe("the settlement model, by the rules", () => {
  it("gives surplus the lower feed-in of both feeders, from the seller's supplier", () => {
    const { of, settled } = settle(
      [meter(1n, 11n, 0n, 500n), meter(2n, 12n, 0n, 2_000n), meter(3n, 21n, 0n, 1_000n)],
      [trade(2, 1n, 2n, 2_000n, 150_000n), trade(3, 1n, 3n, 1_000n, 150_000n)],
    );
    expect(of(1n).gridReceivedMicro).to.equal(50_000n + 160_000n + 100_000n);
    expect(settled.parties.find((p) => p.account === "A")?.surplusInMicro).to.equal(260_000n);
    expect(settled.parties.find((p) => p.account === "B")?.surplusOutMicro).to.equal(260_000n);
  });

  it("makes whole only what the grid had to supply, split by undelivered Wh", () => {
    const { of } = settle(
      [meter(1n, 11n, 2_200n), meter(2n, 11n, 0n, 1_000n), meter(3n, 11n, 0n, 600n), meter(4n, 11n, 0n, 0n)],
      [2n, 3n, 4n].map((seller) => trade(1, 1n, seller, 1_000n, 200_000n)),
    );
    expect(of(1n).bondReceivedMicro).to.equal(60_000n);
    expect([2n, 3n, 4n].map((id) => of(id).bondPaidMicro)).to.deep.equal([0n, 17_200n, 42_800n]);
  });

  it("makes nothing whole where the grid is cheaper", () => {
    const { of } = settle([meter(1n, 12n, 1_000n), meter(2n, 11n, 0n, 0n)], [trade(2, 1n, 2n, 1_000n, 270_000n)]);
    expect(of(1n).bondReceivedMicro).to.equal(0n);
    expect(of(2n).bondPaidMicro).to.equal(45_000n);
  });

  it("settles a meter without trades at retail and feed-in", () => {
    const { of, settled } = settle([meter(1n, 12n, 1n, 7n)], []);
    expect(of(1n).gridPaidMicro).to.equal(280n);
    expect(of(1n).gridReceivedMicro).to.equal(560n);
    expect(settled.parties.map((p) => p.communityMicro)).to.deep.equal([0n, 0n]);
    expect(settled.parties[0]?.accountingFeeMicro).to.equal(1_000n);
  });

  it("names a meter or feeder that the input lacks", () => {
    expect(() => settle([meter(1n, 11n, 1n)], [trade(1, 1n, 2n, 5n, 1n)])).to.throw(RangeError, "lacks meter 2");
    expect(() => settle([meter(1n, 99n, 1n)], [])).to.throw(RangeError, "lacks meter 1 or its feeder");
  });
});

describe("a settlement's CSV figures", () => {
  it("follow the rules' last section", () => {
    const { of } = settle(
      [meter(1n, 12n, 5_000n), meter(2n, 11n, 100n, 3_000n), meter(3n, 12n, 0n, 1_000n)],
      [trade(2, 1n, 2n, 4_000n, 150_000n), trade(1, 1n, 3n, 1_000n, 200_001n)],
    );
    const buyer = settlementRow(of(1n));
    expect(buyer).to.deep.equal({
      import_wh: 5_000n,
      export_wh: 0n,
      community_bought_wh: 4_000n,
      community_sold_wh: 0n,
      grid_import_wh: 1_000n,
      grid_export_wh: 0n,
      price_micro_per_kwh: 162_500n, // (3 x 150,000 + 1 x 200,001) / 4 = 162,500.25
      paid_micro: 450_000n + 200_001n + 280_000n,
      received_micro: 0n,
      fees_micro: 75_000n,
      bond_paid_micro: 0n,
      bond_received_micro: 105_000n,
    });
    expect(creditChangeOf(buyer)).to.equal(-930_001n - 75_000n + 105_000n);
    const seller = settlementRow(of(2n));
    expect(seller.bond_paid_micro).to.equal(105_000n + 45_000n, "with the fees on what it did not deliver");
    expect(seller.price_micro_per_kwh).to.equal(150_000n);
  });

  it("leave the price empty where nothing was delivered", () => {
    const { of } = settle([meter(1n, 11n, 10n), meter(2n, 11n, 0n, 0n)], [trade(1, 1n, 2n, 10n, 5n)]);
    expect(settlementRow(of(1n)).price_micro_per_kwh).to.equal(undefined);
  });
});

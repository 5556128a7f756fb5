import { expect } from "chai";
import hre from "hardhat";

import { MAX_ORDERS_PER_SLOT, MAX_TREE_METERS } from "../../sdk/bounds.js";
import { setParties } from "../../sdk/actions/grid.js";
import { setStandingPrice } from "../../sdk/actions/market.js";
import { admitMember } from "../../sdk/actions/federation.js";
import { withSigner } from "../../sdk/connect.js";
import { keyFromSeed } from "../../scripts/networks/keys.js";
import { clearTree, closeTree } from "../../sdk/actions/clearing.js";
import { meterLedgerOf, submitReadings } from "../../sdk/actions/readings.js";
import { finalizeSlot, settleSlot, submitSettle } from "../../sdk/actions/settlement.js";
import { escrowAccountOf } from "../../sdk/actions/escrow.js";
import { MemberRole, ReadingStatus, Side } from "../../sdk/enums.js";
import { signReading } from "../../sdk/signing/readings.js";
import { unpackPositions } from "../../sdk/records.js";
import type { Receipt } from "../../sdk/transact.js";
import type { Grid, GridDistrict } from "../../scripts/grid/index.js";
import type { NeighbourHome } from "../../scripts/neighbourhood.js";
import { MarketStage, type StageOrder } from "../../scripts/market/stage.js";
import { closedTree, type TreeOptions } from "../utils/settlement-tree.js";

const GAS_CAP = 16_777_216n;
const CREDIT = 1_000_000n;

/** docs/benchmarks.md has the figures. With 4 orders each, fewer than 500 orders and 64 contracts can make trades. */
const WORST: readonly (Pick<TreeOptions, "mood"> & { readonly brokeSuppliers: boolean })[] = [
  { mood: "everyone is short", brokeSuppliers: false },
  { mood: "everything is surplus", brokeSuppliers: true },
];

/**
 * How many suppliers each home owes before, and whom the suppliers that took over the feeders owe by then: at each home
 * set-off is tried, or succeeds. A first debt makes two new words in Arrears, a further one makes one.
 */
const BEHIND = [
  { debts: 1n, suppliers: 1, owes: "nobody", every: 1 },
  { debts: 1n, suppliers: 1, owes: "others", every: 1 },
  { debts: 1n, suppliers: 15, owes: "every home", every: 4 },
  { debts: 0n, suppliers: 1, owes: "every home", every: 4 },
  { debts: 0n, suppliers: 15, owes: "every home", every: 4 },
] as const;

/**
 * Which homes trade: each, or every fourth of a feeder. Four meters of neighbouring numbers share words of MeterLedger;
 * of every fourth one each has words to itself, as in a city that registers its meters in any order.
 */
type Every = 1 | 4;

describe("the largest city tree", () => {
  for (const worst of WORST) {
    const money = worst.brokeSuppliers ? "no supplier can pay" : "all can pay";
    it(`settles, is corrected and finalized within the gas of one transaction: ${worst.mood}, ${money}`, async function () {
      this.timeout(300_000);
      const connection = await hre.network.create("embeddedTransaction");
      const tree = await closedTree(connection, { homes: MAX_TREE_METERS, feeders: 16, tradesEach: 5, ...worst });
      const used: Record<string, bigint | undefined> = {};
      used["settled"] = (await tree.settle())?.gasUsed;
      await tree.correct();
      used["corrected"] = (await tree.settle())?.gasUsed;
      await tree.toFinalDate();
      used["finalized"] = await tree.finalize();
      for (const [step, gas] of Object.entries(used)) expect(gas, step).to.be.lessThan(GAS_CAP);
      if (process.env["COMMONWATT_FIGURES"] !== undefined) console.log(worst.mood, used);
      await connection.close();
    });
  }

  it("lives through a day on the real market in which no reading comes and nobody can pay", async function () {
    this.timeout(600_000);
    // 12 credits are enough for the locks, and far from 100 kWh at 0.30
    const stage = await MarketStage.open({ seed: 1, grid: fullCity(1, 1), homeDepositMicro: 12n * CREDIT });
    const { chain, view, neighbourhood } = stage;
    const slot = neighbourhood.firstSlot;
    const city = neighbourhood.cities[0]?.area ?? 0n;
    const used: Record<string, bigint[]> = {};
    const keep = (step: string, receipts: readonly (Receipt | undefined)[]): void => {
      used[step] = receipts.map((receipt) => receipt?.gasUsed ?? 0n);
      for (const gas of used[step]) expect(gas, step).to.be.within(1n, GAS_CAP);
    };
    await stage.until(slot, "opens");
    await orderAsMuchAsMay(stage, 1, slot, 1);
    await stage.until(slot, "gateClosure");
    keep("clear", await clearTree(chain, view, { city, slot }));
    keep("close", [await closeTree(chain, view, { city, slot })]);
    const positions = unpackPositions(view.closedSlotOf(city, slot)?.positions ?? []);
    expect(positions).to.have.lengthOf(MAX_TREE_METERS);

    await stage.until(slot, "readingEnd");
    keep("settle", await settleSlot(chain, view, { city, slot }));
    const owing = await Promise.all(positions.map(({ account }) => escrowAccountOf(chain, account)));
    expect(owing.filter(({ arrearsMicro }) => arrearsMicro > 0n)).to.have.lengthOf(MAX_TREE_METERS);

    const corrections = await Promise.all(
      neighbourhood.homes.map(({ meter, feeder }, index) =>
        signReading(feeder.meteringOperator.signer, meterLedgerOf(chain), {
          meter,
          slot,
          importWh: 100n + BigInt(index),
          exportWh: 3_000n + BigInt(index),
          status: ReadingStatus.Corrected,
          sequence: 1n,
        }),
      ),
    );
    keep("read", [(await submitReadings(chain, { readings: corrections })).receipt]);
    keep("settle corrected", await settleSlot(chain, view, { city, slot }));
    await stage.until(slot, "finalDate");
    keep("finalize", await finalizeSlot(chain, view, { city, slot }));
    expect(view.settledOf(city, slot)?.isFinal).to.equal(true);
    if (process.env["COMMONWATT_FIGURES"] !== undefined) console.log(used);
    await stage.close();
  });

  for (const { debts, owes, suppliers, every } of BEHIND) {
    const title = `homes' earlier debts: ${debts}, suppliers of now: ${suppliers}, owing ${owes}, every ${every}. meter`;
    it(`settles a slot in which no reading comes and nobody can pay, 5 % below the cap: ${title}`, async function () {
      this.timeout(600_000);
      const stage = await MarketStage.open({
        seed: 1,
        grid: fullCity(suppliers, every),
        homeDepositMicro: 24n * CREDIT,
      });
      const { chain, view, neighbourhood } = stage;
      const homes = tradingHomes(stage.neighbourhood.homes, every);
      const [slot, between, last] = [0n, 1n, 2n].map((n) => neighbourhood.firstSlot + n) as [bigint, bigint, bigint];
      const city = neighbourhood.cities[0]?.area ?? 0n;
      const supplierOf = await changeSuppliers(stage, between, suppliers);
      await stage.until(last, "opens");
      await orderAsMuchAsMay(stage, every, slot, 3);
      for (const each of [slot, between, last]) {
        await stage.until(each, "gateClosure");
        await clearTree(chain, view, { city, slot: each });
        await closeTree(chain, view, { city, slot: each });
      }
      const settle = async (each: bigint): Promise<bigint> => {
        const { positions = [], trades = [] } = view.closedSlotOf(city, each) ?? {};
        const settled = { city, slot: each, positions, trades, priorOutcomes: [], priorParties: [] };
        const { gasUsed } = await submitSettle(chain, settled); // the trading meters alone
        await view.sync(chain);
        expect(gasUsed).to.be.within(1n, GAS_CAP);
        return gasUsed;
      };
      const allRead = async (each: bigint, importWh: bigint, exportWh: bigint): Promise<void> => {
        await stage.until(each, "deliveryEnd");
        await stage.read(
          each,
          homes.map((home) => ({ home, importWh, exportWh })),
        );
      };
      const everyHome = homes.map(() => true);
      const { arrears } = chain.contracts;

      await allRead(slot, debts === 0n ? 0n : 100_000n, 0n);
      await settle(slot);
      expect(await debtsOf(homes)).to.deep.equal(homes.map(() => debts));

      if (owes !== "nobody") {
        await allRead(between, 0n, owes === "every home" ? 20_000n : 0n);
        await settle(between);
      }
      const owedTo = (home: NeighbourHome): Promise<bigint> =>
        arrears.debtTo(supplierOf(home), home.chain.signer.address);
      const owed = await Promise.all(homes.map(owedTo));
      const places = await Promise.all(homes.map((home) => arrears.placesOf(supplierOf(home))));
      if (owes === "every home") expect(owed.map((micro) => micro > 0n)).to.deep.equal(everyHome);
      expect(places.map((n) => n > 0n)).to.deep.equal(everyHome.map(() => owes !== "nobody"));

      await stage.until(last, "readingEnd");
      const gasUsed = await settle(last);
      expect(gasUsed, "5 % below the cap").to.be.lessThan(GAS_CAP - GAS_CAP / 20n);
      expect(await debtsOf(homes)).to.deep.equal(homes.map(() => debts + 1n));
      expect(await Promise.all(homes.map(owedTo))).to.deep.equal(homes.map(() => 0n));
      if (process.env["COMMONWATT_FIGURES"] !== undefined) console.log({ [title]: gasUsed });
      await stage.close();
    });
  }
});

/** Each home's four orders in each of some slots, so that all meters trade. */
async function orderAsMuchAsMay(stage: MarketStage, every: Every, firstSlot: bigint, slots: number): Promise<void> {
  for (const { name, area } of stage.neighbourhood.feeders) {
    const orders = tradingHomes(stage.homesOf(name), every).flatMap((home, index): StageOrder[] => {
      const side = index % 2 === 0 ? Side.Buy : Side.Sell;
      return Array.from({ length: MAX_ORDERS_PER_SLOT }, (_, n) => {
        const limit = side === Side.Buy ? 300_000n - BigInt(n) : 100_000n + BigInt(index);
        const wh = Array.from({ length: slots }, () => 1_000n + BigInt(index * 7 + n));
        return { home, side, firstSlot, wh, limit };
      });
    });
    await stage.relay(area, await stage.sign(orders));
  }
}

/** Other suppliers, without deposits, take over all feeders in turn. Returns whose home is whose. */
async function changeSuppliers(
  { network, neighbourhood }: MarketStage,
  fromSlot: bigint,
  count: number,
): Promise<(home: NeighbourHome) => string> {
  const council = withSigner(network.transaction, network.operators.transaction.council);
  const wallets = Array.from({ length: count }, (_, n) => keyFromSeed(1, "transaction", `later supplier ${n}`));
  for (const { address } of wallets) {
    await network.fund("transaction", [address]);
    await admitMember(council, { member: address, roles: [MemberRole.Supplier] });
  }
  const supplierOf = new Map<bigint, string>();
  for (const [index, { area, gridOperator, meteringOperator }] of neighbourhood.feeders.entries()) {
    const wallet = wallets[index % count];
    if (wallet === undefined) throw new Error("no supplier");
    await setParties(council, {
      feeder: area,
      supplier: wallet.address,
      gridOperator: gridOperator.signer.address,
      meteringOperator: meteringOperator.signer.address,
      fromSlot,
    });
    const price = { feeder: area, fromSlot, retail: 300_000n, feedIn: 100_000n };
    await setStandingPrice(withSigner(network.transaction, wallet), price);
    supplierOf.set(area, wallet.address);
  }
  return ({ feeder }) => supplierOf.get(feeder.area) ?? "";
}

/** How many creditors each home owes. */
function debtsOf(homes: readonly NeighbourHome[]): Promise<bigint[]> {
  return Promise.all(homes.map(({ chain }) => chain.contracts.arrears.placesOf(chain.signer.address)));
}

/** Every feeder has a multiple of four homes where only every fourth trades. */
function tradingHomes(homes: readonly NeighbourHome[], every: Every): NeighbourHome[] {
  return homes.filter((_, index) => index % every === 0);
}

/** Five districts; of one feeder each, where one supplier is enough, for 125 trading meters, otherwise of three, for 120. */
function fullCity(suppliers: number, every: Every): Grid {
  const parties = { supplier: "Power", gridOperator: "Grid", meteringOperator: "Metering" };
  const feedersEach = suppliers === 1 ? 1 : 3;
  const trading = Math.floor(MAX_TREE_METERS / (5 * feedersEach));
  const districts = Array.from({ length: 5 }, (_, d): GridDistrict => {
    const feeders = Array.from({ length: feedersEach }, (__, f) => ({
      name: `Feeder ${d}.${f}`,
      ...parties,
      feeMicroPerKwh: 5_000,
      capacityWh: 1_000_000_000,
      homes: Array.from({ length: trading * every }, (___, h) => ({
        home: `${d}.${f}.${h}`,
        connectionWh: 100_000,
      })),
    }));
    return { name: `District ${d}`, feeMicroPerKwh: 8_000, capacityWh: 1_000_000_000, feeders };
  });
  return { version: 1, cities: [{ name: "City", districts }] };
}

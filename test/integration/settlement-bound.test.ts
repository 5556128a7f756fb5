import { expect } from "chai";
import hre from "hardhat";

import { MAX_ORDERS_PER_SLOT, MAX_TREE_METERS } from "../../sdk/bounds.js";
import { clearTree, closeTree } from "../../sdk/actions/clearing.js";
import { meterLedgerOf, submitReadings } from "../../sdk/actions/readings.js";
import { finalizeSlot, settleSlot } from "../../sdk/actions/settlement.js";
import { escrowAccountOf } from "../../sdk/actions/escrow.js";
import { ReadingStatus, Side } from "../../sdk/enums.js";
import { signReading } from "../../sdk/signing/readings.js";
import { unpackPositions } from "../../sdk/records.js";
import type { Receipt } from "../../sdk/transact.js";
import type { Grid, GridDistrict } from "../../scripts/grid/index.js";
import { MarketStage, type StageOrder } from "../../scripts/market/stage.js";
import { closedTree, type TreeOptions } from "../utils/settlement-tree.js";

const GAS_CAP = 16_777_216n;
const CREDIT = 1_000_000n;

/** docs/benchmarks.md has the figures. With 4 orders each, fewer than 512 orders and 64 contracts can make trades. */
const WORST: readonly (Pick<TreeOptions, "mood"> & { readonly brokeSuppliers: boolean })[] = [
  { mood: "everyone is short", brokeSuppliers: false },
  { mood: "everything is surplus", brokeSuppliers: true },
];

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
    const stage = await MarketStage.open({ seed: 1, grid: fullCity(), homeDepositMicro: 12n * CREDIT });
    const { chain, view, neighbourhood } = stage;
    const slot = neighbourhood.firstSlot;
    const city = neighbourhood.cities[0]?.area ?? 0n;
    const used: Record<string, bigint[]> = {};
    const keep = (step: string, receipts: readonly (Receipt | undefined)[]): void => {
      used[step] = receipts.map((receipt) => receipt?.gasUsed ?? 0n);
      for (const gas of used[step]) expect(gas, step).to.be.within(1n, GAS_CAP);
    };
    await stage.until(slot, "opens");
    for (const { name, area } of neighbourhood.feeders) {
      const orders = stage.homesOf(name).flatMap((home, index): StageOrder[] => {
        const side = index % 2 === 0 ? Side.Buy : Side.Sell;
        return Array.from({ length: MAX_ORDERS_PER_SLOT }, (_, n) => {
          const limit = side === Side.Buy ? 300_000n - BigInt(n) : 100_000n + BigInt(index);
          return { home, side, firstSlot: slot, wh: [1_000n + BigInt(index * 7 + n)], limit };
        });
      });
      await stage.relay(area, await stage.sign(orders));
    }
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
});

/** Sixteen feeders, as many meters as a tree takes. */
function fullCity(): Grid {
  const parties = { supplier: "Power", gridOperator: "Grid", meteringOperator: "Metering" };
  const districts = Array.from({ length: 4 }, (_, d): GridDistrict => {
    const feeders = Array.from({ length: 4 }, (__, f) => ({
      name: `Feeder ${d}.${f}`,
      ...parties,
      feeMicroPerKwh: 5_000,
      capacityWh: 1_000_000_000,
      homes: Array.from({ length: MAX_TREE_METERS / 16 }, (___, h) => ({
        home: `${d}.${f}.${h}`,
        connectionWh: 100_000,
      })),
    }));
    return { name: `District ${d}`, feeMicroPerKwh: 8_000, capacityWh: 1_000_000_000, feeders };
  });
  return { version: 1, cities: [{ name: "City", districts }] };
}

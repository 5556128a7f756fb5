import { expect } from "chai";
import hre from "hardhat";

import { closedTree, type TreeOptions } from "../utils/settlement-tree.js";

const GAS_CAP = 16_777_216n;
/** Positions of the largest tree that fits whatever happens; docs/benchmarks.md has the figures. */
const LARGEST_TREE = 256;

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
      const tree = await closedTree(connection, { homes: LARGEST_TREE, feeders: 16, ...worst });
      expect((await tree.settle())?.gasUsed).to.be.lessThan(GAS_CAP);
      await tree.correct();
      expect((await tree.settle())?.gasUsed).to.be.lessThan(GAS_CAP);
      await tree.toFinalDate();
      expect(await tree.finalize()).to.be.lessThan(GAS_CAP);
      await connection.close();
    });
  }
});

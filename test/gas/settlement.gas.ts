import { mined, type GasScenarios } from "../../scripts/gas/scenario.js";
import { closedTree, type TreeOptions } from "../utils/settlement-tree.js";

const ORDINARY: TreeOptions = { homes: 100, feeders: 3, mood: "ordinary" };

export const scenarios: GasScenarios = {
  "Settlement.settle, 100 homes of three feeders": async (stage) => {
    const tree = await closedTree(stage, ORDINARY);
    return mined(tree.send());
  },

  "Settlement.settle, a correction of all 100 homes": async (stage) => {
    const tree = await closedTree(stage, ORDINARY);
    await tree.settle();
    await tree.correct();
    return mined(tree.send());
  },

  "Settlement.finalize, 100 homes of three feeders": async (stage) => {
    const tree = await closedTree(stage, ORDINARY);
    await tree.settle();
    await tree.toFinalDate();
    return mined(tree.sendFinal());
  },
};

/** Headers of the other chain, anchored. Larger chains, and where the gas goes: `npm run bench -- anchors`. */
import type { TransactionReceipt } from "ethers";

import { AnchorStage, numbersTo } from "../../scripts/bench/anchor-stage.js";
import type { GasScenarios, GasStage } from "../../scripts/gas/scenario.js";

const SEATS = 101;

async function anchored(
  stage: GasStage,
  seats: number,
  next: (stage: AnchorStage) => Promise<bigint>,
): Promise<TransactionReceipt> {
  const anchors = await AnchorStage.open(stage, { seats });
  try {
    return await anchors.anchor(await anchors.evidence(await next(anchors)));
  } finally {
    await anchors.close();
  }
}

export const scenarios: GasScenarios = {
  "HeaderAnchors.anchor, 4 seats": (stage) => anchored(stage, 4, (anchors) => anchors.mine()),

  "HeaderAnchors.anchor, 101 seats": (stage) => anchored(stage, SEATS, (anchors) => anchors.mine()),

  "HeaderAnchors.anchor, 101 seats, the set changes": (stage) =>
    anchored(stage, SEATS, (anchors) => anchors.write(numbersTo(SEATS + 1).slice(1))),

  "HeaderAnchors.anchor, 101 seats, the set changes twice in the block": (stage) =>
    anchored(stage, SEATS, (anchors) => anchors.writeTwice(numbersTo(SEATS + 2).slice(2), numbersTo(SEATS))),
};

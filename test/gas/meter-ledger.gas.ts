import { mined, type GasScenarios, type GasStage } from "../../scripts/gas/scenario.js";
import { ACTUAL, batchOf, deployLedger, ESTIMATED, SLOT_LENGTH } from "../utils/meter-ledger.js";

/** A ledger that has taken a batch of the slot before: what only the first batch pays is paid. */
async function running({ ethers, networkHelpers }: GasStage, meters: number) {
  const stage = await deployLedger(ethers, networkHelpers, meters);
  await stage.ledger.submit(await batchOf(stage, stage.slot, ACTUAL));
  await networkHelpers.time.increaseTo((stage.slot + 2n) * SLOT_LENGTH);
  return { stage, slot: stage.slot + 1n };
}

export const scenarios: GasScenarios = {
  "MeterLedger.submit, 100 actual readings of one slot": async (chain) => {
    const { stage, slot } = await running(chain, 100);
    return mined(stage.ledger.submit(await batchOf(stage, slot, ACTUAL)));
  },

  "MeterLedger.submit, 100 estimates of one slot": async (chain) => {
    const { stage, slot } = await running(chain, 100);
    return mined(stage.ledger.submit(await batchOf(stage, slot, ESTIMATED)));
  },

  "MeterLedger.submit, 100 actual readings over estimates": async (chain) => {
    const { stage, slot } = await running(chain, 100);
    await stage.ledger.submit(await batchOf(stage, slot, ESTIMATED));
    return mined(stage.ledger.submit(await batchOf(stage, slot, ACTUAL)));
  },

  "MeterLedger.submit, 100 readings stored before": async (chain) => {
    const { stage, slot } = await running(chain, 100);
    const batch = await batchOf(stage, slot, ACTUAL);
    await stage.ledger.submit(batch);
    return mined(stage.ledger.submit(batch));
  },

  "MeterLedger.submit, 1 actual reading": async (chain) => {
    const { stage, slot } = await running(chain, 1);
    return mined(stage.ledger.submit(await batchOf(stage, slot, ACTUAL)));
  },
};

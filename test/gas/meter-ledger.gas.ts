import { mined, type GasScenarios, type GasStage } from "../../scripts/gas/scenario.js";
import { packReading } from "../../sdk/records.js";
import type { ReadingStruct } from "../../typechain-types/contracts/interfaces/IMeterLedger.js";
import { ACTUAL, batchOf, deployLedger, ESTIMATED, SLOT_LENGTH } from "../utils/meter-ledger.js";

/** A ledger that has taken a batch of the slot before: what only the first batch pays is paid. */
async function running({ ethers, networkHelpers }: GasStage, meters: number) {
  const stage = await deployLedger(ethers, networkHelpers, meters);
  await stage.ledger.submit(await batchOf(stage, stage.slot, ACTUAL));
  await networkHelpers.time.increaseTo((stage.slot + 2n) * SLOT_LENGTH);
  return { stage, slot: stage.slot + 1n };
}

const METERING_OPERATOR = 3n; // MemberRole
const FEEDER = 3n;

/** As `running`, with a quorum of 2 of 3 from the next slot that is not open; its delivery has ended. */
async function attesting(chain: GasStage, meters: number) {
  const { stage } = await running(chain, meters);
  const [admin, ...others] = await chain.ethers.getSigners();
  if (!admin) throw new Error("The chain has no accounts.");
  const operators = others.slice(0, 3);
  const federation = await chain.ethers.getContractAt("MockFederation", stage.federation);
  for (const { address } of operators) await federation.admit(address, METERING_OPERATOR);
  const slot = stage.slot + 60n;
  const addresses = operators.map(({ address }) => address);
  await stage.quorum.setQuorum(FEEDER, 2n, addresses, slot);
  await chain.networkHelpers.time.increaseTo((slot + 1n) * SLOT_LENGTH);
  const batch = await batchOf(stage, slot, ACTUAL);
  const [first, second] = operators.map((operator) => stage.quorum.connect(operator));
  if (first === undefined || second === undefined) throw new Error("The chain has too few accounts.");
  return { stage, batch, words: batch.map(wordOf), first, second };
}

function wordOf({ meter, slot, importWh, exportWh, status, sequence }: ReadingStruct): string {
  const [m, s, i, e, q, n] = [meter, slot, importWh, exportWh, status, sequence].map(BigInt);
  const fields = { meter: m ?? 0n, slot: s ?? 0n, importWh: i ?? 0n, exportWh: e ?? 0n };
  return packReading({ ...fields, status: q ?? 0n, sequence: n ?? 0n, changed: 0n });
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

  "MeterLedger.submit, 100 actual readings with their quorum": async (chain) => {
    const { stage, batch, words, first, second } = await attesting(chain, 100);
    await first.attest(words);
    await second.attest(words);
    return mined(stage.ledger.submit(batch));
  },

  "ReadingQuorum.attest, 100 readings, the first of 2 of 3": async (chain) => {
    const { words, first } = await attesting(chain, 100);
    return mined(first.attest(words));
  },

  "ReadingQuorum.attest, 100 readings, the second of 2 of 3": async (chain) => {
    const { words, first, second } = await attesting(chain, 100);
    await first.attest(words);
    return mined(second.attest(words));
  },
};

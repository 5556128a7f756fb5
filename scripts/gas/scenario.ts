/**
 * A gas scenario is one function: it gets a fresh chain, sets its stage, and returns the receipt of the one transaction
 * that is measured. To add one, write `test/gas/<name>.gas.ts` with an export `scenarios: GasScenarios`; its keys
 * (`Contract.function, what is special`) are the lines of gas-snapshot.json. Then run `npm run gas:update`.
 *
 * Gas is the same in every run only if the input is: fixed keys (`ethers.getSigners()`), no clock, no random numbers.
 */
import type { HardhatEthers } from "@nomicfoundation/hardhat-ethers/types";
import type { NetworkHelpers } from "@nomicfoundation/hardhat-network-helpers/types";
import type { TransactionReceipt } from "ethers";

export interface GasStage {
  readonly ethers: HardhatEthers;
  readonly networkHelpers: NetworkHelpers;
}

export type GasScenario = (stage: GasStage) => Promise<TransactionReceipt>;
export type GasScenarios = Readonly<Record<string, GasScenario>>;

/** The receipt of a transaction that was mined and did not fail. */
export async function mined(
  sent: Promise<{ wait(): Promise<TransactionReceipt | null> }>,
): Promise<TransactionReceipt> {
  const receipt = await (await sent).wait();
  if (receipt === null) throw new Error("The measured transaction was not mined.");
  return receipt;
}

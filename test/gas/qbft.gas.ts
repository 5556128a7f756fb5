/**
 * The QBFT libraries through their harness, with the recorded Besu chain's headers: whole transactions, so the calldata
 * of the headers is part of each figure; what the libraries use themselves is in test/unit/qbft-recorded.test.ts.
 */
import { encodeBareHeader, encodeHeader, withSealOf } from "../../light/index.js";
import { mined, type GasScenarios, type GasStage } from "../../scripts/gas/scenario.js";
import { accountants, childOf, readRecording, sealed, turnsAfter } from "../utils/qbft.js";

const SEATS = 101;
const { at } = readRecording();

/** Calls a view function of the harness in a transaction. */
async function transacted(
  { ethers }: GasStage,
  call: "gasOfPair" | "requireQuorums" | "doubleSealer" | "gasOfBlame",
  args: readonly unknown[],
) {
  const harness = await ethers.deployContract("QbftHarness");
  const [sender] = await ethers.getSigners();
  if (!sender) throw new Error("The chain has no account.");
  const to = await harness.getAddress();
  const data = harness.interface.encodeFunctionData(call as "gasOfPair", args as [string, string]);
  return mined(sender.sendTransaction({ to, data }));
}

function doubleSeal(): [string, string] {
  const people = accountants(4, "gas");
  const [culprit = ""] = people.set;
  const parent = { ...at(85).header, hash: at(85).block.hash };
  return ["one", "two"].map((salt) => {
    const block = childOf(parent, { coinbase: culprit, round: 1n, gapSeconds: 6n, salt });
    return encodeHeader(withSealOf(sealed(block, [culprit], people), culprit));
  }) as [string, string];
}

function blameAmong(seats: number, missing: number) {
  const { set } = accountants(seats, "gas");
  const coinbase = set[0] ?? "";
  return {
    set: [...set],
    parent: { coinbase, timestamp: 1_000n },
    current: { coinbase: turnsAfter(set, coinbase)[missing] ?? "", timestamp: 1_002n },
    timing: { requestTimeout: 4, slack: 1 },
  };
}

export const scenarios: GasScenarios = {
  "QbftHeader, two bare headers parsed and hashed": (stage) =>
    transacted(stage, "gasOfPair", [encodeBareHeader(at(85).header), encodeBareHeader(at(86).header)]),

  "QbftHeader, two raw headers of 3 seals parsed and hashed": (stage) =>
    transacted(stage, "gasOfPair", [at(85).rawHeader, at(86).rawHeader]),

  "QbftSeals.requireQuorum, 3 seals of 4 accountants": (stage) =>
    transacted(stage, "requireQuorums", [[at(86).rawHeader], [[...at(86).set]]]),

  "QbftSeals.doubleSealer, two headers": (stage) => transacted(stage, "doubleSealer", doubleSeal()),

  "MissedTurns.blame, 1 of 101": (stage) => transacted(stage, "gasOfBlame", [blameAmong(SEATS, 1)]),
};

/** What it costs to anchor a header of the other chain, and to prove a word against it. */
import hre from "hardhat";
import { concat, dataLength, type TransactionReceipt } from "ethers";

import type { AnchorEvidence } from "../../sdk/actions/anchors.js";
import { readWordProof } from "../../sdk/actions/state-proofs.js";
import { mined } from "../gas/scenario.js";
import { AnchorStage, numbersTo } from "./anchor-stage.js";
import { tableText, verdict, whole, type BenchOptions, type Figures } from "./report.js";

const GOAL = 1_500_000;
const SEATS = [4, 7, 21, 101] as const;
/** Accounts of the anchored chain besides its election's, and words of that: as of 1,000 candidates. */
const GROWN = 20_000;
const HEAD_SLOT = 2n;

interface Row {
  readonly figure: string;
  readonly what: string;
  readonly gas: number;
  readonly bytes: number;
  /** Trie nodes that are checked. */
  readonly nodes: number;
}

export async function benchAnchors({ print }: BenchOptions): Promise<Figures> {
  const rows: Row[] = [];
  for (const seats of SEATS) rows.push(...(await measured(seats, 0)));
  rows.push(...(await measured(101, GROWN)));
  print(
    tableText(
      `Anchoring a header: whole transactions, calldata included ("grown": ${whole(GROWN)} accounts, as many words)`,
      ["what", "gas", "goal", "", "bytes of evidence", "trie nodes"],
      rows.map(({ figure, what, gas, bytes, nodes }) => {
        const isGoal = figure.startsWith("anchor101");
        return [
          what,
          whole(gas),
          isGoal ? whole(GOAL) : "",
          isGoal ? verdict(gas, GOAL) : "",
          whole(bytes),
          `${nodes}`,
        ];
      }),
    ),
  );
  const [young, grown] = ["anchor101Gas", "anchor101GrownGas"].map((name) =>
    rows.find(({ figure }) => figure === name),
  );
  const perNode = young && grown ? (grown.gas - young.gas) / (grown.nodes - young.nodes) : 0;
  print(
    `Each further trie node: some ${whole(perNode)} gas. A chain's tries grow by a node with sixteen times the size.`,
  );
  return { ...Object.fromEntries(rows.map(({ figure, gas }) => [figure, gas])), anchorNodeGas: Math.round(perNode) };
}

async function measured(seats: number, fill: number): Promise<Row[]> {
  const anchoring = await hre.network.create({ network: "embeddedTransaction", chainType: "l1" });
  const stage = await AnchorStage.open(anchoring, { seats, fill });
  try {
    const suffix = fill === 0 ? "" : "Grown";
    const where = fill === 0 ? `${seats} seats` : `${seats} seats, grown`;
    const row = async (figure: string, what: string, block: bigint): Promise<Row> => {
      const evidence = await stage.evidence(block);
      return rowOf(`anchor${seats}${figure}${suffix}Gas`, `${what}, ${where}`, evidence, await stage.anchor(evidence));
    };
    const [others, more] = [numbersTo(seats + 1).slice(1), numbersTo(seats + 2).slice(2)];
    const block = await stage.mine();
    const rows = [
      await row("", "a header, the set unchanged", block),
      await row("Change", "a header that changes the set", await stage.write(others)),
      await row("Changes", "one that changes it twice", await stage.writeTwice(more, numbersTo(seats))),
    ];
    return fill === 0 ? rows : [...rows, await wordRow(stage, block)];
  } finally {
    await stage.close();
    await anchoring.close();
  }
}

function rowOf(figure: string, what: string, evidence: AnchorEvidence, { gasUsed }: TransactionReceipt): Row {
  const { accountProof, headProof, digestProof, changeProof } = evidence;
  const nodes = [accountProof, headProof, digestProof, changeProof].flat();
  const bytes = dataLength(concat([evidence.header, ...evidence.set, ...nodes])); // without the framing of calldata
  return { figure, what, gas: Number(gasUsed), bytes, nodes: nodes.length };
}

/** `wordAt`, which contracts and people only read, as a transaction. */
async function wordRow({ anchoring, anchors, source, election }: AnchorStage, block: bigint): Promise<Row> {
  const account = await election.getAddress();
  const proof = await readWordProof(source.ethers.provider, { account, slot: HEAD_SLOT, block });
  const data = anchors.interface.encodeFunctionData("wordAt", [
    block,
    account,
    HEAD_SLOT,
    [...proof.accountProof],
    [...proof.storageProof],
  ]);
  const [sender] = await anchoring.ethers.getSigners();
  if (!sender) throw new Error("The chain has no account.");
  const { gasUsed } = await mined(sender.sendTransaction({ to: await anchors.getAddress(), data }));
  const nodes = [...proof.accountProof, ...proof.storageProof];
  const bytes = dataLength(concat(nodes));
  const what = "a word proven against a header (wordAt), grown";
  return { figure: "anchoredWordGas", what, gas: Number(gasUsed), bytes, nodes: nodes.length };
}

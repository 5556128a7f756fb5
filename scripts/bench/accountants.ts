/** What the election of accountants costs: the set, an election among 1,000, votes, claims, reports and evidence. */
import hre from "hardhat";
import { keccak256, type SigningKey, type TransactionReceipt } from "ethers";

import "@nomicfoundation/hardhat-ethers";
import "@nomicfoundation/hardhat-network-helpers";

import { encodeBareHeader, encodeHeader, sealDigest, type QbftHeader } from "../../light/index.js";
import { ElectionStage, walletOf, type ElectionChain } from "./election-stage.js";
import { childHeader, FIRST_HEADER, sealOf } from "./qbft-headers.js";
import { tableText, verdict, whole, type BenchOptions, type Figures } from "./report.js";

const CANDIDATES = 1_000;
const SEATS = 101;
const STANDBY = 64;
const NAMES = 30;
const SET_SIZES = [4, 7, 21, SEATS] as const;
/** Deploying 101 founders costs more than a transaction may; on a real network they stand in the genesis. */
const STAGE_GAS = 60_000_000;

/** A measured figure; the goal is the issue's. */
interface Row {
  readonly figure: string;
  readonly what: string;
  readonly gas: number;
  readonly goal?: number;
}

export async function benchAccountants({ print }: BenchOptions): Promise<Figures> {
  print(`Registering ${whole(CANDIDATES)} candidates...`);
  const rows = [...(await onStage(SEATS, largeElection)), ...(await reports())];
  print(
    tableText(
      "Election of accountants: whole transactions, calldata included",
      ["what", "gas", "goal", ""],
      rows.map(({ what, gas, goal }) => [
        what,
        whole(gas),
        goal === undefined ? "" : whole(goal),
        goal === undefined ? "" : verdict(gas, goal),
      ]),
    ),
  );
  return Object.fromEntries(rows.map(({ figure, gas }) => [figure, Math.round(gas)]));
}

async function onStage<Result>(founders: number, measure: (stage: ElectionStage) => Promise<Result>): Promise<Result> {
  const connection = await hre.network.create({
    network: "embeddedTransaction",
    override: { transactionGasCap: STAGE_GAS },
  });
  try {
    const chain: ElectionChain = connection;
    return await measure(await ElectionStage.open(chain, founders));
  } finally {
    await connection.close();
  }
}

/** Everybody has votes, and as much changes as may: 33 leave, 33 enter. */
async function largeElection(stage: ElectionStage): Promise<Row[]> {
  await stage.register(SEATS + 1, CANDIDATES);
  const order = await voteForAll(stage);
  await stage.nextEpoch();
  const elect = await stage.elect(order);
  const { election } = stage.contracts;
  const getValidators = await stage.transacted(
    await election.getAddress(),
    election.interface.encodeFunctionData("getValidators"),
  );
  await stage.vote(CANDIDATES, 1_000_000n, [1]); // the epoch's first vote counts the credits
  const one = await stage.vote(CANDIDATES + 1, 30_000_000n, [500]);
  const apart = Array.from({ length: NAMES }, (_, index) => 501 + index * 13);
  const first = await stage.vote(CANDIDATES + 2, 30_000_000n, apart);
  const touched = await stage.vote(CANDIDATES + 3, 30_000_000n, apart);
  return [
    { figure: "getValidatorsGas", what: `getValidators() of ${SEATS}, as a transaction`, gas: gasOf(getValidators) },
    { figure: "electGas", what: `elect among ${whole(CANDIDATES)}`, gas: gasOf(elect), goal: 6_000_000 },
    { figure: "voteGas", what: "vote for one candidate", gas: gasOf(one), goal: 120_000 },
    { figure: "voteFurtherFirstGas", what: "each further one, first touch", gas: perName(first, one), goal: 35_000 },
    { figure: "voteFurtherGas", what: "each further one, touched before", gas: perName(touched, one), goal: 8_000 },
    ...(await claims(stage)),
  ];
}

/** Two voters of seated candidates, one with a single name: what a claim costs for each candidate voted for. */
async function claims(stage: ElectionStage): Promise<Row[]> {
  const [one, many] = [CANDIDATES + 4, CANDIDATES + 5];
  await stage.vote(one, 30_000_000n, [1]);
  const names = Array.from({ length: NAMES }, (_, index) => index + 1);
  await stage.vote(many, 30_000_000n, names);
  for (let number = 1; number <= SEATS; number += 1) await stage.book(number, 1_000_000n);
  const first = await stage.claim(one);
  const second = await stage.claim(many);
  return [
    { figure: "claimGas", what: "claimVotes, one candidate", gas: gasOf(first) },
    { figure: "claimFurtherGas", what: "each further candidate", gas: perName(second, first), goal: 15_000 },
  ];
}

/** Ballots of 30 for all candidates; two groups of 30 of the seated are lighter than all others. */
async function voteForAll(stage: ElectionStage): Promise<number[]> {
  const groups = Array.from({ length: Math.ceil(CANDIDATES / NAMES) }, (_, group) =>
    Array.from({ length: Math.min(NAMES, CANDIDATES - group * NAMES) }, (_name, index) => group * NAMES + index + 1),
  );
  for (const [group, names] of groups.entries()) {
    const isLight = group === 2 || group === 3 || names.length < NAMES;
    await stage.vote(group + 1, isLight ? 1_000_000_000n : 150_000_000_000n - BigInt(group) * 1_000_000_000n, names);
  }
  const heaviest = [...(groups[0] ?? []), ...(groups[1] ?? []), ...groups.slice(4).flat()];
  return heaviest.slice(0, SEATS + STANDBY);
}

/** A missed turn among 4, 7, 21 and 101, and a double seal among 101. */
async function reports(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const seats of SET_SIZES) {
    rows.push(
      ...(await onStage(seats, async (stage) => {
        const missed = gasOf(await reportMissed(stage));
        const row = { figure: `reportMissed${seats}Gas`, what: `reportMissed among ${seats}`, gas: missed };
        const readers = await stage.transacted(
          await stage.contracts.election.getAddress(),
          stage.contracts.election.interface.encodeFunctionData("validatorsFor", [await stage.latestBlock()]),
        );
        const besides = {
          figure: `reportMissed${seats}BesidesSetGas`,
          what: `  less reading the set (validatorsFor)`,
          gas: missed - (gasOf(readers) - 21_000),
        };
        if (seats !== SEATS) return [row, besides];
        const evidence = gasOf(await reportDoubleSeal(stage));
        return [row, besides, { figure: "doubleSealGas", what: `reportDoubleSeal among ${seats}`, gas: evidence }];
      })),
    );
  }
  return rows;
}

/** The second of the set let its turn pass, the third made the block. */
export async function reportMissed(stage: ElectionStage): Promise<TransactionReceipt> {
  const { court, election } = stage.contracts;
  const [first = "", , third = ""] = await election.getValidators();
  const number = BigInt(await stage.latestBlock());
  const parent: QbftHeader = { ...FIRST_HEADER, coinbase: first, number: number - 1n };
  const header = childHeader(parent, { coinbase: third, gapSeconds: 6n });
  const bare = encodeBareHeader(header);
  await court.setHash(number, keccak256(bare));
  return receiptOf(court.reportMissed(encodeBareHeader(parent), bare));
}

export async function reportDoubleSeal(stage: ElectionStage): Promise<TransactionReceipt> {
  const { court, election } = stage.contracts;
  const [culprit = ""] = await election.getValidators();
  const number = BigInt(await stage.latestBlock());
  const parent: QbftHeader = { ...FIRST_HEADER, number: number - 1n };
  await court.setHash(number - 1n, keccak256(encodeBareHeader(parent)));
  const key = nodeKeyOf(culprit);
  const [one, two] = [2n, 3n].map((gapSeconds) => {
    const header = childHeader(parent, { coinbase: culprit, gapSeconds });
    return encodeHeader({ ...header, seals: [sealOf(key, sealDigest(header))] });
  });
  return receiptOf(court.reportDoubleSeal(one ?? "0x", two ?? "0x"));
}

function nodeKeyOf(node: string): SigningKey {
  for (let number = 1; number <= SEATS; number += 1) {
    const wallet = walletOf("node", number);
    if (wallet.address === node) return wallet.signingKey;
  }
  throw new Error(`${node} is no founder's node`);
}

async function receiptOf(sent: Promise<{ wait(): Promise<TransactionReceipt | null> }>): Promise<TransactionReceipt> {
  const receipt = await (await sent).wait();
  if (receipt === null) throw new Error("the measured transaction was not mined");
  return receipt;
}

function gasOf({ gasUsed }: TransactionReceipt): number {
  return Number(gasUsed);
}

/** What each of 29 further names cost. */
function perName(many: TransactionReceipt, one: TransactionReceipt): number {
  return (gasOf(many) - gasOf(one)) / (NAMES - 1);
}

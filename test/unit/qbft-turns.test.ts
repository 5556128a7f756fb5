/** Simulated accountants take turns, miss some of them, seal, and seal twice: who is blamed, and for what. */
import { expect } from "chai";
import { getAddress } from "ethers";
import hre from "hardhat";

import {
  blame,
  blockHash,
  decodeHeader,
  doubleSealer,
  encodeBareHeader,
  encodeHeader,
  faultsOf,
  passedOver,
  quorumOf,
  requireQuorum,
  withSealOf,
  type QbftHeader,
  type TurnBlock,
  type TurnTiming,
} from "../../light/index.js";
import { Random } from "../../scripts/inputs/random.js";
import { isCommonwattError, revertDataOf } from "../../sdk/errors.js";
import type { QbftHarness } from "../../typechain-types/index.js";
import {
  accountants,
  childOf,
  patternsOf,
  readRecording,
  sealed,
  someQuorum,
  turnsAfter,
  waitFor,
  type Accountants,
} from "../utils/qbft.js";

const isLong = process.env["COMMONWATT_LONG"] === "1";
const SEED = 4;
const PATTERNS = isLong ? 20_000 : 500;
const TIMING: TurnTiming = { requestTimeoutSeconds: 4n, slackSeconds: 1n };

interface Case {
  readonly set: readonly string[];
  readonly parent: TurnBlock;
  readonly block: TurnBlock;
  readonly timing: TurnTiming;
}

describe("QBFT: turns of simulated accountants", () => {
  const genesis = readRecording().at(0);
  const start = { ...genesis.header, hash: genesis.block.hash };
  const outsider = getAddress(`0x7f${"ff".repeat(19)}`);
  let harness: QbftHarness;

  before(async () => {
    const { ethers } = await hre.network.create("embeddedTransaction");
    harness = await ethers.deployContract("QbftHarness");
  });

  /** One block after another, each by the first present accountant in turn; `every` sees each with whom it passed over. */
  function chainOf(
    { set, keyOf }: Accountants,
    missing: ReadonlySet<string>,
    blocks: number,
    every: (parent: QbftHeader, header: QbftHeader, passed: readonly string[]) => void,
    random: Random,
  ): void {
    let parent = start;
    for (let block = 0; block < blocks; block += 1) {
      const turns = turnsAfter(set, parent.coinbase);
      const round = turns.findIndex((account) => !missing.has(account));
      const unsealed = childOf(parent, {
        coinbase: turns[round] ?? "",
        round: BigInt(round),
        gapSeconds: waitFor(round, TIMING.requestTimeoutSeconds),
      });
      const header = sealed(unsealed, someQuorum(set, missing, random), { set, keyOf });
      every(parent, header, turns.slice(0, round));
      parent = { ...header, hash: blockHash(header) };
    }
  }

  for (const n of [4, 7]) {
    it(`blame exactly the missing of ${n}, in every pattern of up to ${faultsOf(n)}`, async function () {
      this.timeout(300_000);
      const people = accountants(n, `${SEED}/${n}`);
      const random = new Random(SEED);
      const shown: { header: QbftHeader; parent: QbftHeader; blamed: readonly string[] }[] = [];
      for (const pattern of patternsOf(people.set)) {
        const blamedEver = new Set<string>();
        const each = (parent: QbftHeader, header: QbftHeader, passed: readonly string[]): void => {
          // recovering seals is slow: the first block after an absence stands for the others
          if (isLong || passed.length > 0 || shown.length % 8 === 0) requireQuorum(header, people.set);
          const blamed = blame(people.set, parent, decodeHeader(encodeBareHeader(header)), TIMING);
          expect(blamed).to.deep.equal(passed);
          blamed.forEach((account) => blamedEver.add(account));
          shown.push({ header, parent, blamed });
        };
        chainOf(people, new Set(pattern), n + 1, each, random);
        expect([...blamedEver].sort()).to.deep.equal([...pattern].sort());
      }
      for (let from = 0; from < shown.length; from += 50) {
        const some = shown.slice(from, from + 50);
        const raw = some.map(({ header }) => encodeHeader(header));
        await harness.requireQuorums(
          raw,
          some.map(() => [...people.set]),
        );
        const cases = some.map(({ parent, header }) => ({ set: people.set, parent, block: header, timing: TIMING }));
        expect(await onChain(cases)).to.deep.equal(some.map(({ blamed }) => blamed));
      }
    });
  }

  for (const n of [21, 101]) {
    it(`blame exactly the missing of ${n}, in ${PATTERNS} seeded patterns of up to ${faultsOf(n)}`, async function () {
      this.timeout(300_000);
      const people = accountants(n, `${SEED}/${n}`);
      const random = new Random(`${SEED}/${n}`);
      const sample: (Case & { blamed: readonly string[] })[] = [];
      let most = 0;
      for (let drawn = 0; drawn < PATTERNS; drawn += 1) {
        const parent = {
          coinbase: random.chance(0.1) ? outsider : pick(people.set, random),
          timestamp: 1_800_000_000n,
        };
        const turns = turnsAfter(people.set, parent.coinbase);
        // half of the absences in one row from the next turn on, so that many are passed over at once
        const order = random.chance(0.5) ? turns : random.shuffled(turns);
        const missing = new Set(order.slice(0, random.between(0, faultsOf(n))));
        const round = turns.findIndex((account) => !missing.has(account));
        const gap = waitFor(round, TIMING.requestTimeoutSeconds) + BigInt(random.between(0, 1));
        const block = { coinbase: turns[round] ?? "", timestamp: parent.timestamp + gap };
        const blamed = blame(people.set, parent, block, TIMING);
        expect(blamed).to.deep.equal(turns.slice(0, round));
        most = Math.max(most, round);
        if (drawn % (PATTERNS / 20) === 0) sample.push({ set: people.set, parent, block, timing: TIMING, blamed });
      }
      expect(most).to.equal(faultsOf(n));
      expect(await onChain(sample)).to.deep.equal(sample.map(({ blamed }) => blamed));
    });

    it(`seal with a quorum of ${n}, and not with one fewer`, async function () {
      this.timeout(120_000);
      const people = accountants(n, `${SEED}/${n}`);
      const random = new Random(`${SEED}/seals/${n}`);
      const missing = new Set(random.shuffled(people.set).slice(0, faultsOf(n)));
      const block = childOf(start, { coinbase: people.set[0] ?? "", round: 2n, gapSeconds: 14n });
      const header = sealed(block, someQuorum(people.set, missing, random), people);
      requireQuorum(header, people.set);
      await harness.requireQuorums([encodeHeader(header)], [[...people.set]]);
      const short = { ...header, seals: header.seals.slice(1) };
      expect(codeOf(() => requireQuorum(short, people.set))).to.equal("QbftSealsNoQuorum");
      await expectRefusal(harness.requireQuorums([encodeHeader(short)], [[...people.set]]), "QbftSealsNoQuorum");
    });
  }

  it("beyond f, with stalls, restarts and blocks proposed again, blame nobody who had no turn", async () => {
    const random = new Random(`${SEED}/beyond`);
    const sample: Case[] = [];
    const seen = { stalled: 0, again: 0, blamed: 0 };
    for (let drawn = 0; drawn < PATTERNS * 2; drawn += 1) {
      const n = [4, 5, 7, 21, 101][drawn % 5] ?? 4;
      const { set } = accountantsOf(n);
      const parent = { coinbase: random.chance(0.1) ? outsider : pick(set, random), timestamp: 1_800_000_000n };
      const turns = turnsAfter(set, parent.coinbase);
      const rounds = random.between(0, Math.min(3 * n, 150));
      // a block that was proposed in an earlier round and found no quorum there keeps its coinbase
      const made = random.chance(0.3) ? random.between(0, rounds) : rounds;
      const stall = random.chance(0.3) ? BigInt(random.between(0, 600)) : 0n;
      const gap = waitFor(rounds, TIMING.requestTimeoutSeconds) + stall;
      const block = { coinbase: turns[made % n] ?? "", timestamp: parent.timestamp + gap };
      const blamed = blame(set, parent, block, TIMING);
      const hadATurn = Array.from({ length: made }, (_, round) => turns[round % n]);
      for (const account of blamed) expect(hadATurn).to.include(account);
      expect(blamed).to.have.length.at.most(faultsOf(n));
      if (rounds > faultsOf(n)) {
        seen.stalled += 1;
        expect(blamed, `${n} accountants, ${rounds} rounds, block of round ${made}`).to.deep.equal([]);
      }
      if (made < rounds) seen.again += 1;
      if (blamed.length > 0) seen.blamed += 1;
      if (drawn % (PATTERNS / 25) === 0) sample.push({ set, parent, block, timing: TIMING });
    }
    expect(Object.values(seen).every((count) => count > 20)).to.equal(true);
    expect(await onChain(sample)).to.deep.equal(sample.map((one) => blameOf(one)));
  });

  it("agree on chain and in light/ on any blocks, sets and times, refusals included", async () => {
    const random = new Random(`${SEED}/agree`);
    const codes = new Set<string>();
    for (let drawn = 0; drawn < (isLong ? 2_000 : 150); drawn += 1) {
      const { set } = accountantsOf(random.between(1, 9));
      const wide = [...set, outsider, "0x0000000000000000000000000000000000000000"];
      const one = {
        set: random.chance(0.1) ? random.shuffled(set) : set,
        parent: { coinbase: pick(wide, random), timestamp: 1_000n },
        block: { coinbase: pick(wide, random), timestamp: BigInt(random.between(998, 1_070)) },
        timing: { requestTimeoutSeconds: BigInt(random.between(0, 8)), slackSeconds: BigInt(random.between(0, 3)) },
      };
      const code = codeOf(() => blameOf(one));
      codes.add(code);
      if (code === "nothing") expect(await onChain([one])).to.deep.equal([blameOf(one)]);
      else await expectRefusal(harness.blame([forChain(one)]), code);
    }
    expect([...codes].sort()).to.deep.equal([
      "AccountantSetsNotAscending",
      "MissedTurnsForeignCoinbase",
      "MissedTurnsWrongTime",
      "nothing",
    ]);
  });

  it("wait exactly as long as the passed turns explain, and a second more blames nobody", () => {
    const { set } = accountantsOf(7);
    const parent = { coinbase: set[6] ?? "", timestamp: 1_000n };
    for (const [count, seconds] of [
      [1, 2n + 4n + 1n],
      [2, 2n + 12n + 1n],
    ] as const) {
      const block = { coinbase: set[count] ?? "", timestamp: 1_000n + seconds };
      expect(blame(set, parent, block, TIMING)).to.deep.equal(set.slice(0, count));
      expect(blame(set, parent, { ...block, timestamp: block.timestamp + 1n }, TIMING)).to.deep.equal([]);
    }
    const third = { coinbase: set[3] ?? "", timestamp: 1_002n };
    expect(passedOver(set, parent.coinbase, third.coinbase)).to.deep.equal({ first: 0, count: 3 });
    expect(blame(set, parent, third, TIMING)).to.deep.equal([]);
  });

  it("need two thirds rounded up, and bear a third less one", async () => {
    const known = { 1: [1, 0], 3: [2, 0], 4: [3, 1], 5: [4, 1], 6: [4, 1], 7: [5, 2], 21: [14, 6], 101: [68, 33] };
    for (const [n, bounds] of Object.entries(known)) {
      expect([quorumOf(Number(n)), faultsOf(Number(n))]).to.deep.equal(bounds);
      expect((await harness.boundsOf(n)).map(Number)).to.deep.equal(bounds);
    }
    for (let n = 1; n <= 101; n += 1) {
      // two quorums share an honest one, and the honest alone are a quorum
      expect(2 * quorumOf(n) - n).to.be.above(faultsOf(n));
      expect(n - faultsOf(n)).to.be.at.least(quorumOf(n));
      expect((await harness.boundsOf(n)).map(Number)).to.deep.equal([quorumOf(n), faultsOf(n)]);
    }
  });

  describe("who seal twice", () => {
    const people = accountants(4, `${SEED}/double`);
    const [culprit = "", honest = ""] = people.set;
    const block = (salt: string, round = 1n): QbftHeader =>
      childOf(start, { coinbase: culprit, round, gapSeconds: 6n, salt });
    const one = sealed(block("one"), [honest, culprit], people);
    const two = sealed(block("two"), [culprit], people);

    it("are named by two seals of one parent, number and round", async () => {
      const evidence = [withSealOf(one, culprit), two] as const;
      expect(doubleSealer(...evidence)).to.deep.equal({ signer: culprit, number: 1n });
      const [signer, number] = await harness.doubleSealer(encodeHeader(evidence[0]), encodeHeader(evidence[1]));
      expect([signer, number]).to.deep.equal([culprit, 1n]);
    });

    const byHonest = sealed(block("two"), [honest], people);
    const refused: Readonly<Record<string, readonly [QbftHeader, QbftHeader, string]>> = {
      "one header shown twice": [two, two, "QbftSealsSameDigest"],
      "two nodes' selections of one block's seals": [
        withSealOf(one, culprit),
        withSealOf(one, honest),
        "QbftSealsSameDigest",
      ],
      "seals of two accountants": [withSealOf(one, culprit), byHonest, "QbftSealsDifferentSigners"],
      "a later round": [two, sealed(block("one", 2n), [culprit], people), "QbftSealsDifferentTurns"],
      "another height": [two, sealed({ ...block("one"), number: 2n }, [culprit], people), "QbftSealsDifferentTurns"],
      "another parent": [
        two,
        sealed({ ...block("one"), parentHash: two.stateRoot }, [culprit], people),
        "QbftSealsDifferentTurns",
      ],
      "more seals than the accused's": [one, two, "QbftSealsNotOneSeal"],
      "no seal": [two, block("one"), "QbftSealsNotOneSeal"],
      "a seal nobody made": [two, { ...block("one"), seals: [`0x${"00".repeat(65)}`] }, "QbftSealsUnrecoverable"],
    };
    for (const [what, [first, second, code]] of Object.entries(refused)) {
      it(`are not proven by ${what}`, async () => {
        expect(codeOf(() => doubleSealer(first, second))).to.equal(code);
        await expectRefusal(harness.doubleSealer(encodeHeader(first), encodeHeader(second)), code);
      });
    }
  });

  async function onChain(cases: readonly Case[]): Promise<string[][]> {
    const blamed = await harness.blame(cases.map(forChain));
    return blamed.map((list) => [...list]);
  }

  async function expectRefusal(call: Promise<unknown>, code: string): Promise<void> {
    let refusal: unknown;
    try {
      await call;
    } catch (error) {
      refusal = error;
    }
    expect(harness.interface.parseError(revertDataOf(refusal) ?? "0x")?.name).to.equal(code);
  }
});

const cached = new Map<number, Accountants>();

function accountantsOf(n: number): Accountants {
  const known = cached.get(n) ?? accountants(n, `${SEED}/${n}`);
  cached.set(n, known);
  return known;
}

function blameOf({ set, parent, block, timing }: Case): string[] {
  return blame(set, parent, block, timing);
}

function forChain({ set, parent, block, timing }: Case) {
  return {
    set: [...set],
    parent,
    current: block,
    timing: { requestTimeout: timing.requestTimeoutSeconds, slack: timing.slackSeconds },
  };
}

function pick(items: readonly string[], random: Random): string {
  return items[random.between(0, items.length - 1)] ?? "";
}

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (isCommonwattError(error)) return error.code;
    throw error;
  }
  return "nothing";
}

/** What f colluding accountants can do to an honest one: measured where it is jail, shown impossible where it is a deposit. */
import { expect } from "chai";
import { keccak256 } from "ethers";

import { doubleSealer, faultsOf, sealDigest, withSealOf, type QbftHeader } from "../../light/index.js";
import { Random } from "../../scripts/inputs/random.js";
import { isCommonwattError } from "../../sdk/errors.js";
import { playCollusion, type Outcome, type Scenario } from "../utils/collusion.js";
import { accountants, childOf, readRecording, sealed } from "../utils/qbft.js";

const isLong = process.env["COMMONWATT_LONG"] === "1";
const SEED = 44;
const DAY_BLOCKS = 43_200;
const RUNS = isLong ? 3 : 2;
const BLOCKS = isLong ? DAY_BLOCKS : 4_000;
/** An update and restart: 16 s until a node proposes again (facts of the recorded chain). */
const AWAY_BLOCKS = 8;

function scenario(n: number, leaves: number, attack: boolean): Scenario {
  const { set } = accountants(n, `${SEED}/${n}`);
  const colluding = new Set(new Random(`${SEED}/who/${n}`).shuffled(set).slice(0, faultsOf(n)));
  return { set, colluding, blocks: BLOCKS, leaves, awayBlocks: AWAY_BLOCKS, attack };
}

function play(n: number, leaves: number, attack: boolean): Outcome[] {
  return Array.from({ length: RUNS }, (_, run) =>
    playCollusion(scenario(n, leaves, attack), new Random(`${SEED}/${n}/${run}`)),
  );
}

const sum = (outcomes: readonly Outcome[], key: keyof Outcome): number =>
  outcomes.reduce((total, outcome) => total + outcome[key], 0);

describe("f colluding accountants", () => {
  // n = 3f + 1: the honest are a quorum by themselves, as long as all are there
  for (const n of [4, 7, 21]) {
    it(`of ${n} frame nobody while all honest ones are there`, () => {
      for (const outcome of play(n, 0, true)) expect(outcome).to.include({ framed: 0, honestJails: 0 });
    });

    it(`of ${n} frame honest ones while another is away, and never jail more than f at once`, function () {
      this.timeout(600_000);
      const once = 1 / (DAY_BLOCKS / 24); // each is away once an hour on average
      const attacked = play(n, once, true);
      const quiet = play(n, once, false);
      expect(sum(quiet, "framed"), "nobody is framed without an attack").to.equal(0);
      expect(sum(attacked, "framed")).to.be.above(0);
      expect(sum(attacked, "framedJails")).to.be.above(0);
      for (const { mostJailed } of attacked) expect(mostJailed).to.be.at.most(faultsOf(n));
      if (process.env["COMMONWATT_FIGURES"] === "1") printFigures(n);
    });
  }

  it("get no deposit: no two seals that an honest one makes are a double seal", () => {
    const people = accountants(4, `${SEED}/4`);
    const [honest = ""] = people.set;
    const genesis = readRecording().at(0);
    const random = new Random(`${SEED}/seals`);
    // what it seals in a life without a restart: in each round at most one block, in each height any rounds
    const seals: QbftHeader[] = [];
    let parent = { ...genesis.header, hash: genesis.block.hash };
    for (let height = 0; height < 6; height += 1) {
      const rounds = random.between(1, 4);
      for (let round = 0; round < rounds; round += 1) {
        const coinbase = people.set[random.between(0, 3)] ?? "";
        const block = childOf(parent, { coinbase, round: BigInt(round), gapSeconds: 6n, salt: `${height}/${round}` });
        seals.push(withSealOf(sealed(block, [honest], people), honest));
      }
      const last = seals.at(-1);
      if (last === undefined) throw new Error("no seal was made");
      parent = { ...last, hash: keccak256(sealDigest({ ...last, seals: [] })) };
    }
    let tried = 0;
    for (const first of seals) {
      for (const second of seals) {
        for (const evidence of forgeriesOf(first, second)) {
          expect(() => doubleSealer(...evidence)).to.satisfy(isRefused);
          tried += 1;
        }
      }
    }
    expect(tried).to.be.above(300);

    /** As they are, and with the colluding's changes to the second: its round, its height, its parent, its seal's twin. */
    function forgeriesOf(first: QbftHeader, second: QbftHeader): (readonly [QbftHeader, QbftHeader])[] {
      const moved = { ...second, round: first.round, number: first.number, parentHash: first.parentHash };
      return [
        [first, second],
        [first, moved],
        [first, { ...moved, coinbase: first.coinbase }],
      ];
    }

    function isRefused(call: () => unknown): boolean {
      try {
        // a seal moved to another header is somebody's, but of no key that anybody has
        return (call() as { signer: string }).signer !== honest;
      } catch (error) {
        return isCommonwattError(error);
      }
    }
  });
});

/** For docs/threat-model.md. */
function printFigures(n: number): void {
  for (const perDay of [1, 24]) {
    for (const attack of [false, true]) {
      const outcomes = play(n, perDay / DAY_BLOCKS, attack);
      const firsts = outcomes.map(({ firstJailBlock }) => firstJailBlock).filter((block) => block > 0);
      const median = firsts.toSorted((a, b) => a - b)[firsts.length >> 1];
      console.log(
        `n ${n}, away ${perDay} a day, ${attack ? "attack" : "quiet"}: ${sum(outcomes, "framed") / RUNS} framed turns, ` +
          `${sum(outcomes, "framedJails") / RUNS} framed jails, ${sum(outcomes, "honestJails") / RUNS} honest jails ` +
          `in ${BLOCKS} blocks; first at block ${median ?? "never"} in ${firsts.length} of ${RUNS} runs, ` +
          `most ${Math.max(...outcomes.map(({ mostJailed }) => mostJailed))} of f = ${faultsOf(n)} at once`,
      );
    }
  }
}

import { setTimeout as pause } from "node:timers/promises";

import { expect } from "chai";

import { checkFork, SealedHeader, type ChainRules, type TrustedHeader } from "../../light/index.js";
import type { RpcObject } from "../../light/rpc-fields.js";
import { LightChain, NodeKeys, rotatingSets } from "../../scripts/bench/light-chain.js";
import { Random } from "../../scripts/inputs/random.js";
import { fastestRecover } from "../../scripts/light-node/fastest-recover.js";
import type { Ask } from "../../scripts/light-node/rpc-peer.js";
import { superviseOnce } from "../../scripts/light-node/supervise.js";
import type { SyncOptions } from "../../scripts/light-node/sync.js";
import { simulatedRules, simulatedStart } from "../utils/light-peer.js";
import { chainAsk, lyingAsk } from "../utils/light-rpc.js";
import { openStage, type Stage } from "../utils/light-stage.js";

import "../../scripts/fast-keccak.js";

const SEED = 20_260;
const HEAD = 65;
const FORK = 30;

describe("light node whose peers differ", () => {
  let chain: LightChain;
  let rules: ChainRules;
  let start: TrustedHeader;
  const stages: Stage[] = [];

  before(async () => {
    const keys = new NodeKeys(12, "light node");
    const written = rotatingSets(keys, { size: 4, changes: 3, everyBlocks: 20, seed: SEED });
    chain = await LightChain.make({ chainId: 9, written, keys, head: HEAD, startsAt: 1_900_000_000, seed: SEED });
    rules = simulatedRules(chain, (await fastestRecover()).recover);
    start = await simulatedStart(chain, rules);
  });

  after(() => stages.forEach(({ store }) => store.close()));

  const stageOf = (asks: Readonly<Record<string, Ask>>, options: Partial<SyncOptions> = {}): Stage => {
    const stage = openStage(asks, { chain, rules, start }, options);
    stages.push(stage);
    return stage;
  };

  /** A node on the other side of the fork, which a quorum went on with. */
  function forkedAsk(head: () => number): Ask {
    const blocks = new Map<number, RpcObject>();
    let parent = chain.header(FORK - 1).hash;
    for (let number = FORK; number <= HEAD; number += 1) {
      const fields = { ...chain.block(number), parentHash: parent, gasLimit: "0x1234567" };
      const sealed = chain.seal(fields, chain.setFor(number).slice(1));
      blocks.set(number, sealed);
      parent = SealedHeader.fromRpc(sealed).hash;
    }
    return lyingAsk(chainAsk(chain, head), (method, truth, [first]) =>
      method === "eth_getBlockByNumber" && truth !== null ? (blocks.get(Number(first)) ?? truth) : truth,
    );
  }

  for (const [what, lead] of [
    ["at the same head", 0],
    ["a block ahead", 1],
    ["a block behind", -1],
    ["far ahead", 12],
    ["far behind", -12],
  ] as const) {
    it(`goes on with the side that it knew, and blames nobody, with the other side ${what}`, async () => {
      let head = FORK - 1;
      const other = forkedAsk(() => (head < FORK ? head : Math.max(FORK, Math.min(head + lead, HEAD))));
      const stage = stageOf({ own: chainAsk(chain, () => head), other });
      await stage.follower.round();
      const random = new Random(SEED);
      for (head = FORK + 1; head <= HEAD - 12; head += 3) {
        await stage.follower.round();
        await superviseOnce({ ...stage, random }, 5);
      }
      expect(stage.lies).to.deep.equal([]);
      const { trusted } = stage.store;
      const known = trusted?.header.number ?? 0n;
      expect(known).to.equal(BigInt(head - 3 + (isOther() ? lead : 0)));
      // whichever it went on with at first: all of it is of one side
      for (let number = BigInt(FORK); number <= known; number += 1n) {
        expect(stage.store.header(number)?.hash === chain.header(Number(number)).hash).to.equal(!isOther());
      }
      // once, and not for each block that follows
      expect(stage.forks).to.have.length(1);
      for (const fork of stage.forks) checkFork(rules, fork);

      function isOther(): boolean {
        return stage.store.header(BigInt(FORK))?.hash !== chain.header(FORK).hash;
      }
    });
  }

  it("takes a peer back that has left the other side", async () => {
    let head = FORK + 5;
    let isForked = false;
    const [own, forked] = [chainAsk(chain, () => head), forkedAsk(() => head)];
    const stage = stageOf({ own, torn: (...asked) => (isForked ? forked : own)(...asked) });
    await stage.follower.round();
    [isForked, head] = [true, HEAD];
    await stage.follower.round();
    expect(stage.peers.trusted.map(({ name }) => name)).to.deep.equal(["own"]);
    expect(stage.peers.records[1]?.lastProblem).to.contain("other side of a fork");
    isForked = false;
    await stage.follower.round();
    expect(stage.peers.trusted).to.have.length(2);
    expect(stage.lies).to.deep.equal([]);
  });

  it("is led to the other side by nobody, however far ahead that is", async () => {
    let isForked = false;
    const own = chainAsk(chain, () => FORK + 5);
    const forked = forkedAsk(() => HEAD);
    const stage = stageOf({ own, torn: (...asked) => (isForked ? forked : own)(...asked) });
    await stage.follower.round();
    isForked = true;
    for (let round = 0; round < 2; round += 1) {
      await stage.follower.round();
      expect(stage.store.trusted?.header.hash).to.equal(chain.header(FORK + 5).hash);
    }
    expect(stage.forks.map(({ number }) => number)).to.deep.equal([FORK + 5]);
    expect(stage.lies).to.deep.equal([]);
  });

  it("gives the next peer its turn where one is slow at every step", async () => {
    const honest = chainAsk(chain);
    const slow: Ask = async (method, params) => {
      if (method !== "eth_blockNumber") await pause(30);
      return honest(method, params);
    };
    const stage = stageOf({ slow, honest }, { peerMilliseconds: 50 });
    expect((await stage.follower.round()).head).to.equal(BigInt(HEAD));
    const [record] = stage.peers.records;
    expect(record).to.include({ isOut: false, lies: 0 });
    expect(record?.lastProblem).to.contain("not at its head within 50 ms");
  });

  it("supervises the headers that are kept, however few of the chain's", async () => {
    const stage = stageOf({ honest: chainAsk(chain) }, { keep: 5n });
    await stage.follower.round();
    expect([stage.store.wholeFrom, stage.store.counts.headers]).to.deep.equal([BigInt(HEAD - 4), 5]);
    expect(await superviseOnce({ ...stage, random: new Random(SEED) }, 8)).to.equal(8);
  });
});

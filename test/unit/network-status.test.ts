/** What `network status` reads of a chain, from nodes that answer as Besu does. */
import { expect } from "chai";

import { getAddress } from "ethers";

import { predeployedAddress } from "../../deploy/predeployed.js";
import type { QbftHeader } from "../../light/index.js";
import { failedRounds } from "../../scripts/network/engine/failed-rounds.js";
import { headOf } from "../../scripts/network/engine/head.js";
import { NodeRefused, NodeRpc } from "../../scripts/network/engine/node-rpc.js";
import { courtOf, standingOf } from "../../scripts/network/engine/standing.js";
import { statusText } from "../../scripts/network/engine/status-text.js";
import { CandidateFlag } from "../../sdk/election/words.js";
import { AccountantElection__factory } from "../../typechain-types/index.js";

const URL = "http://127.0.0.1:1";
/** Besu's `--rpc-max-logs-range`, as it is unless somebody says otherwise. */
const MOST_BLOCKS = 5_000;

class FakeRpc extends NodeRpc {
  readonly asked: string[] = [];

  constructor(private readonly answer: (method: string, params: readonly unknown[]) => unknown) {
    super(URL, () => Promise.resolve(""), undefined);
  }

  override call<Result>(method: string, ...params: unknown[]): Promise<Result> {
    this.asked.push(method);
    return Promise.resolve().then(() => this.answer(method, params) as Result);
  }
}

describe("the status of a chain", () => {
  const [votes, court, revenue] = ["11", "22", "33"].map((byte) => `0x${byte.repeat(20)}`);
  const topics = AccountantElection__factory.createInterface().encodeFilterTopics("PartsBound", [
    votes,
    court,
    revenue,
  ]);

  /** A node whose election was bound to its court in that block. */
  function bound(block: number | undefined): FakeRpc {
    return new FakeRpc((method, [filter]) => {
      const { address, fromBlock, toBlock } = filter as Record<"address" | "fromBlock" | "toBlock", string>;
      const [from, to] = [Number(fromBlock), Number(toBlock)];
      if (method !== "eth_getLogs" || address !== predeployedAddress("AccountantElection")) throw new Error(method);
      if (!(to - from < MOST_BLOCKS)) throw new NodeRefused(URL, method, "Requested range exceeds maximum range limit");
      return block !== undefined && from <= block && block <= to ? [{ topics, data: "0x" }] : [];
    });
  }

  it("has misses from the court, on chains longer than a node looks for logs at once", async () => {
    const early = bound(300);
    expect(await courtOf(early, 1_000_000)).to.equal(court);
    expect(early.asked).to.have.lengthOf(1);
    expect(await courtOf(bound(12_345), 12_345)).to.equal(court);
    expect(await courtOf(bound(undefined), 12_345)).to.equal(undefined);
  });

  it("tells who may be elected: a candidate that has not resigned", async () => {
    const election = AccountantElection__factory.createInterface();
    const standing = (candidate: bigint, flags: bigint): ReturnType<typeof standingOf> => {
      const rpc = new FakeRpc((_, [call]) => {
        const { name } = election.parseTransaction(call as { data: string }) ?? {};
        if (name === "candidateOfNode") return election.encodeFunctionResult(name, [candidate]);
        if (name === "wordOf") return election.encodeFunctionResult(name, [CandidateFlag.Exists | flags]);
        throw new Error(`no answer to ${String(name)} is here`);
      });
      return standingOf(rpc, `0x${"44".repeat(20)}`, undefined);
    };
    expect(await standing(0n, 0n)).to.deep.equal({});
    expect(await standing(3n, 0n)).to.deep.equal({ misses: 0, isCandidate: true, isJailed: false });
    expect(await standing(3n, CandidateFlag.Jailed)).to.deep.equal({ misses: 0, isCandidate: true, isJailed: true });
    expect(await standing(3n, CandidateFlag.Resigned)).to.include({ isCandidate: false });
  });

  it("counts each round that failed as the node's whose turn it was, by the set that was in force then", async () => {
    const [a = "", b = "", c = "", d = ""] = ["0a", "0b", "0c", "0d"].map((byte) => getAddress(`0x${byte.repeat(20)}`));
    const sets: Record<string, string[]> = { "0x1": [d, c, b, a], "0x3": [a, b] };
    const rpc = new FakeRpc((method, [block]) => {
      if (method !== "qbft_getValidatorsByBlockNumber") throw new Error(method);
      return sets[String(block)];
    });
    const blocks = [
      { number: 1n, coinbase: c, round: 9n }, // whose turns those were its parent would say
      { number: 2n, coinbase: b, round: 2n }, // after d and a
      { number: 3n, coinbase: c, round: 0n },
      { number: 4n, coinbase: a, round: 3n }, // after a, b and a
    ] as QbftHeader[];
    expect([...(await failedRounds(rpc, blocks))]).to.have.deep.members([
      [d, 1],
      [a, 3],
      [b, 1],
    ]);
    expect(rpc.asked).to.have.lengthOf(2);
  });

  it("warns of a last block from this machine's future, and of nothing on a chain that is well", () => {
    const words = (silence: number): string => {
      const sets = { setInContract: [], setInForce: [], strangers: [], forked: [], nodes: [] };
      const lists = { nodes: [], unannounced: [], problem: "none" };
      return statusText({ chain: "user", head: 7, silence, recentBlocks: 7, roundChanges: 0, ...sets, lists });
    };
    expect(words(-1)).not.to.include("WARNING");
    expect(words(-9)).to.include("WARNING: this machine's clock is 9 s behind that of the last block's maker");
  });

  it("asks again where a node has no latest block for a moment, and not for ever", async () => {
    const blocks = [null, { number: "0x7", hash: "0xab", timestamp: "0x9" }];
    expect(await headOf(new FakeRpc(() => blocks.shift()))).to.deep.equal({ number: 7, hash: "0xab", time: 9 });
    const error: unknown = await headOf(new FakeRpc(() => null)).catch((problem: unknown) => problem);
    expect(error)
      .to.be.instanceOf(NodeRefused)
      .and.to.have.property("message")
      .that.matches(/has no latest block/);
  });
});

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { Contract } from "ethers";

import { blame, decodeHeader, encodeBareHeader, encodeHeader, signersOf } from "../../light/index.js";
import { judgementLines } from "../../scripts/accountants/accountant.js";
import { CertificateStore } from "../../scripts/accountants/certificates.js";
import { Watcher, type WatcherEvent } from "../../scripts/accountants/watcher.js";
import { sentenceOf } from "../../scripts/accountants/watch.js";
import { doubleSealEvidence, judgementIn, missedTurnReport, readHeader, reportOn } from "../../sdk/actions/turns.js";
import type { AnyChain } from "../../sdk/connect.js";
import { CONTRACT_INTERFACES } from "../../sdk/contracts.js";
import { CandidateFlag } from "../../sdk/election/words.js";
import { CommonwattError, isCommonwattError } from "../../sdk/errors.js";
import { accountants, readRecording, RECORDED_TIMING, sealed } from "../utils/qbft.js";

const { blocks, at } = readRecording();
const FIRST = 60;
const LAST = 111;
/** Blocks that came because a turn passed, 75 for the network's start. */
const PASSED = [75, 86, 89, 92, 95, 98, 101].map(BigInt);

interface Fixture {
  readonly numbers: readonly number[];
  readonly headers: readonly string[];
  readonly sets: readonly (readonly string[])[];
}

const address = `0x${"e1".repeat(20)}`;

/** What the recorded chain's endpoint and contracts would answer, and what was reported to its court. */
class RecordedChain {
  readonly judged = new Set<bigint>();
  readonly reports: { parentHeader: string; header: string }[] = [];
  readonly jailed = new Set<string>();
  latest = LAST;
  /** What the next report fails with, once. */
  failure: Error | undefined;
  /** What a search for events finds, whatever its range. */
  logs: () => Promise<unknown[]> = () => Promise.resolve([]);

  /** As much of a connected chain as reports take. */
  get chain(): AnyChain {
    const provider = {
      getBlockNumber: () => Promise.resolve(this.latest),
      getLogs: () => this.logs(),
      send: (_: string, [tag]: [string]) => Promise.resolve(this.block(Number(tag))),
    };
    const nodeOf = (node: string): bigint => BigInt(nodes.indexOf(node) + 1);
    const nodes = [...new Set(blocks.flatMap(({ set }) => set))];
    const contracts = {
      accountantElection: {
        validatorsFor: (number: bigint) => Promise.resolve(this.setFor(Number(number))),
        candidateOfNode: (node: string) => Promise.resolve(nodeOf(node)),
        wordOf: (candidate: bigint) =>
          Promise.resolve(
            CandidateFlag.Seated |
              (this.jailed.has(nodes[Number(candidate) - 1] ?? "") ? CandidateFlag.Jailed : CandidateFlag.Exists),
          ),
        epoch: () => Promise.resolve(0n),
        lastElection: () => Promise.resolve(0n),
      },
      turnCourt: {
        isJudged: (number: bigint) => Promise.resolve(this.judged.has(number)),
        reportMissed: (parentHeader: string, header: string) => this.report(parentHeader, header),
      },
    };
    const deployment = { chainId: 20_260, deploymentBlock: FIRST + 1, contracts: { AccountantElection: { address } } };
    return { kind: "user", network: "recorded", deployment, provider, signer: {}, contracts, defaults: {} } as never;
  }

  setFor(number: number): readonly string[] {
    return at(number).set;
  }

  block(number: number): unknown {
    return number < FIRST || number > LAST ? null : at(number).block;
  }

  report(parentHeader: string, header: string): Promise<unknown> {
    const { number } = decodeHeader(header);
    if (this.failure !== undefined) {
      const { failure } = this;
      this.failure = undefined;
      return Promise.reject(failure);
    }
    if (this.judged.has(number)) {
      return Promise.reject(new CommonwattError("TurnCourtHeightJudged", { blockNumber: number }));
    }
    this.judged.add(number);
    this.reports.push({ parentHeader, header });
    return Promise.resolve({ hash: "0x", wait: () => Promise.resolve({ logs: [] }) });
  }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "";
  } catch (error) {
    if (isCommonwattError(error)) return error.code;
    throw error;
  }
}

describe("turn reports", () => {
  it("of the recorded chain are the headers that the court is tested with", async () => {
    const fixture = JSON.parse(await readFile("test/fixtures/turn-reports.json", "utf8")) as Fixture;
    const recorded = blocks.filter(({ number }) => number >= FIRST);
    expect(fixture.numbers).to.deep.equal(recorded.map(({ number }) => number));
    expect(fixture.sets).to.deep.equal(recorded.map(({ set }) => set));
    expect(fixture.headers).to.deep.equal(recorded.map(({ header }) => encodeBareHeader(header)));
    const { chain } = new RecordedChain();
    for (let number = FIRST + 1; number <= LAST; number += 1) {
      expect(await missedTurnReport(chain, BigInt(number))).to.deep.equal({
        parentHeader: fixture.headers[number - 1 - FIRST],
        header: fixture.headers[number - FIRST],
      });
    }
  });

  it("are refused early where the court would refuse them", async () => {
    const recorded = new RecordedChain();
    const { chain } = recorded;
    recorded.judged.add(86n);
    expect(await codeOf(missedTurnReport(chain, 86n))).to.equal("TurnCourtHeightJudged");
    expect(await codeOf(missedTurnReport(chain, 0n))).to.equal("TurnCourtBlockOutOfReach");
    expect(await codeOf(missedTurnReport(chain, BigInt(LAST + 1)))).to.equal("TurnCourtBlockOutOfReach");
    recorded.latest = 86 + 255;
    recorded.judged.clear();
    expect(await codeOf(missedTurnReport(chain, 86n)), "mined in the last block that can").to.equal("");
    recorded.latest = 86 + 256;
    expect(await codeOf(missedTurnReport(chain, 86n))).to.equal("TurnCourtBlockOutOfReach");
  });

  it("come back as what the court made of them", () => {
    const { chain } = new RecordedChain();
    const abi = CONTRACT_INTERFACES.TurnCourt;
    const log = (name: string, values: unknown[]): object => ({ address, ...abi.encodeEventLog(name, values) });
    const receipt = {
      hash: "0x",
      logs: [
        log("TurnsJudged", [89n, 2n, true]),
        log("TurnMissed", [3n, 89n, 2n, false]),
        log("Jailed", [3n, 1_000n]),
        log("TurnMissed", [4n, 89n, 0n, true]),
      ],
    };
    const judging = {
      ...chain,
      contracts: { turnCourt: new Contract(address, abi) },
      deployment: { contracts: { TurnCourt: { address } } },
    };
    const judgement = judgementIn(judging as never, receipt as never);
    expect(judgement).to.deep.equal({
      block: 89n,
      skipped: 2n,
      isBlamed: true,
      missed: [
        { candidate: 3n, score: 2n, excused: false },
        { candidate: 4n, score: 0n, excused: true },
      ],
      jailed: [3n],
    });
    expect(judgementLines(judgement)).to.deep.equal([
      "Block 89: candidate 3 missed its turn; its score is 2.",
      "Block 89: candidate 4 missed its turn, and had announced it.",
      "Candidate 3 is in jail.",
    ]);
    const none = { ...judgement, missed: [], jailed: [] };
    expect(judgementLines({ ...none, skipped: 0n })[0]).to.contain("nobody missed a turn");
    expect(judgementLines({ ...none, isBlamed: false })[0]).to.contain("the network was slow");
    expect(judgementLines(none)[0]).to.contain("no seat any more");
  });

  it("are not made of headers that an endpoint has bent", async () => {
    const bent = new RecordedChain();
    bent.block = (number) => ({ ...at(number).block, ...(number === 86 ? { timestamp: "0x1" } : {}) });
    expect(await codeOf(missedTurnReport(bent.chain, 86n))).to.equal("TurnCourtForeignHeader");
    const foreign = new RecordedChain();
    foreign.block = (number) => at(number === 85 ? 84 : number).block;
    expect(await codeOf(missedTurnReport(foreign.chain, 86n))).to.equal("TurnCourtForeignHeader");
    const plain = new RecordedChain();
    plain.block = (number) => ({ ...at(number).block, extraData: "0x" });
    expect(await codeOf(readHeader(plain.chain.provider, 86n))).to.equal("HeaderNotQbft");
    const empty = new RecordedChain();
    empty.block = () => null;
    expect(await codeOf(readHeader(empty.chain.provider, 86n))).to.equal("BlockUnknown");
    expect(() => reportOn(at(84).header, at(86).header)).to.throw(CommonwattError, "TurnCourtForeignHeader");
  });
});

describe("double-seal evidence", () => {
  const four = accountants(4, "evidence");
  const [one = "", two = "", three = ""] = four.set;
  const header = { ...at(86).header, round: 0n, seals: [] };
  const other = { ...header, stateRoot: at(85).header.stateRoot };

  it("has the seal of whoever sealed both, and no other", () => {
    const evidence = doubleSealEvidence(sealed(header, [one, two], four), sealed(other, [three, two], four));
    expect(evidence.node).to.equal(two);
    for (const text of [evidence.first, evidence.second]) expect(signersOf(decodeHeader(text))).to.deep.equal([two]);
    expect(encodeHeader(sealed(header, [two], four))).to.equal(evidence.first);
  });

  it("is refused where nothing is proven", () => {
    const apart = (): unknown => doubleSealEvidence(sealed(header, [one], four), sealed(other, [two], four));
    expect(apart).to.throw(CommonwattError, "QbftSealsDifferentSigners");
    const same = (): unknown => doubleSealEvidence(sealed(header, [one], four), sealed(header, [one], four));
    expect(same).to.throw(CommonwattError, "QbftSealsSameDigest");
    const later = (): unknown =>
      doubleSealEvidence(sealed(header, [one], four), sealed({ ...other, round: 1n }, [one], four));
    expect(later).to.throw(CommonwattError, "QbftSealsDifferentTurns");
  });
});

describe("the watcher on the recorded chain", () => {
  let folder: string;
  let events: WatcherEvent[];
  let recorded: RecordedChain;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-watcher-"));
    events = [];
    recorded = new RecordedChain();
  });

  afterEach(() => rm(folder, { recursive: true }));

  function watcher(): Watcher {
    const { chain } = recorded;
    const store = new CertificateStore(folder, chain.deployment.chainId);
    return new Watcher({ chain, store, onEvent: (event) => events.push(event) });
  }

  const reportedBlocks = (): bigint[] => recorded.reports.map(({ header }) => decodeHeader(header).number);

  it("reports every block before which turns passed, once, and leaves the judgement to the court", async () => {
    const one = watcher();
    await one.catchUp();
    await one.catchUp();
    expect(reportedBlocks()).to.deep.equal(PASSED);
    const blamed = PASSED.filter((number) => {
      const { header, set } = at(Number(number));
      return blame(set, at(Number(number) - 1).header, header, RECORDED_TIMING).length > 0;
    });
    expect(blamed, "what the court makes of them").to.deep.equal(PASSED.slice(1));
    expect(events.map(({ kind }) => kind)).to.deep.equal(PASSED.map(() => "missed"));
    await watcher().catchUp(); // another one, later: nothing is left to do
    expect(recorded.reports).to.have.length(PASSED.length);
  });

  it("goes on where another one stopped, and says what it can't report any more", async () => {
    recorded.latest = 88;
    await watcher().catchUp();
    expect(reportedBlocks()).to.deep.equal([75n, 86n]);
    recorded.latest = LAST;
    const block = recorded.block.bind(recorded);
    recorded.block = (number) => {
      expect(number, "nothing is read twice").to.be.at.least(87);
      return block(number);
    };
    await watcher().catchUp();
    expect(reportedBlocks()).to.deep.equal(PASSED);
    // so late that no recorded block is in reach; in those that are nobody misses a turn, for there is one alone
    recorded.latest = 500;
    recorded.block = () => at(87).block;
    recorded.setFor = () => [at(87).header.coinbase];
    events.length = 0;
    await watcher().catchUp();
    expect(events).to.deep.equal([{ kind: "out of reach", fromBlock: BigInt(LAST), toBlock: 245n }]);
    expect(events.map(sentenceOf)[0]).to.contain("Blocks 111 to 245").and.contain("can't be reported");
    expect(await new CertificateStore(folder, 20_260).nextBlock("turns")).to.equal(500);
  });

  it("finds everything left to report where a watcher without a key kept certificates before", async () => {
    const { chain } = recorded;
    const store = new CertificateStore(folder, chain.deployment.chainId);
    await new Watcher({ chain, store, readOnly: true }).catchUp();
    expect(await store.nextBlock("certificates")).to.equal(LAST);
    expect(await store.nextBlock("turns")).to.equal(undefined);
    await watcher().catchUp();
    expect(reportedBlocks()).to.deep.equal(PASSED);
  });

  it("does not report whoever has no seat to lose", async () => {
    // the killed is the one that missed its turn at the start, too
    const [killed = ""] = blame(at(86).set, at(85).header, at(86).header, RECORDED_TIMING);
    recorded.jailed.add(killed);
    await watcher().catchUp();
    expect(reportedBlocks()).to.deep.equal([]);
    expect(await new CertificateStore(folder, 20_260).nextBlock("turns")).to.equal(LAST);
  });

  it("takes another one's report for its own, and a failure on the way for one to try again", async () => {
    recorded.failure = new CommonwattError("TransactionFailed", { hash: "0x" });
    recorded.judged.add(75n); // the failure meets block 86
    const one = watcher();
    await one.catchUp();
    expect(events.filter(({ kind }) => kind === "failed")).to.have.length(1);
    expect(events.find(({ kind }) => kind === "failed")).to.include({ task: "the turns before block 86" });
    expect(reportedBlocks(), "the blocks that follow don't wait").to.deep.equal(PASSED.slice(2));
    await one.catchUp();
    expect(reportedBlocks()).to.have.members(PASSED.slice(1));
    expect(reportedBlocks()).to.have.length(PASSED.length - 1);
    expect(
      events.filter(({ kind }) => kind === "missed").map((event) => "byOther" in event && event.byOther),
    ).to.deep.equal(PASSED.map((number) => number === 75n));
  });

  describe("does not let one task wait for another", () => {
    const FORGOTTEN = 5;

    beforeEach(() => {
      const { topics, data } = CONTRACT_INTERFACES.AccountantElection.encodeEventLog("ValidatorSetChanged", [
        1n,
        0n,
        recorded.setFor(FIRST),
      ]);
      const found = { address, topics, data, blockNumber: FORGOTTEN, index: 0, transactionHash: "0x" };
      recorded.logs = () => Promise.resolve([found]);
    });

    it("when the endpoint does not know a set's block", async () => {
      const one = watcher();
      await one.catchUp();
      await one.catchUp();
      expect(reportedBlocks()).to.deep.equal(PASSED);
      const failed = events.filter(({ kind }) => kind === "failed");
      expect(failed).to.have.length(1);
      expect(failed[0]).to.include({ task: "the certificate of set 1" });
      const store = new CertificateStore(folder, 20_260);
      expect(await store.nextBlock("turns")).to.equal(LAST);
      expect(await store.nextBlock("certificates"), "to be tried again").to.equal(FORGOTTEN);
    });

    it("and gives a set up that is too old for the block to come yet", async () => {
      recorded.latest = 300;
      recorded.block = (number) => (number < FIRST ? null : at(87).block);
      recorded.setFor = () => [at(87).header.coinbase];
      await watcher().catchUp();
      const told = events.filter(({ kind }) => kind === "uncertified");
      expect(told).to.have.length(1);
      expect(told.map(sentenceOf)[0]).to.contain("Set 1 of block 5 can't be certified");
      expect(await new CertificateStore(folder, 20_260).nextBlock("certificates")).to.equal(300);
    });

    it("when the endpoint finds no events", async () => {
      recorded.logs = () => Promise.reject(new Error("pruned"));
      await watcher().catchUp();
      expect(reportedBlocks()).to.deep.equal(PASSED);
      expect(
        events.filter(({ kind }) => kind === "failed").map((event) => "task" in event && event.task),
      ).to.deep.equal(["certificates"]);
      expect(await new CertificateStore(folder, 20_260).nextBlock("certificates")).to.equal(undefined);
    });

    it("but stops at once where nobody answers, and goes on there", async () => {
      recorded.logs = () => Promise.resolve([]);
      recorded.failure = new CommonwattError("RpcUnreachable", { reason: "refused" });
      const one = watcher();
      await one.catchUp();
      expect(reportedBlocks()).to.deep.equal([]);
      expect(events.map((event) => "task" in event && event.task)).to.deep.equal(["missed turns"]);
      await one.catchUp();
      expect(reportedBlocks()).to.deep.equal(PASSED);
    });

    it("nor one block for another, and looks again at those that it had to pass by", async () => {
      recorded.logs = () => Promise.resolve([]);
      const block = recorded.block.bind(recorded);
      recorded.block = (number) => (number === 86 ? null : block(number));
      const one = watcher();
      await one.catchUp();
      expect(reportedBlocks()).to.deep.equal(PASSED.filter((number) => number !== 86n));
      expect(await new CertificateStore(folder, 20_260).nextBlock("turns"), "for another watcher").to.equal(86);
      recorded.block = block;
      await one.catchUp();
      expect(reportedBlocks().at(-1)).to.equal(86n);
      recorded.latest = 500;
      recorded.block = (number) => (number === 400 ? null : at(87).block);
      recorded.setFor = () => [at(87).header.coinbase];
      await one.catchUp();
      recorded.latest = 700;
      events.length = 0;
      await one.catchUp();
      const late = events.filter((event) => event.kind === "out of reach").map(({ fromBlock }) => fromBlock);
      expect(late.slice(0, 2)).to.deep.equal([400n, 401n]);
    });
  });
});

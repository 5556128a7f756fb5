import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { getBytes, hexlify, id, toBeHex } from "ethers";

import {
  checkFork,
  encodeExtraData,
  quorumOf,
  SealedHeader,
  type ChainRules,
  type ForkEvidence,
  type TrustedHeader,
} from "../../light/index.js";
import type { RpcObject } from "../../light/rpc-fields.js";
import { LightChain, NodeKeys, rotatingSets } from "../../scripts/bench/light-chain.js";
import { SIMULATED_ELECTION } from "../../scripts/bench/light-state.js";
import { getBalance, getBlock, getLogs, getTransaction, getWord } from "../../scripts/light-node/answers.js";
import { fastestRecover } from "../../scripts/light-node/fastest-recover.js";
import { Peers } from "../../scripts/light-node/peers.js";
import { httpAsk, PeerFailure, RpcPeer, type Ask } from "../../scripts/light-node/rpc-peer.js";
import type { LightStore } from "../../scripts/light-node/store.js";
import { superviseOnce } from "../../scripts/light-node/supervise.js";
import { Follower, type SyncOptions } from "../../scripts/light-node/sync.js";
import { Random } from "../../scripts/inputs/random.js";
import { simulatedRules, simulatedStart } from "../utils/light-peer.js";
import { chainAsk, lyingAsk, type RpcLie } from "../utils/light-rpc.js";
import { openStage, type Stage } from "../utils/light-stage.js";

import "../../scripts/fast-keccak.js";

const SEED = 20_260;
const STARTS_AT = 1_900_000_000;
const HEAD = 65;
const CHANGED = [20, 40, 60];
const SET_CHANGED = id("ValidatorSetChanged(uint64,uint8,address[])");

describe("light node", () => {
  const keys = new NodeKeys(12, "light node");
  let chain: LightChain;
  let rules: ChainRules;
  let start: TrustedHeader;
  const opened: LightStore[] = [];

  before(async () => {
    const written = rotatingSets(keys, { size: 4, changes: 3, everyBlocks: 20, seed: SEED });
    chain = await LightChain.make({ chainId: 9, written, keys, head: HEAD, startsAt: STARTS_AT, seed: SEED });
    rules = simulatedRules(chain, (await fastestRecover()).recover);
    start = await simulatedStart(chain, rules);
  });

  after(() => opened.forEach((store) => store.close()));

  const stageOf = (asks: Readonly<Record<string, Ask>>, options: Partial<SyncOptions> = {}, path?: string): Stage => {
    const stage = openStage(asks, { chain, rules, start }, options, path);
    opened.push(stage.store);
    return stage;
  };

  it("follows to the head and fills in all ancestors, once", async () => {
    let [questions, head] = [0, 50];
    const ask = chainAsk(chain, () => head);
    const counted: Ask = (method, params) => {
      questions += 1;
      return ask(method, params);
    };
    const { store, follower } = stageOf({ honest: counted });
    expect(await follower.round()).to.deep.equal({ head: 50n, isProven: true, filled: 49 - store.gaps.length });
    for (let number = 0; number <= 50; number += 1) {
      expect(store.header(BigInt(number))?.hash, `${number}`).to.equal(chain.header(number).hash);
    }
    head = HEAD;
    await follower.round();
    expect(store.counts.headers).to.equal(HEAD + 1);
    const before = questions;
    expect(await follower.round()).to.deep.equal({ head: BigInt(HEAD), isProven: true, filled: 0 });
    expect(questions - before).to.equal(2); // the head's number, and its header once more
    expect(store.counts.bytes / store.counts.headers).to.be.below(1_024);
  });

  it("keeps as many headers as it was told, and goes on from its file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "light-node-"));
    try {
      const path = join(folder, "light.db");
      let head = 30;
      const first = stageOf({ honest: chainAsk(chain, () => head) }, { keep: 10n }, path);
      await first.follower.round();
      expect(first.store.counts.headers).to.equal(10);
      first.store.close();
      opened.pop();
      head = HEAD;
      const again = stageOf({ honest: chainAsk(chain) }, { keep: 10n }, path);
      expect(again.store.trusted?.header.hash).to.equal(chain.header(30).hash);
      await again.follower.round();
      expect(again.store.counts.headers).to.equal(10);
      expect(again.store.header(BigInt(HEAD - 9))?.hash).to.equal(chain.header(HEAD - 9).hash);
      expect(again.store.header(BigInt(HEAD - 10))).to.equal(undefined);
      again.store.claim("chain 9");
      expect(() => again.store.claim("chain 10")).to.throw("it is of chain 9");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("goes on without proof when trust has lapsed and that is allowed, and says so", async () => {
    const late = { now: () => BigInt(STARTS_AT) + rules.trustingSeconds };
    const strict = stageOf({ honest: chainAsk(chain) }, late);
    let refusal: unknown;
    await strict.follower.round().catch((error: unknown) => (refusal = error));
    expect(String(refusal)).to.contain("LightTrustLapsed");
    const lax = stageOf({ honest: chainAsk(chain) }, { ...late, mayBeUnproved: true });
    expect((await lax.follower.round()).isProven).to.equal(false);
    expect((await getBlock(lax, 5n)).checkedAgainst.isProven).to.equal(false);
  });

  describe("with a peer that lies and an honest one", () => {
    const block =
      (change: (block: RpcObject, number: number) => RpcObject): RpcLie =>
      (method, truth) =>
        method === "eth_getBlockByNumber" && truth !== null
          ? change(truth as RpcObject, Number((truth as RpcObject)["number"]))
          : truth;
    const seals = (change: (seals: Uint8Array[]) => Uint8Array[]): RpcLie =>
      block((it) => {
        const { vanity, round, seals: given } = SealedHeader.fromRpc(it).extra;
        return { ...it, extraData: hexlify(encodeExtraData({ vanity, round, seals: change([...given]) })) };
      });
    const proof =
      (change: (words: RpcObject[], params: readonly unknown[]) => RpcObject[]): RpcLie =>
      (method, truth, params) => {
        if (method !== "eth_getProof") return truth;
        const answer = truth as { storageProof: RpcObject[] };
        return { ...answer, storageProof: change(answer.storageProof, params) };
      };
    const outsiders = new NodeKeys(4, "nobody");

    const lies: Readonly<Record<string, readonly [lie: () => RpcLie, reason: RegExp]>> = {
      "flips a field": [() => block((it) => ({ ...it, gasUsed: "0x1" })), /LightWrongParent|QbftSealsForeignSigner/],
      "says another time": [
        () => block((it, number) => ({ ...it, timestamp: toBeHex(STARTS_AT + number) })),
        /LightTooEarly/,
      ],
      "drops a seal": [() => seals((all) => all.slice(1)), /QbftSealsNoQuorum/],
      "doubles a seal": [() => seals(([one, two]) => [one, two, one] as Uint8Array[]), /QbftSealsRepeatedSigner/],
      "has seals of nobody": [
        () =>
          block((it, number) => (number === 0 ? it : chain.seal(it, outsiders.addresses.slice(0, 3), 0n, outsiders))),
        /LightWrongParent|QbftSealsForeignSigner/,
      ],
      "has seals of an older set": [
        () => block((it, number) => (number === HEAD ? chain.seal(it, chain.setFor(1).slice(0, quorumOf(4))) : it)),
        /QbftSealsForeignSigner/,
      ],
      "hides changes of the set": [
        () => (method, truth, params) =>
          method === "eth_getProof" ? chain.proof(5, (params[1] as string[]).map(BigInt)) : truth,
        /TrieProofFalse/,
      ],
      "hides that a block may have changed the set": [
        () => block((it) => ({ ...it, logsBloom: `0x${"00".repeat(256)}` })),
        /QbftSealsForeignSigner|LightSkipTooFar|LightWrongParent/,
      ],
      "proves falsely": [() => proof((words) => words.map((word) => ({ ...word, value: "0x7" }))), /StateProofFalse/],
      "leaves words out of a proof": [() => proof((words) => words.slice(1)), /LightSetUnreadable/],
      "gives headers of the other chain": [
        () => block((_, number) => other.block(number)),
        /TrieProofFalse/, // what the honest node proves is of another state
      ],
      "is a node of the other chain": [() => (_, truth) => truth, /LightForeignChain/],
      "cuts a header off": [
        () => block((it) => ({ ...it, extraData: (it["extraData"] as string).slice(0, -2) })),
        /HeaderFieldInvalid/,
      ],
      "gives another block": [
        () => (method, truth) => (method === "eth_getBlockByNumber" ? chain.block(7) : truth),
        /LightWrongBlock/,
      ],
    };
    let other: LightChain;

    before(async () => {
      other = await LightChain.make({ ...chain.options, chainId: 10 });
    });

    for (const [what, [makeLie, reason]] of Object.entries(lies)) {
      it(`gets on, and names the peer that ${what}`, async () => {
        // the block that changed the set is asked for where it is the head
        const head = what.includes("may have changed") ? 60 : HEAD;
        const honest = chainAsk(chain, () => head);
        const isOther = what.startsWith("is a node of");
        const liar = isOther ? chainAsk(other, () => head) : lyingAsk(honest, makeLie());
        const stage = stageOf({ liar, honest });
        const round = await stage.follower.round();
        expect(round.head).to.equal(BigInt(head));
        expect(stage.store.header(BigInt(head))?.hash).to.equal(chain.header(head).hash);
        for (let turn = 0; turn < 3 && stage.lies.length === 0; turn += 1) await stage.follower.round();
        expect(stage.lies.map(({ peer }) => peer)).to.deep.equal(["liar"]);
        expect(stage.lies[0]?.what).to.match(reason);
        const [liarRecord, honestRecord] = stage.peers.records;
        expect([liarRecord?.isOut, liarRecord?.lies]).to.deep.equal([true, 1]);
        expect([honestRecord?.isOut, honestRecord?.lies, honestRecord?.failures]).to.deep.equal([false, 0, 0]);
      });
    }

    it("takes no ancestor that its child does not name, and fills it in from another peer", async () => {
      const honest = chainAsk(chain);
      const forging = block((it, number) => (number === 5 ? { ...it, gasUsed: "0x1" } : it));
      let isLying = true;
      const liar: Ask = (method, params) => (isLying ? lyingAsk(honest, forging) : honest)(method, params);
      const stage = stageOf({ liar });
      const problem: unknown = await stage.follower.round().catch((error: unknown) => error);
      expect(String(problem)).to.contain("no peer gives headers").and.contain("LightWrongParent");
      expect(stage.store.header(BigInt(HEAD))?.hash).to.equal(chain.header(HEAD).hash);
      expect(stage.store.header(5n)).to.equal(undefined);
      expect(stage.lies.map(({ peer }) => peer)).to.deep.equal(["liar"]);
      isLying = false;
      const peers = new Peers([new RpcPeer("honest", liar)]);
      const now = (): bigint => BigInt(STARTS_AT + 2 * HEAD);
      await new Follower({ rules, store: stage.store, peers, now }).round();
      expect(stage.store.header(5n)?.hash).to.equal(chain.header(5).hash);
    });

    it("counts the peer whose head is old, and believes nothing of a head that it only claims", async () => {
      const honest = chainAsk(chain);
      const stage = stageOf({
        old: chainAsk(chain, () => 10),
        boaster: lyingAsk(honest, (method, truth) => (method === "eth_blockNumber" ? "0xffffff" : truth)),
        honest,
      });
      expect((await stage.follower.round()).head).to.equal(BigInt(HEAD));
      const [old, boaster] = stage.peers.records;
      expect([old?.stale, old?.isOut]).to.deep.equal([1, false]);
      expect(boaster?.failures).to.equal(1);
    });

    it("names who gives a block of the other chain at its own head, and sees no fork in it", async () => {
      const honest = chainAsk(chain);
      const asks = {
        honest,
        liar: lyingAsk(
          honest,
          block((it, number) => (number === HEAD ? other.block(HEAD) : it)),
        ),
      };
      const stage = stageOf(asks);
      await stage.follower.round();
      await stage.follower.round();
      expect([stage.forks, stage.lies.map(({ peer }) => peer)]).to.deep.equal([[], ["liar"]]);
    });

    it("keeps a fork that a quorum sealed, shows both blocks and blames no peer for it", async () => {
      const honest = chainAsk(chain);
      const set = chain.setFor(HEAD);
      const forged = chain.seal({ ...chain.block(HEAD), gasUsed: "0x9" }, set.slice(1));
      const liar = lyingAsk(
        honest,
        block((it, number) => (number === HEAD ? forged : it)),
      );
      const stage = stageOf({ honest, liar });
      await stage.follower.round();
      expect(stage.forks).to.have.length(1);
      expect(stage.store.forks).to.deep.equal(stage.forks);
      expect(checkFork(rules, stage.forks[0] as ForkEvidence).hashes).to.include(forged["hash"]);
      expect(SealedHeader.read(getBytes(stage.forks[0]?.set?.parent ?? "0x")).hash).to.equal(
        chain.header(HEAD - 1).hash,
      );
      await stage.follower.round();
      expect(stage.store.forks).to.have.length(1);
      expect(stage.forks).to.have.length(1); // told once
      // what shows it to others is taken over where it was not there at first
      const { set: _, ...bare } = stage.forks[0] as ForkEvidence;
      const { store } = stageOf({ honest });
      expect([store.addFork(bare), store.addFork(stage.forks[0] as ForkEvidence)]).to.deep.equal([true, false]);
      expect(store.forks).to.deep.equal(stage.forks);
    });
  });

  it("says which peers answer nothing where none leads to a head", async () => {
    const dead: Ask = () => Promise.reject(new PeerFailure("nobody is there"));
    let problem: unknown;
    await stageOf({ dead })
      .follower.round()
      .catch((error: unknown) => (problem = error));
    expect(String(problem)).to.contain("no peer leads to a head (dead:").and.contain("nobody is there");
  });

  describe("asked for data", () => {
    const change = CHANGED.at(-1) as number;

    async function following(asks: Readonly<Record<string, Ask>>): Promise<Stage> {
      const stage = stageOf(asks);
      await stage.follower.round();
      return stage;
    }

    it("gives blocks, transactions, balances and words, and says which header they were checked against", async () => {
      const stage = await following({ honest: chainAsk(chain) });
      const { value, checkedAgainst } = await getBlock(stage, BigInt(change));
      expect(checkedAgainst).to.deep.equal({ number: BigInt(change), hash: chain.header(change).hash, isProven: true });
      expect(value.transactions.map(({ hash }) => hash)).to.deep.equal([chain.transaction["hash"]]);
      expect(value.logs.map(({ topics }) => topics[0])).to.deep.equal([SET_CHANGED]);
      const found = await getTransaction(stage, chain.transaction["hash"] as string);
      expect([found.value.receipt.isSuccess, found.checkedAgainst.number]).to.deep.equal([true, BigInt(change)]);
      expect((await getBalance(stage, toBeHex(7, 20))).value).to.equal(7n);
      expect((await getBalance(stage, toBeHex(99, 20))).value).to.equal(0n);
      const word = await getWord(stage, { account: SIMULATED_ELECTION, slot: 0n });
      expect([word.value, word.checkedAgainst.number]).to.deep.equal([4n, BigInt(HEAD)]);
      expect((await getWord(stage, { account: SIMULATED_ELECTION, slot: 77n })).value).to.equal(0n);
    });

    it("gives all logs of a range, and reads no block whose bloom says no", async () => {
      let bodies = 0;
      const counted: Ask = (method, params) => {
        if (method === "eth_getBlockReceipts") bodies += 1;
        return chainAsk(chain)(method, params);
      };
      const stage = await following({ honest: counted });
      const filter = { addresses: [SIMULATED_ELECTION], topics: [[SET_CHANGED]] };
      const answer = await getLogs(stage, filter, { from: 1n, to: BigInt(HEAD) });
      expect(answer.logs.map(({ blockNumber }) => Number(blockNumber))).to.deep.equal(CHANGED);
      expect([answer.isComplete, answer.notProven]).to.deep.equal([true, []]);
      expect(bodies).to.equal(CHANGED.length);
      const beyond = await getLogs(stage, filter, { from: 60n, to: BigInt(HEAD + 5) });
      expect(beyond.notProven).to.deep.equal([{ from: BigInt(HEAD + 1), to: BigInt(HEAD + 5) }]);
      // a range of any length costs nothing beyond the head
      const endless = await getLogs(stage, filter, { from: BigInt(HEAD + 2), to: 2n ** 60n });
      expect(endless).to.deep.include({ logs: [], isComplete: false, notProven: [{ from: 67n, to: 2n ** 60n }] });
      const turned: unknown = await getLogs(stage, filter, { from: 9n, to: 8n }).catch((error: unknown) => error);
      expect(String(turned)).to.contain("no block from 9 to 8");
      const other = await getLogs(stage, { ...filter, topics: [undefined, [toBeHex(3, 32)]] }, { from: 1n, to: 65n });
      expect(other.logs.map(({ blockNumber }) => Number(blockNumber))).to.deep.equal([40]);
    });

    const bodyLies: Readonly<Record<string, RpcLie>> = {
      "leaves out a transaction": (method, truth) =>
        method === "eth_getBlockByNumber" ? { ...(truth as RpcObject), transactions: [] } : truth,
      "alters a transaction": (method, truth) => {
        if (method !== "eth_getBlockByNumber") return truth;
        const { transactions } = truth as { transactions: RpcObject[] };
        return { ...(truth as RpcObject), transactions: transactions.map((one) => ({ ...one, value: "0x1" })) };
      },
      "invents a withdrawal": (method, truth) => {
        const withdrawal = { index: "0x0", validatorIndex: "0x0", address: toBeHex(1, 20), amount: "0x1" };
        return method === "eth_getBlockByNumber" ? { ...(truth as RpcObject), withdrawals: [withdrawal] } : truth;
      },
      "leaves out a receipt": (method, truth) => (method === "eth_getBlockReceipts" ? [] : truth),
      "alters a log in its receipt": (method, truth) =>
        method === "eth_getBlockReceipts" ? (truth as RpcObject[]).map((one) => ({ ...one, logs: [] })) : truth,
      "says that a transaction failed": (method, truth) =>
        method === "eth_getBlockReceipts" ? (truth as RpcObject[]).map((one) => ({ ...one, status: "0x0" })) : truth,
    };
    for (const [what, lie] of Object.entries(bodyLies)) {
      it(`takes no body from a peer that ${what}`, async () => {
        let isLying = false;
        const honest = chainAsk(chain);
        const liar: Ask = (method, params) => (isLying ? lyingAsk(honest, lie) : honest)(method, params);
        const stage = await following({ liar, honest });
        isLying = true;
        for (let turn = 0; turn < 3; turn += 1) {
          expect((await getBlock(stage, BigInt(change))).value.logs).to.have.length(1);
        }
        expect(stage.lies.map(({ peer }) => peer)).to.deep.equal(["liar"]);
        expect(stage.lies[0]?.what).to.contain("BodyNotOfHeader");
      });
    }

    for (const [what, change] of Object.entries({
      "omits logs": () => [],
      "invents logs": (logs: RpcObject[]) => [...logs, { address: toBeHex(1, 20), topics: [], data: "0x" }],
    })) {
      it(`finds in its supervision who ${what}`, async () => {
        const honest = chainAsk(chain);
        const liar = lyingAsk(honest, (method, truth) =>
          method === "eth_getLogs" ? change(truth as RpcObject[]) : truth,
        );
        const stage = await following({ liar, honest });
        const random = new Random(SEED);
        const found = await superviseOnce({ ...stage, random }, 150);
        expect(found).to.be.above(50);
        expect(stage.lies.map(({ peer }) => peer)).to.deep.equal(["liar"]);
        expect(stage.lies[0]?.what).to.contain("list of logs");
      });
    }
  });

  describe("over HTTP", () => {
    async function served<Result>(listener: RequestListener, use: (url: string) => Promise<Result>): Promise<Result> {
      const server = createServer(listener).listen(0, "127.0.0.1");
      await new Promise((resolve) => server.once("listening", resolve));
      try {
        return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      } finally {
        server.closeAllConnections();
        server.close();
      }
    }

    const cases: Readonly<Record<string, readonly [RequestListener, RegExp]>> = {
      "gives a huge answer": [
        (_, response) => {
          response.write(`{"jsonrpc":"2.0","id":1,"result":"`);
          const more = setInterval(() => response.write("0".repeat(65_536)), 1);
          response.on("close", () => clearInterval(more));
        },
        /more than 65536 bytes/,
      ],
      "answers by too many parts": [
        (_, response) => response.end(`{"result":[${"{},".repeat(1_000)}{}]}`),
        /2003 parts, and 256 is the most/,
      ],
      "never answers": [() => undefined, /no answer within 300 ms/],
      "answers nonsense": [(_, response) => response.end("<html>"), /no JSON-RPC/],
      refuses: [
        (_, response) => response.end(JSON.stringify({ id: 1, error: { code: -32_000, message: "go away" } })),
        /go away/,
      ],
    };
    for (const [what, [listener, reason]] of Object.entries(cases)) {
      it(`goes on with another peer where one ${what}`, async () => {
        await served(listener, async (url) => {
          // a busy machine must not take the others for silent
          const limits = { milliseconds: what === "never answers" ? 300 : 30_000, bytes: 1_000_000 };
          const stage = stageOf({ bad: httpAsk(url, limits), honest: chainAsk(chain) });
          expect((await stage.follower.round()).head).to.equal(BigInt(HEAD));
          const [bad] = stage.peers.records;
          expect([bad?.lies, bad?.isOut]).to.deep.equal([0, false]);
          expect(bad?.failures).to.be.above(0);
          expect(bad?.lastProblem).to.match(reason);
        });
      });
    }
  });
});

import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { id, toBeHex } from "ethers";

import type { ChainRules, TrustedHeader } from "../../light/index.js";
import type { RpcObject } from "../../light/rpc-fields.js";
import { checkEvidence, type Verdict } from "../../scripts/audit/evidence/check.js";
import type { EvidenceIdentity, LieFile, LieKind } from "../../scripts/audit/evidence/file.js";
import { LightChain, NodeKeys, rotatingSets } from "../../scripts/bench/light-chain.js";
import { SIMULATED_ELECTION } from "../../scripts/bench/light-state.js";
import { Random } from "../../scripts/inputs/random.js";
import { AnswerRecord } from "../../scripts/light-node/answer-record.js";
import { getBalance, getBlock, getCode, getTransaction, type Sources } from "../../scripts/light-node/answers.js";
import { fastestRecover } from "../../scripts/light-node/fastest-recover.js";
import { LieKeeper } from "../../scripts/light-node/lie-keeper.js";
import { Peers } from "../../scripts/light-node/peers.js";
import { RpcPeer } from "../../scripts/light-node/rpc-peer.js";
import { LightStore } from "../../scripts/light-node/store.js";
import { superviseOnce } from "../../scripts/light-node/supervise.js";
import { Follower } from "../../scripts/light-node/sync.js";
import { simulatedIdentity, simulatedRules, simulatedStart } from "../utils/light-peer.js";
import { chainAsk, lyingAsk, resealed, type RpcLie } from "../utils/light-rpc.js";

import "../../scripts/fast-keccak.js";

const STARTS_AT = 1_900_000_000;
const HEAD = 45;
/** A block with a transaction and a log. */
const CHANGED = 40;

describe("lies that the light node keeps", () => {
  const keys = new NodeKeys(12, "lie evidence");
  const at = toBeHex(CHANGED);
  let chain: LightChain;
  let rules: ChainRules;
  let identity: EvidenceIdentity;
  let start: TrustedHeader;
  let folder: string;

  before(async () => {
    const written = rotatingSets(keys, { size: 4, changes: 2, everyBlocks: 20, seed: 1 });
    chain = await LightChain.make({ chainId: 9, written, keys, head: HEAD, startsAt: STARTS_AT, seed: 1 });
    rules = simulatedRules(chain, (await fastestRecover()).recover);
    identity = simulatedIdentity(chain);
    start = await simulatedStart(chain, rules);
    folder = await mkdtemp(join(tmpdir(), "lie-evidence-"));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  interface Stage extends Sources {
    readonly store: LightStore;
    readonly follower: Follower;
    readonly told: string[];
    /** Verdicts of the files that are there after `write`. */
    readonly files: () => Promise<Verdict[]>;
  }

  let next = 0;
  const stores: LightStore[] = [];
  after(() => stores.forEach((store) => store.close()));

  async function stageOf(lie: RpcLie, liar = lyingAsk(chainAsk(chain), lie)): Promise<Stage> {
    const store = LightStore.open(":memory:");
    stores.push(store);
    store.trust(start);
    const record = new AnswerRecord();
    const told: string[] = [];
    const own = join(folder, `${(next += 1)}`);
    const tell = (text: string): number => told.push(text);
    const keeper = await LieKeeper.open({ folder: own, identity, record, headers: store, tell });
    const asks = { liar, honest: chainAsk(chain) };
    const named = Object.entries(asks).map(([name, ask]) => new RpcPeer(name, record.of(name, ask)));
    const peers = new Peers(named, (found) => keeper.take(found));
    const follower = new Follower({ rules, store, peers, now: () => BigInt(STARTS_AT + 2 * HEAD) });
    const files = async (): Promise<Verdict[]> => {
      await keeper.write((number) => follower.sealersOf(number));
      const names = (await readdir(own)).filter((name) => name.startsWith("lie-"));
      const texts = await Promise.all(names.map((name) => readFile(join(own, name), "utf8")));
      return texts.map((text) => {
        const { subject } = JSON.parse(text) as LieFile;
        return checkEvidence(text, "file", { headers: [], validators: chain.setFor(subject.block) });
      });
    };
    return { store, peers, follower, told, files };
  }

  const inSync: Readonly<Record<string, readonly [RpcLie, about: LieKind, where: RegExp]>> = {
    "flips a field": [block((it) => ({ ...it, gasUsed: "0x1" })), "header", /another block/],
    "drops a seal of the head": [
      block((it) => (Number(it["number"]) === HEAD ? resealed(it, (seals) => seals.slice(1)) : it)),
      "header",
      /QbftSealsNoQuorum/,
    ],
    "gives another block": [block(() => chain.block(7)), "header", /of block 7/],
    "proves falsely": [
      (method, truth) => {
        if (method !== "eth_getProof") return truth;
        const answer = truth as { storageProof: RpcObject[] };
        return { ...answer, storageProof: answer.storageProof.map((one) => ({ ...one, value: "0x7" })) };
      },
      "proof",
      /not 0x7/,
    ],
  };
  for (const [what, [lie, about, where]] of Object.entries(inSync)) {
    it(`shows the lie of a peer that ${what}, as soon as the true header is there`, async () => {
      const { follower, files, told } = await stageOf(lie);
      for (let turn = 0; turn < 3; turn += 1) await follower.round();
      const [file, ...others] = await files();
      expect(others, told.join()).to.deep.equal([]);
      expect(file?.meaning[0]).to.contain("calls liar");
      expect(file?.meaning[1]).to.contain(`The answer (${about}) is false`).and.match(where);
      expect(told[0]).to.contain("evidence against liar: ");
      expect(await files()).to.have.length(1);
    });
  }

  const asked: Readonly<Record<string, readonly [RpcLie, about: LieKind, (stage: Stage) => Promise<unknown>]>> = {
    "alters a receipt": [
      (method, truth) => (method === "eth_getBlockReceipts" ? [] : truth),
      "receipts",
      (stage) => getBlock(stage, BigInt(CHANGED)),
    ],
    "leaves out a transaction": [
      (method, truth, [, isWhole]) =>
        method === "eth_getBlockByNumber" && isWhole === true ? { ...(truth as RpcObject), transactions: [] } : truth,
      "body",
      (stage) => getBlock(stage, BigInt(CHANGED)),
    ],
    "omits logs": [
      (method, truth) => (method === "eth_getLogs" ? [] : truth),
      "logs",
      (stage) => superviseOnce({ ...stage, random: new Random(1) }, 150),
    ],
    "makes up a balance": [
      (method, truth, params) =>
        method === "eth_getProof" && params[0] !== SIMULATED_ELECTION
          ? { ...(truth as object), accountProof: ["0xc0"] }
          : truth,
      "proof",
      (stage) => getBalance(stage, toBeHex(7, 20)),
    ],
  };
  for (const [what, [lie, about, ask]] of Object.entries(asked)) {
    it(`shows the lie of a peer that ${what}`, async () => {
      const stage = await stageOf(lie);
      await stage.follower.round();
      for (let turn = 0; turn < 3; turn += 1) await ask(stage);
      const verdicts = await stage.files();
      expect(verdicts.map(({ evidence }) => (evidence as LieFile).subject.about)).to.deep.equal([about]);
    });
  }

  it("shows who invents a block for a transaction, and code for an account", async () => {
    const invented = id("invented");
    const stage = await stageOf((method, truth, [first]) =>
      method === "eth_getTransactionByHash" && first === invented ? { blockNumber: at } : truth,
    );
    await stage.follower.round();
    for (let turn = 0; turn < 2; turn += 1) await getTransaction(stage, invented).catch(() => undefined);
    const [file] = await stage.files();
    expect((file?.evidence as LieFile).subject.about).to.equal("transaction");
    const honest = chainAsk(chain);
    const other = await stageOf(
      (_, truth) => truth,
      (method, params) => (method === "eth_getCode" ? Promise.resolve("0x00") : honest(method, params)),
    );
    await other.follower.round();
    await getCode(other, SIMULATED_ELECTION).catch(() => undefined);
    const [code] = await other.files();
    expect((code?.evidence as LieFile).subject.about).to.equal("code");
  });

  it("only counts a stale head, keeps no answer that is too large, and tells of a full folder", async () => {
    const old = await stageOf((method, truth) => (method === "eth_blockNumber" ? "0x1" : truth));
    await old.follower.round();
    expect(old.peers.records[0]?.stale).to.equal(1);
    expect([await old.files(), old.told]).to.deep.equal([[], []]);
    const large = "00".repeat(2 ** 20);
    const huge = await stageOf((method, truth) =>
      method === "eth_getBlockReceipts" ? [{ ...(truth as RpcObject[])[0], more: large }] : truth,
    );
    await huge.follower.round();
    for (let turn = 0; turn < 2; turn += 1) await getBlock(huge, BigInt(CHANGED - 1));
    expect(await huge.files()).to.deep.equal([]);
    expect(huge.told[0]).to.contain("no evidence is kept of liar");
    const full = await stageOf((method, truth) => (method === "eth_getBlockReceipts" ? [] : truth));
    for (let file = 0; file < 200; file += 1) await writeFile(join(folder, `${next}`, `${file}`), "");
    await full.follower.round();
    for (let turn = 0; turn < 2; turn += 1) await getBlock(full, BigInt(CHANGED));
    expect(await full.files()).to.deep.equal([]);
    expect(full.told[0]).to.contain("is full: a lie of liar is not kept");
  });

  it("waits for the header of four lies, and tells of those that none shows", async () => {
    const told: string[] = [];
    const record = new AnswerRecord();
    const own = join(folder, "none");
    const headers = { header: () => undefined };
    const keeper = await LieKeeper.open({ folder: own, identity, record, headers, tell: (text) => told.push(text) });
    await record.of("liar", () => Promise.resolve(chain.block(7)))("eth_getBlockByNumber", ["0x7", false]);
    for (let lie = 0; lie < 5; lie += 1) keeper.take({ peer: "liar", what: `lie ${lie}`, error: undefined });
    expect(told).to.have.length(1);
    await keeper.write();
    expect(told).to.have.length(1);
    keeper.close();
    expect(told.map((text) => /lie \d/.exec(text)?.[0])).to.deep.equal(["lie 4", "lie 0", "lie 1", "lie 2", "lie 3"]);
    expect(await readdir(own)).to.deep.equal([]);
    const taken: unknown = await LieKeeper.open({
      folder: "package.json",
      identity,
      record,
      headers,
      tell: () => undefined,
    }).catch((error: unknown) => error);
    expect(String(taken)).to.contain("can't be used for evidence");
  });

  it("takes no deep answer, and forgets the oldest", async () => {
    let deep: unknown = 0;
    for (let depth = 0; depth < 50_000; depth += 1) deep = [deep];
    const record = new AnswerRecord();
    await record.of("liar", () => Promise.resolve(deep))("eth_call", []);
    expect(record.answers).to.deep.equal([]);
    const ask = record.of("peer", (_, [number]) => Promise.resolve(`${String(number)} ${"x".repeat(2 ** 20)}`));
    for (let number = 0; number < 8; number += 1) await ask("eth_call", [number]);
    expect(record.answers.map(({ params }) => params[0])).to.deep.equal([3, 4, 5, 6, 7]);
  });
});

function block(change: (block: RpcObject) => RpcObject): RpcLie {
  return (method, truth) => (method === "eth_getBlockByNumber" && truth !== null ? change(truth as RpcObject) : truth);
}

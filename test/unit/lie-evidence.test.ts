import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { getAddress, hexlify, id, toBeHex } from "ethers";

import {
  encodeExtraData,
  packedSetLayout,
  receiptBytes,
  SealedHeader,
  setIn,
  transactionBytes,
  type ChainRules,
  type TrustedHeader,
} from "../../light/index.js";
import type { RpcObject } from "../../light/rpc-fields.js";
import { checkEvidence, type Verdict } from "../../scripts/audit/evidence/check.js";
import type { EvidenceIdentity, Lie, LieFile, LieKind } from "../../scripts/audit/evidence/file.js";
import { lieText } from "../../scripts/audit/evidence/lie.js";
import { EvidenceRefused } from "../../scripts/audit/evidence/refused.js";
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
import { forged, NO_TRUST, refusalOf, set } from "../utils/evidence.js";
import { ascending } from "../utils/qbft.js";
import { simulatedIdentity, simulatedRules } from "../utils/light-peer.js";
import { chainAsk, lyingAsk, type RpcLie } from "../utils/light-rpc.js";

import "../../scripts/fast-keccak.js";

const STARTS_AT = 1_900_000_000;
const HEAD = 45;
/** A block with a transaction and a log. */
const CHANGED = 40;

describe("evidence of a lie", () => {
  const keys = new NodeKeys(12, "lie evidence");
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
    const header = chain.header(0);
    const proof = await chain.proof(0, packedSetLayout(9n).slots({ get: () => 4n }));
    start = { header, sealers: [], next: setIn(rules, header, { validators: [] }, proof), isProven: true };
    folder = await mkdtemp(join(tmpdir(), "lie-evidence-"));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  const at = toBeHex(CHANGED);
  const accounts = (): string[] => [...chain.setFor(CHANGED)];
  const receiptsOf = (): string[] => chain.receipts(CHANGED).map((one) => hexlify(receiptBytes(one)));

  /** The true answers to all kinds of questions that evidence is about. */
  async function truths(): Promise<Record<string, Lie>> {
    const [peer, header] = ["a peer", hexlify(chain.header(CHANGED).raw)];
    const ask = chainAsk(chain);
    const asked = async (method: string, params: unknown[], more: Partial<Lie> = {}): Promise<Lie> => {
      const answer = structuredClone(await ask(method, params));
      return { peer, question: { method, params }, answer, header, ...more };
    };
    const encoded = [hexlify(transactionBytes(chain.transaction))];
    const { accountProof } = await chain.proof(CHANGED, [], toBeHex(7, 20));
    return {
      header: await asked("eth_getBlockByNumber", [at, false], { validators: accounts() }),
      block: await asked("eth_getBlockByNumber", [at, true], { validators: accounts() }),
      receipts: await asked("eth_getBlockReceipts", [at]),
      logs: await asked("eth_getLogs", [{ fromBlock: at, toBlock: at }], { receipts: receiptsOf() }),
      proof: await asked("eth_getProof", [SIMULATED_ELECTION, [toBeHex(0, 32), toBeHex(1, 32)], at]),
      transaction: await asked("eth_getTransactionByHash", [chain.transaction["hash"]], { transactions: encoded }),
      code: {
        ...{ peer, header, answer: "0x", accountProof: [...accountProof] },
        question: { method: "eth_getCode", params: [toBeHex(7, 20), at] },
      },
    };
  }

  type Bend = (answer: RpcObject & RpcObject[] & { storageProof: RpcObject[] }) => unknown;
  const resealed = (answer: RpcObject, change: (seals: Uint8Array[]) => Uint8Array[], round = 0n): RpcObject => {
    const { vanity, seals } = SealedHeader.fromRpc(answer).extra;
    return { ...answer, extraData: hexlify(encodeExtraData({ vanity, round, seals: change([...seals]) })) };
  };
  const firstOf = ([one]: readonly RpcObject[]): RpcObject => one ?? {};
  const lies: readonly [of: string, about: LieKind, bend: Bend, where: RegExp][] = [
    ["header", "header", (it) => ({ ...it, gasUsed: "0x1" }), /another block, with the hash 0x/],
    ["header", "header", (it) => resealed(it, (seals) => seals.slice(1)), /QbftSealsNoQuorum/],
    [
      "header",
      "header",
      (it) => resealed(it, ([one, two]) => [one, two, one] as Uint8Array[]),
      /QbftSealsRepeatedSigner/,
    ],
    ["header", "header", (it) => resealed(it, (seals) => seals, 4n), /QbftSealsForeignSigner/],
    ["header", "header", () => chain.block(7), /of block 7/],
    ["header", "header", (it) => ({ ...it, extraData: "0x01" }), /HeaderFieldInvalid/],
    ["block", "body", (it) => ({ ...it, transactions: [] }), /list of transactions/],
    [
      "block",
      "body",
      (it) => ({ ...it, transactions: [{ ...chain.transaction, value: "0x1" }] }),
      /list of transactions/,
    ],
    ["receipts", "receipts", () => [], /list of receipts/],
    ["receipts", "receipts", ([one]) => [{ ...one, status: "0x0" }], /list of receipts/],
    ["receipts", "receipts", ([one]) => [{ ...one, logs: [] }], /list of receipts/],
    ["logs", "logs", () => [], /place 0 on they are others: the block has 1, the answer 0/],
    ["logs", "logs", (it) => [...it, firstOf(it)], /place 1 on they are others/],
    ["logs", "logs", (it) => [{ ...firstOf(it), data: "0x00" }], /place 0 on/],
    [
      "proof",
      "proof",
      (it) => ({ ...it, storageProof: it.storageProof.map((one) => ({ ...one, value: "0x7" })) }),
      /holds 0x4, not 0x7/,
    ],
    ["proof", "proof", (it) => ({ ...it, storageProof: it.storageProof.slice(1) }), /leaves out slot/],
    ["proof", "proof", (it) => ({ ...it, accountProof: ["0xc0"] }), /TrieProofFalse \(node: 0/],
    ["code", "code", () => "0xfe", /and the account's is/],
  ];

  const textOf = async ([of, , bend]: (typeof lies)[number]): Promise<string> => {
    const truth = (await truths())[of] as Lie;
    return lieText(identity, { ...truth, answer: bend(structuredClone(truth.answer) as never) });
  };

  it("shows where each answer is false, by the accountants or the hash that the verifier gives", async () => {
    for (const one of lies) {
      const [, about, , where] = one;
      const text = await textOf(one);
      const verdict = checkEvidence(text, "file", { headers: [], validators: accounts() });
      expect(verdict.meaning[1], text.slice(0, 300)).to.match(where).and.contain(`The answer (${about}) is false`);
      expect(verdict.trust[0]).to.contain("3 of the 4 accountants given sealed it");
      expect(verdict.limits).to.contain("signed by nobody").and.contain("a peer");
      const byHash = checkEvidence(text, "file", { headers: [chain.header(CHANGED).hash] });
      expect(byHash.trust[0]).to.contain("you gave this hash");
      expect(checkEvidence(text, "file", NO_TRUST).trust[0]).to.contain("NOBODY VOUCHES");
    }
  });

  it("says of a transaction that no block has what a peer says of it", async () => {
    const truth = (await truths())["transaction"] as Lie;
    const invented = { ...truth.question, params: [id("invented")] };
    const { meaning } = checkEvidence(lieText(identity, { ...truth, question: invented }), "file", NO_TRUST);
    expect(meaning[1]).to.contain("no transaction of the block has the hash");
  });

  it("refuses a file whose answer is true: it accuses falsely", async () => {
    for (const [of, truth] of Object.entries(await truths())) {
      expect(() => lieText(identity, truth), of).to.throw(EvidenceRefused, "accuses falsely");
      const lie = lies.find(([one]) => one === of);
      if (lie === undefined) continue;
      const file = forged<LieFile>(await textOf(lie), ({ lie }) => (lie.answer = truth.answer));
      expect(refusalOf(file).part, of).to.equal("answer");
      const none = forged<LieFile>(await textOf(lie), ({ lie }) => (lie.answer = null));
      expect(refusalOf(none).part, of).to.equal("answer");
    }
  });

  it("names the members whose seals a false header bears, and takes a second quorum for a fork", async () => {
    const truth = (await truths())["header"] as Lie;
    const [one, two, ...others] = accounts() as [string, string, ...string[]];
    const sealed = (who: string[]): Lie => ({
      ...truth,
      answer: chain.seal({ ...chain.block(CHANGED), gasUsed: "0x1" }, who, 1n),
    });
    const { meaning } = checkEvidence(lieText(identity, sealed([one, two])), "file", NO_TRUST);
    expect(meaning[2]).to.contain(`${getAddress(one)} (a member), ${getAddress(two)} (a member)`);
    expect(() => lieText(identity, sealed([one, two, ...others]))).to.throw(EvidenceRefused, "that is a fork");
    const { validators: _, ...unknown } = sealed([one, two]);
    const alone = checkEvidence(lieText(identity, unknown), "file", NO_TRUST);
    expect(alone.meaning[3]).to.contain("Whether a quorum of the accountants sealed it");
  });

  it("refuses what was altered in it, by the part at fault", async () => {
    const logs = await textOf(lies.find(([of]) => of === "logs") as (typeof lies)[number]);
    const header = await textOf(lies[0] as (typeof lies)[number]);
    const cases: [part: string, text: string, change: (file: LieFile) => void][] = [
      ["receipts", logs, ({ lie }) => lie.receipts?.pop()],
      ["receipts", logs, ({ lie }) => delete lie.receipts],
      ["question", logs, ({ lie }) => (lie.question.method = "eth_call")],
      ["question", logs, ({ lie }) => (lie.question.params = [{ fromBlock: "0x1", toBlock: "0x1" }])],
      ["question", logs, ({ lie }) => (lie.question.params = [{ fromBlock: at, toBlock: at, topics: [] }])],
      ["header", logs, ({ lie }) => set(lie, "header", (hex) => hex.slice(0, -2))],
      ["subject", logs, ({ subject }) => set(subject, "block", (number) => number + 1)],
      ["subject", logs, ({ subject }) => set(subject, "about", () => "body" as const)],
      ["meaning, line 1", logs, ({ lie }) => set(lie, "peer", () => "another peer")],
      ["meaning, line 2", logs, (file) => set(file, "meaning", ([first = ""]) => [first, "It is a crook."])],
      ["accountants", header, ({ lie }) => lie.validators?.reverse()],
    ];
    for (const [part, text, change] of cases) {
      const refused = refusalOf(forged<LieFile>(text, change));
      expect(refused.part, refused.message).to.equal(part);
    }
    const strangers = keys.addresses.filter((one) => !accounts().includes(one)).slice(0, 4);
    const others = { headers: [], validators: ascending(strangers) };
    expect(refusalOf(header, others).part).to.equal(`block ${CHANGED}, seals`);
    const given = { headers: [chain.header(CHANGED).hash], validators: others.validators };
    expect(refusalOf(header, given).part).to.equal("accountants");
    expect(refusalOf(header.replace('"peer": "a peer"', '"peer": "b peer"')).part).to.match(/meaning/);
  });

  describe("kept by the light node", () => {
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
        method === "eth_getBlockReceipts" ? [{ ...firstOf(truth as RpcObject[]), more: large }] : truth,
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
});

function block(change: (block: RpcObject) => RpcObject): RpcLie {
  return (method, truth) => (method === "eth_getBlockByNumber" && truth !== null ? change(truth as RpcObject) : truth);
}

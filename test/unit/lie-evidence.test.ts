import { readFileSync } from "node:fs";

import { expect } from "chai";
import { getAddress, hexlify, id, toBeHex } from "ethers";

import { receiptBytes, SealedHeader, transactionBytes } from "../../light/index.js";
import type { RpcObject } from "../../light/rpc-fields.js";
import { checkEvidence } from "../../scripts/audit/evidence/check.js";
import type { EvidenceIdentity, Lie, LieFile, LieKind } from "../../scripts/audit/evidence/file.js";
import { lieText } from "../../scripts/audit/evidence/lie.js";
import { EvidenceRefused } from "../../scripts/audit/evidence/refused.js";
import { LightChain, NodeKeys, rotatingSets } from "../../scripts/bench/light-chain.js";
import { SIMULATED_ELECTION } from "../../scripts/bench/light-state.js";
import { forged, NO_TRUST, refusalOf, set } from "../utils/evidence.js";
import { simulatedIdentity } from "../utils/light-peer.js";
import { chainAsk, resealed } from "../utils/light-rpc.js";
import { ascending, readRecording } from "../utils/qbft.js";

import "../../scripts/fast-keccak.js";

const STARTS_AT = 1_900_000_000;
const HEAD = 45;
/** A block with a transaction and a log. */
const CHANGED = 40;

describe("evidence of a lie", () => {
  const keys = new NodeKeys(12, "lie evidence");
  let chain: LightChain;
  let identity: EvidenceIdentity;

  before(async () => {
    const written = rotatingSets(keys, { size: 4, changes: 2, everyBlocks: 20, seed: 1 });
    chain = await LightChain.make({ chainId: 9, written, keys, head: HEAD, startsAt: STARTS_AT, seed: 1 });
    identity = simulatedIdentity(chain);
  });

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

  it("holds for blocks of a recorded Besu chain, and takes another node's selection of seals for no lie", () => {
    const { at: recordedAt, blocks } = readRecording();
    const stored = JSON.parse(readFileSync("test/fixtures/besu-qbft/blocks.json", "utf8")) as {
      readonly number: number;
      readonly receipts: readonly RpcObject[];
      readonly extraDataOfOtherNodes: readonly string[];
    }[];
    const { number, receipts } = stored.find((one) => one.receipts.length > 1) ?? { number: 0, receipts: [] };
    const { block, rawHeader, set: validators } = recordedAt(number);
    const quantity = `0x${number.toString(16)}`;
    const question = { method: "eth_getBlockReceipts", params: [quantity] };
    const lie: Lie = { peer: "besu", question, answer: receipts.slice(1), header: rawHeader };
    const verdict = checkEvidence(lieText(identity, lie), "file", { headers: [], validators });
    expect(verdict.meaning[1]).to.contain("list of receipts");
    expect(() => lieText(identity, { ...lie, answer: receipts })).to.throw(EvidenceRefused, "accuses falsely");
    let copies = 0;
    for (const { number: height, extraDataOfOtherNodes } of stored) {
      if (height === 0 || !blocks.some((one) => one.number === height)) continue;
      const own = recordedAt(height);
      for (const extraData of extraDataOfOtherNodes) {
        const asked = { method: "eth_getBlockByNumber", params: [`0x${height.toString(16)}`, false] };
        const copy = { ...lie, question: asked, answer: { ...own.block, extraData }, header: own.rawHeader };
        const known = { ...copy, validators: [...own.set] };
        expect(() => lieText(identity, known), `${height}`).to.throw(EvidenceRefused, "accuses falsely");
        copies += 1;
      }
    }
    expect(copies).to.be.above(50);
    expect(block["hash"]).to.equal(SealedHeader.fromRpc(block).hash);
  });
});

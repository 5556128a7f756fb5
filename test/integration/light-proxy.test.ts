import { expect } from "chai";
import { id, toBeHex, Transaction, Wallet } from "ethers";

import type { RpcObject } from "../../light/rpc-fields.js";
import { serveRpc } from "../../scripts/chains/rpc-server.js";
import { Random } from "../../scripts/inputs/random.js";
import { firstBlockSince, getReading } from "../../scripts/light-node/reading.js";
import { PeerRefusal, type Ask } from "../../scripts/light-node/rpc-peer.js";
import type { VerifiedRpc } from "../../scripts/light-node/verified-rpc.js";
import { openEndpoint } from "../../sdk/connect.js";
import { connectTransactionChain } from "../../sdk/index.js";
import type { ChainEvent } from "../../sdk/events.js";
import { unpackMovements, unpackOutcomes, unpackReadings } from "../../sdk/records.js";
import { STAGES, type AuditedRun } from "../utils/audited-run.js";
import { answered } from "../utils/call-questions.js";
import { comparable, expectSame, RandomQuestions } from "../utils/light-questions.js";
import { lyingAsk, type RpcLie } from "../utils/light-rpc.js";
import { NOBODY, ProxiedChain, refusalOf } from "../utils/proxied-chain.js";
import { UnsealedHeaders } from "../utils/unsealed-headers.js";

const SEED = 20_261;
const QUESTIONS = 1_000;

describe("light node's endpoint for wallets", function () {
  this.timeout(600_000);
  let chain: ProxiedChain;
  let run: AuditedRun;
  let events: ChainEvent[];
  let headers: UnsealedHeaders;
  let full: Ask;
  let rpc: VerifiedRpc;
  let head: number;
  let chainId: bigint;

  before(async () => {
    chain = await ProxiedChain.open(STAGES);
    ({ run, full, headers, head, chainId } = chain);
    ({ events } = await run.events());
    ({ rpc } = await chain.proxy());
    expect(chain.provable.length).to.be.above(head / 2);
  });

  after(() => chain.close());

  it(`answers ${QUESTIONS} random questions as the full node does`, async () => {
    const questions = await RandomQuestions.of(chain, events, new Random(SEED));
    const asked = new Set<string>();
    const outcomes = new Set<string>();
    for (let question = 0; question < QUESTIONS; question += 1) {
      const [method, params] = questions.next();
      const answer = await answered(() => rpc.request({ method, params: [...params] }));
      const truth = await answered(() => full(method, params));
      expectSame(method, answer, truth, `${method} ${JSON.stringify(params)}`);
      asked.add(method);
      if ("failed" in answer) outcomes.add(`${method} ${answer.data === "0x" ? "fails" : "reverts"}`);
      else if (method === "eth_call" || method === "eth_estimateGas") outcomes.add(`${method} answers`);
    }
    expect([...asked]).to.have.members(questions.methods);
    // nothing else is refused, and calls end in every way
    const ways = ["answers", "fails", "reverts"];
    expect([...outcomes]).to.have.members(
      ["eth_call", "eth_estimateGas"].flatMap((name) => ways.map((way) => `${name} ${way}`)),
    );
  });

  it("refuses what no header proves, and says what to do instead", async () => {
    const refusal = (method: string, params: unknown[] = []): ReturnType<typeof refusalOf> =>
      refusalOf(rpc, method, params);
    expect(await refusal("eth_sign")).to.include({ code: -32601 });
    const wrong: readonly (readonly [string, unknown[], string])[] = [
      ["eth_getBalance", ["0x12"], "is no address"],
      ["eth_getBalance", [toBeHex(1, 20), "0x1", "0x2"], "3 parameters"],
      ["eth_getBalance", [toBeHex(1, 20), "0xffffff"], "no such block"],
      ["eth_getBlockByNumber", ["newest"], "is no number"],
      ["eth_getLogs", [{ blockHash: id("x"), fromBlock: "0x1" }], "stands alone"],
      ["eth_getLogs", [{ topics: ["0x1"] }], "is no topic"],
      ["eth_getTransactionByHash", [7], "parameter 0"],
      ["eth_sendRawTransaction", ["0x1234"], "can't be read"],
    ];
    for (const [method, params, text] of wrong) {
      const failure = await refusal(method, params);
      expect([failure.code, failure.message], method).to.satisfy(
        ([code, message]: [number, string]) => code === -32602 && message.includes(text),
      );
    }
    const gone = new UnsealedHeaders();
    await gone.follow(full);
    gone.forget(5n);
    const { rpc: gap } = await chain.proxy({ full }, { store: gone });
    const failures: string[] = [];
    for (const [method, params] of [
      ["eth_getBlockByNumber", ["0x5", false]],
      ["eth_getLogs", [{ fromBlock: "0x4", toBlock: "0x6" }]],
    ] as const) {
      await gap.request({ method, params: [...params] }).catch((error: unknown) => failures.push(String(error)));
    }
    expect(failures[0]).to.contain("header of block 5 is not here");
    expect(failures[1]).to.contain("blocks 5 to 5 are not proven");
    gone.trusted = { header: headers.header(3n) as never, isProven: false };
    const lapsed = await gap.request({ method: "eth_blockNumber" }).catch((error: unknown) => error);
    expect(String(lapsed)).to.contain("trust has lapsed");
  });

  const field =
    (method: string, change: (answer: RpcObject) => unknown): RpcLie =>
    (asked, truth) =>
      asked === method && truth !== null ? change(truth as RpcObject) : truth;
  const lies: Readonly<Record<string, readonly [RpcLie, method: string, params: () => readonly unknown[]]>> = {
    "cuts a proof off": [
      field("eth_getProof", (proof) => ({
        ...proof,
        accountProof: [...(proof["accountProof"] as string[])].reverse(),
      })),
      "eth_getBalance",
      () => [NOBODY, chain.provable.at(-1)],
    ],
    "gives other code": [
      (method, truth) => (method === "eth_getCode" ? "0x6001" : truth),
      "eth_getCode",
      () => [run.network.deployment.chains.transaction.contracts.MeterLedger.address, chain.provable.at(-1)],
    ],
    "leaves a proven slot out": [
      field("eth_getProof", (proof) => ({ ...proof, storageProof: [] })),
      "eth_getStorageAt",
      () => [run.network.deployment.chains.transaction.contracts.MeterLedger.address, "0x1", chain.provable.at(-1)],
    ],
    "has the transaction in another block": [
      field("eth_getTransactionByHash", (transaction) => ({ ...transaction, blockNumber: "0x1" })),
      "eth_getTransactionReceipt",
      () => [events.at(-1)?.transaction],
    ],
    "alters the transaction's value": [
      field("eth_getBlockByNumber", (block) => ({
        ...block,
        transactions: (block["transactions"] as unknown[]).map((one) =>
          typeof one === "string" ? one : { ...(one as RpcObject), value: "0x9" },
        ),
      })),
      "eth_getTransactionByHash",
      () => [events.at(-1)?.transaction],
    ],
    "gives what is no transaction at all": [
      field("eth_getBlockByNumber", (block) => ({ ...block, transactions: [{ type: "0x3", nonce: {} }] })),
      "eth_getBlockByNumber",
      () => ["latest", true],
    ],
  };
  for (const [what, [lie, method, params]] of Object.entries(lies)) {
    it(`answers by another peer, and names the one that ${what}`, async () => {
      const { rpc: proxy, lies: told } = await chain.proxy({ liar: lyingAsk(full, lie), full });
      // whoever is asked first: two questions reach both
      for (let turn = 0; turn < 2; turn += 1) {
        const answer = await proxy.request({ method, params: [...params()] });
        expect(comparable(method, answer)).to.deep.equal(comparable(method, await full(method, params())));
      }
      expect(told.map(({ peer }) => peer)).to.deep.equal(["liar"]);
    });
  }

  it("serves ethers and the SDK on loopback, one question or a batch", async () => {
    const server = await serveRpc(rpc, 0);
    const { deployment } = run.network;
    const provider = await openEndpoint(server.url, deployment, "transaction");
    try {
      const chain = await connectTransactionChain(deployment, provider);
      const [block, receipt] = await Promise.all([
        chain.provider.getBlock("latest"),
        chain.provider.getTransactionReceipt(events.at(-1)?.transaction ?? ""),
      ]);
      expect([block?.number, receipt?.hash]).to.deep.equal([head, events.at(-1)?.transaction]);
      const foreign = await fetch(server.url, {
        method: "POST",
        headers: { "content-type": "text/plain" },
        body: "{}",
      });
      expect(foreign.status).to.equal(415);
    } finally {
      provider.destroy();
      await server.close();
    }
  });

  it("passes transactions on to every peer, and believes no other hash", async () => {
    const wallet = new Wallet(id("somebody"));
    const raw = await wallet.signTransaction({
      ...{ type: 2, chainId, nonce: 0, to: toBeHex(9, 20), value: 0n, gasLimit: 21_000n },
      ...{ maxFeePerGas: 0n, maxPriorityFeePerGas: 0n },
    });
    const sent: string[] = [];
    const answers: Readonly<Record<string, Ask>> = {
      taker: takes("taker", (given) => Transaction.from(given).hash),
      liar: takes("liar", () => id("another")),
      refuser: takes("refuser", () => {
        throw new PeerRefusal(-32_000, "nonce too low");
      }),
    };
    function takes(name: string, answer: (raw: string) => unknown): Ask {
      return (method, params) => {
        if (method !== "eth_sendRawTransaction") return full(method, params);
        sent.push(name);
        return Promise.resolve(params[0] as string).then(answer);
      };
    }
    const send = (proxy: VerifiedRpc): Promise<unknown> =>
      proxy.request({ method: "eth_sendRawTransaction", params: [raw] });
    const all = await chain.proxy(answers);
    expect(await send(all.rpc)).to.equal(Transaction.from(raw).hash);
    expect(sent.sort()).to.deep.equal(["liar", "refuser", "taker"]);
    expect(all.lies.map(({ peer }) => peer)).to.deep.equal(["liar"]);
    const none = await chain.proxy({ refuser: answers["refuser"] as Ask });
    expect(String(await send(none.rpc).catch((error: unknown) => error))).to.contain("nonce too low");
    const other = await wallet.signTransaction({
      ...Transaction.from(raw).toJSON(),
      chainId: 5,
      gasLimit: 21_000n,
    } as never);
    const refused = await all.rpc
      .request({ method: "eth_sendRawTransaction", params: [other] })
      .catch((error: unknown) => error);
    expect(String(refused)).to.contain("signed for chain 5");
  });

  it("says whether a reading was booked and what was paid, by events of known headers", async () => {
    const { peers } = await chain.proxy({ full });
    const deployment = run.network.deployment.chains.transaction;
    const meter = BigInt(run.neighbourhood.homes[0]?.meter ?? 0);
    const slot = run.firstSlot;
    const range = { from: BigInt(deployment.deploymentBlock), to: BigInt(head) };
    const answer = await getReading({ store: headers, peers }, deployment, { meter, slot, range });
    const ofSlot = events.filter(({ args }) => args["slot"] === slot);
    const records = (name: string): string[] =>
      ofSlot.filter((event) => event.name.endsWith(name)).flatMap(({ args }) => args["outcomes"] as string[]);
    const booked = events
      .filter(({ name }) => name === "ReadingBatchStored")
      .flatMap(({ args }) => unpackReadings(args["readings"] as string[]))
      .filter((record) => record.meter === meter && record.slot === slot && record.changed === 1n);
    const bare = <Value extends object>(values: readonly Value[]): object[] =>
      values.map((value) => {
        const { transaction: _, checkedAgainst: __, ...rest } = value as Record<string, unknown>;
        return rest;
      });
    expect(booked).not.to.have.length(0);
    expect(bare(answer.booked)).to.deep.equal(booked);
    const outcomes = unpackOutcomes(records("Settled")).filter((outcome) => outcome.meter === meter);
    expect(outcomes).not.to.have.length(0);
    expect(bare(answer.settled)).to.deep.equal(outcomes);
    const moved = ofSlot
      .filter(({ name }) => name === "Moved")
      .flatMap(({ args }) => unpackMovements(args["movements"] as string[]))
      .filter(({ account, reason }) => account === outcomes[0]?.account && reason > 4n); // no locks of orders
    expect(bare(answer.moved)).to.deep.equal(moved);
    expect([answer.isFinal, answer.isComplete]).to.deep.equal([true, true]);
    const [first] = answer.booked;
    const header = headers.header(first?.checkedAgainst.number ?? 0n);
    expect(first?.checkedAgainst.hash).to.equal(header?.hash);
    // a later start, where the slot's time is known, finds the same; a missing header is named
    const since = firstBlockSince(headers, slot * 3_600n, range);
    expect(since > range.from).to.equal(true);
    const later = await getReading({ store: headers, peers }, deployment, {
      meter,
      slot,
      range: { ...range, from: since },
    });
    expect({ ...later, lookedAt: range }).to.deep.equal(answer);
    const gone = new UnsealedHeaders();
    await gone.follow(full);
    gone.forget(since + 1n);
    const partial = await getReading({ store: gone, peers }, deployment, {
      meter,
      slot,
      range: { ...range, from: since },
    });
    expect(partial.isComplete).to.equal(false);
    expect(partial.notProven).to.deep.equal([{ from: since + 1n, to: since + 1n }]);
    const never = await getReading({ store: headers, peers }, deployment, { meter: 9_999n, slot, range });
    expect([never.booked, never.settled, never.isFinal, never.isComplete]).to.deep.equal([[], [], false, true]);
  });
});

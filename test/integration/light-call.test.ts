import { expect } from "chai";
import { concat, hexlify, id, keccak256, toBeHex, toQuantity, Wallet } from "ethers";

import type { RpcObject } from "../../light/rpc-fields.js";
import { serveRpc } from "../../scripts/chains/rpc-server.js";
import { Random } from "../../scripts/inputs/random.js";
import { CALL_LIMITS } from "../../scripts/light-node/call/budget.js";
import { forkOf, forkTimesIn } from "../../scripts/light-node/call/forks.js";
import { PeerRefusal, type Ask } from "../../scripts/light-node/rpc-peer.js";
import type { VerifiedRpc } from "../../scripts/light-node/verified-rpc.js";
import { creditsOf } from "../../sdk/actions/credits.js";
import { escrowAccountOf, withdraw, withdrawableOf } from "../../sdk/actions/escrow.js";
import { standingOf } from "../../sdk/actions/federation.js";
import { rulesAt, termsAt, timesOf } from "../../sdk/actions/market.js";
import { connectTransactionChain, openEndpoint, type TransactionChain } from "../../sdk/connect.js";
import { CommonwattError } from "../../sdk/errors.js";
import { answered, CallQuestions, type Call } from "../utils/call-questions.js";
import { lyingAsk, type RpcLie } from "../utils/light-rpc.js";
import { expectSame } from "../utils/light-questions.js";
import { ProxiedChain, refusalOf } from "../utils/proxied-chain.js";
import { UnsealedHeaders } from "../utils/unsealed-headers.js";

const SEED = 20_262;
/** A loop without an end, as code that is called without an account. */
const ENDLESS = "0x5b600056";

describe("calls that a light node runs", function () {
  this.timeout(600_000);
  let chain: ProxiedChain;
  let home: Wallet;
  let view: Call;

  before(async () => {
    chain = await ProxiedChain.open(["open"]);
    const [first] = chain.run.neighbourhood.homes;
    home = first?.chain.signer as Wallet;
    const { contracts, deployment } = chain.run.network.transaction;
    const { tradeEscrow } = contracts;
    const data = tradeEscrow.interface.encodeFunctionData("withdrawableOf", [home.address]);
    view = { from: home.address, to: deployment.contracts.TradeEscrow.address, data };
  });

  beforeEach(() => chain.follow());

  after(() => chain.close());

  const call = (rpc: VerifiedRpc, asked: Call = view): Promise<unknown> =>
    rpc.request({ method: "eth_call", params: [asked, "latest"] });

  it("lets the SDK read and send with no full node but through the light node", async () => {
    const { rpc } = await chain.proxy({ full: chain.followed });
    const server = await serveRpc(rpc, 0);
    const { deployment, transaction: direct } = chain.run.network;
    const provider = await openEndpoint(server.url, deployment, "transaction", { pollingMilliseconds: 20 });
    try {
      const proxied = await connectTransactionChain(deployment, new Wallet(home.privateKey, provider));
      const slot = chain.run.firstSlot;
      const feeder = chain.run.neighbourhood.feeders[0]?.area ?? 0n;
      const views: readonly ((of: TransactionChain) => Promise<unknown>)[] = [
        (of) => creditsOf(of, home.address),
        (of) => escrowAccountOf(of, home.address),
        (of) => withdrawableOf(of, home.address),
        (of) => standingOf(of, home.address),
        (of) => rulesAt(of, slot),
        (of) => termsAt(of, feeder, slot),
        (of) => timesOf(of, slot),
      ];
      for (const read of views) expect(await read(proxied)).to.deep.equal(await read(direct));
      const before = await withdrawableOf(direct, home.address);
      // gas and fees by the light node's answers alone
      await withdraw(proxied, { amountMicro: 1_000n });
      expect(await withdrawableOf(proxied, home.address)).to.equal(before - 1_000n);
      expect(await creditsOf(proxied, home.address)).to.equal(1_000n);
      const refusals = [proxied, chain.run.neighbourhood.homes[0]?.chain as TransactionChain].map((of) =>
        withdraw(of, { amountMicro: before }).catch((error: unknown) => error),
      );
      const [refused, meant] = (await Promise.all(refusals)) as [CommonwattError, CommonwattError];
      expect(refused).to.be.instanceOf(CommonwattError);
      expect([refused.code, refused.args]).to.deep.equal([meant.code, meant.args]);
    } finally {
      provider.destroy();
      await server.close();
    }
  });

  it("estimates gas that suffices, and not much more", async () => {
    const { rpc } = await chain.proxy();
    const signer = home.connect(chain.run.network.transaction.provider);
    const { contracts, deployment } = chain.run.network.transaction;
    const { energyCredit, tradeEscrow } = contracts;
    const to = deployment.contracts.EnergyCredit.address;
    const spender = toBeHex(0xabc, 20);
    // and how many words of it the callee touches
    const transactions: readonly (readonly [Partial<Record<"to" | "data", string>>, slots: number])[] = [
      [{ to: spender }, 0],
      [{ to: spender, data: concat([id("data"), "0x0000"]) }, 0],
      [{ to, data: energyCredit.interface.encodeFunctionData("approve", [spender, 5n]) }, 1],
      [{ to, data: energyCredit.interface.encodeFunctionData("transfer", [spender, 500n]) }, 2],
      // gives gas back
      [{ to, data: energyCredit.interface.encodeFunctionData("approve", [spender, 0n]) }, 1],
      [{ to: view["to"] as string, data: tradeEscrow.interface.encodeFunctionData("withdraw", [10n]) }, 1],
      // creates a contract of one word
      [{ data: "0x60205f5ff3" }, 0],
    ];
    for (const [asked, slots] of transactions) {
      await chain.follow();
      const params = [{ from: home.address, ...asked }, "latest"];
      const gasLimit = BigInt((await rpc.request({ method: "eth_estimateGas", params })) as string);
      const sent = await signer.sendTransaction({ ...asked, gasLimit });
      const receipt = await sent.wait();
      expect(receipt?.status, JSON.stringify(asked)).to.equal(1);
      // what is given back at the end has to be there at first
      expect(Number(gasLimit)).to.be.within(Number(receipt?.gasUsed), Number(receipt?.gasUsed) * 1.3);
      const listed = (await rpc.request({ method: "eth_createAccessList", params })) as {
        accessList: { address: string; storageKeys: string[] }[];
      };
      const touched = listed.accessList.find(({ address }) => address === asked.to?.toLowerCase());
      expect(touched?.storageKeys.length ?? 0, JSON.stringify(asked)).to.equal(slots);
    }
    const withList = [
      { ...view, accessList: [{ address: String(view["to"]), storageKeys: [toBeHex(1, 32)] }] },
      "latest",
    ];
    const gas = async (params: unknown[]): Promise<number> =>
      Number(await rpc.request({ method: "eth_estimateGas", params }));
    expect((await gas(withList)) - (await gas([view, "latest"]))).to.be.within(1_000, 4_300);
  });

  const proofLie =
    (change: (proof: RpcObject) => unknown): RpcLie =>
    (method, truth) =>
      method === "eth_getProof" ? change(truth as RpcObject) : truth;
  const lies: Readonly<Record<string, RpcLie>> = {
    "gives an older word": proofLie((proof) => ({
      ...proof,
      storageProof: (proof["storageProof"] as RpcObject[]).map((word) => ({ ...word, proof: [keccak256("0x")] })),
    })),
    "gives another slot's proof": proofLie((proof) => ({ ...proof, storageProof: [] })),
    "gives an account that is none": proofLie((proof) => ({ ...proof, accountProof: [] })),
    "gives other code": (method, truth) => (method === "eth_getCode" ? "0x60015f5260205ff3" : truth),
  };
  for (const [what, lie] of Object.entries(lies)) {
    it(`answers by another peer, and names the one that ${what}`, async () => {
      const { rpc, lies: told } = await chain.proxy({ liar: lyingAsk(chain.full, lie), full: chain.full });
      expect(await call(rpc)).to.equal(await chain.full("eth_call", [view, "latest"]));
      expect(told.map(({ peer }) => peer)).to.deep.equal(["liar"]);
    });
  }

  it("takes a peer's word for what to read next, and for nothing else", async () => {
    const { rpc } = await chain.proxy();
    const params = [view, "latest"];
    const { accessList } = (await rpc.request({ method: "eth_createAccessList", params })) as { accessList: unknown };
    const asked = async (hint: unknown): Promise<{ answer: unknown; proofs: number; lies: number }> => {
      let proofs = 0;
      const peer: Ask = (method, given) => {
        if (method === "eth_createAccessList" && hint instanceof Error) return Promise.reject(hint);
        if (method === "eth_createAccessList") return Promise.resolve(hint);
        if (method === "eth_getProof") proofs += 1;
        return chain.full(method, given);
      };
      const { rpc: hinted, lies: told } = await chain.proxy({ peer });
      return { answer: await call(hinted), proofs, lies: told.length };
    };
    const none = await asked(new PeerRefusal(-32_601, "the method does not exist"));
    const good = await asked({ accessList });
    const manyKeys = Array.from({ length: 9_000 }, (_, index) => toBeHex(index + 1_000, 32));
    const wild = await asked({ accessList: [{ address: String(view["to"]), storageKeys: manyKeys }] });
    const nonsense = await asked({ accessList: [{ address: "0x1", storageKeys: 7 }] });
    const reverting = await asked(new PeerRefusal(-32_000, "execution reverted"));
    const truth = await chain.full("eth_call", params);
    for (const { answer, lies: told } of [none, reverting, good, wild, nonsense])
      expect([answer, told]).to.deep.equal([truth, 0]);
    expect(good.proofs).to.be.below(none.proofs);
    expect(nonsense.proofs).to.equal(none.proofs);
    // 2,048 of the words that it named, 128 a question, and then what the call does need
    expect(wild.proofs).to.equal(none.proofs + 2_048 / 128);
  });

  it("refuses where no peer has the state, and answers where one has", async () => {
    const forgetful: Ask = (method, params) =>
      method === "eth_getProof"
        ? Promise.reject(new PeerRefusal(-32_000, "world state is not available"))
        : chain.full(method, params);
    const alone = await chain.proxy({ forgetful });
    const failure = await refusalOf(alone.rpc, "eth_call", [view, "latest"]);
    expect([failure.code, failure.message]).to.satisfy(
      ([code, text]: [number, string]) => code === -32001 && text.includes("has forgotten the state after block"),
    );
    const both = await chain.proxy({ forgetful, full: chain.full });
    expect(await call(both.rpc)).to.equal(await chain.full("eth_call", [view, "latest"]));
    expect([...alone.lies, ...both.lies]).to.deep.equal([]);
  });

  it("ends what takes too long or reads too much, and goes on meanwhile", async () => {
    const from = home.address;
    const limited = (limits: Partial<typeof CALL_LIMITS>): ReturnType<ProxiedChain["proxy"]> =>
      chain.proxy(undefined, { callLimits: { ...CALL_LIMITS, ...limits } });
    const { rpc: hasty } = await limited({ milliseconds: 200 });
    await call(hasty, { from, data: "0x00" });
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 10);
    const late = await refusalOf(hasty, "eth_call", [{ from, data: ENDLESS }, "latest"]);
    clearInterval(timer);
    expect([late.code, late.message]).to.deep.equal([
      -32005,
      "the call needs more than 200 ms: ask for less at once, or ask a full node",
    ]);
    expect(ticks).to.be.above(2);
    for (const limits of [{ questions: 1 }, { words: 0 }, { codes: 0 }]) {
      const { rpc } = await limited(limits);
      const refused = await refusalOf(rpc, "eth_call", [view, "latest"]);
      expect([refused.code, refused.message], JSON.stringify(limits)).to.satisfy(
        ([code, text]: [number, string]) => code === -32005 && text.includes(Object.keys(limits)[0] ?? ""),
      );
    }
    const { rpc } = await chain.proxy();
    // nothing interrupts a precompile: 40 s of hashing, a pairing of hundreds, and a proof that needs a set-up
    const heavy: readonly (readonly [address: number, data: string, code: number])[] = [
      [9, concat([toBeHex(16_000_000, 4), new Uint8Array(208), "0x01"]), -32005],
      [8, hexlify(new Uint8Array(192 * 33)), -32005],
      [10, hexlify(new Uint8Array(192)), -32004],
    ];
    for (const [address, data, code] of heavy) {
      const refused = await refusalOf(rpc, "eth_call", [{ from, to: toBeHex(address, 20), data }, "latest"]);
      expect(refused.code, refused.message).to.equal(code);
    }
    const few = { from, data: ENDLESS, gas: toQuantity(100_000) };
    expect(await refusalOf(rpc, "eth_call", [few, "latest"])).to.include({ code: -32000, message: "out of gas" });
  });

  it("refuses what it can't run, by the name of what is wrong", async () => {
    const { rpc } = await chain.proxy();
    const wrong: readonly (readonly [params: unknown[], code: number, text: string])[] = [
      [[{ ...view, to: "0x12" }], -32602, "is no address"],
      [[{ ...view, data: "0x123" }], -32602, "is no bytes"],
      [[{ ...view, data: `0x${"00".repeat(300_000)}` }], -32602, "is too long"],
      [[{ ...view, input: "0x12" }], -32602, "differ"],
      [[{ ...view, value: "-1" }], -32602, "is no quantity"],
      [[{ ...view, chainId: "0x5" }], -32602, "for chain 5"],
      [[{ ...view, gasPrice: "0x9", maxFeePerGas: "0x9" }], -32602, "give gasPrice"],
      [[{ ...view, maxFeePerGas: "0x9", maxPriorityFeePerGas: "0xa" }], -32602, "more than maxFeePerGas"],
      [[{ ...view, blobVersionedHashes: [] }], -32004, "blobs"],
      [[{ ...view, authorizationList: [] }], -32004, "authorizations"],
      [[view, "latest", { [home.address]: { balance: "0x1" } }], -32004, "overrides are refused"],
      [[view, "0xffffff"], -32602, "no such block"],
      [[], -32602, "parameter 0"],
      [[{ ...view, gas: "0x5207" }], -32000, "intrinsic gas too low"],
      [[{ ...view, gasPrice: "0x1" }], -32000, "below the block's base fee"],
    ];
    for (const [params, code, text] of wrong) {
      const failure = await refusalOf(rpc, "eth_call", params);
      expect([failure.code, failure.message], text).to.satisfy(
        ([told, message]: [number, string]) => told === code && message.includes(text),
      );
    }
    const gone = new UnsealedHeaders();
    await gone.follow(chain.full);
    gone.forget(BigInt(chain.head) - 2n);
    const { rpc: gap } = await chain.proxy(undefined, { store: gone });
    const grandparent = { from: home.address, data: "0x600243034060005260206000f3" };
    expect((await refusalOf(gap, "eth_call", [grandparent, "latest"])).message).to.contain("its header is not here");
    expect(await call((await chain.proxy()).rpc, grandparent)).to.equal(
      chain.headers.header(BigInt(chain.head) - 2n)?.hash,
    );
  });

  it("goes by the forks that the header and the genesis file show", async () => {
    const { headers } = chain;
    const head = headers.header(BigInt(chain.head));
    if (head === undefined) throw new Error("there is no head");
    const at = (config: Record<string, unknown>): string => forkOf(head, forkTimesIn(config));
    const later = Number(head.timestamp) + 1;
    expect(at({ pragueTime: 0, osakaTime: 0 })).to.equal("osaka");
    expect(at({ pragueTime: 0, osakaTime: later })).to.equal("prague");
    expect(at({ pragueTime: 0 })).to.equal("prague");
    expect(at({ osakaTime: "0x0", amsterdamTime: later })).to.equal("osaka");
    expect(() => at({ osakaTime: 0, amsterdamTime: Number(head.timestamp) })).to.throw("rules are not known");
    // CLZ came with Osaka
    const leadingZeros = { from: home.address, data: "0x60ff1e60005260206000f3" };
    expect(await call((await chain.proxy()).rpc, leadingZeros)).to.equal(toBeHex(248, 32));
  });

  it("answers calls of a block's surroundings and precompiles as the full node does", async () => {
    const { rpc } = await chain.proxy();
    const questions = new CallQuestions(new Random(SEED), [], [home.address]);
    const results = new Set<unknown>();
    for (let turn = 0; turn < 60; turn += 1) {
      const params = [turn % 2 === 0 ? questions.precompile() : questions.context(), "latest"];
      const answer = await answered(() => rpc.request({ method: "eth_call", params }));
      expectSame("eth_call", answer, await answered(() => chain.full("eth_call", params)), JSON.stringify(params));
      if ("result" in answer) results.add(answer.result);
    }
    // P256VERIFY and ECRECOVER accepted something
    expect([...results]).to.include.members([
      toBeHex(1, 32),
      toBeHex(new Wallet(id("signer")).address, 32).toLowerCase(),
    ]);
  });
});

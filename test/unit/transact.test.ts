import { expect } from "chai";
import type { ContractTransactionReceipt, ContractTransactionResponse, Provider } from "ethers";

import { sendDue } from "../../sdk/actions/from-view.js";
import { CONTRACT_INTERFACES } from "../../sdk/contracts.js";
import { CommonwattError } from "../../sdk/errors.js";
import { ask, transact, transactTogether, type BatchCall } from "../../sdk/transact.js";

const REASON = CONTRACT_INTERFACES.TradeEscrow.encodeErrorResult("TradeEscrowZeroAmount", []);

/** A chain whose blocks say no more than that a transaction failed, as real ones do. */
function chainThatSays(answers: {
  readonly receipt?: { readonly status: number; readonly blockNumber: number };
  readonly call?: () => Promise<string>;
}): { provider: Provider; signer: object; asked: { blockTag?: number }[] } {
  const asked: { blockTag?: number }[] = [];
  const provider = {
    getTransactionReceipt: () => Promise.resolve(answers.receipt ?? null),
    call: (transaction: { blockTag?: number }) => {
      asked.push(transaction);
      return answers.call?.() ?? Promise.resolve("0x");
    },
  };
  return { provider: provider as unknown as Provider, signer: {}, asked };
}

function response(wait: () => Promise<ContractTransactionReceipt | null>): ContractTransactionResponse {
  return { hash: "0x12", from: "0x1", to: "0x2", data: "0x", value: 0n, gasLimit: 1n, wait } as never;
}

const failed = (): Promise<never> => Promise.reject(Object.assign(new Error("failed"), { code: "CALL_EXCEPTION" }));
const mined = { status: 0, blockNumber: 9 };

/** What ethers throws where a node that imports a block answers null in the middle of it. */
const half = (): Promise<never> =>
  Promise.reject<never>(Object.assign(new Error("invalid value for value.hash"), { code: "BAD_DATA" }));

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
    return "done";
  } catch (error) {
    if (error instanceof CommonwattError) return error.code;
    throw error;
  }
}

describe("transactions", () => {
  it("give their receipt", async () => {
    const receipt = { status: 1 } as ContractTransactionReceipt;
    const sent = transact(chainThatSays({}), () => Promise.resolve(response(() => Promise.resolve(receipt))));
    expect(await sent).to.equal(receipt);
  });

  it("of one account are sent one after the other, whichever of its signers sends them", async () => {
    const events: string[] = [];
    const chain = chainThatSays({});
    const by = (address: string, name: string): Promise<unknown> =>
      transact({ ...chain, signer: { address } }, async () => {
        events.push(`${name} goes`);
        await new Promise((resolve) => setTimeout(resolve, 3));
        events.push(`${name} went`);
        return response(() => Promise.resolve({ status: 1 } as ContractTransactionReceipt));
      });
    await Promise.all([by("0x1", "first"), by("0x1", "second"), by("0x2", "another's")]);
    expect(events.indexOf("second goes")).to.be.greaterThan(events.indexOf("first went"));
    expect(events.indexOf("another's goes")).to.be.lessThan(events.indexOf("first went"));
  });

  it("of one signer are sent one after the other, also after one that failed, and waited for together", async () => {
    const events: string[] = [];
    const chain = chainThatSays({});
    const send =
      (name: string, isRefused = false) =>
      async (): Promise<ContractTransactionResponse> => {
        events.push(`${name} goes`);
        await new Promise((resolve) => setTimeout(resolve, 3));
        events.push(`${name} went`);
        if (isRefused) throw Object.assign(new Error("no"), { data: REASON });
        const receipt = { status: 1 } as ContractTransactionReceipt;
        return response(() => new Promise((resolve) => setTimeout(() => resolve(receipt), 20)));
      };
    const other = transact({ ...chain, signer: {} }, send("other"));
    const own = [transact(chain, send("first")), transact(chain, send("second", true)), transact(chain, send("third"))];
    expect((await Promise.allSettled([other, ...own])).map(({ status }) => status)).to.deep.equal([
      "fulfilled",
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    const ofOwn = events.filter((event) => !event.startsWith("other"));
    expect(ofOwn).to.deep.equal(["first", "second", "third"].flatMap((name) => [`${name} goes`, `${name} went`]));
    expect(events.indexOf("other went")).to.be.below(events.indexOf("second goes"));
  });

  it("are sent again where ethers finds no fee, for the node has no latest block for a moment; and not for ever", async () => {
    const feeless = (): Promise<never> => {
      const fault = { code: "UNSUPPORTED_OPERATION", operation: "signer.getFeeData" };
      return Promise.reject(Object.assign(new Error("failed to get consistent fee data"), fault));
    };
    const receipt = { status: 1 } as ContractTransactionReceipt;
    let tries = 0;
    const second = (): Promise<ContractTransactionResponse> => {
      return ++tries < 2 ? feeless() : Promise.resolve(response(() => Promise.resolve(receipt)));
    };
    expect(await transact(chainThatSays({}), second)).to.equal(receipt);
    expect(await codeOf(transact(chainThatSays({}), feeless))).to.equal("CallFailed");
  });

  it("refused before they are sent say why", async () => {
    const refuse = (): Promise<never> => Promise.reject(Object.assign(new Error("no"), { data: REASON }));
    expect(await codeOf(transact(chainThatSays({}), refuse))).to.equal("TradeEscrowZeroAmount");
  });

  it("that fail in a block say why: the same call on the block before tells it", async () => {
    const call = (): Promise<never> => Promise.reject(Object.assign(new Error("no"), { data: REASON }));
    const chain = chainThatSays({ receipt: mined, call });
    expect(await codeOf(transact(chain, () => Promise.resolve(response(failed))))).to.equal("TradeEscrowZeroAmount");
    expect(chain.asked.map(({ blockTag }) => blockTag)).to.deep.equal([8]);
  });

  it("that fail in a block and pass when asked again ran out of gas, most likely", async () => {
    const chain = chainThatSays({ receipt: mined });
    expect(await codeOf(transact(chain, () => Promise.resolve(response(failed))))).to.equal("TransactionFailed");
  });

  it("lost with the connection are not called failed", async () => {
    const lost = (): Promise<never> => Promise.reject(Object.assign(new Error("gone"), { code: "NETWORK_ERROR" }));
    expect(await codeOf(transact(chainThatSays({}), () => Promise.resolve(response(lost))))).to.equal("RpcUnreachable");
  });

  it("without a receipt are not called done", async () => {
    const none = (): Promise<null> => Promise.resolve(null);
    expect(await codeOf(transact(chainThatSays({}), () => Promise.resolve(response(none))))).to.equal(
      "TransactionFailed",
    );
  });

  it("are waited for again where the node answered in the middle of an import, but not for ever", async () => {
    const receipt = { status: 1 } as ContractTransactionReceipt;
    const answers = [half, half, () => Promise.resolve(receipt)];
    const chain = chainThatSays({});
    const asked = (): Promise<ContractTransactionReceipt> => (answers.shift() ?? half)();
    expect(await transact(chain, () => Promise.resolve(response(asked)))).to.equal(receipt);
    expect(await codeOf(transact(chain, () => Promise.resolve(response(half))))).to.equal("CallFailed");
  });

  it("need a signer", async () => {
    const chain = { ...chainThatSays({}), signer: undefined };
    expect(await codeOf(transact(chain, () => Promise.reject(new Error("sent"))))).to.equal("SignerMissing");
  });
});

describe("questions", () => {
  it("come back with the answer, or decoded", async () => {
    expect(await ask(() => Promise.resolve(5n))).to.equal(5n);
    const refuse = (): Promise<never> => Promise.reject(Object.assign(new Error("no"), { data: REASON }));
    expect(await codeOf(ask(refuse))).to.equal("TradeEscrowZeroAmount");
  });
});

describe("calls in one transaction", () => {
  const receipt = { status: 1 } as ContractTransactionReceipt;
  const call = (data: string, expectedGas: bigint): BatchCall => ({ data, expectedGas });
  const TARGET = "0x1111111111111111111111111111111111111111";
  const OVERRIDES = { gasLimit: 5n };
  const NO_REASON = CONTRACT_INTERFACES.Settlement.encodeErrorResult("FailedCall", []);

  /** Takes at most so many calls, a lone one without multicall; hears what was tried. */
  function contractThatTakes(most: number, data = NO_REASON): { contract: never; tried: string[][] } {
    const tried: string[][] = [];
    const take = (calls: string[]): Promise<ContractTransactionResponse> => {
      tried.push(calls);
      if (calls.length > most) return Promise.reject(Object.assign(new Error("no"), { data }));
      return Promise.resolve(response(() => Promise.resolve(receipt)));
    };
    const multicall = (calls: string[]): Promise<ContractTransactionResponse> => {
      expect(calls).to.not.have.lengthOf(1);
      return take(calls);
    };
    const sendTransaction = (request: { to: string; data: string; gasLimit: bigint }) => {
      expect(request).to.include({ to: TARGET, ...OVERRIDES });
      return take([request.data]);
    };
    const contract = { multicall, getAddress: () => Promise.resolve(TARGET), runner: { sendTransaction } };
    return { contract: contract as never, tried };
  }

  it("are as many as their expected gas lets, in their order, one at least", async () => {
    const { contract, tried } = contractThatTakes(9);
    const calls = [call("0x01", 9_000_000n), call("0x02", 5_000_000n), call("0x03", 1n), call("0x04", 99_000_000n)];
    expect(await transactTogether(chainThatSays({}), contract, calls, OVERRIDES)).to.deep.equal([
      receipt,
      receipt,
      receipt,
    ]);
    expect(tried).to.deep.equal([["0x01", "0x02"], ["0x03"], ["0x04"]]);
    expect(await transactTogether(chainThatSays({}), contract, [], OVERRIDES)).to.deep.equal([]);
    const small = contractThatTakes(9);
    await transactTogether({ ...chainThatSays({}), batchGas: 9_000_000n }, small.contract, calls, OVERRIDES);
    expect(small.tried).to.deep.equal([["0x01"], ["0x02", "0x03"], ["0x04"]]);
  });

  it("are sent again by halves when they run out of gas", async () => {
    const { contract, tried } = contractThatTakes(1);
    const calls = ["0x01", "0x02", "0x03"].map((data) => call(data, 1n));
    expect(await transactTogether(chainThatSays({}), contract, calls, OVERRIDES)).to.have.lengthOf(3);
    expect(tried).to.deep.equal([["0x01", "0x02", "0x03"], ["0x01", "0x02"], ["0x01"], ["0x02"], ["0x03"]]);
  });

  it("are not tried again when one is refused, nor when it runs out of gas alone", async () => {
    const refused = contractThatTakes(0, REASON);
    const calls = ["0x01", "0x02"].map((data) => call(data, 1n));
    const attempt = transactTogether(chainThatSays({}), refused.contract, calls, OVERRIDES);
    expect(await codeOf(attempt)).to.equal("TradeEscrowZeroAmount");
    expect(refused.tried).to.have.lengthOf(1);
    const large = contractThatTakes(0);
    expect(await codeOf(transactTogether(chainThatSays({}), large.contract, calls, OVERRIDES))).to.equal("FailedCall");
    expect(large.tried).to.deep.equal([["0x01", "0x02"], ["0x01"]]);
  });

  it("leave the receipts of those before one that fails", async () => {
    const { contract } = contractThatTakes(1, REASON);
    const calls = [call("0x01", 9_000_000n), call("0x02", 9_000_000n), call("0x03", 1n)];
    const receipts: ContractTransactionReceipt[] = [];
    const attempt = transactTogether(chainThatSays({}), contract, calls, OVERRIDES, receipts);
    expect(await codeOf(attempt)).to.equal("TradeEscrowZeroAmount");
    expect(receipts).to.deep.equal([receipt]);
  });

  describe("that follow from the view", () => {
    const OVERTAKEN = CONTRACT_INTERFACES.Clearing.encodeErrorResult("ClearingClearedBefore", [1, 2]);
    const overtaken = ["ClearingClearedBefore"];

    /** A view that shows one call less each time it is synced: others work too. */
    function shrinking(calls: readonly string[]): { view: never; plan: () => BatchCall[]; synced: () => number } {
      let count = 0;
      const sync = (): Promise<void> => {
        count += 1;
        return Promise.resolve();
      };
      const plan = (): BatchCall[] => calls.slice(count - 1).map((data) => call(data, 9_000_000n));
      return { view: { sync } as never, plan, synced: () => count };
    }

    it("are planned anew where another was faster", async () => {
      const { contract, tried } = contractThatTakes(0, OVERTAKEN);
      const { view, plan, synced } = shrinking(["0x01", "0x02"]);
      const chain = chainThatSays({}) as never;
      expect(await sendDue(chain, view, { contract, plan, overtaken }, OVERRIDES)).to.deep.equal([]);
      expect(tried).to.deep.equal([["0x01"], ["0x02"]]);
      expect(synced()).to.equal(4);
    });

    it("are given up when they are refused for another reason, or for the same one again and again", async () => {
      const endless = { sync: () => Promise.resolve() } as never;
      const plan = (): BatchCall[] => [call("0x01", 1n)];
      const chain = chainThatSays({}) as never;
      for (const [data, tries] of [
        [REASON, 1],
        [OVERTAKEN, 4],
      ] as const) {
        const { contract, tried } = contractThatTakes(0, data);
        const code = await codeOf(sendDue(chain, endless, { contract, plan, overtaken }, OVERRIDES));
        expect(code).to.equal(data === REASON ? "TradeEscrowZeroAmount" : "ClearingClearedBefore");
        expect(tried).to.have.lengthOf(tries);
      }
    });
  });
});

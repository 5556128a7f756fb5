/** Random questions to a node, and how two nodes' answers are compared. No side effects. */
import { id, toBeHex, toQuantity } from "ethers";

import { expect } from "chai";

import type { RpcObject } from "../../light/rpc-fields.js";
import type { Random } from "../../scripts/inputs/random.js";
import type { ChainEvent } from "../../sdk/events.js";
import { calledContracts, CallQuestions, type CallAnswer } from "./call-questions.js";
import type { ProxiedChain } from "./proxied-chain.js";

type Question = readonly [method: string, params: readonly unknown[]];

export class RandomQuestions {
  private constructor(
    private readonly random: Random,
    private readonly questions: readonly (() => Question)[],
  ) {}

  static async of(chain: ProxiedChain, events: readonly ChainEvent[], random: Random): Promise<RandomQuestions> {
    const { run, full, head, headers, provable } = chain;
    const hashes = [...new Set(events.map(({ transaction }) => transaction)), id("no transaction")];
    const contracts = Object.values(run.network.deployment.chains.transaction.contracts).map(({ address }) => address);
    const homes = run.neighbourhood.homes.map(({ chain }) => chain.signer.address);
    const topics = (await Promise.all(hashes.slice(0, 40).map((hash) => full("eth_getTransactionReceipt", [hash]))))
      .flatMap((receipt) => ((receipt as RpcObject | null)?.["logs"] ?? []) as RpcObject[])
      .flatMap((log) => log["topics"] as string[]);
    const one = <Value>(values: readonly Value[]): Value => values[random.between(0, values.length - 1)] as Value;
    const number = (): string => `0x${random.between(0, head + 2).toString(16)}`;
    const known = (): string => `0x${random.between(1, head).toString(16)}`;
    const tag = (): string => one([known(), known(), known(), "latest", "earliest"]);
    const proven = (): string => one(provable);
    const account = (): string => one([...contracts, ...homes, toBeHex(random.between(1, 99), 20)]);
    const hashOfBlock = (): string => headers.header(BigInt(random.between(0, head)))?.hash ?? "";
    const slot = (): string => toBeHex(random.between(0, 12), 32);
    const logs = (): unknown => {
      const from = random.between(1, head);
      const range = one([
        { fromBlock: `0x${from.toString(16)}`, toBlock: `0x${(from + random.between(0, 30)).toString(16)}` },
        { blockHash: hashOfBlock() },
        { fromBlock: `0x${Math.max(1, head - 5).toString(16)}` },
      ]);
      const address = one([undefined, one(contracts), [one(contracts), one(contracts)]]);
      const places = one([undefined, [one(topics)], [null, one(topics)], [[one(topics), one(topics)]], [null, null]]);
      return { ...range, ...(address && { address }), ...(places && { topics: places }) };
    };
    const calls = new CallQuestions(random, calledContracts(run.network.transaction), [...homes, toBeHex(77, 20)]);
    return new RandomQuestions(random, [
      () => ["eth_chainId", []],
      () => ["net_version", []],
      () => ["eth_blockNumber", []],
      () => ["eth_getBlockByNumber", [one([number(), tag()]), one([true, false])]],
      () => ["eth_getBlockByHash", [one([hashOfBlock(), id("no block")]), one([true, false])]],
      () => ["eth_getBalance", [account(), proven()]],
      () => ["eth_getTransactionCount", [account(), proven()]],
      () => ["eth_getCode", [account(), proven()]],
      () => ["eth_getStorageAt", [one(contracts), slot(), proven()]],
      () => ["eth_getTransactionByHash", [one(hashes)]],
      () => ["eth_getTransactionReceipt", [one(hashes)]],
      () => ["eth_getBlockReceipts", [number()]],
      () => ["eth_getLogs", [logs()]],
      () => ["eth_getProof", [account(), [slot(), slot()], proven()]],
      () => ["eth_call", [calls.contract(), proven()]],
      () => ["eth_call", [one([calls.context(), calls.precompile()]), proven()]],
      () => ["eth_estimateGas", [one([calls.contract(), calls.precompile(), calls.context()]), proven()]],
    ]);
  }

  /** Whose answers are asked for. */
  get methods(): string[] {
    return [...new Set(this.questions.map((question) => question()[0]))];
  }

  next(): Question {
    return (this.questions[this.random.between(0, this.questions.length - 1)] as () => Question)();
  }
}

/** Fails unless both nodes say the same; gas that suffices may differ by 3 %. */
export function expectSame(method: string, answer: CallAnswer, truth: CallAnswer, what: string): void {
  if ("failed" in answer || "failed" in truth) {
    const dataOf = (told: CallAnswer): unknown => ("failed" in told ? told.data : told);
    expect(dataOf(answer), what).to.deep.equal(dataOf(truth));
    // a revert with data is one to ethers by its code
    if ("failed" in answer && answer.data !== "0x") expect(answer.code, what).to.equal(3);
  } else if (method === "eth_estimateGas") {
    const [gas, other] = [Number(answer.result), Number(truth.result)];
    expect(gas, what).to.be.within(other * 0.97, other * 1.03);
  } else {
    expect(comparable(method, answer.result), what).to.deep.equal(comparable(method, truth.result));
  }
}

/**
 * Without what no root covers, and in one form: hex in lower case, a proof's keys without zeros, no proof where there is
 * nothing. The embedded chain gives no yParity and no times of transactions, and does not count the bytes before a typed transaction as a block's size.
 */
export function comparable(method: string, answer: unknown): unknown {
  const plain = (value: unknown, name = ""): unknown => {
    if (typeof value === "string") return name === "key" ? toQuantity(value) : value.toLowerCase();
    if (Array.isArray(value)) return value.map((part) => plain(part)).filter((part) => part !== "0x80");
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).filter(([field, part]) => !LEFT_OUT.includes(field) && part !== undefined);
    return Object.fromEntries(entries.map(([field, part]) => [field, plain(part, field)]));
  };
  return method === "eth_getCode" ? answer : plain(answer);
}

const LEFT_OUT = ["totalDifficulty", "size", "yParity", "blockTimestamp"];

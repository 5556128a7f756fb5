/**
 * Random calls to a chain's own contracts, precompiles and code that asks for its block, and how answers of two nodes are
 * compared. No side effects.
 */
import { concat, hexlify, id, Signature, toBeHex, toQuantity, Wallet, type Interface, type ParamType } from "ethers";

import type { Random } from "../../scripts/inputs/random.js";
import { PeerRefusal } from "../../scripts/light-node/rpc-peer.js";
import { RpcFailure } from "../../scripts/light-node/rpc-params.js";
import type { TransactionChain } from "../../sdk/connect.js";

/** A transaction as JSON-RPC has it. */
export type Call = Readonly<Record<string, string>>;

/** A contract, and what can be asked of it. */
export interface CalledContract {
  readonly address: string;
  readonly interface: Interface;
}

/** Those of a chain. */
export function calledContracts({ deployment, contracts }: TransactionChain): CalledContract[] {
  return Object.entries(deployment.contracts).map(([name, { address }]) => {
    const bound = Object.entries(contracts).find(([one]) => one.toLowerCase() === name.toLowerCase())?.[1];
    if (bound === undefined) throw new Error(`no contract is bound as ${name}`);
    return { address, interface: bound.interface };
  });
}

/** What a node answered: a result, or why none, with what the contract reverted with. */
export type CallAnswer =
  { readonly result: unknown } | { readonly failed: true; readonly data: string; readonly code: number };

/** Puts a word on the stack; what comes after returns it. */
const CONTEXT: Readonly<Record<string, string>> = {
  number: "0x43",
  timestamp: "0x42",
  coinbase: "0x41",
  prevrandao: "0x44",
  "gas limit": "0x45",
  "base fee": "0x48",
  "blob base fee": "0x4a",
  "chain's id": "0x46",
  origin: "0x32",
  caller: "0x33",
  value: "0x34",
  "price of gas": "0x3a",
  "own address": "0x30",
  "own balance": "0x47",
  "parent's hash": "0x6001430340",
  "hash of an older block": "0x6020430340",
  "own hash": "0x4340",
  "gas that is left": "0x5a",
  "leading zeros": "0x60ff1e",
};
const RETURN_WORD = "0x60005260206000f3";

export class CallQuestions {
  constructor(
    private readonly random: Random,
    private readonly contracts: readonly CalledContract[],
    private readonly accounts: readonly string[],
  ) {}

  /** A function of a contract with random arguments, from an account that may do it or not. */
  contract(): Call {
    const contract = this.#one(this.contracts);
    const functions = contract.interface.fragments.filter((fragment) => fragment.type === "function");
    const { name, inputs } = this.#one(functions) as unknown as { name: string; inputs: readonly ParamType[] };
    const selector = `${name}(${inputs.map((input) => input.format()).join(",")})`;
    const data = contract.interface.encodeFunctionData(
      selector,
      inputs.map((input) => this.#argument(input)),
    );
    return { from: this.#one(this.accounts), to: contract.address, data };
  }

  /** Code that returns one word about its surroundings. */
  context(): Call {
    const word = this.#one(Object.values(CONTEXT));
    return {
      from: this.#one(this.accounts),
      value: toQuantity(this.random.between(0, 3)),
      data: concat([word, RETURN_WORD]),
    };
  }

  /** A precompile, with input that is right or not. */
  precompile(): Call {
    const [address, input] = this.#one(precompiles(this.random));
    return { from: this.#one(this.accounts), to: toBeHex(address, 20), data: input };
  }

  #argument(type: ParamType): unknown {
    if (type.isArray())
      return Array.from({ length: Math.max(0, type.arrayLength ?? 0) }, () => this.#argument(type.arrayChildren));
    if (type.isTuple()) return type.components.map((component) => this.#argument(component));
    if (type.type === "address") return this.#one([...this.accounts, ...this.contracts.map(({ address }) => address)]);
    if (type.type === "bool") return this.random.between(0, 1) === 1;
    if (type.type === "string") return this.#one(["", "x", "a longer text that has more than thirty-two bytes"]);
    if (type.type === "bytes") return this.#one(["0x", id("bytes"), "0x1234"]);
    const bytes = /^bytes(\d+)$/.exec(type.type)?.[1];
    if (bytes !== undefined)
      return this.#one([id("bytes"), toBeHex(this.random.between(0, 3), 32)]).slice(0, 2 + 2 * Number(bytes));
    return this.#one([0, 1, 2, this.random.between(0, 100)]);
  }

  #one<Value>(values: readonly Value[]): Value {
    return values[this.random.between(0, values.length - 1)] as Value;
  }
}

/** What a node answers, errors included. */
export async function answered(ask: () => Promise<unknown>): Promise<CallAnswer> {
  try {
    return { result: await ask() };
  } catch (error) {
    if (!(error instanceof RpcFailure) && !(error instanceof PeerRefusal)) throw error;
    const { code, data } = (error instanceof PeerRefusal ? error.cause : error) as { code: number; data?: unknown };
    // Hardhat has it one level lower where it knows no source of the code
    const reverted = typeof data === "object" && data !== null && "data" in data ? data.data : data;
    return { failed: true, code, data: typeof reverted === "string" ? reverted : "0x" };
  }
}

function precompiles(random: Random): readonly (readonly [address: number, input: string])[] {
  const hash = id(`message ${random.between(0, 9)}`);
  const signed = new Wallet(id("signer")).signingKey.sign(hash);
  const { v, r, s } = Signature.from(signed);
  const garbage = hexlify(Uint8Array.from({ length: random.between(0, 300) }, () => random.between(0, 255)));
  const modulus = concat([
    toBeHex(1, 32),
    toBeHex(1, 32),
    toBeHex(1, 32),
    toBeHex(random.between(2, 255), 1),
    "0x0511",
  ]);
  return [
    [1, concat([hash, toBeHex(v, 32), r, s])],
    [0x100, P256_SIGNED],
    [0x100, concat([P256_SIGNED, "0x00"])],
    [5, modulus],
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 0x100].map((address) => [address, garbage] as const),
    ...[6, 7, 8].map((address) => [address, "0x"] as const),
  ];
}

/** Hash, r, s and the key's coordinates that P256VERIFY accepts (Wycheproof's first one, as RIP-7212 has it). */
const P256_SIGNED = concat([
  "0x4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4d",
  "0xa73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac",
  "0x36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d60",
  "0x4aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff3",
  "0x7618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e",
]);

/**
 * Random calls to a chain's own contracts, precompiles and code that asks for its block, and how answers of two nodes are
 * compared. No side effects.
 */
import { generateKeyPairSync, sign, type webcrypto } from "node:crypto";

import {
  concat,
  hexlify,
  id,
  sha256,
  Signature,
  toBeHex,
  toQuantity,
  Wallet,
  type BaseContract,
  type ParamType,
} from "ethers";

import { Random } from "../../scripts/inputs/random.js";
import { PeerRefusal } from "../../scripts/light-node/rpc-peer.js";
import { RpcFailure } from "../../scripts/light-node/rpc-params.js";

/** A transaction as JSON-RPC has it. */
export type Call = Readonly<Record<string, string>>;

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
    private readonly contracts: readonly BaseContract[],
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
    return { from: this.#one(this.accounts), to: String(contract.target), data };
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
    if (type.type === "address")
      return this.#one([...this.accounts, ...this.contracts.map(({ target }) => String(target))]);
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
    [0x100, p256Input(hash)],
    [0x100, concat([p256Input(hash), "0x00"])],
    [5, modulus],
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 0x100].map((address) => [address, garbage] as const),
    ...[6, 7, 8].map((address) => [address, "0x"] as const),
  ];
}

/** A signature that P256VERIFY accepts, over the hash's own SHA-256. */
function p256Input(hash: string): string {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const digest = Buffer.from(hash.slice(2), "hex");
  const signature = sign("sha256", digest, { key: privateKey, dsaEncoding: "ieee-p1363" });
  const { x, y } = publicKey.export({ format: "jwk" }) as webcrypto.JsonWebKey;
  const coordinate = (text = ""): Buffer => Buffer.from(text, "base64url");
  return concat([sha256(digest), hexlify(signature), hexlify(coordinate(x)), hexlify(coordinate(y))]);
}

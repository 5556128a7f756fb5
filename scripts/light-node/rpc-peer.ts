/** A node's JSON-RPC endpoint as a light node's peer: bounded in time and size, nothing of its answers is believed. */
import { z } from "zod";

import { SealedHeader, type AccountProof, type LightPeer } from "../../light/index.js";
import { numberField, objectOf, type RpcObject } from "../../light/rpc-fields.js";
import { isCommonwattError } from "../../sdk/errors.js";
import { Gate } from "../gate.js";
import { boundedJson, boundsOf, type JsonBounds } from "./bounded-json.js";

/** One question to an endpoint. Throws `PeerFailure` when no answer comes; a refusal by the node is `PeerRefusal`. */
export type Ask = (method: string, params: readonly unknown[]) => Promise<unknown>;

/** No answer, or none that could be read: the peer is no liar for it, but of no use now. */
export class PeerFailure extends Error {
  override readonly name = "PeerFailure";
}

/** The node's own error. */
export class PeerRefusal extends PeerFailure {
  constructor(
    readonly code: number,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** Whether the node has no such method. */
  get isOfMethod(): boolean {
    return this.code === NO_METHOD_CODE || NO_METHOD.test(this.message);
  }
}

/** How much patience a peer gets. */
export interface PeerLimits {
  readonly milliseconds: number;
  /** Of an answer, where `boundsOf` allows more. */
  readonly bytes: number;
}

export const PEER_LIMITS: PeerLimits = { milliseconds: 10_000, bytes: Infinity };
/** Questions to one peer at once: each may be answered with as much as its bounds allow. */
const MOST_AT_ONCE = 8;
/** JSON-RPC's own code for a method that there is not. */
const NO_METHOD_CODE = -32601;
const NO_METHOD = /method .*(not (supported|available|found|enabled)|does not exist)|(unknown|unsupported) method/i;

const answerSchema = z.object({
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
});

const word = z.string().regex(/^0x[0-9a-fA-F]{1,64}$/);
/** An answer of `eth_getProof`. */
export const accountProofSchema = z.object({
  address: z.string(),
  balance: z.string(),
  codeHash: z.string(),
  nonce: z.string(),
  storageHash: z.string(),
  accountProof: z.array(z.string()),
  storageProof: z.array(z.object({ key: word, value: word, proof: z.array(z.string()) })),
});

export class RpcPeer implements LightPeer {
  constructor(
    readonly name: string,
    readonly ask: Ask,
  ) {}

  /** The number of the block that the node calls its last. */
  async latest(): Promise<bigint> {
    return BigInt(
      z
        .string()
        .regex(/^0x[0-9a-f]{1,16}$/i)
        .parse(await this.ask("eth_blockNumber", [])),
    );
  }

  async header(number: bigint): Promise<SealedHeader | undefined> {
    const block = await this.block(number, false);
    return block && SealedHeader.fromRpc(block);
  }

  /** As the node gives it; undefined: it has none. */
  async block(number: bigint, areTransactionsWhole = true): Promise<RpcObject | undefined> {
    const block = await this.ask("eth_getBlockByNumber", [quantity(number), areTransactionsWhole]);
    return block === null || block === undefined ? undefined : objectOf(block, "block");
  }

  /** Of the block with that hash, as the node says; undefined: it knows of none. */
  async numberOf(hash: string): Promise<bigint | undefined> {
    const block = await this.ask("eth_getBlockByHash", [hash, false]);
    return (block ?? null) === null ? undefined : BigInt(numberField(objectOf(block, "block"), "number"));
  }

  async proof(account: string, slots: readonly bigint[], block: bigint): Promise<AccountProof | undefined> {
    const keys = slots.map((slot) => `0x${slot.toString(16).padStart(64, "0")}`);
    let answer: unknown;
    try {
      answer = await this.ask("eth_getProof", [account, keys, quantity(block)]);
    } catch (error) {
      // nodes that have forgotten a state say so in many ways
      if (error instanceof PeerRefusal) return undefined;
      throw error;
    }
    if (answer === null || answer === undefined) return undefined;
    const read = accountProofSchema.safeParse(answer);
    if (!read.success) throw new PeerFailure(`eth_getProof gives no proof: ${read.error.issues[0]?.message ?? ""}`);
    return read.data;
  }

  /** All receipts of a block; by the transactions' hashes where the node has no method for the block. */
  async receipts(number: bigint, hashes: readonly string[]): Promise<RpcObject[]> {
    let answer: unknown;
    try {
      answer = await this.ask("eth_getBlockReceipts", [quantity(number)]);
    } catch (error) {
      if (!(error instanceof PeerRefusal && error.isOfMethod)) throw error;
      answer = await Promise.all(hashes.map((hash) => this.ask("eth_getTransactionReceipt", [hash])));
    }
    if (!Array.isArray(answer)) throw new PeerFailure("eth_getBlockReceipts gives no list");
    return answer.map((receipt) => objectOf(receipt, "receipts"));
  }
}

/** Questions over HTTP, some at once. */
export function httpAsk(url: string, limits: PeerLimits = PEER_LIMITS): Ask {
  const gate = new Gate(MOST_AT_ONCE);
  const ask = httpAskAtOnce(url, limits);
  return (method, params) => gate.pass(() => ask(method, params));
}

function httpAskAtOnce(url: string, limits: PeerLimits): Ask {
  let id = 0;
  return async (method, params) => {
    id += 1;
    const bounds = boundsOf(method, params);
    const body = JSON.stringify({ jsonrpc: "2.0", id, method, params });
    const headers = { "content-type": "application/json" };
    let text: string;
    try {
      const signal = AbortSignal.timeout(limits.milliseconds);
      const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "error" });
      text = await boundedText(response, Math.min(limits.bytes, bounds.bytes));
    } catch (cause) {
      if (cause instanceof PeerFailure) throw cause;
      const isSlow = (cause as Error).name === "TimeoutError";
      const what = isSlow ? `no answer within ${limits.milliseconds} ms` : `no answer (${(cause as Error).message})`;
      throw new PeerFailure(`${method}: ${what}`, { cause });
    }
    const answer = answerSchema.safeParse(jsonOf(text, bounds));
    if (!answer.success) throw new PeerFailure(`${method}: the answer is no JSON-RPC`);
    const { result, error } = answer.data;
    if (error !== undefined) throw new PeerRefusal(error.code, `${method}: ${error.message.slice(0, 200)}`);
    return result;
  };
}

/** Whether what was thrown is a lie: an answer that can't be true. Other failures may be anybody's. */
export function isLie(error: unknown): boolean {
  const innocent = [
    "LightBlockMissing",
    "LightStateForgotten",
    "LightTrustLapsed",
    // perhaps this machine's clock is wrong
    "LightFromTheFuture",
    "LightSkipTooFar",
  ];
  return isCommonwattError(error) && !innocent.includes(error.code);
}

async function boundedText(response: Response, most: number): Promise<string> {
  const decoder = new TextDecoder();
  let [text, size] = ["", 0];
  for await (const chunk of response.body ?? []) {
    const bytes = chunk as Uint8Array;
    size += bytes.length;
    if (size > most) throw new PeerFailure(`the answer has more than ${most} bytes`);
    text += decoder.decode(bytes, { stream: true });
  }
  return text + decoder.decode();
}

function jsonOf(text: string, { parts }: JsonBounds): unknown {
  try {
    return boundedJson(text, parts);
  } catch (cause) {
    throw new PeerFailure((cause as Error).message, { cause });
  }
}

function quantity(number: bigint): string {
  return `0x${number.toString(16)}`;
}

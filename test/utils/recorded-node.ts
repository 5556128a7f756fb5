/** The recorded Besu chain behind a node's RPC, as far as backups ask it; it can lie, stop, and lack methods. */
import { readFileSync } from "node:fs";

import { getBytes } from "ethers";

import { RawBlock } from "../../light/raw-block.js";
import type { RpcObject } from "../../light/rpc-fields.js";
import { Endpoint } from "../../scripts/endpoint.js";
import { RpcSource } from "../../scripts/light-node/backup/rpc-source.js";
import type { WholeBlock } from "../../scripts/light-node/backup/write-archive.js";

/** Recorded one after the other, with transactions in some; block 0 is recorded, too. */
export const FIRST_RECORDED = 60;
export const LAST_RECORDED = 111;
export const RECORDED_CHAIN = 20_260;

export interface StoredBlock {
  readonly number: number;
  readonly block: RpcObject & { readonly hash: string };
  readonly rawBlock: string;
  readonly rawHeader: string;
  readonly receipts: readonly RpcObject[];
  readonly rawReceipts: readonly string[];
}

const STORED = JSON.parse(readFileSync("test/fixtures/besu-qbft/blocks.json", "utf8")) as readonly StoredBlock[];

export function storedBlock(number: number): StoredBlock {
  const stored = STORED.find((block) => block.number === number);
  if (stored === undefined) throw new Error(`block ${number} is not recorded`);
  return stored;
}

export function wholeBlock(number: number): WholeBlock {
  const { rawBlock, rawReceipts } = storedBlock(number);
  return { block: RawBlock.read(getBytes(rawBlock)), receipts: rawReceipts.map((raw) => getBytes(raw)) };
}

export function hashOfRecorded(number: number): string {
  return storedBlock(number).block.hash;
}

export interface NodeOptions {
  /** It has none of Besu's DEBUG methods. */
  readonly isBare?: boolean;
  /** It has no eth_getBlockReceipts either. */
  readonly isBarest?: boolean;
  /** It answers nothing of blocks from here on. */
  readonly failsFrom?: () => number;
  /** Changes an answer. */
  readonly lie?: (method: string, block: number, answer: unknown) => unknown;
}

export interface RecordedNode {
  readonly source: RpcSource;
  /** Methods that were asked, with their block. */
  readonly asked: readonly { readonly method: string; readonly block: number }[];
}

export function recordedNode({ isBare, isBarest, failsFrom, lie }: NodeOptions = {}): RecordedNode {
  const asked: { method: string; block: number }[] = [];
  const answer = (method: string, [first, isWhole]: readonly unknown[]): unknown => {
    if (method === "eth_chainId") return `0x${RECORDED_CHAIN.toString(16)}`;
    if (method === "eth_blockNumber") return `0x${LAST_RECORDED.toString(16)}`;
    const hasNone = (isBare ?? isBarest) === true && method.startsWith("debug_");
    if (hasNone || (isBarest === true && method === "eth_getBlockReceipts")) {
      throw Object.assign(new Error("Method not found"), { code: -32_601 });
    }
    if (method === "eth_getTransactionReceipt") return receiptOf(first as string);
    const number = Number(first);
    asked.push({ method, block: number });
    if (number >= (failsFrom?.() ?? Infinity)) throw new Error("socket hang up");
    const { block, rawBlock, receipts, rawReceipts } = storedBlock(number);
    const told = new Map<string, unknown>([
      ["debug_getRawBlock", rawBlock],
      ["debug_getRawReceipts", rawReceipts],
      ["eth_getBlockReceipts", receipts],
      ["eth_getBlockByNumber", isWhole === true ? block : { ...block, transactions: hashesOf(block) }],
    ]);
    return lie === undefined ? told.get(method) : lie(method, number, told.get(method));
  };
  const ask = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    await Promise.resolve();
    return answer(method, params);
  };
  return { source: new RpcSource(new Endpoint("http://node", ask, { retries: 0 })), asked };
}

function hashesOf(block: RpcObject): unknown[] {
  return (block["transactions"] as readonly RpcObject[]).map(({ hash }) => hash);
}

function receiptOf(hash: string): RpcObject | undefined {
  return STORED.flatMap(({ receipts }) => receipts).find((receipt) => receipt["transactionHash"] === hash);
}

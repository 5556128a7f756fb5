/**
 * A run's transaction chain as its endpoint told it, in a file, and told again: the blocks up to the first day once, those
 * of the days again and again, with numbers, parents and hashes of their own, as a chain of as many events as one likes.
 */
import { openSync, readSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";

import { rpcBlockHash } from "../../light/header.js";
import type { RpcObject } from "../../light/rpc-fields.js";
import type { Deployment } from "../../sdk/deployments/index.js";
import type { Ask } from "../endpoint.js";

/** Where each answer's JSON stands in the file of answers. */
interface RecordedBlock {
  readonly header: readonly [from: number, to: number];
  readonly receipts: readonly [from: number, to: number];
  readonly logs: readonly [from: number, to: number];
  readonly events: number;
}

export interface Recording {
  readonly deployment: Deployment;
  /** The first block of the days, which are told again after the last one. */
  readonly firstDayBlock: number;
  readonly blocks: readonly RecordedBlock[];
}

/** The files of a recording: places, answers, and the hashes of the long chain's blocks. */
interface Files {
  readonly index: string;
  readonly answers: string;
  readonly hashes: string;
}

const filesOf = (path: string): Files => {
  return { index: `${path}.json`, answers: `${path}.answers`, hashes: `${path}.hashes` };
};
const HASH_BYTES = 32;

/** Asks for all blocks up to one, and writes what comes. */
export async function recordChain(
  path: string,
  ask: Ask,
  { deployment, firstDayBlock, toBlock }: Omit<Recording, "blocks"> & { readonly toBlock: number },
): Promise<void> {
  const address = Object.values(deployment.chains.transaction.contracts).map((contract) => contract.address);
  const blocks: RecordedBlock[] = [];
  const parts: Buffer[] = [];
  let end = 0;
  const keep = (answer: unknown): readonly [number, number] => {
    const part = Buffer.from(JSON.stringify(answer));
    parts.push(part);
    end += part.length;
    return [end - part.length, end];
  };
  for (let number = 0; number <= toBlock; number++) {
    const quantity = quantityOf(number);
    const header = (await ask("eth_getBlockByNumber", [quantity, true])) as RpcObject;
    const sent = header["transactions"] as { readonly hash: string }[];
    const receipts = await Promise.all(sent.map(({ hash }) => ask("eth_getTransactionReceipt", [hash])));
    const logs = (await ask("eth_getLogs", [{ address, fromBlock: quantity, toBlock: quantity }])) as unknown[];
    blocks.push({ header: keep(header), receipts: keep(receipts), logs: keep(logs), events: logs.length });
  }
  const { index, answers } = filesOf(path);
  await writeFile(answers, Buffer.concat(parts));
  await writeFile(index, JSON.stringify({ deployment, firstDayBlock, blocks } satisfies Recording));
}

export async function readRecording(path: string): Promise<Recording> {
  return JSON.parse(await readFile(filesOf(path).index, "utf8")) as Recording;
}

/** Computes the hashes of a chain of at least so many events. */
export async function lengthen(path: string, events: number): Promise<void> {
  const told = new ToldBlocks(await readRecording(path), filesOf(path).answers, Buffer.alloc(0));
  const hashes: Buffer[] = [];
  let count = 0;
  for (let number = 0; count < events; number++) {
    const header = told.header(number, hashes[number - 1], undefined);
    hashes.push(Buffer.from(rpcBlockHash(header).slice(2), "hex"));
    count += told.at(number).events;
  }
  await writeFile(filesOf(path).hashes, Buffer.concat(hashes));
}

/** The lengthened chain as an endpoint whose answers are parsed from JSON at each question (`AskSource`). */
export async function openAsk(path: string): Promise<Ask> {
  const files = filesOf(path);
  const hashes = await readFile(files.hashes);
  const told = new ToldBlocks(await readRecording(path), files.answers, hashes);
  return (method, [first]) => {
    if (method === "eth_blockNumber") return Promise.resolve(quantityOf(hashes.length / HASH_BYTES - 1));
    if (method === "eth_getBlockByNumber") return Promise.resolve(told.linkedHeader(Number(first)));
    if (method === "eth_getBlockReceipts") return Promise.resolve(told.receipts(Number(first)));
    const { fromBlock, toBlock } = first as { readonly fromBlock: string; readonly toBlock: string };
    const logs: RpcObject[] = [];
    for (let number = Number(fromBlock); number <= Number(toBlock); number++) logs.push(...told.logs(number));
    return Promise.resolve(logs);
  };
}

class ToldBlocks {
  /** Read at each question: the answers are no memory of whoever asks. */
  readonly #answers: number;

  constructor(
    readonly recording: Recording,
    answers: string,
    readonly hashes: Buffer,
  ) {
    this.#answers = openSync(answers, "r");
  }

  at(number: number): RecordedBlock {
    const { blocks, firstDayBlock } = this.recording;
    const place =
      number < blocks.length ? number : firstDayBlock + ((number - blocks.length) % (blocks.length - firstDayBlock));
    return blocks[place] as RecordedBlock;
  }

  header(number: number, parent: Buffer | undefined, hash: Buffer | undefined): RpcObject {
    const header = this.#parsed(this.at(number).header) as RpcObject;
    return {
      ...header,
      number: quantityOf(number),
      ...(parent === undefined ? {} : { parentHash: `0x${parent.toString("hex")}` }),
      ...(hash === undefined ? {} : { hash: `0x${hash.toString("hex")}` }),
    };
  }

  linkedHeader(number: number): RpcObject {
    return this.header(number, number === 0 ? undefined : this.#hash(number - 1), this.#hash(number));
  }

  receipts(number: number): RpcObject[] {
    return this.#parsed(this.at(number).receipts) as RpcObject[];
  }

  logs(number: number): RpcObject[] {
    const logs = this.#parsed(this.at(number).logs) as RpcObject[];
    return logs.map((log) => ({ ...log, blockNumber: quantityOf(number) }));
  }

  #hash(number: number): Buffer {
    return this.hashes.subarray(number * HASH_BYTES, (number + 1) * HASH_BYTES);
  }

  #parsed([from, to]: readonly [number, number]): unknown {
    const text = Buffer.allocUnsafe(to - from);
    readSync(this.#answers, text, 0, text.length, from);
    return JSON.parse(text.toString("latin1"));
  }
}

function quantityOf(number: number): string {
  return `0x${number.toString(16)}`;
}

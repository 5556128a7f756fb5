/** Whole blocks from a node's RPC: as it stores them where it tells that (Besu's DEBUG), else rebuilt from the common calls. */
import { FetchRequest, JsonRpcProvider } from "ethers";
import { readFile } from "node:fs/promises";

import { RawBlock } from "../../../light/raw-block.js";
import { receiptBytes } from "../../../light/receipts.js";
import { bytesOfHex, hexField, listField, objectOf, type RpcObject } from "../../../light/rpc-fields.js";
import { isCommonwattError } from "../../../sdk/errors.js";
import { Endpoint, type EndpointPatience } from "../../endpoint.js";
import { InputError } from "../../inputs/error.js";
import type { WholeBlock } from "./write-archive.js";

const TIMEOUT_MILLISECONDS = 60_000;

/** How a node is reached. */
export interface RpcOptions extends EndpointPatience {
  readonly url: string;
  /** Holds the bearer token that the node asks for; read anew for each request, for tokens are short-lived. */
  readonly tokenFile?: string;
}

/** Where whole blocks come from, each held to its own header. */
export class RpcSource {
  #hasRawBlocks = true;
  #hasRawReceipts = true;

  constructor(readonly endpoint: Endpoint) {}

  /** The chain's id, the hash of its first block and the number of its last one. */
  async chain(): Promise<{ readonly chainId: number; readonly genesisHash: string; readonly head: number }> {
    const number = async (method: string): Promise<number> => {
      const value = Number(await this.endpoint.question(method, []));
      if (Number.isSafeInteger(value) && value >= 0) return value;
      throw new InputError({ file: this.endpoint.name }, `${method} gives no number`, "Name a JSON-RPC endpoint");
    };
    const [chainId, head] = [await number("eth_chainId"), await number("eth_blockNumber")];
    return { chainId, head, genesisHash: (await this.#block(0)).hash };
  }

  /** A block with its receipts. Throws `InputError` when the node has none, or says what its header does not commit to. */
  async whole(number: number): Promise<WholeBlock> {
    const block = await this.#block(number);
    return this.#readable(number, async () => {
      block.requireBody();
      const receipts = block.transactions.length === 0 ? [] : await this.#receipts(number);
      block.requireReceipts(receipts);
      return { block, receipts };
    });
  }

  async #block(number: number): Promise<RawBlock> {
    const block = (await this.#rawBlock(number)) ?? (await this.#rebuilt(number));
    if (block.number === number) return block;
    throw this.#lie(number, `block ${block.number} was given`);
  }

  async #rawBlock(number: number): Promise<RawBlock | undefined> {
    if (!this.#hasRawBlocks) return undefined;
    const answer = await this.endpoint.question("debug_getRawBlock", [quantity(number)]);
    if (answer === undefined) {
      this.#hasRawBlocks = false;
      return undefined;
    }
    return this.#readable(number, () => {
      const raw = hexField({ block: answer }, "block");
      return Promise.resolve(RawBlock.read(bytesOfHex(raw, "block")));
    });
  }

  async #rebuilt(number: number): Promise<RawBlock> {
    const answer = await this.endpoint.question("eth_getBlockByNumber", [quantity(number), true]);
    if (answer === null || answer === undefined) throw this.#lie(number, "the node has no such block");
    return this.#readable(number, () => {
      const told = objectOf(answer, "block");
      const block = RawBlock.fromRpc(told);
      if (block.hash === hexField(told, "hash")) return Promise.resolve(block);
      throw this.#lie(number, `the header hashes to ${block.hash}, and the node says ${hexField(told, "hash")}`);
    });
  }

  async #receipts(number: number): Promise<Uint8Array[]> {
    if (this.#hasRawReceipts) {
      const answer = await this.endpoint.question("debug_getRawReceipts", [quantity(number)]);
      if (answer !== undefined) {
        return listField({ receipts: answer }, "receipts").map((raw) =>
          bytesOfHex(hexField({ receipt: raw }, "receipt"), "receipt"),
        );
      }
      this.#hasRawReceipts = false;
    }
    return (await this.#toldReceipts(number)).map(receiptBytes);
  }

  async #toldReceipts(number: number): Promise<RpcObject[]> {
    if (this.endpoint.hasBlockReceipts) {
      const answer = await this.endpoint.question("eth_getBlockReceipts", [quantity(number)]);
      if (answer !== undefined) return objects(listField({ receipts: answer }, "receipts"));
      this.endpoint.hasBlockReceipts = false;
    }
    const block = await this.endpoint.question("eth_getBlockByNumber", [quantity(number), false]);
    const hashes = listField(objectOf(block, "block"), "transactions");
    return objects(
      await Promise.all(hashes.map((hash) => this.endpoint.question("eth_getTransactionReceipt", [hash]))),
    );
  }

  async #readable<Result>(number: number, read: () => Promise<Result>): Promise<Result> {
    try {
      return await read();
    } catch (error) {
      throw isCommonwattError(error) ? this.#lie(number, error.message, error) : error;
    }
  }

  #lie(number: number, what: string, cause?: unknown): InputError {
    const advice = "Ask another node; the files that are complete are kept";
    return new InputError({ file: this.endpoint.name }, `block ${number}: ${what}`, advice, { cause });
  }
}

/** Opens a node; `close` ends its connections. */
export function openRpc({ url, tokenFile, ...patience }: RpcOptions): { source: RpcSource; close: () => void } {
  const request = new FetchRequest(url);
  request.timeout = TIMEOUT_MILLISECONDS;
  if (tokenFile !== undefined) {
    request.preflightFunc = async (sent) => {
      const token = await readFile(tokenFile, "utf8").catch((cause: Error) => {
        throw new InputError({ file: tokenFile }, `it can't be read (${cause.message})`, "Name a file", { cause });
      });
      sent.setHeader("authorization", `Bearer ${token.trim()}`);
      return sent;
    };
  }
  // blocks are large, and the node answers the parts of a batch one after the other
  const provider = new JsonRpcProvider(request, 1, { staticNetwork: true, batchMaxCount: 1, cacheTimeout: -1 });
  const ask = (method: string, params: readonly unknown[]): Promise<unknown> => provider.send(method, [...params]);
  return { source: new RpcSource(new Endpoint(url, ask, patience)), close: () => provider.destroy() };
}

function objects(items: readonly unknown[]): RpcObject[] {
  return items.map((item) => objectOf(item, "receipt"));
}

function quantity(number: number): string {
  return `0x${number.toString(16)}`;
}

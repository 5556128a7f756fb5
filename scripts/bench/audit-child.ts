/**
 * The audit's indexer over a recording, in a process of its own, so that its memory is its own. Arguments: recording,
 * database, and how many threads read, or `stages` for what each step takes in one thread. One JSON object is printed.
 */
import { keccak256 } from "ethers";

import { AuditDatabase } from "../audit/indexer/database.js";
import { Endpoint } from "../endpoint.js";
import { indexChain } from "../audit/indexer/index-chain.js";
import { readPage, watched } from "../audit/indexer/page.js";
import { ReaderPool } from "../audit/indexer/reader-pool.js";
import { jsonOf, RowMaker } from "../audit/indexer/rows.js";
import type { VerifiedBlock } from "../audit/indexer/types.js";
import "../fast-keccak.js";
import { eventDecoder } from "../../sdk/events.js";
import { signerOf } from "../oracle/signer.js";
import { openAsk, readRecording } from "./audit-recording.js";
import { peakMebibytes } from "./peak.js";

const NAME = "recorded answers";
const PAGE_BLOCKS = 64;
const STAGED_EVENTS = 50_000;

/** What a child prints. */
export interface IndexFigures {
  readonly events: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMebibytes: number;
  readonly fileMebibytes: number;
}

/** CPU time of each step, in microseconds an event. */
export interface StageFigures {
  readonly answers: number;
  readonly checks: number;
  readonly rows: number;
  readonly write: number;
  /** Parts of checks and rows. */
  readonly hashing: number;
  readonly signatures: number;
  readonly decoding: number;
}

async function index(recording: string, path: string, threads: number): Promise<IndexFigures> {
  const { deployment } = await readRecording(recording);
  const database = AuditDatabase.open(path);
  try {
    database.claim(deployment);
    const chain = deployment.chains.transaction;
    const source = { module: new URL("./audit-recording.ts", import.meta.url).href, argument: recording };
    const openPool = (): ReaderPool => new ReaderPool({ name: NAME, source, deployment: chain }, threads);
    const [start, before] = [performance.now(), process.cpuUsage()];
    const { events } = await indexChain(database, new Endpoint(NAME, await openAsk(recording)), {
      ...{ chain: "transaction", deployment: chain },
      ...(threads === 0 ? {} : { openPool }),
    });
    const seconds = (performance.now() - start) / 1_000;
    const { user, system } = process.cpuUsage(before);
    const size = database.one<{ bytes: number }>(
      "SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()",
    );
    return {
      ...{ events, seconds, cpuSeconds: (user + system) / 1e6 },
      peakMebibytes: peakMebibytes(),
      fileMebibytes: (size?.bytes ?? 0) / 2 ** 20,
    };
  } finally {
    database.close();
  }
}

/** The same work step by step; what hashes and signatures take of it is measured on the same blocks by itself. */
async function stages(recording: string, path: string): Promise<StageFigures> {
  const { deployment, firstDayBlock } = await readRecording(recording);
  const chain = deployment.chains.transaction;
  const ask = await openAsk(recording);
  const endpoint = new Endpoint(NAME, ask);
  const [of, rows, decode] = [watched(chain), new RowMaker(NAME, chain), eventDecoder(chain)];
  const database = AuditDatabase.open(path);
  database.claim(deployment);
  const times = { answers: 0, checks: 0, rows: 0, write: 0, hashing: 0, signatures: 0, decoding: 0 };
  const timed = async <Result>(name: keyof typeof times, action: () => Result | Promise<Result>): Promise<Result> => {
    const before = process.cpuUsage();
    const result = await action();
    const { user, system } = process.cpuUsage(before);
    times[name] += user + system;
    return result;
  };
  let events = 0;
  for (let fromBlock = firstDayBlock; events < STAGED_EVENTS; fromBlock += PAGE_BLOCKS) {
    const range = { fromBlock, toBlock: fromBlock + PAGE_BLOCKS - 1 };
    await timed("answers", () => readAnswers(ask, range));
    const page = await timed("checks", () => readPage(endpoint, of, range));
    const blocks = await timed("rows", () =>
      page.blocks.flatMap((block): VerifiedBlock[] => {
        const row = rows.blockOf(block);
        return row === undefined ? [] : [row];
      }),
    );
    await timed("write", () => database.append("transaction", blocks, { block: range.toBlock, hash: page.lastHash }));
    const sent = page.blocks.flatMap(({ transactions }) => transactions);
    // of each block its header, filter and two roots; of each transaction its item, its hash and what was signed
    await timed("hashing", () => {
      for (let block = fromBlock; block <= range.toBlock; block++) keccak256(HEADER);
      for (const { logs } of page.blocks)
        keccak256(new Uint8Array(FILTER_BYTES + logs.reduce((sum, log) => sum + log.data.length / 2, 0)));
      for (const { bytes, signed } of sent) for (const part of [bytes, bytes, signed ?? bytes]) keccak256(part);
    });
    await timed("signatures", () => {
      for (const { told, signed } of sent) {
        const word = (name: string): string =>
          `0x${BigInt(told[name] as string)
            .toString(16)
            .padStart(64, "0")}`;
        signerOf(keccak256((signed ?? NOTHING).subarray(0, 32)), { r: word("r"), vs: word("s") });
      }
    });
    await timed("decoding", () => {
      for (const { logs } of page.blocks) {
        for (const { block, transaction, ...log } of logs) {
          jsonOf(decode({ ...log, blockNumber: block, transactionHash: transaction })?.args);
        }
      }
    });
    events += page.blocks.reduce((sum, { logs }) => sum + logs.length, 0);
  }
  database.close();
  times.checks -= times.answers;
  return Object.fromEntries(
    Object.entries(times).map(([name, time]) => [name, time / events]),
  ) as unknown as StageFigures;
}

const HEADER = new Uint8Array(600);
const FILTER_BYTES = 300;
const NOTHING = new Uint8Array(32);

/** All questions that a page asks, and nothing done with the answers. */
async function readAnswers(
  ask: Awaited<ReturnType<typeof openAsk>>,
  { fromBlock, toBlock }: { readonly fromBlock: number; readonly toBlock: number },
): Promise<void> {
  const quantity = (number: number): string => `0x${number.toString(16)}`;
  await ask("eth_getLogs", [{ fromBlock: quantity(fromBlock), toBlock: quantity(toBlock) }]);
  for (let number = fromBlock; number <= toBlock; number++) {
    const header = (await ask("eth_getBlockByNumber", [quantity(number), true])) as {
      readonly transactions: unknown[];
    };
    if (header.transactions.length > 0) await ask("eth_getBlockReceipts", [quantity(number)]);
  }
}

const [recording = "", path = "", mode = ""] = process.argv.slice(2);
const figures = mode === "stages" ? await stages(recording, path) : await index(recording, path, Number(mode));
console.log(JSON.stringify(figures));

/**
 * The auditor's indexer and verify. A simulated day of 17 homes is indexed from its own chain and verified; then its
 * blocks, as the endpoint told them, are told again and again as a chain of their own until a million events are indexed
 * from recorded answers. A year's verify is the day's, scaled by its slots.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { rpcBlockHash } from "../../light/header.js";
import type { RpcObject } from "../../light/rpc-fields.js";
import { AuditDatabase } from "../audit/indexer/database.js";
import { Endpoint, type Ask } from "../audit/indexer/endpoint.js";
import { indexChain } from "../audit/indexer/index-chain.js";
import { noteConstants } from "../audit/open.js";
import { booksAt, verifyBooks } from "../audit/verify.js";
import type { EmbeddedNetwork } from "../networks/index.js";
import { simulateCommand, type SimulateOptions } from "../simulate/options.js";
import { Simulation } from "../simulate/run.js";
import { directMeters } from "./direct-meters.js";
import { tableText, whole, type BenchOptions, type Figures } from "./report.js";

const HOMES = 17;
const EVENTS = 1_000_000;
const DAYS_OF_YEAR = 365;
const MEBIBYTE = 2 ** 20;
const GOAL_EVENTS_PER_SECOND = 10_000;
const GOAL_MEBIBYTES = 512;
const GOAL_YEAR_SECONDS = 120;

export async function benchAudit({ seed, print }: BenchOptions): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), "commonwatt-bench-"));
  try {
    const day = await simulatedDay(seed, join(folder, "day.db"));
    print(
      tableText(
        `A day of ${HOMES} homes: ${whole(day.events)} events in ${whole(day.blocks)} blocks`,
        ["step", "seconds", "of a year, scaled"],
        [
          ["index from the chain in this process", day.indexSeconds],
          ["fold and all checks", day.foldSeconds],
          ["compare with the chain's state", day.verifySeconds - day.foldSeconds],
          ["verify (fold, checks, comparison)", day.verifySeconds],
        ].map(([name, seconds]) => [String(name), Number(seconds).toFixed(2), whole(Number(seconds) * DAYS_OF_YEAR)]),
      ),
    );
    const year = day.verifySeconds * DAYS_OF_YEAR;
    print(
      `Goal: a year within ${GOAL_YEAR_SECONDS} s; scaled from one day: ${whole(year)} s, ${year <= GOAL_YEAR_SECONDS ? "met" : "not met"}.`,
    );
    const million = await recordedMillion(day.recorded, day.deployment, join(folder, "million.db"));
    print(
      tableText(
        `${whole(million.events)} events from recorded answers, every root checked`,
        ["events/s", "goal", "peak MiB", "above the start", "goal", "file MiB"],
        [
          [
            whole(million.perSecond),
            `${whole(GOAL_EVENTS_PER_SECOND)}`,
            whole(million.peakMebibytes),
            whole(million.peakMebibytes - million.startMebibytes),
            whole(GOAL_MEBIBYTES),
            whole(million.fileMebibytes),
          ],
        ],
      ),
    );
    return {
      auditDayEvents: day.events,
      auditDayIndexSeconds: round(day.indexSeconds),
      auditDayVerifySeconds: round(day.verifySeconds),
      auditYearVerifySecondsScaled: Math.round(year),
      auditEventsPerSecond: Math.round(million.perSecond),
      auditPeakMebibytes: Math.round(million.peakMebibytes),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A block's answers. */
interface RecordedBlock {
  readonly header: RpcObject;
  readonly receipts: readonly RpcObject[];
  readonly logs: readonly RpcObject[];
}

type Deployment = EmbeddedNetwork["deployment"];

interface AuditedDay {
  readonly events: number;
  readonly blocks: number;
  readonly indexSeconds: number;
  readonly foldSeconds: number;
  /** With the fold. */
  readonly verifySeconds: number;
  readonly recorded: readonly RecordedBlock[];
  readonly deployment: Deployment;
}

async function simulatedDay(seed: number, path: string): Promise<AuditedDay> {
  const defaults = simulateCommand().opts<SimulateOptions>();
  const options = { ...defaults, homes: HOMES, seed, vaults: false };
  const simulation = new Simulation(options, directMeters);
  const quiet = (): void => undefined;
  try {
    await simulation.load();
    await simulation.open();
    await simulation.admit(quiet);
    await simulation.trade(quiet);
    const network = simulation.embedded?.network as EmbeddedNetwork;
    const { provider } = network.chains.transaction.connection;
    const ask: Ask = (method, params) => provider.request({ method, params: [...params] });
    const endpoint = new Endpoint("this process", ask);
    const database = AuditDatabase.open(path);
    try {
      database.claim(network.deployment);
      await noteConstants(database, network.transaction);
      const deployment = network.deployment.chains.transaction;
      const [indexSeconds, cursor] = await timed(() =>
        indexChain(database, endpoint, { chain: "transaction", deployment }),
      );
      const [foldSeconds] = await timed(() => booksAt(database));
      const [verifySeconds, { state }] = await timed(() => verifyBooks(database, network.transaction, endpoint));
      if (state.findings.length > 0) throw new Error(JSON.stringify(state.findings[0]));
      const recorded = await record(
        ask,
        cursor.block,
        Object.values(deployment.contracts).map(({ address }) => address),
      );
      return {
        events: cursor.events,
        blocks: cursor.block + 1,
        ...{ indexSeconds, foldSeconds, verifySeconds, recorded },
        deployment: network.deployment,
      };
    } finally {
      database.close();
    }
  } finally {
    await simulation.close();
  }
}

async function record(ask: Ask, toBlock: number, address: readonly string[]): Promise<RecordedBlock[]> {
  const blocks: RecordedBlock[] = [];
  for (let number = 0; number <= toBlock; number++) {
    const quantity = `0x${number.toString(16)}`;
    const header = (await ask("eth_getBlockByNumber", [quantity, true])) as RpcObject;
    const sent = header["transactions"] as { readonly hash: string }[];
    const receipts = await Promise.all(sent.map(({ hash }) => ask("eth_getTransactionReceipt", [hash])));
    const logs = await ask("eth_getLogs", [{ address, fromBlock: quantity, toBlock: quantity }]);
    blocks.push({ header, receipts: receipts as RpcObject[], logs: logs as RpcObject[] });
  }
  return blocks;
}

/** A chain of the recorded blocks after the genesis block, again and again, with numbers and parents of their own. */
async function recordedMillion(
  recorded: readonly RecordedBlock[],
  deployment: Deployment,
  path: string,
): Promise<Record<"events" | "perSecond" | "startMebibytes" | "peakMebibytes" | "fileMebibytes", number>> {
  const [genesis, ...rest] = recorded as [RecordedBlock, ...RecordedBlock[]];
  const blockAt = (number: number): RecordedBlock => rest[(number - 1) % rest.length] ?? genesis;
  // the hashes alone are kept: 340,000 headers would count as the indexer's memory
  const hashes = [genesis.header["hash"]];
  const headerAt = (number: number): RpcObject => {
    if (number === 0) return genesis.header;
    const place = { number: `0x${number.toString(16)}`, parentHash: hashes[number - 1] };
    return { ...blockAt(number).header, ...place, hash: hashes[number] };
  };
  for (let events = 0; events < EVENTS; events += blockAt(hashes.length - 1).logs.length) {
    hashes.push(rpcBlockHash(headerAt(hashes.length)));
  }
  const ask: Ask = (method, [first]) => {
    if (method === "eth_blockNumber") return Promise.resolve(`0x${(hashes.length - 1).toString(16)}`);
    if (method === "eth_getBlockByNumber") return Promise.resolve(headerAt(Number(first)));
    if (method === "eth_getBlockReceipts") return Promise.resolve(blockAt(Number(first)).receipts);
    const { fromBlock, toBlock } = first as { readonly fromBlock: string; readonly toBlock: string };
    const logs: RpcObject[] = [];
    for (let number = Math.max(1, Number(fromBlock)); number <= Number(toBlock); number++) {
      for (const log of blockAt(number).logs) logs.push({ ...log, blockNumber: `0x${number.toString(16)}` });
    }
    return Promise.resolve(logs);
  };
  const database = AuditDatabase.open(path);
  try {
    database.claim(deployment);
    globalThis.gc?.();
    const startMebibytes = process.memoryUsage().rss / MEBIBYTE;
    let peakMebibytes = startMebibytes;
    const [seconds, cursor] = await timed(() =>
      indexChain(database, new Endpoint("recorded answers", ask), {
        chain: "transaction",
        deployment: deployment.chains.transaction,
        onPage: () => {
          peakMebibytes = Math.max(peakMebibytes, process.memoryUsage().rss / MEBIBYTE);
        },
      }),
    );
    const pages = database.one<{ bytes: number }>(
      "SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()",
    );
    return {
      events: cursor.events,
      perSecond: cursor.events / seconds,
      ...{ startMebibytes, peakMebibytes },
      fileMebibytes: (pages?.bytes ?? 0) / MEBIBYTE,
    };
  } finally {
    database.close();
  }
}

async function timed<Result>(action: () => Promise<Result>): Promise<readonly [seconds: number, result: Result]> {
  const start = performance.now();
  const result = await action();
  return [(performance.now() - start) / 1_000, result];
}

function round(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}

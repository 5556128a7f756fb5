/**
 * How long a reading takes from its meter's message to a confirmed block: through a broker, the oracle and its outbox to
 * a chain that makes a block every two seconds, all on this machine.
 */
import { join } from "node:path";

import { toQuantity, Wallet } from "ethers";
import { pino } from "pino";

import { meterLedgerOf } from "../../sdk/actions/readings.js";
import { connectTransactionChain, openEndpoint } from "../../sdk/connect.js";
import { MAX_SERIES, type SignedReading } from "../../sdk/signing/readings.js";
import { serveRpc, type RequestProvider } from "../chains/rpc-server.js";
import { startBroker } from "../oracle/broker.js";
import { ChainDirectory, ChainTimes, submitTo } from "../oracle/chain.js";
import { LedgerWriter } from "../oracle/ledger-writer.js";
import { MeterLink } from "../oracle/meters.js";
import { MqttSource } from "../oracle/mqtt-source.js";
import { Oracle } from "../oracle/oracle.js";
import { SqliteOutbox } from "../oracle/outbox.js";
import { standardRules } from "../oracle/rules.js";
import { systemClock, type ChainWriter } from "../oracle/types.js";
import { signedBy, type Stage } from "./oracle-stage.js";

export const BLOCK_SECONDS = 2;
/** As hardhat.config.ts has it. */
export const BLOCK_GAS = 60_000_000;
const TICK_MILLISECONDS = 5;

/** Milliseconds of a step, of all readings. */
export interface Spread {
  readonly p50: number;
  readonly p99: number;
}

/** What is published: every meter's `slots` slots from `first` on, so many readings a second, in series of eight. */
export interface Load {
  readonly first: bigint;
  readonly slots: number;
  readonly perSecond: number;
}

export interface Latency {
  readonly readings: number;
  /** That were published, and that were confirmed, a second. */
  readonly perSecond: number;
  readonly confirmedPerSecond: number;
  /** From message until the oracle has the receipt: it is confirmed. */
  readonly whole: Spread;
  /** From message until its batch is sent, from there into a block, from there until the oracle knows it. */
  readonly batch: Spread;
  readonly block: Spread;
  readonly told: Spread;
}

interface Course {
  readonly published: number;
  readonly sent: number;
  readonly confirmed: number;
  readonly hash: string;
}

/** Publishes the load and follows each of its readings. `folder`: for the outbox. */
export async function latencyOf(stage: Stage, load: Load, folder: string): Promise<Latency> {
  const messages = await messagesOf(stage, load);
  const { provider: node } = stage.network.chains.transaction.connection;
  const rpc = await serveRpc(asNodesDo(node), 0);
  const broker = await startBroker();
  const provider = await openEndpoint(rpc.url, stage.network.deployment, "transaction");
  const signer = new Wallet(stage.operator.signer.privateKey, provider);
  const chain = await connectTransactionChain(stage.network.deployment, signer);
  const times = await ChainTimes.of(chain, (slotSeconds) => BigInt(systemClock.now()) / slotSeconds);
  const log = pino({ level: process.env["LOG_LEVEL"] ?? "silent" });
  const published = new Map<string, number>();
  const courses: Course[] = [];
  const oracle = new Oracle({
    source: new MqttSource({ url: broker.url, clientId: "commonwatt-bench", log }),
    rules: standardRules(meterLedgerOf(chain)),
    outbox: new SqliteOutbox(join(folder, `latency-${load.first}.sqlite`)),
    writer: following(new LedgerWriter(submitTo(chain)), published, courses),
    directory: new ChainDirectory(chain),
    times,
    clock: systemClock,
    log,
  });
  const minedAt = new Map<number, number>();
  await node.request({ method: "evm_setAutomine", params: [false] });
  const miner = setInterval(() => void mine(node, minedAt), BLOCK_SECONDS * 1e3);
  try {
    await oracle.start();
    const link = await MeterLink.connect(broker.url, times.slotSeconds);
    const seconds = await publish(link, messages, load.perSecond, published);
    await oracle.untilHandled(messages.length);
    await oracle.drain();
    const { refused, rejected } = oracle.counts();
    if (refused + rejected > 0) throw new Error(`${refused} readings were refused, ${rejected} rejected`);
    await link.close();
    const blocks = new Map<string, number>();
    for (const hash of new Set(courses.map((course) => course.hash))) {
      const receipt = await provider.getTransactionReceipt(hash);
      blocks.set(hash, minedAt.get(receipt?.blockNumber ?? -1) ?? NaN);
    }
    return latencyFrom(courses, blocks, seconds);
  } finally {
    clearInterval(miner);
    await oracle.stop();
    await node.request({ method: "evm_setAutomine", params: [true] });
    await broker.close();
    provider.destroy();
    await rpc.close();
  }
}

/** Meters by turns, each with its next eight slots. */
async function messagesOf(stage: Stage, { first, slots }: Load): Promise<SignedReading[][]> {
  const messages: SignedReading[][] = [];
  for (let after = 0; after < slots; after += MAX_SERIES) {
    for (const index of stage.homes.keys())
      messages.push(await signedBy(stage, index, first + BigInt(after), MAX_SERIES));
  }
  return messages;
}

async function publish(
  link: MeterLink,
  messages: readonly SignedReading[][],
  perSecond: number,
  published: Map<string, number>,
): Promise<number> {
  const start = performance.now();
  const taken: Promise<number>[] = [];
  for (let next = 0; next < messages.length;) {
    const due = Math.min(messages.length, ((performance.now() - start) * perSecond) / 1e3 / MAX_SERIES);
    for (; next < due; next++) {
      const message = messages[next] ?? [];
      for (const reading of message) published.set(keyOf(reading), performance.now());
      taken.push(link.publish(message));
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MILLISECONDS));
  }
  await Promise.all(taken);
  return (performance.now() - start) / 1e3;
}

function following(writer: ChainWriter, published: ReadonlyMap<string, number>, courses: Course[]): ChainWriter {
  return {
    write: async (batch) => {
      const sent = performance.now();
      const result = await writer.write(batch);
      const confirmed = performance.now();
      const hashes = new Map(result.confirmed.map(({ id, transactionHash }) => [id, transactionHash]));
      for (const { id, reading } of batch) {
        const course = { published: published.get(keyOf(reading)) ?? NaN, sent, confirmed, hash: hashes.get(id) ?? "" };
        if (course.hash !== "") courses.push(course);
      }
      return result;
    },
  };
}

async function mine(
  node: Stage["network"]["chains"]["transaction"]["connection"]["provider"],
  minedAt: Map<number, number>,
): Promise<void> {
  await node.request({ method: "evm_mine" });
  const number: unknown = await node.request({ method: "eth_blockNumber" });
  minedAt.set(Number(number), performance.now());
}

/**
 * Estimates gas on the latest block and counts its pool's transactions, as go-ethereum does: Hardhat would run all that
 * is pending first, at each of these questions. Only one account sends.
 */
function asNodesDo(node: RequestProvider): RequestProvider {
  let next: number | undefined;
  return {
    request: async ({ method, params = [] }) => {
      if (method === "eth_estimateGas") return node.request({ method, params: [params[0], "latest"] });
      if (method !== "eth_getTransactionCount" || params[1] !== "pending") {
        const answer: unknown = await node.request({ method, params });
        if (method === "eth_sendRawTransaction" && next !== undefined) next += 1;
        return answer;
      }
      next ??= Number(await node.request({ method, params: [params[0], "latest"] }));
      return toQuantity(next);
    },
  };
}

function latencyFrom(courses: readonly Course[], blocks: ReadonlyMap<string, number>, seconds: number): Latency {
  const inBlock = ({ hash }: Course): number => blocks.get(hash) ?? NaN;
  const spread = (of: (course: Course) => number): Spread => {
    const sorted = courses.map(of).sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? NaN;
    return { p50: at(0.5), p99: at(0.99) };
  };
  const lasted =
    courses.reduce((last, { confirmed }) => Math.max(last, confirmed), 0) -
    courses.reduce((first, { published }) => Math.min(first, published), Number.POSITIVE_INFINITY);
  return {
    readings: courses.length,
    perSecond: courses.length / seconds,
    confirmedPerSecond: (1e3 * courses.length) / lasted,
    whole: spread(({ published, confirmed }) => confirmed - published),
    batch: spread(({ published, sent }) => sent - published),
    block: spread((course) => inBlock(course) - course.sent),
    told: spread((course) => course.confirmed - inBlock(course)),
  };
}

function keyOf({ meter, slot }: SignedReading): string {
  return `${meter}/${slot}`;
}

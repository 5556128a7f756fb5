/** Following a chain until stopped: the rounds, and what is served and told meanwhile. */
import { setTimeout as pause } from "node:timers/promises";

import { serveRpc } from "../chains/rpc-server.js";
import { InputError } from "../inputs/error.js";
import { Random } from "../inputs/random.js";
import { stopSignal, type Print } from "../run.js";
import { alertsTo, type Alert } from "./alerts.js";
import { LightVitals, serveLightMetrics } from "./metrics.js";
import {
  certificateFolder,
  openLight,
  trustStart,
  type ChainOptions,
  type OpenLight,
  type StartOptions,
} from "./open.js";
import { forksIn } from "./start-files.js";
import { superviseOnce } from "./supervise.js";
import { Follower } from "./sync.js";
import { VerifiedRpc } from "./verified-rpc.js";

const ROUND_MILLISECONDS = 2_000;
/** Ancestors filled in a round, so that the head is looked at again in between. */
const FILLED_A_ROUND = 1_024;
/** Of the endpoint: a wallet's batches are small, and each call may need a whole block. */
const SERVED_LIMITS = { bodyBytes: 2 ** 20, batch: 100, atOnce: 2 };

export interface FollowOptions extends ChainOptions, StartOptions {
  readonly keep: bigint | "all";
  readonly certificates?: string;
  readonly once: boolean;
  readonly samples: number;
  /** Of the endpoint for wallets; absent: none. */
  readonly port?: number;
  readonly metricsPort?: number;
  /** File with the URL of the alert hook. */
  readonly alert?: string;
}

export async function follow(options: FollowOptions, print: Print, complain: Print): Promise<void> {
  const stop = options.once ? undefined : stopSignal();
  const post = options.alert === undefined ? undefined : await alertsTo(options.alert, complain);
  const tell = (alert: Alert): void => {
    complain(alert.text);
    void post?.(alert); // tells itself where the hook fails
  };
  const light = await openLight(options, {
    onLie: ({ peer, what }) => tell({ kind: "lie", text: `${peer} is kept out: ${what}`, peer }),
    tell: complain,
  });
  const closing: (() => void | Promise<void>)[] = [() => light.keeper?.close(), () => light.store.close()];
  const { store, peers, rules } = light;
  try {
    const now = (): bigint => BigInt(Math.floor(Date.now() / 1_000));
    await trustStart(light, options, now());
    const follower = new Follower({
      ...{ rules, store, peers, now, mayBeUnproved: options.unproved },
      ...(options.keep === "all" ? {} : { keep: options.keep }),
      ...(options.certificates && { certificates: certificateFolder(options.certificates, rules.chainId) }),
      onFork: ({ number, hashes }) => {
        const text = `FORK at block ${number}: ${hashes.join(" and ")}, both sealed by a quorum`;
        tell({ kind: "fork", text, block: number });
      },
    });
    const vitals = new LightVitals();
    if (options.metricsPort !== undefined) {
      const metrics = await serveLightMetrics(options.metricsPort, { store, peers, vitals, now });
      closing.unshift(() => metrics.close());
      print(`metrics at ${metrics.url}/metrics`);
    }
    if (options.port !== undefined) {
      const { chainId, recover } = rules;
      const verified = new VerifiedRpc({ store, peers, chainId, recover, forks: await forksIn(options.genesis) });
      const server = await serveRpc(verified, options.port, SERVED_LIMITS);
      closing.unshift(() => server.close());
      print(`verified JSON-RPC at ${server.url}`);
    }
    const random = new Random(`${now()} ${process.pid}`);
    let last = -1n;
    while (stop?.aborted !== true) {
      try {
        const round = await follower.round(options.once ? Number.MAX_SAFE_INTEGER : FILLED_A_ROUND);
        vitals.supervised += await superviseOnce({ store, peers, random }, options.samples);
        vitals.failedRounds = 0;
        if (round.head !== last || options.once) print(lineOf(light, round.isProven));
        last = round.head;
      } catch (error) {
        // peers that are away now may be back in the next round
        if (options.once || !(error instanceof InputError)) throw error;
        vitals.failedRounds += 1;
        if (vitals.failedRounds === 1) tell({ kind: "trouble", text: error.message });
      } finally {
        await light.keeper?.write((number) => follower.sealersOf(number));
      }
      requirePeer(light);
      if (options.once) break;
      await pause(ROUND_MILLISECONDS, undefined, stop && { signal: stop }).catch(() => undefined);
    }
  } catch (error) {
    await post?.({ kind: "end", text: (error as Error).message });
    throw error;
  } finally {
    for (const close of closing) await close();
  }
}

export function requireTrusted(store: OpenLight["store"]): NonNullable<OpenLight["store"]["trusted"]> {
  const { trusted } = store;
  if (trusted !== undefined) return trusted;
  throw new InputError({ file: store.path }, "it follows no chain yet", "Follow it first: npm run light-node");
}

function requirePeer({ peers }: OpenLight): void {
  // on the other side of a fork one may still come back
  if (peers.honest.length > 0) return;
  const problems = peers.records.map(({ name, lastProblem }) => `${name}: ${lastProblem ?? ""}`).join("; ");
  const advice = "Name other peers, or ask one again that was kept out: npm run light-node -- peers --pardon NAME";
  throw new InputError({ file: "--rpc" }, `no peer is left (${problems})`, advice);
}

function lineOf({ store, peers }: OpenLight, isProven: boolean): string {
  const { header } = requireTrusted(store);
  const missing = store.gaps.reduce((sum, { low, high }) => sum + high - low + 1n, 0n);
  const out = peers.records.filter((record) => record.isOut).length;
  const label = isProven ? "" : ", UNPROVED";
  const notes = `${missing} headers to fill in, ${peers.trusted.length} peers, ${out} kept out${label}`;
  return `block ${header.number} ${header.hash} of ${new Date(Number(header.timestamp) * 1_000).toISOString()}: ${notes}`;
}

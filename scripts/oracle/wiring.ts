/** The parts of an oracle wired for a network that runs elsewhere. */
import type { Logger } from "pino";

import { meterLedgerOf, readingsAt } from "../../sdk/actions/readings.js";
import { utcOffsetSeconds } from "../inputs/local-time.js";

import { ChainDirectory, ChainTimes, silentOnChain, submitTo } from "./chain.js";
import type { OracleOptions } from "./command.js";
import { EstimateSeconder } from "./estimate-seconder.js";
import { forgetReadings, type ForgettingParts } from "./forgetting.js";
import { findSilent, outboxHistory, ProfileEstimator } from "./gap-filler.js";
import { LedgerWriter } from "./ledger-writer.js";
import type { MetricsServer } from "../exposition.js";
import { serveMetrics } from "./metrics.js";
import { MeteringDesk } from "./metering/desk.js";
import { DeviceKeys } from "./metering/keys.js";
import type { MeteringPoints } from "./metering/points.js";
import { Sources, type Environment } from "./open-sources.js";
import { OperatorChain } from "./operator-chain.js";
import { Oracle } from "./oracle.js";
import { SqliteOutbox } from "./outbox.js";
import { quorumChain } from "./quorum-chain.js";
import { QuorumWriter } from "./quorum-writer.js";
import { standardRules } from "./rules.js";
import { systemClock } from "./types.js";

/** With `--once`: failures in a row after which it gives up; what was accepted waits on disk. */
const ATTEMPTS_OF_ONCE = 5;
const SECOND_EVERY_MILLISECONDS = 30_000;
const FORGET_EVERY_MILLISECONDS = 3_600_000;

/** A running oracle with what must be closed after it. */
export interface RunningOracle {
  readonly oracle: Oracle;
  /** Where metrics are, if they were asked for. */
  readonly metrics: string | undefined;
  /** Loads the operator's key and the meters' again and goes on with them; returns the operator's address. */
  rotateKeys(): Promise<string>;
  close(): Promise<void>;
}

/** Wires an oracle for the network and starts it; refuses by name what it can't work with. */
export async function startOracle(
  options: OracleOptions,
  environment: Environment,
  log: Logger,
): Promise<RunningOracle> {
  const offsetSeconds = utcOffsetSeconds(options.utcOffset);
  const { points } = options;
  const operator = await OperatorChain.open(options, environment);
  let metrics: MetricsServer | undefined;
  let outbox: SqliteOutbox | undefined;
  try {
    outbox = new SqliteOutbox(options.db, { maxBytes: options.maxBytes });
    const parts = { points, environment, log, marks: outbox };
    const source = await Sources.open(options.sources, parts);
    const keys = await DeviceKeys.open(points.all, options.gateway, environment);
    const { oracle, seconder, times } = await wire({
      operator,
      outbox,
      source,
      points,
      keys,
      offsetSeconds,
      log,
    });
    if (options.metricsPort !== undefined) metrics = await serveMetrics(options.metricsPort, oracle, outbox);
    await oracle.start();
    const onError = (error: unknown): void =>
      log.error({ err: error }, "estimates were not seconded; it is tried again");
    const seconding = setInterval(() => void seconder.second().catch(onError), SECOND_EVERY_MILLISECONDS);
    const endForgetting = repeatForgetting({ outbox, times, clock: systemClock }, log);
    return {
      oracle,
      metrics: metrics?.url,
      rotateKeys: async () => {
        const useMeterKeys = await keys.reload();
        const address = await operator.rotate(); // all or none: a failure of either leaves both as they were
        useMeterKeys();
        return address;
      },
      close: async () => {
        clearInterval(seconding);
        await Promise.all([seconder.idle(), endForgetting()]);
        await metrics?.close();
        await oracle.stop().finally(operator.disconnect);
      },
    };
  } catch (error) {
    await metrics?.close();
    outbox?.close();
    operator.disconnect();
    throw error;
  }
}

/** Now, so that an outbox that was full has room, and each hour; the returned function ends it. */
function repeatForgetting(parts: ForgettingParts, log: Logger): () => Promise<void> {
  let running: Promise<void> | undefined;
  const forget = (): void => {
    running ??= forgetReadings(parts)
      .then(
        (readings) => log.debug({ readings }, "forgot old readings"),
        (error: unknown) => log.error({ err: error }, "old readings were not forgotten; it is tried again"),
      )
      .finally(() => (running = undefined));
  };
  forget();
  const timer = setInterval(forget, FORGET_EVERY_MILLISECONDS);
  return async () => {
    clearInterval(timer);
    await running;
  };
}

async function wire(parts: {
  readonly operator: OperatorChain;
  readonly outbox: SqliteOutbox;
  readonly source: Sources;
  readonly points: MeteringPoints;
  readonly keys: DeviceKeys;
  readonly offsetSeconds: number;
  readonly log: Logger;
}): Promise<{ readonly oracle: Oracle; readonly seconder: EstimateSeconder; readonly times: ChainTimes }> {
  const { operator, outbox, source, points, keys, offsetSeconds, log } = parts;
  const { chain } = operator; // what is only asked needs no new key
  const times = await ChainTimes.of(chain, (slotSeconds) => BigInt(systemClock.now()) / slotSeconds);
  const directory = new ChainDirectory(chain);
  const ledger = meterLedgerOf(chain);
  const slotClock = { slotSeconds: Number(times.slotSeconds), offsetSeconds };
  const isOwn = new Set(points.all.map(({ number }) => BigInt(number)));
  const silent = findSilent(outbox, silentOnChain(chain));
  const seconder = new EstimateSeconder({
    chainOf: () => operator.chain,
    directory,
    outbox,
    times,
    clock: systemClock,
  });
  const oracle = new Oracle({
    source,
    rules: standardRules(ledger),
    outbox,
    writer: new QuorumWriter(
      new LedgerWriter((readings) => submitTo(operator.chain)(readings)),
      quorumChain(() => operator.chain),
      (readings) =>
        source.tell(readings, times.slotSeconds).catch((error: unknown) => {
          log.warn({ err: error, readings: readings.length }, "other operators were not told of readings; again later");
        }),
    ),
    directory,
    times,
    clock: systemClock,
    log,
    sender: { drainAttempts: ATTEMPTS_OF_ONCE },
    sourcesAway: () => source.away,
    gateway: new MeteringDesk({
      ...{ points, keys, outbox, directory, times, ledger, slotClock, log },
      store: outbox.metering,
      clock: systemClock,
      operator: () => operator.key,
      stored: async (meter, slot) => (await readingsAt(operator.chain, { meters: [meter], slot }))[0],
    }),
    gapFiller: new ProfileEstimator({
      directory,
      history: outboxHistory(outbox),
      // the gateway makes the estimates of its own meters
      findSilent: (meters, slot) =>
        silent(
          meters.filter((meter) => !isOwn.has(meter)),
          slot,
        ),
      get operator() {
        return operator.key;
      },
      ledger,
      clock: slotClock,
    }),
  });
  return { oracle, seconder, times };
}

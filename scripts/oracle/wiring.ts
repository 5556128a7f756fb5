/** The parts of an oracle wired for a network that runs elsewhere. */
import type { Logger } from "pino";

import { meterLedgerOf } from "../../sdk/actions/readings.js";
import { utcOffsetSeconds } from "../inputs/local-time.js";

import { ChainDirectory, ChainTimes, silentOnChain, submitTo } from "./chain.js";
import type { OracleOptions } from "./command.js";
import { EstimateSeconder } from "./estimate-seconder.js";
import { findSilent, outboxHistory, ProfileEstimator } from "./gap-filler.js";
import { LedgerWriter } from "./ledger-writer.js";
import { serveMetrics, type MetricsServer } from "./metrics.js";
import { openSource, Sources, type Environment } from "./open-sources.js";
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

/** A running oracle with what must be closed after it. */
export interface RunningOracle {
  readonly oracle: Oracle;
  /** Where metrics are, if they were asked for. */
  readonly metrics: string | undefined;
  /** Loads the operator's key again and goes on with it; returns its address. */
  rotateKey(): Promise<string>;
  close(): Promise<void>;
}

/** Wires an oracle for the network and starts it; refuses by name what it can't work with. */
export async function startOracle(
  options: OracleOptions,
  environment: Environment,
  log: Logger,
): Promise<RunningOracle> {
  const offsetSeconds = utcOffsetSeconds(options.utcOffset);
  const sources = await Promise.all(options.sources.map((source) => openSource(source, environment, log)));
  const operator = await OperatorChain.open(options, environment);
  let metrics: MetricsServer | undefined;
  let outbox: SqliteOutbox | undefined;
  try {
    outbox = new SqliteOutbox(options.db, { maxBytes: options.maxBytes });
    const { oracle, seconder } = await wire(operator, outbox, new Sources(sources), offsetSeconds, log);
    if (options.metricsPort !== undefined) metrics = await serveMetrics(options.metricsPort, oracle, outbox);
    await oracle.start();
    const onError = (error: unknown): void =>
      log.error({ err: error }, "estimates were not seconded; it is tried again");
    const seconding = setInterval(() => void seconder.second().catch(onError), SECOND_EVERY_MILLISECONDS);
    return {
      oracle,
      metrics: metrics?.url,
      rotateKey: () => operator.rotate(),
      close: async () => {
        clearInterval(seconding);
        await seconder.idle();
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

async function wire(
  operator: OperatorChain,
  outbox: SqliteOutbox,
  source: Sources,
  offsetSeconds: number,
  log: Logger,
): Promise<{ readonly oracle: Oracle; readonly seconder: EstimateSeconder }> {
  const { chain } = operator; // what is only asked needs no new key
  const times = await ChainTimes.of(chain, (slotSeconds) => BigInt(systemClock.now()) / slotSeconds);
  const directory = new ChainDirectory(chain);
  const ledger = meterLedgerOf(chain);
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
    ),
    directory,
    times,
    clock: systemClock,
    log,
    sender: { drainAttempts: ATTEMPTS_OF_ONCE },
    gapFiller: new ProfileEstimator({
      directory,
      history: outboxHistory(outbox),
      findSilent: findSilent(outbox, silentOnChain(chain)),
      get operator() {
        return operator.key;
      },
      ledger,
      clock: { slotSeconds: Number(times.slotSeconds), offsetSeconds },
    }),
  });
  return { oracle, seconder };
}

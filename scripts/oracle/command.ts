/** `npm run oracle`: its options, and the parts wired for a network that runs elsewhere. */
import { Command } from "commander";
import { pino, stdTimeFunctions, type Logger } from "pino";

import { meterLedgerOf } from "../../sdk/actions/readings.js";
import { connectTransactionChain, endpointOf, openEndpoint, type TransactionChain } from "../../sdk/connect.js";
import { deploymentPath, readDeployment } from "../../sdk/node/deployments.js";
import { parseOffsetHours, utcOffsetSeconds } from "../inputs/local-time.js";

import { ChainDirectory, ChainTimes, silentOnChain, submitTo } from "./chain.js";
import { OracleSetupError } from "./error.js";
import { findSilent, outboxHistory, ProfileEstimator } from "./gap-filler.js";
import { loadKey } from "../inputs/keys.js";
import { LedgerWriter } from "./ledger-writer.js";
import { MqttSource } from "./mqtt-source.js";
import { Oracle } from "./oracle.js";
import { SqliteOutbox } from "./outbox.js";
import { standardRules } from "./rules.js";
import { systemClock } from "./types.js";

/** User and password of the broker, where it asks for them. */
const BROKER_USER_VARIABLE = "COMMONWATT_MQTT_USERNAME";
const BROKER_PASSWORD_VARIABLE = "COMMONWATT_MQTT_PASSWORD";

/** With `--once`: failures in a row after which it gives up; what was accepted waits on disk. */
const ATTEMPTS_OF_ONCE = 5;

export interface OracleOptions {
  readonly network: string;
  readonly rpc?: string;
  readonly broker: string;
  readonly clientId: string;
  readonly db: string;
  readonly keystore?: string;
  readonly passwordFile?: string;
  readonly utcOffset: number;
  readonly once: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** A running oracle with what must be closed after it. */
export interface RunningOracle {
  readonly oracle: Oracle;
  close(): Promise<void>;
}

/** Parses the command line; bad input ends it with exit code 2. */
export function parseOptions(argv: readonly string[]): OracleOptions {
  return new Command("oracle")
    .description("Takes meter readings from an MQTT broker and brings them onto the transaction chain.")
    .option("--network <name>", "local, besu, or a deployment file", "local")
    .option("--rpc <url>", "endpoint of the transaction chain (default: the deployment file's)")
    .option(
      "--broker <url>",
      `MQTT broker; ${BROKER_USER_VARIABLE} and ${BROKER_PASSWORD_VARIABLE} in the environment`,
      "mqtt://127.0.0.1:1883",
    )
    .option("--client-id <id>", "name of the broker's persistent session; another for each oracle", "commonwatt-oracle")
    .option("--db <file>", "the outbox", "oracle.sqlite")
    .option(
      "--keystore <file>",
      "encrypted key of the metering operator; else COMMONWATT_PRIVATE_KEY in the environment",
    )
    .option("--password-file <file>", "password of the keystore; else COMMONWATT_KEYSTORE_PASSWORD in the environment")
    .option("--utc-offset <hours>", "clock by which estimates tell the hours and weekdays", parseOffsetHours, 0)
    .option("--once", "bring what waits in broker and outbox onto the chain, then end", false)
    .allowExcessArguments(false)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .parse([...argv], { from: "user" })
    .opts<OracleOptions>();
}

/** A logger for people's log collectors: JSON lines on standard error, secrets cut out should one ever get in. */
export function oracleLog(level = "info"): Logger {
  const redact = ["*.privateKey", "*.password", "*.mnemonic", "privateKey", "password", "mnemonic"];
  return pino({ name: "oracle", level, redact, timestamp: stdTimeFunctions.isoTime }, pino.destination(2));
}

/** Wires an oracle for the network and starts it; refuses by name what it can't work with. */
export async function startOracle(
  options: OracleOptions,
  environment: Environment,
  log: Logger,
): Promise<RunningOracle> {
  const offsetSeconds = utcOffsetSeconds(options.utcOffset);
  const broker = checkedBroker(options.broker);
  const wallet = await loadKey(options, environment);
  const { chain, disconnect } = await connectChain(options, wallet);
  try {
    const outbox = new SqliteOutbox(options.db);
    const times = await ChainTimes.of(chain, (slotSeconds) => BigInt(systemClock.now()) / slotSeconds);
    const directory = new ChainDirectory(chain);
    const ledger = meterLedgerOf(chain);
    const oracle = new Oracle({
      source: new MqttSource({
        url: broker,
        clientId: options.clientId,
        username: environment[BROKER_USER_VARIABLE],
        password: environment[BROKER_PASSWORD_VARIABLE],
        log,
      }),
      rules: standardRules(ledger),
      outbox,
      writer: new LedgerWriter(submitTo(chain)),
      directory,
      times,
      clock: systemClock,
      log,
      sender: { drainAttempts: ATTEMPTS_OF_ONCE },
      gapFiller: new ProfileEstimator({
        directory,
        history: outboxHistory(outbox),
        findSilent: findSilent(outbox, silentOnChain(chain)),
        operator: wallet,
        ledger,
        clock: { slotSeconds: Number(times.slotSeconds), offsetSeconds },
      }),
    });
    await oracle.start();
    return { oracle, close: () => oracle.stop().finally(disconnect) };
  } catch (error) {
    disconnect();
    throw error;
  }
}

async function connectChain(
  { network, rpc }: OracleOptions,
  wallet: Awaited<ReturnType<typeof loadKey>>,
): Promise<{ chain: TransactionChain; disconnect: () => void }> {
  const isFile = network.endsWith(".json") || network.includes("/");
  const deployment = await readDeployment(isFile ? network : deploymentPath(network));
  const provider = await openEndpoint(endpointOf(deployment, "transaction", rpc), deployment, "transaction");
  try {
    const signer = wallet.connect(provider) as typeof wallet & { readonly provider: typeof provider };
    return { chain: await connectTransactionChain(deployment, signer), disconnect: () => provider.destroy() };
  } catch (error) {
    provider.destroy();
    throw error;
  }
}

function checkedBroker(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^(mqtts?|wss?):$/.test(url.protocol)) {
    throw new OracleSetupError(
      "--broker",
      "this is not the URL of an MQTT broker",
      "Write it like mqtt://127.0.0.1:1883.",
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new OracleSetupError(
      "--broker",
      "a user or password on the command line can be seen by others",
      `Set ${BROKER_USER_VARIABLE} and ${BROKER_PASSWORD_VARIABLE} in the environment.`,
    );
  }
  return text;
}

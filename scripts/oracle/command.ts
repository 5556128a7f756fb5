/** The command line of `npm run oracle`: its subcommands, options and log. */
import { Command, InvalidArgumentError } from "commander";
import { pino, stdTimeFunctions, type Logger } from "pino";

import { port, subcommand, time } from "../inputs/arguments.js";
import { PASSWORD_VARIABLE } from "../inputs/keys.js";
import { parseOffsetHours } from "../inputs/local-time.js";

import type { KeystoreOptions } from "./keystores.js";
import { MeteringPoints } from "./metering/points.js";
import { readSettings, type OracleSettings } from "./settings.js";
import type { SimulatedShelly } from "./simulated-shelly.js";

/** User and password of the broker, where it asks for them and the configuration names none. */
export const BROKER_USER_VARIABLE = "COMMONWATT_MQTT_USERNAME";
export const BROKER_PASSWORD_VARIABLE = "COMMONWATT_MQTT_PASSWORD";

const BROKER_HELP = `MQTT broker; ${BROKER_USER_VARIABLE} and ${BROKER_PASSWORD_VARIABLE} in the environment`;

export interface OracleOptions extends OracleSettings {
  readonly once: boolean;
}

export type OracleCommand =
  | { readonly name: "run"; readonly options: OracleOptions }
  | { readonly name: "check"; readonly options: OracleSettings }
  | { readonly name: "status"; readonly db: string; readonly json: boolean }
  | { readonly name: "keys"; readonly settings: OracleSettings }
  | { readonly name: "keystore"; readonly options: KeystoreOptions }
  | { readonly name: "simulate-shelly"; readonly shelly: Omit<SimulatedShelly, "username" | "password"> }
  /** Unix seconds. */
  | { readonly name: "replay"; readonly db: string; readonly from: number; readonly to: number };

interface Flags {
  readonly config?: string;
  readonly network: string;
  readonly rpc?: string;
  readonly broker: string;
  readonly clientId: string;
  readonly db: string;
  readonly maxMebibytes?: number;
  readonly keystore?: string;
  readonly passwordFile?: string;
  readonly utcOffset: number;
  readonly metricsPort?: number;
}

/** Stands with `--config`; all others say the same as it. */
const BESIDE_CONFIG: ReadonlySet<string> = new Set(["config", "once", "json"]);

/** Parses the command line; bad input ends it with exit code 2, or throws `InputError` where a file is at fault. */
export function parseCommand(argv: readonly string[]): OracleCommand {
  let parsed: OracleCommand | undefined;
  const program = new Command("oracle")
    .description("Takes meter readings from MQTT brokers and brings them onto the transaction chain.")
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  withSettings(program.command("run", { isDefault: true }).description("take readings until it is stopped (default)"))
    .option("--once", "bring what waits in broker and outbox onto the chain, then end", false)
    .action((flags: Flags & { once: boolean }, command: Command) => {
      parsed = { name: "run", options: { ...settingsOf(flags, command), once: flags.once } };
    });
  withSettings(subcommand(program, "check", "try every connection and say what is wrong")).action(
    (flags: Flags, command: Command) => {
      parsed = { name: "check", options: settingsOf(flags, command) };
    },
  );
  withOutbox(subcommand(program, "status", "how much waits, for how long, and what was refused, with reasons"))
    .option("--json", "one JSON object", false)
    .action((flags: Flags & { json: boolean }, command: Command) => {
      parsed = { name: "status", db: dbOf(flags, command), json: flags.json };
    });
  withOutbox(subcommand(program, "replay", "have what was refused in that time go through the rules again"))
    .argument("<from>", "first time, like 2026-07-01T00:00:00Z", time)
    .argument("<to>", "time from which on no more", time)
    .action((from: bigint, to: bigint, flags: Flags, command: Command) => {
      if (to <= from) command.error("error: TO must be later than FROM");
      parsed = { name: "replay", db: dbOf(flags, command), from: Number(from), to: Number(to) };
    });
  subcommand(program, "keys", "the addresses that meters' devices must be certified with, by meter")
    .requiredOption("--config <file>", "the configuration")
    .action((flags: { config: string }) => {
      parsed = { name: "keys", settings: readSettings(flags.config) };
    });
  subcommand(program, "keystore", "write an encrypted keystore: of a new seed phrase, for a gateway or an operator")
    .argument("<file>", "the file, which must not be there yet")
    .option("--password-file <file>", `its password; else ${PASSWORD_VARIABLE} in the environment`)
    .option("--as <name>", "of that key of a simulated network instead, e.g. 'meter of home 1'")
    .option("--network <name>", "that network: local, or a deployment file", "local")
    .action((file: string, flags: Omit<KeystoreOptions, "file">) => {
      parsed = { name: "keystore", options: { ...flags, file } };
    });
  subcommand(program, "simulate-shelly", "publish what a Shelly Pro EM would, until it is stopped")
    .option("--broker <url>", BROKER_HELP, "mqtt://127.0.0.1:1883")
    .option("--prefix <topic>", "the device's MQTT prefix", "shellyproem50-08f9e0e67204")
    .option("--watts <n>", "what the home draws; negative: feeds in", watts, 400)
    .option("--every <seconds>", "how often it publishes", seconds, 5)
    .action((flags: { broker: string; prefix: string; watts: number; every: number }) => {
      const { every, ...shelly } = flags;
      parsed = { name: "simulate-shelly", shelly: { ...shelly, everySeconds: every } };
    });
  for (const command of program.commands) {
    command.allowExcessArguments(false).exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  }
  program.parse([...argv], { from: "user" });
  if (parsed === undefined) throw new Error("commander ran no command");
  return parsed;
}

/** The options of `run`. */
export function parseOptions(argv: readonly string[]): OracleOptions {
  const command = parseCommand(argv);
  if (command.name !== "run") throw new Error(`this is '${command.name}'`);
  return command.options;
}

/** A logger for people's log collectors: JSON lines on standard error, secrets cut out should one ever get in. */
export function oracleLog(level = "info"): Logger {
  const redact = ["*.privateKey", "*.password", "*.mnemonic", "privateKey", "password", "mnemonic"];
  return pino({ name: "oracle", level, redact, timestamp: stdTimeFunctions.isoTime }, pino.destination(2));
}

function withOutbox(command: Command): Command {
  return command
    .option("--config <file>", "the configuration; instead of the other options")
    .option("--db <file>", "the outbox", "oracle.sqlite");
}

function withSettings(command: Command): Command {
  return withOutbox(command)
    .option("--network <name>", "local, besu, or a deployment file", "local")
    .option("--rpc <url>", "endpoint of the transaction chain (default: the deployment file's)")
    .option("--broker <url>", BROKER_HELP, "mqtt://127.0.0.1:1883")
    .option("--client-id <id>", "name of the broker's persistent session; another for each oracle", "commonwatt-oracle")
    .option("--max-mebibytes <n>", "readings are refused when the outbox would grow beyond it", mebibytes)
    .option(
      "--keystore <file>",
      "encrypted key of the metering operator; else COMMONWATT_PRIVATE_KEY in the environment",
    )
    .option("--password-file <file>", "password of the keystore; else COMMONWATT_KEYSTORE_PASSWORD in the environment")
    .option("--utc-offset <hours>", "clock by which estimates tell the hours and weekdays", parseOffsetHours, 0)
    .option("--metrics-port <port>", "serve metrics and health there, on loopback", port);
}

function settingsOf(flags: Flags, command: Command): OracleSettings {
  if (flags.config !== undefined) return configured(flags.config, command);
  const { network, rpc, keystore, passwordFile, db, utcOffset, metricsPort, broker, clientId, maxMebibytes } = flags;
  const source = { type: "mqtt" as const, url: broker, clientId, publish: false, meters: [], place: "--broker" };
  const points = new MeteringPoints([], { file: "--broker" }, [], []);
  const maxBytes = maxMebibytes && maxMebibytes * 2 ** 20;
  return { network, rpc, keystore, passwordFile, db, maxBytes, utcOffset, metricsPort, sources: [source], points };
}

function dbOf(flags: Flags, command: Command): string {
  return flags.config === undefined ? flags.db : configured(flags.config, command).db;
}

function configured(file: string, command: Command): OracleSettings {
  const other = command.options.find((option) => {
    const name = option.attributeName();
    return !BESIDE_CONFIG.has(name) && command.getOptionValueSource(name) === "cli";
  });
  if (other !== undefined) {
    command.error(`error: option '${other.flags}' cannot be used with '--config': the file says it all`);
  }
  return readSettings(file);
}

function watts(given: string): number {
  if (/^-?\d{1,6}$/.test(given)) return Number(given);
  throw new InvalidArgumentError("Give a whole number of W.");
}

function seconds(given: string): number {
  if (/^[1-9]\d{0,4}$/.test(given)) return Number(given);
  throw new InvalidArgumentError("Give a whole number of seconds.");
}

function mebibytes(given: string): number {
  if (/^[1-9]\d{0,8}$/.test(given)) return Number(given);
  throw new InvalidArgumentError("Give a whole number of MiB.");
}

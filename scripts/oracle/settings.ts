/** What an oracle is told: by one configuration file (JSON, checked by schema), or by the options of the command line. */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

import { z } from "zod";

import { InputError } from "../inputs/error.js";

import { keySchema, MeteringPoints, pointSchema, type PlacedReader } from "./metering/points.js";
import type { KeySettings } from "./metering/keys.js";
import { fileSourceSchema, messageSourceSchema, parseFixedZone, type FileSource } from "./sources/index.js";

const text = z.string().min(1);

/** Files in PEM form, for `mqtts` alone. */
const tlsSchema = z
  .strictObject({
    /** Whose certificates the broker's may be of; default: those that Node trusts. */
    ca: text.optional(),
    /** The oracle's own certificate and its key, where the broker asks for one. */
    cert: text.optional(),
    key: text.optional(),
    keyPasswordFile: text.optional(),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), "cert and key go together: name both")
  .refine(({ key, keyPasswordFile }) => keyPasswordFile === undefined || key !== undefined, {
    path: ["keyPasswordFile"],
    message: "there is no key that it could open: name key too",
  });

/** A broker. Passwords stand in files or in the environment, never here. */
const mqttSchema = z.strictObject({
  type: z.literal("mqtt"),
  /** Of the protocol: 4 is MQTT 3.1.1, the default, 5 is MQTT 5. */
  version: z.union([z.literal(4), z.literal(5)], "4 (MQTT 3.1.1) or 5").optional(),
  tls: tlsSchema.optional(),
  /** `mqtt://host:port` or `mqtts://...`, without user and password. */
  url: text,
  /** Name of the broker's persistent session; another for each oracle. */
  clientId: text.default("commonwatt-oracle"),
  username: text.optional(),
  passwordFile: text.optional(),
  /** Signed readings that wait for other operators' attestations are published there, for their oracles. */
  publish: z.boolean().default(false),
  /** What meters send there that don't sign themselves. */
  meters: z.array(messageSourceSchema).default([]),
});

/** Told apart by `type`. */
const sourceSchema = z.discriminatedUnion("type", [mqttSchema, fileSourceSchema]);

const settingsSchema = z.strictObject({
  /** `local`, `besu` or a deployment file. */
  network: text,
  /** Endpoint of the transaction chain; default: the deployment file's. */
  rpc: text.optional(),
  /** Of the metering operator; default: COMMONWATT_PRIVATE_KEY in the environment. */
  key: keySchema.optional(),
  /** Its phrase makes the keys of the meters that can't sign themselves; default: COMMONWATT_GATEWAY_PHRASE. */
  gateway: keySchema.optional(),
  /** Those meters. */
  meters: z.array(pointSchema).default([]),
  outbox: z.strictObject({
    file: text,
    /** Readings are refused beyond it; default: the disk's end. */
    maxMebibytes: z.number().int().min(1).optional(),
  }),
  /** Clock by which estimates tell the hours and weekdays, from -12 to 14. */
  utcOffsetHours: z.number().default(0),
  /** Metrics and health, on loopback; default: none. */
  metrics: z.strictObject({ port: z.number().int().min(0).max(65_535) }).optional(),
  sources: z.array(sourceSchema).min(1),
});

/** Where a source was named, for errors about it. */
interface Placed {
  readonly place: string;
}

export type MqttSettings = z.infer<typeof mqttSchema> & Placed;
export type FilesSettings = z.infer<typeof fileSourceSchema> & Placed;
export type PlacedSource = MqttSettings | FilesSettings;

export interface OracleSettings {
  readonly network: string;
  readonly rpc?: string | undefined;
  readonly keystore?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly db: string;
  readonly maxBytes?: number | undefined;
  readonly utcOffset: number;
  readonly metricsPort?: number | undefined;
  readonly sources: readonly PlacedSource[];
  readonly gateway?: KeySettings | undefined;
  readonly points: MeteringPoints;
}

/** Reads a configuration file; its paths are seen from its folder. Throws `InputError` with the place and the fault. */
export function readSettings(file: string): OracleSettings {
  const result = settingsSchema.safeParse(parse(file));
  if (!result.success) {
    const [issue] = result.error.issues;
    const place = issue?.path.join(".") || "the file";
    const advice = "See docs/oracle.md and docs/examples for the form";
    throw new InputError({ file }, `${place}: ${issue?.message ?? "not valid"}`, advice);
  }
  const { network, rpc, key, gateway, meters, outbox, utcOffsetHours, metrics } = result.data;
  const at = (path: string): string => resolve(dirname(file), path);
  const optional = (path: string | undefined): string | undefined => path && at(path);
  const keyAt = ({ keystore, passwordFile }: KeySettings): KeySettings => {
    return { keystore: at(keystore), passwordFile: optional(passwordFile) };
  };
  const sources = result.data.sources.map((source, index): PlacedSource => {
    const place = `${file}: sources.${index}`;
    return source.type === "mqtt"
      ? {
          ...source,
          passwordFile: optional(source.passwordFile),
          ...(source.tls && { tls: tlsAt(source.tls, optional) }),
          place: `${place}.url`,
        }
      : { ...source, path: at(source.path), place: `${place}.path` };
  });
  return {
    network: isDeploymentFile(network) ? at(network) : network,
    rpc,
    keystore: optional(key?.keystore),
    passwordFile: optional(key?.passwordFile),
    db: at(outbox.file),
    maxBytes: outbox.maxMebibytes && outbox.maxMebibytes * 2 ** 20,
    utcOffset: utcOffsetHours,
    metricsPort: metrics?.port,
    sources,
    gateway: gateway && keyAt(gateway),
    points: new MeteringPoints(
      meters.map(({ key: own, ...point }) => ({ ...point, key: own && keyAt(own) })),
      { file },
      sources.flatMap((source, index) => readersOf(source, `${file}: sources.${index}`)),
      sources.filter((source) => source.type === "files").map(filesOf),
    ),
  };
}

function readersOf(source: PlacedSource, place: string): PlacedReader[] {
  if (source.type !== "mqtt") return [];
  return source.meters.map((meter, index) => ({ source: meter, place: { file: `${place}.meters.${index}` } }));
}

function filesOf({ format, path, zone, place }: FilesSettings): FileSource {
  parseFixedZone(zone, { file: place.replace(/path$/, "zone") });
  return { format, path, zone };
}

function tlsAt(
  { ca, cert, key, keyPasswordFile }: NonNullable<MqttSettings["tls"]>,
  at: (path: string | undefined) => string | undefined,
): MqttSettings["tls"] {
  return { ca: at(ca), cert: at(cert), key: at(key), keyPasswordFile: at(keyPasswordFile) };
}

/** A network is a name, or the path of a deployment file. */
export function isDeploymentFile(network: string): boolean {
  return network.endsWith(".json") || network.includes("/");
}

function parse(file: string): unknown {
  let content: string;
  try {
    content = readFileSync(file, "utf8");
  } catch (cause) {
    const problem = `the file can't be read (${(cause as Error).message})`;
    throw new InputError({ file }, problem, "Check the path and the rights on it", { cause });
  }
  try {
    return JSON.parse(content);
  } catch (cause) {
    const { message } = cause as Error;
    const [, offset] = /at position (\d+)/.exec(message) ?? [];
    const line = offset === undefined ? undefined : content.slice(0, Number(offset)).split("\n").length;
    throw new InputError({ file, ...(line && { line }) }, "this is no JSON", "Check commas, quotes and braces there", {
      cause,
    });
  }
}

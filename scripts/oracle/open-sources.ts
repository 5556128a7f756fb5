/** Sources as the settings name them, several as one. */
import type { Logger } from "pino";

import { bySignature, type SignedReading } from "../../sdk/signing/readings.js";
import { passwordOf } from "../inputs/keys.js";

import { BROKER_PASSWORD_VARIABLE, BROKER_USER_VARIABLE } from "./command.js";
import { OracleSetupError } from "./error.js";
import { MqttSource, type MeterTopic } from "./mqtt-source.js";
import { readTls } from "./mqtt-tls.js";
import { FilesSource } from "./file-source.js";
import type { MeteringPoints } from "./metering/points.js";
import type { MqttSettings, PlacedSource } from "./settings.js";
import { formatReadings, topicOf } from "./payload.js";
import type { Accept, Outbox, ReadingSource } from "./types.js";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface SourceParts {
  readonly points: MeteringPoints;
  readonly environment: Environment;
  readonly log: Logger;
  /** Where it is remembered which files were read. */
  readonly marks: Pick<Outbox, "mark" | "setMark">;
  /** A session of its own that ends with the connection, so that a running oracle keeps its. */
  readonly isTrial?: boolean;
}

export async function openSource(source: PlacedSource, parts: SourceParts): Promise<ReadingSource> {
  return source.type === "mqtt" ? openBroker(source, parts) : new FilesSource({ ...source, ...parts });
}

async function openBroker(source: MqttSettings, parts: SourceParts): Promise<MqttSource> {
  const { environment, log, points, isTrial = false } = parts;
  const { url, clientId, passwordFile, version, tls } = source;
  checkBroker(source);
  return new MqttSource({
    url,
    clientId: isTrial ? `${clientId}-check-${process.pid}` : clientId,
    clean: isTrial,
    meterTopics: topicsOf(source, points),
    username: source.username ?? environment[BROKER_USER_VARIABLE],
    password:
      passwordFile === undefined ? environment[BROKER_PASSWORD_VARIABLE] : await passwordOf(passwordFile, environment),
    version,
    tls: tls && (await readTls(tls, source.place)),
    log,
  });
}

/** All of them; starts as a whole or not at all. */
export class Sources implements ReadingSource {
  readonly #sources: readonly ReadingSource[];
  readonly #publishing: readonly MqttSource[];

  /** @param publishing those of them on which other operators' oracles listen */
  constructor(sources: readonly ReadingSource[], publishing: readonly MqttSource[] = []) {
    this.#sources = sources;
    this.#publishing = publishing;
  }

  /** Opens them as the settings name them. */
  static async open(all: readonly PlacedSource[], parts: SourceParts): Promise<Sources> {
    const opened = await Promise.all(
      all.map(async (settings) => ({ settings, source: await openSource(settings, parts) })),
    );
    const publishing = opened.flatMap(({ settings, source }) => {
      return settings.type === "mqtt" && settings.publish && source instanceof MqttSource ? [source] : [];
    });
    return new Sources(
      opened.map(({ source }) => source),
      publishing,
    );
  }

  /** Brokers that are away now. */
  get away(): number {
    return this.#sources.filter((source) => source instanceof MqttSource && !source.isConnected).length;
  }

  /** Publishes readings as their meters would, for other operators' oracles; rejects where a broker does not take them. */
  async tell(readings: readonly SignedReading[], slotSeconds: bigint): Promise<void> {
    const messages = bySignature(readings).map((signed) => {
      return [topicOf(signed[0]?.meter ?? 0n), formatReadings(signed, slotSeconds)] as const;
    });
    await Promise.all(this.#publishing.flatMap((source) => messages.map((message) => source.publish(...message))));
  }

  async start(accept: Accept): Promise<void> {
    const started: ReadingSource[] = [];
    try {
      for (const source of this.#sources) {
        await source.start(accept);
        started.push(source);
      }
    } catch (error) {
      await Promise.allSettled(started.map((source) => source.stop()));
      throw error;
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.stop()));
  }
}

/** A topic that several meters share is taken at 1 only if all of them have a clock. */
function topicsOf({ meters }: MqttSettings, points: MeteringPoints): MeterTopic[] {
  const named = new Set(meters.map(({ meter }) => meter));
  return points.topics
    .map((topic) => ({ topic, readers: points.readersOf(topic) }))
    .filter(({ readers }) => readers.some(({ meter }) => named.has(meter)))
    .map(({ topic, readers }) => ({ topic, qos: readers.every(({ hasClock }) => hasClock) ? 1 : 0 }));
}

function checkBroker({ url: text, place, tls }: MqttSettings): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^(mqtts?|wss?):$/.test(url.protocol)) {
    throw new OracleSetupError(place, "this is not the URL of an MQTT broker", "Write it like mqtt://127.0.0.1:1883.");
  }
  if (url.username !== "" || url.password !== "") {
    throw new OracleSetupError(
      place,
      "a user or password in the URL can be seen by others",
      `Set ${BROKER_USER_VARIABLE} and ${BROKER_PASSWORD_VARIABLE} in the environment, or name a password file.`,
    );
  }
  if (tls !== undefined && url.protocol !== "mqtts:") {
    const advice = "Write it like mqtts://broker.example:8883, or leave tls out.";
    throw new OracleSetupError(place, `tls is given, but ${url.protocol}// is not encrypted by it`, advice);
  }
}

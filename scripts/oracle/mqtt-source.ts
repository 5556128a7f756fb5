/**
 * Readings from an MQTT broker: one persistent session under a fixed client id, QoS 1. The broker gets its PUBACK only
 * after the reading is on disk; when it can't be written, the connection is dropped, and the broker delivers again
 * whatever it got no PUBACK for. Messages are taken ahead of their PUBACKs, so that many share a disk write.
 */
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import type { Logger } from "pino";

import { OracleSetupError } from "./error.js";
import { takeAhead } from "./mqtt-acks.js";
import { READING_TOPICS } from "./payload.js";
import type { Accept, ReadingSource } from "./types.js";

export interface MqttSourceOptions {
  /** `mqtt://host:port` or `mqtts://...`, without user and password. */
  readonly url: string;
  /** The session's name: the same in every run, another for every oracle. */
  readonly clientId: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Topics of meters that the oracle signs for, besides those of signed readings. */
  readonly meterTopics?: readonly MeterTopic[];
  readonly log: Logger;
  /** Pause before connecting again. */
  readonly reconnectMilliseconds?: number;
  /** How long the broker may take to answer at the start. */
  readonly connectMilliseconds?: number;
  /** A session that ends with the connection, to try it. */
  readonly clean?: boolean;
}

/**
 * A topic with the quality of service it is taken at. 0 for meters without a clock: what the broker kept while the
 * oracle was away would count as of now, and their registers lose nothing by a value that never came.
 */
export interface MeterTopic {
  readonly topic: string;
  readonly qos: 0 | 1;
}

const READINGS: MeterTopic = { topic: READING_TOPICS, qos: 1 };

export class MqttSource implements ReadingSource {
  readonly #options: MqttSourceOptions;
  #client: MqttClient | undefined;
  #stopping = false;

  constructor(options: MqttSourceOptions) {
    this.#options = options;
  }

  async start(accept: Accept): Promise<void> {
    const { url } = this.#options;
    const client = connect(url, this.#clientOptions());
    this.#client = client;
    takeAhead(client, accept, (error) => this.#dropConnection(client, error));
    try {
      await connected(client);
      for (const wanted of [READINGS, ...(this.#options.meterTopics ?? [])]) await subscribe(client, wanted);
    } catch (cause) {
      client.end(true);
      throw new OracleSetupError(
        url,
        `the broker can't be used (${(cause as Error).message})`,
        "Start it, or name the right one with --broker (user and password in the environment).",
        { cause },
      );
    }
    this.#report(client);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#client?.endAsync();
  }

  #clientOptions(): IClientOptions {
    const {
      clientId,
      username,
      password,
      reconnectMilliseconds = 1000,
      connectMilliseconds = 10_000,
      clean = false,
    } = this.#options;
    return {
      clientId,
      clean,
      protocolVersion: 4,
      reconnectPeriod: reconnectMilliseconds,
      connectTimeout: connectMilliseconds,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    };
  }

  #dropConnection(client: MqttClient, error: unknown): void {
    this.#options.log.error({ err: error }, "a reading could not be kept: it stays with the broker, connecting again");
    client.stream.destroy();
  }

  #report(client: MqttClient): void {
    const { log, url } = this.#options;
    client.on("connect", () => log.info({ broker: url }, "connected to the broker again"));
    client.on("close", () => {
      if (!this.#stopping) log.warn({ broker: url }, "the broker is away; connecting again");
    });
    client.on("error", (error) => log.warn({ broker: url, err: error }, "the broker's connection failed"));
  }
}

function connected(client: MqttClient): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (action: () => void): void => {
      client.off("connect", onConnect);
      client.off("error", onError);
      client.off("close", onClose);
      action();
    };
    const onConnect = (): void => settle(resolve);
    const onError = (error: Error): void => settle(() => reject(error));
    const onClose = (): void => settle(() => reject(new Error("no answer")));
    client.once("connect", onConnect).once("error", onError).once("close", onClose);
  });
}

async function subscribe(client: MqttClient, { topic, qos }: MeterTopic): Promise<void> {
  const grants = await client.subscribeAsync(topic, { qos });
  const refused = grants.find((grant) => grant.qos !== qos);
  if (refused !== undefined) throw new Error(`it doesn't grant QoS ${qos} on ${refused.topic}`);
}

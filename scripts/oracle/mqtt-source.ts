/**
 * Readings from an MQTT broker: one persistent session under a fixed client id, QoS 1. The broker gets its PUBACK only
 * after the reading is on disk; when it can't be written, the connection is dropped, and the broker delivers again
 * whatever it got no PUBACK for. Messages are taken ahead of their PUBACKs, so that many share a disk write.
 */
import { connect, type ErrorWithReasonCode, type IClientOptions, type MqttClient } from "mqtt";
import type { Logger } from "pino";

import { OracleSetupError } from "./error.js";
import { MOST_UNDER_WAY, takeAhead } from "./mqtt-acks.js";
import type { TlsIdentity } from "./mqtt-tls.js";
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
  /** Of the protocol: 4 (3.1.1, default) or 5. */
  readonly version?: 4 | 5 | undefined;
  /** For `mqtts`: whom to trust, and who we are. Default: whom Node trusts, nobody. */
  readonly tls?: TlsIdentity | undefined;
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
/** MQTT 5: a session that never ends by itself, as those of 3.1.1; the broker may bound it. */
const NEVER = 0xffff_ffff;
/** MQTT 5: from here on, a reason code says that something failed. */
const FAILED = 0x80;

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
        `the broker can't be used (${reasonOf(cause)})`,
        "Start it, or name the right one (--broker, or url in the configuration), its user and password, or its certificates.",
        { cause },
      );
    }
    this.#report(client);
  }

  /** Whether the connection is there now. */
  get isConnected(): boolean {
    return this.#client?.connected === true;
  }

  /** Resolves once the broker has taken the message; rejects when it refuses, or is away. */
  async publish(topic: string, text: string): Promise<void> {
    const client = this.#client;
    if (client?.connected !== true) throw new Error(`${this.#options.url} is away`); // what would wait is told again
    await client.publishAsync(topic, text, { qos: 1 });
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
      version = 4,
      tls = {},
    } = this.#options;
    const session = { sessionExpiryInterval: clean ? 0 : NEVER, receiveMaximum: MOST_UNDER_WAY };
    return {
      ...tls,
      clientId,
      clean,
      protocolVersion: version,
      ...(version === 5 ? { properties: session } : {}),
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
    client.on("disconnect", ({ reasonCode = 0, properties }) => {
      const reason = properties?.reasonString;
      if (reasonCode >= FAILED) log.warn({ broker: url, reasonCode, reason }, "the broker ends the connection");
    });
    client.on("error", (error) => log.warn({ broker: url, err: error }, "the broker's connection failed"));
  }
}

function connected(client: MqttClient): Promise<void> {
  return new Promise((resolve, reject) => {
    let broken = new Error("no answer");
    const settle = (action: () => void): void => {
      client.off("connect", onConnect);
      client.off("error", onError);
      client.off("close", onClose);
      action();
    };
    const onConnect = (): void => settle(resolve);
    const onError = (error: Error): void => settle(() => reject(error));
    const onClose = (): void => settle(() => reject(broken));
    client.once("connect", onConnect).once("error", onError).once("close", onClose);
    // a broker that refuses our certificate says so after the handshake, where MQTT.js no longer listens
    client.stream.once("error", (error: Error) => (broken = error));
  });
}

async function subscribe(client: MqttClient, { topic, qos }: MeterTopic): Promise<void> {
  const grants = await client.subscribeAsync(topic, { qos });
  const refused = grants.find((grant) => grant.qos !== qos);
  if (refused !== undefined) throw new Error(`it doesn't grant QoS ${qos} on ${refused.topic}`);
}

/** The broker's own reason with its code, where it gave one. */
function reasonOf(error: unknown): string {
  const { message, code } = error as ErrorWithReasonCode;
  return typeof code === "number" ? `${message}, reason code ${code}` : message;
}

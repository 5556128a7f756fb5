/** The meters' side of the broker, for simulations and tests: publishes readings that their keys have signed. */
import { connectAsync, type MqttClient } from "mqtt";

import { bySignature, type SignedReading } from "../../sdk/signing/readings.js";

import { formatReadings, topicOf } from "./payload.js";

/** A connection over which simulated meters publish. */
export class MeterLink {
  readonly #client: MqttClient;
  readonly #slotSeconds: bigint;

  private constructor(client: MqttClient, slotSeconds: bigint) {
    this.#client = client;
    this.#slotSeconds = slotSeconds;
  }

  /** Connects to the broker; rejects when it isn't there. */
  static async connect(url: string, slotSeconds: bigint): Promise<MeterLink> {
    return new MeterLink(await connectAsync(url, { reconnectPeriod: 500 }, false), slotSeconds);
  }

  /** Publishes a message a signature; resolves to their number once the broker has taken all of them. */
  async publish(readings: readonly SignedReading[]): Promise<number> {
    const messages = bySignature(readings).map((signed) => {
      const text = formatReadings(signed, this.#slotSeconds);
      return this.#client.publishAsync(topicOf(signed[0]?.meter ?? 0n), text, { qos: 1 });
    });
    return (await Promise.all(messages)).length;
  }

  async close(): Promise<void> {
    await this.#client.endAsync();
  }
}

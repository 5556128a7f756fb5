/** The meters' side of the broker, for simulations and tests: publishes readings that their keys have signed. */
import { connectAsync, type MqttClient } from "mqtt";

import type { SignedReading } from "../../sdk/signing/readings.js";

import { formatReading, topicOf } from "./payload.js";

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

  /** Publishes readings; resolves once the broker has taken all of them. */
  async publish(readings: readonly SignedReading[]): Promise<void> {
    await Promise.all(
      readings.map((reading) => {
        const text = formatReading(reading, this.#slotSeconds);
        return this.#client.publishAsync(topicOf(reading.meter), text, { qos: 1 });
      }),
    );
  }

  async close(): Promise<void> {
    await this.#client.endAsync();
  }
}

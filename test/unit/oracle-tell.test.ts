import { expect } from "chai";
import { connectAsync } from "mqtt";

import { startBroker } from "../../scripts/oracle/broker.js";
import { Sources } from "../../scripts/oracle/open-sources.js";
import type { MqttSettings } from "../../scripts/oracle/settings.js";
import { parseReadings, READING_TOPICS, topicOf } from "../../scripts/oracle/payload.js";
import { readingOf, rejectionOf, seriesOfReadings, SLOT_SECONDS, SOURCE_PARTS } from "../utils/oracle.js";

describe("Telling other operators' oracles of readings", () => {
  it("publishes them as their meters would, where the configuration says so", async () => {
    const broker = await startBroker();
    const other = await connectAsync(broker.url);
    const heard = new Map<string, Buffer>();
    other.on("message", (topic, payload) => void heard.set(topic, payload));
    await other.subscribeAsync(READING_TOPICS, { qos: 1 });
    const settings: MqttSettings = {
      type: "mqtt",
      url: broker.url,
      clientId: "teller",
      publish: true,
      meters: [],
      place: "the test",
    };
    const silent = await Sources.open([{ ...settings, clientId: "silent", publish: false }], SOURCE_PARTS);
    const telling = await Sources.open([settings], SOURCE_PARTS);
    try {
      for (const sources of [silent, telling]) await sources.start(() => Promise.resolve());
      expect([silent.away, telling.away]).to.deep.equal([0, 0]);
      const series = await seriesOfReadings(3);
      const single = await readingOf({ meter: 2n });
      await silent.tell([single], SLOT_SECONDS);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(heard.size).to.equal(0);
      await telling.tell([...series, single], SLOT_SECONDS);
      while (heard.size < 2) await new Promise((resolve) => setTimeout(resolve, 10));
      expect(parseReadings(heard.get(topicOf(1n)) ?? Buffer.of(), SLOT_SECONDS)).to.deep.equal(series);
      expect(parseReadings(heard.get(topicOf(2n)) ?? Buffer.of(), SLOT_SECONDS)).to.deep.equal([single]);
    } finally {
      await other.endAsync();
      for (const sources of [silent, telling]) await sources.stop();
      await broker.close();
    }
    expect((await rejectionOf(telling.tell([await readingOf()], SLOT_SECONDS))).message).to.include("is away");
  });
});

import { expect } from "chai";
import type { MqttClient } from "mqtt";

import { Intake } from "../../scripts/oracle/intake.js";
import { MOST_UNDER_WAY, takeAhead } from "../../scripts/oracle/mqtt-acks.js";
import type { SourceMessage } from "../../scripts/oracle/types.js";

function messageOf(origin: string): SourceMessage {
  return { origin, payload: new Uint8Array() };
}

describe("The oracle's fair intake", () => {
  it("lets a meter pass a flood on another topic in its turn", async () => {
    const order: string[] = [];
    const intake = new Intake(async ({ origin }) => {
      order.push(origin);
      await turn();
    }, 1);
    const flood = Array.from({ length: 1_000 }, () => intake.push(messageOf("garbage")));
    const meter = intake.push(messageOf("meter"));
    expect(intake.waiting).to.equal(1_000);
    await meter;
    expect(order).to.deep.equal(["garbage", "garbage", "meter"]); // one had its turn before the meter came
    await Promise.all(flood);
    expect(order).to.have.length(1_001);
  });

  it("goes on with others while one topic's message waits for the chain", async () => {
    let release: () => void = () => undefined;
    const stuck = new Promise<void>((resolve) => (release = resolve));
    const intake = new Intake(({ origin }) => (origin === "slow" ? stuck : Promise.resolve()), 2);
    const slow = [intake.push(messageOf("slow")), intake.push(messageOf("slow"))];
    for (let index = 0; index < 50; index += 1) await intake.push(messageOf(`meter ${index}`));
    expect(intake.waiting).to.equal(1);
    release();
    await Promise.all(slow);
  });

  it("keeps a topic's messages in order, and tells each what became of it", async () => {
    const seen: number[] = [];
    const intake = new Intake(async ({ payload }) => {
      await turn();
      seen.push(payload[0] ?? -1);
      if (payload[0] === 1) throw new Error("not this one");
    });
    const results = await Promise.allSettled(
      [0, 1, 2].map((number) => intake.push({ origin: "meter", payload: Uint8Array.of(number) })),
    );
    expect(seen).to.deep.equal([0, 1, 2]);
    expect(results.map(({ status }) => status)).to.deep.equal(["fulfilled", "rejected", "fulfilled"]);
  });
});

/** MQTT.js as far as it matters here: a message's PUBACK goes through `_sendPacket`, then comes the next message. */
class FakeClient {
  readonly sent: number[] = [];
  read = 0;
  handleMessage: (packet: { topic: string; payload: Buffer }, done: () => void) => void = () => undefined;
  #close: () => void = () => undefined;

  on(_: "close", listener: () => void): void {
    this.#close = listener;
  }

  close(): void {
    this.#close();
  }

  _sendPacket({ messageId }: { messageId: number }, done?: () => void): void {
    this.sent.push(messageId);
    done?.();
  }

  /** A message comes in. */
  receive(messageId: number): void {
    this.handleMessage({ topic: "t", payload: Buffer.from([messageId]) }, () => {
      this._sendPacket({ cmd: "puback", messageId } as { messageId: number }, () => (this.read += 1));
    });
  }
}

describe("PUBACKs", () => {
  function ahead(): { client: FakeClient; settle: ((error?: Error) => void)[]; lost: unknown[] } {
    const client = new FakeClient();
    const settle: ((error?: Error) => void)[] = [];
    const lost: unknown[] = [];
    const accept = (): Promise<void> =>
      new Promise((resolve, reject) => settle.push((error) => (error ? reject(error) : resolve())));
    takeAhead(client as unknown as MqttClient, accept, (error) => lost.push(error));
    return { client, settle, lost };
  }

  it("go out when the message is kept, in the order of the messages, which are read ahead", async () => {
    const { client, settle } = ahead();
    for (const id of [1, 2, 3]) client.receive(id);
    expect([client.read, client.sent]).to.deep.equal([3, []]);
    settle[1]?.();
    await turn();
    expect(client.sent).to.deep.equal([]);
    settle[0]?.();
    await turn();
    expect(client.sent).to.deep.equal([1, 2]);
    settle[2]?.();
    await turn();
    expect(client.sent).to.deep.equal([1, 2, 3]);
  });

  it("stay away from a message that was not kept and all after it, also on the next connection", async () => {
    const { client, settle, lost } = ahead();
    for (const id of [1, 2, 3]) client.receive(id);
    settle[0]?.();
    settle[1]?.(new Error("full"));
    settle[2]?.(new Error("full"));
    await turn();
    expect(client.sent).to.deep.equal([1]);
    expect(lost).to.have.length(1); // one connection is dropped once
    client.close();
    client.receive(4);
    settle[3]?.();
    await turn();
    expect(client.sent).to.deep.equal([1, 4]);
  });

  it("hold the connection when too much is under way", async () => {
    const { client, settle } = ahead();
    for (let id = 1; id <= MOST_UNDER_WAY; id += 1) client.receive(id);
    expect(client.read).to.equal(MOST_UNDER_WAY - 1);
    settle[0]?.();
    await turn();
    expect(client.read).to.equal(MOST_UNDER_WAY);
  });

  it("let other packets through", () => {
    const { client } = ahead();
    client._sendPacket({ cmd: "pingreq", messageId: 9 } as { messageId: number });
    expect(client.sent).to.deep.equal([9]);
  });
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

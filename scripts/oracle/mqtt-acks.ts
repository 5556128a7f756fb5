/**
 * Taking messages ahead of their PUBACKs. MQTT.js gives the next message only after the PUBACK of the one before, so
 * that each would wait for a disk write of its own. Here it may go on at once, and the PUBACK goes out when the message
 * is on disk, in the order in which they came, as MQTT demands. MQTT.js has no public way to it: its `_sendPacket` is
 * held for PUBACKs alone; without it messages are taken one by one, as the library does.
 */
import type { MqttClient } from "mqtt";

import type { Accept } from "./types.js";

/** Messages under way; beyond it the connection is read no further: the broker waits. */
export const MOST_UNDER_WAY = 2_000;

type SendPacket = (packet: { readonly cmd: string }, ...rest: unknown[]) => unknown;

/** Hands the client's messages to `accept`; `lost` is told of a message that was not kept, once a connection. */
export function takeAhead(client: MqttClient, accept: Accept, lost: (error: unknown) => void): void {
  let under = 0;
  let held: (() => void) | undefined;
  let acks = new Acks();
  const send = sendPacketOf(client, (packet, write) => acks.release(packet, write));
  client.on("close", () => {
    acks.drop(); // the broker brings again what it got no PUBACK for
    acks = new Acks();
  });
  client.handleMessage = ({ topic, payload, qos, retain }, done) => {
    const own = acks;
    const slot = qos === 0 ? undefined : own.open(); // nobody waits for a PUBACK of QoS 0
    const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
    under += 1;
    const ended = accept({ origin: topic, payload: bytes, isRetained: retain })
      .then(
        () => slot && own.kept(slot),
        (error: unknown) => {
          if (own.drop()) lost(error);
        },
      )
      .then(() => {
        under -= 1;
        held?.();
        held = undefined;
      });
    const goOn = (): void => {
      if (!own.isOpen) return; // of a connection that is gone
      if (slot !== undefined) own.expect(slot);
      done();
    };
    if (!send) void ended.then(() => own.isOpen && done());
    else if (under < MOST_UNDER_WAY) goOn();
    else held = goOn;
  };
}

interface Slot {
  isKept: boolean;
  write: (() => void) | undefined;
}

/** The PUBACKs of one connection, each sent when its message and all before it are kept. */
class Acks {
  readonly #slots: Slot[] = [];
  #expected: Slot | undefined;
  isOpen = true;

  open(): Slot {
    const slot: Slot = { isKept: false, write: undefined };
    this.#slots.push(slot);
    return slot;
  }

  /** The next PUBACK that the client sends is this one's. */
  expect(slot: Slot): void {
    this.#expected = slot;
  }

  /** Holds a packet if it is an expected PUBACK. */
  release(packet: { readonly cmd: string }, write: () => void): boolean {
    const slot = packet.cmd === "puback" ? this.#expected : undefined;
    if (slot === undefined) return false;
    this.#expected = undefined;
    slot.write = write;
    this.#flush();
    return true;
  }

  kept(slot: Slot): void {
    slot.isKept = true;
    this.#flush();
  }

  /** Ends it: none of the held ones goes out. Whether it was open. */
  drop(): boolean {
    const was = this.isOpen;
    this.isOpen = false;
    this.#slots.length = 0;
    return was;
  }

  #flush(): void {
    let first = this.#slots[0];
    while (first?.isKept === true && first.write !== undefined) {
      this.#slots.shift();
      first.write();
      first = this.#slots[0];
    }
  }
}

/** Puts `hold` before the client's sending of packets; false where the library has changed. */
function sendPacketOf(
  client: MqttClient,
  hold: (packet: { readonly cmd: string }, write: () => void) => boolean,
): boolean {
  const inner = client as unknown as { _sendPacket?: SendPacket };
  const original = inner._sendPacket;
  if (typeof original !== "function") return false;
  inner._sendPacket = (packet, ...rest) => {
    const [done, ...others] = rest;
    const isHeld = hold(packet, () => original.call(client, packet, undefined, ...others));
    if (!isHeld) return original.call(client, packet, ...rest);
    if (typeof done === "function") (done as () => void)();
    return undefined;
  };
  return true;
}

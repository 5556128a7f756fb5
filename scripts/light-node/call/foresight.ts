/**
 * What a call will read, by a peer's word: an access list saves a question for each word of storage. Nothing of it is
 * believed: words that it names are proven like all others, and those that it leaves out are read when they are needed.
 */
import { setTimeout as pause } from "node:timers/promises";

import { z } from "zod";

import type { Peers } from "../peers.js";
import { PeerFailure, PeerRefusal } from "../rpc-peer.js";
import { quantity } from "../rpc-objects.js";
import { rpcOf, type CallMessage } from "./call-params.js";
import type { CallContext } from "./execution.js";

const PATIENCE_MILLISECONDS = 2_000;
const NO_HINT = { accessList: [] };
const hintSchema = z.object({
  accessList: z.array(
    z.object({
      address: z
        .string()
        .regex(/^0x[0-9a-fA-F]{40}$/)
        .transform((text) => text.toLowerCase()),
      storageKeys: z.array(
        z
          .string()
          .regex(/^0x[0-9a-fA-F]{1,64}$/)
          .transform((text) => BigInt(text)),
      ),
    }),
  ),
});

export class Foresight {
  /** Peers that gave nothing: they are not asked again. */
  readonly #silent = new Set<string>();

  constructor(private readonly peers: Peers) {}

  async use({ proven, budget }: Pick<CallContext, "proven" | "budget">, message: CallMessage): Promise<void> {
    const peer = this.peers.inTurn().find(({ name }) => !this.#silent.has(name));
    // without code there are no words to read
    if (peer === undefined || message.to === undefined) return;
    if ((await proven.code(message.to, budget)).length === 0) return;
    const asked = peer.ask("eth_createAccessList", [rpcOf(message), quantity(proven.header.number)]);
    const late = pause(PATIENCE_MILLISECONDS, undefined, { ref: false });
    const told = await Promise.race([asked, late]).catch((error: unknown) => {
      // what reverts has no list with some nodes: the next call may have one
      if (error instanceof PeerRefusal && !error.isOfMethod) return NO_HINT;
      if (error instanceof PeerFailure) return undefined;
      throw error;
    });
    const hint = hintSchema.safeParse(told);
    if (!hint.success) {
      this.#silent.add(peer.name);
      return;
    }
    // half of what is left stays for what the hint does not name
    let [words, questions] = [budget.left("words") >> 1, budget.left("questions") >> 1];
    for (const { address, storageKeys } of hint.data.accessList) {
      const slots = storageKeys.slice(0, words);
      if (slots.length === 0 || questions === 0) continue;
      words -= slots.length;
      questions -= 1;
      await proven.foresee(address, slots, budget);
    }
  }
}

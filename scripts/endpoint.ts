/** Questions to a JSON-RPC endpoint: paced, asked again after a pause when it fails, and cut smaller when it says so. */
import { setTimeout as pause } from "node:timers/promises";

import { decodeError } from "../sdk/contracts.js";
import { InputError } from "./inputs/error.js";

/** One question as a provider takes it. */
export type Ask = (method: string, params: readonly unknown[]) => Promise<unknown>;

export interface EndpointPatience {
  /** Most questions a second; absent: as they come. */
  readonly perSecond?: number;
  /** Tries after the first one. */
  readonly retries?: number;
  /** Before the first retry; it doubles. */
  readonly pauseMilliseconds?: number;
}

/** The endpoint would answer a smaller question. */
export class TooMuch extends Error {}

/** What endpoints say of ranges and answers that are too large (Besu, Geth, Nethermind, public gateways). */
const TOO_MUCH = /too (many|large|big)|range|limit(ed)? (is|to|exceeded)|exceed|more than \d+|response size/i;
const NO_METHOD = /method .*(not (supported|available|found)|does not exist|unsupported)|(unknown|unsupported) method/i;
/** JSON-RPC's own code for a method that there is not. */
const NO_METHOD_CODE = -32601;
const RETRIES = 5;
const PAUSE_MILLISECONDS = 250;

export class Endpoint {
  /** Questions asked so far. */
  questions = 0;
  /** Until it says that it has no eth_getBlockReceipts. */
  hasBlockReceipts = true;
  #next = 0;

  constructor(
    readonly name: string,
    readonly ask: Ask,
    readonly patience: EndpointPatience = {},
  ) {}

  /**
   * Throws `TooMuch` where a smaller question may do, `undefined` comes back for a method that the endpoint does not
   * have, and `InputError` is thrown when it does not answer in spite of all patience.
   */
  async question(method: string, params: readonly unknown[]): Promise<unknown> {
    const { retries = RETRIES, pauseMilliseconds = PAUSE_MILLISECONDS } = this.patience;
    for (let tries = 0; ; tries++) {
      await this.#pace();
      this.questions += 1;
      try {
        return await this.ask(method, params);
      } catch (error) {
        const { code, message } = told(error);
        if (code === NO_METHOD_CODE || (code !== undefined && NO_METHOD.test(message))) return undefined;
        if (code !== undefined && TOO_MUCH.test(message)) throw new TooMuch(message, { cause: error });
        if (tries >= retries) throw this.#failure(method, error);
        await pause(pauseMilliseconds * 2 ** tries);
      }
    }
  }

  async #pace(): Promise<void> {
    const { perSecond } = this.patience;
    if (perSecond === undefined) return;
    const now = performance.now();
    const turn = Math.max(now, this.#next);
    this.#next = turn + 1_000 / perSecond;
    if (turn > now) await pause(turn - now);
  }

  #failure(method: string, cause: unknown): InputError {
    const advice = "Check the node, or name another endpoint; what was read is kept, and reading goes on from there";
    return new InputError({ file: this.name }, `${method} fails: ${decodeError(cause).message}`, advice, { cause });
  }
}

/** The node's own words, wherever ethers and Hardhat put them; no code: the endpoint was not reached. */
function told(error: unknown): { readonly code: number | undefined; readonly message: string } {
  const { error: inner, info, code, message } = (error ?? {}) as Record<string, unknown>;
  const own = (info as { readonly error?: unknown } | undefined)?.error ?? inner;
  if (typeof own === "object" && own !== null) return told(own);
  return { code: typeof code === "number" ? code : undefined, message: String(message) };
}

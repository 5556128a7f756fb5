/** What one call may cost, so that none hangs the node or fills its memory. */
import { setImmediate as pause } from "node:timers/promises";

import { RpcFailure, TOO_MUCH } from "../rpc-params.js";

export interface CallLimits {
  /** Questions to peers: an answer may be a proof of one word, or of many that were foreseen. */
  readonly questions: number;
  /** Words of storage. */
  readonly words: number;
  /** Contracts whose code is read, each of 24 KiB at most. */
  readonly codes: number;
  /** From the first question to the answer, waiting for peers included. */
  readonly milliseconds: number;
}

export const CALL_LIMITS: CallLimits = { questions: 1_024, words: 4_096, codes: 64, milliseconds: 15_000 };
/** The most gas of one execution: a transaction may not have more since Osaka (EIP-7825), and a view needs far less. */
export const MOST_GAS = 16_777_216n;
/** After so long others have their turn. */
const TURN_MILLISECONDS = 20;

/** One call's. RpcFailure -32005 from whatever goes beyond it. */
export class CallBudget {
  readonly #spent = { questions: 0, words: 0, codes: 0 };
  readonly #start = performance.now();
  #turn = this.#start;

  constructor(private readonly limits: CallLimits) {}

  spend(what: "questions" | "words" | "codes", count = 1): void {
    this.#spent[what] += count;
    if (this.#spent[what] > this.limits[what]) throw tooMuch(`more than ${this.limits[what]} ${what} of state`);
  }

  /** How many more of them there may be. */
  left(what: "questions" | "words" | "codes"): number {
    return this.limits[what] - this.#spent[what];
  }

  /** For loops that nothing else interrupts: ends what takes too long, and lets others in between. */
  async breathe(): Promise<void> {
    const now = performance.now();
    if (now - this.#start > this.limits.milliseconds) throw tooMuch(`more than ${this.limits.milliseconds} ms`);
    if (now - this.#turn < TURN_MILLISECONDS) return;
    await pause();
    this.#turn = performance.now();
  }
}

function tooMuch(what: string): RpcFailure {
  return new RpcFailure(TOO_MUCH, `the call needs ${what}: ask for less at once, or ask a full node`);
}

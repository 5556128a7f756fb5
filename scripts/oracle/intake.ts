/**
 * A fair queue in front of the rules: each origin (topic, file, meter) has a lane of its own, in order; lanes take
 * turns. A flood on one topic, or one whose rules wait for the chain, so costs the others no more than its turn.
 * It holds what its sources hand it: a source bounds what it has under way.
 */
import type { SourceMessage } from "./types.js";

interface Waiting<Result> {
  readonly message: SourceMessage;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** Lanes judged at the same time: enough that one waiting for the chain doesn't stop the others. */
const LANES_AT_ONCE = 64;

export class Intake<Result> {
  readonly #judge: (message: SourceMessage) => Promise<Result>;
  readonly #lanesAtOnce: number;
  /** In the order of their turns; a lane that is judged now is in `#busy`. */
  readonly #lanes = new Map<string, Waiting<Result>[]>();
  readonly #busy = new Set<string>();
  #waiting = 0;

  constructor(judge: (message: SourceMessage) => Promise<Result>, lanesAtOnce = LANES_AT_ONCE) {
    this.#judge = judge;
    this.#lanesAtOnce = lanesAtOnce;
  }

  /** Messages that wait for their turn. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Resolves or rejects as the judgement does, in the message's turn. */
  push(message: SourceMessage): Promise<Result> {
    return new Promise((resolve, reject) => {
      const lane = this.#lanes.get(message.origin);
      if (lane === undefined) this.#lanes.set(message.origin, [{ message, resolve, reject }]);
      else lane.push({ message, resolve, reject });
      this.#waiting += 1;
      this.#turn();
    });
  }

  #turn(): void {
    for (const [origin, lane] of this.#lanes) {
      if (this.#busy.size >= this.#lanesAtOnce) return;
      if (this.#busy.has(origin)) continue;
      const next = lane.shift();
      this.#lanes.delete(origin); // back at the end, if it has more
      if (lane.length > 0) this.#lanes.set(origin, lane);
      if (next !== undefined) this.#start(origin, next);
    }
  }

  #start(origin: string, { message, resolve, reject }: Waiting<Result>): void {
    this.#busy.add(origin);
    this.#waiting -= 1;
    void this.#judge(message)
      .then(resolve, reject)
      .then(() => {
        this.#busy.delete(origin);
        this.#turn();
      });
  }
}

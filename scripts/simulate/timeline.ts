/** What is to happen when, run in the order of time on whatever clock the network has. */
import type { Clock } from "../networks/index.js";

interface Appointment {
  /** Unix seconds. */
  readonly time: bigint;
  readonly act: () => Promise<void>;
}

export class Timeline {
  readonly #appointments: Appointment[] = [];

  /** Puts an action in; equal times keep the order in which they were put in. */
  at(time: bigint, act: () => Promise<void>): void {
    const before = this.#appointments.findLastIndex((appointment) => appointment.time <= time);
    this.#appointments.splice(before + 1, 0, { time, act });
  }

  /** Runs everything, waiting for each action's time; `onStep` hears how many are done and how many are known. */
  async run(clock: Clock, onStep: (done: number, known: number) => void = () => undefined): Promise<void> {
    for (let done = 1, next = this.#appointments.shift(); next !== undefined; done++) {
      await clock.waitUntil(next.time);
      await next.act();
      onStep(done, done + this.#appointments.length);
      next = this.#appointments.shift();
    }
  }
}

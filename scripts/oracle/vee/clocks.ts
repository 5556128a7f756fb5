/**
 * Device clocks against the receipt of their messages. A clock that is ahead is refused: nobody has measured the
 * future. A time in the past may be a slow clock or a late message. Late messages come with fresh ones, for a device
 * that is connected again says what it shows now too; a slow clock makes all of them late. So a clock is slow where the
 * freshest of all messages within an hour lags: its registers are kept, for the energy is right, but not as actual.
 */
import type { RefusedObservation } from "../slot-energy.js";
import type { Observation, RegisterObservation } from "../sources/observation.js";

/** Messages received so far apart, in seconds, tell of the same state of the clock. */
const SAME_STATE_SECONDS = 3600;

export interface JudgedClocks {
  readonly kept: readonly Observation[];
  readonly refused: readonly RefusedObservation[];
  /** Registers read by a slow clock. Intervals come as files, hours late by right clocks: they are not judged by it. */
  readonly slow: ReadonlySet<Observation>;
}

/** Judges what says when it was received; `driftSeconds` undefined: nothing is. */
export function judgeClocks(observations: readonly Observation[], driftSeconds: number | undefined): JudgedClocks {
  if (driftSeconds === undefined) return { kept: observations, refused: [], slow: new Set() };
  const kept: Observation[] = [];
  const refused: RefusedObservation[] = [];
  for (const observation of observations) {
    const lag = lagOf(observation);
    if (lag === undefined || lag >= -driftSeconds) kept.push(observation);
    else refused.push({ observation, rule: "clock-drift", reason: `the device's clock is ${-lag} s ahead` });
  }
  return { kept, refused, slow: slowOf(kept, driftSeconds) };
}

function slowOf(observations: readonly Observation[], driftSeconds: number): Set<Observation> {
  const received = observations
    .filter((observation): observation is RegisterObservation => observation.kind === "register")
    .flatMap((observation) => {
      const lag = lagOf(observation);
      return lag === undefined ? [] : [{ observation, lag, receivedAt: observation.receivedAt ?? 0 }];
    })
    .sort((a, b) => a.receivedAt - b.receivedAt);
  const slow = new Set<Observation>();
  /** Of the messages around, those that no later one beats, freshest first. */
  const freshest: typeof received = [];
  let ahead = 0;
  for (const { observation, receivedAt } of received) {
    for (; (received[ahead]?.receivedAt ?? Infinity) <= receivedAt + SAME_STATE_SECONDS; ahead += 1) {
      const next = received[ahead];
      if (next === undefined) break;
      while ((freshest.at(-1)?.lag ?? -Infinity) >= next.lag) freshest.pop();
      freshest.push(next);
    }
    while ((freshest[0]?.receivedAt ?? Infinity) < receivedAt - SAME_STATE_SECONDS) freshest.shift();
    if ((freshest[0]?.lag ?? 0) > driftSeconds) slow.add(observation);
  }
  return slow;
}

/** How long after its own time the message came, in seconds. */
function lagOf(observation: Observation): number | undefined {
  const { receivedAt } = observation;
  return receivedAt && receivedAt - (observation.kind === "register" ? observation.time : observation.end);
}

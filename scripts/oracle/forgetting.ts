/**
 * Forgets readings that the chain has, or rejected, once nobody asks for them any more: over years they would fill any
 * disk and any bound on the outbox, and they are personal data.
 */
import { setImmediate as othersTurn } from "node:timers/promises";

import type { Clock, MarketTimes } from "./types.js";

/** The profiles of estimates look back 28 days. */
const KEPT_SECONDS = 60 * 86_400;

export interface ForgettingParts {
  readonly outbox: { forget(before: number): number };
  readonly times: MarketTimes;
  readonly clock: Clock;
}

/** Readings that came 60 days ago, and two decision periods where those are longer; returns how many. */
export async function forgetReadings({ outbox, times, clock }: ForgettingParts): Promise<number> {
  const now = clock.now();
  const { deliveryEnd, decisionEnd } = await times.timesOf(BigInt(now) / times.slotSeconds);
  const before = now - Math.max(KEPT_SECONDS, 2 * Number(decisionEnd - deliveryEnd));
  let forgotten = 0;
  for (let some = outbox.forget(before); some > 0; some = outbox.forget(before)) {
    forgotten += some;
    await othersTurn();
  }
  return forgotten;
}

/** Clocks of hosts against each other: a block carries its maker's time. */
import type { Head } from "./head.js";

/** Blocks that are further in the future are refused by other nodes. */
export const MOST_AHEAD_SECONDS = 1;
/** A block reaches everybody, and is asked for, within this; more is a clock's doing. */
const MOST_BEHIND_SECONDS = 10;
/** Blocks that are watched before old ones are put down to the clock: a node that catches up shows old ones too. */
const WATCHED_BLOCKS = 3;

/** Watches new blocks for what they say of this machine's clock. */
export class ClockWatch {
  #before: Head | undefined;
  /** The first block that seemed old, and when it was seen. */
  #old: { head: Head; seen: number } | undefined;

  /** @param blockSeconds between blocks: one may be seen that much later */
  constructor(private readonly blockSeconds: number) {}

  /**
   * Looks at the newest block.
   * @param now of this machine, Unix seconds
   * @returns what is wrong, in words
   */
  see(head: Head, now: number): "right" | "unknown" | (string & {}) {
    const before = (this.#before ??= head);
    if (head.number <= before.number) return "unknown";
    this.#before = head;
    const behind = head.time - now;
    if (behind > MOST_AHEAD_SECONDS) return `it is ${behind.toFixed(1)} s behind the clock of the block's maker`;
    if (-behind <= this.blockSeconds + MOST_BEHIND_SECONDS) return "right";
    const old = (this.#old ??= { head, seen: now });
    if (head.number - old.head.number < WATCHED_BLOCKS) return "unknown";
    this.#old = { head, seen: now };
    const isAsTheyAreMade = Math.abs(head.time - old.head.time - (now - old.seen)) <= this.blockSeconds;
    return isAsTheyAreMade
      ? `it is about ${(-behind).toFixed(0)} s ahead of the clock of the block's maker`
      : "unknown";
  }
}

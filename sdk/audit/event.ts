/** Reading the arguments of events, which ethers leaves untyped. */
import type { ChainEvent } from "../events.js";

/** Where an event stands, for people: `block 12, log 3 (0x…)`. */
export function placeOf(event: Pick<ChainEvent, "block" | "logIndex" | "transaction">): string {
  return `block ${event.block}, log ${event.logIndex} (${event.transaction})`;
}

export function bigintArg(event: ChainEvent, name: string): bigint {
  const value = event.args[name];
  if (typeof value === "bigint") return value;
  throw new TypeError(`${event.contract}.${event.name} has no integer ${name}`);
}

export function stringArg(event: ChainEvent, name: string): string {
  const value = event.args[name];
  if (typeof value === "string") return value;
  throw new TypeError(`${event.contract}.${event.name} has no ${name}`);
}

export function wordsArg(event: ChainEvent, name: string): readonly string[] {
  const value = event.args[name];
  if (Array.isArray(value)) return [...(value as string[])];
  throw new TypeError(`${event.contract}.${event.name} has no list ${name}`);
}

/** Subcommands, and their arguments as text: what fits no form is told by commander, with the argument's name. */
import { InvalidArgumentError, type Command } from "commander";
import { getAddress, isAddress, isHexString } from "ethers";

/** A subcommand that takes no more arguments than it names, and throws instead of ending the process. */
export function subcommand(program: Command, name: string, description: string): Command {
  return program.command(name).description(description).allowExcessArguments(false).exitOverride();
}

export function whole(text: string): bigint {
  if (/^\d{1,18}$/.test(text)) return BigInt(text);
  throw new InvalidArgumentError("Give a whole number.");
}

/** A whole number above zero that a double holds. */
export function positive(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Give a whole number above zero.");
}

/** A TCP port; 0: any free one. */
export function port(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError("Give a port from 0 to 65535.");
}

/** One of several numbers. */
export function numbers(text: string, before: bigint[] | undefined): bigint[] {
  return [...(before ?? []), whole(text)];
}

/** Checksummed. */
export function address(text: string): string {
  if (isAddress(text)) return getAddress(text);
  throw new InvalidArgumentError("Give an address, 0x and 40 hex digits.");
}

/** 32 bytes in lower-case hex: the id of a record, a grant or a request. */
export function word(text: string): string {
  if (isHexString(text, 32)) return text.toLowerCase();
  throw new InvalidArgumentError("Give an id, 0x and 64 hex digits.");
}

/** One of several. */
export function words(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), word(text)];
}

/** A time, ISO 8601 with its offset, as Unix seconds. */
export function time(text: string): bigint {
  const milliseconds = /(Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(milliseconds)) throw new InvalidArgumentError("Give a time like 2026-07-01T00:00:00Z.");
  return BigInt(Math.floor(milliseconds / 1_000));
}

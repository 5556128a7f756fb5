/** Which rules a block's code runs by: what its header shows, and the genesis file where it was given. */
import type { KnownHeader } from "../headers.js";
import { NOT_SUPPORTED, RpcFailure } from "../rpc-params.js";

export type ForkName = "london" | "shanghai" | "cancun" | "prague" | "osaka";

/** Unix seconds from which forks are in force that no header shows; undefined: never. */
export interface ForkTimes {
  readonly osakaTime: bigint | undefined;
  /** Of the first one that is not known here. */
  readonly laterTime: bigint | undefined;
}

/** The federation's genesis files have Osaka from the first block, and nothing later. */
export const OSAKA_ALWAYS: ForkTimes = { osakaTime: 0n, laterTime: undefined };
/** Besu's names of what comes after Osaka. */
const LATER = ["amsterdamTime", "futureEipsTime", "experimentalEipsTime"];

/** As a genesis file's `config` has them. */
export function forkTimesIn(config: Readonly<Record<string, unknown>>): ForkTimes {
  const timeOf = (name: string): bigint | undefined => {
    const time = config[name] ?? undefined;
    return typeof time === "number" || typeof time === "string" ? BigInt(time) : undefined;
  };
  const later = LATER.map(timeOf).filter((time) => time !== undefined);
  const [laterTime] = later.sort((one, other) => (one < other ? -1 : 1));
  // a fork brings those before it
  return { osakaTime: timeOf("osakaTime") ?? laterTime, laterTime };
}

/** RpcFailure -32004 for a block after a fork that is not known here. */
export function forkOf(header: KnownHeader, { osakaTime, laterTime }: ForkTimes): ForkName {
  const isAfter = (time: bigint | undefined): boolean => time !== undefined && header.timestamp >= time;
  if (isAfter(laterTime)) {
    throw new RpcFailure(NOT_SUPPORTED, `block ${header.number} is after a fork whose rules are not known here`);
  }
  if (header.field("requestsHash") !== undefined) return isAfter(osakaTime) ? "osaka" : "prague";
  if (header.field("excessBlobGas") !== undefined) return "cancun";
  return header.withdrawalsRoot === undefined ? "london" : "shanghai";
}

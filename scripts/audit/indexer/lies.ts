/** What an endpoint's list of logs has of those that its blocks commit to, and how it differs. */
import { InputError } from "../../inputs/error.js";
import { listField, numberField, type RpcObject } from "../../../light/rpc-fields.js";

/** A log at its place in the chain. */
export interface PlacedLog {
  readonly block: number;
  /** Among the block's logs. */
  readonly index: number;
  readonly transaction: string;
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
}

/** The endpoint says something that cannot be. */
export function lie(endpoint: string, block: number, what: string): InputError {
  const advice = "Ask another node: this one is wrong or lies; nothing of this page was kept";
  return new InputError({ file: endpoint }, `block ${block}: ${what}`, advice);
}

/** A log of `eth_getLogs`; what its texts are is known when they are those of a receipt. */
export function placedLog(log: RpcObject): PlacedLog {
  return {
    block: numberField(log, "blockNumber"),
    index: numberField(log, "logIndex"),
    transaction: lowered(log["transactionHash"]),
    address: lowered(log["address"]),
    topics: listField(log, "topics").map(lowered),
    data: lowered(log["data"]),
  };
}

function lowered(text: unknown): string {
  return String(text).toLowerCase();
}

/** Refuses a list that is not `known`, the logs that the receipts hold: in words, what was done to it. */
export function requireSameLogs(endpoint: string, told: readonly PlacedLog[], known: readonly PlacedLog[]): void {
  const byPlace = new Map(known.map((log) => [placeOf(log), log]));
  const seen = new Set<string>();
  for (const log of told) {
    const place = placeOf(log);
    const right = byPlace.get(place);
    if (seen.has(place)) throw lie(endpoint, log.block, `eth_getLogs repeats log ${log.index}`);
    seen.add(place);
    if (right === undefined) {
      throw lie(endpoint, log.block, `eth_getLogs adds log ${log.index}, which no receipt has`);
    }
    if (!isSame(right, log)) {
      throw lie(endpoint, log.block, `eth_getLogs alters log ${log.index} of transaction ${right.transaction}`);
    }
  }
  for (const log of known) {
    if (seen.has(placeOf(log))) continue;
    throw lie(endpoint, log.block, `eth_getLogs drops log ${log.index} of transaction ${log.transaction}`);
  }
  told.forEach((log, index) => {
    if (placeOf(log) === placeOf(known[index] as PlacedLog)) return;
    throw lie(endpoint, log.block, `eth_getLogs reorders logs: log ${log.index} is out of its place`);
  });
}

function placeOf({ block, index }: PlacedLog): string {
  return `${block}/${index}`;
}

function isSame(a: PlacedLog, b: PlacedLog): boolean {
  const isOne = a.transaction === b.transaction && a.address === b.address && a.data === b.data;
  return isOne && a.topics.length === b.topics.length && a.topics.every((topic, index) => topic === b.topics[index]);
}

/** Parameters of JSON-RPC questions, read strictly; RpcFailure -32602 names what is wrong. */
import { z } from "zod";

import type { LogFilter } from "./bodies.js";

/** An error as JSON-RPC tells it (codes of EIP-1474). */
export class RpcFailure extends Error {
  override readonly name = "RpcFailure";

  constructor(
    readonly code: number,
    message: string,
    options?: ErrorOptions,
    /** What a contract reverted with. */
    readonly data?: string,
  ) {
    super(message, options);
  }
}

/** A contract's revert, and every other way in which a call fails, as nodes have them. */
export const REVERTED = 3;
export const FAILED = -32000;
export const INVALID_PARAMS = -32602;
export const NO_METHOD = -32601;
export const NOT_PROVEN = -32001;
export const NOT_SUPPORTED = -32004;
export const TOO_MUCH = -32005;

/** A block by its number or hash; the newest one by undefined. */
export interface BlockName {
  readonly number?: bigint;
  readonly hash?: string;
}

/** A range of blocks, or one by its hash, and which logs of it. */
export interface LogsQuestion {
  readonly filter: LogFilter;
  readonly from: BlockName;
  readonly to: BlockName;
}

const MOST_SLOTS = 1_024;
const MOST_ALTERNATIVES = 1_024;

export const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/, "is no address");
export const hash = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/, "is no hash")
  .transform((text) => text.toLowerCase());
export const number = z
  .string()
  .regex(/^0x[0-9a-fA-F]{1,16}$/, "is no quantity")
  .transform((text) => BigInt(text));
/** QBFT's blocks are final at once, and of what is pending nothing is proven: all of these are the newest block. */
const newest = z.enum(["latest", "pending", "safe", "finalized"]).transform(() => ({}));
const earliest = z.literal("earliest").transform(() => ({ number: 0n }));
const byNumber = z.union([newest, earliest, number.transform((value) => ({ number: value }))], {
  error: "is no number of a block",
});
/** EIP-1898. */
const byName = z.union([
  z.object({ blockHash: hash }).transform((name) => ({ hash: name.blockHash })),
  z.object({ blockNumber: number }).transform((name) => ({ number: name.blockNumber })),
]);
export const block = z.union([byNumber, byName], { error: "is no block" }).optional();
const word = z
  .string()
  .regex(/^0x[0-9a-fA-F]{1,64}$/, "is no slot")
  .transform((text) => BigInt(text));
export const bytes = z.string().regex(/^0x([0-9a-fA-F]{2})*$/, "is no bytes");
const topic = z.union([z.null(), hash, z.array(hash).max(MOST_ALTERNATIVES)], { error: "is no topic" });
const filter = z.object({
  address: z.union([address, z.array(address).max(MOST_ALTERNATIVES)]).nullish(),
  topics: z.array(topic).max(4).nullish(),
  fromBlock: byNumber.nullish(),
  toBlock: byNumber.nullish(),
  blockHash: hash.nullish(),
});

/** `[account, block]` */
export function accountAndBlock(params: readonly unknown[]): readonly [account: string, at: BlockName] {
  const [account, at] = read(z.tuple([address, block]), padded(params, 2));
  return [account, at ?? {}];
}

/** `[account, slot, block]` */
export function slotAndBlock(params: readonly unknown[]): readonly [account: string, slot: bigint, at: BlockName] {
  const [account, slot, at] = read(z.tuple([address, word, block]), padded(params, 3));
  return [account, slot, at ?? {}];
}

/** `[account, slots, block]` */
export function slotsAndBlock(params: readonly unknown[]): readonly [string, readonly bigint[], BlockName] {
  const [account, slots, at] = read(z.tuple([address, z.array(word).max(MOST_SLOTS), block]), padded(params, 3));
  return [account, slots, at ?? {}];
}

export function hashOf(params: readonly unknown[]): string {
  return read(z.tuple([hash]), padded(params, 1))[0];
}

/** `[block]` */
export function blockOf(params: readonly unknown[]): BlockName {
  // a hash alone is a name, too, where receipts are asked for
  const named = z.union([hash.transform((value) => ({ hash: value })), byNumber, byName], { error: "is no block" });
  return read(z.tuple([named]), padded(params, 1))[0];
}

/** `[number, whether transactions are whole]` */
export function numberAndDetail(params: readonly unknown[]): readonly [at: BlockName, areWhole: boolean] {
  const [at, areWhole] = read(z.tuple([byNumber, z.boolean().optional()]), padded(params, 2));
  return [at, areWhole ?? false];
}

/** `[hash, whether transactions are whole]` */
export function hashAndDetail(params: readonly unknown[]): readonly [at: BlockName, areWhole: boolean] {
  const [at, areWhole] = read(z.tuple([hash, z.boolean().optional()]), padded(params, 2));
  return [{ hash: at }, areWhole ?? false];
}

/** `[transaction]`, signed */
export function bytesOf(params: readonly unknown[]): string {
  return read(z.tuple([bytes.min(4, "is empty")]), padded(params, 1))[0];
}

/** `[filter]` */
export function logsOf(params: readonly unknown[]): LogsQuestion {
  const [{ address: of, topics, fromBlock, toBlock, blockHash }] = read(z.tuple([filter]), padded(params, 1));
  const addresses = typeof of === "string" ? [of] : of?.length === 0 ? undefined : (of ?? undefined);
  const places = (topics ?? []).map((one) =>
    typeof one === "string" ? [one] : one === null || one.length === 0 ? undefined : one,
  );
  const asked: LogFilter = { ...(addresses && { addresses }), topics: places };
  if (typeof blockHash !== "string") return { filter: asked, from: fromBlock ?? {}, to: toBlock ?? {} };
  if ((fromBlock ?? toBlock ?? undefined) !== undefined) {
    throw new RpcFailure(INVALID_PARAMS, "blockHash stands alone, without fromBlock and toBlock");
  }
  return { filter: asked, from: { hash: blockHash }, to: { hash: blockHash } };
}

/** Parameters that are left out are undefined; more than there are, are refused. */
export function padded(params: readonly unknown[], count: number): unknown[] {
  if (params.length > count)
    throw new RpcFailure(INVALID_PARAMS, `there are ${params.length} parameters, not ${count}`);
  return Array.from({ length: count }, (_, index) => params[index] ?? undefined);
}

export function read<Schema extends z.ZodType>(schema: Schema, params: readonly unknown[]): z.output<Schema> {
  const result = schema.safeParse(params);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new RpcFailure(INVALID_PARAMS, `parameter ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is wrong"}`);
}

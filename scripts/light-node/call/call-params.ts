/** What a call is asked with: a transaction that nobody signed, a block, and nothing that changes the state first. */
import { ZeroAddress } from "ethers";
import { z } from "zod";

import {
  address,
  block,
  bytes,
  hash,
  INVALID_PARAMS,
  NOT_SUPPORTED,
  number,
  padded,
  read,
  RpcFailure,
  type BlockName,
} from "../rpc-params.js";

/** An unsigned transaction; addresses in lower case, data in hex. */
export interface CallMessage {
  readonly from: string;
  /** Undefined: it creates a contract. */
  readonly to: string | undefined;
  /** Undefined: as much as there may be. */
  readonly gas: bigint | undefined;
  readonly price: CallPrice;
  readonly value: bigint;
  readonly data: string;
  readonly accessList: readonly ListedAccount[];
}

/** Wei for a unit of gas: a fixed price, or a most and a tip. */
export interface CallPrice {
  readonly most: bigint;
  /** Above the base fee; undefined: the price is fixed. */
  readonly tip: bigint | undefined;
}

export interface ListedAccount {
  readonly address: string;
  readonly storageKeys: readonly string[];
}

export interface CallQuestion {
  readonly message: CallMessage;
  readonly at: BlockName;
}

/** As much data as a call may have: wallets send a few KiB. */
const MOST_DATA = 2 + 2 * 2 ** 18;
const MOST_LISTED = 1_024;

const wei = z
  .string()
  .regex(/^0x[0-9a-fA-F]{1,64}$/, "is no quantity")
  .transform((text) => BigInt(text));
const account = address.transform((text) => text.toLowerCase());
const data = bytes.max(MOST_DATA, "is too long");
const listed = z.object({ address: account, storageKeys: z.array(hash).max(MOST_LISTED) });
const transaction = z.object({
  from: account.nullish(),
  to: account.nullish(),
  gas: number.nullish(),
  gasPrice: wei.nullish(),
  maxFeePerGas: wei.nullish(),
  maxPriorityFeePerGas: wei.nullish(),
  value: wei.nullish(),
  data: data.nullish(),
  input: data.nullish(),
  accessList: z.array(listed).max(MOST_LISTED).nullish(),
  chainId: number.nullish(),
  // of no consequence to a call
  nonce: z.unknown().optional(),
  type: z.unknown().optional(),
  blobVersionedHashes: z.unknown().optional(),
  authorizationList: z.unknown().optional(),
});
/** What would change the state or the block before the call. */
const OVERRIDES = [2, 3];

/** `[transaction, block]` */
export function callOf(params: readonly unknown[], chainId: bigint): CallQuestion {
  if (OVERRIDES.some((place) => isGiven(params[place]))) {
    throw new RpcFailure(NOT_SUPPORTED, "state and block overrides are refused: calls run on the block's own state");
  }
  const [asked, at] = read(z.tuple([transaction, block]), padded(params.slice(0, 2), 2));
  if (isGiven(asked.blobVersionedHashes) || isGiven(asked.authorizationList)) {
    throw new RpcFailure(NOT_SUPPORTED, "calls with blobs or authorizations are refused");
  }
  if (typeof asked.chainId === "bigint" && asked.chainId !== chainId) {
    throw new RpcFailure(INVALID_PARAMS, `it is for chain ${asked.chainId}, and this is chain ${chainId}`);
  }
  if (isGiven(asked.data) && isGiven(asked.input) && asked.data?.toLowerCase() !== asked.input?.toLowerCase()) {
    throw new RpcFailure(INVALID_PARAMS, "data and input differ");
  }
  const message: CallMessage = {
    from: asked.from ?? ZeroAddress,
    to: asked.to ?? undefined,
    gas: asked.gas ?? undefined,
    price: priceOf(asked),
    value: asked.value ?? 0n,
    data: asked.input ?? asked.data ?? "0x",
    accessList: asked.accessList ?? [],
  };
  return { message, at: at ?? {} };
}

/** The transaction as JSON-RPC has it, for a peer; without its price, which nothing depends on that a peer is asked for. */
export function rpcOf({ from, to, gas, value, data: input }: CallMessage): Record<string, string> {
  const quantity = (number: bigint): string => `0x${number.toString(16)}`;
  return {
    from,
    ...(to !== undefined && { to }),
    ...(gas !== undefined && { gas: quantity(gas) }),
    ...(value > 0n && { value: quantity(value) }),
    ...{ data: input },
  };
}

function priceOf({ gasPrice, maxFeePerGas, maxPriorityFeePerGas }: z.output<typeof transaction>): CallPrice {
  const isByFees = isGiven(maxFeePerGas) || isGiven(maxPriorityFeePerGas);
  if (isGiven(gasPrice) && isByFees) throw new RpcFailure(INVALID_PARAMS, "give gasPrice, or maxFeePerGas");
  if (!isByFees) return { most: gasPrice ?? 0n, tip: undefined };
  const [most, tip] = [maxFeePerGas ?? maxPriorityFeePerGas ?? 0n, maxPriorityFeePerGas ?? 0n];
  if (tip > most) throw new RpcFailure(INVALID_PARAMS, "maxPriorityFeePerGas is more than maxFeePerGas");
  return { most, tip };
}

function isGiven(value: unknown): boolean {
  return (value ?? undefined) !== undefined;
}

/** Transactions as a block's trie has them, made again of an endpoint's answer. */
import { Signature, Transaction, type AccessListish, type TransactionLike } from "ethers";

const FEE_MARKET = 2;

/**
 * The signed encoding of a transaction as `eth_getBlockByNumber` returns it; nothing of it is believed, for the root of
 * a block's transactions shows whether it is true. Types 0, 1 and 2; others throw what ethers throws.
 */
export function rawTransactionFromRpc(transaction: Readonly<Record<string, unknown>>): string {
  const text = (name: string): string => transaction[name] as string;
  const type = Number(transaction["type"] ?? 0);
  const { r, s } = { r: padded(text("r")), s: padded(text("s")) };
  const isReplayProtected = type > 0 || BigInt(text("v")) >= 35n;
  const fields: TransactionLike = {
    type,
    to: (transaction["to"] ?? null) as string | null,
    nonce: Number(text("nonce")),
    gasLimit: BigInt(text("gas")),
    data: text("input"),
    value: BigInt(text("value")),
    chainId: isReplayProtected ? chainIdOf(transaction, type) : 0n,
    signature: Signature.from({ r, s, v: signatureV(transaction, type) }),
    ...(type === FEE_MARKET
      ? { maxFeePerGas: BigInt(text("maxFeePerGas")), maxPriorityFeePerGas: BigInt(text("maxPriorityFeePerGas")) }
      : { gasPrice: BigInt(text("gasPrice")) }),
    ...(type > 0 ? { accessList: (transaction["accessList"] ?? []) as AccessListish } : {}),
  };
  return Transaction.from(fields).serialized;
}

function chainIdOf(transaction: Readonly<Record<string, unknown>>, type: number): bigint {
  // a legacy transaction names its chain in v alone
  return type === 0 ? (BigInt(transaction["v"] as string) - 35n) / 2n : BigInt(transaction["chainId"] as string);
}

function signatureV(transaction: Readonly<Record<string, unknown>>, type: number): bigint {
  const v = BigInt((transaction["yParity"] ?? transaction["v"]) as string);
  return type === 0 ? BigInt(transaction["v"] as string) : v + 27n;
}

/** Endpoints leave zeros in front away. */
function padded(word: string): string {
  return `0x${word.slice(2).padStart(64, "0")}`;
}

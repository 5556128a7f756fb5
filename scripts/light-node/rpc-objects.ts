/** Checked blocks, transactions, receipts and logs in the form of JSON-RPC: all of it made of what roots commit to. */
import { getBytes, getCreateAddress, hexlify, Transaction } from "ethers";

import { FIELDS, type Recover } from "../../light/index.js";
import { rlpBytes } from "../../light/rlp.js";
import type { RpcObject } from "../../light/rpc-fields.js";
import { withdrawalBytes, type CheckedBody, type CheckedLog, type CheckedTransaction } from "./bodies.js";
import type { KnownHeader } from "./headers.js";

/** Types of EIP-2718 from which on a transaction has other fields. */
const ACCESS_LIST = 1;
const DYNAMIC_FEE = 2;
const BLOB = 3;
const SET_CODE = 4;
/** RLP lists begin at or above it: a legacy transaction, which stands in a block's list as it is. */
const FIRST_LIST = 0xc0;

/**
 * A block. Left out is what no root covers: `totalDifficulty`. `size` is that of the block with the seals that are kept
 * here; nodes keep different ones.
 */
export function blockObject(body: CheckedBody, recover: Recover, areTransactionsWhole: boolean): RpcObject {
  const { header, transactions, withdrawals } = body;
  const fields = FIELDS.flatMap(([name, kind]) => {
    const value = header.field(name);
    if (value === undefined) return [];
    return [[name === "coinbase" ? "miner" : name, kind === "integer" ? quantityOf(value) : hexlify(value)]];
  });
  return {
    ...(Object.fromEntries(fields) as RpcObject),
    hash: header.hash,
    size: quantity(sizeOf(body)),
    uncles: [],
    transactions: areTransactionsWhole
      ? transactions.map((transaction) => transactionObject(header, transaction, recover))
      : transactions.map(({ hash }) => hash),
    ...(header.withdrawalsRoot === undefined
      ? {}
      : {
          withdrawals: withdrawals.map(({ index, validatorIndex, address, amount }) => ({
            ...{ index: quantity(index), validatorIndex: quantity(validatorIndex) },
            ...{ address, amount: quantity(amount) },
          })),
        }),
  };
}

export function transactionObject(
  header: KnownHeader,
  { hash, place, raw }: CheckedTransaction,
  recover: Recover,
): RpcObject {
  const read = Transaction.from(raw);
  const { signature } = read;
  if (signature === null) throw new Error(`transaction ${hash} of a block is not signed`);
  const type = read.type ?? 0;
  const parity = quantity(signature.yParity);
  const chainId = type === 0 && signature.networkV === null ? {} : { chainId: quantity(read.chainId) };
  return {
    blockHash: header.hash,
    blockNumber: quantity(header.number),
    blockTimestamp: quantity(header.timestamp),
    from: senderOf(read, recover),
    gas: quantity(read.gasLimit),
    gasPrice: quantity(paidPrice(header, read)),
    hash,
    input: read.data,
    nonce: quantity(read.nonce),
    to: read.to?.toLowerCase() ?? null,
    transactionIndex: quantity(place),
    value: quantity(read.value),
    type: quantity(type),
    ...chainId,
    v: type === 0 ? quantity(signature.networkV ?? signature.v) : parity,
    r: quantity(BigInt(signature.r)),
    s: quantity(BigInt(signature.s)),
    ...(type === 0 ? {} : { yParity: parity }),
    ...(type < ACCESS_LIST ? {} : { accessList: accessListOf(read) }),
    ...(type < DYNAMIC_FEE
      ? {}
      : {
          maxFeePerGas: quantity(read.maxFeePerGas ?? 0n),
          maxPriorityFeePerGas: quantity(read.maxPriorityFeePerGas ?? 0n),
        }),
    ...(type === BLOB
      ? { maxFeePerBlobGas: quantity(read.maxFeePerBlobGas ?? 0n), blobVersionedHashes: read.blobVersionedHashes }
      : {}),
    ...(type === SET_CODE ? { authorizationList: authorizationsOf(read) } : {}),
  };
}

/** The receipt of a transaction of the block. */
export function receiptObject(body: CheckedBody, place: number, recover: Recover): RpcObject {
  const { header, transactions, logs } = body;
  const { hash, raw, receipt } = transactions[place] as CheckedTransaction;
  const read = Transaction.from(raw);
  const from = senderOf(read, recover);
  const before = transactions[place - 1]?.receipt.cumulativeGasUsed ?? 0n;
  return {
    blockHash: header.hash,
    blockNumber: quantity(header.number),
    contractAddress: read.to === null ? getCreateAddress({ from, nonce: read.nonce }).toLowerCase() : null,
    cumulativeGasUsed: quantity(receipt.cumulativeGasUsed),
    effectiveGasPrice: quantity(paidPrice(header, read)),
    from,
    gasUsed: quantity(receipt.cumulativeGasUsed - before),
    logs: logs.filter(({ transactionHash }) => transactionHash === hash).map((log) => logObject(body, log)),
    logsBloom: receipt.logsBloom,
    status: receipt.isSuccess ? "0x1" : "0x0",
    to: read.to?.toLowerCase() ?? null,
    transactionHash: hash,
    transactionIndex: quantity(place),
    type: quantity(receipt.type),
  };
}

export function logObject({ header, transactions }: CheckedBody, log: CheckedLog): RpcObject {
  return {
    address: log.address.toLowerCase(),
    topics: log.topics,
    data: log.data,
    blockHash: header.hash,
    blockNumber: quantity(header.number),
    blockTimestamp: quantity(header.timestamp),
    transactionHash: log.transactionHash,
    transactionIndex: quantity(transactions.findIndex(({ hash }) => hash === log.transactionHash)),
    logIndex: quantity(log.index),
    removed: false,
  };
}

/** The base fee of the block after this one, by EIP-1559; where gas is free it stays so. */
export function nextBaseFee(header: KnownHeader): bigint {
  const [base, used, limit] = (["baseFeePerGas", "gasUsed", "gasLimit"] as const).map((name) =>
    BigInt(quantityOf(header.field(name) ?? new Uint8Array())),
  ) as [bigint, bigint, bigint];
  const target = limit / 2n;
  if (base === 0n || used === target || target === 0n) return base;
  if (used < target) return base - (base * (target - used)) / target / 8n;
  const rise = (base * (used - target)) / target / 8n;
  return base + (rise > 1n ? rise : 1n);
}

export function quantity(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}

/** Who signed it, in lower case. */
function senderOf(transaction: Transaction, recover: Recover): string {
  const { signature, unsignedHash } = transaction;
  if (signature === null) throw new Error("a transaction of a block is not signed");
  const { r, s, yParity } = signature;
  const sender = recover(getBytes(unsignedHash), getBytes(`${r}${s.slice(2)}0${yParity}`));
  if (sender === undefined) throw new Error("a transaction of a block is signed by nobody");
  return sender;
}

/** What a unit of gas cost in the end. */
function paidPrice(header: KnownHeader, { type, gasPrice, maxFeePerGas, maxPriorityFeePerGas }: Transaction): bigint {
  if ((type ?? 0) < DYNAMIC_FEE) return gasPrice ?? 0n;
  const most = maxFeePerGas ?? 0n;
  const wanted = BigInt(quantityOf(header.field("baseFeePerGas") ?? new Uint8Array())) + (maxPriorityFeePerGas ?? 0n);
  return wanted < most ? wanted : most;
}

function accessListOf({ accessList }: Transaction): unknown {
  return (accessList ?? []).map(({ address, storageKeys }) => ({ address: address.toLowerCase(), storageKeys }));
}

function authorizationsOf({ authorizationList }: Transaction): unknown {
  return (authorizationList ?? []).map(({ chainId, address, nonce, signature: { yParity, r, s } }) => ({
    ...{ chainId: quantity(chainId), address: address.toLowerCase(), nonce: quantity(nonce) },
    ...{ yParity: quantity(yParity), r: quantity(BigInt(r)), s: quantity(BigInt(s)) },
  }));
}

/** Of the block's RLP: header, transactions, no uncles, withdrawals. */
function sizeOf({ header, transactions, withdrawals }: CheckedBody): number {
  const items = transactions.map(({ raw }) => {
    const bytes = getBytes(raw);
    return (bytes[0] as number) >= FIRST_LIST ? bytes.length : rlpBytes(bytes).length;
  });
  const lists = [
    listLength(items),
    listLength([]),
    ...(header.withdrawalsRoot === undefined
      ? []
      : [listLength(withdrawals.map((withdrawal) => withdrawalBytes(withdrawal).length))]),
  ];
  return listLength([header.raw.length, ...lists]);
}

/** Bytes of a list of items whose encodings have these lengths. */
function listLength(lengths: readonly number[]): number {
  const content = lengths.reduce((sum, length) => sum + length, 0);
  return content + (content < 56 ? 1 : 1 + Math.ceil((32 - Math.clz32(content)) / 8));
}

function quantityOf(bytes: Uint8Array): string {
  return bytes.length === 0 ? "0x0" : quantity(BigInt(hexlify(bytes)));
}

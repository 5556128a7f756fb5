/**
 * A simulated QBFT chain of any length, for tests and figures of light nodes: sealed by the set in force, its state and
 * bodies true as far as light nodes look. Blocks are made and sealed when they are asked for.
 */
import {
  AbiCoder,
  computeAddress,
  getAddress,
  getBytes,
  hexlify,
  id,
  keccak256,
  SigningKey,
  toBeHex,
  toQuantity,
  Transaction,
  ZeroHash,
} from "ethers";
import { signRecoverable } from "tiny-secp256k1";

import {
  encodeExtraData,
  EMPTY_TRIE_ROOT,
  orderedTrieRoot,
  quorumOf,
  receiptBytes,
  SealedHeader,
  transactionBytes,
  type AccountantSet,
  type AccountProof,
} from "../../light/index.js";
import type { RpcObject } from "../../light/rpc-fields.js";
import { Random } from "../inputs/random.js";
import { SetStates, SIMULATED_ELECTION, type OtherContract, type SetWritten } from "./light-state.js";

const BLOCK_SECONDS = 2;
const EMPTY_UNCLES = keccak256("0xc0");
const MIX_HASH = "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365";
const SET_CHANGED = id("ValidatorSetChanged(uint64,uint8,address[])");
const NO_BLOOM = `0x${"00".repeat(256)}`;
const SENDER = new SigningKey(id("who sends what changes the set"));

export interface LightChainOptions {
  readonly chainId: number;
  /** Whose sets; each is ascending. The first one is the genesis block's. */
  readonly written: readonly SetWritten[];
  readonly keys: NodeKeys;
  /** The last block's number. */
  readonly head: number;
  /** Of the genesis block, Unix seconds. */
  readonly startsAt: number;
  readonly seed: number;
  /**
   * Blocks too many to hash: only a block asked for and the one before it are linked. Ask for no block whose child was
   * asked for before.
   */
  readonly isSparse?: boolean;
  /** Contracts beside the election. */
  readonly others?: readonly OtherContract[];
}

/** Nodes' keys by address in lower case. */
export class NodeKeys {
  readonly #keys = new Map<string, Uint8Array>();
  readonly addresses: readonly string[];

  constructor(count: number, seed: string) {
    for (let index = 0; index < count; index += 1) {
      const key = id(`${seed}/${index}`);
      this.#keys.set(computeAddress(key).toLowerCase(), getBytes(key));
    }
    this.addresses = [...this.#keys.keys()];
  }

  /** r, s and v (0 or 1). `digest`: hex. */
  seal(digest: string, address: string): Uint8Array {
    const key = this.#keys.get(address);
    if (key === undefined) throw new Error(`the simulation has no key of ${address}`);
    const { signature, recoveryId } = signRecoverable(getBytes(digest), key);
    return Uint8Array.from([...signature, recoveryId]);
  }
}

/** Some of the addresses, ascending. */
export function setOf(addresses: readonly string[]): string[] {
  return [...addresses].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
}

/** Sets of which each replaces one member of the one before, or so many, written so many blocks apart. */
export function rotatingSets(
  keys: NodeKeys,
  {
    replaced = 1,
    ...options
  }: Record<"size" | "changes" | "everyBlocks" | "seed", number> & { readonly replaced?: number },
): SetWritten[] {
  const { size, changes, everyBlocks, seed } = options;
  const random = new Random(seed).fork("sets");
  let members = random.shuffled(keys.addresses).slice(0, size);
  const written: SetWritten[] = [{ block: 0, validators: setOf(members) }];
  for (let change = 1; change <= changes; change += 1) {
    const others = keys.addresses.filter((address) => !members.includes(address));
    members = [...random.shuffled(members).slice(replaced), ...random.shuffled(others).slice(0, replaced)];
    written.push({ block: change * everyBlocks, validators: setOf(members) });
  }
  return written;
}

export class LightChain {
  readonly #blocks = new Map<number, RpcObject>();
  readonly #hashes: string[] = [];
  readonly #random: Random;
  readonly transaction: RpcObject;

  private constructor(
    readonly options: LightChainOptions,
    readonly states: SetStates,
  ) {
    this.#random = new Random(options.seed).fork("seals");
    this.transaction = electionCall(options.chainId);
  }

  static async make(options: LightChainOptions): Promise<LightChain> {
    return new LightChain(options, await SetStates.write(options.chainId, options.written, options.others));
  }

  /** Of the set after a block; counted from 1. */
  versionAfter(number: number): number {
    const { written } = this.options;
    let [low, high] = [0, written.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((written[middle]?.block ?? Infinity) <= number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The set that seals a block, ascending. */
  setFor(number: number): AccountantSet {
    return this.options.written[this.versionAfter(number - 1) - 1]?.validators ?? [];
  }

  proof(number: number, slots: readonly bigint[], address?: string): Promise<AccountProof> {
    return this.states.proofOf(this.versionAfter(number), slots, address);
  }

  header(number: number): SealedHeader {
    return SealedHeader.fromRpc(this.block(number));
  }

  /** A block as `eth_getBlockByNumber` gives it, with whole transactions. */
  block(number: number): RpcObject {
    const known = this.#blocks.get(number);
    if (known !== undefined) return known;
    const bare = { ...this.#bare(number), parentHash: this.#parentHashOf(number) };
    const block = this.seal(bare, number === 0 ? [] : this.#sealersOf(number));
    this.#blocks.set(number, block);
    return block;
  }

  /** The block with other fields, sealed by whom is given, in the round that is given. */
  seal(fields: RpcObject, sealers: readonly string[], round = 0n, keys = this.options.keys): RpcObject {
    const vanity = getBytes(ZeroHash);
    const unsealed = { ...fields, extraData: hexlify(encodeExtraData({ vanity, round, seals: [] })) };
    const { digest, hash } = SealedHeader.fromRpc(unsealed);
    const seals = sealers.map((sealer) => keys.seal(digest, sealer));
    return { ...unsealed, hash, extraData: hexlify(encodeExtraData({ vanity, round, seals })) };
  }

  /** As `eth_getBlockReceipts` gives them. */
  receipts(number: number): RpcObject[] {
    const set = this.options.written.find(({ block }) => block === number);
    if (set === undefined || number === 0) return [];
    const version = this.versionAfter(number);
    const topics = [SET_CHANGED, toBeHex(version, 32), toBeHex(1, 32)];
    const data = AbiCoder.defaultAbiCoder().encode(["address[]"], [set.validators.map((one) => getAddress(one))]);
    const log = {
      address: SIMULATED_ELECTION,
      topics,
      data,
      blockNumber: toQuantity(number),
      transactionHash: this.transaction["hash"],
      transactionIndex: "0x0",
      logIndex: "0x0",
    };
    const logsBloom = bloomOf([SIMULATED_ELECTION, ...topics]);
    const { hash, from, to } = this.transaction;
    const place = { transactionHash: hash, transactionIndex: "0x0", blockNumber: toQuantity(number), from, to };
    return [{ ...place, type: "0x0", status: "0x1", cumulativeGasUsed: "0x5208", logsBloom, logs: [log] }];
  }

  #sealersOf(number: number): string[] {
    const set = this.setFor(number);
    return this.#random.shuffled(set).slice(0, quorumOf(set.length));
  }

  #bare(number: number): RpcObject {
    const receipts = this.receipts(number);
    const transactions = receipts.map(() => ({ ...this.transaction, blockNumber: toQuantity(number) }));
    const set = this.setFor(Math.max(1, number));
    return {
      number: toQuantity(number),
      parentHash: ZeroHash,
      sha3Uncles: EMPTY_UNCLES,
      miner: set[number % set.length],
      stateRoot: this.states.rootOf(this.versionAfter(number)),
      transactionsRoot: orderedTrieRoot(transactions.map(transactionBytes)),
      receiptsRoot: orderedTrieRoot(receipts.map(receiptBytes)),
      logsBloom: receipts[0]?.["logsBloom"] ?? NO_BLOOM,
      difficulty: "0x1",
      gasLimit: "0x1dcd6500",
      gasUsed: toQuantity(21_000 * receipts.length),
      timestamp: toQuantity(this.options.startsAt + BLOCK_SECONDS * number),
      mixHash: MIX_HASH,
      nonce: "0x0000000000000000",
      baseFeePerGas: "0x0",
      withdrawalsRoot: EMPTY_TRIE_ROOT,
      blobGasUsed: "0x0",
      excessBlobGas: "0x0",
      parentBeaconBlockRoot: ZeroHash,
      transactions,
      withdrawals: [],
      uncles: [],
    };
  }

  #parentHashOf(number: number): string {
    if (number === 0) return ZeroHash;
    if (this.options.isSparse === true) return this.#sparseParentHash(number);
    for (let next = this.#hashes.length; next < number; next += 1) {
      const parentHash = this.#hashes[next - 1] ?? ZeroHash;
      this.#hashes.push(this.seal({ ...this.#bare(next), parentHash }, [])["hash"] as string);
    }
    return this.#hashes[number - 1] as string;
  }

  #sparseParentHash(number: number): string {
    const known = this.#blocks.get(number - 1);
    if (known !== undefined) return known["hash"] as string;
    const bare = { ...this.#bare(number - 1), parentHash: id(`an unmade parent of ${number - 1}`) };
    const parent = this.seal(bare, number === 1 ? [] : this.#sealersOf(number - 1));
    this.#blocks.set(number - 1, parent);
    return parent["hash"] as string;
  }
}

/** A filter of logs that have these addresses and topics. */
export function bloomOf(values: readonly string[]): string {
  const bloom = new Uint8Array(256);
  for (const value of values) {
    const hash = getBytes(keccak256(value));
    for (const at of [0, 2, 4]) {
      const bit = (((hash[at] as number) << 8) | (hash[at + 1] as number)) & 2047;
      bloom[255 - (bit >> 3)] = (bloom[255 - (bit >> 3)] as number) | (1 << (bit & 7));
    }
  }
  return hexlify(bloom);
}

/** The transaction in each block that changed the set, as JSON-RPC gives it. */
function electionCall(chainId: number): RpcObject {
  const fields = { type: 0, chainId, nonce: 0, gasPrice: 0n, gasLimit: 21_000n, to: SIMULATED_ELECTION, value: 0n };
  const transaction = Transaction.from(fields);
  transaction.signature = SENDER.sign(transaction.unsignedHash);
  const { r, s, yParity } = transaction.signature;
  return {
    type: "0x0",
    nonce: "0x0",
    gasPrice: "0x0",
    gas: toQuantity(21_000),
    to: SIMULATED_ELECTION,
    value: "0x0",
    input: "0x",
    v: toQuantity(2 * chainId + 35 + yParity), // EIP-155
    r: toQuantity(BigInt(r)),
    s: toQuantity(BigInt(s)),
    chainId: toQuantity(chainId),
    transactionIndex: "0x0",
    from: transaction.from,
    hash: transaction.hash,
  };
}

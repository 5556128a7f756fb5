/** A chain's first block from its genesis file alone: the state's root, the header, and the set that its alloc names. */
import { getBytes, hexlify, keccak256, sha256, toBeHex } from "ethers";

import { CommonwattError } from "../sdk/errors.js";
import { requireAscending } from "./accountant-set.js";
import type { ChainRules, TrustedHeader } from "./chain-rules.js";
import { bytesOfInteger } from "./header-fields.js";
import { trieRoot, type TrieEntry } from "./ordered-trie.js";
import { rlpBytes } from "./rlp.js";
import { SealedHeader } from "./sealed-header.js";
import { hashedPath, type Words } from "./state-proof.js";
import { EMPTY_TRIE_ROOT } from "./trie-proof.js";

/** A genesis file as Besu reads it: JSON. */
export interface GenesisFile {
  readonly config: Readonly<Record<string, unknown>>;
  readonly alloc: Readonly<Record<string, GenesisAccount>>;
  readonly [field: string]: unknown;
}

interface GenesisAccount {
  /** Decimal or hex. */
  readonly balance?: string;
  readonly nonce?: string;
  readonly code?: string;
  readonly storage?: Readonly<Record<string, string>>;
}

const EMPTY_LIST_HASH = keccak256(rlpBytes([]));
const ZERO_HASH = toBeHex(0, 32);
/** Besu's, where the file names none. */
const INITIAL_BASE_FEE = 1_000_000_000n;

/** The genesis block as trusted header: what somebody who was given the file takes for the chain's beginning. */
export function trustGenesis(rules: ChainRules, genesis: GenesisFile): Omit<TrustedHeader, "isProven"> {
  return readable(() => {
    const header = genesisHeader(genesis);
    const words = wordsOf(genesis, rules.election);
    const next = rules.layout.read(words);
    requireAscending(next.validators);
    return { header, sealers: [], next };
  });
}

/** The genesis block's header. LightGenesisUnreadable for a file that lacks something. */
export function genesisHeader(genesis: GenesisFile): SealedHeader {
  return readable(() => {
    const { config } = genesis;
    const at = (fork: string): boolean => config[fork] !== undefined && quantity(config[fork], 0n) <= time;
    const time = quantity(genesis["timestamp"], 0n);
    const items: Uint8Array[] = [
      bytes(genesis["parentHash"] ?? ZERO_HASH, 32),
      getBytes(EMPTY_LIST_HASH),
      bytes(genesis["coinbase"] ?? toBeHex(0, 20), 20),
      getBytes(stateRootOf(genesis)),
      getBytes(EMPTY_TRIE_ROOT),
      getBytes(EMPTY_TRIE_ROOT),
      new Uint8Array(256),
      bytesOfInteger(quantity(genesis["difficulty"], 0n)),
      new Uint8Array(0),
      bytesOfInteger(quantity(genesis["gasLimit"], 0n)),
      new Uint8Array(0),
      bytesOfInteger(time),
      bytes(genesis["extraData"] ?? "0x"),
      bytes(genesis["mixHash"] ?? ZERO_HASH, 32),
      getBytes(toBeHex(quantity(genesis["nonce"], 0n), 8)),
      bytesOfInteger(quantity(genesis["baseFeePerGas"], INITIAL_BASE_FEE)),
    ];
    if (at("shanghaiTime")) items.push(getBytes(EMPTY_TRIE_ROOT));
    if (at("cancunTime")) items.push(new Uint8Array(0), new Uint8Array(0), getBytes(ZERO_HASH));
    if (at("pragueTime")) items.push(getBytes(sha256("0x")));
    return SealedHeader.read(rlpBytes(items));
  });
}

function stateRootOf({ alloc }: GenesisFile): string {
  const entries = Object.entries(alloc).map(([address, account]): TrieEntry => {
    const { balance, nonce, code, storage = {} } = account;
    const fields = [
      bytesOfInteger(quantity(nonce, 0n)),
      bytesOfInteger(quantity(balance, 0n)),
      getBytes(storageRootOf(storage)),
      getBytes(keccak256(code === undefined || code === "" ? "0x" : code)),
    ];
    return { path: hashedPath(hexlify(bytes(prefixed(address), 20))), value: rlpBytes(fields) };
  });
  return trieRoot(entries);
}

function storageRootOf(storage: Readonly<Record<string, string>>): string {
  const words = Object.entries(storage).map(
    ([slot, value]) => [BigInt(prefixed(slot)), BigInt(prefixed(value))] as const,
  );
  const entries = words
    .filter(([, word]) => word !== 0n)
    .map(([slot, word]): TrieEntry => ({ path: hashedPath(toBeHex(slot, 32)), value: rlpBytes(bytesOfInteger(word)) }));
  return trieRoot(entries);
}

/** The words of a contract that the alloc names; 0 for all others. */
function wordsOf({ alloc }: GenesisFile, address: string): Words {
  const account = Object.entries(alloc).find(([name]) => BigInt(prefixed(name)) === BigInt(address))?.[1];
  if (account === undefined) throw unreadable(`its alloc has no ${address}`);
  const words = new Map(
    Object.entries(account.storage ?? {}).map(([slot, value]) => [BigInt(prefixed(slot)), BigInt(prefixed(value))]),
  );
  return { get: (slot) => words.get(slot) ?? 0n };
}

function quantity(value: unknown, otherwise: bigint): bigint {
  if (value === undefined) return otherwise;
  if (typeof value !== "string" && typeof value !== "number") throw unreadable("one of its numbers is none");
  return BigInt(value);
}

function bytes(value: unknown, length?: number): Uint8Array {
  if (typeof value !== "string") throw unreadable("one of its fields is no hex");
  const read = getBytes(value);
  if (length !== undefined && read.length !== length) throw unreadable(`${value} has not ${length} bytes`);
  return read;
}

function prefixed(hex: string): string {
  return hex.startsWith("0x") ? hex : `0x${hex}`;
}

function readable<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof CommonwattError) throw cause;
    throw new CommonwattError("LightGenesisUnreadable", { reason: (cause as Error).message }, { cause });
  }
}

function unreadable(reason: string): CommonwattError {
  return new CommonwattError("LightGenesisUnreadable", { reason });
}

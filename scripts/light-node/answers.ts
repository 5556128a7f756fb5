/** Answers to questions about the chain, each with the header that it was checked against and how far that is proven. */
import { setImmediate as pause } from "node:timers/promises";

import { hexlify, keccak256 } from "ethers";

import { EMPTY_TRIE_ROOT, provenAccount, provenWord, type Account, type AccountProof } from "../../light/index.js";
import { dataField, numberField, objectOf } from "../../light/rpc-fields.js";
import { CommonwattError } from "../../sdk/errors.js";
import { InputError } from "../inputs/error.js";
import {
  isMatch,
  mayHaveLogs,
  readBody,
  type CheckedBody,
  type CheckedLog,
  type CheckedTransaction,
  type LogFilter,
} from "./bodies.js";
import type { Peers } from "./peers.js";
import type { HeaderSource, KnownHeader } from "./headers.js";

/** The code hash of whoever has none. */
export const NO_CODE = keccak256("0x");

/** Headers looked at before others have their turn. */
const BLOCKS_AT_ONCE = 256n;

/** Where answers come from. */
export interface Sources {
  readonly store: HeaderSource;
  readonly peers: Peers;
}

/** What an answer rests on. */
export interface Basis {
  readonly number: bigint;
  readonly hash: string;
  /** False: what the light node started from was too old, or nobody signed for it. */
  readonly isProven: boolean;
}

export interface Answer<Value> {
  readonly value: Value;
  readonly checkedAgainst: Basis;
}

/** Both ends included. */
export interface BlockRange {
  readonly from: bigint;
  readonly to: bigint;
}

/** Logs of a range; where the headers are not all there, which of them could not be looked at. */
export interface LogsAnswer {
  readonly logs: readonly CheckedLog[];
  readonly isComplete: boolean;
  /** Ranges in which logs may be that are not among these, both ends included. */
  readonly notProven: readonly BlockRange[];
  readonly isProven: boolean;
}

export async function getBlock({ store, peers }: Sources, number?: bigint): Promise<Answer<CheckedBody>> {
  const header = knownHeader(store, number);
  const value = await peers.attempt(`block ${header.number}`, (peer) => readBody(peer, header));
  return { value, checkedAgainst: basisOf(store, header) };
}

/** A transaction by its hash. That there is none nobody can prove: InputError when no peer knows of it. */
export async function getTransaction(sources: Sources, hash: string): Promise<Answer<CheckedTransaction>> {
  const found = await findTransaction(sources, hash);
  if (found !== undefined)
    return { value: found.transaction, checkedAgainst: basisOf(sources.store, found.body.header) };
  const advice = "Check the hash, and follow the chain to its head; no peer can prove that there is none";
  throw new InputError({ file: hash }, "no peer knows of such a transaction in a block whose header is here", advice);
}

/** A transaction with its whole block; undefined: no peer knows of it in a block whose header is known. */
export async function findTransaction(
  { store, peers }: Sources,
  hash: string,
): Promise<{ readonly transaction: CheckedTransaction; readonly body: CheckedBody } | undefined> {
  const meant = hash.toLowerCase();
  for (const peer of peers.inTurn()) {
    try {
      const told = await peer.ask("eth_getTransactionByHash", [meant]);
      if ((told ?? null) === null) continue;
      const fields = objectOf(told, "transaction");
      if ((fields["blockNumber"] ?? null) === null) continue;
      const header = store.header(BigInt(numberField(fields, "blockNumber")));
      if (header === undefined) continue;
      const body = await readBody(peer, header);
      const transaction = body.transactions.find((one) => one.hash === meant);
      if (transaction !== undefined) return { transaction, body };
      throw new CommonwattError("BodyNotOfHeader", { what: `transaction ${meant}`, blockNumber: header.number });
    } catch (error) {
      peers.note(peer, `transaction ${meant}`, error);
    }
  }
  return undefined;
}

/** The balance in wei after a block; 0 where the proof shows that nobody is there. */
export async function getBalance(sources: Sources, account: string, number?: bigint): Promise<Answer<bigint>> {
  const { value, checkedAgainst } = await getAccount(sources, account, number);
  return { value: value?.balance ?? 0n, checkedAgainst };
}

/** Who is at an address after a block; undefined: the proof shows that nobody is. */
export async function getAccount(
  { store, peers }: Sources,
  account: string,
  number?: bigint,
): Promise<Answer<Account | undefined>> {
  const header = knownHeader(store, number);
  const value = await peers.attempt(`the account ${account}`, async (peer) => {
    const proof = await peer.proof(account, [], header.number);
    if (proof === undefined) throw forgotten(header);
    return provenAccount(header.stateRoot, account, proof.accountProof);
  });
  return { value, checkedAgainst: basisOf(store, header) };
}

/** The code at an address after a block, in hex; `0x` where there is none. */
export async function getCode(sources: Sources, account: string, number?: bigint): Promise<Answer<string>> {
  const { value: found, checkedAgainst } = await getAccount(sources, account, number);
  if (found === undefined || found.codeHash === NO_CODE) return { value: "0x", checkedAgainst };
  const value = await getProvenCode(sources, { account, codeHash: found.codeHash, number: checkedAgainst.number });
  return { value, checkedAgainst };
}

/** The code at an address after a block, in hex, by the hash that was proven of it. */
export function getProvenCode(
  { peers }: Sources,
  { account, codeHash, number }: { readonly account: string; readonly codeHash: string; readonly number: bigint },
): Promise<string> {
  return peers.attempt(`the code at ${account}`, async (peer) => {
    const code = await peer.ask("eth_getCode", [account, quantity(number)]);
    const told = hexlify(dataField({ code }, "code"));
    if (keccak256(told) === codeHash) return told;
    throw new CommonwattError("StateProofFalse", {
      reason: `the code at ${account} has another hash than the account`,
    });
  });
}

/** An account and words of its storage after a block, with the proofs, as `eth_getProof` gives them. */
export async function getProof(
  { store, peers }: Sources,
  { account, slots, number }: { readonly account: string; readonly slots: readonly bigint[]; readonly number?: bigint },
): Promise<Answer<AccountProof>> {
  const header = knownHeader(store, number);
  const value = await peers.attempt(`the proof of ${account}`, async (peer) => {
    const proof = await peer.proof(account, slots, header.number);
    if (proof === undefined) throw forgotten(header);
    return checkedProof(header, account, slots, proof);
  });
  return { value, checkedAgainst: basisOf(store, header) };
}

/** A word of a contract's storage after a block. */
export async function getWord(
  { store, peers }: Sources,
  { account, slot, number }: { readonly account: string; readonly slot: bigint; readonly number?: bigint },
): Promise<Answer<bigint>> {
  const header = knownHeader(store, number);
  const value = await peers.attempt(`slot ${slot} of ${account}`, async (peer) => {
    const proof = await peer.proof(account, [slot], header.number);
    if (proof === undefined) throw forgotten(header);
    return BigInt(checkedProof(header, account, [slot], proof).storageProof[0]?.value ?? 0);
  });
  return { value, checkedAgainst: basisOf(store, header) };
}

/** All logs of a range that match. Blocks whose bloom says no need nothing, all others are read whole. */
export async function getLogs(sources: Sources, filter: LogFilter, range: BlockRange): Promise<LogsAnswer> {
  const logs: CheckedLog[] = [];
  const notProven = await getLogBodies(sources, [filter], range, (body) => {
    logs.push(...body.logs.filter((log) => isMatch(log, filter)));
  });
  const isProven = sources.store.trusted?.isProven === true;
  return { logs, isComplete: notProven.length === 0, notProven, isProven };
}

/**
 * Reads each block of a range that may have logs of any of the filters, in order. Returns the ranges whose headers are not there, so that
 * nothing is known of their logs.
 */
export async function getLogBodies(
  { store, peers }: Sources,
  filters: readonly LogFilter[],
  range: BlockRange,
  take: (body: CheckedBody) => void,
): Promise<BlockRange[]> {
  const { from, to } = range;
  if (from > to) {
    const problem = `there is no block from ${from} to ${to}`;
    throw new InputError({ file: "--from, --to" }, problem, "Give the first block, and one that is not before it");
  }
  const missing: { from: bigint; to: bigint }[] = [];
  const head = store.trusted?.header.number ?? -1n;
  for (let number = from; number <= to && number <= head; number += 1n) {
    if (number % BLOCKS_AT_ONCE === 0n) await pause();
    const header = store.header(number);
    if (header === undefined) {
      const last = missing.at(-1);
      if (last !== undefined && last.to === number - 1n) last.to = number;
      else missing.push({ from: number, to: number });
    } else if (filters.some((filter) => mayHaveLogs(header, filter))) {
      take(await peers.attempt(`block ${number}`, (peer) => readBody(peer, header)));
    }
  }
  if (to > head) missing.push({ from: from > head ? from : head + 1n, to });
  return missing;
}

/** What the proof shows, said anew: nothing that it does not show is passed on. */
function checkedProof(
  header: KnownHeader,
  address: string,
  slots: readonly bigint[],
  { accountProof, storageProof }: AccountProof,
): AccountProof {
  const account = provenAccount(header.stateRoot, address, accountProof);
  const words = slots.map((slot) => {
    const told = storageProof.find(({ key }) => BigInt(key) === slot);
    // where nobody is, nothing is stored
    if (account === undefined) return { key: quantity(slot), value: "0x0", proof: [] };
    if (told === undefined) throw new CommonwattError("StateProofFalse", { reason: `slot ${slot} is left out` });
    return {
      key: quantity(slot),
      value: quantity(provenWord(account.storageRoot, slot, told.proof)),
      proof: told.proof,
    };
  });
  return {
    address: address.toLowerCase(),
    accountProof,
    balance: quantity(account?.balance ?? 0n),
    codeHash: account?.codeHash ?? NO_CODE,
    nonce: quantity(account?.nonce ?? 0n),
    storageHash: account?.storageRoot ?? EMPTY_TRIE_ROOT,
    storageProof: words,
  };
}

/** A header that is there; the newest without a number. */
export function knownHeader(store: HeaderSource, number?: bigint): KnownHeader {
  const trusted = store.trusted?.header;
  if (trusted === undefined) {
    throw new InputError({ file: store.path }, "it follows no chain yet", "Follow it first: npm run light-node");
  }
  const header = number === undefined ? trusted : store.header(number);
  if (header !== undefined) return header;
  const advice = "Wait until it is there, or keep more headers (--keep)";
  throw new InputError({ file: store.path }, `block ${number ?? 0n} is not among its headers`, advice);
}

function quantity(value: bigint): string {
  return `0x${value.toString(16)}`;
}

export function basisOf(store: HeaderSource, { number, hash }: KnownHeader): Basis {
  return { number, hash, isProven: store.trusted?.isProven === true };
}

function forgotten({ number }: KnownHeader): InputError {
  return new InputError(
    { file: "--rpc" },
    `the peer has forgotten the state after block ${number}`,
    "Name another peer",
  );
}

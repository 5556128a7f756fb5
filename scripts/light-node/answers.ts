/** Answers to questions about the chain, each with the header that it was checked against and how far that is proven. */
import { provenAccount, provenWords, type SealedHeader } from "../../light/index.js";
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
import type { LightStore } from "./store.js";

/** Where answers come from. */
export interface Sources {
  readonly store: LightStore;
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

/** Logs of a range; where the headers are not all there, which of them could not be looked at. */
export interface LogsAnswer {
  readonly logs: readonly CheckedLog[];
  readonly isComplete: boolean;
  /** Ranges in which logs may be that are not among these, both ends included. */
  readonly notProven: readonly { readonly from: bigint; readonly to: bigint }[];
  readonly isProven: boolean;
}

export async function getBlock({ store, peers }: Sources, number?: bigint): Promise<Answer<CheckedBody>> {
  const header = knownHeader(store, number);
  const value = await peers.attempt(`block ${header.number}`, (peer) => readBody(peer, header));
  return { value, checkedAgainst: basisOf(store, header) };
}

/** A transaction by its hash. That there is none nobody can prove: InputError when no peer knows of it. */
export async function getTransaction({ store, peers }: Sources, hash: string): Promise<Answer<CheckedTransaction>> {
  return peers.attempt(`transaction ${hash}`, async (peer) => {
    const told = (await peer.ask("eth_getTransactionByHash", [hash])) as { blockNumber?: unknown } | null;
    if (typeof told?.blockNumber !== "string") {
      const advice = "Check the hash; another peer may know it, but no peer can prove that there is none";
      throw new InputError({ file: hash }, `${peer.name} knows no such transaction in a block`, advice);
    }
    const header = knownHeader(store, BigInt(told.blockNumber));
    const { transactions } = await readBody(peer, header);
    const value = transactions.find((transaction) => transaction.hash === hash.toLowerCase());
    if (value === undefined) throw new InputError({ file: hash }, `it is not in block ${header.number}`, "Ask again");
    return { value, checkedAgainst: basisOf(store, header) };
  });
}

/** The balance in wei after a block; 0 where the proof shows that nobody is there. */
export async function getBalance({ store, peers }: Sources, account: string, number?: bigint): Promise<Answer<bigint>> {
  const header = knownHeader(store, number);
  const value = await peers.attempt(`the balance of ${account}`, async (peer) => {
    const proof = await peer.proof(account, [], header.number);
    if (proof === undefined) throw forgotten(header);
    return provenAccount(header.stateRoot, account, proof.accountProof)?.balance ?? 0n;
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
    const word = proof && provenWords(header.stateRoot, account, proof).get(slot);
    if (word === undefined) throw forgotten(header);
    return word;
  });
  return { value, checkedAgainst: basisOf(store, header) };
}

/** All logs of a range that match. Blocks whose bloom says no need nothing, all others are read whole. */
export async function getLogs(
  { store, peers }: Sources,
  filter: LogFilter,
  range: { readonly from: bigint; readonly to: bigint },
): Promise<LogsAnswer> {
  const logs: CheckedLog[] = [];
  const notProven: { from: bigint; to: bigint }[] = [];
  for (let number = range.from; number <= range.to; number += 1n) {
    const header = store.header(number);
    if (header === undefined) {
      const last = notProven.at(-1);
      if (last !== undefined && last.to === number - 1n) last.to = number;
      else notProven.push({ from: number, to: number });
      continue;
    }
    if (!mayHaveLogs(header, filter)) continue;
    const body = await peers.attempt(`block ${number}`, (peer) => readBody(peer, header));
    logs.push(...body.logs.filter((log) => isMatch(log, filter)));
  }
  const isProven = store.trusted?.isProven === true;
  return { logs, isComplete: notProven.length === 0, notProven, isProven };
}

/** A header that is there; the newest without a number. */
function knownHeader(store: LightStore, number?: bigint): SealedHeader {
  const trusted = store.trusted?.header;
  if (trusted === undefined) {
    throw new InputError({ file: store.path }, "it follows no chain yet", "Follow it first: npm run light-node");
  }
  const header = number === undefined ? trusted : store.header(number);
  if (header !== undefined) return header;
  const advice = "Wait until it is there, or keep more headers (--keep)";
  throw new InputError({ file: store.path }, `block ${number ?? 0n} is not among its headers`, advice);
}

function basisOf(store: LightStore, { number, hash }: SealedHeader): Basis {
  return { number, hash, isProven: store.trusted?.isProven === true };
}

function forgotten({ number }: SealedHeader): InputError {
  return new InputError(
    { file: "--rpc" },
    `the peer has forgotten the state after block ${number}`,
    "Name another peer",
  );
}

/**
 * The books as events tell them: a fold over the logs of one transaction chain, without one read of its state. What the
 * fold meets that cannot be right is noted as a finding; `checks.ts` looks at the whole afterwards.
 */
import type { BookResult } from "../clearing/index.js";
import type { Entry, Outcome, PartyOutcome, Position, Trade } from "../records.js";
import type { AdmittedState, DeviceState } from "./registry-steps.js";
import { emptyTerms, type Terms } from "./terms.js";

/** An escrow account. Micro-credits. */
export interface EscrowAccount {
  balance: bigint;
  locked: bigint;
  held: bigint;
  arrears: bigint;
}

/** A log of packed words. */
export interface LogState {
  readonly words: string[];
  /** Chain hash over the entries; undefined before the first. */
  hash: string | undefined;
}

/** A book as the log of its entries. */
export interface BookState extends LogState {
  readonly entries: Entry[];
}

/** A dispute, with the reading as it was disputed. */
export interface DisputeState {
  readonly bondMicro: bigint;
  readonly reading: Readonly<Record<string, unknown>>;
  state: bigint;
}

/** Since when a meter may not order for want of a reading. */
export interface BarState {
  barredSlot: bigint;
  liftedBySlot: bigint;
}

/** A city tree's slot after `close`. */
export interface ClosedSlot {
  readonly positions: readonly Position[];
  readonly trades: readonly Trade[];
  readonly hash: string;
}

/** The last settlement of a city tree's slot, or of a chunk of a feeder's meters that had no orders. */
export interface SettledGroup {
  readonly slot: bigint;
  /** The city, or the feeder of a chunk. */
  readonly area: bigint;
  readonly outcomes: readonly Outcome[];
  readonly parties: readonly PartyOutcome[];
  /** Delivered Wh per trade of the closed slot; empty for a chunk. */
  readonly deliveredWh: readonly bigint[];
  /** What Settlement keeps of it. */
  readonly hash: string;
  final: boolean;
}

/** A reading as the ledger holds it. */
export interface ReadingState {
  readonly importWh: bigint;
  readonly exportWh: bigint;
  readonly status: bigint;
  readonly sequence: bigint;
}

/** Something that cannot be right. */
export interface Finding {
  /** The check that failed, e.g. `A3`. */
  readonly check: string;
  /** What differs, with both values. */
  readonly what: string;
  /** The event or account at fault. */
  readonly where: string;
}

/** Where the books are kept: what the fold needs to know besides events. */
export interface AuditedContracts {
  readonly chainId: number;
  readonly escrow: string;
  readonly ledger: string;
  /** Whose escrow account accounting fees are paid to. */
  readonly fees: string;
  /** Length of a slot, which no event tells: with it, and the blocks' times, escalation is recomputed, else believed. */
  readonly slotSeconds?: bigint;
}

/** The fold so far. Maps are keyed by address, `area/slot`, `feeder/slot/chunk` or `meter/slot`. */
export interface AuditState {
  readonly contracts: AuditedContracts;
  readonly tokens: Map<string, bigint>;
  issuedMicro: bigint;
  /** Deposits less withdrawals of the escrow. */
  depositedMicro: bigint;
  redeemedMicro: bigint;
  readonly accounts: Map<string, EscrowAccount>;
  /** Per account: what it owes others now. */
  readonly owes: Map<string, bigint>;
  /** Per account: what others owe it now. */
  readonly isOwed: Map<string, bigint>;
  /** Per `debtor/creditor`. */
  readonly debts: Map<string, bigint>;
  /** Per account: balance changes by settlements, releases and payments of debts. */
  readonly moved: Map<string, bigint>;
  /** Locked for orders, bilateral contracts and disputes, from orders and positions alone. */
  readonly locks: Map<string, bigint>;
  /** Members and users, by account. */
  readonly admitted: Map<string, AdmittedState>;
  readonly devices: Map<bigint, DeviceState>;
  readonly terms: Terms;
  readonly books: Map<string, BookState>;
  readonly bilaterals: Map<string, LogState>;
  /** Digests of accepted bilateral contracts. */
  readonly accepted: Set<string>;
  readonly results: Map<string, BookResult>;
  /** Wh that trades sent over the edges, by `area/slot/up` and `area/slot/down`. */
  readonly edgeUse: Map<string, bigint>;
  readonly closed: Map<string, ClosedSlot>;
  readonly settled: Map<string, SettledGroup>;
  /** Keys of `settled` by `area/slot`: a feeder's slot has one for each chunk. */
  readonly settledIn: Map<string, string[]>;
  /** Held money by `area/slot/account`: what settlements put there, what was released of it. */
  readonly heldBySettlements: Map<string, bigint>;
  readonly released: Map<string, bigint>;
  /** `area/slot` of the settlement whose movements came last, while its outcomes are awaited. */
  posting: string | undefined;
  /** Final slots in which a meter was short. */
  readonly shortSlots: Map<bigint, Set<bigint>>;
  readonly readings: Map<string, ReadingState>;
  /** Merkle roots of the ledger's batches, as its events have them. */
  readonly roots: string[];
  readonly bars: Map<bigint, BarState>;
  /** By `meter/slot/operator`: the word of what it attests. */
  readonly attested: Map<string, string>;
  /** By `meter/slot`: the word of what had its quorum last. */
  readonly reached: Map<string, string>;
  /** What the last attestations have to bring, and no event told yet. */
  readonly untold: string[];
  readonly disputes: Map<string, DisputeState>;
  /** What accountants are due, and the sum of all that was booked for them. */
  readonly feesDue: Map<string, bigint>;
  feesBookedMicro: bigint;
  /** Booked for accountants' voters, and not rewarded yet. */
  voterFeesMicro: bigint;
  /** References of payments that credits were issued or redeemed for. */
  readonly references: Set<string>;
  /** Per account: credits that came into being or ended, less those that the issuer says were. */
  readonly unexplained: Map<string, bigint>;
  readonly findings: Finding[];
  /** How many single comparisons were made. */
  checks: number;
  events: number;
  lastBlock: number;
  /** Place of the last event in the chain's log. */
  lastLog: number;
}

export function emptyState(contracts: AuditedContracts): AuditState {
  return {
    contracts,
    tokens: new Map(),
    issuedMicro: 0n,
    depositedMicro: 0n,
    redeemedMicro: 0n,
    accounts: new Map(),
    owes: new Map(),
    isOwed: new Map(),
    moved: new Map(),
    debts: new Map(),
    locks: new Map(),
    admitted: new Map(),
    devices: new Map(),
    terms: emptyTerms(),
    books: new Map(),
    bilaterals: new Map(),
    accepted: new Set(),
    results: new Map(),
    edgeUse: new Map(),
    closed: new Map(),
    settled: new Map(),
    settledIn: new Map(),
    heldBySettlements: new Map(),
    released: new Map(),
    posting: undefined,
    shortSlots: new Map(),
    readings: new Map(),
    roots: [],
    bars: new Map(),
    attested: new Map(),
    reached: new Map(),
    untold: [],
    disputes: new Map(),
    feesDue: new Map(),
    feesBookedMicro: 0n,
    voterFeesMicro: 0n,
    references: new Set(),
    unexplained: new Map(),
    findings: [],
    checks: 0,
    events: 0,
    lastBlock: 0,
    lastLog: -1,
  };
}

/** The account's entry in a map of sums, made when it is new. */
export function add(sums: Map<string, bigint>, key: string, amount: bigint): void {
  sums.set(key, (sums.get(key) ?? 0n) + amount);
}

/** One comparison: notes a finding when the two differ. */
export function expectEqual(
  state: AuditState,
  check: string,
  what: string,
  where: string,
  a: unknown,
  b: unknown,
): void {
  state.checks++;
  if (a === b) return;
  state.findings.push({ check, what: `${what}: ${String(a)}, not ${String(b)}`, where });
}

/** What `read` gives; undefined where it throws, which is a finding of the check: an audit goes on behind what it can't read. */
export function readOrNote<Result>(
  state: AuditState,
  check: string,
  what: string,
  where: string,
  read: () => Result,
): Result | undefined {
  try {
    return read();
  } catch (error) {
    expectEqual(state, check, `${what} can be read`, where, error, "read");
    return undefined;
  }
}

export function accountOf(state: AuditState, address: string): EscrowAccount {
  let account = state.accounts.get(address);
  if (account === undefined) {
    account = { balance: 0n, locked: 0n, held: 0n, arrears: 0n };
    state.accounts.set(address, account);
  }
  return account;
}

/** The settlements of a city or feeder in a slot. */
export function settlementsIn(state: AuditState, areaSlot: string): SettledGroup[] {
  return (state.settledIn.get(areaSlot) ?? []).flatMap((key) => state.settled.get(key) ?? []);
}

export const areaSlotKey = (area: bigint, slot: bigint): string => `${area}/${slot}`;
export const chunkKey = (feeder: bigint, slot: bigint, chunk: bigint): string => `${feeder}/${slot}/${chunk}`;
export const readingKey = (meter: bigint, slot: bigint): string => `${meter}/${slot}`;

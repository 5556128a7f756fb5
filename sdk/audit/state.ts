/**
 * The books as events tell them: a fold over the logs of one transaction chain, without one read of its state. What the
 * fold meets that cannot be right is noted as a finding; `checks.ts` looks at the whole afterwards.
 */
import type { Entry, Outcome, PartyOutcome, Position, Trade } from "../records.js";

/** An escrow account. Micro-credits. */
export interface EscrowAccount {
  balance: bigint;
  locked: bigint;
  held: bigint;
  arrears: bigint;
}

/** A book as the log of its entries. */
export interface BookState {
  readonly entries: Entry[];
  /** Chain hash over the entries; undefined before the first. */
  hash: string | undefined;
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

/** The fold so far. Maps are keyed by address, `area/slot`, `feeder/slot/chunk` or `meter/slot`. */
export interface AuditState {
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
  /** Per account: balance changes by settlements, releases and payments of debts. */
  readonly moved: Map<string, bigint>;
  /** Locked for orders, bilateral contracts and disputes, from orders and positions alone. */
  readonly locks: Map<string, bigint>;
  readonly books: Map<string, BookState>;
  readonly closed: Map<string, ClosedSlot>;
  readonly settled: Map<string, SettledGroup>;
  readonly readings: Map<string, ReadingState>;
  readonly bondRates: { readonly fromSlot: bigint; readonly bondRate: bigint }[];
  readonly disputeBonds: Map<string, bigint>;
  readonly findings: Finding[];
  /** How many single comparisons were made. */
  checks: number;
  events: number;
  lastBlock: number;
}

export function emptyState(): AuditState {
  return {
    tokens: new Map(),
    issuedMicro: 0n,
    depositedMicro: 0n,
    redeemedMicro: 0n,
    accounts: new Map(),
    owes: new Map(),
    isOwed: new Map(),
    moved: new Map(),
    locks: new Map(),
    books: new Map(),
    closed: new Map(),
    settled: new Map(),
    readings: new Map(),
    bondRates: [],
    disputeBonds: new Map(),
    findings: [],
    checks: 0,
    events: 0,
    lastBlock: 0,
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

export function accountOf(state: AuditState, address: string): EscrowAccount {
  let account = state.accounts.get(address);
  if (account === undefined) {
    account = { balance: 0n, locked: 0n, held: 0n, arrears: 0n };
    state.accounts.set(address, account);
  }
  return account;
}

export const areaSlotKey = (area: bigint, slot: bigint): string => `${area}/${slot}`;
export const chunkKey = (feeder: bigint, slot: bigint, chunk: bigint): string => `${feeder}/${slot}/${chunk}`;
export const readingKey = (meter: bigint, slot: bigint): string => `${meter}/${slot}`;

/**
 * The packed records that events carry and hashes commit to: contracts/libraries/Records.sol in TypeScript. Fields stand
 * from the most significant bit downwards, in the order of their lists here; the rest of a word is zero.
 */
import { keccak256, toBeHex, ZeroHash } from "ethers";

import { bytesOfHex } from "../light/rpc-fields.js";
import { checksummed } from "./checksummed.js";

/** Tags of an entry; Buy and Sell are also the sides of a position. */
export const EntryTag = { Buy: 1n, Sell: 2n, Cancel: 3n } as const;
/** Levels of a trade. */
export const TradeLevel = { Bilateral: 0n, Feeder: 1n, District: 2n, City: 3n } as const;

/** A field's name and width in bits; negative widths are signed (two's complement). */
type Layout = readonly (readonly [name: string, bits: number])[];
type Word = string;

const ENTRY = [
  ["tag", 8],
  ["meter", 32],
  ["feeder", 24],
  ["arrival", 24],
  ["wh", 32],
  ["limit", 32],
  ["index", 16],
  ["slot", 32],
] as const;
const OWNER = [
  ["account", 160],
  ["zero", 32],
  ["nonce", 64],
] as const;
const TRADE = [
  ["level", 8],
  ["buyFeeder", 24],
  ["sellFeeder", 24],
  ["buyIndex", 16],
  ["sellIndex", 16],
  ["wh", 32],
  ["price", 32],
  ["buyMeter", 32],
  ["sellMeter", 32],
  ["buyPos", 16],
  ["sellPos", 16],
] as const;
const BILATERAL_BUYER = [
  ["buyer", 160],
  ["slot", 32],
] as const;
const BILATERAL_SELLER = [["seller", 160]] as const;
const BILATERAL_LOCKS = [
  ["buyLock", 64],
  ["sellLock", 64],
] as const;
const POSITION = [
  ["meter", 32],
  ["feeder", 24],
  ["side", 8],
  ["filledLock", 64],
  ["unlocked", 64],
] as const;
const ACCOUNT = [["account", 160]] as const;
const OUTCOME_ENERGY = [
  ["meter", 32],
  ["status", 8],
  ["importWh", 32],
  ["exportWh", 32],
  ["boughtWh", 32],
  ["soldWh", 32],
  ["undeliveredWh", 32],
  ["feeder", 24],
] as const;
const OUTCOME_TRADED = [
  ["energyPaid", 64],
  ["energyReceived", 64],
  ["gridPaid", 64],
  ["gridReceived", 64],
] as const;
const OUTCOME_BONDS = [
  ["fees", 64],
  ["bondPaid", 64],
  ["bondReceived", 64],
  ["held", 64],
] as const;
const OUTCOME_ACCOUNT = [
  ["account", 160],
  ["uncovered", 64],
] as const;
const PARTY = [
  ["community", 64],
  ["surplusIn", 64],
  ["surplusOut", 64],
] as const;
const MOVEMENT_HEAD = [
  ["account", 160],
  ["unused", 88],
  ["reason", 8],
] as const;
const MOVEMENT_DELTAS = [
  ["balance", -64],
  ["locked", -64],
  ["held", -64],
  ["arrears", -64],
] as const;
const READING = [
  ["meter", 32],
  ["slot", 32],
  ["importWh", 32],
  ["exportWh", 32],
  ["status", 8],
  ["sequence", 8],
  ["changed", 8],
] as const;

type FieldsOf<L extends Layout> = {
  readonly [Field in L[number] as Field[0]]: Field[0] extends "account" | "buyer" | "seller" ? string : bigint;
};

/** One line of a feeder's book log: an order of one slot, or the cancel of one (arrival, wh and limit 0). */
export type Entry = FieldsOf<typeof ENTRY> & Omit<FieldsOf<typeof OWNER>, "zero">;
/** What rises of an order: its first word with the energy left and the limit at the parent's level. */
export type Rest = FieldsOf<typeof ENTRY>;
/** One trade of a book; `price` is the book's, in micro-credits per kWh; positions are 0 until the slot is closed. */
export type Trade = FieldsOf<typeof TRADE>;
/** One slot of an accepted bilateral contract. Locks in micro-credits. */
export type BilateralEntry = { readonly trade: Trade } & FieldsOf<typeof BILATERAL_BUYER> &
  FieldsOf<typeof BILATERAL_SELLER> &
  FieldsOf<typeof BILATERAL_LOCKS>;
/** What one meter's trades of a slot leave locked. Micro-credits. */
export type Position = FieldsOf<typeof POSITION> & FieldsOf<typeof ACCOUNT>;
/** What a settled slot did to one meter. Wh and micro-credits. */
export type Outcome = FieldsOf<typeof OUTCOME_ENERGY> &
  FieldsOf<typeof OUTCOME_TRADED> &
  FieldsOf<typeof OUTCOME_BONDS> &
  FieldsOf<typeof OUTCOME_ACCOUNT>;
/** What a settled slot did to a supplier or grid operator. Micro-credits. */
export type PartyOutcome = FieldsOf<typeof ACCOUNT> & FieldsOf<typeof PARTY>;
/** One change of an escrow account. Micro-credits. */
export type Movement = Omit<FieldsOf<typeof MOVEMENT_HEAD>, "unused"> & FieldsOf<typeof MOVEMENT_DELTAS>;
/** One reading of a batch; `changed` is 1 when the ledger stored it anew. */
export type ReadingRecord = FieldsOf<typeof READING>;

export function unpackEntries(words: readonly Word[]): Entry[] {
  return groups(words, 2).map(([order = "", owner = ""]) => {
    const { account, nonce } = unpack(OWNER, owner);
    return { ...unpack(ENTRY, order), account, nonce };
  });
}

export function packEntry(entry: Entry): [Word, Word] {
  return [pack(ENTRY, entry), pack(OWNER, { ...entry, zero: 0n })];
}

export function unpackRests(words: readonly Word[]): Rest[] {
  return words.map((word) => unpack(ENTRY, word));
}

export function packRest(rest: Rest): Word {
  return pack(ENTRY, rest);
}

export function unpackTrades(words: readonly Word[]): Trade[] {
  return words.map((word) => unpack(TRADE, word));
}

export function packTrade(trade: Trade): Word {
  return pack(TRADE, trade);
}

export function unpackBilaterals(words: readonly Word[]): BilateralEntry[] {
  return groups(words, 4).map(([trade = "", buyer = "", seller = "", locks = ""]) => ({
    trade: unpack(TRADE, trade),
    ...unpack(BILATERAL_BUYER, buyer),
    ...unpack(BILATERAL_SELLER, seller),
    ...unpack(BILATERAL_LOCKS, locks),
  }));
}

export function packBilateral(entry: BilateralEntry): Word[] {
  return [
    packTrade(entry.trade),
    pack(BILATERAL_BUYER, entry),
    pack(BILATERAL_SELLER, entry),
    pack(BILATERAL_LOCKS, entry),
  ];
}

export function unpackPositions(words: readonly Word[]): Position[] {
  return groups(words, 2).map(([amounts = "", account = ""]) => ({
    ...unpack(POSITION, amounts),
    ...unpack(ACCOUNT, account),
  }));
}

export function packPosition(position: Position): Word[] {
  return [pack(POSITION, position), pack(ACCOUNT, position)];
}

export function unpackOutcomes(words: readonly Word[]): Outcome[] {
  return groups(words, 4).map(([energy = "", traded = "", bonds = "", account = ""]) => ({
    ...unpack(OUTCOME_ENERGY, energy),
    ...unpack(OUTCOME_TRADED, traded),
    ...unpack(OUTCOME_BONDS, bonds),
    ...unpack(OUTCOME_ACCOUNT, account),
  }));
}

export function packOutcome(outcome: Outcome): Word[] {
  return [
    pack(OUTCOME_ENERGY, outcome),
    pack(OUTCOME_TRADED, outcome),
    pack(OUTCOME_BONDS, outcome),
    pack(OUTCOME_ACCOUNT, outcome),
  ];
}

export function unpackParties(words: readonly Word[]): PartyOutcome[] {
  return groups(words, 2).map(([account = "", amounts = ""]) => ({
    ...unpack(ACCOUNT, account),
    ...unpack(PARTY, amounts),
  }));
}

export function packParty(party: PartyOutcome): Word[] {
  return [pack(ACCOUNT, party), pack(PARTY, party)];
}

export function unpackMovements(words: readonly Word[]): Movement[] {
  return groups(words, 2).map(([head = "", deltas = ""]) => {
    const { account, reason } = unpack(MOVEMENT_HEAD, head);
    return { account, reason, ...unpack(MOVEMENT_DELTAS, deltas) };
  });
}

export function packMovement(movement: Movement): Word[] {
  return [pack(MOVEMENT_HEAD, { ...movement, unused: 0n }), pack(MOVEMENT_DELTAS, movement)];
}

export function unpackReadings(words: readonly Word[]): ReadingRecord[] {
  return words.map((word) => unpack(READING, word));
}

export function packReading(reading: ReadingRecord): Word {
  return pack(READING, reading);
}

/** Delivered Wh of `count` trades, eight to a word. */
export function unpackDelivered(words: readonly Word[], count: number): bigint[] {
  return Array.from({ length: count }, (_, index) => {
    const word = words[index >> 3];
    if (word === undefined) throw new RangeError(`no delivered energy for trade ${index} in ${words.length} words`);
    return (BigInt(word) >> BigInt(224 - 32 * (index & 7))) & 0xffffffffn;
  });
}

/** The inverse: eight to a word, the rest of the last one zero. */
export function packDelivered(deliveredWh: readonly bigint[]): Word[] {
  return Array.from({ length: Math.ceil(deliveredWh.length / 8) }, (_, word) => {
    const lanes = deliveredWh.slice(8 * word, 8 * word + 8);
    const value = lanes.reduce((bits, wh, lane) => bits | (wh << BigInt(224 - 32 * lane)), 0n);
    return toBeHex(value, 32);
  });
}

/** keccak256 of the words one after another; 0 when there are none. */
export function hashWords(words: readonly Word[]): Word {
  return words.length === 0 ? ZeroHash : keccak256(bytesOf(words));
}

/** A log's chain hash over entries of `wordsPerEntry` words: h' = keccak256(h, words). */
export function chainHash(words: readonly Word[], wordsPerEntry: number, start: Word = ZeroHash): Word {
  return groups(words, wordsPerEntry).reduce((hash, entry) => keccak256(bytesOf([hash, ...entry])), start);
}

function bytesOf(words: readonly Word[]): Uint8Array {
  return bytesOfHex(`0x${words.map((word) => word.slice(2)).join("")}`, "words");
}

function groups(words: readonly Word[], size: number): Word[][] {
  if (words.length % size !== 0) throw new RangeError(`${words.length} words are no whole records of ${size}`);
  return Array.from({ length: words.length / size }, (_, index) => words.slice(index * size, (index + 1) * size));
}

function unpack<L extends Layout>(layout: L, word: Word): FieldsOf<L> {
  const value = BigInt(word);
  const fields: Record<string, bigint | string> = {};
  let shift = 256n;
  for (const [name, width] of layout) {
    const bits = BigInt(Math.abs(width));
    shift -= bits;
    const field = BigInt.asUintN(Number(bits), value >> shift);
    if (bits === 160n) fields[name] = checksummed(field.toString(16).padStart(40, "0"));
    else fields[name] = width < 0 ? BigInt.asIntN(-width, field) : field;
  }
  return fields as FieldsOf<L>;
}

function pack<L extends Layout>(layout: L, fields: FieldsOf<L>): Word {
  let value = 0n;
  let shift = 256n;
  for (const [name, width] of layout) {
    const bits = Math.abs(width);
    shift -= BigInt(bits);
    const field = BigInt((fields as Record<string, bigint | string>)[name] ?? 0n);
    const kept = BigInt.asUintN(bits, field);
    if (kept !== field && (width > 0 || BigInt.asIntN(bits, field) !== field)) {
      throw new RangeError(`${name} ${field} does not fit ${bits} bits`);
    }
    value |= kept << shift;
  }
  return toBeHex(value, 32);
}

/**
 * What no design under these rules can avoid, gas per home and slot. The model: every home signs one order a day and
 * its meter one reading a slot; what they sign comes in calldata once, packed to the byte; each signature is recovered
 * once. All homes of a feeder share one storage word per slot and step (book, its result, the closed slot, the
 * outcomes): a hash of everything else. A home's account is one word that changes once a day.
 * On the first day of fresh accounts the words of slots are new ones; on a steady day they could all be used again.
 * What this design keeps besides, by choice, is counted apart: a reading of its own that can be replaced, and money
 * that moves slot by slot.
 */
const BYTE = 16; // of calldata; a packed byte is hardly ever zero
const SIGNATURE_BYTES = 64;
const ECRECOVER = 3_000;
const INTRINSIC = 21_000;
const NEW_WORD = 22_100; // EIP-2929: 2,100 for the first touch, 20,000 for the write
const CHANGED_WORD = 5_000;

/** Bytes of an order beside its slots: meter 4, first slot 4, side and nonce 8, deadline 4. */
const ORDER_BYTES = 20 + SIGNATURE_BYTES;
/** Wh and limit. */
const ORDER_SLOT_BYTES = 4 + 4;
/** Meter and slot 8, import 4, export 4, status and sequence 2. */
const READING_BYTES = 18 + SIGNATURE_BYTES;
const HASHES_PER_SLOT = 4;
const READINGS_PER_WORD = 4;
/** Lock, unlock, settle and finalize; the lock is the day's. */
const MOVES_PER_SLOT = 3;

export interface FloorLine {
  readonly what: string;
  readonly gas: number;
}

/** A day to trade on: its words of slots are new, or were used for earlier slots. */
export type Day = "first" | "steady";

/** The floor, line by line, for `homes` that order once for `slots` slots, sent in `transactions`. */
export function floorLines(homes: number, slots: number, transactions: number, day: Day): FloorLine[] {
  const orderBytes = ORDER_SLOT_BYTES + ORDER_BYTES / slots;
  return [
    { what: `21,000 for each of ${transactions} transactions`, gas: (INTRINSIC * transactions) / homes / slots },
    {
      what: `calldata: order ${orderBytes.toFixed(1)} bytes, reading ${READING_BYTES}`,
      gas: BYTE * (orderBytes + READING_BYTES),
    },
    { what: "ecrecover: an order a day, a reading a slot", gas: ECRECOVER * (1 + 1 / slots) },
    {
      what: `${HASHES_PER_SLOT} hashes a slot, ${wordOf(day).what}s`,
      gas: (HASHES_PER_SLOT * wordOf(day).gas) / homes,
    },
    { what: "account word, once a day", gas: CHANGED_WORD / slots },
  ];
}

/** What this design stores by choice on top of the floor. */
export function chosenLines(slots: number, day: Day): FloorLine[] {
  return [
    { what: `each reading stored, four to a ${wordOf(day).what}`, gas: wordOf(day).gas / READINGS_PER_WORD },
    { what: "account word at close, settle and finalize", gas: MOVES_PER_SLOT * CHANGED_WORD - CHANGED_WORD / slots },
  ];
}

function wordOf(day: Day): FloorLine {
  return day === "first" ? { what: "new word", gas: NEW_WORD } : { what: "used word", gas: CHANGED_WORD };
}

export function sumOf(lines: readonly FloorLine[]): number {
  return lines.reduce((sum, { gas }) => sum + gas, 0);
}

/** What a transaction costs before and after its execution, and how much it has to be given. */
import { getBytes } from "ethers";

import type { CallMessage } from "./call-params.js";

const TRANSACTION = 21_000n;
const CREATION = 32_000n;
const INIT_CODE_WORD = 2n;
const WORD_BYTES = 32;
/** Data is counted in tokens: a zero byte is one, any other four (EIP-7623). */
const TOKENS_A_BYTE = 4;
const TOKEN = 4n;
const FLOOR_TOKEN = 10n;
const LISTED_ADDRESS = 2_400n;
const LISTED_SLOT = 1_900n;
/** Of what was used, this part at most is given back (EIP-3529). */
const MOST_REFUND = 5n;
/** A call keeps a 64th of its gas for itself (EIP-150). */
const KEPT = 64n;
/** What a callee gets with value, above what it is given. */
const STIPEND = 2_300n;
/** How near the least gas the search comes: 1.5 %, as geth's. */
const [NEAR_PART, NEAR_OF] = [15n, 1_000n];

/** Prices of the fork that go into it: none before Prague. */
export interface DataPrices {
  readonly hasFloor: boolean;
}

/** What is paid before the first instruction. */
export function intrinsicGas({ to, data, accessList }: CallMessage): bigint {
  const creation =
    to === undefined ? CREATION + INIT_CODE_WORD * BigInt(Math.ceil(getBytes(data).length / WORD_BYTES)) : 0n;
  const listed = accessList.reduce(
    (sum, { storageKeys }) => sum + LISTED_ADDRESS + LISTED_SLOT * BigInt(storageKeys.length),
    0n,
  );
  return TRANSACTION + creation + TOKEN * tokensOf(data) + listed;
}

/** The least that a transaction with so much data is charged, whatever it does. */
export function floorGas({ data }: CallMessage, { hasFloor }: DataPrices): bigint {
  return hasFloor ? TRANSACTION + FLOOR_TOKEN * tokensOf(data) : 0n;
}

/** What is charged in the end. */
export function chargedGas(used: bigint, refund: bigint, floor: bigint): bigint {
  const most = used / MOST_REFUND;
  const charged = used - (refund < most ? refund : most);
  return charged > floor ? charged : floor;
}

/**
 * A gas limit with which it succeeds, near the least: `run` says whether it does with so much. `high` is known to do;
 * `used` and `refund` are what it took then.
 */
export async function leastGas(
  run: (gas: bigint) => Promise<boolean>,
  { high, charged, refund }: { readonly high: bigint; readonly charged: bigint; readonly refund: bigint },
): Promise<bigint> {
  let [low, enough] = [charged - 1n, high];
  const likely = ((charged + refund + STIPEND) * KEPT) / (KEPT - 1n);
  const attempt = async (gas: bigint): Promise<void> => {
    if (await run(gas)) enough = gas;
    else low = gas;
  };
  // what needs no margin is known at once
  if (charged < enough) await attempt(charged);
  if (likely > low && likely < enough) await attempt(likely);
  while (low + 1n < enough && (enough - low) * NEAR_OF > enough * NEAR_PART) {
    const middle = (enough + low) / 2n;
    await attempt(middle > 2n * low ? 2n * low : middle);
  }
  return enough;
}

function tokensOf(data: string): bigint {
  return BigInt(getBytes(data).reduce((sum, byte) => sum + (byte === 0 ? 1 : TOKENS_A_BYTE), 0));
}

/** The chain's quorums through the SDK, as the operator whose key sends sees them. */
import {
  attestationStates,
  attestReadings,
  hasQuorums,
  type AttestationState,
} from "../../sdk/actions/attestations.js";
import { timesOf } from "../../sdk/actions/market.js";
import { readingsAt, type StoredReading } from "../../sdk/actions/readings.js";
import type { TransactionChain } from "../../sdk/connect.js";
import { CommonwattError } from "../../sdk/errors.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { latestHead } from "../../sdk/latest-head.js";
import { rankOf, type SignedReading } from "../../sdk/signing/readings.js";

import { minedInTime } from "./chain.js";
import type { Progress, QuorumChain } from "./quorum-writer.js";
import { takenUntil } from "./rules.js";
import type { ReadingDates } from "./types.js";

/** @param chainOf The chain under the key of the moment: it may be rotated. */
export function quorumChain(chainOf: () => TransactionChain): QuorumChain {
  return {
    progressOf: async (readings) => {
      const chain = chainOf();
      if (!(await hasQuorums(chain))) return undefined;
      const operator = await chain.signer?.getAddress();
      if (operator === undefined) throw new CommonwattError("SignerMissing");
      const states = await attestationStates(chain, { operator, readings });
      const asked = readings.filter((_, index) => (states[index]?.needed ?? 1n) > 1n);
      const [stored, late] = [await storedOf(chain, asked), await lateOf(chain, asked)];
      return readings.map((reading, index) => {
        const state = states[index];
        if (state === undefined || state.needed === 1n) return "open";
        return progressOf(reading, state, stored.get(keyOf(reading)), late(reading));
      });
    },
    attest: (readings) => minedInTime(attestReadings(chainOf(), { readings })),
  };
}

function progressOf(
  reading: SignedReading,
  state: AttestationState,
  stored: StoredReading | undefined,
  isLate: boolean,
): Progress {
  if (stored !== undefined && isSame(stored, reading)) return "stored";
  if (stored !== undefined && isReplaced(reading, stored)) return "open"; // the ledger says why it doesn't take it
  if (state.isReached) return "open";
  if (isLate) return "late";
  return state.isOperator && !state.isAttestedByIt ? "attest" : "wait";
}

/** What the ledger has of the readings' meters and slots; nothing where it has none. */
async function storedOf(
  chain: TransactionChain,
  readings: readonly SignedReading[],
): Promise<Map<string, StoredReading>> {
  const stored = new Map<string, StoredReading>();
  for (const [slot, own] of bySlot(readings)) {
    const meters = own.map(({ meter }) => meter);
    (await readingsAt(chain, { meters, slot })).forEach((reading, index) => {
      if (reading.status !== ReadingStatus.None) stored.set(`${meters[index] ?? 0n}/${slot}`, reading);
    });
  }
  return stored;
}

/** By the chain's own clock and dates, postponed ones too: a reading that is given up does not come back. */
async function lateOf(
  chain: TransactionChain,
  readings: readonly SignedReading[],
): Promise<(reading: SignedReading) => boolean> {
  const { timestamp: now } = await latestHead(chain.provider);
  const dates = new Map<bigint, ReadingDates>();
  for (const slot of bySlot(readings).keys()) dates.set(slot, await timesOf(chain, slot));
  return ({ slot, status }) => {
    const known = dates.get(slot);
    return known !== undefined && now >= takenUntil(known, status);
  };
}

function bySlot(readings: readonly SignedReading[]): Map<bigint, SignedReading[]> {
  const groups = new Map<bigint, SignedReading[]>();
  for (const reading of readings) groups.set(reading.slot, [...(groups.get(reading.slot) ?? []), reading]);
  return groups;
}

function keyOf({ meter, slot }: SignedReading): string {
  return `${meter}/${slot}`;
}

function isSame(stored: StoredReading, reading: SignedReading): boolean {
  return (["importWh", "exportWh", "status", "sequence"] as const).every((part) => stored[part] === reading[part]);
}

/** Whether the ledger has what replaces the reading, or what it may not replace. */
function isReplaced(reading: SignedReading, stored: StoredReading): boolean {
  const [rank, storedRank] = [rankOf(reading.status), rankOf(stored.status)];
  if (rank !== storedRank) return rank < storedRank;
  return reading.status === ReadingStatus.Actual || reading.sequence <= stored.sequence;
}

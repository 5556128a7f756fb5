/** Quorums of oracles: who attests a feeder's readings, and what has been attested. Energy in Wh, gross. */
import { MAX_ATTESTED } from "../bounds.js";
import type { TransactionChain } from "../connect.js";
import { ReadingStatus } from "../enums.js";
import { packReading, unpackReadings } from "../records.js";
import type { Reading } from "../signing/readings.js";
import { ask, transact, type Receipt, type TransactionOverrides } from "../transact.js";
import type { StoredReading } from "./readings.js";

/** How many of which operators must attest a feeder's readings; 1 of none: nobody has to. */
export interface Quorum {
  readonly needed: bigint;
  readonly operators: readonly string[];
}

export interface SetQuorumParameters extends Quorum {
  readonly feeder: bigint;
  /** Not yet open. */
  readonly fromSlot: bigint;
}

/** Decides whose attestations a feeder's readings need. The council. */
export function setQuorum(
  chain: TransactionChain,
  { feeder, needed, operators, fromSlot }: SetQuorumParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () =>
    chain.contracts.readingQuorum.setQuorum(feeder, needed, [...operators], fromSlot, overrides),
  );
}

/** Whether any feeder ever had a quorum. */
export function hasQuorums(chain: TransactionChain): Promise<boolean> {
  return ask(() => chain.contracts.readingQuorum.hasQuorums());
}

/** Whose attestations a feeder's readings of a slot need. */
export async function quorumAt(
  chain: TransactionChain,
  { feeder, slot }: { readonly feeder: bigint; readonly slot: bigint },
): Promise<Quorum> {
  const { needed, operators } = await ask(() => chain.contracts.readingQuorum.quorumAt(feeder, slot));
  return { needed, operators: [...operators] };
}

/**
 * Attests readings as the sender, MAX_ATTESTED in a transaction; what it attests already changes nothing. Cheapest by
 * meter, each with up to eight slots in a row.
 */
export async function attestReadings(
  chain: TransactionChain,
  { readings }: { readonly readings: readonly Reading[] },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt[]> {
  const words = readings.map(readingWord);
  const receipts: Receipt[] = [];
  for (let from = 0; from < words.length; from += MAX_ATTESTED) {
    const part = words.slice(from, from + MAX_ATTESTED);
    receipts.push(await transact(chain, () => chain.contracts.readingQuorum.attest(part, overrides)));
  }
  return receipts;
}

/** What an operator attests of a meter and slot; `reading` is undefined where it attests nothing. */
export interface Attestation {
  readonly operator: string;
  readonly reading: StoredReading | undefined;
}

/** What the operators of the meter's feeder attest of a slot; none where nobody has to. */
export async function attestationsAt(
  chain: TransactionChain,
  { meter, slot }: { readonly meter: bigint; readonly slot: bigint },
): Promise<Attestation[]> {
  const { operators, readings } = await ask(() => chain.contracts.readingQuorum.attestationsAt(meter, slot));
  return operators.map((operator, index) => {
    const { importWh, exportWh, status, sequence } = readings[index] ?? NOTHING;
    const reading = { importWh, exportWh, status: Number(status) as ReadingStatus, sequence };
    return { operator, reading: reading.status === ReadingStatus.None ? undefined : reading };
  });
}

const NOTHING = { importWh: 0n, exportWh: 0n, status: 0n, sequence: 0n };

/** How far a reading has come with its feeder's quorum. */
export interface AttestationState {
  /** 0 where the meter stands nowhere in the slot. */
  readonly feeder: bigint;
  /** 1: nobody has to attest it. */
  readonly needed: bigint;
  /** How many attest exactly it. */
  readonly attested: bigint;
  /** The ledger takes it: it has its quorum, or needs none. */
  readonly isReached: boolean;
  /** The operator asked for is one of those who attest there. */
  readonly isOperator: boolean;
  /** It attests exactly this reading. */
  readonly isAttestedByIt: boolean;
}

/** How far readings have come, for an operator that may want to attest them; in the order of the readings. */
export async function attestationStates(
  chain: TransactionChain,
  { operator, readings }: { readonly operator: string; readonly readings: readonly Reading[] },
): Promise<AttestationState[]> {
  const states = await ask(() => chain.contracts.readingQuorum.statesOf(operator, readings.map(readingWord)));
  return states.map(({ feeder, needed, attested, isReached, isOperator, isAttestedByIt }) => {
    return { feeder, needed, attested, isReached, isOperator, isAttestedByIt };
  });
}

/** An operator that attested another value than the one that has its quorum, under the same rank and sequence. */
export interface Contradiction {
  readonly feeder: bigint;
  readonly operator: string;
  readonly attested: Reading;
  /** What has its quorum. */
  readonly reading: Reading;
  readonly block: number;
}

export interface ContradictionsParameters {
  /** Absent: of all. */
  readonly feeder?: bigint;
  readonly operator?: string;
  /** Absent: from the deployment on. */
  readonly fromBlock?: number;
}

/** Who was named for contradicting a quorum, in the order of the chain. */
export async function contradictionsOf(
  chain: TransactionChain,
  { feeder, operator, fromBlock = chain.deployment.deploymentBlock }: ContradictionsParameters = {},
): Promise<Contradiction[]> {
  const { readingQuorum } = chain.contracts;
  const filter = readingQuorum.filters.AttestationContradicted(feeder, operator);
  const events = await ask(() => readingQuorum.queryFilter(filter, fromBlock));
  return events.map(({ args, blockNumber }) => ({
    feeder: args.feeder,
    operator: args.operator,
    attested: readingOf(args.attested),
    reading: readingOf(args.reading),
    block: blockNumber,
  }));
}

/** A reading as ReadingQuorum takes it. */
function readingWord({ meter, slot, importWh, exportWh, status, sequence }: Reading): string {
  return packReading({ meter, slot, importWh, exportWh, status: BigInt(status), sequence, changed: 0n });
}

function readingOf(word: string): Reading {
  const [record] = unpackReadings([word]);
  if (record === undefined) throw new RangeError("one word gives one reading");
  const { meter, slot, importWh, exportWh, status, sequence } = record;
  return { meter, slot, importWh, exportWh, status: Number(status) as ReadingStatus, sequence };
}

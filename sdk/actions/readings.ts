/** Tamper-proof readings. Energy in Wh, gross. */
import type { TransactionChain } from "../connect.js";
import type { ReadingStatus } from "../enums.js";
import { proveReading, type ReadingProof } from "../merkle.js";
import { readingDigest, type Reading, type SignedReading } from "../signing/readings.js";
import type { SigningDomain } from "../signing/typed-data.js";
import { ask, eventsIn, transact, transactRequest, type Receipt, type TransactionOverrides } from "../transact.js";

/** What readings for the chain's MeterLedger are signed for. */
export function meterLedgerOf(chain: TransactionChain): SigningDomain {
  const { chainId, contracts } = chain.deployment;
  return { chainId, verifyingContract: contracts.MeterLedger.address };
}

/** A batch that the ledger accepted. */
export interface SubmittedBatch {
  readonly receipt: Receipt;
  /** Undefined when every reading was stored before: then there is no new root. */
  readonly batch: { readonly id: bigint; readonly root: string } | undefined;
}

/** Submits a batch of signed readings; anyone may. Cheapest by meter, each with up to eight slots in a row. */
export async function submitReadings(
  chain: TransactionChain,
  { readings }: { readonly readings: readonly SignedReading[] },
  overrides: TransactionOverrides = chain.defaults,
): Promise<SubmittedBatch> {
  const { meterLedger } = chain.contracts;
  const request = await meterLedger.submit.populateTransaction([...readings], overrides);
  const receipt = await transactRequest(chain, request);
  const { address } = chain.deployment.contracts.MeterLedger;
  const [event] = eventsIn(meterLedger, address, meterLedger.getEvent("ReadingBatchStored"), receipt);
  return { receipt, batch: event && { id: event.batchId, root: event.root } };
}

/** Lifts the bar of a meter that has a reading of a later slot. Anyone. */
export function liftBar(
  chain: TransactionChain,
  { meter, laterSlot }: { readonly meter: bigint; readonly laterSlot: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.meterLedger.liftBar(meter, laterSlot, overrides));
}

/** A reading as the ledger keeps it. */
export interface StoredReading {
  readonly importWh: bigint;
  readonly exportWh: bigint;
  readonly status: ReadingStatus;
  readonly sequence: bigint;
}

/** The stored readings of meters in one slot; status None where there is none. */
export async function readingsAt(
  chain: TransactionChain,
  { meters, slot }: { readonly meters: readonly bigint[]; readonly slot: bigint },
): Promise<StoredReading[]> {
  const stored = await ask(() => chain.contracts.meterLedger.readingsAt([...meters], slot));
  return stored.map(({ importWh, exportWh, status, sequence }) => {
    return { importWh, exportWh, status: Number(status) as ReadingStatus, sequence };
  });
}

/** Whether the meter may place no new orders because a reading is missing. */
export function isBarred(chain: TransactionChain, meter: bigint): Promise<boolean> {
  return ask(() => chain.contracts.meterLedger.isBarred(meter));
}

/** Proof that the reading at `index` is in a batch; `readings` is the whole batch in its order. */
export function proveReadingOf(
  chain: TransactionChain,
  { readings, index }: { readonly readings: readonly Reading[]; readonly index: number },
): ReadingProof {
  const ledger = meterLedgerOf(chain);
  return proveReading(
    readings.map((reading) => readingDigest(ledger, reading)),
    index,
  );
}

/** Whether the ledger's root of a batch holds the proven reading. */
export function isInBatch(
  chain: TransactionChain,
  { batchId, proof }: { readonly batchId: bigint; readonly proof: ReadingProof },
): Promise<boolean> {
  return ask(() => chain.contracts.meterLedger.isInBatch(batchId, proof.digest, [...proof.proof]));
}

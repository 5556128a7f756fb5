/**
 * Writes batches to MeterLedger, one transaction each. A reading that the ledger refuses is taken out by
 * its index, with those under the same signature: without it, theirs is worth nothing.
 */
import { isCommonwattError } from "../../sdk/errors.js";
import type { SignedReading } from "../../sdk/signing/readings.js";

import type { ChainWriter, OutboxEntry, WriteResult } from "./types.js";

/** Submits readings in one transaction and waits for its receipt; returns its hash. */
export type SubmitBatch = (readings: readonly SignedReading[]) => Promise<string>;

/** Not yet acceptable to a chain whose clock is behind ours; acceptable soon. */
const EARLY = "MeterLedgerSlotNotEnded";
/** Acceptable once more of its feeder's operators attest it. */
const NOT_ATTESTED = "ReadingQuorumNotAttested";
/** The reason of those that were not refused themselves begins so. */
export const SIGNED_TOGETHER = "signed together with a reading that was refused: ";

export class LedgerWriter implements ChainWriter {
  readonly #submit: SubmitBatch;

  constructor(submit: SubmitBatch) {
    this.#submit = submit;
  }

  async write(batch: readonly OutboxEntry[]): Promise<WriteResult> {
    const rejected: { id: bigint; reason: string }[] = [];
    const deferred: bigint[] = [];
    const unattested: bigint[] = [];
    let rest = batch;
    while (rest.length > 0) {
      try {
        const transactionHash = await this.#submit(rest.map((entry) => entry.reading));
        return { confirmed: rest.map(({ id }) => ({ id, transactionHash })), rejected, deferred, unattested };
      } catch (error) {
        const refused = refusedBy(error, rest);
        if (refused === undefined) throw error;
        const out = rest.filter(({ message }) => message === refused.message).map(({ id }) => id);
        if (isCommonwattError(error, EARLY)) deferred.push(...out);
        else if (isCommonwattError(error, NOT_ATTESTED)) unattested.push(...out);
        else {
          const { message: reason } = error as Error;
          rejected.push(
            ...out.map((id) => ({ id, reason: id === refused.id ? reason : `${SIGNED_TOGETHER}${reason}` })),
          );
        }
        rest = rest.filter(({ message }) => message !== refused.message);
      }
    }
    return { confirmed: [], rejected, deferred, unattested };
  }
}

/** The entry that an error of MeterLedger or ReadingQuorum names by its index. */
export function refusedBy(error: unknown, batch: readonly OutboxEntry[]): OutboxEntry | undefined {
  if (!isCommonwattError(error) || !/^(MeterLedger|ReadingQuorum)/.test(error.code)) return undefined;
  const { index } = error.args;
  return typeof index === "bigint" ? batch[Number(index)] : undefined;
}

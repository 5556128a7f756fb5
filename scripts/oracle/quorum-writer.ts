/**
 * Attests readings where their feeder asks for it, and brings on those that enough operators attest. What was attested
 * or stored before is asked for, not remembered: a lost answer, a restart or another oracle of the same operator changes
 * nothing.
 */
import { MAX_ATTESTED } from "../../sdk/bounds.js";
import { isCommonwattError } from "../../sdk/errors.js";
import type { SignedReading } from "../../sdk/signing/readings.js";

import { refusedBy } from "./ledger-writer.js";
import type { ChainWriter, OutboxEntry, WriteResult } from "./types.js";

/**
 * How far a reading has come: `open` to the ledger, which judges it; `stored`, by another sender; `attest`: ours is
 * missing, and wanted; `wait`: for others; `late`: the time for it ended without a quorum.
 */
export type Progress = "open" | "stored" | "attest" | "wait" | "late";

/** The chain's quorums, as one operator sees them. */
export interface QuorumChain {
  /** In the order of the readings; undefined where no feeder ever had a quorum. */
  progressOf(readings: readonly SignedReading[]): Promise<readonly Progress[] | undefined>;
  /** Attests readings in one transaction and waits for its receipt. */
  attest(readings: readonly SignedReading[]): Promise<unknown>;
}

/** Hands readings to other operators' oracles, as well as it can: it never rejects. */
export type Tell = (readings: readonly SignedReading[]) => Promise<void>;

const TOO_FEW = "too few operators attested it while the chain took such readings";
const EARLY = "MeterLedgerSlotNotEnded";
const INACTIVE = "ReadingQuorumInactiveOperator";
/** Refused attestations that are remembered, so as not to ask again every time. */
const REMEMBER_MOST = 100_000;

type Sorted = Readonly<Record<Progress, readonly OutboxEntry[]>>;

export class QuorumWriter implements ChainWriter {
  readonly #ledger: ChainWriter;
  readonly #chain: QuorumChain;
  readonly #tell: Tell;
  /** Readings that the operator can't attest: it attests another value already, or it is none of the operators. */
  readonly #refused = new Set<bigint>();

  /** @param tell has others know of readings that wait for them; each time they were waited for in vain */
  constructor(ledger: ChainWriter, chain: QuorumChain, tell: Tell = () => Promise.resolve()) {
    this.#ledger = ledger;
    this.#chain = chain;
    this.#tell = tell;
  }

  async write(batch: readonly OutboxEntry[]): Promise<WriteResult> {
    let sorted = await this.#sort(batch);
    if (sorted === undefined) return this.#ledger.write(batch);
    const early = await this.#attest(sorted.attest);
    if (sorted.attest.length > 0) sorted = (await this.#sort(batch)) ?? sorted;
    const { stored, open, late, wait, attest } = sorted;
    const result = await this.#onward(stored, open);
    const rejected = [...result.rejected, ...late.map(({ id }) => ({ id, reason: TOO_FEW }))];
    for (const { id } of [...result.confirmed, ...rejected]) this.#refused.delete(id);
    const waiting = [...wait, ...attest].map(({ id }) => id).filter((id) => !early.has(id));
    const isWaiting = new Set(waiting);
    const messages = new Set(batch.filter(({ id }) => isWaiting.has(id)).map(({ message }) => message));
    if (messages.size > 0) {
      // whole messages: the last reading of a series has the signature of all
      await this.#tell(batch.filter(({ message }) => messages.has(message)).map(({ reading }) => reading));
    }
    return {
      confirmed: result.confirmed,
      rejected,
      deferred: [...result.deferred, ...early],
      unattested: [...(result.unattested ?? []), ...waiting],
    };
  }

  async #onward(stored: readonly OutboxEntry[], open: readonly OutboxEntry[]): Promise<WriteResult> {
    const byOthers = stored.map(({ id }) => ({ id }));
    if (open.length === 0) return { confirmed: byOthers, rejected: [], deferred: [] };
    const result = await this.#ledger.write(open);
    return { ...result, confirmed: [...byOthers, ...result.confirmed] };
  }

  /** The batch by progress; undefined where nothing has to be attested. Readings under one signature go together. */
  async #sort(batch: readonly OutboxEntry[]): Promise<Sorted | undefined> {
    const progress = await this.#chain.progressOf(batch.map(({ reading }) => reading));
    if (progress === undefined) return undefined;
    const messages = new Map<bigint, Progress[]>();
    batch.forEach(({ message }, index) => {
      messages.set(message, [...(messages.get(message) ?? []), progress[index] ?? "open"]);
    });
    const sorted: Record<Progress, OutboxEntry[]> = { open: [], stored: [], attest: [], wait: [], late: [] };
    batch.forEach((entry, index) => {
      const own = progress[index] ?? "open";
      const whole = ofMessage(messages.get(entry.message) ?? []);
      // one that lacks only our attestation gets it, whatever holds the others of its message up
      sorted[own === "attest" && whole !== "late" ? own : whole].push(entry);
    });
    return sorted;
  }

  /** Attests what the chain lets the operator attest; returns those whose slot has not ended by the chain's clock. */
  async #attest(wanted: readonly OutboxEntry[]): Promise<Set<bigint>> {
    const early = new Set<bigint>();
    if (this.#refused.size > REMEMBER_MOST) this.#refused.clear();
    let rest = wanted.filter(({ id }) => !this.#refused.has(id));
    while (rest.length > 0) {
      const part = rest.slice(0, MAX_ATTESTED);
      try {
        await this.#chain.attest(part.map(({ reading }) => reading));
        rest = rest.slice(part.length);
      } catch (error) {
        if (isCommonwattError(error, INACTIVE)) break; // suspended: the others may be enough
        const refused = refusedBy(error, part);
        if (refused === undefined) throw error;
        if (isCommonwattError(error, EARLY)) early.add(refused.id);
        else this.#refused.add(refused.id);
        rest = rest.filter((entry) => entry !== refused);
      }
    }
    return early;
  }
}

/** What readings under one signature have come to together: the ledger takes them whole or not at all. */
function ofMessage(all: readonly Progress[]): Progress {
  const waiting = (["late", "wait", "attest"] as const).find((one) => all.includes(one));
  if (waiting !== undefined) return waiting === "attest" ? "wait" : waiting;
  return all.every((one) => one === "stored") ? "stored" : "open";
}

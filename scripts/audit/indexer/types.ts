/** What the indexer took from a chain after it had checked it. */
export interface VerifiedBlock {
  readonly number: number;
  readonly hash: string;
  /** Unix seconds. */
  readonly time: number;
  /** The node that made it, checksummed. */
  readonly proposer: string;
  /** Those with events of the deployment's contracts. */
  readonly transactions: readonly VerifiedTransaction[];
}

export interface VerifiedTransaction {
  readonly place: number;
  readonly hash: string;
  /** Recovered from the signature, checksummed. */
  readonly sender: string;
  readonly to: string | undefined;
  /** Calldata. */
  readonly input: Uint8Array;
  readonly events: readonly EventRow[];
}

/** A row of the table of events. */
export interface EventRow {
  /** Place among the block's logs. */
  readonly log: number;
  readonly contract: string;
  readonly name: string;
  /** What auditors look for; null where the event has no such argument. */
  readonly account: string | null;
  readonly meter: number | null;
  readonly slot: number | null;
  readonly area: number | null;
  /** All arguments by name, as JSON with integers as text. */
  readonly args: string;
}

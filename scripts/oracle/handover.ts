/** Hands readings to the agents of the homes that they are of, once the chain has them. */
import type { SignedReading } from "../../sdk/signing/readings.js";
import type { ChainWriter, OutboxEntry, WriteResult } from "./types.js";

/** Takes readings that the ledger accepted, in their order. It may hear of one twice: after a restart. */
export type HandOver = (readings: readonly SignedReading[]) => void;

export class HandingOver implements ChainWriter {
  /** @param writer brings the readings onto the chain */
  constructor(
    private readonly writer: ChainWriter,
    private readonly handOver: HandOver,
  ) {}

  async write(batch: readonly OutboxEntry[]): Promise<WriteResult> {
    const result = await this.writer.write(batch);
    const confirmed = new Set(result.confirmed.map(({ id }) => id));
    this.handOver(batch.filter(({ id }) => confirmed.has(id)).map(({ reading }) => reading));
    return result;
  }
}

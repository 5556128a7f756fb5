/** What a page reader needs to say who sealed: the fastest code for it that this machine has. */
import { fastestRecover } from "../../light-node/fastest-recover.js";
import type { SealsWanted } from "./page-reader.js";

export async function wantedSeals(start: number | undefined): Promise<SealsWanted | undefined> {
  return start === undefined ? undefined : { start, recover: (await fastestRecover()).recover };
}

/** Headers that answers are held against, wherever they come from. */
import type { SealedHeader } from "../../light/index.js";

/** What answers need of a header. */
export type KnownHeader = Pick<
  SealedHeader,
  | "number"
  | "timestamp"
  | "hash"
  | "stateRoot"
  | "transactionsRoot"
  | "receiptsRoot"
  | "withdrawalsRoot"
  | "bloom"
  | "raw"
  | "field"
>;

/** Headers that are known, by number. The light node's are those in its database (`LightStore`). */
export interface HeaderSource {
  /** What problems name. */
  readonly path: string;
  /** The newest one; undefined: nothing is trusted yet. `isProven`: see `TrustedHeader`. */
  readonly trusted: { readonly header: KnownHeader; readonly isProven: boolean } | undefined;
  header(number: bigint): KnownHeader | undefined;
}

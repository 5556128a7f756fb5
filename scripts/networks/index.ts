/** The networks that commands run on: `--network embedded|local|besu|FILE`. */
import { openEmbedded, type EmbeddedOptions } from "./embedded.js";
import type { OpenNetwork } from "./network.js";
import { openServed } from "./served.js";

export { marketParameters } from "../../deploy/parameters.js";
export type { Clock } from "./clock.js";
export { openEmbedded, type EmbeddedNetwork, type EmbeddedOptions } from "./embedded.js";
export { keyFromSeed } from "./keys.js";
export type { OpenNetwork } from "./network.js";
export { FOUNDERS, type Operators } from "./operators.js";

/** Opens a network; `embedded` says how to make one when no other is named. */
export function openNetwork(option: string, embedded: EmbeddedOptions): Promise<OpenNetwork> {
  return option === "embedded" ? openEmbedded(embedded) : openServed(option);
}

/** The fold: state = fold(events). Each kind of event has one small function; the others concern no money or energy. */
import type { ChainEvent } from "../events.js";
import { ATTESTATION_STEPS } from "./attestation-steps.js";
import { ENERGY_STEPS } from "./energy-steps.js";
import { placeOf } from "./event.js";
import { MONEY_STEPS } from "./money-steps.js";
import { REGISTRY_STEPS } from "./registry-steps.js";
import { expectEqual, type AuditState } from "./state.js";
import { TERM_STEPS } from "./terms.js";

const STEPS: Readonly<Record<string, (state: AuditState, event: ChainEvent) => void>> = {
  ...MONEY_STEPS,
  ...ENERGY_STEPS,
  ...ATTESTATION_STEPS,
  ...REGISTRY_STEPS,
};

/** Takes one event into the state. Events must come in the order of the chain; one that cannot be read is a finding. */
export function applyEvent(state: AuditState, event: ChainEvent): void {
  const isLater = event.block > state.lastBlock || (event.block === state.lastBlock && event.logIndex > state.lastLog);
  expectEqual(state, "A0", "the event comes after the one before it", placeOf(event), isLater, true);
  const name = `${event.contract}.${event.name}`;
  try {
    TERM_STEPS[name]?.(state.terms, event);
    STEPS[name]?.(state, event);
  } catch (error) {
    expectEqual(state, "A0", `${name} can be read`, placeOf(event), error, "read");
  }
  state.events += 1;
  state.lastBlock = event.block;
  state.lastLog = event.logIndex;
}

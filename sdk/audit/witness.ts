/**
 * Checks that need the transactions behind the events: who signed readings and certificates (A29), who made privileged
 * calls (A30), and that the regulator moved no money (A31). Beside the fold, which they read and do not change.
 */
import type { ChainEvent } from "../events.js";
import type { CompactSignature, SigningDomain } from "../signing/typed-data.js";
import { DeviceWitness } from "./device-witness.js";
import { placeOf } from "./event.js";
import { RoleWitness } from "./role-witness.js";
import { readOrNote, type AuditedContracts, type AuditState } from "./state.js";

/** Who signed a digest, in lower case; undefined where no key made the signature. */
export type Recover = (digest: string, signature: CompactSignature) => string | undefined;

/** Whose input and senders the witness reads. */
export interface WitnessedContracts extends AuditedContracts {
  readonly devices: string;
}

export class Witness {
  readonly #devices: DeviceWitness;
  readonly #roles: RoleWitness;
  /** Events whose transaction was not known. */
  unseen = 0;

  constructor({ chainId, ledger, devices }: WitnessedContracts, recover: Recover) {
    const domain = (verifyingContract: string): SigningDomain => ({ chainId, verifyingContract });
    this.#roles = new RoleWitness();
    this.#devices = new DeviceWitness(domain(ledger), domain(devices), this.#roles, recover);
  }

  /** Takes an event before the fold does: the state is the one that it met. What can't be read is a finding. */
  take(state: AuditState, event: ChainEvent): void {
    if (event.within === undefined) this.unseen += 1;
    else {
      const { within } = event;
      const guarded = (check: string, take: () => void): void => {
        readOrNote(state, check, `${event.contract}.${event.name} with its transaction`, placeOf(event), take);
      };
      guarded("A30", () => this.#roles.take(state, event, within));
      guarded("A29", () => this.#devices.take(state, event, within));
    }
  }
}

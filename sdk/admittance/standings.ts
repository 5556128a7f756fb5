/** Who is admitted to a chain, as Federation's events tell it; a suspension ends by time, without an event. Pure. */
import { bigintArg, stringArg } from "../audit/event.js";
import type { ChainEvent } from "../events.js";

interface AccountStanding {
  isExpelled: boolean;
  /** Unix seconds; active from then on. */
  suspendedUntil: bigint;
}

/** Federation's accounts. Events must come in the chain's order; those of other contracts are left out. */
export class Standings {
  readonly #accounts = new Map<string, AccountStanding>();

  /** Whether the event says something of an account's standing. */
  apply(event: ChainEvent): boolean {
    if (event.contract !== "Federation") return false;
    switch (event.name) {
      case "MemberAdmitted":
        this.#accounts.set(stringArg(event, "member"), { isExpelled: false, suspendedUntil: 0n });
        return true;
      case "UserAdmitted":
        this.#accounts.set(stringArg(event, "user"), { isExpelled: false, suspendedUntil: 0n });
        return true;
      case "AccountSuspended":
        this.#of(event).suspendedUntil = bigintArg(event, "until");
        return true;
      case "AccountReinstated":
        this.#of(event).suspendedUntil = 0n;
        return true;
      case "AccountExpelled":
        this.#of(event).isExpelled = true;
        return true;
      default:
        return false;
    }
  }

  /** Active and other accounts at a block's time, Unix seconds. */
  at(time: bigint): { readonly active: readonly string[]; readonly inactive: readonly string[] } {
    const active: string[] = [];
    const inactive: string[] = [];
    for (const [account, { isExpelled, suspendedUntil }] of this.#accounts) {
      (isExpelled || time < suspendedUntil ? inactive : active).push(account);
    }
    return { active, inactive };
  }

  #of(event: ChainEvent): AccountStanding {
    const account = stringArg(event, "account");
    const standing = this.#accounts.get(account);
    if (standing === undefined) throw new RangeError(`${event.name} of ${account}, whom no event admitted`);
    return standing;
  }
}

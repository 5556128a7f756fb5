/** A30 and A31: who has which role of the AccessManager and which standing, and what calls they made with it. */
import { CONTRACT_INTERFACES } from "../contracts.js";
import { AccessRole, MemberRole } from "../enums.js";
import { callDecoder } from "../event-decoder.js";
import type { ChainEvent, TransactionFacts } from "../events.js";
import { unpackMovements } from "../records.js";
import { bigintArg, placeOf, stringArg, wordsArg } from "./event.js";
import { expectEqual, readOrNote, type AuditState } from "./state.js";
import { valueAt } from "./terms.js";

/** AccessManager.PUBLIC_ROLE: everybody has it. */
const PUBLIC = 2n ** 64n - 1n;
const FIRST_OF_CONTRACTS = 10n;
/** `multicall(bytes[])`. */
const MULTICALL = "0xac9650d8";
/** What the AccessManager lets its ADMIN alone do. */
const ADMIN_CALLS = new Set(
  [
    "grantRole",
    "revokeRole",
    "labelRole",
    "setTargetFunctionRole",
    "setTargetClosed",
    "setGrantDelay",
    "updateAuthority",
  ].map((name) => CONTRACT_INTERFACES.FederationAccessManager.getFunction(name)?.selector),
);

interface Standing {
  roles: bigint;
  /** Unix seconds; nobody's suspension ends before it. */
  suspendedUntil: bigint;
  isExpelled: boolean;
}

export class RoleWitness {
  /** By `role/account`: Unix seconds from when on. */
  readonly #holders = new Map<string, bigint>();
  /** By `target/selector`, in lower case. */
  readonly #guarded = new Map<string, bigint>();
  /** Contracts of which some function is guarded, and the AccessManager; in lower case. */
  readonly #targets = new Set<string>();
  readonly #members = new Map<string, Standing>();
  /** Users' registrars. */
  readonly #users = new Map<string, string>();
  /** Whoever was ever the regulator. */
  readonly #regulators = new Set<string>();
  #manager = "";
  #lastTransaction = "";

  /** Whether an account is a member with that role and may act at a time. */
  isActiveMember(account: string, role: MemberRole, time: bigint): boolean {
    const member = this.#members.get(account);
    return member !== undefined && (member.roles & (1n << BigInt(role))) !== 0n && this.mayAct(account, time);
  }

  mayAct(account: string, time: bigint): boolean {
    const member = this.#members.get(account);
    return member !== undefined && !member.isExpelled && member.suspendedUntil <= time;
  }

  take(state: AuditState, event: ChainEvent, within: TransactionFacts): void {
    // what the call itself decides must not allow it
    if (event.transaction !== this.#lastTransaction) this.#checkCall(state, event, within);
    this.#lastTransaction = event.transaction;
    this.#checkRegulator(state, event, within);
    STEPS[`${event.contract}.${event.name}`]?.(this.#books, event);
  }

  readonly #books: RoleBooks = {
    holders: this.#holders,
    guarded: this.#guarded,
    members: this.#members,
    users: this.#users,
    regulators: this.#regulators,
    targets: this.#targets,
    isManager: (address) => {
      this.#manager = address.toLowerCase();
      this.#targets.add(this.#manager);
    },
  };

  #checkCall(state: AuditState, event: ChainEvent, { sender, to, input, time }: TransactionFacts): void {
    if (to === undefined || !this.#targets.has(to.toLowerCase())) return;
    const calls = readOrNote(state, "A30", `calldata to ${to}`, placeOf(event), () => callsOf(input));
    for (const call of calls ?? []) {
      const role = this.#roleFor(to, call);
      if (role === undefined || role === PUBLIC) continue;
      const since = this.#holders.get(`${role}/${sender}`);
      const isHolder = since !== undefined && since <= time && this.#mayUse(role, sender, time);
      const isAllowed = isHolder || this.#isOwnMatter(state, event, sender, time);
      expectEqual(
        state,
        "A30",
        `${sender} may call ${call} of ${to}, which needs role ${role}`,
        placeOf(event),
        isAllowed,
        true,
      );
    }
  }

  #roleFor(target: string, selector: string): bigint | undefined {
    const address = target.toLowerCase();
    if (address === this.#manager && ADMIN_CALLS.has(selector)) return AccessRole.Admin;
    return this.#guarded.get(`${address}/${selector}`);
  }

  /** Calls that the contracts leave to others too: a grid operator's own edge, a registrar's own user. */
  #isOwnMatter({ terms }: AuditState, event: ChainEvent, sender: string, time: bigint): boolean {
    if (event.contract === "GridTopology" && event.name === "EdgeScheduled") {
      const parties = valueAt(terms.parties.get(bigintArg(event, "area")), bigintArg(event, "fromSlot"));
      return parties?.gridOperator === sender && this.isActiveMember(sender, MemberRole.GridOperator, time);
    }
    const account = event.contract === "Federation" ? event.args["account"] : undefined;
    const isOwn = typeof account === "string" && this.#users.get(account) === sender;
    return isOwn && this.isActiveMember(sender, MemberRole.Registrar, time);
  }

  /** FederationAccessManager: roles of people count while Federation lets them act. */
  #mayUse(role: bigint, account: string, time: bigint): boolean {
    if (role === AccessRole.Admin || role >= FIRST_OF_CONTRACTS) return true;
    if (role === AccessRole.Regulator) return this.isActiveMember(account, MemberRole.Regulator, time);
    if (role === AccessRole.Council && !this.#members.has(account)) return true;
    return this.mayAct(account, time);
  }

  #checkRegulator(state: AuditState, event: ChainEvent, { sender }: TransactionFacts): void {
    const parties = moneyParties(event);
    if (parties === undefined || this.#regulators.size === 0) return;
    const moved = [sender, ...parties].find((account) => this.#regulators.has(account));
    expectEqual(state, "A31", "money that a regulator moved, got or lost", placeOf(event), moved, undefined);
  }
}

interface RoleBooks {
  readonly holders: Map<string, bigint>;
  readonly guarded: Map<string, bigint>;
  readonly targets: Set<string>;
  readonly members: Map<string, Standing>;
  readonly users: Map<string, string>;
  readonly regulators: Set<string>;
  readonly isManager: (address: string) => void;
}

const STEPS: Readonly<Record<string, (books: RoleBooks, event: ChainEvent) => void>> = {
  "FederationAccessManager.RoleGranted": ({ holders, regulators }, event) => {
    const [role, account] = [bigintArg(event, "roleId"), stringArg(event, "account")];
    // a holder whose delay changes keeps the role that it has
    const since = holders.get(`${role}/${account}`);
    holders.set(`${role}/${account}`, since ?? bigintArg(event, "since"));
    if (role === AccessRole.Regulator) regulators.add(account);
  },
  "FederationAccessManager.RoleRevoked": ({ holders }, event) => {
    holders.delete(`${bigintArg(event, "roleId")}/${stringArg(event, "account")}`);
  },
  "FederationAccessManager.TargetFunctionRoleUpdated": ({ guarded, targets }, event) => {
    const target = stringArg(event, "target").toLowerCase();
    targets.add(target);
    guarded.set(`${target}/${stringArg(event, "selector")}`, bigintArg(event, "roleId"));
  },
  "FederationAccessManager.FederationBound": ({ isManager }, event) => {
    const to = event.within?.to;
    if (to !== undefined) isManager(to);
  },
  "Federation.MemberAdmitted": ({ members }, event) => {
    const roles = bigintArg(event, "roles");
    members.set(stringArg(event, "member"), { roles, suspendedUntil: 0n, isExpelled: false });
  },
  "Federation.MemberRolesChanged": ({ members }, event) => {
    const member = members.get(stringArg(event, "member"));
    if (member !== undefined) member.roles = bigintArg(event, "roles");
  },
  "Federation.UserAdmitted": ({ users }, event) => {
    users.set(stringArg(event, "user"), stringArg(event, "registrar"));
  },
  "Federation.AccountSuspended": ({ members }, event) => {
    const member = members.get(stringArg(event, "account"));
    if (member !== undefined) member.suspendedUntil = bigintArg(event, "until");
  },
  "Federation.AccountReinstated": ({ members }, event) => {
    const member = members.get(stringArg(event, "account"));
    if (member !== undefined) member.suspendedUntil = 0n;
  },
  "Federation.AccountExpelled": ({ members }, event) => {
    const member = members.get(stringArg(event, "account"));
    if (member !== undefined) member.isExpelled = true;
  },
};

const multicallIn = callDecoder(CONTRACT_INTERFACES.Settlement);

/** Selectors of a call, and of those in a multicall; what is none of ours calls nothing that is guarded. */
function callsOf(input: string): string[] {
  const selector = input.slice(0, 10);
  if (selector !== MULTICALL) return selector.length === 10 ? [selector] : [];
  return (multicallIn(input)?.args["data"] as string[]).flatMap(callsOf);
}

/** Accounts whose money an event moves; undefined for one that moves none. */
function moneyParties(event: ChainEvent): string[] | undefined {
  const name = `${event.contract}.${event.name}`;
  if (name === "EnergyCredit.Transfer") return [stringArg(event, "from"), stringArg(event, "to")];
  if (name !== "TradeEscrow.Moved") return undefined;
  return unpackMovements(wordsArg(event, "movements")).map(({ account }) => account);
}

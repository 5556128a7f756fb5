/** The members that a neighbourhood needs, and their roles. */
import { admitMember, standingOf } from "../sdk/actions/federation.js";
import type { TransactionChain, UserChain } from "../sdk/connect.js";
import { MemberRole, Standing } from "../sdk/enums.js";
import type { GridFeeder } from "./grid/index.js";
import { FOUNDERS } from "./networks/operators.js";

/** Members that serve all feeders. */
export const ACCOUNTANTS = FOUNDERS.map((number) => `Accountant ${number}` as const);
/** Accountants that were no founders, and may stand for election. */
export const CANDIDATES = ["Accountant 5", "Accountant 6", "Accountant 7"] as const;
export const REGISTRAR = "Registrar";
export const MANUFACTURER = "Meter Works";

/** The members that a grid needs, each with all its roles, besides those that serve all feeders. */
export function rolesByName(feeders: readonly GridFeeder[]): Map<string, Set<MemberRole>> {
  const roles = new Map<string, Set<MemberRole>>();
  const add = (name: string, role: MemberRole): void => {
    roles.set(name, (roles.get(name) ?? new Set<MemberRole>()).add(role));
  };
  for (const accountant of [...ACCOUNTANTS, ...CANDIDATES]) add(accountant, MemberRole.Accountant);
  add(REGISTRAR, MemberRole.Registrar);
  add(MANUFACTURER, MemberRole.Manufacturer);
  for (const feeder of feeders) {
    add(feeder.supplier, MemberRole.Supplier);
    add(feeder.gridOperator, MemberRole.GridOperator);
    add(feeder.meteringOperator, MemberRole.MeteringOperator);
  }
  return roles;
}

/** A second neighbourhood on the same network finds accountants, issuer and regulator admitted. */
export async function admitOnce(
  chain: TransactionChain | UserChain,
  member: string,
  roles: MemberRole[],
): Promise<void> {
  if ((await standingOf(chain, member)) === Standing.None) await admitMember(chain, { member, roles });
}

/** The contracts' enums, by their numbers on chain. */

/** What a member may be admitted as (IFederation.MemberRole); a bit position in a bitmask of roles. */
export const MemberRole = {
  Accountant: 0,
  Supplier: 1,
  GridOperator: 2,
  MeteringOperator: 3,
  Manufacturer: 4,
  ServiceProvider: 5,
  DataProvider: 6,
  Regulator: 7,
  Registrar: 8,
} as const;
export type MemberRole = (typeof MemberRole)[keyof typeof MemberRole];

/** What an admission is worth (IFederation.Standing). */
export const Standing = { None: 0, Active: 1, Suspended: 2, Expelled: 3 } as const;
export type Standing = (typeof Standing)[keyof typeof Standing];

/** What a device is (IDeviceRegistry.DeviceKind). */
export const DeviceKind = {
  None: 0,
  Meter: 1,
  Gateway: 2,
  Generator: 3,
  Storage: 4,
  Charger: 5,
  Vehicle: 6,
  Appliance: 7,
  Sensor: 8,
} as const;
export type DeviceKind = (typeof DeviceKind)[keyof typeof DeviceKind];

/** Where a device is in its life (IDeviceRegistry.DeviceStatus). */
export const DeviceStatus = { None: 0, Certified: 1, Claimed: 2, Active: 3, Suspended: 4, Retired: 5 } as const;
export type DeviceStatus = (typeof DeviceStatus)[keyof typeof DeviceStatus];

/** Level of a grid area (MarketTypes.AreaLevel). */
export const AreaLevel = { Feeder: 0, District: 1, City: 2 } as const;
export type AreaLevel = (typeof AreaLevel)[keyof typeof AreaLevel];

/** Side of an order (MarketTypes.Side). */
export const Side = { None: 0, Buy: 1, Sell: 2 } as const;
export type Side = (typeof Side)[keyof typeof Side];

/** Quality of a reading (MarketTypes.ReadingStatus). */
export const ReadingStatus = {
  None: 0,
  Actual: 1,
  Substituted: 2,
  Estimated: 3,
  Corrected: 4,
  Missing: 5,
} as const;
export type ReadingStatus = (typeof ReadingStatus)[keyof typeof ReadingStatus];

/** Why an account of TradeEscrow moves (MovementLog.sol). */
export const MovementReason = {
  None: 0n,
  Deposit: 1n,
  Withdrawal: 2n,
  Lock: 3n,
  Unlock: 4n,
  BondPaid: 5n,
  BondReceived: 6n,
  Settlement: 7n,
  SettlementParty: 8n,
  Release: 9n,
  ReleaseParty: 10n,
  ArrearsPaid: 11n,
  ArrearsReceived: 12n,
} as const;
export type MovementReason = (typeof MovementReason)[keyof typeof MovementReason];

/** What a personal record is about (PersonalRecordTypes.RecordKind); `Free` says nothing. */
export const RecordKind = { Profile: 0, Readings: 1, Bill: 2, Device: 3, Trip: 4, Free: 5 } as const;
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

/** Where a request for a grant is (IRecordGrants.RequestStatus). */
export const RequestStatus = { None: 0, Open: 1, Accepted: 2, Declined: 3 } as const;
export type RequestStatus = (typeof RequestStatus)[keyof typeof RequestStatus];

/** Role ids of the FederationAccessManager (Roles.sol). */
export const AccessRole = {
  Admin: 0n,
  Council: 1n,
  Issuer: 2n,
  Regulator: 3n,
  Market: 10n,
  Settlement: 11n,
  Bilateral: 13n,
  Emergency: 14n,
} as const;
export type AccessRole = (typeof AccessRole)[keyof typeof AccessRole];

/** What a member says to a proposal (GovernorCountingSimple.VoteType). Only votes for it decide. */
export const VoteSupport = { Against: 0, For: 1, Abstain: 2 } as const;
export type VoteSupport = (typeof VoteSupport)[keyof typeof VoteSupport];

/** Where a proposal is (IGovernor.ProposalState). */
export const ProposalState = {
  Pending: 0,
  Active: 1,
  Canceled: 2,
  Defeated: 3,
  Succeeded: 4,
  Queued: 5,
  Expired: 6,
  Executed: 7,
} as const;
export type ProposalState = (typeof ProposalState)[keyof typeof ProposalState];

/** The bitmask of some member roles. */
export function rolesMask(roles: readonly MemberRole[]): bigint {
  return roles.reduce((mask, role) => mask | (1n << BigInt(role)), 0n);
}

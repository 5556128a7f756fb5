/** The grid as the market sees it. Fees in micro-credits per kWh, capacities and connections in Wh per slot. */
import type { TransactionChain } from "../connect.js";
import { MemberRole } from "../enums.js";
import { ask, eventIn, transact, type Receipt, type TransactionOverrides } from "../transact.js";

/** Adds a city (parent 0), a district below a city or a feeder below a district; returns its number. The council. */
export async function createArea(
  chain: TransactionChain,
  { parent }: { readonly parent: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<bigint> {
  const { gridTopology } = chain.contracts;
  const receipt = await transact(chain, () => gridTopology.createArea(parent, overrides));
  const { address } = chain.deployment.contracts.GridTopology;
  return eventIn(gridTopology, address, gridTopology.getEvent("AreaCreated"), receipt).area;
}

export interface SetPartiesParameters {
  readonly feeder: bigint;
  readonly supplier: string;
  readonly gridOperator: string;
  readonly meteringOperator: string;
  readonly fromSlot: bigint;
}

/** Decides who supplies, operates and meters a feeder. The council. */
export function setParties(
  chain: TransactionChain,
  { feeder, supplier, gridOperator, meteringOperator, fromSlot }: SetPartiesParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () =>
    chain.contracts.gridTopology.setParties(feeder, supplier, gridOperator, meteringOperator, fromSlot, overrides),
  );
}

/**
 * Who signs substitutes, estimates and corrections for a feeder's slot at this moment: the slot's metering operator, or,
 * where that may not act (any more), the one that the feeder has from the first unopened slot on.
 */
export async function meteringOperatorAt(chain: TransactionChain, feeder: bigint, slot: bigint): Promise<string> {
  const { federation, gridTopology, marketCalendar } = chain.contracts;
  return ask(async () => {
    const { meteringOperator: named } = await gridTopology.partiesAt(feeder, slot);
    if (await federation.hasRole(named, MemberRole.MeteringOperator)) return named;
    const { meteringOperator: next } = await gridTopology.partiesAt(feeder, await marketCalendar.firstUnopenedSlot());
    return (await federation.hasRole(next, MemberRole.MeteringOperator)) ? next : named;
  });
}

export interface SetEdgeParameters {
  /** A feeder or district: the edge to its parent. */
  readonly area: bigint;
  readonly fee: bigint;
  /** Absent: no limit. */
  readonly capacityWh?: bigint;
  readonly fromSlot: bigint;
}

/** Decides fee and capacity of an edge. A feeder's grid operator; for a district the council. */
export function setEdge(
  chain: TransactionChain,
  { area, fee, capacityWh, fromSlot }: SetEdgeParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  const limited = capacityWh !== undefined;
  return transact(chain, () =>
    chain.contracts.gridTopology.setEdge(area, fee, limited, capacityWh ?? 0n, fromSlot, overrides),
  );
}

export interface PlaceMeterParameters {
  readonly meter: bigint;
  readonly feeder: bigint;
  readonly connectionWh: bigint;
  readonly fromSlot: bigint;
}

/** Decides where a meter stands. The feeder's grid operator. */
export function placeMeter(
  chain: TransactionChain,
  { meter, feeder, connectionWh, fromSlot }: PlaceMeterParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () =>
    chain.contracts.gridTopology.placeMeter(meter, feeder, connectionWh, fromSlot, overrides),
  );
}

/** Decides that a meter stands nowhere. The grid operator of where it stands. */
export function removeMeter(
  chain: TransactionChain,
  { meter, fromSlot }: { readonly meter: bigint; readonly fromSlot: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.gridTopology.removeMeter(meter, fromSlot, overrides));
}

/** Where a meter stands. */
export interface Site {
  readonly feeder: bigint;
  readonly connectionWh: bigint;
}

/** Where a meter stands in a slot; undefined when nowhere. */
export async function siteAt(chain: TransactionChain, meter: bigint, slot: bigint): Promise<Site | undefined> {
  const { feeder, connectionWh } = await ask(() => chain.contracts.gridTopology.siteAt(meter, slot));
  return feeder === 0n ? undefined : { feeder, connectionWh };
}

/** Meters ever placed at a feeder, in order of their first placement. */
export function metersOf(
  chain: TransactionChain,
  { feeder, from = 0n, count = 512n }: { readonly feeder: bigint; readonly from?: bigint; readonly count?: bigint },
): Promise<bigint[]> {
  return ask(() => chain.contracts.gridTopology.metersOf(feeder, from, count));
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AreaLevel} from "../types/MarketTypes.sol";

/// @title IGridTopology
/// @notice The grid as the market sees it: a tree of areas (feeder, district, city), the parties and the edge of each,
/// and where each meter stands. Whatever a slot depends on is decided before the slot opens and kept for ever.
/// @dev Every change names the slot from which it holds; that slot has not opened yet (SlotScheduleSlotOpen otherwise),
/// and the change replaces all that was decided before for that slot or a later one. So a decision still to come is
/// changed by deciding again, for the same slot or an earlier one, and nothing that was opened is rewritten.
///
/// | function | who may call it |
/// |---|---|
/// | createArea, setParties, setEdge of a district | COUNCIL |
/// | setEdge of a feeder, placeMeter, removeMeter | the feeder's grid operator in the slot named, while an active one |
///
/// Areas are never moved or removed; a feeder that is not used stays empty. A city is the root of a tree; there may be
/// any number of cities, and no trade leaves its tree.
interface IGridTopology {
    /// @notice An area was added to the tree.
    /// @param area Its number, counted from 1 over all levels.
    /// @param parent The area above it; 0 for a city.
    /// @param level Feeder, district or city.
    /// @param fromSlot The first slot in which it counts.
    event AreaCreated(uint24 indexed area, uint24 indexed parent, AreaLevel level, uint32 fromSlot);

    /// @notice A feeder has these parties from a slot on; replaces what was decided for that slot or later.
    /// @param feeder The feeder.
    /// @param fromSlot The first slot.
    /// @param supplier Sells at retail, buys at feed-in.
    /// @param gridOperator Receives grid fees, places meters.
    /// @param meteringOperator Signs substitutes and corrections.
    event PartiesScheduled(
        uint24 indexed feeder,
        uint32 indexed fromSlot,
        address supplier,
        address gridOperator,
        address meteringOperator
    );

    /// @notice The edge above an area has this fee and capacity from a slot on; replaces what was decided for that slot
    /// or later.
    /// @param area The feeder or district.
    /// @param fromSlot The first slot.
    /// @param feeMicroPerKwh Micro-credits per kWh, before the regulator's cap.
    /// @param limited Whether there is a capacity.
    /// @param capacityWh Wh per slot and direction; 0 when not limited.
    event EdgeScheduled(
        uint24 indexed area,
        uint32 indexed fromSlot,
        uint32 feeMicroPerKwh,
        bool limited,
        uint64 capacityWh
    );

    /// @notice A meter stands somewhere, or nowhere, from a slot on; replaces what was decided for that slot or later.
    /// @dev The first such event of a feeder and a meter appends the meter to the feeder's list.
    /// @param meter The device number.
    /// @param feeder The feeder; 0 for nowhere.
    /// @param fromSlot The first slot.
    /// @param connectionWh Most Wh that the connection carries in a slot; 0 for nowhere.
    event SiteScheduled(uint32 indexed meter, uint24 indexed feeder, uint32 indexed fromSlot, uint32 connectionWh);

    /// @notice There is no such area.
    /// @param area The number given.
    error GridTopologyUnknownArea(uint24 area);

    /// @notice The area is no feeder.
    /// @param area The area given.
    error GridTopologyNotFeeder(uint24 area);

    /// @notice Nothing stands below a feeder.
    /// @param feeder The parent given.
    error GridTopologyNoAreaBelow(uint24 feeder);

    /// @notice The parent has its most children.
    /// @param parent The parent given.
    /// @param bound The most.
    error GridTopologyTooManyChildren(uint24 parent, uint256 bound);

    /// @notice The city has its most feeders.
    /// @param city The root of the parent given.
    /// @param bound The most.
    error GridTopologyTooManyFeeders(uint24 city, uint256 bound);

    /// @notice A party of a feeder is an active member with the role.
    /// @param party The account given.
    /// @param role The role it lacks, as uint8 of MemberRole.
    error GridTopologyUnfitParty(address party, uint8 role);

    /// @notice There is no edge above a city.
    /// @param city The area given.
    error GridTopologyNoEdge(uint24 city);

    /// @notice An edge without a limit has no capacity.
    /// @param capacityWh The capacity given with it.
    error GridTopologyCapacityWithoutLimit(uint64 capacityWh);

    /// @notice The caller is not the feeder's grid operator in that slot, or not an active one.
    /// @param feeder The feeder.
    /// @param slot The slot named.
    /// @param caller Who tried.
    error GridTopologyNotGridOperator(uint24 feeder, uint32 slot, address caller);

    /// @notice The device cannot be placed: unknown, not claimed, retired or no meter.
    /// @param device The number given.
    error GridTopologyNotMeter(uint32 device);

    /// @notice A connection is above zero and at most 2^24-1 Wh a slot.
    /// @param connectionWh The size given.
    error GridTopologyInvalidConnection(uint32 connectionWh);

    /// @notice The meter stands at another feeder, in that slot or by a decision for a later one. That feeder's grid
    /// operator removes it first.
    /// @param meter The meter.
    /// @param feeder The other feeder.
    /// @param slot From when it stands there.
    error GridTopologyMeterElsewhere(uint32 meter, uint24 feeder, uint32 slot);

    /// @notice The meter does not stand anywhere in that slot.
    /// @param meter The meter.
    /// @param slot The slot named.
    error GridTopologyMeterNotPlaced(uint32 meter, uint32 slot);

    /// @notice The feeder's list of meters is full; a new feeder takes the next ones.
    /// @param feeder The feeder.
    /// @param bound The most.
    error GridTopologyTooManyMeters(uint24 feeder, uint256 bound);

    /// @notice Adds an area: a city, a district below a city, or a feeder below a district. COUNCIL.
    /// @param parent The area above it; 0 makes a city.
    /// @return area Its number.
    function createArea(uint24 parent) external returns (uint24 area);

    /// @notice Decides who supplies, operates and meters a feeder. COUNCIL.
    /// @param feeder The feeder.
    /// @param supplier An active member with the role Supplier.
    /// @param gridOperator An active member with the role GridOperator.
    /// @param meteringOperator An active member with the role MeteringOperator.
    /// @param fromSlot The first slot, not yet open.
    function setParties(
        uint24 feeder,
        address supplier,
        address gridOperator,
        address meteringOperator,
        uint32 fromSlot
    ) external;

    /// @notice Decides the grid fee and the capacity of the edge between an area and its parent. For a feeder its grid
    /// operator in that slot; for a district COUNCIL, since several grid operators may share it.
    /// @param area A feeder or a district.
    /// @param feeMicroPerKwh Micro-credits per kWh; the market takes the lower of this and the regulator's cap.
    /// @param limited False when any energy may pass.
    /// @param capacityWh Wh per slot and direction, 0 to close the edge; 0 as well when not limited.
    /// @param fromSlot The first slot, not yet open.
    function setEdge(uint24 area, uint32 feeMicroPerKwh, bool limited, uint64 capacityWh, uint32 fromSlot) external;

    /// @notice Decides that a meter stands at a feeder, or the size of its connection there. The feeder's grid
    /// operator.
    /// @dev Replaces earlier decisions for that slot or later only if they concern this feeder or nowhere.
    /// @param meter A claimed, active or suspended device of kind Meter.
    /// @param feeder The feeder.
    /// @param connectionWh Most Wh that the connection carries in a slot, in either direction: 1 to 2^24-1.
    /// @param fromSlot The first slot, not yet open.
    function placeMeter(uint32 meter, uint24 feeder, uint32 connectionWh, uint32 fromSlot) external;

    /// @notice Decides that a meter stands nowhere. The grid operator of the feeder at which it stands in that slot.
    /// @param meter The meter, whatever its status.
    /// @param fromSlot The first slot, not yet open.
    function removeMeter(uint32 meter, uint32 fromSlot) external;

    /// @notice The level of an area.
    /// @param area A known area.
    /// @return level Feeder, district or city.
    function levelOf(uint24 area) external view returns (AreaLevel level);

    /// @notice The area above an area.
    /// @param area A known area.
    /// @return parent 0 for a city.
    function parentOf(uint24 area) external view returns (uint24 parent);

    /// @notice The first slot in which an area counts.
    /// @param area A known area.
    /// @return slot Not open when the area was created.
    function createdFrom(uint24 area) external view returns (uint32 slot);

    /// @notice The areas right below an area, in order of creation, those that do not count yet included.
    /// @param area Any area.
    /// @return children Ascending; empty for a feeder or an unknown area.
    function childrenOf(uint24 area) external view returns (uint24[] memory children);

    /// @notice The feeders of a city's tree, in order of creation, those that do not count yet included.
    /// @param city Any area.
    /// @return feeders Ascending; empty unless it is a city.
    function feedersOfCity(uint24 city) external view returns (uint24[] memory feeders);

    /// @notice How many children of an area count in a slot: the first ones of `childrenOf`.
    /// @param area Any area.
    /// @param slot The slot; the answer never changes once it has opened.
    /// @return count At most MAX_CHILDREN.
    function childCountAt(uint24 area, uint32 slot) external view returns (uint256 count);

    /// @notice How many feeders of a city count in a slot: the first ones of `feedersOfCity`.
    /// @param city Any area.
    /// @param slot The slot; the answer never changes once it has opened.
    /// @return count At most MAX_FEEDERS_PER_CITY.
    function feederCountAt(uint24 city, uint32 slot) external view returns (uint256 count);

    /// @notice The areas above a feeder.
    /// @param feeder A feeder.
    /// @return district The area above it.
    /// @return city The root of its tree.
    function pathOf(uint24 feeder) external view returns (uint24 district, uint24 city);

    /// @notice The grid fee of the edge from an area to its parent, as set, before the regulator's cap.
    /// @param area A feeder or district.
    /// @param slot The slot.
    /// @return feeMicroPerKwh Micro-credits per kWh; 0 when never set.
    function edgeFeeAt(uint24 area, uint32 slot) external view returns (uint32 feeMicroPerKwh);

    /// @notice The capacity of the edge from an area to its parent.
    /// @param area A feeder or district.
    /// @param slot The slot.
    /// @return limited False when never set: any energy may pass.
    /// @return capacityWh Wh per slot and direction; 0 when not limited.
    function edgeCapacityAt(uint24 area, uint32 slot) external view returns (bool limited, uint64 capacityWh);

    /// @notice The parties of a feeder, whatever has become of their membership since.
    /// @param feeder The feeder.
    /// @param slot The slot.
    /// @return supplier Zero, like the others, before the first ones were set.
    /// @return gridOperator Receives grid fees.
    /// @return meteringOperator Signs substitutes and corrections.
    function partiesAt(
        uint24 feeder,
        uint32 slot
    ) external view returns (address supplier, address gridOperator, address meteringOperator);

    /// @notice Where a meter stands in a slot.
    /// @param meter The device number.
    /// @param slot The slot; the answer never changes once it has opened.
    /// @return feeder 0 when it stands nowhere.
    /// @return connectionWh Most Wh that the connection carries in a slot; 0 when it stands nowhere.
    function siteAt(uint32 meter, uint32 slot) external view returns (uint24 feeder, uint32 connectionWh);

    /// @notice Where a meter stands in every slot of a range, asked for once a profile order.
    /// @param meter The meter.
    /// @param first The first slot.
    /// @param last The last slot, not before the first.
    /// @return feeder 0 when it stands nowhere, or feeder or connection change within the range.
    /// @return connectionWh Most Wh of its connection in a slot; 0 with feeder 0.
    function siteThroughout(
        uint32 meter,
        uint32 first,
        uint32 last
    ) external view returns (uint24 feeder, uint32 connectionWh);

    /// @notice Number of meters ever placed at a feeder, each counted once.
    /// @param feeder The feeder.
    /// @return count At most MAX_METERS_PER_FEEDER.
    function meterCount(uint24 feeder) external view returns (uint256 count);

    /// @notice Meters ever placed at a feeder, in order of their first placement; the list only grows.
    /// @param feeder The feeder.
    /// @param from Index of the first one, from 0.
    /// @param count How many at most.
    /// @return meters Shorter than `count` at the end of the list.
    function metersOf(uint24 feeder, uint256 from, uint256 count) external view returns (uint32[] memory meters);

    /// @notice Those of a part of the feeder's list that stand at the feeder in a slot.
    /// @param feeder The feeder.
    /// @param slot The slot.
    /// @param from First place of the part.
    /// @param count Most places of it.
    /// @return meters In the order of the list.
    function metersAt(
        uint24 feeder,
        uint32 slot,
        uint256 from,
        uint256 count
    ) external view returns (uint32[] memory meters);
}

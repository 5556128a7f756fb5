// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {RuleSet, SlotTimes, StoredReading} from "../types/MarketTypes.sol";

/// @title MarketWorldMock
/// @notice What TradeEscrow, AccountingFees and Disputes see of the rest of the market, for their tests: it stands
/// in for Federation, DeviceRegistry, MarketRules, MarketCalendar, Clearing, MeterLedger and GridTopology at once.
/// @dev Only what those tests need; tests set the state directly.
contract MarketWorldMock {
    uint32 private constant _SLOT_SECONDS = 3600;

    /// @notice Whether an account counts as suspended.
    mapping(address account => bool suspended) public suspended;
    /// @notice Active meters of an account.
    mapping(address account => uint256 meters) public reservedMetersOf;
    /// @notice Hash of a closed slot's positions and trades.
    mapping(uint24 city => mapping(uint32 slot => bytes32 hash)) public positionsHash;

    RuleSet private _rules;
    mapping(uint32 slot => SlotTimes times) private _times;
    mapping(uint32 meter => mapping(uint32 slot => StoredReading reading)) private _readings;
    mapping(uint24 feeder => address supplier) private _suppliers;

    /// @notice Suspends an account, or not any more.
    /// @param account The account.
    /// @param suspended_ True: suspended.
    function setSuspended(address account, bool suspended_) external {
        suspended[account] = suspended_;
    }

    /// @notice Sets how many active meters an account holds.
    /// @param account The account.
    /// @param meters Their number.
    function setActiveMeters(address account, uint256 meters) external {
        reservedMetersOf[account] = meters;
    }

    /// @notice Sets the withdrawal reserve.
    /// @param reservePerMeterMicro Micro-credits per active meter.
    function setReserve(uint64 reservePerMeterMicro) external {
        _rules.reservePerMeterMicro = reservePerMeterMicro;
    }

    /// @notice Sets the dates of a slot.
    /// @param slot The slot.
    /// @param times The dates.
    function setTimes(uint32 slot, SlotTimes calldata times) external {
        _times[slot] = times;
    }

    /// @notice Sets the reading of a meter in a slot.
    /// @param meter The meter.
    /// @param slot The slot.
    /// @param reading The reading.
    function setReading(uint32 meter, uint32 slot, StoredReading calldata reading) external {
        _readings[meter][slot] = reading;
    }

    /// @notice Sets the supplier of a feeder.
    /// @param feeder The feeder.
    /// @param supplier The supplier.
    function setSupplier(uint24 feeder, address supplier) external {
        _suppliers[feeder] = supplier;
    }

    /// @notice Closes a slot.
    /// @param city The city.
    /// @param slot The slot.
    /// @param hash keccak256 of positions and trades.
    function setPositionsHash(uint24 city, uint32 slot, bytes32 hash) external {
        positionsHash[city][slot] = hash;
    }

    /// @notice As Federation.
    /// @param account The account.
    /// @return active True unless suspended.
    function isActive(address account) external view returns (bool active) {
        return !suspended[account];
    }

    /// @notice As MarketRules; the same for all slots.
    /// @param slot Must be the current slot.
    /// @return rules The rules.
    function rulesAt(uint32 slot) external view returns (RuleSet memory rules) {
        require(slot == slotOf(block.timestamp), "not the current slot"); // solhint-disable-line gas-custom-errors
        return _rules;
    }

    /// @notice As MarketCalendar.
    /// @param slot The slot.
    /// @return times The dates.
    function timesOf(uint32 slot) external view returns (SlotTimes memory times) {
        return _times[slot];
    }

    /// @notice As MeterLedger.
    /// @param meter The meter.
    /// @param slot The slot.
    /// @return reading The reading.
    function readingAt(uint32 meter, uint32 slot) external view returns (StoredReading memory reading) {
        return _readings[meter][slot];
    }

    /// @notice As GridTopology; the supplier only.
    /// @param feeder The feeder.
    /// @param slot The slot; the parties of the mock do not depend on it.
    /// @return supplier The supplier.
    /// @return gridOperator Zero.
    /// @return meteringOperator Zero.
    function partiesAt(
        uint24 feeder,
        uint32 slot
    ) external view returns (address supplier, address gridOperator, address meteringOperator) {
        slot;
        return (_suppliers[feeder], address(0), address(0));
    }

    /// @notice As MarketCalendar.
    /// @param time Unix seconds.
    /// @return slot The slot.
    function slotOf(uint256 time) public pure returns (uint32 slot) {
        return uint32(time / _SLOT_SECONDS);
    }
}

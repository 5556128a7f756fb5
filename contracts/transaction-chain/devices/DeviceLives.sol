// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DeviceKind, DeviceStatus, IDeviceRegistry} from "../../interfaces/IDeviceRegistry.sol";
import {IFederation} from "../../interfaces/IFederation.sol";
import {IMarketCalendar} from "../../interfaces/IMarketCalendar.sol";
import {MeteringOperators} from "../../libraries/MeteringOperators.sol";
import {SlotSchedule} from "../../libraries/SlotSchedule.sol";
import {DeviceCredentials} from "./DeviceCredentials.sol";

/// @title DeviceLives
/// @notice Where each device is in its life after the claim, who may move it on, and who holds it in which slot.
/// @dev The part of DeviceRegistry between the papers (DeviceCredentials) and the names (serials, keys, owners).
abstract contract DeviceLives is DeviceCredentials {
    using MeteringOperators for IFederation;
    using SlotSchedule for SlotSchedule.Schedule;

    /// @dev Meters of a holder that have run, one word.
    struct Meters {
        uint64 held; // active or suspended, by the latest decision
        uint64 left; // gone, and counted until the last of them is final
        uint32 lastSlot; // the last that one of `left` was held in
    }

    /// @notice Says which slots are open.
    IMarketCalendar public immutable CALENDAR;

    // slots 0 to 2: EIP712 and DeviceCredentials
    mapping(address holder => Meters count) private _meters; // slot 3
    mapping(uint32 device => Device record) internal _devices; // slot 4
    mapping(uint32 device => SlotSchedule.Schedule holder) internal _holders; // slot 5

    /// @notice There is no device yet.
    /// @param federation The Federation of this chain.
    /// @param calendar The market's calendar.
    constructor(IFederation federation, IMarketCalendar calendar) DeviceCredentials(federation) {
        CALENDAR = calendar;
    }

    /// @inheritdoc IDeviceRegistry
    function activate(uint32 device, address key) external {
        Device storage record = _in(device, DeviceStatus.Claimed);
        _requireKey(device, key);
        if (record.kind == DeviceKind.Meter) _assignOperator(device, msg.sender);
        else _requireHolder(device);
        _setStatus(device, DeviceStatus.Active);
    }

    /// @inheritdoc IDeviceRegistry
    function suspend(uint32 device) external {
        _in(device, DeviceStatus.Active);
        _requireKeeper(device);
        _setStatus(device, DeviceStatus.Suspended);
    }

    /// @inheritdoc IDeviceRegistry
    function resume(uint32 device, address key) external {
        _in(device, DeviceStatus.Suspended);
        _requireKey(device, key);
        _requireKeeper(device);
        _setStatus(device, DeviceStatus.Active);
    }

    /// @inheritdoc IDeviceRegistry
    function retire(uint32 device) external {
        _held(device);
        _requireKeeper(device);
        _retire(device);
    }

    /// @inheritdoc IDeviceRegistry
    function revoke(uint32 device) external {
        Device storage record = _living(device);
        if (record.maker != msg.sender) revert DeviceRegistryNotAuthorized(device, msg.sender);
        _requireMaker(msg.sender);
        _retire(device);
        emit DeviceRevoked(device, msg.sender);
    }

    /// @inheritdoc IDeviceRegistry
    function handOver(uint32 device, address newOperator) external {
        Device storage record = _held(device);
        if (record.operator == address(0)) revert DeviceRegistryNotAuthorized(device, msg.sender);
        _requireKeeper(device);
        _assignOperator(device, newOperator);
    }

    /// @inheritdoc IDeviceRegistry
    function reservedMetersOf(address holder) external view returns (uint256 count) {
        Meters memory meters = _meters[holder];
        return meters.held + (_isOver(meters) ? 0 : meters.left);
    }

    /// @inheritdoc IDeviceRegistry
    function holderOf(uint32 device) public view returns (address holder) {
        return address(uint160(_holders[device].latestValue()));
    }

    function _setStatus(uint32 device, DeviceStatus status) internal {
        Device storage record = _devices[device];
        bool ran = _isRunningMeter(record);
        record.status = status;
        bool runs = _isRunningMeter(record);
        if (runs && !ran) _countMeter(holderOf(device));
        if (ran && !runs) _countMeterLeft(device, holderOf(device));
        emit DeviceStatusChanged(device, status, msg.sender);
    }

    function _countMeter(address holder) internal {
        ++_meters[holder].held;
    }

    /// @dev The slots that are open or not final stay the holder's, and with them the reserve. Meters that left before
    /// and are not final yet are counted as long as the one that leaves now: one date a holder instead of a list.
    function _countMeterLeft(uint32 device, address holder) internal {
        Meters memory meters = _meters[holder];
        --meters.held;
        uint32 lastSlot = CALENDAR.firstUnopenedSlot() - 1;
        if (address(uint160(_holders[device].valueAt(lastSlot))) == holder) {
            meters.left = _isOver(meters) ? 1 : meters.left + 1;
            meters.lastSlot = lastSlot;
        }
        _meters[holder] = meters;
    }

    function _setHolder(uint32 device, address holder) internal {
        uint32 fromSlot = CALENDAR.firstUnopenedSlot();
        _holders[device].set(fromSlot, uint160(holder), fromSlot);
        emit HolderScheduled(device, holder, fromSlot);
    }

    function _in(uint32 device, DeviceStatus status) internal view returns (Device storage record) {
        record = _devices[device];
        if (record.status != status) revert DeviceRegistryWrongStatus(device, record.status);
    }

    /// @dev Claimed, active or suspended.
    function _held(uint32 device) internal view returns (Device storage record) {
        record = _living(device);
        if (record.status == DeviceStatus.Certified) revert DeviceRegistryWrongStatus(device, record.status);
    }

    /// @dev Known and not retired.
    function _living(uint32 device) internal view returns (Device storage record) {
        record = _devices[device];
        DeviceStatus status = record.status;
        if (status == DeviceStatus.None || status == DeviceStatus.Retired) {
            revert DeviceRegistryWrongStatus(device, status);
        }
    }

    function _isActiveMeter(Device storage record) internal view returns (bool yes) {
        return record.status == DeviceStatus.Active && record.kind == DeviceKind.Meter;
    }

    /// @dev A meter that a household uses: also a suspended one, which its operator reads, costs grid energy.
    function _isRunningMeter(Device storage record) internal view returns (bool yes) {
        bool runs = record.status == DeviceStatus.Active || record.status == DeviceStatus.Suspended;
        return runs && record.kind == DeviceKind.Meter;
    }

    function _retire(uint32 device) private {
        _setStatus(device, DeviceStatus.Retired);
        if (holderOf(device) != address(0)) _setHolder(device, address(0));
    }

    function _assignOperator(uint32 device, address operator) private {
        if (!FEDERATION.mayAct(operator)) revert DeviceRegistryNotMeteringOperator(operator);
        _devices[device].operator = operator;
        emit OperatorAssigned(device, operator);
    }

    /// @dev A meter's operator, or its successor where that one is gone; for all else the holder.
    function _requireKeeper(uint32 device) private {
        address operator = _devices[device].operator;
        if (operator == address(0)) return _requireHolder(device);
        if (operator == msg.sender) {
            if (!FEDERATION.mayAct(operator)) revert DeviceRegistryNotMeteringOperator(operator);
        } else {
            if (FEDERATION.mayAct(operator)) revert DeviceRegistryNotAuthorized(device, msg.sender);
            _assignOperator(device, msg.sender);
        }
    }

    /// @dev Whether every slot of the meters that left is final.
    function _isOver(Meters memory meters) private view returns (bool over) {
        return meters.left == 0 || block.timestamp >= CALENDAR.timesOf(meters.lastSlot).finalDate;
    }

    /// @dev Who lets a device sign names the key that it has checked: the maker may have replaced it in between.
    function _requireKey(uint32 device, address key) private view {
        address inForce = _devices[device].key;
        if (key != inForce) revert DeviceRegistryOtherKey(device, inForce);
    }

    function _requireHolder(uint32 device) private view {
        if (holderOf(device) != msg.sender) revert DeviceRegistryNotAuthorized(device, msg.sender);
        _requireActive(msg.sender);
    }
}

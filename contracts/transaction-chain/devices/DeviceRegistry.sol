// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DeviceKind, DeviceStatus, IDeviceRegistry} from "../../interfaces/IDeviceRegistry.sol";
import {IFederation} from "../../interfaces/IFederation.sol";
import {IMarketCalendar} from "../../interfaces/IMarketCalendar.sol";
import {DeviceMessages} from "../../libraries/DeviceMessages.sol";
import {SlotSchedule} from "../../libraries/SlotSchedule.sol";
import {DeviceCredentials} from "./DeviceCredentials.sol";

/// @title DeviceRegistry
/// @notice Keeps who made a device, which key it signs with, who holds it in which slot, and where it is in its life.
/// @dev Nobody administers it: each step belongs to the maker, the device, the owner or the metering operator.
contract DeviceRegistry is DeviceCredentials {
    using SlotSchedule for SlotSchedule.Schedule;

    /// @notice Says which slots are open.
    IMarketCalendar public immutable CALENDAR;

    // slots 0 to 2: EIP712 and DeviceCredentials
    /// @inheritdoc IDeviceRegistry
    uint32 public deviceCount; // slot 3
    mapping(uint32 device => Device record) private _devices; // slot 4
    mapping(uint32 device => SlotSchedule.Schedule holder) private _holders; // slot 5
    /// @inheritdoc IDeviceRegistry
    mapping(address holder => uint256 count) public activeMetersOf; // slot 6
    /// @inheritdoc IDeviceRegistry
    mapping(address key => uint32 device) public deviceOfKey; // slot 7
    /// @inheritdoc IDeviceRegistry
    mapping(address maker => mapping(bytes32 serialHash => uint32 device)) public deviceOfSerial; // slot 8

    /// @notice There is no device yet.
    /// @param federation The Federation of this chain.
    /// @param calendar The market's calendar.
    constructor(IFederation federation, IMarketCalendar calendar) DeviceCredentials(federation) {
        CALENDAR = calendar;
    }

    // -------------------- certify and claim

    /// @inheritdoc IDeviceRegistry
    function certify(Certificate calldata certificate, bytes calldata makerSignature) external returns (uint32 device) {
        return _certify(certificate, makerSignature);
    }

    /// @inheritdoc IDeviceRegistry
    function claim(Claim calldata request) external returns (uint32 device) {
        return _claim(request);
    }

    /// @inheritdoc IDeviceRegistry
    function register(
        Certificate calldata certificate,
        bytes calldata makerSignature,
        Claim calldata request
    ) external returns (uint32 device) {
        device = _certify(certificate, makerSignature);
        if (request.deviceKey != certificate.deviceKey) revert DeviceRegistryUnknownKey(request.deviceKey);
        _claim(request);
    }

    // -------------------- life

    /// @inheritdoc IDeviceRegistry
    function activate(uint32 device) external {
        Device storage record = _in(device, DeviceStatus.Claimed);
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
    function resume(uint32 device) external {
        _in(device, DeviceStatus.Suspended);
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

    // -------------------- keys

    /// @inheritdoc IDeviceRegistry
    function rotateKey(
        uint32 device,
        address newKey,
        uint32 nonce,
        bytes calldata oldSignature,
        bytes calldata newSignature
    ) external {
        Device storage record = _held(device);
        if (record.status == DeviceStatus.Suspended) revert DeviceRegistryWrongStatus(device, record.status);
        if (nonce != record.nonce) revert DeviceRegistryReplayed(device, nonce, record.nonce);
        bytes32 structHash = DeviceMessages.hashKeyRotation(device, newKey, nonce);
        if (!_isSignedBy(record.key, structHash, oldSignature)) revert DeviceRegistryNotSignedByKey(record.key);
        _replaceKey(device, newKey, newSignature, 0);
    }

    /// @inheritdoc IDeviceRegistry
    function recertify(
        Certificate calldata certificate,
        bytes calldata makerSignature,
        bytes calldata newSignature
    ) external returns (uint32 device) {
        bytes32 digest = _useCertificate(certificate, makerSignature);
        device = deviceOfSerial[certificate.maker][certificate.serialHash];
        if (device == 0) revert DeviceRegistryUnknownSerial(certificate.maker, certificate.serialHash);
        Device storage record = _living(device);
        if (record.kind != certificate.kind || record.model != certificate.model) {
            revert DeviceRegistryCertificateMismatch(device);
        }
        record.claimableUntil = certificate.validUntil;
        _replaceKey(device, certificate.deviceKey, newSignature, digest);
    }

    // -------------------- owners

    /// @inheritdoc IDeviceRegistry
    function changeOwner(OwnerChange calldata request) external {
        uint32 device = request.device;
        Device storage record = _held(device);
        if (request.nonce != record.nonce) revert DeviceRegistryReplayed(device, request.nonce, record.nonce);
        address from = holderOf(device);
        if (from == request.to) revert DeviceRegistrySameOwner(from);
        bytes32 structHash = DeviceMessages.hashOwnerChange(request, from);
        _requireConsent(from, structHash, request.deadline, request.consent);
        _requireConsent(request.to, structHash, request.deadline, request.newConsent);
        ++record.nonce;
        if (_isActiveMeter(record)) {
            --activeMetersOf[from];
            ++activeMetersOf[request.to];
        }
        _setHolder(device, request.to);
    }

    // -------------------- views

    /// @inheritdoc IDeviceRegistry
    function activeMeterKey(uint32 device) external view returns (address key) {
        Device storage record = _devices[device];
        return _isActiveMeter(record) ? record.key : address(0);
    }

    /// @inheritdoc IDeviceRegistry
    function holderAt(uint32 device, uint32 slot) external view returns (address holder) {
        return address(uint160(_holders[device].valueAt(slot)));
    }

    /// @inheritdoc IDeviceRegistry
    function holderThroughout(uint32 device, uint32 first, uint32 last) external view returns (address holder) {
        return address(uint160(_holders[device].valueThroughout(first, last)));
    }

    /// @inheritdoc IDeviceRegistry
    function lifeOf(uint32 device) external view returns (DeviceKind kind, DeviceStatus status) {
        Device storage record = _devices[device];
        return (record.kind, record.status);
    }

    /// @inheritdoc IDeviceRegistry
    function deviceAt(uint32 device) external view returns (Device memory record) {
        return _devices[device];
    }

    /// @inheritdoc IDeviceRegistry
    function holderOf(uint32 device) public view returns (address holder) {
        return address(uint160(_holders[device].latestValue()));
    }

    // -------------------- certificates

    function _certify(Certificate calldata certificate, bytes calldata makerSignature) private returns (uint32 device) {
        bytes32 digest = _useCertificate(certificate, makerSignature);
        uint32 other = deviceOfSerial[certificate.maker][certificate.serialHash];
        if (other != 0) revert DeviceRegistrySerialExists(other);
        device = ++deviceCount;
        deviceOfSerial[certificate.maker][certificate.serialHash] = device;
        _takeKey(device, certificate.deviceKey);
        _devices[device] = Device({
            key: certificate.deviceKey,
            status: DeviceStatus.Certified,
            kind: certificate.kind,
            nonce: 0,
            maker: certificate.maker,
            claimableUntil: certificate.validUntil,
            operator: address(0),
            model: certificate.model
        });
        _emitCertified(device, certificate, digest);
    }

    function _emitCertified(uint32 device, Certificate calldata certificate, bytes32 digest) private {
        emit DeviceCertified({
            device: device,
            maker: certificate.maker,
            key: certificate.deviceKey,
            kind: certificate.kind,
            model: certificate.model,
            serialHash: certificate.serialHash,
            validFrom: certificate.validFrom,
            validUntil: certificate.validUntil,
            certificate: digest
        });
        emit DeviceStatusChanged(device, DeviceStatus.Certified, msg.sender);
    }

    function _claim(Claim calldata request) private returns (uint32 device) {
        device = deviceOfKey[request.deviceKey];
        Device storage record = _devices[device];
        if (device == 0 || record.key != request.deviceKey) revert DeviceRegistryUnknownKey(request.deviceKey);
        _in(device, DeviceStatus.Certified);
        _requireMaker(record.maker);
        _requireValid(record.claimableUntil);
        bytes32 possession = DeviceMessages.hashPossession(request.deviceKey, request.owner);
        if (!_isSignedBy(request.deviceKey, possession, request.possession)) {
            revert DeviceRegistryNoPossession(request.deviceKey);
        }
        bytes32 consent = DeviceMessages.hashConsent(request.deviceKey, request.owner, request.deadline);
        _requireConsent(request.owner, consent, request.deadline, request.consent);
        _setHolder(device, request.owner);
        _setStatus(device, DeviceStatus.Claimed);
    }

    // -------------------- changes

    function _setStatus(uint32 device, DeviceStatus status) private {
        Device storage record = _devices[device];
        if (_isActiveMeter(record)) --activeMetersOf[holderOf(device)];
        record.status = status;
        if (_isActiveMeter(record)) ++activeMetersOf[holderOf(device)];
        emit DeviceStatusChanged(device, status, msg.sender);
    }

    function _setHolder(uint32 device, address holder) private {
        uint32 fromSlot = CALENDAR.firstUnopenedSlot();
        _holders[device].set(fromSlot, uint160(holder), fromSlot);
        emit HolderScheduled(device, holder, fromSlot);
    }

    function _retire(uint32 device) private {
        _setStatus(device, DeviceStatus.Retired);
        if (holderOf(device) != address(0)) _setHolder(device, address(0));
    }

    function _assignOperator(uint32 device, address operator) private {
        if (!_isMeteringOperator(operator)) revert DeviceRegistryNotMeteringOperator(operator);
        _devices[device].operator = operator;
        emit OperatorAssigned(device, operator);
    }

    function _replaceKey(uint32 device, address newKey, bytes calldata signature, bytes32 certificate) private {
        Device storage record = _devices[device];
        _takeKey(device, newKey);
        bytes32 structHash = DeviceMessages.hashKeyRotation(device, newKey, record.nonce);
        if (!_isSignedBy(newKey, structHash, signature)) revert DeviceRegistryNoPossession(newKey);
        address oldKey = record.key;
        record.key = newKey;
        ++record.nonce;
        emit KeyRotated(device, oldKey, newKey, certificate);
    }

    function _takeKey(uint32 device, address key) private {
        uint32 other = deviceOfKey[key];
        if (other != 0) revert DeviceRegistryKeyExists(key, other);
        deviceOfKey[key] = device;
    }

    // -------------------- requirements

    /// @dev A meter's operator, or its successor where that one is gone; for all else the holder.
    function _requireKeeper(uint32 device) private {
        address operator = _devices[device].operator;
        if (operator == address(0)) return _requireHolder(device);
        if (operator == msg.sender) {
            if (!_isMeteringOperator(operator)) revert DeviceRegistryNotMeteringOperator(operator);
        } else {
            if (_isMeteringOperator(operator)) revert DeviceRegistryNotAuthorized(device, msg.sender);
            _assignOperator(device, msg.sender);
        }
    }

    function _requireHolder(uint32 device) private view {
        if (holderOf(device) != msg.sender) revert DeviceRegistryNotAuthorized(device, msg.sender);
        _requireActive(msg.sender);
    }

    function _in(uint32 device, DeviceStatus status) private view returns (Device storage record) {
        record = _devices[device];
        if (record.status != status) revert DeviceRegistryWrongStatus(device, record.status);
    }

    /// @dev Claimed, active or suspended.
    function _held(uint32 device) private view returns (Device storage record) {
        record = _living(device);
        if (record.status == DeviceStatus.Certified) revert DeviceRegistryWrongStatus(device, record.status);
    }

    /// @dev Known and not retired.
    function _living(uint32 device) private view returns (Device storage record) {
        record = _devices[device];
        DeviceStatus status = record.status;
        if (status == DeviceStatus.None || status == DeviceStatus.Retired) {
            revert DeviceRegistryWrongStatus(device, status);
        }
    }

    function _isActiveMeter(Device storage record) private view returns (bool yes) {
        return record.status == DeviceStatus.Active && record.kind == DeviceKind.Meter;
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DeviceKind, DeviceStatus, IDeviceRegistry} from "../../interfaces/IDeviceRegistry.sol";
import {IFederation} from "../../interfaces/IFederation.sol";
import {IMarketCalendar} from "../../interfaces/IMarketCalendar.sol";
import {DeviceMessages} from "../../libraries/DeviceMessages.sol";
import {SlotSchedule} from "../../libraries/SlotSchedule.sol";
import {DeviceLives} from "./DeviceLives.sol";

/// @title DeviceRegistry
/// @notice Keeps who made a device, which key it signs with, who holds it in which slot, and where it is in its life.
/// @dev Nobody administers it: each step belongs to the maker, the device, the owner or the metering operator.
contract DeviceRegistry is DeviceLives {
    using SlotSchedule for SlotSchedule.Schedule;

    // slots 0 to 5: DeviceLives
    /// @inheritdoc IDeviceRegistry
    uint32 public deviceCount; // slot 6
    /// @inheritdoc IDeviceRegistry
    mapping(address key => uint32 device) public deviceOfKey; // slot 7
    /// @inheritdoc IDeviceRegistry
    mapping(address maker => mapping(bytes32 serialHash => uint32 device)) public deviceOfSerial; // slot 8

    /// @notice There is no device yet.
    /// @param federation The Federation of this chain.
    /// @param calendar The market's calendar.
    constructor(IFederation federation, IMarketCalendar calendar) DeviceLives(federation, calendar) {}

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
        if (record.status == DeviceStatus.Active) _setStatus(device, DeviceStatus.Suspended);
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
        if (_isRunningMeter(record)) {
            _countMeterLeft(device, from);
            _countMeter(request.to);
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

    // -------------------- keys of all devices

    function _replaceKey(uint32 device, address newKey, bytes calldata signature, bytes32 certificate) private {
        Device storage record = _devices[device];
        _takeKey(device, newKey);
        bytes32 structHash = DeviceMessages.hashKeyRotation(device, newKey, record.nonce);
        if (!_isSignedBy(newKey, structHash, signature)) revert DeviceRegistryNoPossession(newKey);
        address oldKey = record.key;
        record.key = newKey;
        ++record.nonce;
        emit KeyRotated({
            device: device,
            oldKey: oldKey,
            newKey: newKey,
            certificate: certificate,
            claimableUntil: record.claimableUntil
        });
    }

    function _takeKey(uint32 device, address key) private {
        uint32 other = deviceOfKey[key];
        if (other != 0) revert DeviceRegistryKeyExists(key, other);
        deviceOfKey[key] = device;
    }
}

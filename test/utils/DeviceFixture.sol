// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {Federation} from "../../contracts/federation/Federation.sol";
import {DeviceKind, IDeviceRegistry} from "../../contracts/interfaces/IDeviceRegistry.sol";
import {MemberRole} from "../../contracts/interfaces/IFederation.sol";
import {IMarketCalendar} from "../../contracts/interfaces/IMarketCalendar.sol";
import {CalendarMock} from "../../contracts/mocks/CalendarMock.sol";
import {DeviceRegistry} from "../../contracts/transaction-chain/devices/DeviceRegistry.sol";
import {Test} from "./Test.sol";

/// @title DeviceFixture
/// @notice A federation with makers, metering operators and users, a device registry, and their signatures. The test is
/// the council. Accounts and devices are named; the name gives the key.
abstract contract DeviceFixture is Test {
    bytes32 internal constant MODEL = keccak256("meter model 1");
    uint48 internal constant NOW = 1_000_000;
    uint32 internal constant FIRST_UNOPENED = 100;

    AccessManager internal manager;
    Federation internal federation;
    CalendarMock internal calendar;
    DeviceRegistry internal registry;
    address internal maker;
    address internal operator;
    address internal alice;
    address internal bob;
    address internal relayer;

    function setUpDevices() internal {
        vm.warp(NOW);
        manager = new AccessManager(address(this));
        federation = new Federation(address(manager));
        calendar = new CalendarMock();
        calendar.setFirstUnopenedSlot(FIRST_UNOPENED);
        registry = new DeviceRegistry(federation, IMarketCalendar(address(calendar)));
        maker = admitMember("maker", MemberRole.Manufacturer);
        operator = admitMember("operator", MemberRole.MeteringOperator);
        federation.admitMember(address(this), uint16(1 << uint8(MemberRole.Registrar)));
        alice = admitUser("alice");
        bob = admitUser("bob");
        relayer = makeAddr("relayer");
    }

    function admitMember(string memory name, MemberRole role) internal returns (address account) {
        account = makeAddr(name);
        federation.admitMember(account, uint16(1 << uint8(role)));
    }

    function admitUser(string memory name) internal returns (address account) {
        account = makeAddr(name);
        federation.admitUser(account, keccak256(abi.encode("credential", name)));
    }

    // -------------------- devices

    function addressOf(string memory name) internal pure returns (address) {
        return vm.addr(keyOf(name));
    }

    function keyOf(string memory name) internal pure returns (uint256) {
        return uint256(keccak256(bytes(name)));
    }

    /// @notice The certificate of a meter by `maker`, valid for a day to both sides of the fixture's time.
    function certificateOf(string memory name) internal view returns (IDeviceRegistry.Certificate memory) {
        return
            IDeviceRegistry.Certificate({
                maker: maker,
                deviceKey: addressOf(name),
                kind: DeviceKind.Meter,
                model: MODEL,
                serialHash: keccak256(abi.encode("serial", name)),
                validFrom: NOW - 1 days,
                validUntil: NOW + 1 days,
                chainId: block.chainid,
                registry: address(registry)
            });
    }

    function claimOf(string memory name, string memory owner) internal view returns (IDeviceRegistry.Claim memory) {
        address key = addressOf(name);
        address account = addressOf(owner);
        return
            IDeviceRegistry.Claim({
                deviceKey: key,
                owner: account,
                deadline: NOW + 1 hours,
                possession: sign(name, possessionHash(key, account)),
                consent: sign(owner, consentHash(key, account, NOW + 1 hours))
            });
    }

    function certified(string memory name) internal returns (uint32 device) {
        return certified(name, DeviceKind.Meter);
    }

    function certified(string memory name, DeviceKind kind) internal returns (uint32 device) {
        IDeviceRegistry.Certificate memory certificate = certificateOf(name);
        certificate.kind = kind;
        bytes memory signature = sign("maker", certificateHash(certificate));
        vm.prank(relayer);
        return registry.certify(certificate, signature);
    }

    function claimed(string memory name, string memory owner) internal returns (uint32 device) {
        return claimed(name, owner, DeviceKind.Meter);
    }

    function claimed(string memory name, string memory owner, DeviceKind kind) internal returns (uint32 device) {
        device = certified(name, kind);
        IDeviceRegistry.Claim memory request = claimOf(name, owner);
        vm.prank(relayer);
        registry.claim(request);
    }

    function active(string memory name, string memory owner) internal returns (uint32 device) {
        device = claimed(name, owner);
        vm.prank(operator);
        registry.activate(device, addressOf(name));
    }

    /// @notice A change of owner with both consents.
    function ownerChange(
        uint32 device,
        string memory from,
        string memory to
    ) internal view returns (IDeviceRegistry.OwnerChange memory request) {
        request.device = device;
        request.to = addressOf(to);
        request.nonce = registry.deviceAt(device).nonce;
        request.deadline = uint64(block.timestamp + 1 hours);
        bytes32 structHash = ownerChangeHash(request, addressOf(from));
        request.consent = sign(from, structHash);
        request.newConsent = sign(to, structHash);
    }

    // -------------------- EIP-712, written out a second time

    function sign(string memory signer, bytes32 structHash) internal view returns (bytes memory) {
        return signBytes(keyOf(signer), digestOf(structHash));
    }

    function digestOf(bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Commonwatt DeviceRegistry"),
                keccak256("1"),
                block.chainid,
                address(registry)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function certificateHash(IDeviceRegistry.Certificate memory c) internal pure returns (bytes32) {
        bytes32 typeHash = keccak256(
            "Certificate(address maker,address deviceKey,uint8 kind,bytes32 model,bytes32 serialHash,uint64 validFrom,uint64 validUntil,uint256 chainId,address registry)" // solhint-disable-line max-line-length
        );
        bytes memory head = abi.encode(typeHash, c.maker, c.deviceKey, uint8(c.kind), c.model);
        return
            keccak256(
                abi.encodePacked(head, abi.encode(c.serialHash, c.validFrom, c.validUntil, c.chainId, c.registry))
            );
    }

    function possessionHash(address deviceKey, address owner) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("Possession(address deviceKey,address owner)"), deviceKey, owner));
    }

    function consentHash(address deviceKey, address owner, uint64 deadline) internal pure returns (bytes32) {
        bytes32 typeHash = keccak256("Consent(address deviceKey,address owner,uint64 deadline)");
        return keccak256(abi.encode(typeHash, deviceKey, owner, deadline));
    }

    function rotationHash(uint32 device, address newKey, uint32 nonce) internal pure returns (bytes32) {
        bytes32 typeHash = keccak256("KeyRotation(uint32 device,address newKey,uint32 nonce)");
        return keccak256(abi.encode(typeHash, device, newKey, nonce));
    }

    function ownerChangeHash(IDeviceRegistry.OwnerChange memory c, address from) internal pure returns (bytes32) {
        bytes32 typeHash = keccak256("OwnerChange(uint32 device,address from,address to,uint32 nonce,uint64 deadline)");
        return keccak256(abi.encode(typeHash, c.device, from, c.to, c.nonce, c.deadline));
    }
}

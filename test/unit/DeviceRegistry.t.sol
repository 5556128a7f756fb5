// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {DeviceKind, DeviceStatus, IDeviceRegistry} from "../../contracts/interfaces/IDeviceRegistry.sol";
import {MemberRole} from "../../contracts/interfaces/IFederation.sol";
import {DeviceRegistry} from "../../contracts/transaction-chain/devices/DeviceRegistry.sol";
import {DeviceFixture} from "../utils/DeviceFixture.sol";

/// @dev A wallet that answers for one key, as a household's or an organisation's contract account does.
contract Wallet is IERC1271 {
    address private immutable SIGNER;

    constructor(address signer) {
        SIGNER = signer;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return ECDSA.recoverCalldata(hash, signature) == SIGNER ? this.isValidSignature.selector : bytes4(0);
    }
}

contract DeviceRegistryTest is DeviceFixture {
    function setUp() public {
        setUpDevices();
    }

    // -------------------- certify

    function test_CertifyMakesADeviceKnown() public {
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        bytes32 digest = digestOf(certificateHash(certificate));
        vm.expectEmit(address(registry));
        emit IDeviceRegistry.DeviceCertified({
            device: 1,
            maker: maker,
            key: addressOf("m1"),
            kind: DeviceKind.Meter,
            model: MODEL,
            serialHash: certificate.serialHash,
            validFrom: NOW - 1 days,
            validUntil: NOW + 1 days,
            certificate: digest
        });
        vm.expectEmit(address(registry));
        emit IDeviceRegistry.DeviceStatusChanged(1, DeviceStatus.Certified, relayer);
        assertEq(certified("m1"), 1);
        IDeviceRegistry.Device memory record = registry.deviceAt(1);
        assertEq(record.key, addressOf("m1"));
        assertEq(record.maker, maker);
        assertEq(record.model, MODEL);
        assertEq(record.claimableUntil, NOW + 1 days);
        assertEq(registry.deviceOfKey(addressOf("m1")), 1);
        assertEq(registry.deviceOfSerial(maker, certificate.serialHash), 1);
        assertTrue(registry.isCertificateUsed(digest));
        _assertLife(1, DeviceKind.Meter, DeviceStatus.Certified);
        assertEq(registry.activeMeterKey(1), address(0));
        assertEq(registry.holderOf(1), address(0));
    }

    function test_DevicesAreNumberedFromOne() public {
        assertEq(certified("m1"), 1);
        assertEq(certified("m2"), 2);
        assertEq(registry.deviceCount(), 2);
    }

    function test_TwoMakersMayUseTheSameSerial() public {
        certified("m1");
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        certificate.maker = admitMember("maker 2", MemberRole.Manufacturer);
        certificate.deviceKey = addressOf("m2");
        assertEq(_certify(certificate, "maker 2"), 2);
    }

    function test_AMakerMayBeAContract() public {
        Wallet wallet = new Wallet(addressOf("officer"));
        federation.admitMember(address(wallet), uint16(1 << uint8(MemberRole.Manufacturer)));
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        certificate.maker = address(wallet);
        assertEq(_certify(certificate, "officer"), 1);
    }

    function test_ACertificateHoldsOnItsFirstAndItsLastSecond() public {
        vm.warp(NOW - 1 days);
        assertEq(certified("m1"), 1);
        vm.warp(NOW + 1 days);
        assertEq(certified("m2"), 2);
    }

    function test_RevertWhen_TheMakerIsUnknown() public {
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        certificate.maker = addressOf("stranger");
        _expectRevert(IDeviceRegistry.DeviceRegistryUnknownMaker.selector, addressOf("stranger"));
        _certify(certificate, "stranger");
    }

    function test_RevertWhen_TheMakerIsAMemberButNoManufacturer() public {
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        certificate.maker = operator;
        _expectRevert(IDeviceRegistry.DeviceRegistryUnknownMaker.selector, operator);
        _certify(certificate, "operator");
    }

    function test_RevertWhen_TheMakerIsExpelled() public {
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        federation.expel(maker);
        _expectRevert(IDeviceRegistry.DeviceRegistryInactiveMaker.selector, maker);
        _certify(certificate, "maker");
    }

    function test_RevertWhen_TheMakerIsSuspended() public {
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        federation.suspend(maker, NOW + 1);
        _expectRevert(IDeviceRegistry.DeviceRegistryInactiveMaker.selector, maker);
        _certify(certificate, "maker");
        vm.warp(NOW + 1);
        assertEq(_certify(certificate, "maker"), 1, "again active");
    }

    function test_RevertWhen_TheCertificateIsForged() public {
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        _expectRevert(IDeviceRegistry.DeviceRegistryForgedCertificate.selector, maker);
        _certify(certificate, "forger");
    }

    function testFuzz_RevertWhen_AnyFieldOfTheCertificateIsAltered(uint256 field, uint256 change) public {
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        bytes memory signature = sign("maker", certificateHash(certificate));
        change = bound(change, 1, type(uint64).max);
        field = bound(field, 0, 5);
        if (field == 0) certificate.deviceKey = address(uint160(certificate.deviceKey) ^ uint160(change));
        else if (field == 1) certificate.kind = DeviceKind(bound(change, 2, uint8(type(DeviceKind).max)));
        else if (field == 2) certificate.model = bytes32(uint256(certificate.model) ^ change);
        else if (field == 3) certificate.serialHash = bytes32(uint256(certificate.serialHash) ^ change);
        else if (field == 4) certificate.validFrom -= uint64(bound(change, 1, certificate.validFrom));
        else certificate.validUntil += uint64(bound(change, 1, type(uint64).max - certificate.validUntil));
        _expectRevert(IDeviceRegistry.DeviceRegistryForgedCertificate.selector, maker);
        registry.certify(certificate, signature);
    }

    function testFuzz_RevertWhen_TheMakersSignatureIsGarbage(bytes calldata garbage) public {
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        _expectRevert(IDeviceRegistry.DeviceRegistryForgedCertificate.selector, maker);
        registry.certify(certificate, garbage);
    }

    function test_RevertWhen_TheCertificateIsExpired() public {
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        vm.warp(NOW + 1 days + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IDeviceRegistry.DeviceRegistryCertificateExpired.selector, NOW + 1 days)
        );
        _certify(certificate, "maker");
    }

    function test_RevertWhen_TheCertificateIsNotYetValid() public {
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        vm.warp(NOW - 1 days - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IDeviceRegistry.DeviceRegistryCertificateNotYetValid.selector, NOW - 1 days)
        );
        _certify(certificate, "maker");
    }

    function test_RevertWhen_TheCertificateIsForAnotherChain() public {
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        bytes memory signature = sign("maker", certificateHash(certificate));
        uint256 here = block.chainid;
        vm.chainId(here + 1);
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.DeviceRegistryWrongChain.selector, here));
        registry.certify(certificate, signature);
        certificate.chainId = here + 1; // the domain holds the chain, too
        _expectRevert(IDeviceRegistry.DeviceRegistryForgedCertificate.selector, maker);
        registry.certify(certificate, signature);
    }

    function test_RevertWhen_TheCertificateIsForAnotherContract() public {
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        bytes memory signature = sign("maker", certificateHash(certificate));
        DeviceRegistry other = new DeviceRegistry(federation, registry.CALENDAR());
        _expectRevert(IDeviceRegistry.DeviceRegistryWrongContract.selector, address(registry));
        other.certify(certificate, signature);
        certificate.registry = address(other); // the domain holds the contract, too
        _expectRevert(IDeviceRegistry.DeviceRegistryForgedCertificate.selector, maker);
        other.certify(certificate, signature);
    }

    function test_RevertWhen_TheCertificateIsReplayed() public {
        certified("m1");
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        vm.expectRevert(
            abi.encodeWithSelector(
                IDeviceRegistry.DeviceRegistryCertificateReplayed.selector,
                digestOf(certificateHash(certificate))
            )
        );
        _certify(certificate, "maker");
    }

    function test_RevertWhen_TheSerialExists() public {
        certified("m1");
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        certificate.deviceKey = addressOf("m2");
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.DeviceRegistrySerialExists.selector, 1));
        _certify(certificate, "maker");
    }

    function test_RevertWhen_TheKeyExists() public {
        certified("m1");
        IDeviceRegistry.Certificate memory certificate = certificateOf("m2");
        certificate.deviceKey = addressOf("m1");
        _expectKeyExists("m1", 1);
        _certify(certificate, "maker");
    }

    function test_RevertWhen_TheKeyWasRotatedAway() public {
        uint32 device = claimed("m1", "alice");
        _rotate(device, "m1", "m1 new");
        IDeviceRegistry.Certificate memory certificate = certificateOf("m2");
        certificate.deviceKey = addressOf("m1");
        _expectKeyExists("m1", device);
        _certify(certificate, "maker");
    }

    function test_RevertWhen_TheCertificateNamesNoKind() public {
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        certificate.kind = DeviceKind.None;
        vm.expectRevert(IDeviceRegistry.DeviceRegistryIncompleteCertificate.selector);
        _certify(certificate, "maker");
    }

    function test_RevertWhen_TheCertificateNamesNoKey() public {
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        certificate.deviceKey = address(0);
        vm.expectRevert(IDeviceRegistry.DeviceRegistryIncompleteCertificate.selector);
        _certify(certificate, "maker");
    }

    // -------------------- claim

    function test_ClaimGivesTheDeviceToItsOwnerFromTheFirstUnopenedSlot() public {
        uint32 device = certified("m1");
        IDeviceRegistry.Claim memory request = claimOf("m1", "alice");
        vm.expectEmit(address(registry));
        emit IDeviceRegistry.HolderScheduled(device, alice, FIRST_UNOPENED);
        vm.expectEmit(address(registry));
        emit IDeviceRegistry.DeviceStatusChanged(device, DeviceStatus.Claimed, relayer);
        vm.prank(relayer);
        assertEq(registry.claim(request), device);
        assertEq(registry.holderOf(device), alice);
        assertEq(registry.holderAt(device, FIRST_UNOPENED - 1), address(0));
        assertEq(registry.holderAt(device, FIRST_UNOPENED), alice);
        assertEq(registry.reservedMetersOf(alice), 0);
        assertEq(registry.activeMeterKey(device), address(0));
    }

    function test_AnOwnerWhoCallsNeedsNoSignatureNorDeadline() public {
        uint32 device = certified("m1");
        IDeviceRegistry.Claim memory request = claimOf("m1", "alice");
        request.consent = "";
        request.deadline = 0;
        vm.prank(alice);
        registry.claim(request);
        assertEq(registry.holderOf(device), alice);
    }

    function test_AMemberMayOwnADevice() public {
        uint32 device = claimed("m1", "operator");
        assertEq(registry.holderOf(device), operator);
    }

    function test_AnOwnerMayBeAContract() public {
        Wallet wallet = new Wallet(addressOf("resident"));
        federation.admitUser(address(wallet), "wallet");
        uint32 device = certified("m1");
        IDeviceRegistry.Claim memory request = claimOf("m1", "alice");
        request.owner = address(wallet);
        request.possession = sign("m1", possessionHash(request.deviceKey, request.owner));
        request.consent = sign("resident", consentHash(request.deviceKey, request.owner, request.deadline));
        registry.claim(request);
        assertEq(registry.holderOf(device), address(wallet));
    }

    function test_RevertWhen_TheClaimIsWithoutPossession() public {
        certified("m1");
        IDeviceRegistry.Claim memory request = claimOf("m1", "alice");
        request.possession = sign("alice", possessionHash(request.deviceKey, request.owner));
        _expectRevert(IDeviceRegistry.DeviceRegistryNoPossession.selector, addressOf("m1"));
        registry.claim(request);
    }

    function test_RevertWhen_TheDeviceSignedForAnotherOwner() public {
        certified("m1");
        IDeviceRegistry.Claim memory request = claimOf("m1", "alice");
        request.possession = claimOf("m1", "bob").possession;
        _expectRevert(IDeviceRegistry.DeviceRegistryNoPossession.selector, addressOf("m1"));
        registry.claim(request);
    }

    function testFuzz_RevertWhen_ThePossessionIsGarbage(bytes calldata garbage) public {
        certified("m1");
        IDeviceRegistry.Claim memory request = claimOf("m1", "alice");
        request.possession = garbage;
        _expectRevert(IDeviceRegistry.DeviceRegistryNoPossession.selector, addressOf("m1"));
        registry.claim(request);
    }

    function test_RevertWhen_TheOwnerDidNotConsent() public {
        certified("m1");
        IDeviceRegistry.Claim memory request = claimOf("m1", "alice");
        request.consent = sign("m1", consentHash(request.deviceKey, request.owner, request.deadline));
        _expectRevert(IDeviceRegistry.DeviceRegistryNoConsent.selector, alice);
        registry.claim(request);
    }

    function test_RevertWhen_TheDeadlineIsNotTheOneConsentedTo() public {
        certified("m1");
        IDeviceRegistry.Claim memory request = claimOf("m1", "alice");
        request.deadline += 1;
        _expectRevert(IDeviceRegistry.DeviceRegistryNoConsent.selector, alice);
        registry.claim(request);
    }

    function test_RevertWhen_TheConsentIsTooOld() public {
        certified("m1");
        IDeviceRegistry.Claim memory request = claimOf("m1", "alice");
        vm.warp(NOW + 1 hours + 1);
        _expectConsentExpired(NOW + 1 hours);
        registry.claim(request);
    }

    function test_RevertWhen_TheOwnerIsNobody() public {
        certified("m1");
        IDeviceRegistry.Claim memory request = claimOf("m1", "stranger");
        _expectRevert(IDeviceRegistry.DeviceRegistryInactiveOwner.selector, addressOf("stranger"));
        registry.claim(request);
    }

    function test_RevertWhen_TheOwnerIsSuspended() public {
        certified("m1");
        federation.suspend(alice, NOW + 1);
        IDeviceRegistry.Claim memory request = claimOf("m1", "alice");
        _expectRevert(IDeviceRegistry.DeviceRegistryInactiveOwner.selector, alice);
        vm.prank(alice);
        registry.claim(request);
    }

    function test_RevertWhen_TheMakerWasExpelledBeforeTheClaim() public {
        certified("m1");
        federation.expel(maker);
        IDeviceRegistry.Claim memory request = claimOf("m1", "alice");
        _expectRevert(IDeviceRegistry.DeviceRegistryInactiveMaker.selector, maker);
        registry.claim(request);
    }

    function test_RevertWhen_TheCertificateExpiredBeforeTheClaim() public {
        certified("m1");
        IDeviceRegistry.Claim memory request = claimOf("m1", "alice");
        vm.warp(NOW + 1 days + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IDeviceRegistry.DeviceRegistryCertificateExpired.selector, NOW + 1 days)
        );
        vm.prank(alice);
        registry.claim(request);
    }

    function test_RevertWhen_TheClaimIsReplayed() public {
        uint32 device = claimed("m1", "alice");
        IDeviceRegistry.Claim memory request = claimOf("m1", "alice");
        _expectWrongStatus(device, DeviceStatus.Claimed);
        registry.claim(request);
    }

    function test_RevertWhen_AnotherClaimsAClaimedDevice() public {
        uint32 device = claimed("m1", "alice");
        IDeviceRegistry.Claim memory request = claimOf("m1", "bob");
        _expectWrongStatus(device, DeviceStatus.Claimed);
        registry.claim(request);
    }

    function test_RevertWhen_NoDeviceHasTheKey() public {
        IDeviceRegistry.Claim memory request = claimOf("m1", "alice");
        _expectRevert(IDeviceRegistry.DeviceRegistryUnknownKey.selector, addressOf("m1"));
        registry.claim(request);
    }

    function test_RevertWhen_TheClaimIsByAKeyThatWasReplaced() public {
        uint32 device = certified("m1");
        _recertify(device, "m1", "m1 new");
        IDeviceRegistry.Claim memory request = claimOf("m1", "alice");
        _expectRevert(IDeviceRegistry.DeviceRegistryUnknownKey.selector, addressOf("m1"));
        registry.claim(request);
        request = claimOf("m1 new", "alice");
        registry.claim(request);
        assertEq(registry.holderOf(device), alice);
    }

    // -------------------- register

    function test_RegisterCertifiesAndClaims() public {
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        bytes memory signature = sign("maker", certificateHash(certificate));
        uint32 device = registry.register(certificate, signature, claimOf("m1", "alice"));
        assertEq(device, 1);
        assertEq(registry.holderOf(1), alice);
        _assertLife(1, DeviceKind.Meter, DeviceStatus.Claimed);
    }

    function test_RevertWhen_RegisterMeetsAClaimOfAnotherDevice() public {
        certified("m2");
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        bytes memory signature = sign("maker", certificateHash(certificate));
        IDeviceRegistry.Claim memory request = claimOf("m2", "alice");
        _expectRevert(IDeviceRegistry.DeviceRegistryUnknownKey.selector, addressOf("m2"));
        registry.register(certificate, signature, request);
    }

    function test_RevertWhen_RegisterComesAfterSomebodyBroughtTheCertificate() public {
        certified("m1");
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        bytes memory signature = sign("maker", certificateHash(certificate));
        IDeviceRegistry.Claim memory request = claimOf("m1", "alice");
        vm.expectPartialRevert(IDeviceRegistry.DeviceRegistryCertificateReplayed.selector);
        registry.register(certificate, signature, request);
        registry.claim(request); // what is left to do
        assertEq(registry.holderOf(1), alice);
    }

    // -------------------- activate

    function test_AMeteringOperatorActivatesAMeter() public {
        uint32 device = claimed("m1", "alice");
        vm.expectEmit(address(registry));
        emit IDeviceRegistry.OperatorAssigned(device, operator);
        vm.expectEmit(address(registry));
        emit IDeviceRegistry.DeviceStatusChanged(device, DeviceStatus.Active, operator);
        vm.prank(operator);
        registry.activate(device, addressOf("m1"));
        assertEq(registry.activeMeterKey(device), addressOf("m1"));
        assertEq(registry.reservedMetersOf(alice), 1);
        assertEq(registry.deviceAt(device).operator, operator);
    }

    function test_AHolderActivatesADeviceThatIsNoMeter() public {
        uint32 device = claimed("battery", "alice", DeviceKind.Storage);
        vm.prank(alice);
        registry.activate(device, addressOf("battery"));
        _assertLife(device, DeviceKind.Storage, DeviceStatus.Active);
        assertEq(registry.activeMeterKey(device), address(0), "signs no readings");
        assertEq(registry.reservedMetersOf(alice), 0);
    }

    function test_RevertWhen_AHolderActivatesItsMeter() public {
        uint32 device = claimed("m1", "alice");
        _expectRevert(IDeviceRegistry.DeviceRegistryNotMeteringOperator.selector, alice);
        vm.prank(alice);
        registry.activate(device, addressOf("m1"));
    }

    function test_RevertWhen_ASuspendedOperatorActivatesAMeter() public {
        uint32 device = claimed("m1", "alice");
        federation.suspend(operator, NOW + 1);
        _expectRevert(IDeviceRegistry.DeviceRegistryNotMeteringOperator.selector, operator);
        vm.prank(operator);
        registry.activate(device, addressOf("m1"));
    }

    function test_RevertWhen_AnOperatorActivatesADeviceThatIsNoMeter() public {
        uint32 device = claimed("battery", "alice", DeviceKind.Storage);
        _expectNotAuthorized(device, operator);
        vm.prank(operator);
        registry.activate(device, addressOf("battery"));
    }

    function test_RevertWhen_ASuspendedHolderActivatesItsDevice() public {
        uint32 device = claimed("battery", "alice", DeviceKind.Storage);
        federation.suspend(alice, NOW + 1);
        _expectRevert(IDeviceRegistry.DeviceRegistryInactiveOwner.selector, alice);
        vm.prank(alice);
        registry.activate(device, addressOf("battery"));
    }

    function test_RevertWhen_AnUnclaimedMeterIsActivated() public {
        uint32 device = certified("m1");
        _expectWrongStatus(device, DeviceStatus.Certified);
        vm.prank(operator);
        registry.activate(device, addressOf("m1"));
    }

    function test_RevertWhen_AnUnknownDeviceIsActivated() public {
        _expectWrongStatus(7, DeviceStatus.None);
        vm.prank(operator);
        registry.activate(7, addressOf("m1"));
    }

    // -------------------- suspend and resume

    function test_TheOperatorSuspendsAndResumesAMeter() public {
        uint32 device = active("m1", "alice");
        vm.prank(operator);
        registry.suspend(device);
        _assertLife(device, DeviceKind.Meter, DeviceStatus.Suspended);
        assertEq(registry.activeMeterKey(device), address(0));
        assertEq(registry.reservedMetersOf(alice), 1, "its operator reads it, and she pays");
        assertEq(registry.holderOf(device), alice, "still hers");
        vm.prank(operator);
        registry.resume(device, addressOf("m1"));
        assertEq(registry.activeMeterKey(device), addressOf("m1"));
        assertEq(registry.reservedMetersOf(alice), 1);
    }

    function test_AHolderSuspendsAndResumesADeviceThatIsNoMeter() public {
        uint32 device = claimed("battery", "alice", DeviceKind.Storage);
        vm.startPrank(alice);
        registry.activate(device, addressOf("battery"));
        registry.suspend(device);
        _assertLife(device, DeviceKind.Storage, DeviceStatus.Suspended);
        registry.resume(device, addressOf("battery"));
        vm.stopPrank();
        _assertLife(device, DeviceKind.Storage, DeviceStatus.Active);
    }

    function test_AnotherOperatorTakesOverOnceTheFirstIsGone() public {
        uint32 device = active("m1", "alice");
        address successor = admitMember("successor", MemberRole.MeteringOperator);
        _expectNotAuthorized(device, successor);
        vm.prank(successor);
        registry.suspend(device);
        federation.expel(operator);
        vm.expectEmit(address(registry));
        emit IDeviceRegistry.OperatorAssigned(device, successor);
        vm.prank(successor);
        registry.suspend(device);
        assertEq(registry.deviceAt(device).operator, successor);
    }

    function test_RevertWhen_AHolderSuspendsItsMeter() public {
        uint32 device = active("m1", "alice");
        _expectNotAuthorized(device, alice);
        vm.prank(alice);
        registry.suspend(device);
    }

    function test_RevertWhen_ASuspendedOperatorSuspendsAMeter() public {
        uint32 device = active("m1", "alice");
        federation.suspend(operator, NOW + 1);
        _expectRevert(IDeviceRegistry.DeviceRegistryNotMeteringOperator.selector, operator);
        vm.prank(operator);
        registry.suspend(device);
    }

    function test_RevertWhen_ASuccessorIsNoOperator() public {
        uint32 device = active("m1", "alice");
        federation.expel(operator);
        _expectRevert(IDeviceRegistry.DeviceRegistryNotMeteringOperator.selector, alice);
        vm.prank(alice);
        registry.suspend(device);
    }

    function test_RevertWhen_AnActiveMeterIsResumed() public {
        uint32 device = active("m1", "alice");
        _expectWrongStatus(device, DeviceStatus.Active);
        vm.prank(operator);
        registry.resume(device, addressOf("m1"));
    }

    function test_RevertWhen_ASuspendedMeterIsSuspended() public {
        uint32 device = active("m1", "alice");
        vm.startPrank(operator);
        registry.suspend(device);
        _expectWrongStatus(device, DeviceStatus.Suspended);
        registry.suspend(device);
    }

    function test_RevertWhen_AStrangerResumesAMeter() public {
        uint32 device = active("m1", "alice");
        vm.prank(operator);
        registry.suspend(device);
        _expectNotAuthorized(device, relayer);
        vm.prank(relayer);
        registry.resume(device, addressOf("m1"));
    }

    // -------------------- retire and revoke

    function test_ARetiredMeterIsNobodysFromTheFirstUnopenedSlot() public {
        uint32 device = active("m1", "alice");
        calendar.setFirstUnopenedSlot(200);
        vm.expectEmit(address(registry));
        emit IDeviceRegistry.HolderScheduled(device, address(0), 200);
        vm.prank(operator);
        registry.retire(device);
        assertEq(registry.holderAt(device, 199), alice, "open slots stay hers");
        assertEq(registry.holderAt(device, 200), address(0));
        assertEq(registry.reservedMetersOf(alice), 0);
        assertEq(registry.activeMeterKey(device), address(0));
        _assertLife(device, DeviceKind.Meter, DeviceStatus.Retired);
    }

    function test_AHolderRetiresAMeterThatWasNeverActivated() public {
        uint32 device = claimed("m1", "alice");
        vm.prank(alice);
        registry.retire(device);
        _assertLife(device, DeviceKind.Meter, DeviceStatus.Retired);
    }

    function test_TheOperatorRetiresASuspendedMeter() public {
        uint32 device = active("m1", "alice");
        vm.startPrank(operator);
        registry.suspend(device);
        registry.retire(device);
        vm.stopPrank();
        assertEq(registry.reservedMetersOf(alice), 0);
    }

    function test_RevertWhen_AHolderRetiresItsActivatedMeter() public {
        uint32 device = active("m1", "alice");
        _expectNotAuthorized(device, alice);
        vm.prank(alice);
        registry.retire(device);
    }

    function test_RevertWhen_AnUnclaimedDeviceIsRetired() public {
        uint32 device = certified("m1");
        _expectWrongStatus(device, DeviceStatus.Certified);
        vm.prank(operator);
        registry.retire(device);
    }

    function test_RevertWhen_ARetiredDeviceGoesOn() public {
        uint32 device = active("m1", "alice");
        IDeviceRegistry.OwnerChange memory change = ownerChange(device, "alice", "bob");
        vm.startPrank(operator);
        registry.retire(device);
        _expectWrongStatus(device, DeviceStatus.Retired);
        registry.retire(device);
        _expectWrongStatus(device, DeviceStatus.Retired);
        registry.activate(device, addressOf("m1"));
        _expectWrongStatus(device, DeviceStatus.Retired);
        registry.resume(device, addressOf("m1"));
        _expectWrongStatus(device, DeviceStatus.Retired);
        registry.handOver(device, operator);
        _expectWrongStatus(device, DeviceStatus.Retired);
        registry.changeOwner(change);
        _expectWrongStatus(device, DeviceStatus.Retired);
        registry.rotateKey(device, addressOf("new"), 0, "", "");
        vm.stopPrank();
        _expectWrongStatus(device, DeviceStatus.Retired);
        vm.prank(maker);
        registry.revoke(device);
    }

    function test_AMakerRevokesItsDeviceWhereverItIsInItsLife() public {
        uint32[3] memory devices = [certified("m1"), claimed("m2", "alice"), active("m3", "alice")];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectEmit(address(registry));
            emit IDeviceRegistry.DeviceRevoked(devices[i], maker);
            vm.prank(maker);
            registry.revoke(devices[i]);
            _assertLife(devices[i], DeviceKind.Meter, DeviceStatus.Retired);
            assertEq(registry.holderOf(devices[i]), address(0));
        }
        assertEq(registry.reservedMetersOf(alice), 0);
    }

    function test_ARevokedCertificateCannotBeClaimed() public {
        uint32 device = certified("m1");
        vm.prank(maker);
        registry.revoke(device);
        IDeviceRegistry.Claim memory request = claimOf("m1", "alice");
        _expectWrongStatus(device, DeviceStatus.Retired);
        registry.claim(request);
    }

    function test_RevertWhen_AnotherMakerRevokes() public {
        uint32 device = certified("m1");
        address other = admitMember("maker 2", MemberRole.Manufacturer);
        _expectNotAuthorized(device, other);
        vm.prank(other);
        registry.revoke(device);
    }

    function test_RevertWhen_ASuspendedMakerRevokes() public {
        uint32 device = certified("m1");
        federation.suspend(maker, NOW + 1);
        _expectRevert(IDeviceRegistry.DeviceRegistryInactiveMaker.selector, maker);
        vm.prank(maker);
        registry.revoke(device);
    }

    function test_RevertWhen_AnUnknownDeviceIsRevoked() public {
        _expectWrongStatus(7, DeviceStatus.None);
        vm.prank(maker);
        registry.revoke(7);
    }

    // -------------------- handOver

    function test_TheOperatorHandsAMeterOver() public {
        uint32 device = active("m1", "alice");
        address successor = admitMember("successor", MemberRole.MeteringOperator);
        vm.expectEmit(address(registry));
        emit IDeviceRegistry.OperatorAssigned(device, successor);
        vm.prank(operator);
        registry.handOver(device, successor);
        _expectNotAuthorized(device, operator);
        vm.prank(operator);
        registry.suspend(device);
        vm.prank(successor);
        registry.suspend(device);
    }

    function test_RevertWhen_AMeterIsHandedToNoOperator() public {
        uint32 device = active("m1", "alice");
        _expectRevert(IDeviceRegistry.DeviceRegistryNotMeteringOperator.selector, bob);
        vm.prank(operator);
        registry.handOver(device, bob);
    }

    function test_RevertWhen_SomebodyElseHandsAMeterOver() public {
        uint32 device = active("m1", "alice");
        _expectNotAuthorized(device, alice);
        vm.prank(alice);
        registry.handOver(device, operator);
    }

    function test_RevertWhen_ADeviceWithoutAnOperatorIsHandedOver() public {
        uint32 device = claimed("battery", "alice", DeviceKind.Storage);
        _expectNotAuthorized(device, alice);
        vm.prank(alice);
        registry.handOver(device, operator);
    }

    // -------------------- rotateKey

    function test_ADeviceRotatesItsKeyAtOnce() public {
        uint32 device = active("m1", "alice");
        vm.expectEmit(address(registry));
        emit IDeviceRegistry.KeyRotated(device, addressOf("m1"), addressOf("m1 new"), 0, NOW + 1 days);
        _rotate(device, "m1", "m1 new");
        assertEq(registry.activeMeterKey(device), addressOf("m1 new"));
        assertEq(registry.deviceOfKey(addressOf("m1")), device, "the old key stays taken");
        assertEq(registry.deviceOfKey(addressOf("m1 new")), device);
        assertEq(registry.deviceAt(device).nonce, 1);
        _rotate(device, "m1 new", "m1 newer");
        assertEq(registry.activeMeterKey(device), addressOf("m1 newer"));
    }

    function test_RevertWhen_TheOldKeyDidNotSignTheRotation() public {
        uint32 device = active("m1", "alice");
        bytes memory newSignature = sign("m1 new", rotationHash(device, addressOf("m1 new"), 0));
        bytes memory oldSignature = sign("alice", rotationHash(device, addressOf("m1 new"), 0));
        _expectRevert(IDeviceRegistry.DeviceRegistryNotSignedByKey.selector, addressOf("m1"));
        registry.rotateKey(device, addressOf("m1 new"), 0, oldSignature, newSignature);
    }

    function test_RevertWhen_TheNewKeyDidNotSignTheRotation() public {
        uint32 device = active("m1", "alice");
        bytes memory signature = sign("m1", rotationHash(device, addressOf("m1 new"), 0));
        _expectRevert(IDeviceRegistry.DeviceRegistryNoPossession.selector, addressOf("m1 new"));
        registry.rotateKey(device, addressOf("m1 new"), 0, signature, signature);
    }

    function test_RevertWhen_TheNewKeyIsZero() public {
        uint32 device = active("m1", "alice");
        bytes memory signature = sign("m1", rotationHash(device, address(0), 0));
        _expectRevert(IDeviceRegistry.DeviceRegistryNoPossession.selector, address(0));
        registry.rotateKey(device, address(0), 0, signature, new bytes(65));
    }

    function test_RevertWhen_TheNewKeyIsAnotherDevices() public {
        uint32 device = active("m1", "alice");
        uint32 other = certified("m2");
        bytes32 structHash = rotationHash(device, addressOf("m2"), 0);
        bytes memory oldSignature = sign("m1", structHash);
        bytes memory newSignature = sign("m2", structHash);
        _expectKeyExists("m2", other);
        registry.rotateKey(device, addressOf("m2"), 0, oldSignature, newSignature);
    }

    function test_RevertWhen_TheRotationIsReplayed() public {
        uint32 device = active("m1", "alice");
        bytes32 structHash = rotationHash(device, addressOf("m1 new"), 0);
        bytes memory oldSignature = sign("m1", structHash);
        bytes memory newSignature = sign("m1 new", structHash);
        registry.rotateKey(device, addressOf("m1 new"), 0, oldSignature, newSignature);
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.DeviceRegistryReplayed.selector, device, 0, 1));
        registry.rotateKey(device, addressOf("m1 new"), 0, oldSignature, newSignature);
    }

    function test_RevertWhen_TheRotationIsOfAnotherDevice() public {
        uint32 device = active("m1", "alice");
        uint32 other = active("m2", "alice");
        bytes32 structHash = rotationHash(other, addressOf("new"), 0);
        bytes memory oldSignature = sign("m1", structHash);
        bytes memory newSignature = sign("new", structHash);
        _expectRevert(IDeviceRegistry.DeviceRegistryNotSignedByKey.selector, addressOf("m1"));
        registry.rotateKey(device, addressOf("new"), 0, oldSignature, newSignature);
    }

    function test_RevertWhen_ASuspendedDeviceRotatesItsKey() public {
        uint32 device = active("m1", "alice");
        vm.prank(operator);
        registry.suspend(device);
        _expectWrongStatus(device, DeviceStatus.Suspended);
        registry.rotateKey(device, addressOf("m1 new"), 0, "", "");
    }

    function test_RevertWhen_AnUnclaimedDeviceRotatesItsKey() public {
        uint32 device = certified("m1");
        _expectWrongStatus(device, DeviceStatus.Certified);
        registry.rotateKey(device, addressOf("m1 new"), 0, "", "");
    }

    function test_RevertWhen_TheOldKeySignsAfterItsRotation() public {
        uint32 device = active("m1", "alice");
        _rotate(device, "m1", "m1 new");
        bytes32 structHash = rotationHash(device, addressOf("m1 newer"), 1);
        bytes memory oldSignature = sign("m1", structHash);
        bytes memory newSignature = sign("m1 newer", structHash);
        _expectRevert(IDeviceRegistry.DeviceRegistryNotSignedByKey.selector, addressOf("m1 new"));
        registry.rotateKey(device, addressOf("m1 newer"), 1, oldSignature, newSignature);
    }

    // -------------------- recertify

    function test_TheMakerRecertifiesAKeyEvenOfASuspendedDevice() public {
        uint32 device = active("m1", "alice");
        vm.prank(operator);
        registry.suspend(device);
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        certificate.deviceKey = addressOf("m1 new");
        certificate.validUntil = NOW + 2 days;
        bytes32 digest = digestOf(certificateHash(certificate));
        vm.expectEmit(address(registry));
        emit IDeviceRegistry.KeyRotated(device, addressOf("m1"), addressOf("m1 new"), digest, NOW + 2 days);
        assertEq(_recertify(device, certificate, "m1 new"), device);
        assertEq(registry.deviceAt(device).key, addressOf("m1 new"));
        assertEq(registry.deviceAt(device).claimableUntil, NOW + 2 days);
        assertEq(registry.deviceAt(device).nonce, 1);
        _assertLife(device, DeviceKind.Meter, DeviceStatus.Suspended);
    }

    /// Whoever has the maker's key makes no key of its own sign: the operator has to see it in the device first.
    function test_ARecertifiedMeterIsSuspendedUntilItsOperatorResumesIt() public {
        uint32 device = active("m1", "alice");
        vm.expectEmit(address(registry));
        emit IDeviceRegistry.DeviceStatusChanged(device, DeviceStatus.Suspended, address(this));
        _recertify(device, "m1", "m1 new");
        _assertLife(device, DeviceKind.Meter, DeviceStatus.Suspended);
        assertEq(registry.activeMeterKey(device), address(0), "neither key signs");
        assertEq(registry.reservedMetersOf(alice), 1);
        assertEq(registry.holderOf(device), alice, "still hers");
        _expectNotAuthorized(device, maker);
        vm.prank(maker);
        registry.resume(device, addressOf("m1 new"));
        vm.prank(operator);
        registry.resume(device, addressOf("m1 new"));
        assertEq(registry.activeMeterKey(device), addressOf("m1 new"));
        assertEq(registry.reservedMetersOf(alice), 1);
    }

    function test_ARecertifiedDeviceThatIsNoMeterWaitsForItsHolder() public {
        uint32 device = claimed("battery", "alice", DeviceKind.Storage);
        vm.prank(alice);
        registry.activate(device, addressOf("battery"));
        IDeviceRegistry.Certificate memory certificate = certificateOf("battery");
        certificate.kind = DeviceKind.Storage;
        certificate.deviceKey = addressOf("battery new");
        _recertify(device, certificate, "battery new");
        _assertLife(device, DeviceKind.Storage, DeviceStatus.Suspended);
        vm.prank(alice);
        registry.resume(device, addressOf("battery new"));
        _assertLife(device, DeviceKind.Storage, DeviceStatus.Active);
    }

    function test_ARecertifiedClaimedMeterStaysClaimed() public {
        uint32 device = claimed("m1", "alice");
        _recertify(device, "m1", "m1 new");
        _assertLife(device, DeviceKind.Meter, DeviceStatus.Claimed);
    }

    /// A key that was replaced while the operator's transaction was under way is not the one that it has seen.
    function test_RevertWhen_TheKeyIsNoMoreTheOneThatWasSeen() public {
        uint32 device = claimed("m1", "alice");
        _recertify(device, "m1", "m1 new");
        _expectOtherKey(device, "m1 new");
        vm.prank(operator);
        registry.activate(device, addressOf("m1"));
        vm.prank(operator);
        registry.activate(device, addressOf("m1 new"));
        _recertify(device, "m1", "m1 newer");
        _recertify(device, "m1", "m1 newest");
        _expectOtherKey(device, "m1 newest");
        vm.prank(operator);
        registry.resume(device, addressOf("m1 newer"));
    }

    function test_RecertifyingAnUnclaimedDeviceRenewsItsValidity() public {
        uint32 device = certified("m1");
        vm.warp(NOW + 2 days);
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        certificate.deviceKey = addressOf("m1 new");
        certificate.validUntil = NOW + 3 days;
        _recertify(device, certificate, "m1 new");
        IDeviceRegistry.Claim memory request = claimOf("m1 new", "alice");
        vm.prank(alice);
        registry.claim(request);
        assertEq(registry.holderOf(device), alice);
    }

    function test_RevertWhen_TheNewKeyOfACertificateDidNotSign() public {
        uint32 device = active("m1", "alice");
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        certificate.deviceKey = addressOf("m1 new");
        bytes memory makerSignature = sign("maker", certificateHash(certificate));
        bytes memory newSignature = sign("m1", rotationHash(device, addressOf("m1 new"), 0));
        _expectRevert(IDeviceRegistry.DeviceRegistryNoPossession.selector, addressOf("m1 new"));
        registry.recertify(certificate, makerSignature, newSignature);
    }

    function test_RevertWhen_TheNewCertificateIsForged() public {
        active("m1", "alice");
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        certificate.deviceKey = addressOf("m1 new");
        bytes memory makerSignature = sign("m1", certificateHash(certificate));
        _expectRevert(IDeviceRegistry.DeviceRegistryForgedCertificate.selector, maker);
        registry.recertify(certificate, makerSignature, "");
    }

    function test_RevertWhen_TheFirstCertificateRecertifies() public {
        active("m1", "alice");
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        bytes memory makerSignature = sign("maker", certificateHash(certificate));
        vm.expectPartialRevert(IDeviceRegistry.DeviceRegistryCertificateReplayed.selector);
        registry.recertify(certificate, makerSignature, "");
    }

    function test_RevertWhen_TheSerialWasNeverCertified() public {
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        bytes memory makerSignature = sign("maker", certificateHash(certificate));
        vm.expectRevert(
            abi.encodeWithSelector(IDeviceRegistry.DeviceRegistryUnknownSerial.selector, maker, certificate.serialHash)
        );
        registry.recertify(certificate, makerSignature, "");
    }

    function test_RevertWhen_TheSerialIsAnotherMakers() public {
        active("m1", "alice");
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        certificate.deviceKey = addressOf("m1 new");
        certificate.maker = admitMember("maker 2", MemberRole.Manufacturer);
        bytes memory makerSignature = sign("maker 2", certificateHash(certificate));
        vm.expectPartialRevert(IDeviceRegistry.DeviceRegistryUnknownSerial.selector);
        registry.recertify(certificate, makerSignature, "");
    }

    function test_RevertWhen_TheNewCertificateSaysAnotherModelOrKind() public {
        uint32 device = active("m1", "alice");
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        certificate.deviceKey = addressOf("m1 new");
        certificate.model = "another";
        bytes memory makerSignature = sign("maker", certificateHash(certificate));
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.DeviceRegistryCertificateMismatch.selector, device));
        registry.recertify(certificate, makerSignature, "");
        certificate.model = MODEL;
        certificate.kind = DeviceKind.Gateway;
        makerSignature = sign("maker", certificateHash(certificate));
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.DeviceRegistryCertificateMismatch.selector, device));
        registry.recertify(certificate, makerSignature, "");
    }

    function test_RevertWhen_ARetiredDeviceIsRecertified() public {
        uint32 device = active("m1", "alice");
        vm.prank(maker);
        registry.revoke(device);
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        certificate.deviceKey = addressOf("m1 new");
        bytes memory makerSignature = sign("maker", certificateHash(certificate));
        _expectWrongStatus(device, DeviceStatus.Retired);
        registry.recertify(certificate, makerSignature, "");
    }

    function test_RevertWhen_TheRecertifiedKeyExists() public {
        uint32 device = active("m1", "alice");
        IDeviceRegistry.Certificate memory certificate = certificateOf("m1");
        certificate.validUntil += 1; // another certificate, for the same key
        bytes memory makerSignature = sign("maker", certificateHash(certificate));
        _expectKeyExists("m1", device);
        registry.recertify(certificate, makerSignature, "");
    }

    // -------------------- changeOwner

    function test_AChangeOfOwnerStartsWithTheFirstUnopenedSlot() public {
        uint32 device = active("m1", "alice");
        calendar.setFirstUnopenedSlot(200);
        IDeviceRegistry.OwnerChange memory change = ownerChange(device, "alice", "bob");
        vm.expectEmit(address(registry));
        emit IDeviceRegistry.HolderScheduled(device, bob, 200);
        vm.prank(relayer);
        registry.changeOwner(change);
        assertEq(registry.holderOf(device), bob);
        assertEq(registry.holderAt(device, 199), alice);
        assertEq(registry.holderAt(device, 200), bob);
        assertEq(registry.holderThroughout(device, 100, 199), alice);
        assertEq(registry.holderThroughout(device, 199, 200), address(0));
        assertEq(registry.holderThroughout(device, 200, 999), bob);
        assertEq(registry.holderThroughout(device, 99, 100), address(0));
        assertEq(registry.reservedMetersOf(alice), 0);
        assertEq(registry.reservedMetersOf(bob), 1);
    }

    function test_TwoChangesBeforeASlotOpensLeaveTheLast() public {
        uint32 device = active("m1", "alice");
        calendar.setFirstUnopenedSlot(200);
        registry.changeOwner(ownerChange(device, "alice", "bob"));
        registry.changeOwner(ownerChange(device, "bob", "alice"));
        assertEq(registry.holderThroughout(device, 100, 999), alice);
        assertEq(registry.reservedMetersOf(alice), 1);
        assertEq(registry.reservedMetersOf(bob), 0);
    }

    function test_HolderAndNewOwnerConsentByCalling() public {
        uint32 device = claimed("m1", "alice");
        IDeviceRegistry.OwnerChange memory change = ownerChange(device, "alice", "bob");
        change.consent = "";
        vm.prank(alice);
        registry.changeOwner(change);
        assertEq(registry.holderOf(device), bob);
        change = ownerChange(device, "bob", "alice");
        change.newConsent = "";
        vm.prank(alice);
        registry.changeOwner(change);
        assertEq(registry.holderOf(device), alice);
    }

    function test_AChangeOfOwnerOfASuspendedMeterCountsAtOnce() public {
        uint32 device = active("m1", "alice");
        vm.prank(operator);
        registry.suspend(device);
        registry.changeOwner(ownerChange(device, "alice", "bob"));
        assertEq(registry.reservedMetersOf(alice), 0);
        assertEq(registry.reservedMetersOf(bob), 1);
        vm.prank(operator);
        registry.resume(device, addressOf("m1"));
        assertEq(registry.reservedMetersOf(bob), 1);
    }

    /// Open slots stay the former holder's, and their grid shares are not known yet: so does the reserve.
    function test_AMeterGivenAwayIsReservedForUntilItsLastSlotIsFinal() public {
        uint32 device = active("m1", "alice");
        calendar.setFirstUnopenedSlot(200);
        calendar.setFinalDate(NOW + 3 days);
        registry.changeOwner(ownerChange(device, "alice", "bob"));
        assertEq(registry.reservedMetersOf(alice), 1);
        assertEq(registry.reservedMetersOf(bob), 1);
        vm.warp(NOW + 3 days - 1);
        assertEq(registry.reservedMetersOf(alice), 1);
        vm.warp(NOW + 3 days);
        assertEq(registry.reservedMetersOf(alice), 0);
        assertEq(registry.reservedMetersOf(bob), 1);
    }

    function test_ARetiredMeterIsReservedForUntilItsLastSlotIsFinal() public {
        uint32[3] memory devices = [active("m1", "alice"), active("m2", "alice"), active("m3", "alice")];
        calendar.setFirstUnopenedSlot(200);
        calendar.setFinalDate(NOW + 3 days);
        vm.startPrank(operator);
        registry.retire(devices[0]);
        registry.suspend(devices[1]);
        registry.retire(devices[1]);
        vm.stopPrank();
        assertEq(registry.reservedMetersOf(alice), 3);
        vm.warp(NOW + 3 days);
        assertEq(registry.reservedMetersOf(alice), 1);
        calendar.setFirstUnopenedSlot(300);
        vm.prank(operator);
        registry.retire(devices[2]);
        calendar.setFinalDate(NOW + 6 days);
        assertEq(registry.reservedMetersOf(alice), 1, "those before are over");
    }

    function test_WhoHeldAMeterInNoOpenedSlotReservesNothingForIt() public {
        uint32 device = active("m1", "alice");
        calendar.setFirstUnopenedSlot(200);
        calendar.setFinalDate(NOW + 3 days);
        registry.changeOwner(ownerChange(device, "alice", "bob"));
        registry.changeOwner(ownerChange(device, "bob", "alice"));
        assertEq(registry.reservedMetersOf(bob), 0);
    }

    function test_RevertWhen_TheHolderDoesNotConsentToTheChange() public {
        uint32 device = active("m1", "alice");
        IDeviceRegistry.OwnerChange memory change = ownerChange(device, "alice", "bob");
        change.consent = change.newConsent;
        _expectRevert(IDeviceRegistry.DeviceRegistryNoConsent.selector, alice);
        registry.changeOwner(change);
    }

    function test_RevertWhen_TheNewOwnerDoesNotConsentToTheChange() public {
        uint32 device = active("m1", "alice");
        IDeviceRegistry.OwnerChange memory change = ownerChange(device, "alice", "bob");
        change.newConsent = change.consent;
        _expectRevert(IDeviceRegistry.DeviceRegistryNoConsent.selector, bob);
        registry.changeOwner(change);
    }

    function test_RevertWhen_TheChangeIsTooOld() public {
        uint32 device = active("m1", "alice");
        IDeviceRegistry.OwnerChange memory change = ownerChange(device, "alice", "bob");
        vm.warp(change.deadline + 1);
        _expectConsentExpired(change.deadline);
        registry.changeOwner(change);
    }

    function test_RevertWhen_TheChangeIsReplayed() public {
        uint32 device = active("m1", "alice");
        IDeviceRegistry.OwnerChange memory change = ownerChange(device, "alice", "bob");
        registry.changeOwner(change);
        registry.changeOwner(ownerChange(device, "bob", "alice"));
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.DeviceRegistryReplayed.selector, device, 0, 2));
        registry.changeOwner(change);
    }

    function test_RevertWhen_TheHolderIsSuspendedOrExpelled() public {
        uint32 device = active("m1", "alice");
        IDeviceRegistry.OwnerChange memory change = ownerChange(device, "alice", "bob");
        federation.suspend(alice, NOW + 1);
        _expectRevert(IDeviceRegistry.DeviceRegistryInactiveOwner.selector, alice);
        vm.prank(alice);
        registry.changeOwner(change);
        federation.expel(alice);
        _expectRevert(IDeviceRegistry.DeviceRegistryInactiveOwner.selector, alice);
        registry.changeOwner(change);
    }

    function test_RevertWhen_TheNewOwnerIsNobody() public {
        uint32 device = active("m1", "alice");
        IDeviceRegistry.OwnerChange memory change = ownerChange(device, "alice", "stranger");
        _expectRevert(IDeviceRegistry.DeviceRegistryInactiveOwner.selector, addressOf("stranger"));
        registry.changeOwner(change);
    }

    function test_RevertWhen_TheNewOwnerIsTheHolder() public {
        uint32 device = active("m1", "alice");
        IDeviceRegistry.OwnerChange memory change = ownerChange(device, "alice", "alice");
        _expectRevert(IDeviceRegistry.DeviceRegistrySameOwner.selector, alice);
        registry.changeOwner(change);
    }

    function test_RevertWhen_AnUnclaimedDeviceChangesItsOwner() public {
        uint32 device = certified("m1");
        IDeviceRegistry.OwnerChange memory change = ownerChange(device, "alice", "bob");
        _expectWrongStatus(device, DeviceStatus.Certified);
        registry.changeOwner(change);
    }

    function test_RevertWhen_TheChangeIsForAnotherChain() public {
        uint32 device = active("m1", "alice");
        IDeviceRegistry.OwnerChange memory change = ownerChange(device, "alice", "bob");
        vm.chainId(block.chainid + 1);
        _expectRevert(IDeviceRegistry.DeviceRegistryNoConsent.selector, alice);
        registry.changeOwner(change);
    }

    function testFuzz_OpenSlotsKeepTheirHolder(uint32 opened, uint32 slot) public {
        uint32 device = active("m1", "alice");
        opened = uint32(bound(opened, FIRST_UNOPENED, type(uint32).max - 1));
        calendar.setFirstUnopenedSlot(opened);
        registry.changeOwner(ownerChange(device, "alice", "bob"));
        address expected =
            slot < FIRST_UNOPENED
                ? address(0)
                : slot < opened
                    ? alice
                    : bob;
        assertEq(registry.holderAt(device, slot), expected);
        assertEq(registry.holderThroughout(device, slot, slot), expected);
    }

    // -------------------- what the market reads on every order and reading

    function test_ReadsOfTheMarketTakeOneWordEach() public {
        uint32 device = active("m1", "alice");
        calendar.setFirstUnopenedSlot(200);
        registry.changeOwner(ownerChange(device, "alice", "bob"));
        assertEq(_wordsRead(abi.encodeCall(registry.activeMeterKey, (device))), 1);
        assertEq(_wordsRead(abi.encodeCall(registry.holderAt, (device, 200))), 1);
        assertEq(_wordsRead(abi.encodeCall(registry.holderThroughout, (device, 200, 327))), 1);
    }

    function testFuzz_AnUnknownDeviceIsNobodys(uint32 device, uint32 slot) public view {
        assertEq(registry.activeMeterKey(device), address(0));
        assertEq(registry.holderAt(device, slot), address(0));
        assertEq(registry.holderThroughout(device, slot, slot), address(0));
        (DeviceKind kind, DeviceStatus status) = registry.lifeOf(device);
        assertTrue(kind == DeviceKind.None && status == DeviceStatus.None);
    }

    // -------------------- helpers

    function _wordsRead(bytes memory data) private returns (uint256 distinct) {
        vm.record();
        (bool ok, ) = address(registry).staticcall(data);
        assertTrue(ok);
        (bytes32[] memory reads, ) = vm.accesses(address(registry));
        for (uint256 i = 0; i < reads.length; ++i) {
            bool seen = false;
            for (uint256 j = 0; j < i; ++j) seen = seen || reads[j] == reads[i];
            if (!seen) ++distinct;
        }
    }

    function _certify(IDeviceRegistry.Certificate memory certificate, string memory signer) private returns (uint32) {
        return registry.certify(certificate, sign(signer, certificateHash(certificate)));
    }

    function _rotate(uint32 device, string memory oldName, string memory newName) private {
        uint32 nonce = registry.deviceAt(device).nonce;
        bytes32 structHash = rotationHash(device, addressOf(newName), nonce);
        registry.rotateKey(device, addressOf(newName), nonce, sign(oldName, structHash), sign(newName, structHash));
    }

    function _recertify(uint32 device, string memory serial, string memory newName) private returns (uint32) {
        IDeviceRegistry.Certificate memory certificate = certificateOf(serial);
        certificate.deviceKey = addressOf(newName);
        return _recertify(device, certificate, newName);
    }

    function _recertify(
        uint32 device,
        IDeviceRegistry.Certificate memory certificate,
        string memory newName
    ) private returns (uint32) {
        bytes32 structHash = rotationHash(device, certificate.deviceKey, registry.deviceAt(device).nonce);
        bytes memory makerSignature = sign("maker", certificateHash(certificate));
        return registry.recertify(certificate, makerSignature, sign(newName, structHash));
    }

    function _expectOtherKey(uint32 device, string memory inForce) private {
        vm.expectRevert(
            abi.encodeWithSelector(IDeviceRegistry.DeviceRegistryOtherKey.selector, device, addressOf(inForce))
        );
    }

    function _assertLife(uint32 device, DeviceKind kind, DeviceStatus status) private view {
        (DeviceKind actualKind, DeviceStatus actualStatus) = registry.lifeOf(device);
        assertEq(uint256(actualKind), uint256(kind));
        assertEq(uint256(actualStatus), uint256(status));
    }

    function _expectRevert(bytes4 selector, address account) private {
        vm.expectRevert(abi.encodeWithSelector(selector, account));
    }

    function _expectKeyExists(string memory name, uint32 device) private {
        vm.expectRevert(
            abi.encodeWithSelector(IDeviceRegistry.DeviceRegistryKeyExists.selector, addressOf(name), device)
        );
    }

    function _expectWrongStatus(uint32 device, DeviceStatus status) private {
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.DeviceRegistryWrongStatus.selector, device, status));
    }

    function _expectNotAuthorized(uint32 device, address caller) private {
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.DeviceRegistryNotAuthorized.selector, device, caller));
    }

    function _expectConsentExpired(uint64 deadline) private {
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.DeviceRegistryConsentExpired.selector, deadline));
    }
}

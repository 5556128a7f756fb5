// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DeviceKind, DeviceStatus, IDeviceRegistry} from "../../contracts/interfaces/IDeviceRegistry.sol";
import {MemberRole} from "../../contracts/interfaces/IFederation.sol";
import {DeviceFixture} from "../utils/DeviceFixture.sol";
import {Test} from "../utils/Test.sol";
import {Vm} from "../utils/Vm.sol";

/// @dev Makers, operators, owners and strangers try every step on every device, with good and bad signatures, while
/// slots open and accounts are suspended; what the registry is, is rebuilt from its events alone.
contract DevicesHandler is DeviceFixture {
    uint256 private constant NAMES = 6;

    /// @notice What happened that should not have.
    string[] public violations;
    /// @notice Successful steps, so that the run shows it did something.
    uint256 public succeeded;

    /// @notice How often a key came to sign that nobody but the maker had seen.
    uint256 public unseenKeys;

    string[NAMES] private people = ["maker", "operator", "operator 2", "alice", "bob", "stranger"];
    uint32 private keysMade;
    address[] private keys; // every key that was ever a device's
    mapping(uint32 device => string name) private keyName;
    mapping(uint32 device => string name) private serialName;
    mapping(address key => uint32 device) private foldedKeys;
    mapping(uint32 device => IDeviceRegistry.Device record) private folded;
    mapping(uint32 device => address holder) private foldedHolders;
    mapping(uint32 device => mapping(uint32 slot => address holder)) private opened;
    mapping(address account => uint256 meters) private left; // that ran, and that it held in an opened slot
    uint32 private firstUnopened = FIRST_UNOPENED;

    constructor() {
        setUpDevices();
        calendar.setFinalDate(NOW + 3000);
        admitMember("operator 2", MemberRole.MeteringOperator);
    }

    // -------------------- actions

    function certify(uint256 signer, uint256 kind) external {
        if (registry.deviceCount() == 8) return;
        string memory name = _newKey();
        IDeviceRegistry.Certificate memory certificate = certificateOf(name);
        certificate.kind = kind % 3 == 0 ? DeviceKind.Storage : DeviceKind.Meter;
        bytes memory signature = sign(_often("maker", signer), certificateHash(certificate));
        if (_step(address(this), abi.encodeCall(IDeviceRegistry.certify, (certificate, signature)))) {
            keyName[registry.deviceCount()] = name;
            serialName[registry.deviceCount()] = name;
            if (!federation.isActive(maker)) violations.push("an inactive maker certified");
        }
    }

    function claim(uint256 seed, uint256 owner, uint256 signer) external {
        uint32 device = _device(seed);
        string memory name = _person(owner);
        IDeviceRegistry.Claim memory request = claimOf(keyName[device], name);
        request.possession = sign(_often(keyName[device], signer), possessionHash(request.deviceKey, request.owner));
        bool active_ = federation.isActive(request.owner) && federation.isActive(maker);
        if (_step(address(this), abi.encodeCall(IDeviceRegistry.claim, (request))) && !active_) {
            violations.push("claimed for or from an inactive account");
        }
    }

    function live(uint256 seed, uint256 step, uint256 caller) external {
        bytes4[8] memory steps = [
            IDeviceRegistry.activate.selector,
            IDeviceRegistry.activate.selector,
            IDeviceRegistry.suspend.selector,
            IDeviceRegistry.suspend.selector,
            IDeviceRegistry.resume.selector,
            IDeviceRegistry.resume.selector,
            IDeviceRegistry.retire.selector,
            IDeviceRegistry.revoke.selector
        ];
        uint32 device = _device(seed);
        bytes4 chosen = steps[step % 8];
        address account = caller % 4 == 0 ? addressOf(_person(caller / 4)) : _entitled(device, chosen);
        bool active_ = federation.isActive(account);
        address loser = _loserOf(device);
        // only activate and resume read the key, which is at times another device's
        address key = addressOf(caller % 7 == 0 ? keyName[_device(caller)] : keyName[device]);
        if (!_step(account, abi.encodeWithSelector(chosen, device, key))) return;
        if (step % 8 >= 6) ++left[loser];
        if (!active_) violations.push("a step by an inactive account");
        if (step % 8 < 6 && (step % 8) / 2 != 1 && key != registry.deviceAt(device).key) {
            ++unseenKeys;
        }
    }

    function handOver(uint256 seed, uint256 to, uint256 caller) external {
        address account = addressOf(_person(caller));
        bytes memory data = abi.encodeCall(IDeviceRegistry.handOver, (_device(seed), addressOf(_person(to))));
        bool active_ = federation.isActive(account);
        if (_step(account, data) && !active_) violations.push("a step by an inactive account");
    }

    function changeOwner(uint256 seed, uint256 to, uint256 signer) external {
        uint32 device = _device(seed);
        address from = registry.holderOf(device);
        string memory fromName = _often(_nameOf(from), signer);
        IDeviceRegistry.OwnerChange memory request = ownerChange(device, fromName, _person(to));
        bool active_ = federation.isActive(from) && federation.isActive(request.to);
        address loser = _loserOf(device);
        if (!_step(address(this), abi.encodeCall(IDeviceRegistry.changeOwner, (request)))) return;
        ++left[loser];
        if (!active_) violations.push("an inactive owner consented");
    }

    function rotateKey(uint256 seed, uint256 signer) external {
        uint32 device = _device(seed);
        string memory name = signer % 5 == 0 ? keyName[_device(signer)] : _newKey();
        uint32 nonce = registry.deviceAt(device).nonce;
        bytes32 structHash = rotationHash(device, addressOf(name), nonce);
        bytes memory oldSignature = sign(_often(keyName[device], signer), structHash);
        bytes memory newSignature = sign(name, structHash);
        bytes memory data = abi.encodeCall(
            IDeviceRegistry.rotateKey,
            (device, addressOf(name), nonce, oldSignature, newSignature)
        );
        if (_step(address(this), data)) keyName[device] = name;
    }

    function recertify(uint256 seed, uint256 signer) external {
        uint32 device = _device(seed);
        IDeviceRegistry.Device memory record = registry.deviceAt(device);
        string memory name = _newKey();
        IDeviceRegistry.Certificate memory certificate = certificateOf(serialName[device]);
        certificate.deviceKey = addressOf(name);
        certificate.kind = record.kind;
        certificate.validUntil += uint64(seed % 1000);
        bytes memory makerSignature = sign(_often("maker", signer), certificateHash(certificate));
        bytes memory newSignature = sign(name, rotationHash(device, addressOf(name), record.nonce));
        bytes memory data = abi.encodeCall(IDeviceRegistry.recertify, (certificate, makerSignature, newSignature));
        if (!_step(address(this), data)) return;
        keyName[device] = name;
        (, DeviceStatus status) = registry.lifeOf(device);
        if (status == DeviceStatus.Active) ++unseenKeys;
    }

    function suspendAccount(uint256 seed, uint256 seconds_) external {
        try federation.suspend(addressOf(_person(seed)), uint48(block.timestamp + (seconds_ % 1000))) {} catch {}
    }

    function pass(uint256 seconds_) external {
        vm.warp(block.timestamp + (seconds_ % 500));
    }

    function openSlots(uint256 count) external {
        uint32 until = firstUnopened + uint32(count % 5);
        for (uint32 slot = firstUnopened; slot < until; ++slot) {
            for (uint32 device = 1; device <= registry.deviceCount(); ++device) {
                opened[device][slot] = registry.holderAt(device, slot);
            }
        }
        firstUnopened = until;
        calendar.setFirstUnopenedSlot(until);
    }

    // -------------------- what must hold

    function violationCount() external view returns (uint256) {
        return violations.length;
    }

    function checkEvents() external view {
        for (uint32 device = 1; device <= registry.deviceCount(); ++device) {
            assertEq(abi.encode(registry.deviceAt(device)), abi.encode(folded[device]), "device from events");
            assertEq(registry.holderOf(device), foldedHolders[device], "holder from events");
        }
    }

    function checkKeys() external view {
        for (uint256 i = 0; i < keys.length; ++i) {
            assertEq(registry.deviceOfKey(keys[i]), foldedKeys[keys[i]], "a key belongs to one device for ever");
        }
        for (uint32 device = 1; device <= registry.deviceCount(); ++device) {
            IDeviceRegistry.Device memory record = registry.deviceAt(device);
            assertEq(registry.deviceOfKey(record.key), device);
            bool signs = record.kind == DeviceKind.Meter && record.status == DeviceStatus.Active;
            assertEq(registry.activeMeterKey(device), signs ? record.key : address(0));
        }
    }

    function checkOpenSlots() external view {
        for (uint32 device = 1; device <= registry.deviceCount(); ++device) {
            for (uint32 slot = FIRST_UNOPENED; slot < firstUnopened; ++slot) {
                assertEq(registry.holderAt(device, slot), opened[device][slot], "holder of an open slot");
            }
        }
    }

    function checkCounts() external view {
        for (uint256 i = 0; i < NAMES; ++i) {
            address account = addressOf(people[i]);
            uint256 count = block.timestamp < calendar.finalDate() ? left[account] : 0;
            for (uint32 device = 1; device <= registry.deviceCount(); ++device) {
                if (_runs(device) && registry.holderOf(device) == account) ++count;
            }
            assertEq(registry.reservedMetersOf(account), count);
        }
        assertEq(registry.reservedMetersOf(address(0)), 0);
    }

    function checkLives() external view {
        for (uint32 device = 1; device <= registry.deviceCount(); ++device) {
            (, DeviceStatus status) = registry.lifeOf(device);
            bool held = status != DeviceStatus.Certified && status != DeviceStatus.Retired;
            assertEq(registry.holderOf(device) != address(0), held, "held exactly from claim to retirement");
        }
    }

    // -------------------- choosing

    function _newKey() private returns (string memory) {
        return string.concat("key ", vm.toString(++keysMade));
    }

    function _device(uint256 seed) private view returns (uint32) {
        uint32 count = registry.deviceCount();
        return count == 0 ? 0 : 1 + uint32(seed % count);
    }

    function _person(uint256 seed) private view returns (string memory) {
        return people[seed % NAMES];
    }

    /// @dev The right signer nine times in ten.
    function _often(string memory right, uint256 seed) private view returns (string memory) {
        return seed % 10 == 0 ? _person(seed / 10) : right;
    }

    /// @dev Whose step it is.
    function _entitled(uint32 device, bytes4 step) private view returns (address) {
        IDeviceRegistry.Device memory record = registry.deviceAt(device);
        if (step == IDeviceRegistry.revoke.selector) return maker;
        if (record.operator != address(0)) return record.operator;
        bool commissions = record.kind == DeviceKind.Meter && step == IDeviceRegistry.activate.selector;
        return commissions ? operator : registry.holderOf(device);
    }

    function _nameOf(address account) private view returns (string memory) {
        for (uint256 i = 0; i < NAMES; ++i) {
            if (addressOf(people[i]) == account) return people[i];
        }
        return "nobody";
    }

    function _runs(uint32 device) private view returns (bool) {
        (DeviceKind kind, DeviceStatus status) = registry.lifeOf(device);
        return kind == DeviceKind.Meter && (status == DeviceStatus.Active || status == DeviceStatus.Suspended);
    }

    /// Who has open slots of a running meter that is about to leave; nobody where no slot has opened under its holder.
    function _loserOf(uint32 device) private view returns (address) {
        address holder = registry.holderOf(device);
        bool held = registry.holderAt(device, firstUnopened - 1) == holder;
        return held && _runs(device) ? holder : address(0);
    }

    // -------------------- calling and folding

    function _step(address caller, bytes memory data) private returns (bool ok) {
        vm.recordLogs();
        vm.prank(caller);
        (ok, ) = address(registry).call(data); // solhint-disable-line avoid-low-level-calls
        if (!ok) return false;
        ++succeeded;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter == address(registry)) _fold(logs[i]);
        }
    }

    function _fold(Vm.Log memory log) private {
        bytes32 topic = log.topics[0];
        uint32 device = uint32(uint256(log.topics[1]));
        IDeviceRegistry.Device storage record = folded[device];
        if (topic == IDeviceRegistry.DeviceCertified.selector) {
            record.maker = address(uint160(uint256(log.topics[2])));
            (record.kind, record.model, , , record.claimableUntil, ) = abi.decode(
                log.data,
                (DeviceKind, bytes32, bytes32, uint64, uint64, bytes32)
            );
            _foldKey(device, address(uint160(uint256(log.topics[3]))));
        } else if (topic == IDeviceRegistry.KeyRotated.selector) {
            ++record.nonce;
            (, record.claimableUntil) = abi.decode(log.data, (bytes32, uint64));
            _foldKey(device, address(uint160(uint256(log.topics[3]))));
        } else if (topic == IDeviceRegistry.OperatorAssigned.selector) {
            record.operator = address(uint160(uint256(log.topics[2])));
        } else {
            _foldLife(log, topic, device, record);
        }
    }

    function _foldLife(Vm.Log memory log, bytes32 topic, uint32 device, IDeviceRegistry.Device storage record) private {
        if (topic == IDeviceRegistry.DeviceStatusChanged.selector) {
            if (record.status == DeviceStatus.Retired) violations.push("a retired device lives on");
            record.status = DeviceStatus(uint256(log.topics[2]));
        } else if (topic == IDeviceRegistry.HolderScheduled.selector) {
            address holder = address(uint160(uint256(log.topics[2])));
            if (foldedHolders[device] != address(0) && holder != address(0)) ++record.nonce;
            foldedHolders[device] = holder;
            if (uint256(log.topics[3]) != firstUnopened) violations.push("not from the first unopened slot");
        }
    }

    function _foldKey(uint32 device, address key) private {
        if (foldedKeys[key] != 0) violations.push("a key was taken twice");
        foldedKeys[key] = device;
        keys.push(key);
        folded[device].key = key;
    }
}

contract DeviceInvariants is Test {
    DevicesHandler private handler;

    function setUp() public {
        handler = new DevicesHandler();
        targetContract(address(handler));
    }

    function invariant_TheInactiveDoNothingAndRetiredIsFinal() public view {
        assertEq(handler.violationCount(), 0);
    }

    function invariant_EventsAloneRebuildDevices() public view {
        handler.checkEvents();
    }

    function invariant_AKeyBelongsToOneDeviceForEver() public view {
        handler.checkKeys();
    }

    function invariant_AMakerAloneMakesNoKeySign() public view {
        assertEq(handler.unseenKeys(), 0);
    }

    function invariant_OpenSlotsKeepTheirHolder() public view {
        handler.checkOpenSlots();
    }

    function invariant_MetersAreReservedForUntilTheirSlotsAreFinal() public view {
        handler.checkCounts();
    }

    function invariant_ADeviceIsHeldFromClaimToRetirement() public view {
        handler.checkLives();
    }

    /// @dev The handler reaches the deep states: else the invariants above would say little.
    function test_TheHandlerReachesWhatItShould() public {
        handler.certify(1, 1);
        handler.claim(0, 3, 1); // alice
        handler.live(0, 0, 1); // activated by the operator
        handler.openSlots(4);
        handler.changeOwner(0, 4, 1); // to bob
        handler.rotateKey(0, 1);
        handler.live(0, 2, 1); // suspended
        handler.live(0, 4, 1); // resumed
        handler.handOver(0, 2, 1);
        handler.recertify(0, 1); // suspends
        handler.live(0, 4, 1); // resumed
        assertEq(handler.succeeded(), 10);
        handler.claim(0, 3, 1);
        handler.changeOwner(0, 3, 10); // signed by the operator
        assertEq(handler.succeeded(), 10);
        handler.live(0, 6, 1); // retired
        handler.changeOwner(0, 3, 1);
        assertEq(handler.succeeded(), 11);
        assertEq(handler.violationCount(), 0);
        assertEq(handler.unseenKeys(), 0);
        handler.checkEvents();
        handler.checkKeys();
        handler.checkOpenSlots();
        handler.checkCounts();
        handler.checkLives();
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IKeyDirectory} from "../../contracts/interfaces/IKeyDirectory.sol";
import {IPersonalRecords} from "../../contracts/interfaces/IPersonalRecords.sol";
import {IRecordGrants} from "../../contracts/interfaces/IRecordGrants.sol";
import {NewVersion, RecordKind, Rewrapping} from "../../contracts/types/PersonalRecordTypes.sol";
import {UserChainFixture} from "../utils/UserChainFixture.sol";
import {Vm} from "../utils/Vm.sol";

/// @dev Everybody tries everything. Before and after each call the state of every owner is read, and what is allowed to
/// have changed is what the caller's own call may change.
contract PersonalDataHandler is UserChainFixture {
    uint256 private constant OWNERS = 4; // the last is never admitted
    uint256 private constant RECORDS = 3;
    uint256 private constant GRANTS = 12;

    string[] public violations;
    uint256 public succeeded;

    address[OWNERS] private owners;
    uint256[OWNERS] private keys;
    /// @dev Records that were erased, with their owners; the first from the start on, so that each run meets one.
    address[] private erasedOwners;
    bytes32[] private erasedRecords;
    bytes32[] private grantIds;
    mapping(bytes32 grantId => bool ended) private ended; // was revoked, or seen over
    mapping(bytes32 grantId => address owner) private granter;
    mapping(address owner => mapping(bytes32 record => bytes21 head)) private folded;
    mapping(address owner => uint256 count) private revocations;
    mapping(address owner => uint256 count) private grantCount;

    constructor() {
        setUpUserChain();
        for (uint256 i = 0; i < OWNERS; ++i) {
            (owners[i], keys[i]) = makeAddrAndKey(string.concat("owner ", vm.toString(i)));
            if (i != OWNERS - 1) federation.setActive(owners[i], true);
        }
        _call(1, address(records), abi.encodeCall(IPersonalRecords.put, (versionOf(_record(2), 1))));
        _erase(1, _record(2));
        succeeded = 0;
    }

    // -------------------- calls

    function put(uint256 caller, uint256 record, uint256 version, uint256 kind, uint256 form) external {
        NewVersion memory written = _version(caller, record, version, kind, form);
        _call(caller, address(records), abi.encodeCall(IPersonalRecords.put, (written)));
    }

    function putBatch(uint256 caller, uint256 record, uint256 version, uint256 kind) external {
        NewVersion[] memory written = new NewVersion[](2);
        written[0] = _version(caller, record, version, kind, 1);
        written[1] = _version(caller, record, version, kind, 1);
        if (version % 2 == 0) written[1].version = written[0].version + 1;
        else written[1].record = _record(record + 1);
        _call(caller, address(records), abi.encodeCall(IPersonalRecords.putBatch, (written)));
    }

    function rewrap(uint256 caller, uint256 record, uint256 version) external {
        Rewrapping[] memory rewrappings = new Rewrapping[](1);
        rewrappings[0] = rewrappingOf(_record(record), uint32(version % 5));
        _call(caller, address(records), abi.encodeCall(IPersonalRecords.rewrapBatch, (rewrappings)));
    }

    function erase(uint256 caller, uint256 record) external {
        if (caller % 3 != 0) return; // final, so seldom
        _erase(caller / 3, _record(record));
    }

    /// @dev Whatever its owner tries, active or not.
    function touchErased(uint256 which, uint256 how) external {
        which %= erasedOwners.length;
        (address owner, bytes32 record) = (erasedOwners[which], erasedRecords[which]);
        IPersonalRecords.Record memory state = records.recordOf(owner, record);
        NewVersion memory written = versionOf(record, state.version + 1);
        written.kind = state.kind;
        Rewrapping[] memory rewrappings = new Rewrapping[](1);
        rewrappings[0] = rewrappingOf(record, state.version);
        bytes memory data = abi.encodeCall(IPersonalRecords.put, (written));
        if (how % 3 == 1) data = abi.encodeCall(IPersonalRecords.rewrapBatch, (rewrappings));
        if (how % 3 == 2) data = abi.encodeCall(IPersonalRecords.erase, (record, RECEIPTS));
        vm.prank(owner);
        (bool done, ) = address(records).call(data); // solhint-disable-line avoid-low-level-calls
        if (done) violations.push("an erased record was touched");
    }

    function grant(uint256 caller, uint256 grantee, uint256 from, uint256 length) external {
        if (grantIds.length == GRANTS) return;
        IRecordGrants.Terms memory terms = termsOf(vm.toString(grantee % 5));
        terms.from = uint40(block.timestamp + (from % 100));
        terms.until = uint40(terms.from + (length % 1_000));
        bytes32 id = keccak256(abi.encode(_owner(caller), terms.tag, terms.scopeHash, terms.purposeHash));
        bool known = granter[id] != address(0);
        if (!_call(caller, address(grants), abi.encodeCall(IRecordGrants.grant, (terms, wrapping(60))))) return;
        if (known) violations.push("granted twice");
        granter[id] = _owner(caller);
        grantIds.push(id);
        ++grantCount[_owner(caller)];
    }

    function share(uint256 caller, uint256 which) external {
        bytes32 id = _grant(which);
        bool over = _isOver(id);
        bool done = _call(caller, address(grants), abi.encodeCall(IRecordGrants.share, (id, wrapping(60))));
        if (done) _requireOwnAndAlive(caller, id, over);
    }

    function renew(uint256 caller, uint256 which, uint256 length) external {
        bytes32 id = _grant(which);
        bool over = _isOver(id);
        uint40 until = uint40(block.timestamp + (length % 2_000));
        bool done = _call(caller, address(grants), abi.encodeCall(IRecordGrants.renew, (id, until)));
        if (done) _requireOwnAndAlive(caller, id, over);
    }

    function revoke(uint256 caller, uint256 which) external {
        bytes32 id = _grant(which);
        bool over = _isOver(id);
        if (!_call(caller, address(grants), abi.encodeCall(IRecordGrants.revoke, (id)))) return;
        _requireOwnAndAlive(caller, id, over);
        ended[id] = true;
        ++revocations[_owner(caller)];
    }

    function publish(uint256 caller, uint256 account, uint256 signer, uint256 version, bytes32 key) external {
        address whose = _owner(account);
        uint32 number = uint32(directory.lastVersion(whose) + (version % 3));
        bytes32 typeHash = keccak256("EncryptionKey(address account,bytes32 key,uint32 version)");
        bytes memory signature = _sign(signer, keccak256(abi.encode(typeHash, whose, key, number)));
        bytes memory data = abi.encodeCall(IKeyDirectory.publish, (whose, key, number, signature));
        bool active = federation.isActive(whose);
        if (!_call(caller, address(directory), data)) return;
        if (_owner(signer) != whose || !active) violations.push("published for another, or for an inactive account");
    }

    function revokeKey(uint256 caller, uint256 account, uint256 signer) external {
        address whose = _owner(account);
        uint32 number = directory.lastVersion(whose);
        bytes32 typeHash = keccak256("KeyRevocation(address account,uint32 version)");
        bytes memory signature = _sign(signer, keccak256(abi.encode(typeHash, whose, number)));
        bytes memory data = abi.encodeCall(IKeyDirectory.revokeBySig, (whose, number, signature));
        if (!_call(caller, address(directory), data)) return;
        if (_owner(signer) != whose) violations.push("revoked for another");
        (bytes32 key, ) = directory.currentKey(whose);
        if (key != 0) violations.push("a revoked key is in force");
    }

    function suspend(uint256 account, bool active) external {
        if (account % OWNERS != OWNERS - 1) federation.setActive(_owner(account), active);
    }

    function pass(uint256 seconds_) external {
        vm.warp(block.timestamp + (seconds_ % 300));
        for (uint256 i = 0; i < grantIds.length; ++i) if (_isOver(grantIds[i])) ended[grantIds[i]] = true;
    }

    // -------------------- what must hold

    function violationCount() external view returns (uint256) {
        return violations.length;
    }

    function checkEndedNeverRun() external view {
        for (uint256 i = 0; i < grantIds.length; ++i) {
            if (ended[grantIds[i]]) assertFalse(grants.isRunning(grantIds[i]), "an ended grant runs");
            assertEq(grants.grantOf(grantIds[i]).owner, granter[grantIds[i]]);
        }
    }

    function checkCounts() external view {
        for (uint256 i = 0; i < OWNERS; ++i) {
            assertEq(uint256(grants.countsOf(owners[i]).granted), grantCount[owners[i]]);
            assertEq(uint256(grants.countsOf(owners[i]).revoked), revocations[owners[i]]);
        }
    }

    function checkHeads() external view {
        for (uint256 i = 0; i < OWNERS; ++i) {
            for (uint256 j = 0; j < RECORDS; ++j) {
                bytes21 head = records.recordOf(owners[i], _record(j)).head;
                assertEq(bytes32(head), bytes32(folded[owners[i]][_record(j)]), "head from events");
            }
        }
    }

    // -------------------- calling, comparing, folding

    function _erase(uint256 caller, bytes32 record) private {
        if (!_call(caller, address(records), abi.encodeCall(IPersonalRecords.erase, (record, RECEIPTS)))) return;
        erasedOwners.push(_owner(caller));
        erasedRecords.push(record);
    }

    function _call(uint256 seed, address target, bytes memory data) private returns (bool done) {
        address caller = _owner(seed);
        IPersonalRecords.Record[RECORDS][OWNERS] memory before = _states();
        bool may = federation.isActive(caller) || bytes4(data) == IPersonalRecords.erase.selector;
        vm.recordLogs();
        vm.prank(caller);
        (done, ) = target.call(data); // solhint-disable-line avoid-low-level-calls
        if (!done) return false;
        ++succeeded;
        IPersonalRecords.Record[RECORDS][OWNERS] memory afterwards = _states();
        for (uint256 i = 0; i < OWNERS; ++i) {
            for (uint256 j = 0; j < RECORDS; ++j) {
                _compare(before[i][j], afterwards[i][j], target == address(records) && may && owners[i] == caller);
            }
        }
        _fold();
    }

    function _compare(
        IPersonalRecords.Record memory before,
        IPersonalRecords.Record memory afterwards,
        bool allowed
    ) private {
        if (keccak256(abi.encode(before)) == keccak256(abi.encode(afterwards))) return;
        if (!allowed) violations.push("another than the owner changed a record, or wrote while not active");
        if (before.erased) violations.push("an erased record changed");
        if (afterwards.version < before.version) violations.push("a version fell");
        if (afterwards.version > before.version + 2) violations.push("a version was skipped");
        if (before.version != 0 && afterwards.kind != before.kind) violations.push("a kind changed");
        if (afterwards.head == before.head) violations.push("a change without a link");
    }

    /// @dev The head of each record, from events alone.
    function _fold() private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter != address(records)) continue;
            bytes32 topic = logs[i].topics[0];
            if (topic == IPersonalRecords.VersionWritten.selector) _foldVersion(logs[i]);
            else if (topic == IPersonalRecords.RecordErased.selector) _foldErasure(logs[i]);
        }
    }

    function _foldVersion(Vm.Log memory log) private {
        (address owner, bytes32 record) = (address(uint160(uint256(log.topics[1]))), log.topics[2]);
        (
            uint32 version,
            RecordKind kind,
            uint40 writtenAt,
            bytes32 commitment,
            bytes memory locator,
            bytes memory wrapped
        ) = abi.decode(log.data, (uint32, RecordKind, uint40, bytes32, bytes, bytes));
        bytes memory said = abi.encode(version, kind, writtenAt, commitment, keccak256(locator), keccak256(wrapped));
        _link("commonwatt record version 1", owner, record, said);
    }

    function _foldErasure(Vm.Log memory log) private {
        (uint40 erasedAt, bytes32 receiptsHash) = abi.decode(log.data, (uint40, bytes32));
        address owner = address(uint160(uint256(log.topics[1])));
        _link("commonwatt record erasure 1", owner, log.topics[2], abi.encode(erasedAt, receiptsHash));
    }

    function _link(string memory name, address owner, bytes32 record, bytes memory said) private {
        bytes32 kind = keccak256(bytes(name));
        bytes memory place = abi.encode(kind, folded[owner][record], block.chainid, address(records), owner, record);
        folded[owner][record] = bytes21(keccak256(bytes.concat(place, said)));
    }

    function _requireOwnAndAlive(uint256 caller, bytes32 id, bool over) private {
        if (granter[id] != _owner(caller)) violations.push("another than its owner changed a grant");
        if (over || ended[id]) violations.push("an ended grant changed");
    }

    // -------------------- choosing

    function _version(
        uint256 caller,
        uint256 record,
        uint256 version,
        uint256 kind,
        uint256 form
    ) private view returns (NewVersion memory written) {
        uint32 last = records.recordOf(_owner(caller), _record(record)).version;
        written = versionOf(_record(record), uint32(last + (version % 4 == 3 ? 0 : 1) + (version % 7 == 6 ? 1 : 0)));
        written.kind = RecordKind((kind % 4 == 3 ? kind : uint256(uint160(_owner(caller)))) % 6);
        if (form % 8 == 0) written.wrapped = wrapping(20);
    }

    function _states() private view returns (IPersonalRecords.Record[RECORDS][OWNERS] memory states) {
        for (uint256 i = 0; i < OWNERS; ++i) {
            for (uint256 j = 0; j < RECORDS; ++j) states[i][j] = records.recordOf(owners[i], _record(j));
        }
    }

    function _isOver(bytes32 id) private view returns (bool) {
        IRecordGrants.Grant memory state = grants.grantOf(id);
        return state.owner != address(0) && block.timestamp >= state.until;
    }

    function _sign(uint256 signer, bytes32 structHash) private view returns (bytes memory) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Commonwatt KeyDirectory"),
                keccak256("1"),
                block.chainid,
                address(directory)
            )
        );
        return signBytes(keys[signer % OWNERS], keccak256(abi.encodePacked(hex"1901", domain, structHash)));
    }

    function _owner(uint256 seed) private view returns (address) {
        return owners[seed % OWNERS];
    }

    function _grant(uint256 seed) private view returns (bytes32) {
        return grantIds.length == 0 ? bytes32(seed) : grantIds[seed % grantIds.length];
    }

    function _record(uint256 seed) private pure returns (bytes32) {
        return bytes32(seed % RECORDS); // the same ids for each owner
    }
}

contract PersonalDataInvariants is UserChainFixture {
    PersonalDataHandler private handler;

    function setUp() public {
        handler = new PersonalDataHandler();
        targetContract(address(handler));
    }

    function invariant_OnlyTheOwnerChangesARecordAndOnlyForwards() public view {
        assertEq(handler.violationCount(), 0);
    }

    function invariant_HeadsCommitToWhatEventsSay() public view {
        handler.checkHeads();
    }

    function invariant_AnEndedGrantNeverRunsAgain() public view {
        handler.checkEndedNeverRun();
    }

    function invariant_GrantsAndRevocationsAreCounted() public view {
        handler.checkCounts();
    }

    /// @dev The handler reaches the deep states: else the invariants above would say little.
    function test_TheHandlerReachesWhatItShould() public {
        handler.put(0, 0, 0, 0, 1);
        handler.put(0, 0, 0, 0, 1);
        handler.putBatch(1, 1, 0, 0);
        handler.rewrap(0, 0, 2);
        handler.erase(0, 0);
        handler.put(0, 0, 0, 0, 1); // erased: refused
        handler.put(3, 0, 0, 0, 1); // never admitted: refused
        assertEq(handler.succeeded(), 5);
        handler.grant(0, 1, 0, 500);
        handler.share(0, 0);
        handler.renew(0, 0, 900);
        handler.revoke(1, 0); // not its owner: refused
        handler.revoke(0, 0);
        handler.renew(0, 0, 1_500); // revoked: refused
        handler.grant(1, 1, 0, 500);
        handler.pass(299);
        handler.pass(299);
        handler.revoke(1, 1); // over: refused
        assertEq(handler.succeeded(), 10);
        handler.publish(3, 0, 0, 1, keccak256("key"));
        handler.publish(3, 0, 1, 1, keccak256("other")); // another signed: refused
        handler.publish(3, 3, 3, 1, keccak256("other")); // never admitted: refused
        handler.revokeKey(3, 0, 0);
        assertEq(handler.succeeded(), 12);
        assertEq(handler.violationCount(), 0);
        handler.checkHeads();
        handler.checkEndedNeverRun();
        handler.checkCounts();
    }
}

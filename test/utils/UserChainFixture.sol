// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IRecordGrants} from "../../contracts/interfaces/IRecordGrants.sol";
import {MockFederation} from "../../contracts/mocks/MockFederation.sol";
import {NewVersion, RecordKind, Rewrapping} from "../../contracts/types/PersonalRecordTypes.sol";
import {KeyDirectory} from "../../contracts/user-chain/KeyDirectory.sol";
import {PersonalRecords} from "../../contracts/user-chain/PersonalRecords.sol";
import {RecordGrants} from "../../contracts/user-chain/RecordGrants.sol";
import {Test} from "./Test.sol";

/// @title UserChainFixture
/// @notice The user chain's three contracts, two owners and a relayer; well-formed input to make one thing wrong.
abstract contract UserChainFixture is Test {
    uint40 internal constant NOW = 1_000_000;
    bytes32 internal constant RECORD = keccak256("a random record id");
    bytes32 internal constant RECEIPTS = keccak256("receipts");

    MockFederation internal federation;
    PersonalRecords internal records;
    RecordGrants internal grants;
    KeyDirectory internal directory;
    address internal alice;
    address internal bob;
    address internal relayer;
    address internal stranger; // never admitted
    uint256 internal aliceKey;

    function setUpUserChain() internal {
        vm.warp(NOW);
        federation = new MockFederation();
        IFederation asked = IFederation(address(federation));
        records = new PersonalRecords(asked);
        grants = new RecordGrants(asked);
        directory = new KeyDirectory(asked);
        (alice, aliceKey) = makeAddrAndKey("alice");
        bob = makeAddr("bob");
        relayer = makeAddr("relayer");
        stranger = makeAddr("stranger");
        federation.setActive(alice, true);
        federation.setActive(bob, true);
        federation.setActive(relayer, true);
    }

    // -------------------- records

    function versionOf(bytes32 record, uint32 version) internal pure returns (NewVersion memory written) {
        written.record = record;
        written.version = version;
        written.kind = RecordKind.Bill;
        written.commitment = keccak256(abi.encode("commitment", record, version));
        written.locator = abi.encodePacked(bytes1(0x01), keccak256(abi.encode("ciphertext", record, version)));
        written.wrapped = wrapping(96);
    }

    function rewrappingOf(bytes32 record, uint32 version) internal pure returns (Rewrapping memory rewrapping) {
        rewrapping = Rewrapping({record: record, version: version, wrapped: wrapping(81)});
    }

    function putBy(address owner, NewVersion memory written) internal {
        vm.prank(owner);
        records.put(written);
    }

    /// @notice Bytes that look random.
    function wrapping(uint256 length) internal pure returns (bytes memory wrapped) {
        wrapped = new bytes(length);
        for (uint256 i = 0; i < length; ++i) wrapped[i] = bytes1(uint8(uint256(keccak256(abi.encode(length, i)))));
    }

    // -------------------- grants

    /// @notice For a day from now on.
    function termsOf(string memory grantee) internal view returns (IRecordGrants.Terms memory terms) {
        terms.tag = keccak256(abi.encode("tag", grantee));
        terms.scopeHash = keccak256("scope");
        terms.purposeHash = keccak256("purpose");
        terms.from = uint40(block.timestamp);
        terms.until = uint40(block.timestamp + 1 days);
    }

    function granted(address owner, string memory grantee) internal returns (bytes32 grantId) {
        IRecordGrants.Terms memory terms = termsOf(grantee);
        vm.prank(owner);
        return grants.grant(terms, wrapping(200));
    }
}

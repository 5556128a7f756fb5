// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRecordGrants} from "../../contracts/interfaces/IRecordGrants.sol";
import {UserChainFixture} from "../utils/UserChainFixture.sol";

contract RecordGrantsTest is UserChainFixture {
    bytes32 private constant REQUEST = keccak256("a random request id");

    function setUp() public {
        setUpUserChain();
    }

    // -------------------- grant

    function test_AGrantIsOneWordACountAndAnEvent() public {
        IRecordGrants.Terms memory terms = termsOf("bank");
        bytes32 id = keccak256(abi.encode(alice, terms.tag, terms.scopeHash, terms.purposeHash));
        vm.expectEmit(address(grants));
        emit IRecordGrants.Granted(
            alice,
            id,
            terms.tag,
            terms.scopeHash,
            terms.purposeHash,
            terms.from,
            terms.until,
            wrapping(200)
        );
        vm.prank(alice);
        assertEq(grants.grant(terms, wrapping(200)), id);
        IRecordGrants.Grant memory state = grants.grantOf(id);
        assertEq(state.owner, alice);
        assertEq(uint256(state.from), uint256(terms.from));
        assertEq(uint256(state.until), uint256(terms.until));
        assertFalse(state.revoked);
        assertEq(uint256(grants.countsOf(alice).granted), 1);
        assertEq(uint256(grants.countsOf(alice).revoked), 0);
    }

    function testFuzz_AGrantRunsWithinItsPeriodOnly(uint40 start, uint40 length, uint40 at) public {
        IRecordGrants.Terms memory terms = termsOf("bank");
        terms.from = uint40(bound(start, NOW - 1_000, NOW + 1_000));
        terms.until = uint40(bound(length, (terms.from > NOW ? terms.from : NOW) + 1, NOW + 3_000));
        vm.prank(alice);
        bytes32 id = grants.grant(terms, wrapping(200));
        uint256 time = bound(at, NOW, uint256(NOW) + 4_000);
        vm.warp(time);
        assertEq(grants.isRunning(id), terms.from <= time && time < terms.until);
    }

    function test_WhatWasNeverGrantedDoesNotRun() public {
        assertFalse(grants.isRunning(keccak256("nothing")));
        vm.warp(0);
        assertFalse(grants.isRunning(keccak256("nothing")));
    }

    /// Another owner's grant on the same terms is another grant.
    function test_NobodyTakesAnothersGrantId() public {
        bytes32 bobs = granted(bob, "bank");
        bytes32 alices = granted(alice, "bank");
        assertTrue(bobs != alices);
        assertEq(grants.grantOf(alices).owner, alice);
    }

    function test_RevertWhen_AnInactiveAccountGrants() public {
        IRecordGrants.Terms memory terms = termsOf("bank");
        _inactive(stranger);
        vm.prank(stranger);
        grants.grant(terms, wrapping(200));
    }

    function test_RevertWhen_ThePeriodNeverRuns() public {
        uint40[2][3] memory periods = [[NOW + 5, NOW + 5], [NOW + 6, NOW + 5], [NOW - 5, NOW]];
        for (uint256 i = 0; i < periods.length; ++i) {
            IRecordGrants.Terms memory terms = termsOf("bank");
            (terms.from, terms.until) = (periods[i][0], periods[i][1]);
            vm.expectRevert(
                abi.encodeWithSelector(IRecordGrants.RecordGrantsInvalidPeriod.selector, periods[i][0], periods[i][1])
            );
            vm.prank(alice);
            grants.grant(terms, wrapping(200));
        }
    }

    function test_RevertWhen_TermsAreIncomplete() public {
        for (uint256 i = 0; i < 3; ++i) {
            IRecordGrants.Terms memory terms = termsOf("bank");
            if (i == 0) terms.tag = 0;
            if (i == 1) terms.scopeHash = 0;
            if (i == 2) terms.purposeHash = 0;
            vm.expectRevert(IRecordGrants.RecordGrantsIncompleteTerms.selector);
            vm.prank(alice);
            grants.grant(terms, wrapping(200));
        }
    }

    function test_RevertWhen_TheSameGrantIsMadeTwice() public {
        bytes32 id = granted(alice, "bank");
        IRecordGrants.Terms memory terms = termsOf("bank");
        terms.until += 5; // the period is not part of the id
        _expect(IRecordGrants.RecordGrantsExists.selector, id);
        vm.prank(alice);
        grants.grant(terms, wrapping(200));
        vm.prank(alice);
        grants.revoke(id);
        _expect(IRecordGrants.RecordGrantsExists.selector, id);
        vm.prank(alice);
        grants.grant(terms, wrapping(200));
    }

    function test_PayloadsKeepTheirBounds() public {
        bytes32 id = granted(alice, "bank");
        uint256 most = grants.MAX_PAYLOAD_BYTES();
        for (uint256 i = 0; i < 4; ++i) {
            uint256 length = [48, 49, most, most + 1][i];
            IRecordGrants.Terms memory terms = termsOf(vm.toString(i));
            bytes memory payload = wrapping(length);
            if (i == 0 || i == 3) _expectSize(length, most);
            vm.prank(alice);
            grants.grant(terms, payload);
            if (i == 0 || i == 3) _expectSize(length, most);
            vm.prank(alice);
            grants.share(id, payload);
        }
    }

    // -------------------- share, renew, revoke

    function test_SharingIsAnEventAndNoState() public {
        bytes32 id = granted(alice, "bank");
        bytes memory before = abi.encode(grants.grantOf(id));
        vm.expectEmit(address(grants));
        emit IRecordGrants.Shared(alice, id, wrapping(300));
        vm.prank(alice);
        grants.share(id, wrapping(300));
        assertEq(abi.encode(grants.grantOf(id)), before);
    }

    function test_ARenewalLengthensThePeriod() public {
        bytes32 id = granted(alice, "bank");
        uint40 until = NOW + 2 days;
        vm.expectEmit(address(grants));
        emit IRecordGrants.Renewed(alice, id, until);
        vm.prank(alice);
        grants.renew(id, until);
        vm.warp(until - 1);
        assertTrue(grants.isRunning(id));
        vm.warp(until);
        assertFalse(grants.isRunning(id));
    }

    function test_RevertWhen_ARenewalIsNoLonger() public {
        bytes32 id = granted(alice, "bank");
        for (uint40 i = 0; i < 2; ++i) {
            uint40 until = NOW + 1 days - i;
            vm.expectRevert(
                abi.encodeWithSelector(IRecordGrants.RecordGrantsNotLonger.selector, id, until, NOW + 1 days)
            );
            vm.prank(alice);
            grants.renew(id, until);
        }
    }

    function test_ARevocationEndsAtOnceAndIsCounted() public {
        bytes32 id = granted(alice, "bank");
        granted(alice, "neighbour");
        vm.expectEmit(address(grants));
        emit IRecordGrants.Revoked(alice, id);
        vm.prank(alice);
        grants.revoke(id);
        assertFalse(grants.isRunning(id));
        assertTrue(grants.grantOf(id).revoked);
        assertEq(uint256(grants.countsOf(alice).granted), 2);
        assertEq(uint256(grants.countsOf(alice).revoked), 1);
    }

    function test_ASuspendedOwnerRevokesAllTheSame() public {
        bytes32 id = granted(alice, "bank");
        federation.setActive(alice, false);
        vm.prank(alice);
        grants.revoke(id);
        assertFalse(grants.isRunning(id));
    }

    function test_RevertWhen_ASuspendedOwnerSharesOrRenews() public {
        bytes32 id = granted(alice, "bank");
        federation.setActive(alice, false);
        _inactive(alice);
        vm.prank(alice);
        grants.share(id, wrapping(200));
        _inactive(alice);
        vm.prank(alice);
        grants.renew(id, NOW + 2 days);
    }

    function test_RevertWhen_AnotherChangesAGrant() public {
        bytes32 id = granted(alice, "bank");
        bytes memory refusal = abi.encodeWithSelector(IRecordGrants.RecordGrantsNotOwner.selector, id, alice);
        _refusesAllChanges(bob, id, refusal);
    }

    function test_RevertWhen_ThereIsNoSuchGrant() public {
        bytes32 id = keccak256("nothing");
        _refusesAllChanges(alice, id, abi.encodeWithSelector(IRecordGrants.RecordGrantsUnknown.selector, id));
    }

    function test_RevertWhen_TheGrantWasRevoked() public {
        bytes32 id = granted(alice, "bank");
        vm.prank(alice);
        grants.revoke(id);
        _refusesAllChanges(alice, id, abi.encodeWithSelector(IRecordGrants.RecordGrantsRevoked.selector, id));
        assertEq(uint256(grants.countsOf(alice).revoked), 1, "counted once");
    }

    function test_RevertWhen_TheGrantIsOver() public {
        bytes32 id = granted(alice, "bank");
        vm.warp(NOW + 1 days);
        bytes memory refusal = abi.encodeWithSelector(IRecordGrants.RecordGrantsEnded.selector, id, NOW + 1 days);
        _refusesAllChanges(alice, id, refusal);
    }

    // -------------------- requests

    function test_ARequestIsCarriedByAnybodyAndAcceptedByTheOwner() public {
        vm.expectEmit(address(grants));
        emit IRecordGrants.RecordsRequested(alice, REQUEST, wrapping(400));
        _relay();
        assertEq(uint256(grants.requestOf(alice, REQUEST)), uint256(IRecordGrants.RequestStatus.Open));
        bytes32 id = granted(alice, "bank");
        vm.expectEmit(address(grants));
        emit IRecordGrants.RequestAnswered(alice, REQUEST, id);
        vm.prank(alice);
        grants.answerRequest(REQUEST, id);
        assertEq(uint256(grants.requestOf(alice, REQUEST)), uint256(IRecordGrants.RequestStatus.Accepted));
    }

    function test_AnOwnerDeclinesARequest() public {
        _relay();
        vm.expectEmit(address(grants));
        emit IRecordGrants.RequestAnswered(alice, REQUEST, 0);
        vm.prank(alice);
        grants.answerRequest(REQUEST, 0);
        assertEq(uint256(grants.requestOf(alice, REQUEST)), uint256(IRecordGrants.RequestStatus.Declined));
    }

    function test_RevertWhen_RelayerOrOwnerIsNotActive() public {
        _inactive(stranger);
        vm.prank(stranger);
        grants.relayRequest(alice, REQUEST, wrapping(400));
        _inactive(stranger);
        vm.prank(relayer);
        grants.relayRequest(stranger, REQUEST, wrapping(400));
        _relay();
        federation.setActive(alice, false);
        _inactive(alice);
        vm.prank(alice);
        grants.answerRequest(REQUEST, 0);
    }

    function test_RevertWhen_ARequestIdIsUsedTwice() public {
        _relay();
        vm.expectRevert(abi.encodeWithSelector(IRecordGrants.RecordGrantsRequestExists.selector, alice, REQUEST));
        _relay();
        vm.prank(relayer);
        grants.relayRequest(bob, REQUEST, wrapping(400)); // another owner's ids are others
    }

    function test_RevertWhen_ARequestIsTooShortOrTooLong() public {
        uint256 most = grants.MAX_REQUEST_BYTES();
        for (uint256 i = 0; i < 2; ++i) {
            uint256 length = [48, most + 1][i];
            _expectSize(length, most);
            vm.prank(relayer);
            grants.relayRequest(alice, REQUEST, wrapping(length));
        }
        vm.prank(relayer);
        grants.relayRequest(alice, REQUEST, wrapping(most));
    }

    function test_RevertWhen_ARequestIsAnsweredTwiceOrByAnother() public {
        _relay();
        _notOpen(bob);
        vm.prank(bob);
        grants.answerRequest(REQUEST, 0);
        vm.prank(alice);
        grants.answerRequest(REQUEST, 0);
        _notOpen(alice);
        vm.prank(alice);
        grants.answerRequest(REQUEST, 0);
    }

    function test_RevertWhen_ARequestIsAcceptedWithNoGrantOfTheOwners() public {
        _relay();
        bytes32 bobs = granted(bob, "bank");
        vm.expectRevert(abi.encodeWithSelector(IRecordGrants.RecordGrantsNotOwner.selector, bobs, bob));
        vm.prank(alice);
        grants.answerRequest(REQUEST, bobs);
        bytes32 id = granted(alice, "bank");
        vm.prank(alice);
        grants.revoke(id);
        _expect(IRecordGrants.RecordGrantsRevoked.selector, id);
        vm.prank(alice);
        grants.answerRequest(REQUEST, id);
        assertEq(uint256(grants.requestOf(alice, REQUEST)), uint256(IRecordGrants.RequestStatus.Open));
    }

    // -------------------- helpers

    function _relay() private {
        vm.prank(relayer);
        grants.relayRequest(alice, REQUEST, wrapping(400));
    }

    function _refusesAllChanges(address by, bytes32 id, bytes memory refusal) private {
        vm.expectRevert(refusal);
        vm.prank(by);
        grants.share(id, wrapping(200));
        vm.expectRevert(refusal);
        vm.prank(by);
        grants.renew(id, type(uint40).max);
        vm.expectRevert(refusal);
        vm.prank(by);
        grants.revoke(id);
    }

    function _inactive(address account) private {
        vm.expectRevert(abi.encodeWithSelector(IRecordGrants.RecordGrantsInactive.selector, account));
    }

    function _notOpen(address owner) private {
        vm.expectRevert(abi.encodeWithSelector(IRecordGrants.RecordGrantsRequestNotOpen.selector, owner, REQUEST));
    }

    function _expect(bytes4 selector, bytes32 grantId) private {
        vm.expectRevert(abi.encodeWithSelector(selector, grantId));
    }

    function _expectSize(uint256 length, uint256 most) private {
        vm.expectRevert(abi.encodeWithSelector(IRecordGrants.RecordGrantsPayloadSize.selector, length, most));
    }
}

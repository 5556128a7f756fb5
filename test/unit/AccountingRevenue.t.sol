// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {AccountingRevenue} from "../../contracts/federation/AccountingRevenue.sol";
import {IAccountantElection} from "../../contracts/interfaces/IAccountantElection.sol";
import {IAccountingFees} from "../../contracts/interfaces/IAccountingFees.sol";
import {IAccountingRevenue} from "../../contracts/interfaces/IAccountingRevenue.sol";
import {IEnergyCredit} from "../../contracts/interfaces/IEnergyCredit.sol";
import {ITradeEscrow, PartyPosting} from "../../contracts/interfaces/ITradeEscrow.sol";
import {IVoteBook} from "../../contracts/interfaces/IVoteBook.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {ElectionMock} from "../../contracts/mocks/ElectionMock.sol";
import {ReentrantCredit} from "../../contracts/mocks/ReentrantCredit.sol";
import {EscrowFixture} from "../utils/EscrowFixture.sol";

/// @notice What is due to whom, and its payment; every coinbase is an accountant without voters here.
contract AccountingRevenueTest is EscrowFixture {
    address private accountant = address(0xACC);
    address private second = address(0xACD);
    address private utility = address(0x5555);
    address private council = address(0xC0);

    function setUp() public {
        deployEscrow();
        manager.grantRole(Roles.COUNCIL, council, 0);
    }

    // -------------------- book

    function test_BookAddsToWhatIsDue() public {
        vm.expectEmit(address(fees));
        emit IAccountingFees.FeeBooked(accountant, 5);
        _book(accountant, 5);
        _book(accountant, 7);
        assertEq(fees.dueOf(accountant), 12);
        assertEq(fees.dueOf(second), 0);
    }

    function test_BookOfNothingSaysNothing() public {
        vm.recordLogs();
        _book(accountant, 0);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_WhereVotersGetAllTheAccountantIsToldOfNothing() public {
        IAccountantElection election = IAccountantElection(address(new ElectionMock()));
        fees = new AccountingRevenue(address(manager), credit, election, 10_000);
        _allow(address(fees), IAccountingFees.book.selector, Roles.SETTLEMENT);
        vm.recordLogs();
        _book(accountant, 5); // without voters: the pool's
        assertEq(vm.getRecordedLogs().length, 1);
        assertEq(fees.dueOf(accountant), 0);
        assertEq(fees.dueOf(address(0)), 5);
    }

    function test_FeesOfABlockThatNamesNobodyGoToThePool() public {
        _book(address(0), 5);
        assertEq(fees.dueOf(address(0)), 5);
        vm.expectRevert(IAccountingFees.AccountingFeesZeroAccountant.selector);
        fees.claim(address(0));
    }

    function testFuzz_RevertWhen_CallerMayNotBook(address caller) public {
        vm.assume(caller != settlement);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller));
        vm.prank(caller);
        fees.book(caller, 1);
    }

    // -------------------- claim

    function test_ClaimPaysTheAccountantWhoeverCalls() public {
        _payFees(10);
        _book(accountant, 10);
        vm.expectEmit(address(fees));
        emit IAccountingFees.FeesClaimed(accountant, 10);
        vm.prank(second);
        assertEq(fees.claim(accountant), 10);
        assertEq(credit.balanceOf(accountant), 10);
        assertEq(credit.balanceOf(second), 0);
        assertEq(fees.dueOf(accountant), 0);
        assertEq(credit.balanceOf(address(fees)), 0);
    }

    function test_ClaimNeverPaysMoreThanIsDue() public {
        _payFees(100);
        _book(accountant, 10);
        _book(second, 20);
        fees.claim(accountant);
        assertEq(credit.balanceOf(accountant), 10);
        assertEq(escrow.freeOf(address(fees)), 90);
        vm.expectRevert(abi.encodeWithSelector(IAccountingFees.AccountingFeesNothingToPay.selector, accountant, 0, 90));
        fees.claim(accountant);
    }

    function test_ClaimPaysWhatIsThereAndTheRestStaysDue() public {
        _payFees(4);
        _book(accountant, 10);
        assertEq(fees.claim(accountant), 4);
        assertEq(fees.dueOf(accountant), 6);
        vm.expectRevert(abi.encodeWithSelector(IAccountingFees.AccountingFeesNothingToPay.selector, accountant, 6, 0));
        fees.claim(accountant);
        fund(utility, 6); // what the utility still owed arrives
        _payFeesFromFunds(6);
        assertEq(fees.claim(accountant), 6);
    }

    function test_FeesOwedByAUtilityArriveWithItsNextDeposit() public {
        _payFeesFromFunds(8);
        _book(accountant, 8);
        assertEq(arrears.debtTo(utility, address(fees)), 8);
        fund(utility, 8);
        assertEq(fees.claim(accountant), 8);
    }

    /// What is claimed and what is left due is all that was booked, and no more is paid than came in.
    function testFuzz_ClaimsNeverExceedWhatCameIn(uint64[4] memory booked, uint64[4] memory paid) public {
        uint256 cameIn;
        uint256 due;
        for (uint256 i = 0; i < 4; ++i) {
            uint64 fee = uint64(bound(booked[i], 0, 1e12));
            uint64 cash = uint64(bound(paid[i], 1, 1e12));
            address who = i % 2 == 0 ? accountant : second;
            _book(who, fee);
            _payFees(cash);
            due += fee;
            cameIn += cash;
            if (fees.dueOf(who) != 0) fees.claim(who);
            uint256 got = credit.balanceOf(accountant) + credit.balanceOf(second);
            assertEq(got + fees.dueOf(accountant) + fees.dueOf(second), due);
            assertEq(got + escrow.freeOf(address(fees)), cameIn);
        }
    }

    function test_ReenteringAClaimPaysOnce() public {
        ReentrantCredit token = new ReentrantCredit();
        ITradeEscrow target = newEscrow(IEnergyCredit(address(token)));
        AccountingRevenue paying = new AccountingRevenue(
            address(manager),
            token,
            IAccountantElection(address(new ElectionMock())),
            0
        );
        paying.bindParts(target, IVoteBook(address(0)));
        _allow(address(paying), IAccountingFees.book.selector, Roles.SETTLEMENT);
        token.mint(utility, 30);
        vm.startPrank(utility);
        token.approve(address(target), 30);
        target.depositFor(address(paying), 30);
        vm.stopPrank();
        vm.prank(settlement);
        paying.book(accountant, 10);
        token.attack(address(paying), abi.encodeCall(IAccountingFees.claim, (accountant)));
        paying.claim(accountant);
        assertFalse(token.entered());
        assertEq(token.balanceOf(accountant), 10);
        assertEq(target.freeOf(address(paying)), 20);
    }

    // -------------------- assignPool

    function test_CouncilAssignsThePool() public {
        _payFees(10);
        _book(address(0), 10);
        vm.expectEmit(address(fees));
        emit IAccountingFees.PoolAssigned(accountant, 6);
        vm.prank(council);
        fees.assignPool(accountant, 6);
        assertEq(fees.dueOf(address(0)), 4);
        assertEq(fees.claim(accountant), 6);
    }

    function test_RevertWhen_AssigningMoreThanThePool() public {
        _book(address(0), 10);
        _book(second, 10);
        vm.startPrank(council);
        vm.expectRevert(abi.encodeWithSelector(IAccountingFees.AccountingFeesAbovePool.selector, 10, 11));
        fees.assignPool(accountant, 11);
        vm.expectRevert(IAccountingFees.AccountingFeesZeroAccountant.selector);
        fees.assignPool(address(0), 1);
        vm.stopPrank();
    }

    function testFuzz_RevertWhen_CallerMayNotAssign(address caller) public {
        vm.assume(caller != council);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller));
        vm.prank(caller);
        fees.assignPool(caller, 0);
    }

    // -------------------- administration

    function test_RevertWhen_PartsAreBoundTwiceOrMissing() public {
        vm.expectRevert(
            abi.encodeWithSelector(IAccountingRevenue.AccountingRevenuePartsBound.selector, address(escrow))
        );
        fees.bindParts(escrow, IVoteBook(address(0)));
        IAccountantElection election = IAccountantElection(address(new ElectionMock()));
        AccountingRevenue unbound = new AccountingRevenue(address(manager), credit, election, 0);
        bytes memory refusal = abi.encodeWithSelector(
            IAccountingRevenue.AccountingRevenuePartsBound.selector,
            address(0)
        );
        vm.expectRevert(refusal);
        unbound.claim(accountant);
        vm.expectRevert(refusal);
        unbound.claimVotes(accountant);
        assertEq(unbound.rewardOf(accountant), 0);
        vm.expectRevert(abi.encodeWithSelector(IAccountingRevenue.AccountingRevenueInvalidShare.selector, 10_001));
        new AccountingRevenue(address(manager), credit, election, 10_001);
    }

    // -------------------- steps

    function _book(address who, uint64 amountMicro) private {
        vm.prank(settlement);
        fees.book(who, amountMicro);
    }

    function _payFees(uint64 amountMicro) private {
        fund(utility, amountMicro);
        _payFeesFromFunds(amountMicro);
    }

    function _payFeesFromFunds(uint64 amountMicro) private {
        PartyPosting[] memory parties = new PartyPosting[](1);
        (parties[0].account, parties[0].accountingFeeMicro) = (utility, amountMicro);
        postParties(parties);
    }
}

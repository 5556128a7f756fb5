// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IEnergyCredit} from "../../contracts/interfaces/IEnergyCredit.sol";
import {
    HomePosting,
    HomeRelease,
    ITradeEscrow,
    PartyPosting,
    PartyRelease
} from "../../contracts/interfaces/ITradeEscrow.sol";
import {MovementLog} from "../../contracts/libraries/MovementLog.sol";
import {Records} from "../../contracts/libraries/Records.sol";
import {Movement} from "../../contracts/types/RecordTypes.sol";
import {EscrowFixture} from "../utils/EscrowFixture.sol";
import {Vm} from "../utils/Vm.sol";

/// @notice What settlements post to TradeEscrow and what they release, step by step.
contract EscrowPostingsTest is EscrowFixture {
    address private home = address(0x1111);
    address private other = address(0x2222);
    address private utility = address(0x5555);
    address private grid = address(0x6666);

    function setUp() public {
        deployEscrow();
    }

    // -------------------- 1 and 2: the community side

    function test_FilledLockAndCommunityMoneyAreHeld() public {
        fund(home, 100);
        fund(other, 100);
        lockFor(home, 60);
        lockFor(other, 40);
        HomePosting[] memory homes = new HomePosting[](2);
        homes[0] = homePosting(home, utility); // buyer
        (homes[0].unlockMicro, homes[0].communityMicro) = (60, -50);
        homes[1] = homePosting(other, utility); // seller
        (homes[1].unlockMicro, homes[1].communityMicro) = (40, 45);
        PartyPosting[] memory parties = parties2(utility, grid);
        (parties[0].communityMicro, parties[1].communityMicro) = (2, 3);
        vm.recordLogs();
        vm.prank(settlement);
        (uint64[] memory held, uint64[] memory uncovered) = escrow.post(AREA, SLOT, homes, parties);
        assertEq(uint256(held[0]), 10);
        assertEq(uint256(held[1]), 85);
        assertEq(uint256(uncovered[0]) + uncovered[1], 0);
        assertAccount(home, 50, 0, 10, 0);
        assertAccount(other, 145, 0, 85, 0);
        assertAccount(utility, 2, 0, 2, 0);
        assertAccount(grid, 3, 0, 3, 0);
        Vm.Log[] memory logs = logsOf(vm.getRecordedLogs(), address(escrow), ITradeEscrow.Moved.selector);
        assertEq(logs.length, 1);
        assertEq(logs[0].topics[1], bytes32(uint256(AREA)));
        assertEq(logs[0].topics[2], bytes32(uint256(SLOT)));
        bytes32[] memory words = abi.decode(logs[0].data, (bytes32[]));
        assertEq(words.length, 8);
        _assertMovement(words, 0, Movement(home, MovementLog.SETTLEMENT, -50, -60, 10, 0));
        _assertMovement(words, 3, Movement(grid, MovementLog.SETTLEMENT_PARTY, 3, 0, 3, 0));
    }

    function test_RevertWhen_CommunityMoneyIsMade() public {
        HomePosting memory h = homePosting(home, utility);
        h.communityMicro = 1;
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowUnbalanced.selector, int256(1), int256(0)));
        post1(h);
    }

    function test_RevertWhen_SurplusMoneyIsMade() public {
        PartyPosting[] memory parties = parties2(utility, grid);
        (parties[0].surplusMicro, parties[1].surplusMicro) = (-5, 6);
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowUnbalanced.selector, int256(0), int256(1)));
        vm.prank(settlement);
        escrow.post(AREA, SLOT, new HomePosting[](0), parties);
    }

    function test_RevertWhen_MoreIsUnlockedThanLocked() public {
        fund(home, 100);
        lockFor(home, 10);
        HomePosting memory h = homePosting(home, utility);
        h.unlockMicro = 11;
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowLockedShort.selector, home, 10, 11));
        post1(h);
    }

    function test_RevertWhen_SlotsHeldMoneyWouldFallBelowZero() public {
        fund(home, 100);
        lockFor(home, 100);
        HomePosting memory h = homePosting(home, utility);
        h.unlockMicro = 60; // held by another slot
        post(h);
        h.unlockMicro = 40;
        h.communityMicro = -41;
        PartyPosting[] memory parties = parties2(utility, grid);
        parties[0].communityMicro = 41;
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowHeldShort.selector, home, 40, 41));
        post1(h, parties);
    }

    function test_RevertWhen_AccountsHeldMoneyWouldFallBelowZero() public {
        PartyPosting[] memory parties = parties2(utility, grid);
        (parties[0].communityMicro, parties[1].communityMicro) = (7, -7);
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowHeldShort.selector, grid, 0, 7));
        vm.prank(settlement);
        escrow.post(AREA, SLOT, new HomePosting[](0), parties);
    }

    // -------------------- 3: feed-in

    function test_FeedInIsPaidIntoHeldMoney() public {
        fund(utility, 100);
        HomePosting memory h = homePosting(home, utility);
        h.feedInMicro = 30;
        (uint64 held, ) = post(h);
        assertEq(held, 30);
        assertAccount(home, 30, 0, 30, 0);
        assertAccount(utility, 70, 0, 0, 0);
    }

    function test_FeedInThatTheSupplierCannotPayIsItsDebt() public {
        fund(utility, 20);
        HomePosting memory h = homePosting(home, utility);
        h.feedInMicro = 30;
        (uint64 held, ) = post(h);
        assertEq(held, 20);
        assertAccount(home, 20, 0, 20, 0);
        assertAccount(utility, 0, 0, 0, 10);
        assertEq(arrears.debtTo(utility, home), 10);
        fund(utility, 50); // paid first from the next deposit, as free credits
        assertAccount(home, 30, 0, 20, 0);
        assertAccount(utility, 40, 0, 0, 0);
    }

    function test_FeedInThatTheSupplierCannotPayIsSetOffAgainstTheHomesDebt() public {
        owe(home, utility, 25);
        HomePosting memory h = homePosting(home, utility);
        h.feedInMicro = 30;
        post(h);
        assertAccount(home, 0, 0, 0, 0);
        assertAccount(utility, 0, 0, 0, 5);
    }

    function test_ASuppliersOlderDebtsAreNotOvertakenByFeedIn() public {
        for (uint160 i = 1; i <= 5; ++i) owe(utility, address(i), 10);
        fund(utility, 100); // four are paid, ten stay reserved for the fifth
        HomePosting memory h = homePosting(home, utility);
        h.feedInMicro = 70;
        post(h); // 50 in cash; and the fifth is paid at the end of the call
        assertAccount(home, 50, 0, 50, 0);
        assertEq(escrow.freeOf(address(5)), 10);
        assertAccount(utility, 0, 0, 0, 20);
    }

    function test_FeedInTakenBackComesFromHeldMoneyBeyondTheBacking() public {
        _feedIn(30, 100, 0);
        HomePosting memory h = homePosting(home, utility);
        (h.heldBeforeMicro, h.feedInMicro) = (30, -10);
        (uint64 held, ) = post(h);
        assertEq(held, 20);
        assertAccount(home, 20, 0, 20, 0);
        assertAccount(utility, 80, 0, 0, 0);
    }

    function test_FeedInTakenBackLeavesTheBackingAlone() public {
        fund(home, 60);
        lockFor(home, 50);
        HomePosting memory h = homePosting(home, utility);
        h.unlockMicro = 50;
        h.backingMicro = 50;
        h.feedInMicro = 30; // a debt
        (uint64 held, ) = post(h);
        assertEq(held, 50);
        fund(utility, 30); // paid: the home has 40 free
        (h.unlockMicro, h.heldBeforeMicro, h.feedInMicro) = (0, 50, -30);
        (held, ) = post(h); // not from held, but from free credits
        assertEq(held, 50);
        assertAccount(home, 60, 0, 50, 0);
        assertAccount(utility, 30, 0, 0, 0);
        h.feedInMicro = -15; // ten free, the rest is a debt
        post(h);
        assertAccount(home, 50, 0, 50, 5);
        assertEq(arrears.debtTo(home, utility), 5);
    }

    function test_FeedInTakenBackIsSetOffAgainstTheSuppliersDebt() public {
        _feedIn(30, 10, 0);
        fund(home, 100);
        HomePosting memory h = homePosting(home, utility);
        (h.heldBeforeMicro, h.feedInMicro) = (10, -25);
        post(h); // ten from held, fifteen set off against the twenty that the supplier owes
        assertAccount(home, 105, 0, 0, 0); // the ten that came back paid the last five at the end of the call
        assertAccount(utility, 5, 0, 0, 0);
    }

    // -------------------- 4: the grid share

    function test_GridShareCoveredByHeldMoneyIsNotChargedYet() public {
        _feedIn(30, 100, 30);
        assertAccount(home, 30, 0, 30, 0);
        assertAccount(utility, 70, 0, 0, 0);
    }

    function test_UncoveredGridShareIsPaidFromFreeCredits() public {
        fund(home, 100);
        HomePosting memory h = homePosting(home, utility);
        h.gridShareMicro = 40;
        (uint64 held, uint64 uncovered) = post(h);
        assertEq(held, 0);
        assertEq(uncovered, 40);
        assertAccount(home, 60, 0, 0, 0);
        assertAccount(utility, 40, 0, 0, 0);
    }

    function test_UncoveredGridShareThatCannotBePaidIsArrears() public {
        fund(home, 100);
        lockFor(home, 90); // other slots' locks are not touched
        HomePosting memory h = homePosting(home, utility);
        h.gridShareMicro = 40;
        post(h);
        assertAccount(home, 90, 90, 0, 30);
        assertAccount(utility, 10, 0, 0, 0);
        assertEq(arrears.debtTo(home, utility), 30);
    }

    function test_ALargerGridShareChargesOnlyTheDifference() public {
        fund(home, 100);
        HomePosting memory h = homePosting(home, utility);
        h.gridShareMicro = 40;
        post(h);
        (h.gridShareMicro, h.uncoveredBeforeMicro) = (55, 40);
        (, uint64 uncovered) = post(h);
        assertEq(uncovered, 55);
        assertAccount(home, 45, 0, 0, 0);
    }

    function test_ASmallerGridShareIsRefundedInCash() public {
        fund(home, 100);
        HomePosting memory h = homePosting(home, utility);
        h.gridShareMicro = 40;
        post(h);
        (h.gridShareMicro, h.uncoveredBeforeMicro) = (15, 40);
        post(h);
        assertAccount(home, 85, 0, 0, 0);
        assertAccount(utility, 15, 0, 0, 0);
    }

    function test_ARefundIsFirstSetOffAgainstTheHomesDebt() public {
        fund(home, 10);
        HomePosting memory h = homePosting(home, utility);
        h.gridShareMicro = 40; // ten paid, thirty owed
        post(h);
        (h.gridShareMicro, h.uncoveredBeforeMicro) = (5, 40);
        post(h); // thirty set off, five in cash
        assertAccount(home, 5, 0, 0, 0);
        assertAccount(utility, 5, 0, 0, 0);
    }

    function test_ARefundThatTheSupplierCannotPayIsItsDebt() public {
        fund(home, 40);
        HomePosting memory h = homePosting(home, utility);
        h.gridShareMicro = 40;
        post(h);
        vm.prank(utility);
        escrow.withdraw(30);
        (h.gridShareMicro, h.uncoveredBeforeMicro) = (0, 40);
        post(h);
        assertAccount(home, 10, 0, 0, 0);
        assertAccount(utility, 0, 0, 0, 30);
        assertEq(arrears.debtTo(utility, home), 30);
    }

    function test_ARefundPaysTheHomesOtherArrearsFirst() public {
        fund(home, 40);
        HomePosting memory h = homePosting(home, utility);
        h.gridShareMicro = 40;
        post(h);
        owe(home, other, 15);
        (h.gridShareMicro, h.uncoveredBeforeMicro) = (0, 40);
        post(h);
        assertAccount(home, 25, 0, 0, 0);
        assertAccount(other, 15, 0, 0, 0);
    }

    function test_ACorrectionThatShrinksHeldMoneyUncoversTheGridShare() public {
        _feedIn(30, 100, 30);
        HomePosting memory h = homePosting(home, utility);
        (h.heldBeforeMicro, h.feedInMicro, h.gridShareMicro) = (30, -12, 30);
        (uint64 held, uint64 uncovered) = post(h);
        assertEq(held, 18);
        assertEq(uncovered, 12);
        assertAccount(home, 18, 0, 18, 12);
        assertEq(arrears.debtTo(home, utility), 12);
    }

    // -------------------- the same account in several parts

    function test_ASupplierOwesItselfNothing() public {
        fund(utility, 50);
        HomePosting memory h = homePosting(utility, utility);
        (h.feedInMicro, h.gridShareMicro) = (80, 200);
        (uint64 held, uint64 uncovered) = post(h);
        assertEq(held, 50); // its own free credits
        assertEq(uncovered, 150);
        assertAccount(utility, 50, 0, 50, 0);
        (h.heldBeforeMicro, h.feedInMicro, h.uncoveredBeforeMicro, h.gridShareMicro) = (50, -80, 150, 0);
        (held, uncovered) = post(h);
        assertEq(held, 0);
        assertAccount(utility, 50, 0, 0, 0);
    }

    function test_OneAccountWithThreeMetersAndAPartysShare() public {
        fund(home, 100);
        lockFor(home, 50);
        fund(utility, 10);
        HomePosting[] memory homes = new HomePosting[](3);
        homes[0] = homePosting(home, utility);
        (homes[0].unlockMicro, homes[0].communityMicro, homes[0].gridShareMicro) = (50, -20, 40);
        homes[1] = homePosting(home, utility);
        homes[1].feedInMicro = 15;
        homes[2] = homePosting(home, other);
        homes[2].gridShareMicro = 60;
        PartyPosting[] memory parties = parties2(home, utility);
        (parties[0].communityMicro, parties[1].communityMicro) = (12, 8);
        vm.prank(settlement);
        (uint64[] memory held, uint64[] memory uncovered) = escrow.post(AREA, SLOT, homes, parties);
        assertEq(uint256(held[0]), 30);
        assertEq(uint256(uncovered[0]), 10); // paid: 40 free are left
        assertEq(uint256(held[1]), 15); // the ten just paid came back, and the ten of its own
        assertEq(uint256(uncovered[2]), 60); // 40 paid, 20 owed
        assertAccount(home, 57, 0, 57, 20);
        assertAccount(utility, 13, 0, 8, 0);
        assertAccount(other, 40, 0, 0, 0);
        assertEq(arrears.debtTo(home, other), 20);
    }

    function test_NothingIsDueToNobody() public {
        fund(home, 10);
        HomePosting memory h = homePosting(home, address(0));
        h.gridShareMicro = 40;
        post(h);
        assertAccount(home, 10, 0, 0, 0);
    }

    // -------------------- parties

    function test_SurplusIsPaidFromOneSupplierToTheNext() public {
        fund(utility, 30);
        PartyPosting[] memory parties = new PartyPosting[](4);
        (parties[0].account, parties[0].surplusMicro) = (utility, -45);
        (parties[1].account, parties[1].surplusMicro) = (home, 20);
        (parties[2].account, parties[2].surplusMicro) = (other, -5);
        (parties[3].account, parties[3].surplusMicro) = (grid, 30);
        postParties(parties);
        assertAccount(home, 20, 0, 0, 0);
        assertAccount(grid, 10, 0, 0, 0);
        assertAccount(utility, 0, 0, 0, 15);
        assertEq(arrears.debtTo(utility, grid), 15);
        assertEq(arrears.debtTo(other, grid), 5);
    }

    function test_SurplusBetweenTwoPlacesOfOneAccountMovesNothing() public {
        PartyPosting[] memory parties = parties2(utility, utility);
        (parties[0].surplusMicro, parties[1].surplusMicro) = (-45, 45);
        postParties(parties);
        assertAccount(utility, 0, 0, 0, 0);
        assertEq(arrears.debtTo(utility, utility), 0);
    }

    function test_AccountingFeesGoToTheirAccount() public {
        fund(utility, 10);
        PartyPosting[] memory parties = parties2(utility, grid);
        (parties[0].accountingFeeMicro, parties[1].accountingFeeMicro) = (7, 5);
        postParties(parties);
        assertAccount(address(fees), 7, 0, 0, 0);
        assertAccount(utility, 3, 0, 0, 0);
        assertEq(arrears.debtTo(grid, address(fees)), 5);
        fund(grid, 6);
        assertAccount(address(fees), 12, 0, 0, 0);
    }

    function test_RevertWhen_FeesAccountIsUnbound() public {
        ITradeEscrow fresh = newEscrow(IEnergyCredit(address(credit)));
        allowEscrow(address(fresh));
        PartyPosting[] memory parties = parties2(utility, grid);
        parties[1].accountingFeeMicro = 1;
        vm.expectRevert(ITradeEscrow.TradeEscrowFeesAccountUnbound.selector);
        vm.prank(settlement);
        fresh.post(AREA, SLOT, new HomePosting[](0), parties);
    }

    function test_APostingOfNothingSaysNothing() public {
        vm.recordLogs();
        post(homePosting(home, utility));
        assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_MoreSuppliersThanAreSummedUpAreStillBooked() public {
        HomePosting[] memory homes = new HomePosting[](70);
        fund(home, 70);
        for (uint160 i = 0; i < 70; ++i) {
            homes[i] = homePosting(home, address(0x1000 + i));
            homes[i].gridShareMicro = 1;
        }
        vm.prank(settlement);
        escrow.post(AREA, SLOT, homes, new PartyPosting[](0));
        assertAccount(home, 0, 0, 0, 0);
        for (uint160 i = 0; i < 70; ++i) assertEq(escrow.freeOf(address(0x1000 + i)), 1);
    }

    // -------------------- release

    function test_ReleasePaysTheGridShareThenTheHome() public {
        _feedIn(30, 100, 20);
        _release(30, 20);
        assertAccount(home, 10, 0, 0, 0);
        assertAccount(utility, 90, 0, 0, 0);
    }

    function test_ReleasedMoneyPaysArrearsFirst() public {
        _feedIn(30, 100, 20);
        owe(home, other, 8);
        owe(other, grid, 1);
        owe(utility, home, 200); // 70 paid: the home pays other 8, who was not followed up
        assertAccount(home, 92, 0, 30, 0);
        assertAccount(utility, 0, 0, 0, 130);
        owe(home, other, 70);
        assertAccount(home, 30, 0, 30, 8);
        _release(30, 20);
        assertAccount(home, 22, 0, 0, 0); // 30 - 20 - 8 and the supplier's 20 came back as a payment of its debt
        assertAccount(utility, 0, 0, 0, 110);
        assertAccount(other, 77, 0, 0, 0); // was paid 62 in cash, and itself paid grid
    }

    function test_ReleaseOfAParty() public {
        fund(home, 10);
        lockFor(home, 10);
        HomePosting memory h = homePosting(home, utility);
        (h.unlockMicro, h.communityMicro) = (10, -9);
        PartyPosting[] memory parties = parties2(utility, grid);
        parties[1].communityMicro = 9;
        post(h, parties);
        owe(grid, other, 4);
        PartyRelease[] memory released = new PartyRelease[](1);
        released[0] = PartyRelease(grid, 9);
        vm.prank(settlement);
        escrow.release(AREA, SLOT, new HomeRelease[](0), released);
        assertAccount(grid, 5, 0, 0, 0);
        assertAccount(other, 4, 0, 0, 0);
    }

    function test_ReleaseToASupplierThatHoldsTheMeter() public {
        fund(utility, 50);
        HomePosting memory h = homePosting(utility, utility);
        (h.feedInMicro, h.gridShareMicro) = (50, 20);
        post(h);
        HomeRelease[] memory homes = new HomeRelease[](1);
        homes[0] = HomeRelease(utility, utility, 50, 20);
        vm.prank(settlement);
        escrow.release(AREA, SLOT, homes, new PartyRelease[](0));
        assertAccount(utility, 50, 0, 0, 0);
    }

    function test_RevertWhen_MoreIsReleasedThanHeld() public {
        _feedIn(30, 100, 20);
        HomeRelease[] memory homes = new HomeRelease[](1);
        homes[0] = HomeRelease(home, utility, 31, 20);
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowHeldShort.selector, home, 30, 31));
        vm.prank(settlement);
        escrow.release(AREA, SLOT, homes, new PartyRelease[](0));
        homes[0] = HomeRelease(home, utility, 20, 21);
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowHeldShort.selector, home, 20, 21));
        vm.prank(settlement);
        escrow.release(AREA, SLOT, homes, new PartyRelease[](0));
        PartyRelease[] memory parties = new PartyRelease[](1);
        parties[0] = PartyRelease(grid, 1);
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowHeldShort.selector, grid, 0, 1));
        vm.prank(settlement);
        escrow.release(AREA, SLOT, new HomeRelease[](0), parties);
    }

    /// Amounts wider than their types revert, as they would if the compiler read them.
    function test_RevertWhen_PostingHasDirtyWords() public {
        bytes memory data = abi.encodeCall(
            ITradeEscrow.post,
            (AREA, SLOT, new HomePosting[](1), new PartyPosting[](0))
        );
        uint256 first = data.length - 32 - 9 * 32; // the posting's words, before the empty parties
        for (uint256 word = 0; word < 9; ++word) {
            bytes memory dirty = bytes.concat(data);
            dirty[first + word * 32] = 0x01;
            vm.prank(settlement);
            // solhint-disable-next-line avoid-low-level-calls
            (bool done, ) = address(escrow).call(dirty);
            assertFalse(done);
        }
        vm.prank(settlement);
        // solhint-disable-next-line avoid-low-level-calls
        (bool clean, ) = address(escrow).call(data);
        assertTrue(clean);
    }

    // -------------------- never for lack of money

    /// Whatever the accounts have and owe, a settlement goes through, and what each is worth (credits, what others
    /// owe it, less what it owes) changes by exactly what was posted.
    function testFuzz_PostingMovesExactlyWhatItSays(
        uint64[4] memory funds,
        uint64[3] memory debts,
        uint64[4] memory amounts
    ) public {
        if (funds[0] != 0) fund(home, _small(funds[0]));
        if (funds[1] != 0) fund(utility, _small(funds[1]));
        if (funds[2] != 0) fund(other, _small(funds[2]));
        if (debts[0] != 0) owe(home, utility, _small(debts[0]));
        if (debts[1] != 0) owe(utility, other, _small(debts[1]));
        if (debts[2] != 0) owe(other, home, _small(debts[2]));
        int256 homeWorth = _worth(home);
        int256 utilityWorth = _worth(utility);
        HomePosting memory h = homePosting(home, utility);
        h.feedInMicro = int64(_small(amounts[0]));
        h.gridShareMicro = _small(amounts[1]);
        (uint64 held, uint64 uncovered) = post(h);
        int256 change = int256(h.feedInMicro) - int256(uint256(uncovered));
        assertEq(_worth(home) - homeWorth, change, "home");
        assertEq(_worth(utility) - utilityWorth, -change, "supplier");
        (h.feedInMicro, h.heldBeforeMicro, h.uncoveredBeforeMicro) = (-int64(_small(amounts[2])), held, uncovered);
        h.gridShareMicro = _small(amounts[3]);
        change += int256(h.feedInMicro) + int256(uint256(uncovered));
        (, uncovered) = post(h);
        change -= int256(uint256(uncovered));
        assertEq(_worth(home) - homeWorth, change, "home, corrected");
        assertEq(_worth(utility) - utilityWorth, -change, "supplier, corrected");
    }

    // -------------------- gas

    /// Prints what posting costs; the bounds are wide, the figures stand in the gas snapshot.
    function test_GasOfPostingAHundredHomes() public {
        uint256 base = _gasOfPosting(1, false);
        uint256 hundred = _gasOfPosting(100, false);
        assertLt((hundred - base) / 99, 14_000, "paid");
        base = _gasOfPosting(1, true);
        hundred = _gasOfPosting(100, true);
        assertLt((hundred - base) / 99, 65_000, "all in arrears");
    }

    function _gasOfPosting(uint160 count, bool poor) private returns (uint256 gas) {
        uint160 first = 0x100000 * (count + 1) + (poor ? 0x80000000 : 0);
        HomePosting[] memory homes = new HomePosting[](count);
        PartyPosting[] memory parties = parties2(utility, grid);
        fund(utility, 1000);
        for (uint160 i = 0; i < count; ++i) {
            homes[i] = homePosting(address(first + i), utility);
            fund(homes[i].account, poor ? 100 : 1000);
            lockFor(homes[i].account, 100);
            homes[i].unlockMicro = 100;
            homes[i].communityMicro = -90;
            homes[i].backingMicro = 10;
            homes[i].feedInMicro = 1;
            homes[i].gridShareMicro = 50;
        }
        parties[0].communityMicro = int64(uint64(count * 80));
        parties[1].communityMicro = int64(uint64(count * 10));
        parties[0].accountingFeeMicro = uint64(count);
        vm.prank(settlement);
        escrow.post(AREA, SLOT, homes, parties);
        gas = vm.lastCallGas().gasTotalUsed;
    }

    // -------------------- steps

    /// A home that fed in `amount`, of which the supplier could pay what it was funded with.
    function _feedIn(uint64 amount, uint64 funded, uint64 gridShare) private {
        fund(utility, funded);
        HomePosting memory h = homePosting(home, utility);
        (h.feedInMicro, h.gridShareMicro) = (int64(amount), gridShare);
        post(h);
    }

    function _release(uint64 held, uint64 covered) private {
        HomeRelease[] memory homes = new HomeRelease[](1);
        homes[0] = HomeRelease(home, utility, held, covered);
        vm.prank(settlement);
        escrow.release(AREA, SLOT, homes, new PartyRelease[](0));
    }

    /// `post` as the very next call, for expectRevert.
    function post1(HomePosting memory h) private {
        post1(h, new PartyPosting[](0));
    }

    function post1(HomePosting memory h, PartyPosting[] memory parties) private {
        HomePosting[] memory homes = new HomePosting[](1);
        homes[0] = h;
        vm.prank(settlement);
        escrow.post(AREA, SLOT, homes, parties);
    }

    function _small(uint64 value) private pure returns (uint64) {
        return uint64(bound(value, 1, 1000));
    }

    function _worth(address account) private view returns (int256 worth) {
        (uint64 balance, , , uint64 owed) = escrow.accountOf(account);
        worth = int256(uint256(balance)) - int256(uint256(owed));
        worth += int256(uint256(arrears.debtTo(home, account)));
        worth += int256(uint256(arrears.debtTo(utility, account)));
        worth += int256(uint256(arrears.debtTo(other, account)));
    }

    function _assertMovement(bytes32[] memory words, uint256 index, Movement memory expected) private pure {
        bytes32[2] memory packed = Records.packMovement(expected);
        assertEq(words[index * 2], packed[0], "account and reason");
        assertEq(words[index * 2 + 1], packed[1], "deltas");
    }
}

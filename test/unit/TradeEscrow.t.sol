// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

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
import {ReentrantCredit} from "../../contracts/mocks/ReentrantCredit.sol";
import {Movement} from "../../contracts/types/RecordTypes.sol";
import {EscrowFixture} from "../utils/EscrowFixture.sol";
import {Vm} from "../utils/Vm.sol";

/// @notice Deposits, withdrawals, locks and debts. The postings of settlements are in EscrowPostings.t.sol.
contract TradeEscrowTest is EscrowFixture {
    bytes32 private constant PERMIT_TYPEHASH = keccak256(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );

    address private alice;
    uint256 private aliceKey;
    address private bob;
    address private carol;

    function setUp() public {
        (alice, aliceKey) = makeAddrAndKey("alice");
        bob = makeAddr("bob");
        carol = makeAddr("carol");
        deployEscrow();
    }

    // -------------------- deposit

    function test_DepositTakesCreditsIn() public {
        issue(alice, 100);
        vm.startPrank(alice);
        credit.approve(address(escrow), 60);
        vm.recordLogs();
        escrow.deposit(60);
        vm.stopPrank();
        _assertOneMovement(0, Movement(alice, MovementLog.DEPOSIT, 60, 0, 0, 0));
        assertAccount(alice, 60, 0, 0, 0);
        assertEq(credit.balanceOf(alice), 40);
        assertEq(credit.balanceOf(address(escrow)), 60);
    }

    function test_DepositPaysArrearsFirst() public {
        owe(alice, bob, 70);
        fund(alice, 100);
        assertAccount(alice, 30, 0, 0, 0);
        assertAccount(bob, 70, 0, 0, 0);
    }

    function test_DepositPaysAtMostFourCreditorsAndTheRestStaysReserved() public {
        for (uint160 i = 1; i <= 6; ++i) owe(alice, address(i), 10);
        fund(alice, 100);
        assertAccount(alice, 60, 0, 0, 20);
        assertEq(escrow.freeOf(address(4)), 10);
        assertEq(escrow.freeOf(address(5)), 0);
        // what belongs to creditors can be neither locked nor withdrawn
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowFreeShort.selector, alice, 40, 41));
        lockFor(alice, 41);
        lockFor(alice, 40);
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowInArrears.selector, alice, 20));
        vm.prank(alice);
        escrow.withdraw(1);
        vm.prank(carol);
        assertEq(escrow.payArrears(alice, 10), 20);
        assertAccount(alice, 40, 40, 0, 0);
    }

    function test_ACreditorInArrearsIsNotFollowedUp() public {
        owe(bob, carol, 50);
        owe(alice, bob, 50);
        fund(alice, 50);
        assertAccount(bob, 50, 0, 0, 50);
        assertEq(escrow.payArrears(bob, 1), 50);
        assertAccount(bob, 0, 0, 0, 0);
        assertAccount(carol, 50, 0, 0, 0);
    }

    function test_RevertWhen_DepositIsOfNothing() public {
        vm.expectRevert(ITradeEscrow.TradeEscrowZeroAmount.selector);
        vm.prank(alice);
        escrow.deposit(0);
    }

    function test_RevertWhen_DepositorIsSuspended() public {
        world.setSuspended(alice, true);
        issue(alice, 1);
        vm.startPrank(alice);
        credit.approve(address(escrow), 1);
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowNotActive.selector, alice));
        escrow.deposit(1);
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowNotActive.selector, alice));
        escrow.depositFor(bob, 1);
        vm.stopPrank();
    }

    function test_RevertWhen_CreditsAreNotAllowed() public {
        issue(alice, 1);
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientAllowance.selector);
        vm.prank(alice);
        escrow.deposit(1);
    }

    function test_RevertWhen_EscrowWouldHoldMoreThan64Bits() public {
        issue(address(escrow), type(uint64).max); // by accident
        issue(alice, 1);
        vm.startPrank(alice);
        credit.approve(address(escrow), 1);
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowCapacity.selector, uint256(1) << 64));
        escrow.deposit(1);
        vm.stopPrank();
    }

    function test_CreditsSentByAccidentBelongToNobody() public {
        issue(address(escrow), 5);
        fund(alice, 1);
        assertAccount(alice, 1, 0, 0, 0);
        assertAccount(address(escrow), 0, 0, 0, 0);
    }

    // -------------------- depositFor

    function test_DepositForPaysTheArrearsOfASuspendedAccount() public {
        owe(alice, carol, 10);
        world.setSuspended(alice, true);
        issue(bob, 15);
        vm.startPrank(bob);
        credit.approve(address(escrow), 15);
        escrow.depositFor(alice, 15);
        vm.stopPrank();
        assertAccount(alice, 5, 0, 0, 0);
        assertAccount(bob, 0, 0, 0, 0);
        assertAccount(carol, 10, 0, 0, 0);
    }

    function test_RevertWhen_DepositIsForNobody() public {
        vm.expectRevert(ITradeEscrow.TradeEscrowZeroAccount.selector);
        vm.prank(bob);
        escrow.depositFor(address(0), 1);
    }

    // -------------------- depositWithPermit

    function test_DepositWithPermit() public {
        issue(alice, 100);
        (uint8 v, bytes32 r, bytes32 s) = _permit(100, type(uint256).max);
        vm.prank(alice);
        escrow.depositWithPermit(100, type(uint256).max, v, r, s);
        assertAccount(alice, 100, 0, 0, 0);
    }

    function test_APermitSubmittedBySomebodyElseDoesNoHarm() public {
        issue(alice, 100);
        (uint8 v, bytes32 r, bytes32 s) = _permit(100, type(uint256).max);
        vm.prank(bob);
        credit.permit(alice, address(escrow), 100, type(uint256).max, v, r, s);
        vm.prank(alice);
        escrow.depositWithPermit(100, type(uint256).max, v, r, s);
        assertAccount(alice, 100, 0, 0, 0);
    }

    function test_RevertWhen_PermitIsBad() public {
        issue(alice, 100);
        (uint8 v, bytes32 r, bytes32 s) = _permit(99, type(uint256).max);
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientAllowance.selector);
        vm.prank(alice);
        escrow.depositWithPermit(100, type(uint256).max, v, r, s);
    }

    function test_RevertWhen_PermitIsSomebodyElses() public {
        issue(alice, 100);
        (uint8 v, bytes32 r, bytes32 s) = _permit(100, type(uint256).max);
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientAllowance.selector);
        vm.prank(bob);
        escrow.depositWithPermit(100, type(uint256).max, v, r, s);
    }

    // -------------------- withdraw

    function test_WithdrawSendsFreeCredits() public {
        fund(alice, 100);
        vm.recordLogs();
        vm.prank(alice);
        escrow.withdraw(30);
        _assertOneMovement(0, Movement(alice, MovementLog.WITHDRAWAL, -30, 0, 0, 0));
        assertAccount(alice, 70, 0, 0, 0);
        assertEq(credit.balanceOf(alice), 30);
    }

    function test_WithdrawLeavesTheReserveOfEachActiveMeter() public {
        fund(alice, 100);
        world.setReserve(20);
        world.setActiveMeters(alice, 3);
        assertEq(escrow.withdrawableOf(alice), 40);
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowAboveWithdrawable.selector, alice, 40, 41));
        escrow.withdraw(41);
        escrow.withdraw(40);
        vm.stopPrank();
        assertEq(escrow.withdrawableOf(alice), 0);
        world.setActiveMeters(alice, 4); // a reserve above what is there
        assertEq(escrow.withdrawableOf(alice), 0);
        world.setActiveMeters(alice, 0); // the meters are retired: the reserve is free
        vm.prank(alice);
        escrow.withdraw(60);
        assertEq(credit.balanceOf(alice), 100);
    }

    function test_AHugeReserveOverflowsNothing() public {
        fund(alice, 100);
        world.setReserve(type(uint64).max);
        world.setActiveMeters(alice, type(uint64).max);
        assertEq(escrow.withdrawableOf(alice), 0);
    }

    function test_ASuspendedAccountWithdrawsWhatIsFree() public {
        fund(alice, 100);
        lockFor(alice, 10);
        world.setReserve(20);
        world.setActiveMeters(alice, 1);
        world.setSuspended(alice, true);
        vm.prank(alice);
        escrow.withdraw(70);
        assertAccount(alice, 30, 10, 0, 0);
    }

    function test_RevertWhen_WithdrawalIsOfNothing() public {
        vm.expectRevert(ITradeEscrow.TradeEscrowZeroAmount.selector);
        vm.prank(alice);
        escrow.withdraw(0);
    }

    function test_RevertWhen_WithdrawalIsOfLockedCredits() public {
        fund(alice, 100);
        lockFor(alice, 60);
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowAboveWithdrawable.selector, alice, 40, 41));
        vm.prank(alice);
        escrow.withdraw(41);
    }

    function test_RevertWhen_WithdrawingInArrears() public {
        owe(alice, bob, 70);
        assertEq(escrow.withdrawableOf(alice), 0);
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowInArrears.selector, alice, 70));
        vm.prank(alice);
        escrow.withdraw(1);
    }

    function testFuzz_NobodyWithdrawsAnothersCredits(uint64 mine, uint64 theirs, uint64 asked) public {
        mine = uint64(bound(mine, 1, 1e15));
        theirs = uint64(bound(theirs, 1, 1e15));
        asked = uint64(bound(asked, uint256(mine) + 1, type(uint64).max));
        fund(alice, mine);
        fund(bob, theirs);
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowAboveWithdrawable.selector, alice, mine, asked));
        escrow.withdraw(asked);
        escrow.withdraw(mine);
        vm.stopPrank();
        assertEq(credit.balanceOf(alice), mine);
        assertAccount(bob, theirs, 0, 0, 0);
    }

    // -------------------- reentrancy (our credit has no hooks; one that had could take nothing)

    function test_ReenteringAWithdrawalGainsNothing() public {
        (ITradeEscrow target, ReentrantCredit token) = _reentrantEscrow();
        vm.startPrank(address(token)); // the token attacks for itself
        token.mint(address(token), 100);
        token.approve(address(target), 100);
        target.deposit(100);
        token.attack(address(target), abi.encodeCall(ITradeEscrow.withdraw, (100)));
        target.withdraw(100);
        vm.stopPrank();
        assertFalse(token.entered());
        assertEq(token.balanceOf(address(token)), 100);
        assertEq(token.balanceOf(address(target)), 900);
    }

    function test_ReenteringADepositGainsNothing() public {
        (ITradeEscrow target, ReentrantCredit token) = _reentrantEscrow();
        vm.startPrank(address(token));
        token.mint(address(token), 100);
        token.approve(address(target), 100);
        token.attack(address(target), abi.encodeCall(ITradeEscrow.withdraw, (100))); // not credited yet
        target.deposit(100);
        vm.stopPrank();
        assertFalse(token.entered());
        assertEq(target.freeOf(address(token)), 100);
        assertEq(token.balanceOf(address(target)), 1000);
    }

    // -------------------- payArrears

    function test_PayArrearsMovesOnlyWhatIsOwed() public {
        owe(alice, bob, 30);
        owe(bob, carol, 20);
        fund(alice, 100); // pays bob, who now could pay carol
        vm.recordLogs();
        vm.prank(carol);
        assertEq(escrow.payArrears(bob, 5), 20);
        bytes32[] memory words = _moved();
        assertEq(words.length, 4);
        _assertMovement(words, 0, Movement(carol, MovementLog.ARREARS_RECEIVED, 20, 0, 0, 0));
        _assertMovement(words, 1, Movement(bob, MovementLog.ARREARS_PAID, -20, 0, 0, -20));
        assertAccount(bob, 10, 0, 0, 0);
    }

    function test_PayArrearsOfAnAccountThatOwesNothingIsNothing() public {
        fund(alice, 100);
        vm.recordLogs();
        assertEq(escrow.payArrears(alice, 5), 0);
        assertEq(vm.getRecordedLogs().length, 0);
        owe(bob, alice, 10);
        assertEq(escrow.payArrears(bob, 5), 0); // nothing to pay with
        assertEq(escrow.payArrears(bob, 0), 0);
    }

    function test_PayArrearsNeverTouchesLockedCredits() public {
        fund(alice, 100);
        lockFor(alice, 90);
        owe(alice, bob, 50);
        assertAccount(alice, 90, 90, 0, 40);
        assertEq(escrow.payArrears(alice, 5), 0);
        unlockFor(alice, 90);
        assertAccount(alice, 50, 0, 0, 0);
        assertAccount(bob, 50, 0, 0, 0);
    }

    // -------------------- lock, unlock, payLocked

    function test_LockAndUnlock() public {
        fund(alice, 100);
        vm.recordLogs();
        lockFor(alice, 100);
        _assertOneMovement(SLOT, Movement(alice, MovementLog.LOCK, 0, 100, 0, 0));
        assertAccount(alice, 100, 100, 0, 0);
        vm.recordLogs();
        unlockFor(alice, 99);
        _assertOneMovement(SLOT, Movement(alice, MovementLog.UNLOCK, 0, -99, 0, 0));
        assertAccount(alice, 100, 1, 0, 0);
    }

    function test_LockOfNothingSaysNothing() public {
        vm.recordLogs();
        lockFor(alice, 0);
        unlockFor(alice, 0);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_RevertWhen_FreeCreditsAreShort() public {
        fund(alice, 100);
        lockFor(alice, 60);
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowFreeShort.selector, alice, 40, 41));
        lockFor(alice, 41);
    }

    function test_UnlockSkipsNothingsAndTakesAnAccountTwice() public {
        fund(alice, 100);
        fund(bob, 100);
        lockFor(alice, 50);
        lockFor(bob, 50);
        address[] memory accounts = new address[](4);
        uint64[] memory amounts = new uint64[](4);
        (accounts[0], accounts[1], accounts[2], accounts[3]) = (alice, carol, bob, alice);
        (amounts[0], amounts[2], amounts[3]) = (20, 50, 30);
        vm.recordLogs();
        vm.prank(market);
        escrow.unlock(accounts, amounts, SLOT);
        assertEq(_moved().length, 6);
        assertAccount(alice, 100, 0, 0, 0);
        assertAccount(bob, 100, 0, 0, 0);
    }

    function test_UnlockPaysAtMost64Creditors() public {
        address[] memory accounts = new address[](70);
        uint64[] memory amounts = new uint64[](70);
        for (uint160 i = 0; i < 70; ++i) {
            accounts[i] = address(0x1000 + i);
            amounts[i] = 5;
            fund(accounts[i], 5);
            lockFor(accounts[i], 5);
            owe(accounts[i], bob, 5);
        }
        vm.prank(market);
        escrow.unlock(accounts, amounts, SLOT);
        assertEq(escrow.freeOf(bob), 64 * 5);
        assertAccount(accounts[63], 0, 0, 0, 0);
        assertAccount(accounts[64], 5, 0, 0, 5);
    }

    function test_RevertWhen_UnlockingMoreThanIsLocked() public {
        fund(alice, 100);
        lockFor(alice, 10);
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowLockedShort.selector, alice, 10, 11));
        unlockFor(alice, 11);
    }

    function test_RevertWhen_ArraysDiffer() public {
        vm.startPrank(market);
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowLengthMismatch.selector, 2, 1));
        escrow.unlock(new address[](2), new uint64[](1), SLOT);
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowLengthMismatch.selector, 1, 2));
        escrow.payLocked(alice, new address[](1), new uint64[](2), SLOT);
        vm.stopPrank();
    }

    function test_PayLockedPaysOthersAndTheirArrears() public {
        fund(alice, 100);
        lockFor(alice, 50);
        owe(carol, bob, 10);
        address[] memory to = new address[](4);
        uint64[] memory amounts = new uint64[](4);
        (to[0], to[1], to[2], to[3]) = (bob, carol, alice, bob);
        (amounts[0], amounts[1], amounts[2], amounts[3]) = (10, 15, 5, 20);
        vm.recordLogs();
        vm.prank(market);
        escrow.payLocked(alice, to, amounts, SLOT);
        bytes32[] memory words = _moved();
        _assertMovement(words, 0, Movement(alice, MovementLog.BOND_PAID, -50, -50, 0, 0));
        _assertMovement(words, 1, Movement(bob, MovementLog.BOND_RECEIVED, 10, 0, 0, 0));
        assertAccount(alice, 55, 0, 0, 0);
        assertAccount(bob, 40, 0, 0, 0);
        assertAccount(carol, 5, 0, 0, 0);
    }

    function test_RevertWhen_PayingMoreThanIsLocked() public {
        fund(alice, 100);
        lockFor(alice, 10);
        address[] memory to = new address[](1);
        uint64[] memory amounts = new uint64[](1);
        (to[0], amounts[0]) = (bob, 11);
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowLockedShort.selector, alice, 10, 11));
        vm.prank(market);
        escrow.payLocked(alice, to, amounts, SLOT);
    }

    // -------------------- callers

    function testFuzz_RevertWhen_CallerHasNoRole(address caller) public {
        vm.assume(caller != market && caller != settlement && caller != address(this));
        bytes memory refusal = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(refusal);
        escrow.lock(alice, 1, SLOT);
        vm.expectRevert(refusal);
        escrow.unlock(new address[](0), new uint64[](0), SLOT);
        vm.expectRevert(refusal);
        escrow.payLocked(alice, new address[](0), new uint64[](0), SLOT);
        vm.expectRevert(refusal);
        escrow.post(AREA, SLOT, new HomePosting[](0), new PartyPosting[](0));
        vm.expectRevert(refusal);
        escrow.release(AREA, SLOT, new HomeRelease[](0), new PartyRelease[](0));
        vm.expectRevert(refusal);
        escrow.bindFeesAccount(caller);
        vm.stopPrank();
    }

    function test_RevertWhen_MarketPostsOrSettlementLocks() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, market));
        vm.prank(market);
        escrow.post(AREA, SLOT, new HomePosting[](0), new PartyPosting[](0));
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, settlement));
        vm.prank(settlement);
        escrow.lock(alice, 1, SLOT);
    }

    // -------------------- the fees' account

    function test_FeesAccountIsBoundOnce() public {
        ITradeEscrow fresh = newEscrow(IEnergyCredit(address(credit)));
        assertEq(fresh.feesAccount(), address(0));
        vm.expectRevert(ITradeEscrow.TradeEscrowZeroAccount.selector);
        fresh.bindFeesAccount(address(0));
        vm.expectEmit(address(fresh));
        emit ITradeEscrow.FeesAccountBound(carol);
        fresh.bindFeesAccount(carol);
        assertEq(fresh.feesAccount(), carol);
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowFeesAccountBound.selector, carol));
        fresh.bindFeesAccount(bob);
    }

    // -------------------- steps

    function _permit(uint64 amount, uint256 deadline) private view returns (uint8 v, bytes32 r, bytes32 s) {
        bytes32 structHash = keccak256(
            abi.encode(PERMIT_TYPEHASH, alice, address(escrow), uint256(amount), credit.nonces(alice), deadline)
        );
        return vm.sign(aliceKey, keccak256(abi.encodePacked(hex"1901", credit.DOMAIN_SEPARATOR(), structHash)));
    }

    function _reentrantEscrow() private returns (ITradeEscrow target, ReentrantCredit token) {
        token = new ReentrantCredit();
        target = newEscrow(IEnergyCredit(address(token)));
        token.mint(bob, 900);
        vm.startPrank(bob);
        token.approve(address(target), 900);
        target.deposit(900);
        vm.stopPrank();
    }

    function _moved() private returns (bytes32[] memory words) {
        Vm.Log[] memory logs = logsOf(vm.getRecordedLogs(), address(escrow), ITradeEscrow.Moved.selector);
        assertEq(logs.length, 1, "one event a call");
        return abi.decode(logs[0].data, (bytes32[]));
    }

    function _assertOneMovement(uint32 slot, Movement memory expected) private {
        Vm.Log[] memory logs = logsOf(vm.getRecordedLogs(), address(escrow), ITradeEscrow.Moved.selector);
        assertEq(logs.length, 1, "one event a call");
        assertEq(logs[0].topics[1], bytes32(0));
        assertEq(logs[0].topics[2], bytes32(uint256(slot)));
        bytes32[] memory words = abi.decode(logs[0].data, (bytes32[]));
        assertEq(words.length, 2, "one movement");
        _assertMovement(words, 0, expected);
    }

    function _assertMovement(bytes32[] memory words, uint256 index, Movement memory expected) private pure {
        bytes32[2] memory packed = Records.packMovement(expected);
        assertEq(words[index * 2], packed[0], "account and reason");
        assertEq(words[index * 2 + 1], packed[1], "deltas");
    }
}

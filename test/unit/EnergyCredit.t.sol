// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {IEnergyCredit} from "../../contracts/interfaces/IEnergyCredit.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {EnergyCredit} from "../../contracts/transaction-chain/energy/EnergyCredit.sol";
import {Test} from "../utils/Test.sol";

contract EnergyCreditTest is Test {
    bytes32 private constant PAYMENT = keccak256("bank transfer 1");
    bytes32 private constant PAYOUT = keccak256("bank transfer 2");
    bytes32 private constant PERMIT_TYPEHASH = keccak256(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );

    EnergyCredit private credit;
    address private issuer;
    address private alice;
    uint256 private aliceKey;
    address private bob;

    function setUp() public {
        issuer = makeAddr("issuer");
        (alice, aliceKey) = makeAddrAndKey("alice");
        bob = makeAddr("bob");
        AccessManager manager = new AccessManager(address(this));
        credit = new EnergyCredit(address(manager));
        bytes4[] memory selectors = new bytes4[](2);
        selectors[0] = IEnergyCredit.issue.selector;
        selectors[1] = IEnergyCredit.redeemFrom.selector;
        manager.setTargetFunctionRole(address(credit), selectors, Roles.ISSUER);
        manager.grantRole(Roles.ISSUER, issuer, 0);
    }

    // -------------------- metadata

    function test_CountsInMicroCredits() public view {
        assertEq(uint256(credit.decimals()), 6);
        assertEq(credit.symbol(), "CWC");
        assertEq(credit.totalSupply(), 0);
    }

    // -------------------- issue

    function test_IssueCreatesCreditsAndNamesThePayment() public {
        vm.expectEmit(address(credit));
        emit IEnergyCredit.CreditIssued(alice, 5e6, PAYMENT);
        _issue(alice, 5e6, PAYMENT);
        assertEq(credit.balanceOf(alice), 5e6);
        assertEq(credit.totalSupply(), 5e6);
        assertTrue(credit.isReferenceUsed(PAYMENT));
        assertFalse(credit.isReferenceUsed(PAYOUT));
    }

    function test_RevertWhen_IssuerHasNoRole() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, alice));
        vm.prank(alice);
        credit.issue(alice, 1, PAYMENT);
    }

    function test_RevertWhen_IssueIsOfNothing() public {
        vm.expectRevert(IEnergyCredit.EnergyCreditZeroAmount.selector);
        _issue(alice, 0, PAYMENT);
    }

    function test_RevertWhen_IssueNamesNoPayment() public {
        vm.expectRevert(IEnergyCredit.EnergyCreditZeroReference.selector);
        _issue(alice, 1, bytes32(0));
    }

    function test_RevertWhen_IssueIsToTheZeroAddress() public {
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, address(0)));
        _issue(address(0), 1, PAYMENT);
    }

    function test_RevertWhen_PaymentWasAnsweredBefore() public {
        _issue(alice, 1, PAYMENT);
        vm.expectRevert(abi.encodeWithSelector(IEnergyCredit.EnergyCreditReferenceUsed.selector, PAYMENT));
        _issue(bob, 2, PAYMENT);
    }

    // -------------------- redeem

    function test_RedeemEndsCreditsWithTheHoldersAllowance() public {
        _issue(alice, 5e6, PAYMENT);
        _allow(alice, 3e6);
        vm.expectEmit(address(credit));
        emit IEnergyCredit.CreditRedeemed(alice, 2e6, PAYOUT);
        _redeem(alice, 2e6, PAYOUT);
        assertEq(credit.balanceOf(alice), 3e6);
        assertEq(credit.totalSupply(), 3e6);
        assertEq(credit.allowance(alice, issuer), 1e6);
        assertTrue(credit.isReferenceUsed(PAYOUT));
    }

    function test_RedeemWithAPermit() public {
        _issue(alice, 5e6, PAYMENT);
        uint256 deadline = vm.getBlockTimestamp() + 1 hours;
        bytes32 structHash = keccak256(
            abi.encode(PERMIT_TYPEHASH, alice, issuer, uint256(5e6), credit.nonces(alice), deadline)
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", credit.DOMAIN_SEPARATOR(), structHash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, digest);
        credit.permit(alice, issuer, 5e6, deadline, v, r, s);
        _redeem(alice, 5e6, PAYOUT);
        assertEq(credit.totalSupply(), 0);
        assertEq(credit.nonces(alice), 1);
    }

    function test_RevertWhen_RedeemerHasNoRole() public {
        _issue(alice, 1, PAYMENT);
        vm.prank(alice);
        credit.approve(bob, 1);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, bob));
        vm.prank(bob);
        credit.redeemFrom(alice, 1, PAYOUT);
    }

    function test_RevertWhen_HolderDidNotAllowTheRedemption() public {
        _issue(alice, 5e6, PAYMENT);
        _allow(alice, 1e6);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, issuer, uint256(1e6), uint256(2e6))
        );
        _redeem(alice, 2e6, PAYOUT);
    }

    function test_RevertWhen_HolderHasTooLittle() public {
        _issue(alice, 1e6, PAYMENT);
        _allow(alice, 2e6);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, alice, uint256(1e6), uint256(2e6))
        );
        _redeem(alice, 2e6, PAYOUT);
    }

    function test_RevertWhen_RedeemIsOfNothing() public {
        vm.expectRevert(IEnergyCredit.EnergyCreditZeroAmount.selector);
        _redeem(alice, 0, PAYOUT);
    }

    function test_RevertWhen_RedeemNamesNoPayment() public {
        vm.expectRevert(IEnergyCredit.EnergyCreditZeroReference.selector);
        _redeem(alice, 1, bytes32(0));
    }

    function test_RevertWhen_RedeemNamesThePaymentOfAnIssue() public {
        _issue(alice, 5e6, PAYMENT);
        _allow(alice, 5e6);
        vm.expectRevert(abi.encodeWithSelector(IEnergyCredit.EnergyCreditReferenceUsed.selector, PAYMENT));
        _redeem(alice, 5e6, PAYMENT);
    }

    function test_RevertWhen_IssueNamesThePaymentOfARedemption() public {
        _issue(alice, 5e6, PAYMENT);
        _allow(alice, 5e6);
        _redeem(alice, 5e6, PAYOUT);
        vm.expectRevert(abi.encodeWithSelector(IEnergyCredit.EnergyCreditReferenceUsed.selector, PAYOUT));
        _issue(alice, 5e6, PAYOUT);
    }

    function test_AFailedRedemptionLeavesThePaymentUnused() public {
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientAllowance.selector);
        _redeem(alice, 1, PAYOUT);
        assertFalse(credit.isReferenceUsed(PAYOUT));
    }

    // -------------------- fuzz

    function testFuzz_SupplyIsIssuedLessRedeemed(uint128 issuedMicro, uint128 redeemedMicro, bytes32 ref) public {
        uint256 issued = bound(issuedMicro, 1, type(uint128).max);
        uint256 redeemed = bound(redeemedMicro, 1, issued);
        vm.assume(ref != bytes32(0) && ref != PAYOUT);
        _issue(alice, issued, ref);
        _allow(alice, redeemed);
        _redeem(alice, redeemed, PAYOUT);
        assertEq(credit.totalSupply(), issued - redeemed);
        assertEq(credit.balanceOf(alice), issued - redeemed);
        assertEq(credit.allowance(alice, issuer), 0);
    }

    function testFuzz_RevertWhen_CallerIsNotTheIssuer(address caller, uint256 amountMicro) public {
        vm.assume(caller != issuer && caller != address(this));
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller));
        vm.prank(caller);
        credit.issue(caller, amountMicro, PAYMENT);
    }

    // -------------------- steps

    function _issue(address to, uint256 amountMicro, bytes32 paymentReference) private {
        vm.prank(issuer);
        credit.issue(to, amountMicro, paymentReference);
    }

    function _allow(address holder, uint256 amountMicro) private {
        vm.prank(holder);
        credit.approve(issuer, amountMicro);
    }

    function _redeem(address holder, uint256 amountMicro, bytes32 paymentReference) private {
        vm.prank(issuer);
        credit.redeemFrom(holder, amountMicro, paymentReference);
    }
}

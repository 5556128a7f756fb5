// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {IArrears} from "../../contracts/interfaces/IArrears.sol";
import {Test} from "../utils/Test.sol";

contract ArrearsTest is Test {
    IArrears private arrears;
    address private debtor = address(0xD);
    address private a = address(0xA);
    address private b = address(0xB);
    address private c = address(0xC);

    // the reference of the fuzz test: a plain list
    address[] private modelCreditors;
    uint64[] private modelOwed;

    function setUp() public {
        arrears = _newArrears();
        arrears.bindEscrow(address(this));
    }

    // -------------------- record

    function test_RecordMakesTheDebtVisible() public {
        vm.expectEmit(address(arrears));
        emit IArrears.DebtRecorded(debtor, a, 5);
        arrears.record(debtor, a, 5);
        assertEq(arrears.totalOf(debtor), 5);
        assertEq(arrears.debtTo(debtor, a), 5);
        assertEq(arrears.debtTo(a, debtor), 0);
        _assertQueue(_list(a), _amounts(5));
    }

    function test_MoreForAWaitingCreditorKeepsItsPlace() public {
        _record3();
        arrears.record(debtor, b, 10);
        arrears.record(debtor, a, 100);
        _assertQueue(_list(a, b, c), _amounts(101, 12, 3));
        assertEq(arrears.totalOf(debtor), 116);
    }

    function test_QueuesOfDebtorsAreApart() public {
        _record3();
        arrears.record(a, debtor, 7);
        assertEq(arrears.totalOf(a), 7);
        assertEq(arrears.totalOf(debtor), 6);
    }

    function test_RevertWhen_DebtIsOfNothing() public {
        vm.expectRevert(IArrears.ArrearsZeroAmount.selector);
        arrears.record(debtor, a, 0);
    }

    function test_RevertWhen_DebtIsToOneself() public {
        vm.expectRevert(abi.encodeWithSelector(IArrears.ArrearsSelfDebt.selector, debtor));
        arrears.record(debtor, debtor, 1);
    }

    function test_RevertWhen_DebtIsToNobody() public {
        vm.expectRevert(abi.encodeWithSelector(IArrears.ArrearsZeroCreditor.selector, debtor));
        arrears.record(debtor, address(0), 1);
    }

    // -------------------- pay

    function test_PayGoesByTheAgeOfTheDebts() public {
        _record3();
        vm.expectEmit(address(arrears));
        emit IArrears.DebtPaid(debtor, a, 1);
        vm.expectEmit(address(arrears));
        emit IArrears.DebtPaid(debtor, b, 1);
        (address[] memory creditors, uint64[] memory amounts) = arrears.pay(debtor, 2, 10);
        assertEq(creditors, _list(a, b));
        assertEq(uint256(amounts[0]), 1);
        assertEq(uint256(amounts[1]), 1);
        _assertQueue(_list(b, c), _amounts(1, 3));
        assertEq(arrears.totalOf(debtor), 4);
    }

    function test_PayStopsAfterSoManyCreditors() public {
        _record3();
        (address[] memory creditors, ) = arrears.pay(debtor, 100, 2);
        assertEq(creditors, _list(a, b));
        _assertQueue(_list(c), _amounts(3));
    }

    function test_PayNeverPaysMoreThanIsOwed() public {
        _record3();
        (address[] memory creditors, uint64[] memory amounts) = arrears.pay(debtor, 100, type(uint256).max);
        assertEq(creditors, _list(a, b, c));
        assertEq(uint256(amounts[0]) + amounts[1] + amounts[2], 6);
        assertEq(arrears.totalOf(debtor), 0);
        (creditors, ) = arrears.pay(debtor, 100, type(uint256).max);
        assertEq(creditors.length, 0);
    }

    function test_PayOfNothingOrToNobodyChangesNothing() public {
        _record3();
        arrears.pay(debtor, 0, 10);
        arrears.pay(debtor, 10, 0);
        _assertQueue(_list(a, b, c), _amounts(1, 2, 3));
    }

    function test_AnEmptiedQueueStartsAgain() public {
        _record3();
        arrears.pay(debtor, 6, 3);
        arrears.record(debtor, c, 9);
        arrears.record(debtor, a, 8);
        _assertQueue(_list(c, a), _amounts(9, 8));
        arrears.pay(debtor, 17, 2);
        assertEq(arrears.totalOf(debtor), 0);
        assertEq(arrears.debtTo(debtor, c), 0);
        assertEq(arrears.debtTo(debtor, a), 0);
    }

    function test_APaidCreditorGoesToTheEndOfTheQueue() public {
        _record3();
        arrears.pay(debtor, 1, 1);
        arrears.record(debtor, a, 4);
        _assertQueue(_list(b, c, a), _amounts(2, 3, 4));
    }

    // -------------------- set-off

    function test_NetTakesTheDebtOutWhereverItStands() public {
        _record3();
        vm.expectEmit(address(arrears));
        emit IArrears.DebtNetted(debtor, b, 2);
        assertEq(_net(debtor, b, 50), 2);
        assertEq(arrears.debtTo(debtor, b), 0);
        assertEq(_net(debtor, a, 50), 1);
        assertEq(_net(debtor, c, 2), 2);
        _assertQueue(_list(c), _amounts(1));
        assertEq(arrears.totalOf(debtor), 1);
    }

    function test_NetOfNoDebtIsNothing() public {
        arrears.record(debtor, a, 1);
        assertEq(_net(debtor, b, 50), 0);
        assertEq(_net(b, debtor, 50), 0);
        assertEq(arrears.totalOf(debtor), 1);
    }

    function test_PlacesEmptiedByNettingArePassedBy() public {
        _record3();
        assertEq(arrears.placesOf(debtor), 3);
        _net(debtor, a, 1);
        _net(debtor, b, 2);
        assertEq(arrears.placesOf(debtor), 3);
        (address[] memory creditors, ) = arrears.pay(debtor, 2, 2); // both places are empty
        assertEq(creditors.length, 0);
        (creditors, ) = arrears.pay(debtor, 2, 1);
        assertEq(creditors, _list(c));
        _assertQueue(_list(c), _amounts(1));
        assertEq(arrears.placesOf(debtor), 1);
        _net(debtor, c, 1);
        assertEq(arrears.placesOf(debtor), 0);
    }

    function test_ACreditorNettedToNothingKeepsItsPlace() public {
        _record3();
        _net(debtor, a, 1);
        _net(debtor, b, 2);
        arrears.record(debtor, b, 5);
        arrears.record(debtor, a, 6);
        _assertQueue(_list(a, b, c), _amounts(6, 5, 3));
    }

    // -------------------- charge

    function test_ChargeSetsOffThenCountsCashThenRecords() public {
        arrears.record(debtor, a, 10);
        vm.expectEmit(address(arrears));
        emit IArrears.DebtNetted(debtor, a, 10);
        vm.expectEmit(address(arrears));
        emit IArrears.DebtRecorded(a, debtor, 7);
        assertEq(arrears.charge(a, debtor, 25, 8), 10);
        assertEq(arrears.totalOf(debtor), 0);
        assertEq(arrears.debtTo(a, debtor), 7);
    }

    function test_ChargeSetsOffNoMoreThanIsDue() public {
        arrears.record(debtor, a, 10);
        assertEq(arrears.charge(a, debtor, 4, 0), 4);
        assertEq(arrears.debtTo(debtor, a), 6);
        assertEq(arrears.totalOf(a), 0);
    }

    function test_ChargeThatCashCoversIsNoDebt() public {
        arrears.record(debtor, a, 10);
        assertEq(arrears.charge(b, debtor, 4, 4), 0);
        assertEq(arrears.charge(b, debtor, 0, 0), 0);
        assertEq(arrears.totalOf(b), 0);
        assertEq(arrears.totalOf(debtor), 10);
    }

    function test_ChargeWithNothingToSetOffRecords() public {
        assertEq(arrears.charge(debtor, a, 5, 2), 0);
        _assertQueue(_list(a), _amounts(3));
    }

    function testFuzz_ChargeIsSetOffCashAndDebt(uint32 owed, uint32 due, uint32 cash, bool behindAnother) public {
        if (behindAnother) arrears.record(debtor, b, 1);
        if (owed != 0) arrears.record(debtor, a, owed);
        uint64 netted = arrears.charge(a, debtor, due, cash);
        assertEq(netted, owed < due ? owed : due);
        assertEq(arrears.debtTo(debtor, a), owed - netted);
        assertEq(arrears.totalOf(debtor), owed - netted + (behindAnother ? 1 : 0));
        assertEq(arrears.debtTo(a, debtor), due - netted > cash ? due - netted - cash : 0);
    }

    function test_RevertWhen_ChargeMakesADebtToOneselfOrNobody() public {
        vm.expectRevert(abi.encodeWithSelector(IArrears.ArrearsSelfDebt.selector, debtor));
        arrears.charge(debtor, debtor, 2, 1);
        vm.expectRevert(abi.encodeWithSelector(IArrears.ArrearsZeroCreditor.selector, debtor));
        arrears.charge(debtor, address(0), 2, 1);
    }

    // -------------------- the escrow

    function testFuzz_RevertWhen_CallerIsNotTheEscrow(address caller) public {
        vm.assume(caller != address(this));
        vm.startPrank(caller);
        _assertRefused(arrears, caller);
        vm.stopPrank();
    }

    function test_RevertWhen_NoEscrowIsBound() public {
        IArrears unbound = _newArrears();
        assertEq(unbound.escrow(), address(0));
        _assertRefused(unbound, address(this)); // not even whoever administers
    }

    function test_BindEscrowSaysWhoWrites() public {
        IArrears unbound = _newArrears();
        vm.expectEmit(address(unbound));
        emit IArrears.EscrowBound(a);
        unbound.bindEscrow(a);
        assertEq(unbound.escrow(), a);
        vm.prank(a);
        unbound.record(debtor, b, 5);
        assertEq(unbound.totalOf(debtor), 5);
        _assertRefused(unbound, address(this));
    }

    function test_RevertWhen_TheEscrowIsBoundTwice() public {
        vm.expectRevert(abi.encodeWithSelector(IArrears.ArrearsEscrowBound.selector, address(this)));
        arrears.bindEscrow(a);
    }

    function testFuzz_RevertWhen_AStrangerBindsTheEscrow(address stranger) public {
        vm.assume(stranger != address(this));
        IArrears unbound = _newArrears();
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        unbound.bindEscrow(stranger);
    }

    // -------------------- against a plain list

    function testFuzz_QueueIsAPlainList(uint256 seed) public {
        for (uint256 step = 0; step < 40; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            address creditor = address(uint160(1 + ((seed >> 8) % 6)));
            uint64 amount = uint64(1 + ((seed >> 16) % 100));
            if (seed % 4 < 2) {
                arrears.record(debtor, creditor, amount);
                _modelRecord(creditor, amount);
            } else if (seed % 4 == 2) {
                assertEq(_net(debtor, creditor, amount), _modelNet(creditor, amount), "netted");
            } else {
                _payBoth(amount, (seed >> 32) % 5);
            }
            _assertModel();
        }
    }

    function _payBoth(uint64 cash, uint256 places) private {
        (address[] memory creditors, uint64[] memory amounts) = arrears.pay(debtor, cash, places);
        uint256 paid;
        for (uint256 i = 0; i < places && modelCreditors.length != 0 && cash != 0; ++i) {
            uint64 amount = modelOwed[0] < cash ? modelOwed[0] : cash;
            if (amount != 0) {
                assertEq(creditors[paid], modelCreditors[0], "paid creditor");
                assertEq(amounts[paid++], amount, "paid amount");
            }
            modelOwed[0] -= amount;
            cash -= amount;
            if (modelOwed[0] == 0) _modelPop();
        }
        assertEq(creditors.length, paid, "creditors paid");
    }

    function _modelRecord(address creditor, uint64 amount) private {
        for (uint256 i = 0; i < modelCreditors.length; ++i) {
            if (modelCreditors[i] == creditor) {
                modelOwed[i] += amount;
                return;
            }
        }
        // the last place is given up as soon as nothing is owed there and nobody waits behind it
        if (modelCreditors.length == 1 && modelOwed[0] == 0) _modelPop();
        modelCreditors.push(creditor);
        modelOwed.push(amount);
    }

    function _modelNet(address creditor, uint64 amount) private returns (uint64) {
        for (uint256 i = 0; i < modelCreditors.length; ++i) {
            if (modelCreditors[i] != creditor) continue;
            if (amount > modelOwed[i]) amount = modelOwed[i];
            modelOwed[i] -= amount;
            return amount;
        }
        return 0;
    }

    function _modelPop() private {
        for (uint256 i = 1; i < modelCreditors.length; ++i) {
            modelCreditors[i - 1] = modelCreditors[i];
            modelOwed[i - 1] = modelOwed[i];
        }
        modelCreditors.pop();
        modelOwed.pop();
    }

    function _assertModel() private view {
        (address[] memory creditors, uint64[] memory amounts) = arrears.debtsOf(debtor, type(uint256).max);
        uint256 count;
        uint256 total;
        for (uint256 i = 0; i < modelCreditors.length; ++i) {
            if (modelOwed[i] == 0) continue;
            assertEq(creditors[count], modelCreditors[i], "creditor");
            assertEq(amounts[count++], modelOwed[i], "owed");
            assertEq(arrears.debtTo(debtor, modelCreditors[i]), modelOwed[i], "debtTo");
            total += modelOwed[i];
        }
        assertEq(creditors.length, count, "places");
        assertEq(arrears.totalOf(debtor), total, "total");
        assertEq(arrears.placesOf(debtor), total == 0 && modelOwed.length < 2 ? 0 : modelOwed.length, "places");
    }

    // -------------------- steps

    function _newArrears() private returns (IArrears) {
        address manager = address(new AccessManager(address(this)));
        return IArrears(deployCode("Arrears.sol:Arrears", abi.encode(manager)));
    }

    /// Sets off by a charge that the creditor has the cash for: nothing is recorded.
    function _net(address owing, address creditor, uint64 maxMicro) private returns (uint64) {
        return arrears.charge(creditor, owing, maxMicro, maxMicro);
    }

    function _assertRefused(IArrears ledger, address caller) private {
        bytes memory refusal = abi.encodeWithSelector(IArrears.ArrearsNotEscrow.selector, caller);
        vm.expectRevert(refusal);
        ledger.record(debtor, a, 1);
        vm.expectRevert(refusal);
        ledger.charge(debtor, a, 1, 0);
        vm.expectRevert(refusal);
        ledger.pay(debtor, 1, 1);
    }

    function _record3() private {
        arrears.record(debtor, a, 1);
        arrears.record(debtor, b, 2);
        arrears.record(debtor, c, 3);
    }

    function _assertQueue(address[] memory creditors, uint64[] memory amounts) private view {
        (address[] memory listed, uint64[] memory owed) = arrears.debtsOf(debtor, 10);
        assertEq(listed, creditors);
        for (uint256 i = 0; i < creditors.length; ++i) assertEq(uint256(owed[i]), amounts[i]);
    }

    function _list(address x) private pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = x;
    }

    function _list(address x, address y) private pure returns (address[] memory list) {
        list = new address[](2);
        (list[0], list[1]) = (x, y);
    }

    function _list(address x, address y, address z) private pure returns (address[] memory list) {
        list = new address[](3);
        (list[0], list[1], list[2]) = (x, y, z);
    }

    function _amounts(uint64 x) private pure returns (uint64[] memory list) {
        list = new uint64[](1);
        list[0] = x;
    }

    function _amounts(uint64 x, uint64 y) private pure returns (uint64[] memory list) {
        list = new uint64[](2);
        (list[0], list[1]) = (x, y);
    }

    function _amounts(uint64 x, uint64 y, uint64 z) private pure returns (uint64[] memory list) {
        list = new uint64[](3);
        (list[0], list[1], list[2]) = (x, y, z);
    }
}

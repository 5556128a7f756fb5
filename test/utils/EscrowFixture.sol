// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {AccountingRevenue} from "../../contracts/federation/AccountingRevenue.sol";
import {IAccountantElection} from "../../contracts/interfaces/IAccountantElection.sol";
import {IAccountingFees} from "../../contracts/interfaces/IAccountingFees.sol";
import {IArrears} from "../../contracts/interfaces/IArrears.sol";
import {IDeviceRegistry} from "../../contracts/interfaces/IDeviceRegistry.sol";
import {IEnergyCredit} from "../../contracts/interfaces/IEnergyCredit.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IMarketCalendar} from "../../contracts/interfaces/IMarketCalendar.sol";
import {IMarketRules} from "../../contracts/interfaces/IMarketRules.sol";
import {HomePosting, ITradeEscrow, PartyPosting} from "../../contracts/interfaces/ITradeEscrow.sol";
import {IVoteBook} from "../../contracts/interfaces/IVoteBook.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {ElectionMock} from "../../contracts/mocks/ElectionMock.sol";
import {MarketWorldMock} from "../../contracts/mocks/MarketWorldMock.sol";
import {EnergyCredit} from "../../contracts/transaction-chain/energy/EnergyCredit.sol";
import {EscrowWiring} from "../../contracts/types/WiringTypes.sol";
import {Test} from "./Test.sol";

/// @notice TradeEscrow with its real credit, debt ledger and fees, a mocked market around it, and the callers that
///         have its roles as plain addresses.
abstract contract EscrowFixture is Test {
    uint32 internal constant SLOT = 411_000;
    uint24 internal constant AREA = 7;

    AccessManager internal manager;
    EnergyCredit internal credit;
    IArrears internal arrears;
    MarketWorldMock internal world;
    ITradeEscrow internal escrow;
    AccountingRevenue internal fees;
    address internal market = address(0xA11);
    address internal settlement = address(0x5E771E);
    uint256 private _payments;

    function deployEscrow() internal {
        vm.warp(uint256(SLOT) * 3600 + 60);
        manager = new AccessManager(address(this));
        credit = new EnergyCredit(address(manager));
        manager.grantRole(Roles.ISSUER, address(this), 0);
        _allow(address(credit), IEnergyCredit.issue.selector, Roles.ISSUER);
        world = new MarketWorldMock();
        (escrow, arrears) = _newEscrow(IEnergyCredit(address(credit)));
        IAccountantElection election = IAccountantElection(address(new ElectionMock()));
        fees = new AccountingRevenue(address(manager), credit, election, 0);
        fees.bindParts(escrow, IVoteBook(address(0)));
        escrow.bindFeesAccount(address(fees));
        allowEscrow(address(escrow));
        _allow(address(fees), IAccountingFees.book.selector, Roles.SETTLEMENT);
        _allow(address(fees), IAccountingFees.assignPool.selector, Roles.COUNCIL);
        manager.grantRole(Roles.MARKET, market, 0);
        manager.grantRole(Roles.SETTLEMENT, settlement, 0);
    }

    function allowEscrow(address target) internal {
        _allow(target, ITradeEscrow.lock.selector, Roles.MARKET);
        _allow(target, ITradeEscrow.unlock.selector, Roles.MARKET);
        _allow(target, ITradeEscrow.payLocked.selector, Roles.MARKET);
        _allow(target, ITradeEscrow.post.selector, Roles.SETTLEMENT);
        _allow(target, ITradeEscrow.release.selector, Roles.SETTLEMENT);
    }

    /// Another escrow, with debts of its own.
    function newEscrow(IEnergyCredit token) internal returns (ITradeEscrow made) {
        (made, ) = _newEscrow(token);
    }

    function _newEscrow(IEnergyCredit token) private returns (ITradeEscrow made, IArrears debts) {
        debts = IArrears(deployCode("Arrears.sol:Arrears", abi.encode(address(manager))));
        EscrowWiring memory wiring = EscrowWiring({
            credit: token,
            arrears: debts,
            federation: IFederation(address(world)),
            devices: IDeviceRegistry(address(world)),
            rules: IMarketRules(address(world)),
            calendar: IMarketCalendar(address(world))
        });
        made = ITradeEscrow(deployCode("TradeEscrow.sol:TradeEscrow", abi.encode(address(manager), wiring)));
        debts.bindEscrow(address(made));
    }

    /// Issues credits to the account and deposits them.
    function fund(address account, uint64 amountMicro) internal {
        credit.issue(account, amountMicro, bytes32(++_payments));
        vm.prank(account);
        credit.approve(address(escrow), amountMicro);
        vm.prank(account);
        escrow.deposit(amountMicro);
    }

    function issue(address account, uint256 amountMicro) internal {
        credit.issue(account, amountMicro, bytes32(++_payments));
    }

    function lockFor(address account, uint64 amountMicro) internal {
        vm.prank(market);
        escrow.lock(account, amountMicro, SLOT);
    }

    function unlockFor(address account, uint64 amountMicro) internal {
        address[] memory accounts = new address[](1);
        uint64[] memory amounts = new uint64[](1);
        (accounts[0], amounts[0]) = (account, amountMicro);
        vm.prank(market);
        escrow.unlock(accounts, amounts, SLOT);
    }

    /// A debt by the way debts come to be: a grid share that the debtor cannot pay.
    function owe(address debtor, address creditor, uint64 amountMicro) internal {
        HomePosting memory h = homePosting(debtor, creditor);
        h.gridShareMicro = amountMicro;
        post(h);
    }

    function homePosting(address account, address supplier) internal pure returns (HomePosting memory h) {
        h.account = account;
        h.supplier = supplier;
    }

    function post(HomePosting memory h) internal returns (uint64 heldMicro, uint64 uncoveredMicro) {
        return post(h, new PartyPosting[](0));
    }

    function post(HomePosting memory h, PartyPosting[] memory parties) internal returns (uint64, uint64) {
        HomePosting[] memory homes = new HomePosting[](1);
        homes[0] = h;
        vm.prank(settlement);
        (uint64[] memory held, uint64[] memory uncovered) = escrow.post(AREA, SLOT, homes, parties);
        assertEq(held.length, 1);
        assertEq(uncovered.length, 1);
        return (held[0], uncovered[0]);
    }

    function postParties(PartyPosting[] memory parties) internal {
        vm.prank(settlement);
        escrow.post(AREA, SLOT, new HomePosting[](0), parties);
    }

    function parties2(address a, address b) internal pure returns (PartyPosting[] memory parties) {
        parties = new PartyPosting[](2);
        parties[0].account = a;
        parties[1].account = b;
    }

    function assertAccount(address account, uint64 balance, uint64 locked, uint64 held, uint64 owed) internal view {
        (uint64 b, uint64 k, uint64 h, uint64 a) = escrow.accountOf(account);
        assertEq(b, balance, "balance");
        assertEq(k, locked, "locked");
        assertEq(h, held, "held");
        assertEq(a, owed, "arrears");
        assertEq(escrow.freeOf(account), balance - locked - held, "free");
        assertEq(escrow.arrearsOf(account), owed, "arrearsOf");
        assertEq(arrears.totalOf(account), owed, "mirror");
    }

    function _allow(address target, bytes4 selector, uint64 role) internal {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        manager.setTargetFunctionRole(target, selectors, role);
    }
}

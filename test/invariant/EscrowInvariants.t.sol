// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IArrears} from "../../contracts/interfaces/IArrears.sol";
import {
    HomePosting,
    HomeRelease,
    ITradeEscrow,
    PartyPosting,
    PartyRelease
} from "../../contracts/interfaces/ITradeEscrow.sol";
import {Records} from "../../contracts/libraries/Records.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {EnergyCredit} from "../../contracts/transaction-chain/energy/EnergyCredit.sol";
import {Movement} from "../../contracts/types/RecordTypes.sol";
import {EscrowFixture} from "../utils/EscrowFixture.sol";
import {Test} from "../utils/Test.sol";
import {Vm} from "../utils/Vm.sol";

/// @notice Random use of TradeEscrow by five participants, a grid operator, the market and the settlement. Keeps
///         its own books: what each account should be worth, what the events say, what each slot holds.
contract EscrowHandler is Test {
    struct Meter {
        address account;
        address supplier;
        uint64 lockMicro;
        int64 communityMicro; // N so far
        int64 feedInMicro;
        uint64 gridMicro;
        uint64 heldMicro;
        uint64 uncoveredMicro;
    }

    struct Slot {
        Meter[3] meters;
        int64[3] partyMicro; // community of the two suppliers and the grid operator
        int64 surplusMicro; // from the first supplier to the second
        bool released;
    }

    // what happened, so that a test can tell that the run was not empty
    uint256 public settled;
    uint256 public corrected;
    uint256 public releasedSlots;
    uint256 public debtsRecorded;
    uint256 public debtsPaid;
    uint256 public debtsNetted;
    /// The first thing that went wrong; empty: nothing.
    string public fault;

    mapping(address account => int256 worth) public expectedWorth;
    mapping(address account => int256[4] sums) private _moved;
    mapping(address debtor => mapping(address creditor => int256 owed)) public debtByEvents;
    mapping(address account => uint256 held) public expectedHeld;
    mapping(address account => uint64 locked) public expectedLocked;

    ITradeEscrow private escrow;
    IArrears private arrears;
    EnergyCredit private credit;
    address private fees;
    address[] private actors;
    Slot[] private slots;

    constructor(
        ITradeEscrow escrow_,
        IArrears arrears_,
        EnergyCredit credit_,
        address fees_,
        address[] memory actors_
    ) {
        (escrow, arrears, credit, fees) = (escrow_, arrears_, credit_, fees_);
        actors = actors_;
        for (uint256 i = 0; i < actors_.length; ++i) {
            vm.prank(actors_[i]);
            credit_.approve(address(escrow_), type(uint256).max);
        }
    }

    /// Reads the events of an action into the books.
    modifier logged() {
        vm.recordLogs();
        _;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter == address(escrow)) _readMoved(logs[i]);
            if (logs[i].emitter == address(arrears)) _readDebt(logs[i]);
        }
    }

    // -------------------- participants

    function deposit(uint256 who, uint64 amountMicro) external logged {
        address account = actors[who % actors.length];
        _depositFor(account, account, amountMicro);
    }

    function depositFor(uint256 who, uint256 whom, uint64 amountMicro) external logged {
        _depositFor(actors[who % actors.length], actors[whom % actors.length], amountMicro);
    }

    function withdraw(uint256 who, uint64 amountMicro) external logged {
        address account = actors[who % actors.length];
        uint64 withdrawable = escrow.withdrawableOf(account);
        uint64 amount = uint64(bound(amountMicro, 1, uint256(withdrawable) + 5));
        vm.prank(account);
        try escrow.withdraw(amount) {
            _check(amount <= withdrawable && escrow.arrearsOf(account) == 0, "withdrew too much");
            expectedWorth[account] -= int256(uint256(amount));
        } catch {
            _check(amount > withdrawable, "withdrawal refused");
        }
    }

    function payArrears(uint256 who, uint256 whom, uint256 maxCreditors) external logged {
        address debtor = actors[whom % actors.length];
        uint64 before = escrow.arrearsOf(debtor);
        uint64 free = escrow.freeOf(debtor);
        uint256 places = bound(maxCreditors, 0, 8);
        vm.prank(actors[who % actors.length]);
        uint64 paid = escrow.payArrears(debtor, places);
        _check(escrow.arrearsOf(debtor) == before - paid, "paid is not what arrears fell by");
        _check(places < 8 || paid == (before < free ? before : free), "creditors left although there is money");
    }

    /// Whoever has no role changes nothing by trying.
    function trespass(uint256 who, uint256 whom, uint64 amountMicro) external {
        address account = actors[who % actors.length];
        address victim = actors[whom % actors.length];
        address[] memory to = new address[](1);
        uint64[] memory amounts = new uint64[](1);
        (to[0], amounts[0]) = (account, amountMicro);
        bytes[6] memory calls = [
            abi.encodeCall(ITradeEscrow.lock, (victim, 0, 1)),
            abi.encodeCall(ITradeEscrow.unlock, (to, amounts, 1)),
            abi.encodeCall(ITradeEscrow.payLocked, (victim, to, amounts, 1)),
            abi.encodeCall(ITradeEscrow.post, (1, 1, new HomePosting[](0), new PartyPosting[](0))),
            abi.encodeCall(ITradeEscrow.release, (1, 1, new HomeRelease[](0), new PartyRelease[](0))),
            abi.encodeCall(ITradeEscrow.bindFeesAccount, (account))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            vm.prank(account);
            // solhint-disable-next-line avoid-low-level-calls
            (bool done, ) = address(escrow).call(calls[i]);
            _check(!done, "somebody without a role was let in");
        }
    }

    // -------------------- market

    function lock(uint256 who, uint64 amountMicro) external logged {
        address account = actors[who % actors.length];
        uint64 free = escrow.freeOf(account);
        uint64 owed = escrow.arrearsOf(account);
        uint64 spendable = free > owed ? free - owed : 0;
        uint64 amount = uint64(bound(amountMicro, 0, uint256(spendable) + 5));
        try escrow.lock(account, amount, 1) {
            _check(amount <= spendable, "locked what belongs to creditors");
            expectedLocked[account] += amount;
        } catch {
            _check(amount > spendable, "lock refused");
        }
    }

    function unlock(uint256 who, uint64 amountMicro) external logged {
        address account = actors[who % actors.length];
        uint64 amount = uint64(bound(amountMicro, 0, expectedLocked[account]));
        address[] memory accounts = new address[](2);
        uint64[] memory amounts = new uint64[](2);
        (accounts[0], amounts[0], accounts[1], amounts[1]) = (account, amount / 2, account, amount - amount / 2);
        escrow.unlock(accounts, amounts, 1);
        expectedLocked[account] -= amount;
    }

    function payLocked(uint256 who, uint256 whom, uint64 amountMicro) external logged {
        address account = actors[who % actors.length];
        uint64 amount = uint64(bound(amountMicro, 0, expectedLocked[account]));
        address[] memory to = new address[](2);
        uint64[] memory amounts = new uint64[](2);
        (to[0], amounts[0]) = (actors[whom % actors.length], amount / 3);
        (to[1], amounts[1]) = (actors[(whom >> 8) % actors.length], amount - amount / 3);
        escrow.payLocked(account, to, amounts, 1);
        expectedLocked[account] -= amount;
        expectedWorth[account] -= int256(uint256(amount));
        for (uint256 i = 0; i < 2; ++i) expectedWorth[to[i]] += int256(uint256(amounts[i]));
    }

    // -------------------- settlement

    function settle(uint256 seed) external logged {
        Slot storage s = slots.push();
        for (uint256 i = 0; i < 3; ++i) {
            Meter storage m = s.meters[i];
            m.account = actors[_random(seed, i) % 5];
            m.supplier = actors[3 + (_random(seed, 10 + i) % 2)];
            uint64 free = escrow.freeOf(m.account);
            uint64 owed = escrow.arrearsOf(m.account);
            if (free <= owed) continue;
            m.lockMicro = uint64(_random(seed, 20 + i) % (uint256(free - owed) / 2 + 1));
            escrow.lock(m.account, m.lockMicro, 1);
        }
        _post(s, seed, true);
        ++settled;
    }

    function correct(uint256 index, uint256 seed) external logged {
        if (slots.length == 0) return;
        Slot storage s = slots[index % slots.length];
        if (s.released) return;
        _post(s, seed, false);
        ++corrected;
    }

    function release(uint256 index) external logged {
        if (slots.length == 0) return;
        Slot storage s = slots[index % slots.length];
        if (s.released) return;
        s.released = true;
        HomeRelease[] memory homes = new HomeRelease[](3);
        PartyRelease[] memory parties = new PartyRelease[](3);
        for (uint256 i = 0; i < 3; ++i) {
            Meter storage m = s.meters[i];
            uint64 covered = m.gridMicro - m.uncoveredMicro;
            homes[i] = HomeRelease(m.account, m.supplier, m.heldMicro, covered);
            _due(m.account, m.supplier, int256(uint256(covered)));
            expectedHeld[m.account] -= m.heldMicro;
            parties[i] = PartyRelease(actors[3 + i], uint64(s.partyMicro[i]));
            expectedHeld[actors[3 + i]] -= uint64(s.partyMicro[i]);
        }
        try escrow.release(1, 1, homes, parties) {
            ++releasedSlots;
        } catch {
            _check(false, "release reverted");
        }
    }

    // -------------------- read by the invariants

    function movedOf(address account) external view returns (int256[4] memory) {
        return _moved[account];
    }

    // -------------------- steps

    function _depositFor(address payer, address account, uint64 amountMicro) private {
        uint64 amount = uint64(bound(amountMicro, 1, 2_000));
        credit.issue(payer, amount, keccak256(abi.encode(gasleft(), payer, amount, credit.totalSupply())));
        uint256 places = arrears.placesOf(account);
        vm.prank(payer);
        escrow.depositFor(account, amount);
        expectedWorth[account] += int256(uint256(amount));
        bool paidFirst = escrow.arrearsOf(account) == 0 || escrow.freeOf(account) == 0;
        _check(paidFirst || places > 4, "deposit did not pay arrears first");
    }

    /// Random results of a slot: what some meters pay out of their locks goes to the other meters and the parties.
    function _post(Slot storage s, uint256 seed, bool first) private {
        HomePosting[] memory homes = new HomePosting[](3);
        PartyPosting[] memory parties = new PartyPosting[](3);
        int64[6] memory community = _share(s, seed);
        for (uint256 i = 0; i < 3; ++i) {
            _fillHome(s.meters[i], homes[i], community[i], _random(seed, 60 + i), first);
            parties[i].account = actors[3 + i];
            parties[i].communityMicro = community[3 + i] - s.partyMicro[i];
            expectedWorth[actors[3 + i]] += parties[i].communityMicro;
            expectedHeld[actors[3 + i]] = uint256(int256(expectedHeld[actors[3 + i]]) + parties[i].communityMicro);
            s.partyMicro[i] = community[3 + i];
        }
        int64 surplus = int64(uint64(_random(seed, 70) % 200)) - 100;
        parties[0].surplusMicro = s.surplusMicro - surplus;
        parties[1].surplusMicro = surplus - s.surplusMicro;
        _due(actors[3], actors[4], surplus - s.surplusMicro);
        s.surplusMicro = surplus;
        if (first) {
            parties[1].accountingFeeMicro = uint64(_random(seed, 71) % 20);
            _due(actors[4], fees, int256(uint256(parties[1].accountingFeeMicro)));
        }
        try escrow.post(1, 1, homes, parties) returns (uint64[] memory held, uint64[] memory uncovered) {
            for (uint256 i = 0; i < 3; ++i) _readResult(s.meters[i], held[i], uncovered[i]);
        } catch {
            _check(false, "settlement reverted");
        }
    }

    function _share(Slot storage s, uint256 seed) private view returns (int64[6] memory community) {
        uint64 pot;
        for (uint256 i = 0; i < 3; ++i) {
            uint64 paid = uint64(_random(seed, 30 + i) % (uint256(s.meters[i].lockMicro) + 1));
            community[i] = -int64(paid);
            pot += paid;
        }
        for (uint256 i = 0; i < 5; ++i) {
            uint64 part = uint64(_random(seed, 40 + i) % (uint256(pot) + 1));
            community[i] += int64(part);
            pot -= part;
        }
        community[5] += int64(pot);
    }

    function _fillHome(Meter storage m, HomePosting memory h, int64 community, uint256 random, bool first) private {
        int64 feedIn = int64(uint64(random % 300));
        h.account = m.account;
        h.supplier = m.supplier;
        h.unlockMicro = first ? m.lockMicro : 0;
        h.communityMicro = community - m.communityMicro;
        h.feedInMicro = feedIn - m.feedInMicro;
        h.heldBeforeMicro = m.heldMicro;
        h.backingMicro = uint64(int64(m.lockMicro) + community);
        h.uncoveredBeforeMicro = m.uncoveredMicro;
        h.gridShareMicro = uint64((random >> 64) % 500);
        expectedWorth[m.account] += h.communityMicro;
        _due(m.supplier, m.account, h.feedInMicro);
        m.communityMicro = community;
        m.feedInMicro = feedIn;
        m.gridMicro = h.gridShareMicro;
    }

    function _readResult(Meter storage m, uint64 held, uint64 uncovered) private {
        uint64 backing = uint64(int64(m.lockMicro) + m.communityMicro);
        _check(held >= backing && held <= backing + uint64(m.feedInMicro), "held is not backing plus feed-in paid");
        _check(uncovered == (m.gridMicro > held ? m.gridMicro - held : 0), "uncovered is not share less held");
        _due(m.account, m.supplier, int256(uint256(uncovered)) - int256(uint256(m.uncoveredMicro)));
        expectedHeld[m.account] = expectedHeld[m.account] + held - m.heldMicro;
        m.heldMicro = held;
        m.uncoveredMicro = uncovered;
    }

    /// `from` owes `to` this much: in cash or as a debt, it changes what both are worth. Nothing is due to oneself.
    function _due(address from, address to, int256 amountMicro) private {
        if (from == to) return;
        expectedWorth[from] -= amountMicro;
        expectedWorth[to] += amountMicro;
    }

    function _readMoved(Vm.Log memory log) private {
        if (log.topics[0] != ITradeEscrow.Moved.selector) return;
        bytes32[] memory words = abi.decode(log.data, (bytes32[]));
        for (uint256 i = 0; i < words.length; i += 2) {
            Movement memory m = Records.unpackMovement([words[i], words[i + 1]]);
            int256[4] storage sums = _moved[m.account];
            sums[0] += m.balance;
            sums[1] += m.locked;
            sums[2] += m.held;
            sums[3] += m.arrears;
        }
    }

    function _readDebt(Vm.Log memory log) private {
        int256 amount = int256(uint256(abi.decode(log.data, (uint64))));
        bool recorded = log.topics[0] == IArrears.DebtRecorded.selector;
        if (recorded) ++debtsRecorded;
        if (log.topics[0] == IArrears.DebtPaid.selector) ++debtsPaid;
        if (log.topics[0] == IArrears.DebtNetted.selector) ++debtsNetted;
        address debtor = address(uint160(uint256(log.topics[1])));
        address creditor = address(uint160(uint256(log.topics[2])));
        debtByEvents[debtor][creditor] += recorded ? amount : -amount;
    }

    function _check(bool right, string memory note) private {
        if (!right && bytes(fault).length == 0) fault = note;
    }

    function _random(uint256 seed, uint256 salt) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, salt)));
    }
}

/// @notice Invariants of TradeEscrow and Arrears under random sequences by many actors.
contract EscrowInvariantsTest is EscrowFixture {
    EscrowHandler private handler;
    address[] private all; // the handler's actors, then the fees' account

    function setUp() public {
        deployEscrow();
        for (uint160 i = 0; i < 6; ++i) all.push(address(0xAC70 + i));
        handler = new EscrowHandler(escrow, arrears, credit, address(fees), all);
        all.push(address(fees));
        manager.grantRole(Roles.MARKET, address(handler), 0);
        manager.grantRole(Roles.SETTLEMENT, address(handler), 0);
        manager.grantRole(Roles.ISSUER, address(handler), 0);
        world.setReserve(3);
        for (uint256 i = 0; i < 3; ++i) world.setActiveMeters(all[i], i);
        targetContract(address(handler));
    }

    /// Credits are conserved: the escrow has what its accounts add up to, to the micro-credit.
    function invariant_EscrowIsSolvent() public view {
        uint256 sum;
        for (uint256 i = 0; i < all.length; ++i) sum += _balance(all[i]);
        assertEq(sum, credit.balanceOf(address(escrow)));
    }

    /// Locked and held credits are all backed by cash, and are what the market and the slots put there.
    function invariant_LockedAndHeldAreBacked() public view {
        for (uint256 i = 0; i < all.length; ++i) {
            (uint64 balance, uint64 locked, uint64 held, ) = escrow.accountOf(all[i]);
            assertLe(uint256(locked) + held, balance);
            assertEq(held, handler.expectedHeld(all[i]), "held");
            assertEq(locked, handler.expectedLocked(all[i]), "locked");
        }
    }

    /// No path to another's money: what an account is worth (credits, plus what others owe it, less what it owes)
    /// changes by its own deposits and withdrawals and by what is posted to it, and by nothing else.
    function invariant_WorthIsDepositsAndPostings() public view {
        for (uint256 i = 0; i < all.length; ++i) {
            int256 worth = int256(_balance(all[i])) - int256(uint256(escrow.arrearsOf(all[i])));
            for (uint256 j = 0; j < all.length; ++j) worth += int256(uint256(arrears.debtTo(all[j], all[i])));
            assertEq(worth, handler.expectedWorth(all[i]));
        }
    }

    /// Debts are visible: the mirror in the account word, the total and the pairs in Arrears agree, and nobody owes
    /// somebody who owes him.
    function invariant_DebtsAreVisible() public view {
        for (uint256 i = 0; i < all.length; ++i) {
            uint256 sum;
            for (uint256 j = 0; j < all.length; ++j) {
                uint64 debt = arrears.debtTo(all[i], all[j]);
                sum += debt;
                assertTrue(debt == 0 || arrears.debtTo(all[j], all[i]) == 0, "both owe each other");
            }
            assertEq(sum, arrears.totalOf(all[i]), "total");
            assertEq(sum, escrow.arrearsOf(all[i]), "mirror");
        }
    }

    /// Events alone rebuild every account and every debt.
    function invariant_EventsRebuildAccounts() public view {
        for (uint256 i = 0; i < all.length; ++i) {
            (uint64 balance, uint64 locked, uint64 held, uint64 owed) = escrow.accountOf(all[i]);
            int256[4] memory sums = handler.movedOf(all[i]);
            assertEq(sums[0], int256(uint256(balance)), "balance");
            assertEq(sums[1], int256(uint256(locked)), "locked");
            assertEq(sums[2], int256(uint256(held)), "held");
            assertEq(sums[3], int256(uint256(owed)), "arrears");
            for (uint256 j = 0; j < all.length; ++j) {
                int256 debt = int256(uint256(arrears.debtTo(all[i], all[j])));
                assertEq(handler.debtByEvents(all[i], all[j]), debt, "debt");
            }
        }
    }

    /// No settlement or release reverts, debts are paid first, nobody without a role is let in, nobody withdraws or
    /// locks what is reserved: the checks after each action.
    function invariant_EveryActionKeepsTheRules() public view {
        assertEq(handler.fault(), "");
    }

    /// The handler reaches what it is to try: settlements, corrections, releases, debts made, paid and set off.
    function test_TheHandlerReachesEverything() public {
        for (uint256 i = 0; i < 14; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("reach", i)));
            handler.settle(seed);
            handler.correct(seed >> 8, seed >> 16);
            if (i % 2 == 0) handler.deposit(seed >> 24, uint64(seed >> 32));
            if (i % 3 == 0) handler.release(seed >> 40);
            handler.lock(seed >> 48, uint64(seed >> 56));
            handler.payLocked(seed >> 60, seed >> 68, uint64(seed >> 76));
            handler.unlock(seed >> 64, uint64(seed >> 72));
            handler.withdraw(seed >> 80, uint64(seed >> 88));
            handler.depositFor(seed >> 96, seed >> 104, uint64(seed >> 112) % 50);
            handler.payArrears(seed >> 120, seed >> 128, seed >> 136);
            if (i % 7 == 0) handler.trespass(seed >> 140, seed >> 148, uint64(seed >> 156));
        }
        assertEq(handler.fault(), "");
        assertEq(handler.settled(), 14);
        assertGt(handler.corrected(), 7);
        assertGt(handler.releasedSlots(), 1);
        assertGt(handler.debtsRecorded(), 15);
        assertGt(handler.debtsPaid(), 5);
        assertGt(handler.debtsNetted(), 3);
        invariant_EscrowIsSolvent();
        invariant_LockedAndHeldAreBacked();
        invariant_WorthIsDepositsAndPostings();
        invariant_DebtsAreVisible();
        invariant_EventsRebuildAccounts();
    }

    function _balance(address account) private view returns (uint256 balanceMicro) {
        (balanceMicro, , , ) = escrow.accountOf(account);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClearing} from "../../contracts/interfaces/IClearing.sol";
import {ClosedSlot, Dispute, DisputeState, IDisputes} from "../../contracts/interfaces/IDisputes.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IGridTopology} from "../../contracts/interfaces/IGridTopology.sol";
import {IMarketCalendar} from "../../contracts/interfaces/IMarketCalendar.sol";
import {IMeterLedger} from "../../contracts/interfaces/IMeterLedger.sol";
import {ITradeEscrow} from "../../contracts/interfaces/ITradeEscrow.sol";
import {Records} from "../../contracts/libraries/Records.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {Disputes} from "../../contracts/transaction-chain/energy/Disputes.sol";
import {ReadingStatus, SlotTimes, StoredReading} from "../../contracts/types/MarketTypes.sol";
import {Position, Trade} from "../../contracts/types/RecordTypes.sol";
import {EscrowFixture} from "../utils/EscrowFixture.sol";

contract DisputesTest is EscrowFixture {
    uint24 private constant CITY = 3;
    uint24 private constant FEEDER = 12;
    uint64 private constant BOND = 1_000_000;
    uint32 private constant METER = 1;

    Disputes private disputes;
    address private seller = address(0xA0); // holds METER
    address private buyer = address(0xA1);
    address private second = address(0xA2);
    address private bystander = address(0xA3); // has a position, but no trade with METER
    address private stranger = address(0xBB);
    address private supplier = address(0x5555);

    function setUp() public {
        deployEscrow();
        Disputes.Wiring memory wired = Disputes.Wiring({
            federation: IFederation(address(world)),
            topology: IGridTopology(address(world)),
            calendar: IMarketCalendar(address(world)),
            clearing: IClearing(address(world)),
            ledger: IMeterLedger(address(world)),
            escrow: escrow
        });
        disputes = new Disputes(wired, BOND);
        manager.grantRole(Roles.MARKET, address(disputes), 0);
        SlotTimes memory times;
        times.deliveryEnd = uint64(block.timestamp);
        times.disputeEnd = times.deliveryEnd + 1 days;
        times.decisionEnd = times.deliveryEnd + 2 days;
        world.setTimes(SLOT, times);
        world.setSupplier(FEEDER, supplier);
        ClosedSlot memory closed = _closed();
        world.setPositionsHash(CITY, SLOT, Records.hashClosed(closed.positions, closed.trades));
        _read(10, 500, ReadingStatus.Actual, 3);
        fund(buyer, 2 * BOND);
        fund(seller, BOND);
        fund(bystander, BOND);
    }

    // -------------------- open

    function test_OpenLocksTheBondAndKeepsTheReading() public {
        Dispute memory expected = Dispute(10, 500, CITY, FEEDER, 3, ReadingStatus.Actual, DisputeState.Open);
        vm.expectEmit(address(disputes));
        emit IDisputes.DisputeOpened(buyer, METER, SLOT, expected, BOND);
        _open(buyer, 1);
        assertAccount(buyer, 2 * BOND, BOND, 0, 0);
        Dispute memory d = disputes.disputeOf(buyer, METER, SLOT);
        assertEq(keccak256(abi.encode(d)), keccak256(abi.encode(expected)));
        assertEq(disputes.bondMicro(), BOND);
    }

    function test_EachPartyDisputesAMeterOnce() public {
        _open(buyer, 1);
        _open(seller, 0);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.DisputesAlreadyOpened.selector, buyer, METER, SLOT));
        _open(buyer, 1);
        vm.prank(buyer);
        disputes.open(_closed(), 1, 2); // another meter
        assertAccount(buyer, 2 * BOND, 2 * BOND, 0, 0);
    }

    function test_RevertWhen_DisputedAgainAfterTheEnd() public {
        _open(buyer, 1);
        vm.warp(block.timestamp + 2 days);
        _resolve(buyer);
        vm.warp(uint256(SLOT) * 3600 + 60);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.DisputesAlreadyOpened.selector, buyer, METER, SLOT));
        _open(buyer, 1);
    }

    function test_RevertWhen_OutOfTime() public {
        uint64 from = uint64(block.timestamp);
        bytes memory refusal = abi.encodeWithSelector(IDisputes.DisputesOutOfTime.selector, SLOT, from, from + 1 days);
        vm.warp(from - 1);
        vm.expectRevert(refusal);
        _open(buyer, 1);
        vm.warp(from + 1 days);
        vm.expectRevert(refusal);
        _open(buyer, 1);
        vm.warp(from + 1 days - 1);
        _open(buyer, 1);
    }

    function test_RevertWhen_PartyIsSuspended() public {
        world.setSuspended(buyer, true);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.DisputesNotActive.selector, buyer));
        _open(buyer, 1);
    }

    function test_RevertWhen_CallerIsNoParty() public {
        vm.expectRevert(abi.encodeWithSelector(IDisputes.DisputesNotAParty.selector, stranger, 1));
        _open(stranger, 1);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.DisputesNotAParty.selector, buyer, 2));
        _open(buyer, 2);
    }

    function test_RevertWhen_PositionsAreNotThere() public {
        vm.startPrank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.DisputesNoSuchPosition.selector, 4));
        disputes.open(_closed(), 4, 0);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.DisputesNoSuchPosition.selector, type(uint256).max));
        disputes.open(_closed(), 1, type(uint256).max);
        vm.stopPrank();
    }

    function test_RevertWhen_EvidenceIsNotTheSlots() public {
        bytes memory refusal = abi.encodeWithSelector(IDisputes.DisputesWrongEvidence.selector, CITY, SLOT);
        ClosedSlot memory closed = _closed();
        closed.positions[2 * 1 + 1] = Records.packAccount(stranger);
        vm.expectRevert(refusal);
        vm.prank(stranger);
        disputes.open(closed, 1, 0);
        closed = _closed();
        closed.city = CITY + 1; // not closed there
        vm.expectRevert(abi.encodeWithSelector(IDisputes.DisputesWrongEvidence.selector, CITY + 1, SLOT));
        vm.prank(buyer);
        disputes.open(closed, 1, 0);
    }

    function test_RevertWhen_BondIsNotThere() public {
        vm.expectRevert(abi.encodeWithSelector(ITradeEscrow.TradeEscrowFreeShort.selector, second, 0, BOND));
        _open(second, 2);
        assertEq(uint256(disputes.disputeOf(second, METER, SLOT).state), uint256(DisputeState.None));
    }

    // -------------------- resolve

    function test_ACorrectionThatChangesTheValueWins() public {
        _open(buyer, 1);
        _read(10, 499, ReadingStatus.Corrected, 0); // the first correction may have any sequence
        vm.expectEmit(address(disputes));
        emit IDisputes.DisputeResolved(buyer, METER, SLOT, DisputeState.Won);
        _resolve(buyer);
        assertAccount(buyer, 2 * BOND, 0, 0, 0);
    }

    function test_ACorrectionOfTheImportAloneWins() public {
        _open(buyer, 1);
        _read(11, 500, ReadingStatus.Corrected, 4);
        _resolve(buyer);
        _assertState(buyer, DisputeState.Won);
    }

    function test_ACorrectionThatConfirmsTheValueLoses() public {
        _open(buyer, 1);
        _read(10, 500, ReadingStatus.Corrected, 4);
        vm.prank(stranger);
        disputes.resolve(buyer, METER, _closed());
        _assertState(buyer, DisputeState.Lost);
        // METER sold 300 Wh to buyer and 100 Wh to second: the shares go by 300, 100 and 100 of 500
        assertAccount(buyer, BOND, 0, 0, 0);
        assertAccount(seller, BOND + 800_000, 0, 0, 0);
        assertAccount(second, 200_000, 0, 0, 0);
        assertAccount(bystander, BOND, 0, 0, 0);
    }

    function test_TheHolderOfTheMeterMayLoseToo() public {
        _open(seller, 0);
        _read(10, 500, ReadingStatus.Corrected, 4);
        _resolve(seller);
        assertAccount(seller, 0, 0, 0, 0);
        assertAccount(buyer, 2 * BOND + 750_000, 0, 0, 0);
        assertAccount(second, 250_000, 0, 0, 0);
    }

    function test_WithoutOtherPartiesALostBondGoesToTheSupplier() public {
        vm.prank(bystander);
        disputes.open(_closed(), 3, 3); // its own meter, which traded nothing
        world.setReading(4, SLOT, StoredReading(0, 0, ReadingStatus.Corrected, 1));
        vm.prank(bystander);
        disputes.resolve(bystander, 4, _closed()); // had no reading: any correction wins
        assertAccount(bystander, BOND, 0, 0, 0);
        world.setReading(4, SLOT, StoredReading(0, 0, ReadingStatus.Corrected, 2));
        vm.prank(buyer);
        disputes.open(_closed(), 1, 3);
        world.setReading(4, SLOT, StoredReading(0, 0, ReadingStatus.Corrected, 3));
        disputes.resolve(buyer, 4, _closed());
        assertAccount(buyer, BOND, 0, 0, 0);
        assertAccount(supplier, BOND, 0, 0, 0);
    }

    function test_WithoutACorrectionTheBondReturnsAfterTheDeadline() public {
        _open(buyer, 1);
        _read(10, 501, ReadingStatus.Actual, 4); // an actual reading decides nothing
        uint64 decisionEnd = uint64(block.timestamp) + 2 days;
        bytes memory refusal = abi.encodeWithSelector(IDisputes.DisputesUndecided.selector, SLOT, decisionEnd);
        vm.expectRevert(refusal);
        _resolve(buyer);
        vm.warp(decisionEnd - 1);
        vm.expectRevert(refusal);
        _resolve(buyer);
        vm.warp(decisionEnd);
        ClosedSlot memory closed; // no evidence needed
        closed.slot = SLOT;
        disputes.resolve(buyer, METER, closed);
        _assertState(buyer, DisputeState.Undecided);
        assertAccount(buyer, 2 * BOND, 0, 0, 0);
    }

    function test_ACorrectionThatWasDisputedDecidesNothing() public {
        _read(10, 400, ReadingStatus.Corrected, 2);
        _open(buyer, 1);
        vm.expectPartialRevert(IDisputes.DisputesUndecided.selector);
        _resolve(buyer);
        _read(10, 400, ReadingStatus.Corrected, 3);
        _resolve(buyer);
        _assertState(buyer, DisputeState.Lost);
    }

    function test_ACorrectionOfASlotWithoutReadingWins() public {
        _read(0, 0, ReadingStatus.Missing, 0);
        _open(buyer, 1);
        _read(0, 0, ReadingStatus.Corrected, 0);
        _resolve(buyer);
        _assertState(buyer, DisputeState.Won);
    }

    function test_RevertWhen_ResolvedTwiceOrNeverOpened() public {
        _open(buyer, 1);
        _read(10, 499, ReadingStatus.Corrected, 4);
        _resolve(buyer);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.DisputesNotOpen.selector, buyer, METER, SLOT));
        _resolve(buyer);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.DisputesNotOpen.selector, stranger, METER, SLOT));
        _resolve(stranger);
    }

    function test_RevertWhen_LostWithWrongEvidence() public {
        _open(buyer, 1);
        _read(10, 500, ReadingStatus.Corrected, 4);
        ClosedSlot memory closed = _closed();
        closed.positions[1] = Records.packAccount(stranger); // steal the seller's share
        vm.expectRevert(abi.encodeWithSelector(IDisputes.DisputesWrongEvidence.selector, CITY, SLOT));
        disputes.resolve(buyer, METER, closed);
        // the border moved: without trades the bond would go to the remainder's receiver
        (bytes32[] memory positions, bytes32[] memory trades) = (_closed().positions, _closed().trades);
        closed.positions = new bytes32[](positions.length + trades.length);
        for (uint256 i = 0; i < closed.positions.length; ++i) {
            closed.positions[i] = i < positions.length ? positions[i] : trades[i - positions.length];
        }
        closed.trades = new bytes32[](0);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.DisputesWrongEvidence.selector, CITY, SLOT));
        disputes.resolve(buyer, METER, closed);
        // closed in another city with other positions
        closed = _closed();
        closed.positions[1] = Records.packAccount(stranger);
        closed.city = CITY + 1;
        world.setPositionsHash(CITY + 1, SLOT, Records.hashClosed(closed.positions, closed.trades));
        vm.expectRevert(abi.encodeWithSelector(IDisputes.DisputesWrongEvidence.selector, CITY + 1, SLOT));
        disputes.resolve(buyer, METER, closed);
        _assertState(buyer, DisputeState.Open);
    }

    function test_ADisputersOtherLocksAreNotTouched() public {
        lockFor(buyer, 5);
        _open(buyer, 1);
        _read(10, 500, ReadingStatus.Corrected, 4);
        _resolve(buyer);
        assertAccount(buyer, BOND, 5, 0, 0);
    }

    /// Whatever is read, bonds neither vanish nor grow, and only the disputer pays.
    function testFuzz_BondsAreConserved(
        uint32 importWh,
        uint32 exportWh,
        uint8 sequence,
        uint8 status,
        bool late
    ) public {
        _open(buyer, 1);
        _read(bound(importWh, 9, 11), bound(exportWh, 499, 501), ReadingStatus(status % 6), sequence);
        if (late) vm.warp(block.timestamp + 2 days);
        ClosedSlot memory closed = _closed();
        try disputes.resolve(buyer, METER, closed) {
            (, uint64 locked, , ) = escrow.accountOf(buyer);
            assertEq(locked, 0);
        } catch {
            assertFalse(late);
            assertTrue(ReadingStatus(status % 6) != ReadingStatus.Corrected);
        }
        uint256 total = uint256(escrow.freeOf(buyer)) + escrow.freeOf(seller) + escrow.freeOf(second);
        (, uint64 stillLocked, , ) = escrow.accountOf(buyer);
        assertEq(total + stillLocked, 3 * BOND);
        assertGe(escrow.freeOf(seller), BOND);
        bool lost = disputes.disputeOf(buyer, METER, SLOT).state == DisputeState.Lost;
        assertEq(escrow.freeOf(buyer) + stillLocked, lost ? BOND : 2 * BOND);
    }

    // -------------------- steps

    function _open(address party, uint256 position) private {
        ClosedSlot memory closed = _closed();
        vm.prank(party);
        disputes.open(closed, position, 0);
    }

    function _resolve(address party) private {
        disputes.resolve(party, METER, _closed());
    }

    function _read(uint256 importWh, uint256 exportWh, ReadingStatus status, uint8 sequence) private {
        world.setReading(METER, SLOT, StoredReading(uint32(importWh), uint32(exportWh), status, sequence));
    }

    function _assertState(address party, DisputeState state) private view {
        assertEq(uint256(disputes.disputeOf(party, METER, SLOT).state), uint256(state));
    }

    /// Meters 1 (seller), 2 (buyer), 3 (second), 4 (bystander): 1 sold 300 Wh to 2 and 100 Wh to 3.
    function _closed() private view returns (ClosedSlot memory closed) {
        closed.city = CITY;
        closed.slot = SLOT;
        closed.positions = new bytes32[](8);
        address[4] memory accounts = [seller, buyer, second, bystander];
        for (uint32 i = 0; i < 4; ++i) {
            Position memory p;
            (p.meter, p.feeder, p.account) = (i + 1, FEEDER, accounts[i]);
            bytes32[2] memory words = Records.packPosition(p);
            (closed.positions[2 * i], closed.positions[2 * i + 1]) = (words[0], words[1]);
        }
        closed.trades = new bytes32[](2);
        Trade memory t;
        (t.wh, t.sellMeter, t.buyMeter, t.sellPos, t.buyPos) = (300, 1, 2, 0, 1);
        closed.trades[0] = Records.packTrade(t);
        (t.wh, t.buyMeter, t.buyPos) = (100, 3, 2);
        closed.trades[1] = Records.packTrade(t);
    }
}

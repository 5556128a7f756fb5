// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClearing} from "../../contracts/interfaces/IClearing.sol";
import {BookLog} from "../../contracts/libraries/BookLog.sol";
import {Records} from "../../contracts/libraries/Records.sol";
import {SlotPositions} from "../../contracts/libraries/SlotPositions.sol";
import {SlotBooks} from "../../contracts/types/ClearingTypes.sol";
import {Position, Trade} from "../../contracts/types/RecordTypes.sol";
import {ClearingFixture} from "../utils/ClearingFixture.sol";
import {Vm} from "../utils/Vm.sol";

/// @notice Closing of a slot: positions, locks, and that nothing can be left out, invented or misplaced.
contract SlotClosingTest is ClearingFixture {
    uint8 private constant BUY = Records.BUY;
    uint8 private constant SELL = Records.SELL;

    function setUp() public {
        deployClearing();
    }

    function test_CloseFixesPositionsAndUnlocksTheRest() public {
        put(feederA, BUY, 5, 1_000, 300_000);
        put(feederA, SELL, 2, 601, 100_000);
        clearFeeder(feederA);
        clearParent(east);
        (bytes32[] memory positions, bytes32[] memory trades) = _close(slotBooks());
        assertEq(positions.length, 4);
        Position memory seller = Records.unpackPosition([positions[0], positions[1]]);
        assertEq(uint256(seller.meter), 2);
        assertEq(uint256(seller.feeder), feederA);
        assertEq(uint256(seller.side), SELL);
        assertEq(uint256(seller.filledLock), 1_202_000);
        assertEq(uint256(seller.unlocked), 0);
        assertEq(seller.account, homeOf(2));
        Position memory buyer = Records.unpackPosition([positions[2], positions[3]]);
        assertEq(uint256(buyer.meter), 5);
        assertEq(uint256(buyer.filledLock), 180_300);
        assertEq(uint256(buyer.unlocked), 119_700);
        assertEq(trades.length, 1);
        Trade memory trade = Records.unpackTrade(trades[0]);
        assertEq(uint256(trade.buyPos), 1);
        assertEq(uint256(trade.sellPos), 0);
        assertEq(uint256(trade.price), 300_000);
        assertEq(clearing.positionsHash(city, SLOT), Records.hashClosed(positions, trades));
        assertEq(uint256(escrow.freeOf(homeOf(5))), 119_700);
        assertEq(uint256(escrow.lockedOf(homeOf(5))), 180_300);
        assertEq(uint256(escrow.lockedOf(homeOf(2))), 1_202_000);
    }

    /// Trades stand as the rules say: bilateral, then feeders, then districts, then the city.
    function test_TradesStandInTheOrderOfTheRules() public {
        putBilateral(feederB, 8, feederA, 9, 700);
        put(feederC, BUY, 7, 500, 400_000);
        put(feederA, SELL, 1, 3_000, 100_000);
        put(feederB, BUY, 2, 1_000, 300_000);
        put(feederA, BUY, 3, 400, 300_000);
        _clearAll();
        (bytes32[] memory positions, bytes32[] memory trades) = _close(slotBooks());
        assertEq(positions.length, 12);
        assertEq(trades.length, 4);
        for (uint256 i = 0; i < 4; ++i) assertEq(uint256(trades[i]) >> 248, i, "level");
        Trade memory bilateral = Records.unpackTrade(trades[0]);
        assertEq(uint256(bilateral.buyPos), 4, "meter 8 after 1, 2, 3, 7");
        assertEq(uint256(bilateral.sellPos), 5);
        Position memory party = Records.unpackPosition([positions[8], positions[9]]);
        assertEq(uint256(party.meter), 8);
        assertEq(uint256(party.filledLock), 105_000);
        assertEq(uint256(party.unlocked), 0);
    }

    /// A meter with several orders and a contract has one position; its locks add up order by order.
    function test_AMetersOrdersAndContractsShareOnePosition() public {
        putBilateral(feederA, 1, feederC, 9, 333);
        put(feederA, BUY, 1, 1_001, 300_001);
        uint16 cancelled = put(feederA, BUY, 1, 50, 300_000);
        put(feederA, BUY, 1, 77, 200_003);
        put(feederA, SELL, 4, 1_050, 100_000);
        cancel(feederA, cancelled);
        _clearAll();
        (bytes32[] memory positions, bytes32[] memory trades) = _close(slotBooks());
        assertEq(positions.length, 6);
        assertEq(trades.length, 3);
        Position memory home = Records.unpackPosition([positions[0], positions[1]]);
        // bilateral 333 Wh at 0.15; 1,001 Wh at 0.300001 filled; 49 of 77 Wh at 0.200003
        assertEq(uint256(home.filledLock), 49_950 + 300_302 + 9_801);
        assertEq(uint256(home.unlocked), 15_401 - 9_801);
        assertEq(uint256(escrow.lockedOf(homeOf(1))), home.filledLock);
    }

    /// A meter whose orders were all cancelled keeps an empty position: it is settled with the traders.
    function test_ACancelledMeterKeepsAnEmptyPosition() public {
        uint16 bid = put(feederA, BUY, 1, 1_000, 300_000);
        put(feederA, SELL, 2, 1_000, 100_000);
        cancel(feederA, bid);
        _clearAll();
        (bytes32[] memory positions, ) = _close(slotBooks());
        Position memory home = Records.unpackPosition([positions[0], positions[1]]);
        assertEq(uint256(home.meter), 1);
        assertEq(uint256(home.filledLock) + home.unlocked, 0);
        assertEq(uint256(escrow.freeOf(homeOf(1))), 300_000, "unlocked once, at the cancel");
    }

    /// A void book unlocks: nothing of it was filled.
    function test_AVoidBookIsUnlockedWhole() public {
        put(feederA, BUY, 1, 1_000, 300_000);
        put(feederA, SELL, 2, 1_000, 100_000);
        warpTo(20 minutes);
        (, bytes32[] memory trades) = _close(slotBooks());
        assertEq(trades.length, 0);
        assertEq(uint256(escrow.lockedOf(homeOf(1))), 0);
        assertEq(uint256(escrow.lockedOf(homeOf(2))), 0);
        assertEq(uint256(escrow.freeOf(homeOf(2))), 2_000_000);
    }

    /// A void district keeps what its feeders filled and unlocks what rose.
    function test_AVoidDistrictKeepsItsFeedersTrades() public {
        put(feederA, BUY, 1, 1_000, 300_000);
        put(feederA, SELL, 2, 400, 100_000);
        put(feederB, SELL, 3, 400, 100_000);
        clearFeeder(feederA);
        clearFeeder(feederB);
        warpTo(15 minutes);
        (, bytes32[] memory trades) = _close(slotBooks());
        assertEq(trades.length, 1);
        assertEq(uint256(escrow.lockedOf(homeOf(1))), 120_000);
        assertEq(uint256(escrow.lockedOf(homeOf(3))), 0);
    }

    function test_BilateralContractsAloneClose() public {
        putBilateral(feederA, 1, feederC, 2, 500);
        (bytes32[] memory positions, bytes32[] memory trades) = _close(slotBooks());
        assertEq(positions.length, 4);
        assertEq(trades.length, 1);
    }

    function test_AnybodyMayClose() public {
        put(feederA, BUY, 1, 1_000, 300_000);
        _clearAll();
        SlotBooks memory input = slotBooks();
        vm.prank(makeAddr("anybody"));
        clearing.close(input);
    }

    // -------------------- when

    function test_RevertWhen_ABookIsNotDone() public {
        put(feederA, BUY, 1, 1_000, 300_000);
        put(feederC, SELL, 2, 1_000, 400_000);
        _refused(slotBooks(), abi.encodeWithSelector(IClearing.ClearingTooEarly.selector, feederA, SLOT));
        clearFeeder(feederA);
        clearFeeder(feederC);
        _refused(slotBooks(), abi.encodeWithSelector(IClearing.ClearingTooEarly.selector, east, SLOT));
        clearParent(east);
        _refused(slotBooks(), abi.encodeWithSelector(IClearing.ClearingTooEarly.selector, west, SLOT));
        clearParent(west);
        _refused(slotBooks(), abi.encodeWithSelector(IClearing.ClearingTooEarly.selector, city, SLOT));
        clearParent(city);
        _close(slotBooks());
    }

    function test_RevertWhen_TheGateIsOpen() public {
        putBilateral(feederA, 1, feederC, 2, 500);
        warpTo(30 minutes + 1);
        _refused(slotBooks(), abi.encodeWithSelector(IClearing.ClearingTooEarly.selector, feederA, SLOT));
    }

    function test_RevertWhen_ClosedAgain() public {
        put(feederA, BUY, 1, 1_000, 300_000);
        _clearAll();
        _close(slotBooks());
        _refused(slotBooks(), abi.encodeWithSelector(IClearing.ClearingClosedBefore.selector, city, SLOT));
    }

    function test_RevertWhen_NobodyTraded() public {
        _refused(slotBooks(), abi.encodeWithSelector(IClearing.ClearingNothingToClose.selector, city, SLOT));
    }

    function test_RevertWhen_TheAreaIsNoCity() public {
        SlotBooks memory input = slotBooks();
        input.city = east;
        _refused(input, abi.encodeWithSelector(IClearing.ClearingWrongLevel.selector, east));
    }

    // -------------------- nothing left out, invented or misplaced

    function test_RevertWhen_ABookIsLeftOutOrChanged() public {
        _someSlot();
        SlotBooks memory input = slotBooks();
        input.entries[0] = new bytes32[](0);
        input.cancelTargets[0] = "";
        input.trades[0] = new bytes32[](0);
        _refused(input, abi.encodeWithSelector(IClearing.ClearingNotTheTrades.selector, feederA, SLOT));
        input = slotBooks();
        input.entries[1] = new bytes32[](0);
        _refused(input, abi.encodeWithSelector(IClearing.ClearingNotTheBook.selector, feederB, SLOT));
        input = slotBooks();
        input.entries[0][1] ^= bytes32(uint256(1) << 96); // another account
        _refused(input, abi.encodeWithSelector(IClearing.ClearingNotTheBook.selector, feederA, SLOT));
        _close(slotBooks());
    }

    function test_RevertWhen_TradesAreLeftOutOrChanged() public {
        _someSlot();
        for (uint256 b = 0; b < 6; ++b) {
            SlotBooks memory input = slotBooks();
            uint24 area = [feederA, feederB, feederC, east, west, city][b];
            bytes memory expected = abi.encodeWithSelector(IClearing.ClearingNotTheTrades.selector, area, SLOT);
            if (input.trades[b].length != 0) {
                input.trades[b][0] = bytes32(uint256(input.trades[b][0]) - (uint256(1) << 136)); // 1 Wh less
                _refused(input, expected);
                input.trades[b] = new bytes32[](0);
                _refused(input, expected);
            }
            input = slotBooks();
            input.trades[b] = new bytes32[](1); // a trade invented
            _refused(input, expected);
            input = slotBooks();
            input.restsHashes[b] = bytes32(uint256(7));
            _refused(input, expected);
        }
        _close(slotBooks());
    }

    function test_RevertWhen_BilateralContractsAreLeftOutAddedOrChanged() public {
        _someSlot();
        bytes memory expected = abi.encodeWithSelector(IClearing.ClearingNotTheBilaterals.selector, city, SLOT);
        SlotBooks memory input = slotBooks();
        input.bilaterals = new bytes32[](0);
        _refusedPlaces(input, expected);
        input = slotBooks();
        input.bilaterals[3] = bytes32(uint256(input.bilaterals[3]) + (uint256(1) << 128)); // a larger lock
        _refused(input, expected);
        input = slotBooks();
        bytes32[] memory twice = new bytes32[](8);
        for (uint256 i = 0; i < 8; ++i) twice[i] = input.bilaterals[i % 4];
        input.bilaterals = twice;
        _refusedPlaces(input, expected);
        input = slotBooks();
        bytes32[] memory cut = new bytes32[](3);
        for (uint256 i = 0; i < 3; ++i) cut[i] = input.bilaterals[i];
        input.bilaterals = cut;
        _refused(input, expected);
    }

    function test_RevertWhen_ACancelIsDroppedOrMisdirected() public {
        _someSlot();
        SlotBooks memory input = slotBooks();
        input.cancelTargets[0] = "";
        _refused(input, abi.encodeWithSelector(BookLog.BookLogWrongTargetCount.selector, 1, 0));
        input.cancelTargets[0] = hex"0000";
        _refused(input, abi.encodeWithSelector(BookLog.BookLogWrongTarget.selector, 4, 0));
    }

    /// Each place has one right value: any other is refused, and so is another number of positions.
    function testFuzz_RevertWhen_APlaceIsChanged(uint256 which, uint16 place) public {
        _someSlot();
        SlotBooks memory input = slotBooks();
        which = bound(which, 0, input.places.length / 2 - 1);
        bytes2 changed = bytes2(place % (input.positionCount + 2));
        if (input.places[2 * which] == changed[0] && input.places[2 * which + 1] == changed[1]) return;
        (input.places[2 * which], input.places[2 * which + 1]) = (changed[0], changed[1]);
        // solhint-disable-next-line avoid-low-level-calls
        (bool ok, bytes memory reason) = address(clearing).call(abi.encodeCall(IClearing.close, (input)));
        assertFalse(ok);
        bytes4 selector = bytes4(reason);
        assertTrue(
            selector == SlotPositions.SlotPositionsMisplaced.selector ||
                selector == SlotPositions.SlotPositionsNotSorted.selector
        );
    }

    function test_RevertWhen_PlacesAreSwapped() public {
        put(feederA, BUY, 1, 1_000, 300_000);
        put(feederA, SELL, 2, 1_000, 100_000);
        _clearAll();
        SlotBooks memory input = slotBooks();
        input.places = hex"00010000";
        _refused(input, abi.encodeWithSelector(SlotPositions.SlotPositionsNotSorted.selector, 1));
    }

    function test_RevertWhen_PositionsAreTooManyOrTooFew() public {
        _someSlot();
        SlotBooks memory input = slotBooks();
        input.positionCount += 1;
        _refused(input, abi.encodeWithSelector(SlotPositions.SlotPositionsNotSorted.selector, input.positionCount - 1));
        input.positionCount -= 2;
        vm.expectPartialRevert(SlotPositions.SlotPositionsMisplaced.selector);
        clearing.close(input);
    }

    function test_RevertWhen_ListsHaveTheWrongLength() public {
        _someSlot();
        SlotBooks memory input = slotBooks();
        input.places = abi.encodePacked(input.places, uint16(0));
        vm.expectPartialRevert(IClearing.ClearingWrongCount.selector);
        clearing.close(input);
        input.places = hex"000000";
        _refused(input, abi.encodeWithSelector(BookLog.BookLogListTooShort.selector, 1));
        input = slotBooks();
        input.restsHashes = new bytes32[](5);
        _refused(input, abi.encodeWithSelector(IClearing.ClearingWrongCount.selector, 6, 5));
        input = slotBooks();
        input.trades = new bytes32[][](7);
        _refused(input, abi.encodeWithSelector(IClearing.ClearingWrongCount.selector, 6, 7));
        input = slotBooks();
        input.entries = new bytes32[][](2);
        _refused(input, abi.encodeWithSelector(IClearing.ClearingWrongCount.selector, 3, 2));
        input = slotBooks();
        input.cancelTargets = new bytes[](4);
        _refused(input, abi.encodeWithSelector(IClearing.ClearingWrongCount.selector, 3, 4));
    }

    // -------------------- any slot

    /// Locked + unlocked = what every live order locked; each trade's Wh are in both positions' locks.
    function testFuzz_LocksAddUp(uint256 seed) public {
        uint24[3] memory feeders = [feederA, feederB, feederC];
        uint64 total = 0;
        for (uint256 i = 0; i < 12; ++i) {
            uint256 r = uint256(keccak256(abi.encode(seed, i)));
            (uint8 tag, uint32 wh) = (uint8(1 + (i % 2)), uint32(1 + (r % 3_000)));
            uint32 limit = 100_000 + uint32((r >> 40) % 100_000);
            put(feeders[(r >> 32) % 3], tag, uint32(1 + i), wh, limit);
            total += lockOf(tag, wh, limit);
        }
        _clearAll();
        (bytes32[] memory positions, bytes32[] memory trades) = _close(slotBooks());
        uint64 kept = 0;
        for (uint256 i = 0; i < positions.length; i += 2) {
            Position memory position = Records.unpackPosition([positions[i], positions[i + 1]]);
            assertEq(uint256(escrow.lockedOf(position.account)), position.filledLock);
            assertEq(uint256(escrow.freeOf(position.account)), position.unlocked);
            kept += position.filledLock + position.unlocked;
            assertEq(uint256(position.filledLock), _lockOfTrades(trades, uint16(i / 2), position));
        }
        assertEq(uint256(kept), uint256(total));
    }

    // -------------------- helpers

    /// @dev A slot with trades on every level, a contract, a cancel and an empty feeder share.
    function _someSlot() private {
        putBilateral(feederB, 8, feederA, 9, 700);
        put(feederA, SELL, 1, 3_000, 100_000);
        put(feederA, BUY, 3, 400, 300_000);
        uint16 cancelled = put(feederA, BUY, 4, 400, 300_000);
        put(feederB, BUY, 2, 1_000, 300_000);
        put(feederC, BUY, 7, 500, 400_000);
        put(feederA, BUY, 6, 10, 90_000);
        cancel(feederA, cancelled);
        _clearAll();
    }

    function _clearAll() private {
        uint24[3] memory feeders = [feederA, feederB, feederC];
        for (uint256 i = 0; i < 3; ++i) {
            if (!clearing.isDone(feeders[i], SLOT)) clearFeeder(feeders[i]);
        }
        if (!clearing.isDone(east, SLOT)) clearParent(east);
        if (!clearing.isDone(west, SLOT)) clearParent(west);
        if (!clearing.isDone(city, SLOT)) clearParent(city);
    }

    function _close(SlotBooks memory input) private returns (bytes32[] memory positions, bytes32[] memory trades) {
        vm.recordLogs();
        clearing.close(input);
        Vm.Log[] memory logs = logsOf(vm.getRecordedLogs(), address(clearing), IClearing.SlotClosed.selector);
        assertEq(logs.length, 1);
        return abi.decode(logs[0].data, (bytes32[], bytes32[]));
    }

    function _refused(SlotBooks memory input, bytes memory expected) private {
        vm.expectRevert(expected);
        clearing.close(input);
    }

    function _refusedPlaces(SlotBooks memory input, bytes memory expected) private {
        (input.places, input.positionCount) = placesOf(input);
        _refused(input, expected);
    }

    /// @dev The lock that a position's trades need: each home of the fuzz test has one order.
    function _lockOfTrades(
        bytes32[] memory trades,
        uint16 place,
        Position memory position
    ) private view returns (uint256) {
        uint256 wh = 0;
        for (uint256 i = 0; i < trades.length; ++i) {
            Trade memory trade = Records.unpackTrade(trades[i]);
            if ((position.side == BUY ? trade.buyPos : trade.sellPos) == place) wh += trade.wh;
        }
        return lockOf(position.side, uint32(wh), _limitOf(position.meter));
    }

    function _limitOf(uint32 meter) private view returns (uint32) {
        SlotBooks memory input = slotBooks();
        for (uint256 f = 0; f < 3; ++f) {
            for (uint256 i = 0; i < input.entries[f].length; i += 2) {
                if (Records.unpackEntry(input.entries[f][i]).meter == meter) {
                    return Records.unpackEntry(input.entries[f][i]).limit;
                }
            }
        }
        return 0;
    }
}

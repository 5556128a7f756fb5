// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IBilateralContracts} from "../../contracts/interfaces/IBilateralContracts.sol";
import {IClearing} from "../../contracts/interfaces/IClearing.sol";
import {IEnergyMarket} from "../../contracts/interfaces/IEnergyMarket.sol";
import {IGridTopology} from "../../contracts/interfaces/IGridTopology.sol";
import {IMarketCalendar} from "../../contracts/interfaces/IMarketCalendar.sol";
import {IMarketRules} from "../../contracts/interfaces/IMarketRules.sol";
import {ITariffs} from "../../contracts/interfaces/ITariffs.sol";
import {ITradeEscrow} from "../../contracts/interfaces/ITradeEscrow.sol";
import {OrderWords} from "../../contracts/libraries/OrderWords.sol";
import {Records} from "../../contracts/libraries/Records.sol";
import {MockOrderBooks} from "../../contracts/mocks/MockOrderBooks.sol";
import {MockTradeEscrow} from "../../contracts/mocks/MockTradeEscrow.sol";
import {MockTradingWorld} from "../../contracts/mocks/MockTradingWorld.sol";
import {BookResults} from "../../contracts/transaction-chain/energy/BookResults.sol";
import {FeederBook, ParentBook, SlotBooks} from "../../contracts/types/ClearingTypes.sol";
import {BilateralEntry, Entry, Trade} from "../../contracts/types/RecordTypes.sol";
import {Test} from "./Test.sol";
import {Vm} from "./Vm.sol";

/// @notice Clearing over mocked books: one city, two districts, three feeders (two in the first district). Orders are
///         put straight into the books; their locks are funded as EnergyMarket would.
abstract contract ClearingFixture is Test {
    using OrderWords for uint256;

    struct Cleared {
        uint32 price;
        uint64 volumeWh;
        bytes32[] trades;
        bytes32[] rests;
    }

    uint32 internal constant SLOT = 480_008;
    uint32 internal constant BOND_RATE = 2_000_000;

    MockTradingWorld internal world;
    MockOrderBooks internal books;
    MockTradeEscrow internal escrow;
    IClearing internal clearing;
    uint24 internal city;
    uint24 internal east;
    uint24 internal west;
    uint24 internal feederA; // east
    uint24 internal feederB; // east
    uint24 internal feederC; // west

    uint24 private _arrivals;
    mapping(uint24 feeder => bytes32[] words) private _logs;
    mapping(uint24 feeder => bytes list) private _targets;
    bytes32[] private _bilaterals;
    mapping(uint24 area => Cleared result) private _cleared;

    function deployClearing() internal {
        world = new MockTradingWorld();
        books = new MockOrderBooks();
        escrow = new MockTradeEscrow();
        city = world.addArea(0);
        east = world.addArea(city);
        west = world.addArea(city);
        feederA = world.addArea(east);
        feederB = world.addArea(east);
        feederC = world.addArea(west);
        address w = address(world);
        BookResults.Wiring memory wiring = BookResults.Wiring({
            market: IEnergyMarket(address(books)),
            bilaterals: IBilateralContracts(address(books)),
            topology: IGridTopology(w),
            calendar: IMarketCalendar(w),
            rules: IMarketRules(w),
            tariffs: ITariffs(w),
            escrow: ITradeEscrow(address(escrow))
        });
        clearing = IClearing(deployCode("Clearing.sol:Clearing", abi.encode(wiring)));
        warpTo(30 minutes);
    }

    /// @dev To so long before the slot's start: gate closure 30 min, deadlines 20, 15 and 10 min.
    function warpTo(uint256 before) internal {
        vm.warp(uint256(SLOT) * 3600 - before);
    }

    // -------------------- books

    function homeOf(uint32 meter) internal pure returns (address) {
        return address(uint160(0xA0000 + meter));
    }

    /// @dev Appends an order and funds its lock. Meter numbers are the tests'; the nonce is the arrival.
    function put(uint24 feeder, uint8 tag, uint32 meter, uint32 wh, uint32 limit) internal returns (uint16 index) {
        index = uint16(_logs[feeder].length / 2);
        bytes32 word = Records.packEntry(
            Entry({
                tag: tag,
                meter: meter,
                feeder: feeder,
                arrival: ++_arrivals,
                wh: wh,
                limit: limit,
                index: index,
                slot: SLOT
            })
        );
        _append(feeder, word, Records.packEntryOwner(homeOf(meter), _arrivals));
        fundLock(meter, lockOf(tag, wh, limit));
    }

    /// @dev Appends the cancel of an order and takes back its lock.
    function cancel(uint24 feeder, uint16 index) internal {
        uint256 order = uint256(_logs[feeder][2 * index]);
        bytes32 word = Records.packEntry(
            Entry({
                tag: Records.CANCEL,
                meter: uint32(order.meterOf()),
                feeder: feeder,
                arrival: 0,
                wh: 0,
                limit: 0,
                index: uint16(_logs[feeder].length / 2),
                slot: SLOT
            })
        );
        _append(feeder, word, _logs[feeder][2 * index + 1]);
        _targets[feeder] = abi.encodePacked(_targets[feeder], index);
        uint64 amount = lockOf(uint8(order.tagOf()), uint32(order.whOf()), uint32(order.limitOf()));
        unlockOne(homeOf(uint32(order.meterOf())), amount);
    }

    function putBilateral(uint24 buyFeeder, uint32 buyMeter, uint24 sellFeeder, uint32 sellMeter, uint32 wh) internal {
        Trade memory trade;
        trade.buyFeeder = buyFeeder;
        trade.sellFeeder = sellFeeder;
        trade.buyMeter = buyMeter;
        trade.sellMeter = sellMeter;
        trade.wh = wh;
        trade.price = 150_000;
        bytes32[4] memory words = Records.packBilateral(
            BilateralEntry({
                trade: Records.packTrade(trade),
                buyer: homeOf(buyMeter),
                slot: SLOT,
                seller: homeOf(sellMeter),
                buyLock: lockOf(Records.BUY, wh, 150_000),
                sellLock: lockOf(Records.SELL, wh, 0)
            })
        );
        for (uint256 i = 0; i < 4; ++i) _bilaterals.push(words[i]);
        books.setBilaterals(city, SLOT, _bilaterals);
        fundLock(buyMeter, lockOf(Records.BUY, wh, 150_000));
        fundLock(sellMeter, lockOf(Records.SELL, wh, 0));
    }

    function lockOf(uint8 tag, uint32 wh, uint32 limit) internal pure returns (uint64) {
        return uint64((uint256(wh) * (tag == Records.SELL ? BOND_RATE : limit) + 999) / 1000);
    }

    function fundLock(uint32 meter, uint64 amount) internal {
        escrow.fund(homeOf(meter), amount);
        escrow.lock(homeOf(meter), amount, SLOT);
    }

    function unlockOne(address account, uint64 amount) internal {
        address[] memory accounts = new address[](1);
        uint64[] memory amounts = new uint64[](1);
        (accounts[0], amounts[0]) = (account, amount);
        escrow.unlock(accounts, amounts, SLOT);
    }

    // -------------------- solving

    function feederBook(uint24 feeder) internal view returns (FeederBook memory input) {
        input.feeder = feeder;
        input.slot = SLOT;
        input.entries = _logs[feeder];
        input.cancelTargets = _targets[feeder];
        uint256[] memory orders = new uint256[](input.entries.length / 2);
        for (uint256 i = 0; i < orders.length; ++i) orders[i] = uint256(input.entries[2 * i]);
        for (uint256 i = 0; i < input.cancelTargets.length; i += 2) {
            orders[(uint256(uint8(input.cancelTargets[i])) << 8) | uint8(input.cancelTargets[i + 1])] = 0;
        }
        (input.bids, input.asks) = (byMerit(orders, Records.BUY), byMerit(orders, Records.SELL));
    }

    function parentBook(uint24 area) internal view returns (ParentBook memory input) {
        uint24[] memory children = world.childrenOf(area);
        input.area = area;
        input.slot = SLOT;
        input.rests = new bytes32[][](children.length);
        input.childTradesHashes = new bytes32[](children.length);
        uint256 count = 0;
        for (uint256 i = 0; i < children.length; ++i) {
            input.rests[i] = _cleared[children[i]].rests;
            input.childTradesHashes[i] = Records.hashWords(_cleared[children[i]].trades);
            count += input.rests[i].length;
        }
        uint256[] memory orders = new uint256[](count);
        count = 0;
        for (uint256 i = 0; i < children.length; ++i) {
            for (uint256 j = 0; j < input.rests[i].length; ++j) orders[count++] = uint256(input.rests[i][j]);
        }
        (input.bids, input.asks) = (byMerit(orders, Records.BUY), byMerit(orders, Records.SELL));
    }

    /// @dev Indices of a side's orders in merit order, two bytes each; naive on purpose.
    function byMerit(uint256[] memory orders, uint256 tag) internal pure returns (bytes memory list) {
        uint256 last = 0;
        while (true) {
            uint256 best = type(uint256).max;
            uint16 bestIndex;
            for (uint256 i = 0; i < orders.length; ++i) {
                if (orders[i].tagOf() != tag || orders[i].whOf() == 0) continue;
                uint256 merit = orders[i].meritOf();
                if (merit > last && merit < best) (best, bestIndex) = (merit, uint16(i));
            }
            if (best == type(uint256).max) return list;
            list = abi.encodePacked(list, bestIndex);
            last = best;
        }
    }

    /// @dev Fills in the claim that the contract names when it refuses another, then clears and keeps the result.
    function clearFeeder(uint24 feeder) internal returns (Cleared memory) {
        FeederBook memory input = feederBook(feeder);
        (input.price, input.tradesHash) = claimOf(abi.encodeCall(IClearing.clearFeeder, (input)));
        if (input.price != 0) {
            (, input.tradesHash) = claimOf(abi.encodeCall(IClearing.clearFeeder, (input)));
        }
        vm.recordLogs();
        clearing.clearFeeder(input);
        return _keep(feeder);
    }

    function clearParent(uint24 area) internal returns (Cleared memory) {
        ParentBook memory input = solvedParent(area);
        vm.recordLogs();
        clearing.clearParent(input);
        return _keep(area);
    }

    function solvedFeeder(uint24 feeder) internal returns (FeederBook memory input) {
        input = feederBook(feeder);
        (input.price, ) = claimOf(abi.encodeCall(IClearing.clearFeeder, (input)));
        (, input.tradesHash) = claimOf(abi.encodeCall(IClearing.clearFeeder, (input)));
    }

    function solvedParent(uint24 area) internal returns (ParentBook memory input) {
        input = parentBook(area);
        (input.price, ) = claimOf(abi.encodeCall(IClearing.clearParent, (input)));
        (, input.tradesHash) = claimOf(abi.encodeCall(IClearing.clearParent, (input)));
    }

    /// @dev What the contract says the price or the trades are; nothing when the call would go through.
    function claimOf(bytes memory call) internal returns (uint32 price, bytes32 tradesHash) {
        uint256 snapshot = vm.snapshotState();
        // solhint-disable-next-line avoid-low-level-calls
        (bool ok, bytes memory reason) = address(clearing).call(call);
        vm.revertToState(snapshot);
        if (ok) return (0, 0);
        bytes4 selector = bytes4(reason);
        bytes32 second;
        assembly ("memory-safe") {
            second := mload(add(reason, 0x44)) // length, selector, claimed
        }
        if (selector == IClearing.ClearingWrongPrice.selector) return (uint32(uint256(second)), 0);
        if (selector == IClearing.ClearingWrongTrades.selector) return (0, second);
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }

    /// @dev Everything for `close`, as the books stand; what was not cleared has no trades.
    function slotBooks() internal view returns (SlotBooks memory input) {
        uint24[6] memory areas = [feederA, feederB, feederC, east, west, city];
        input.city = city;
        input.slot = SLOT;
        input.bilaterals = _bilaterals;
        input.entries = new bytes32[][](3);
        input.cancelTargets = new bytes[](3);
        input.trades = new bytes32[][](6);
        input.restsHashes = new bytes32[](6);
        for (uint256 i = 0; i < 6; ++i) {
            if (i < 3) (input.entries[i], input.cancelTargets[i]) = (_logs[areas[i]], _targets[areas[i]]);
            input.trades[i] = _cleared[areas[i]].trades;
            input.restsHashes[i] = Records.hashWords(_cleared[areas[i]].rests);
        }
        (input.places, input.positionCount) = placesOf(input);
    }

    /// @dev Each order's rank among the distinct meters; naive on purpose.
    function placesOf(SlotBooks memory input) internal pure returns (bytes memory places, uint16 count) {
        uint32[] memory meters = _metersOf(input);
        for (uint256 i = 0; i < meters.length; ++i) {
            uint16 rank = 0;
            bool first = true;
            for (uint256 j = 0; j < meters.length; ++j) {
                if (j < i && meters[j] == meters[i]) first = false;
                if (meters[j] < meters[i] && _isFirst(meters, j)) ++rank;
            }
            if (first) ++count;
            places = abi.encodePacked(places, rank);
        }
    }

    function _isFirst(uint32[] memory meters, uint256 j) private pure returns (bool) {
        for (uint256 i = 0; i < j; ++i) {
            if (meters[i] == meters[j]) return false;
        }
        return true;
    }

    function _metersOf(SlotBooks memory input) private pure returns (uint32[] memory meters) {
        meters = new uint32[](1024);
        uint256 count = 0;
        for (uint256 i = 0; i < input.bilaterals.length; i += 4) {
            Trade memory trade = Records.unpackTrade(input.bilaterals[i]);
            (meters[count], meters[count + 1]) = (trade.buyMeter, trade.sellMeter);
            count += 2;
        }
        for (uint256 f = 0; f < input.entries.length; ++f) {
            for (uint256 i = 0; i < input.entries[f].length; i += 2) {
                uint256 order = uint256(input.entries[f][i]);
                if (order.tagOf() != Records.CANCEL) meters[count++] = uint32(order.meterOf());
            }
        }
        assembly ("memory-safe") {
            mstore(meters, count) // shortens, never lengthens
        }
    }

    function _append(uint24 feeder, bytes32 word, bytes32 owner) private {
        _logs[feeder].push(word);
        _logs[feeder].push(owner);
        books.setBook(feeder, SLOT, _logs[feeder]);
    }

    function _keep(uint24 area) private returns (Cleared memory result) {
        Vm.Log[] memory logs = logsOf(vm.getRecordedLogs(), address(clearing), IClearing.BookCleared.selector);
        assertEq(logs.length, 1);
        assertEq(uint256(logs[0].topics[1]), area);
        assertEq(uint256(logs[0].topics[2]), SLOT);
        (result.price, result.volumeWh, result.trades, result.rests) = abi.decode(
            logs[0].data,
            (uint32, uint64, bytes32[], bytes32[])
        );
        _cleared[area].trades = result.trades;
        _cleared[area].rests = result.rests;
    }
}

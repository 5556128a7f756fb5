// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {IEnergyMarket} from "../../contracts/interfaces/IEnergyMarket.sol";
import {MarketBounds} from "../../contracts/libraries/MarketBounds.sol";
import {Records} from "../../contracts/libraries/Records.sol";
import {MockTradeEscrow} from "../../contracts/mocks/MockTradeEscrow.sol";
import {MockTradingWorld} from "../../contracts/mocks/MockTradingWorld.sol";
import {Side} from "../../contracts/types/MarketTypes.sol";
import {Order, SignedOrder} from "../../contracts/types/OrderTypes.sol";
import {Entry} from "../../contracts/types/RecordTypes.sol";
import {TradingFixture} from "../utils/TradingFixture.sol";

/// @notice Orders into books, limits, cancels.
contract EnergyMarketTest is TradingFixture {
    uint32 private constant HOME = 1;
    uint32 private constant OTHER = 2;
    uint32 private constant AWAY = 3; // at feeder B
    uint256 private constant ALL = type(uint256).max;

    function setUp() public {
        deployTrading();
        addHome(HOME, feederA);
        addHome(OTHER, feederA);
        addHome(AWAY, feederB);
    }

    // -------------------- relay: what is kept

    function test_RelayAppendsToTheBookAndLocks() public {
        Order memory order = orderOf(HOME, Side.Buy, 1_501, 300_000);
        bytes32[] memory entries = new bytes32[](2);
        entries[0] = Records.packEntry(
            Entry({tag: 1, meter: HOME, feeder: feederA, arrival: 1, wh: 1_501, limit: 300_000, index: 0, slot: SLOT})
        );
        entries[1] = Records.packEntryOwner(homeOf(HOME), 1);
        vm.expectEmit(address(market));
        emit IEnergyMarket.EntriesAppended(feederA, entries);
        relay(feederA, order);
        (bytes32 hash, uint32 count) = market.bookOf(feederA, SLOT);
        assertEq(hash, keccak256(abi.encode(bytes32(0), entries[0], entries[1])));
        assertEq(uint256(count), 1);
        assertEq(uint256(escrow.lockedOf(homeOf(HOME))), 450_300, "1.501 kWh at 0.3, rounded up");
        assertTrue(market.hasPosition(HOME, SLOT));
        assertFalse(market.hasPosition(HOME, SLOT + 1));
        assertEq(uint256(market.nonceUsedThrough(homeOf(HOME), 1)), SLOT);
        (Side side, uint8 orders, uint32 wh) = market.ordersOf(HOME, SLOT);
        assertTrue(side == Side.Buy);
        assertEq(uint256(orders), 1);
        assertEq(uint256(wh), 1_501);
    }

    function test_ASellerLocksItsBondRoundedUp() public {
        world.setRules(2_000_001, 1);
        relay(feederA, orderOf(HOME, Side.Sell, 1_001, 5));
        assertEq(uint256(escrow.lockedOf(homeOf(HOME))), 2_002_002, "1001 Wh x 2000001 / 1000, up");
    }

    function test_AProfileLeavesSlotsWithoutEnergyOut() public {
        vm.recordLogs();
        Order memory order = profileOf(HOME, Side.Buy, SLOT, 3, 1_000, 300_000);
        order.wh[1] = 0;
        relay(feederA, order);
        assertFalse(market.hasPosition(HOME, SLOT + 1));
        assertTrue(market.hasPosition(HOME, SLOT + 2));
        assertEq(entriesOf(feederA, SLOT).length, 2);
        assertEq(entriesOf(feederA, SLOT + 1).length, 0);
        assertEq(entriesOf(feederA, SLOT + 2).length, 2);
        assertEq(uint256(escrow.lockedOf(homeOf(HOME))), 600_000);
    }

    /// The marks of 256 slots share a word: a profile over the border marks both words.
    function test_AProfileOverTheBorderOfAWordOfMarksIsRemembered() public {
        uint32 border = (SLOT / 256 + 1) * 256;
        vm.warp(startOf(border) - 24 hours);
        relay(feederA, profileOf(HOME, Side.Buy, border - 4, 8, 1_000, 300_000));
        for (uint32 slot = border - 4; slot < border + 4; ++slot) assertTrue(market.hasPosition(HOME, slot));
        assertFalse(market.hasPosition(HOME, border - 5));
        assertFalse(market.hasPosition(HOME, border + 4));
    }

    /// One sequence per slot over all books, and one index per book.
    function test_ArrivalsRunOverAllBooksOfASlot() public {
        vm.recordLogs();
        relay(feederA, orderOf(HOME, Side.Buy, 1_000, 1));
        relay(feederB, orderOf(AWAY, Side.Buy, 1_000, 1));
        relay(feederA, orderOf(OTHER, Side.Sell, 1_000, 1));
        bytes32[] memory a = entriesOf(feederA, SLOT);
        bytes32[] memory b = entriesOf(feederB, SLOT);
        assertEq(uint256(Records.unpackEntry(a[0]).arrival), 1);
        assertEq(uint256(Records.unpackEntry(b[0]).arrival), 2);
        assertEq(uint256(Records.unpackEntry(a[2]).arrival), 3);
        assertEq(uint256(Records.unpackEntry(a[2]).index), 1);
        assertEq(uint256(Records.unpackEntry(b[0]).index), 0);
    }

    function test_ABatchIsTheSameAsItsOrdersOneByOne() public {
        SignedOrder[] memory orders = new SignedOrder[](2);
        orders[0] = signed(profileOf(HOME, Side.Buy, SLOT, 24, 1_000, 300_000));
        orders[1] = signed(profileOf(OTHER, Side.Sell, SLOT + 3, 22, 900, 100_000));
        uint256 snapshot = vm.snapshotState();
        market.relay(feederA, orders);
        bytes32[25] memory hashes;
        for (uint32 i = 0; i < 25; ++i) (hashes[i], ) = market.bookOf(feederA, SLOT + i);
        uint64 locked = escrow.lockedOf(homeOf(OTHER));
        vm.revertToState(snapshot);
        market.relay(feederA, one(orders[0]));
        market.relay(feederA, one(orders[1]));
        for (uint32 i = 0; i < 25; ++i) {
            (bytes32 hash, ) = market.bookOf(feederA, SLOT + i);
            assertEq(hash, hashes[i]);
        }
        assertEq(uint256(escrow.lockedOf(homeOf(OTHER))), uint256(locked));
    }

    function test_AnybodyMayRelay() public {
        SignedOrder memory order = signed(orderOf(HOME, Side.Buy, 1_000, 1));
        vm.prank(makeAddr("relayer"));
        market.relay(feederA, one(order));
        assertTrue(market.hasPosition(HOME, SLOT));
    }

    function test_AnEmptyBatchDoesNothing() public {
        market.relay(feederA, new SignedOrder[](0));
        (bytes32 hash, uint32 count) = market.bookOf(feederA, SLOT);
        assertEq(hash, bytes32(0));
        assertEq(uint256(count), 0);
    }

    // -------------------- relay: refusals

    function test_RevertWhen_LengthsDiffer() public {
        Order memory order = profileOf(HOME, Side.Buy, SLOT, 2, 1_000, 1);
        order.limits = new uint32[](1);
        _refused(order, abi.encodeWithSelector(IEnergyMarket.EnergyMarketBadProfile.selector, 0));
    }

    function test_RevertWhen_TheProfileIsEmptyTooLongOrNotTrimmed() public {
        bytes memory bad = abi.encodeWithSelector(IEnergyMarket.EnergyMarketBadProfile.selector, 0);
        _refused(profileOf(HOME, Side.Buy, SLOT, 0, 1_000, 1), bad);
        _refused(profileOf(HOME, Side.Buy, SLOT, 129, 1_000, 1), bad);
        _refused(profileOf(HOME, Side.Buy, SLOT, 2, 0, 1), bad);
        Order memory order = profileOf(HOME, Side.Buy, SLOT, 3, 1_000, 1);
        order.wh[0] = 0;
        _refused(order, bad);
        (order.wh[0], order.wh[2]) = (1_000, 0);
        _refused(order, bad);
        _refused(profileOf(HOME, Side.Buy, type(uint32).max, 1, 1_000, 1), bad);
    }

    function test_RevertWhen_TheOrderHasNoSide() public {
        _refused(
            orderOf(HOME, Side.None, 1_000, 1),
            abi.encodeWithSelector(IEnergyMarket.EnergyMarketNoSide.selector, 0)
        );
    }

    function test_RevertWhen_TheRelayDeadlineHasPassed() public {
        Order memory order = orderOf(HOME, Side.Buy, 1_000, 1);
        SignedOrder memory signedOrder = signed(order);
        vm.warp(order.relayDeadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.EnergyMarketExpired.selector, 0, order.relayDeadline));
        market.relay(feederA, one(signedOrder));
        vm.warp(order.relayDeadline);
        market.relay(feederA, one(signedOrder));
    }

    function test_RevertWhen_AnotherSigned() public {
        SignedOrder memory order = signedBy(keyOf(OTHER), orderOf(HOME, Side.Buy, 1_000, 1));
        vm.expectRevert(
            abi.encodeWithSelector(IEnergyMarket.EnergyMarketNotHolder.selector, 0, homeOf(OTHER), homeOf(HOME))
        );
        market.relay(feederA, one(order));
    }

    function test_RevertWhen_TheSignatureIsNone() public {
        SignedOrder memory order = signed(orderOf(HOME, Side.Buy, 1_000, 1));
        order.r = 0;
        vm.expectRevert(
            abi.encodeWithSelector(IEnergyMarket.EnergyMarketNotHolder.selector, 0, address(0), homeOf(HOME))
        );
        market.relay(feederA, one(order));
    }

    /// A meter that nobody holds recovers to nobody's signature.
    function test_RevertWhen_NobodyHoldsTheMeterAndTheSignatureIsNone() public {
        SignedOrder memory order = signed(orderOf(77, Side.Buy, 1_000, 1));
        order.r = 0;
        vm.expectRevert(
            abi.encodeWithSelector(IEnergyMarket.EnergyMarketNotHolder.selector, 0, address(0), address(0))
        );
        market.relay(feederA, one(order));
    }

    /// Every signed field is under the signature.
    function testFuzz_RevertWhen_AFieldIsChangedAfterSigning(uint8 field) public {
        Order memory order = profileOf(HOME, Side.Buy, SLOT, 2, 1_000, 300_000);
        SignedOrder memory signedOrder = signed(order);
        uint256 which = field % 7;
        if (which == 0) order.meter = OTHER;
        if (which == 1) order.side = Side.Sell;
        if (which == 2) order.firstSlot = SLOT + 1;
        if (which == 3) order.wh[1] = 1_001;
        if (which == 4) order.limits[1] = 300_001;
        if (which == 5) order.nonce = 2;
        if (which == 6) order.relayDeadline += 1;
        vm.expectPartialRevert(IEnergyMarket.EnergyMarketNotHolder.selector);
        market.relay(feederA, one(SignedOrder(order, signedOrder.r, signedOrder.vs)));
    }

    /// A limit of more than 32 bits, properly signed as it stands in the calldata, would spill into the entry's Wh.
    function test_RevertWhen_ALimitHasMoreThan32Bits() public {
        Order memory order = orderOf(HOME, Side.Buy, 1_000, 300_000);
        bytes32 whHash = keccak256(abi.encode(uint256(1_000)));
        uint256 dirty = 300_000 | (uint256(1) << 32);
        bytes32 typeHash = keccak256(
            "Order(uint32 meter,uint8 side,uint32 firstSlot,uint32[] wh,uint32[] limits,"
            "uint64 nonce,uint64 relayDeadline)"
        );
        bytes memory head = abi.encode(typeHash, HOME, Side.Buy, SLOT, whHash, keccak256(abi.encode(dirty)));
        bytes32 structHash = keccak256(bytes.concat(head, abi.encode(order.nonce, order.relayDeadline)));
        bytes32 digest = keccak256(bytes.concat(hex"1901", _domainSeparator(), structHash));
        SignedOrder memory signedOrder = SignedOrder(order, 0, 0);
        (signedOrder.r, signedOrder.vs) = compact(keyOf(HOME), digest);
        bytes memory data = abi.encodeCall(IEnergyMarket.relay, (feederA, one(signedOrder)));
        _replaceWord(data, 300_000, dirty);
        // solhint-disable-next-line avoid-low-level-calls
        (bool ok, bytes memory reason) = address(market).call(data);
        assertFalse(ok);
        assertEq(reason, abi.encodeWithSelector(IEnergyMarket.EnergyMarketBadProfile.selector, 0));
    }

    function test_RevertWhen_TheHolderChangesWithinTheProfile() public {
        MockTradingWorld.Meter memory record = _meter(feederA);
        record.changesFrom = SLOT + 2;
        world.setMeter(HOME, record);
        _refused(
            profileOf(HOME, Side.Buy, SLOT, 3, 1_000, 1),
            abi.encodeWithSelector(IEnergyMarket.EnergyMarketNotHolder.selector, 0, homeOf(HOME), address(0))
        );
        relay(feederA, profileOf(HOME, Side.Buy, SLOT, 2, 1_000, 1));
    }

    function test_RevertWhen_TheAccountIsSuspended() public {
        world.setSuspended(homeOf(HOME), true);
        _refused(
            orderOf(HOME, Side.Buy, 1_000, 1),
            abi.encodeWithSelector(IEnergyMarket.EnergyMarketNotActive.selector, 0, homeOf(HOME))
        );
    }

    function test_RevertWhen_TheMeterIsNotActive() public {
        MockTradingWorld.Meter memory record = _meter(feederA);
        record.isInactive = true;
        world.setMeter(HOME, record);
        _refused(
            orderOf(HOME, Side.Buy, 1_000, 1),
            abi.encodeWithSelector(IEnergyMarket.EnergyMarketMeterNotActive.selector, 0, HOME)
        );
    }

    function test_RevertWhen_TheMeterIsBarred() public {
        MockTradingWorld.Meter memory record = _meter(feederA);
        record.isBarred = true;
        world.setMeter(HOME, record);
        _refused(
            orderOf(HOME, Side.Buy, 1_000, 1),
            abi.encodeWithSelector(IEnergyMarket.EnergyMarketBarred.selector, 0, HOME)
        );
    }

    function test_RevertWhen_TheAccountIsInArrears() public {
        escrow.setArrears(homeOf(HOME), 7);
        _refused(
            orderOf(HOME, Side.Buy, 1_000, 1),
            abi.encodeWithSelector(IEnergyMarket.EnergyMarketInArrears.selector, 0, homeOf(HOME), 7)
        );
    }

    function test_RevertWhen_TheMeterStandsElsewhereOrNowhere() public {
        _refused(
            orderOf(AWAY, Side.Buy, 1_000, 1),
            abi.encodeWithSelector(IEnergyMarket.EnergyMarketNotAtFeeder.selector, 0, AWAY, feederB)
        );
        world.setMeter(HOME, _meter(0));
        _refused(
            orderOf(HOME, Side.Buy, 1_000, 1),
            abi.encodeWithSelector(IEnergyMarket.EnergyMarketNotAtFeeder.selector, 0, HOME, 0)
        );
    }

    function test_RevertWhen_ASlotIsNotOpen() public {
        uint256 opens = startOf(SLOT) - 48 hours;
        Order memory order = orderOf(HOME, Side.Buy, 1_000, 1);
        order.relayDeadline = type(uint64).max;
        bytes memory closed = abi.encodeWithSelector(IEnergyMarket.EnergyMarketSlotNotOpen.selector, SLOT);
        vm.warp(opens - 1);
        _refused(order, closed);
        vm.warp(startOf(SLOT) - 30 minutes);
        _refused(order, closed);
        vm.warp(startOf(SLOT) - 30 minutes - 1);
        relay(feederA, order);
    }

    function test_RevertWhen_OneSlotOfAProfileIsNotOpen() public {
        vm.warp(startOf(SLOT) - 48 hours);
        _refused(
            profileOf(HOME, Side.Buy, SLOT - 1, 3, 1_000, 1),
            abi.encodeWithSelector(IEnergyMarket.EnergyMarketSlotNotOpen.selector, SLOT + 1)
        );
    }

    /// Open slots beyond the horizon are refused, so that the ring of order words never holds two open slots in one
    /// lane.
    function test_RevertWhen_TheSlotLiesBeyondTheHorizon() public {
        uint32 far = world.slotOf(vm.getBlockTimestamp()) + MarketBounds.HORIZON_SLOTS;
        vm.mockCall(address(world), abi.encodeWithSelector(world.isOpenForOrders.selector), abi.encode(true));
        _refused(
            profileOf(HOME, Side.Buy, far, 1, 1_000, 1),
            abi.encodeWithSelector(IEnergyMarket.EnergyMarketSlotNotOpen.selector, far)
        );
        relay(feederA, profileOf(HOME, Side.Buy, far - 1, 1, 1_000, 1));
    }

    function test_RevertWhen_ABatchSpreadsTooWide() public {
        SignedOrder[] memory orders = new SignedOrder[](2);
        orders[0] = signed(orderOf(HOME, Side.Buy, 1_000, 1));
        orders[1] = signed(profileOf(OTHER, Side.Buy, SLOT + 240, 1, 1_000, 1));
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.EnergyMarketSpreadTooWide.selector, SLOT, SLOT + 240));
        market.relay(feederA, orders);
    }

    function test_RevertWhen_TheOrderIsTooSmallOrTooLarge() public {
        world.setRules(2_000_000, 100);
        _refused(
            orderOf(HOME, Side.Buy, 99, 1),
            abi.encodeWithSelector(IEnergyMarket.EnergyMarketBadSize.selector, 0, SLOT, 99, 100)
        );
        _refused(
            orderOf(HOME, Side.Buy, 2 ** 24, 1),
            abi.encodeWithSelector(IEnergyMarket.EnergyMarketBadSize.selector, 0, SLOT, 2 ** 24, 100)
        );
        relay(feederA, orderOf(HOME, Side.Buy, 100, 1));
    }

    function test_RevertWhen_TheMeterOrdersOnBothSides() public {
        relay(feederA, orderOf(HOME, Side.Buy, 1_000, 1));
        Order memory order = orderOf(HOME, Side.Sell, 1_000, 1);
        order.nonce = 2;
        _refused(order, abi.encodeWithSelector(IEnergyMarket.EnergyMarketOtherSide.selector, 0, HOME, SLOT));
        order = profileOf(HOME, Side.Sell, SLOT + 1, 1, 1_000, 1);
        order.nonce = 2;
        relay(feederA, order); // another slot, another side
    }

    function test_RevertWhen_TheMeterHasFourOrders_CancelledIncluded() public {
        for (uint64 n = 1; n <= 4; ++n) {
            Order memory order = orderOf(HOME, Side.Buy, 1_000, 1);
            order.nonce = n;
            relay(feederA, order);
        }
        Order memory first = orderOf(HOME, Side.Buy, 1_000, 1);
        vm.prank(homeOf(HOME));
        market.cancel(first, ALL);
        Order memory fifth = orderOf(HOME, Side.Buy, 1_000, 1);
        fifth.nonce = 5;
        _refused(fifth, abi.encodeWithSelector(IEnergyMarket.EnergyMarketTooManyOrders.selector, 0, HOME, SLOT));
    }

    function test_RevertWhen_OrdersExceedTheConnection() public {
        relay(feederA, orderOf(HOME, Side.Buy, CONNECTION_WH - 500, 1));
        Order memory order = orderOf(HOME, Side.Buy, 501, 1);
        order.nonce = 2;
        _refused(
            order,
            abi.encodeWithSelector(
                IEnergyMarket.EnergyMarketAboveConnection.selector,
                0,
                HOME,
                SLOT,
                CONNECTION_WH + 1,
                CONNECTION_WH
            )
        );
        order.wh[0] = 500;
        relay(feederA, order);
    }

    function test_RevertWhen_CreditsAreShort() public {
        Order memory order = orderOf(HOME, Side.Buy, 20_000, 300_000_000);
        _refused(
            order,
            abi.encodeWithSelector(
                IEnergyMarket.EnergyMarketLockRefused.selector,
                0,
                homeOf(HOME),
                6_000_000_000,
                abi.encodeWithSelector(MockTradeEscrow.MockTradeEscrowShort.selector, homeOf(HOME))
            )
        );
    }

    /// One bad order reverts the batch and is named; nothing of the others stays.
    function test_RevertWhen_OneOrderOfABatchIsBad_NamingIt() public {
        world.setSuspended(homeOf(OTHER), true);
        SignedOrder[] memory orders = new SignedOrder[](2);
        orders[0] = signed(orderOf(HOME, Side.Buy, 1_000, 1));
        orders[1] = signed(orderOf(OTHER, Side.Buy, 1_000, 1));
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.EnergyMarketNotActive.selector, 1, homeOf(OTHER)));
        market.relay(feederA, orders);
        assertFalse(market.hasPosition(HOME, SLOT));
        assertEq(uint256(escrow.lockedOf(homeOf(HOME))), 0);
    }

    // -------------------- nonces

    /// A rival that relays one order of a batch first does not make the batch revert, nor any order count twice.
    function test_AnOrderRelayedBeforeIsSkipped() public {
        SignedOrder memory order = signed(profileOf(HOME, Side.Buy, SLOT, 2, 1_000, 300_000));
        SignedOrder[] memory batch = new SignedOrder[](3);
        (batch[0], batch[1]) = (order, signed(orderOf(OTHER, Side.Sell, 700, 1)));
        batch[2] = order; // twice in one batch, too
        vm.prank(makeAddr("rival"));
        market.relay(feederA, one(order));
        (bytes32 later, ) = market.bookOf(feederA, SLOT + 1);
        vm.expectEmit(address(market));
        emit IEnergyMarket.OrderSkipped(homeOf(HOME), 1, 0);
        vm.expectEmit(address(market));
        emit IEnergyMarket.OrderSkipped(homeOf(HOME), 1, 2);
        market.relay(feederA, batch);
        (, uint32 count) = market.bookOf(feederA, SLOT);
        assertEq(uint256(count), 2, "each order once");
        (bytes32 same, ) = market.bookOf(feederA, SLOT + 1);
        assertEq(same, later);
        (, uint8 orders, uint32 wh) = market.ordersOf(HOME, SLOT);
        assertEq(uint256(orders), 1);
        assertEq(uint256(wh), 1_000);
        assertEq(uint256(escrow.lockedOf(homeOf(HOME))), 600_000, "locked once");
        assertTrue(market.hasPosition(OTHER, SLOT), "the rest of the batch is taken");
    }

    /// What was cancelled of a relayed profile stays so, and what stands is neither booked nor locked again.
    function test_ASkippedProfileStaysCancelledWhereItWas() public {
        Order memory order = profileOf(HOME, Side.Buy, SLOT, 3, 1_000, 300_000);
        SignedOrder memory signedOrder = signed(order);
        market.relay(feederA, one(signedOrder));
        vm.prank(homeOf(HOME));
        market.cancel(order, 2);
        bytes32[3] memory hashes;
        for (uint32 i = 0; i < 3; ++i) (hashes[i], ) = market.bookOf(feederA, SLOT + i);
        market.relay(feederA, one(signedOrder));
        for (uint32 i = 0; i < 3; ++i) {
            (bytes32 hash, ) = market.bookOf(feederA, SLOT + i);
            assertEq(hash, hashes[i]);
        }
        assertEq(uint256(escrow.lockedOf(homeOf(HOME))), 600_000, "two slots");
        (, , uint32 wh) = market.ordersOf(HOME, SLOT + 1);
        assertEq(uint256(wh), 0);
    }

    /// A skipped order asks for nothing that a new one needs: deadline, gate, its account's standing may be over.
    function test_AnOrderRelayedBeforeIsSkippedWhateverHasChangedSince() public {
        SignedOrder memory order = signed(orderOf(HOME, Side.Buy, 1_000, 1));
        market.relay(feederA, one(order));
        vm.warp(startOf(SLOT));
        world.setSuspended(homeOf(HOME), true);
        escrow.setArrears(homeOf(HOME), 1);
        vm.expectEmit(address(market));
        emit IEnergyMarket.OrderSkipped(homeOf(HOME), 1, 0);
        market.relay(feederB, one(order));
        (bytes32 hash, ) = market.bookOf(feederB, SLOT);
        assertEq(hash, bytes32(0));
    }

    /// Another order under the nonce of one that was relayed is none that was relayed.
    function test_RevertWhen_AnotherOrderHasTheNonce() public {
        SignedOrder[] memory batch = new SignedOrder[](2);
        batch[0] = signed(orderOf(HOME, Side.Buy, 1_000, 1));
        batch[1] = signed(orderOf(HOME, Side.Buy, 1_000, 2));
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.EnergyMarketNonceUsed.selector, 1, 1, SLOT));
        market.relay(feederA, batch);
        // nor is the same order under another's signature
        market.relay(feederA, one(batch[0]));
        batch[0] = signedBy(keyOf(OTHER), batch[0].order);
        vm.expectRevert(
            abi.encodeWithSelector(IEnergyMarket.EnergyMarketNotHolder.selector, 0, homeOf(OTHER), homeOf(HOME))
        );
        market.relay(feederA, one(batch[0]));
    }

    function test_RevertWhen_AnEarlierOrderOfTheNonceCanStillBeCancelled() public {
        relay(feederA, orderOf(HOME, Side.Buy, 1_000, 1));
        Order memory later = profileOf(HOME, Side.Buy, SLOT + 1, 1, 1_000, 1);
        later.relayDeadline = type(uint64).max;
        _refused(later, abi.encodeWithSelector(IEnergyMarket.EnergyMarketNonceBusy.selector, 0, 1, SLOT));
        vm.warp(startOf(SLOT) - 30 minutes);
        relay(feederA, later);
        assertEq(uint256(market.nonceUsedThrough(homeOf(HOME), 1)), SLOT + 1);
    }

    /// An order whose nonce has moved on can be neither relayed again nor cancelled.
    function test_RevertWhen_AnOrderBeforeTheNonceIsRelayedOrCancelled() public {
        Order memory first = orderOf(HOME, Side.Buy, 1_000, 1);
        first.relayDeadline = type(uint64).max;
        SignedOrder memory signedFirst = signed(first);
        market.relay(feederA, one(signedFirst));
        vm.warp(startOf(SLOT) - 30 minutes);
        Order memory later = profileOf(HOME, Side.Buy, SLOT + 1, 1, 1_000, 1);
        relay(feederA, later);
        bytes memory used = abi.encodeWithSelector(IEnergyMarket.EnergyMarketNonceUsed.selector, 0, 1, SLOT + 1);
        vm.expectRevert(used);
        market.relay(feederA, one(signedFirst));
        vm.prank(homeOf(HOME));
        vm.expectRevert(used);
        market.cancel(first, ALL);
    }

    // -------------------- bounds of books

    /// The tree's bound holds even if its feeders' shares did not add up to it.
    function test_RevertWhen_TheTreeIsFull() public {
        relay(feederA, orderOf(HOME, Side.Buy, 1_000, 1));
        _setTreeMeters(MarketBounds.MAX_TREE_METERS - 1);
        relay(feederA, orderOf(OTHER, Side.Buy, 1_000, 1));
        SignedOrder[] memory orders = one(signed(orderOf(AWAY, Side.Buy, 1_000, 1)));
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.EnergyMarketTooManyMeters.selector, 0, feederB, SLOT, 41));
        market.relay(feederB, orders);
    }

    /// Whatever an order is worth, its meter may come to need a new debt: so meters are bounded, not orders alone.
    function test_RevertWhen_AFeedersShareOfMetersIsTaken() public {
        // three feeders in the tree: 41 meters each; here with an order each
        for (uint32 meter = 1_000; meter < 1_040; ++meter) {
            addHome(meter, feederA);
            relay(feederA, orderOf(meter, Side.Buy, 1_000, 1));
        }
        uint32[] memory wh = new uint32[](1);
        wh[0] = 1_000;
        vm.prank(address(bilaterals));
        market.countBilateral(HOME, homeOf(HOME), Side.Buy, SLOT, wh); // a contract's meter counts as well
        bytes memory full = abi.encodeWithSelector(
            IEnergyMarket.EnergyMarketTooManyMeters.selector,
            0,
            feederA,
            SLOT,
            41
        );
        _refused(orderOf(OTHER, Side.Buy, 1_000, 1), full);
        vm.prank(address(bilaterals));
        vm.expectRevert(full);
        market.countBilateral(OTHER, homeOf(OTHER), Side.Sell, SLOT, wh);
        Order memory more = orderOf(1_000, Side.Buy, 1_000, 1);
        more.nonce = 2;
        relay(feederA, more); // of a meter that is there
        relay(feederB, orderOf(AWAY, Side.Buy, 1_000, 1)); // the neighbour's share is untouched
        relay(feederA, profileOf(OTHER, Side.Buy, SLOT + 1, 1, 1_000, 1)); // so is the next slot
    }

    function test_RevertWhen_TheSlotHasNoNumberForAnOrder() public {
        relay(feederA, orderOf(HOME, Side.Buy, 1_000, 1));
        _setArrivals(type(uint24).max - 1);
        relay(feederA, orderOf(OTHER, Side.Buy, 1_000, 1));
        SignedOrder[] memory orders = one(signed(orderOf(AWAY, Side.Buy, 1_000, 1)));
        vm.expectRevert(
            abi.encodeWithSelector(IEnergyMarket.EnergyMarketSlotFull.selector, 0, feederB, SLOT, type(uint24).max)
        );
        market.relay(feederB, orders);
    }

    // -------------------- cancel

    function test_CancelBeforeRelayIsForEver() public {
        Order memory order = profileOf(HOME, Side.Buy, SLOT, 2, 1_000, 1);
        vm.expectEmit(address(market));
        emit IEnergyMarket.OrderRevoked(homeOf(HOME), 1, market.digestOf(order), SLOT + 1);
        vm.prank(homeOf(HOME));
        market.cancel(order, 0);
        _refused(order, abi.encodeWithSelector(IEnergyMarket.EnergyMarketNonceUsed.selector, 0, 1, SLOT + 1));
    }

    function test_CancelAfterRelayAppendsUnlocksAndFreesTheConnection() public {
        vm.recordLogs();
        Order memory order = profileOf(HOME, Side.Buy, SLOT, 3, CONNECTION_WH, 300_000);
        relay(feederA, order);
        vm.prank(homeOf(HOME));
        market.cancel(order, 2 + 4);
        assertEq(uint256(escrow.lockedOf(homeOf(HOME))), 6_000_000, "one slot stays locked");
        assertEq(uint256(escrow.freeOf(homeOf(HOME))), FUNDS - 6_000_000);
        assertEq(market.cancelledSlots(market.digestOf(order)), 6);
        bytes32[] memory entries = entriesOf(feederA, SLOT + 1);
        assertEq(entries.length, 4);
        assertEq(
            entries[2],
            Records.packEntry(
                Entry({tag: 3, meter: HOME, feeder: feederA, arrival: 0, wh: 0, limit: 0, index: 1, slot: SLOT + 1})
            )
        );
        assertEq(entries[3], entries[1], "owner word of the order");
        (, uint32 count) = market.bookOf(feederA, SLOT + 1);
        assertEq(uint256(count), 2);
        assertTrue(market.hasPosition(HOME, SLOT + 1), "cancelled ones count");
        (, uint8 orders, uint32 wh) = market.ordersOf(HOME, SLOT + 1);
        assertEq(uint256(orders), 1);
        assertEq(uint256(wh), 0);
        Order memory again = profileOf(HOME, Side.Buy, SLOT + 1, 1, CONNECTION_WH, 1);
        again.nonce = 2;
        relay(feederA, again);
    }

    function test_ASellersCancelReturnsItsBond() public {
        Order memory order = orderOf(HOME, Side.Sell, 1_001, 7);
        relay(feederA, order);
        vm.prank(homeOf(HOME));
        market.cancel(order, 1);
        assertEq(uint256(escrow.lockedOf(homeOf(HOME))), 0);
        assertEq(uint256(escrow.freeOf(homeOf(HOME))), FUNDS);
    }

    function test_RevertWhen_CancelledTwice() public {
        Order memory order = profileOf(HOME, Side.Buy, SLOT, 2, 1_000, 1);
        relay(feederA, order);
        vm.startPrank(homeOf(HOME));
        market.cancel(order, 1);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.EnergyMarketCancelledBefore.selector, SLOT));
        market.cancel(order, 3);
        market.cancel(order, 2);
        vm.stopPrank();
    }

    function test_RevertWhen_CancelledAfterGateClosure() public {
        Order memory order = profileOf(HOME, Side.Buy, SLOT, 2, 1_000, 1);
        relay(feederA, order);
        vm.warp(startOf(SLOT) - 30 minutes);
        vm.startPrank(homeOf(HOME));
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.EnergyMarketSlotNotOpen.selector, SLOT));
        market.cancel(order, 3);
        market.cancel(order, 2); // the later slot is still open
        vm.stopPrank();
    }

    function test_RevertWhen_TheMaskNamesNothing() public {
        Order memory order = profileOf(HOME, Side.Buy, SLOT, 2, 1_000, 1);
        relay(feederA, order);
        vm.prank(homeOf(HOME));
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.EnergyMarketNothingToCancel.selector, 4));
        market.cancel(order, 4);
    }

    /// Another's cancel touches only the caller's own nonces.
    function test_AnothersCancelChangesNothingOfTheOrder() public {
        Order memory order = orderOf(HOME, Side.Buy, 1_000, 1);
        relay(feederA, order);
        vm.prank(homeOf(OTHER));
        market.cancel(order, ALL);
        (, uint32 count) = market.bookOf(feederA, SLOT);
        assertEq(uint256(count), 1);
        assertEq(market.cancelledSlots(market.digestOf(order)), 0);
        assertEq(uint256(market.nonceUsedThrough(homeOf(OTHER), 1)), SLOT);
        assertEq(uint256(escrow.lockedOf(homeOf(OTHER))), 0);
    }

    /// An order that was never relayed cannot be cancelled in another's place: nothing is unlocked for it.
    function test_CancelOfAnUnrelayedOrderUnlocksNothing() public {
        relay(feederA, orderOf(HOME, Side.Buy, 1_000, 1));
        Order memory forged = orderOf(HOME, Side.Buy, CONNECTION_WH, 300_000);
        vm.prank(homeOf(HOME));
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.EnergyMarketNonceUsed.selector, 0, 1, SLOT));
        market.cancel(forged, ALL);
    }

    function test_RevertWhen_ASuspendedAccountCancels() public {
        Order memory order = orderOf(HOME, Side.Buy, 1_000, 1);
        relay(feederA, order);
        world.setSuspended(homeOf(HOME), true);
        vm.prank(homeOf(HOME));
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.EnergyMarketNotActive.selector, 0, homeOf(HOME)));
        market.cancel(order, ALL);
    }

    function test_RevertWhen_ABadProfileIsCancelled() public {
        Order memory order = orderOf(HOME, Side.Buy, 1_000, 1);
        order.limits = new uint32[](2);
        vm.prank(homeOf(HOME));
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.EnergyMarketBadProfile.selector, 0));
        market.cancel(order, ALL);
    }

    /// A revoked order leaves the one that its nonce remembers cancellable.
    function test_RevokingLeavesTheRelayedOrderOfTheNonceCancellable() public {
        Order memory order = orderOf(HOME, Side.Buy, 1_000, 300_000);
        relay(feederA, order);
        Order memory later = profileOf(HOME, Side.Buy, SLOT + 1, 1, 1_000, 1);
        vm.startPrank(homeOf(HOME));
        market.cancel(later, ALL);
        assertEq(uint256(market.nonceUsedThrough(homeOf(HOME), 1)), SLOT + 1);
        market.cancel(order, ALL);
        vm.stopPrank();
        assertEq(uint256(escrow.lockedOf(homeOf(HOME))), 0);
    }

    // -------------------- bilateral

    function test_RevertWhen_CountBilateralIsCalledWithoutTheRole() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, homeOf(HOME)));
        vm.prank(homeOf(HOME));
        market.countBilateral(HOME, homeOf(HOME), Side.Buy, SLOT, new uint32[](1));
    }

    // -------------------- the ring of order words

    /// The word of a slot is used again 256 slots later and reads as empty then; that a meter ordered stays known.
    function test_OrderWordsAreUsedAgainAndMarksStay() public {
        relay(feederA, orderOf(HOME, Side.Sell, 1_000, 1));
        uint32 later = SLOT + 256;
        vm.warp(startOf(later) - 24 hours);
        (, uint8 before, ) = market.ordersOf(HOME, later);
        assertEq(uint256(before), 0);
        Order memory order = profileOf(HOME, Side.Buy, later, 1, 2_000, 1);
        relay(feederA, order);
        (Side side, uint8 orders, uint32 wh) = market.ordersOf(HOME, later);
        assertTrue(side == Side.Buy, "no trace of the sale 256 slots ago");
        assertEq(uint256(orders), 1);
        assertEq(uint256(wh), 2_000);
        assertTrue(market.hasPosition(HOME, SLOT));
        assertTrue(market.hasPosition(HOME, later));
    }

    /// Profiles at any place of the words count each slot once, whatever was ordered next to it.
    function testFuzz_LimitsAreKeptSlotBySlot(uint8 offset, uint8 length, uint8 second) public {
        uint32 first = SLOT + (offset % 12);
        uint256 count = 1 + (length % 12);
        relay(feederA, profileOf(HOME, Side.Buy, first, count, 3_000, 1));
        uint32 other = SLOT + (second % 24);
        Order memory order = profileOf(HOME, Side.Buy, other, 1, 4_000, 1);
        order.nonce = 2;
        relay(feederA, order);
        uint32[] memory asked = new uint32[](3);
        (asked[0], asked[1], asked[2]) = (OTHER, HOME, OTHER);
        for (uint32 slot = SLOT - 1; slot < SLOT + 26; ++slot) {
            bool inFirst = slot >= first && slot < first + count;
            (, uint8 orders, uint32 wh) = market.ordersOf(HOME, slot);
            assertEq(uint256(orders), (inFirst ? 1 : 0) + (slot == other ? 1 : 0));
            assertEq(uint256(wh), (inFirst ? 3_000 : 0) + (slot == other ? 4_000 : 0));
            assertEq(market.hasPosition(HOME, slot), inFirst || slot == other);
            assertEq(market.positionsAt(asked, slot), market.hasPosition(HOME, slot) ? 2 : 0, "the second one asked");
        }
    }

    /// Locks are what the orders not cancelled add up to, whatever is cancelled when.
    function testFuzz_LocksAreThoseOfLiveOrders(uint32 wh, uint32 limit, uint8 mask1, uint8 mask2, bool sells) public {
        wh = uint32(bound(wh, 1, CONNECTION_WH));
        limit = uint32(bound(limit, 0, 500_000));
        Order memory order = profileOf(HOME, sells ? Side.Sell : Side.Buy, SLOT, 8, wh, limit);
        relay(feederA, order);
        vm.startPrank(homeOf(HOME));
        if (mask1 != 0) market.cancel(order, mask1);
        uint256 rest = mask2 & ~mask1;
        if (rest != 0) market.cancel(order, rest);
        vm.stopPrank();
        uint256 live = 0;
        for (uint256 i = 0; i < 8; ++i) live += (uint256(mask1 | mask2) >> i) & 1 == 0 ? 1 : 0;
        uint256 each = (uint256(wh) * (sells ? 2_000_000 : limit) + 999) / 1000;
        assertEq(uint256(escrow.lockedOf(homeOf(HOME))), live * each);
    }

    // -------------------- helpers

    function _refused(Order memory order, bytes memory expected) private {
        SignedOrder[] memory orders = one(signed(order));
        vm.expectRevert(expected);
        market.relay(feederA, orders);
    }

    function _domainSeparator() private view returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                    keccak256("Commonwatt EnergyMarket"),
                    keccak256("1"),
                    block.chainid,
                    address(market)
                )
            );
    }

    /// @dev Replaces the one word of the call's arguments that is `from`.
    function _replaceWord(bytes memory data, uint256 from, uint256 to) private pure {
        for (uint256 at_ = 36; at_ <= data.length; at_ += 32) {
            uint256 word;
            assembly ("memory-safe") {
                word := mload(add(data, at_))
            }
            if (word != from) continue;
            assembly ("memory-safe") {
                mstore(add(data, at_), to)
            }
            return;
        }
        fail("no such word");
    }

    /// @dev Writes the tree's count of SLOT, which stands at 1: the one word keyed by city and group that holds a 1.
    function _setTreeMeters(uint256 count) private {
        for (uint256 p = 0; p < 16; ++p) {
            bytes32 slot = keccak256(abi.encode(uint256(SLOT / 8), keccak256(abi.encode(uint256(city), p))));
            if (vm.load(address(market), slot) != bytes32(uint256(1))) continue;
            vm.store(address(market), slot, bytes32(count));
            return;
        }
        fail("no count of the tree's meters");
    }

    /// @dev Likewise the slot's arrivals, the one word keyed by group alone.
    function _setArrivals(uint256 count) private {
        for (uint256 p = 0; p < 16; ++p) {
            bytes32 slot = keccak256(abi.encode(uint256(SLOT / 8), p));
            if (vm.load(address(market), slot) != bytes32(uint256(1))) continue;
            vm.store(address(market), slot, bytes32(count));
            return;
        }
        fail("no arrivals");
    }

    function _meter(uint24 feeder) private pure returns (MockTradingWorld.Meter memory) {
        return MockTradingWorld.Meter(homeOf(HOME), feeder, CONNECTION_WH, false, false, 0);
    }
}

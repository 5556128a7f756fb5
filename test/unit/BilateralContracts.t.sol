// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IBilateralContracts} from "../../contracts/interfaces/IBilateralContracts.sol";
import {IEnergyMarket} from "../../contracts/interfaces/IEnergyMarket.sol";
import {MarketBounds} from "../../contracts/libraries/MarketBounds.sol";
import {Records} from "../../contracts/libraries/Records.sol";
import {MockTradeEscrow} from "../../contracts/mocks/MockTradeEscrow.sol";
import {Side} from "../../contracts/types/MarketTypes.sol";
import {BilateralContract, Order, SignedBilateral} from "../../contracts/types/OrderTypes.sol";
import {BilateralEntry, Trade} from "../../contracts/types/RecordTypes.sol";
import {TradingFixture} from "../utils/TradingFixture.sol";

/// @notice Contracts between two named meters.
contract BilateralContractsTest is TradingFixture {
    uint32 private constant BUYER = 1; // feeder A, east
    uint32 private constant NEIGHBOUR = 2; // feeder A, east
    uint32 private constant EASTERN = 3; // feeder B, east
    uint32 private constant WESTERN = 4; // feeder C, west

    function setUp() public {
        deployTrading();
        addHome(BUYER, feederA);
        addHome(NEIGHBOUR, feederA);
        addHome(EASTERN, feederB);
        addHome(WESTERN, feederC);
        world.setEdge(feederA, 10_000, false, 0);
        world.setEdge(feederB, 20_000, false, 0);
        world.setEdge(feederC, 30_000, false, 0);
        world.setEdge(east, 1_000, false, 0);
        world.setEdge(west, 2_000, false, 0);
    }

    // -------------------- accepting

    function test_AcceptEntersLocksAndCountsBothSides() public {
        BilateralContract memory terms = termsOf(BUYER, WESTERN, 1_001, 150_000);
        bytes32 digest = bilaterals.digestOf(terms);
        Trade memory trade;
        trade.buyFeeder = feederA;
        trade.sellFeeder = feederC;
        trade.wh = 1_001;
        trade.price = 150_000;
        (trade.buyMeter, trade.sellMeter) = (BUYER, WESTERN);
        // the buyer's edges: 10,000 and 1,000; 1.001 kWh at 0.161, up; the bond at 2 credits
        bytes32[4] memory words = Records.packBilateral(
            BilateralEntry(Records.packTrade(trade), homeOf(BUYER), SLOT, homeOf(WESTERN), 161_161, 2_002_000)
        );
        bytes32[] memory entries = new bytes32[](4);
        for (uint256 i = 0; i < 4; ++i) entries[i] = words[i];
        SignedBilateral memory both = signedBoth(terms);
        vm.expectEmit(address(bilaterals));
        emit IBilateralContracts.BilateralAccepted(city, digest, entries);
        vm.prank(makeAddr("anybody"));
        bilaterals.accept(both);
        (bytes32 hash, uint32 count) = bilaterals.bookOf(city, SLOT);
        assertEq(hash, keccak256(abi.encodePacked(bytes32(0), words)));
        assertEq(uint256(count), 1);
        assertEq(uint256(escrow.lockedOf(homeOf(BUYER))), 161_161);
        assertEq(uint256(escrow.lockedOf(homeOf(WESTERN))), 2_002_000);
        assertTrue(bilaterals.isAccepted(digest));
        assertTrue(market.hasPosition(BUYER, SLOT));
        assertTrue(market.hasPosition(WESTERN, SLOT));
        (Side side, uint8 orders, uint32 wh) = market.ordersOf(WESTERN, SLOT);
        assertTrue(side == Side.Sell);
        assertEq(uint256(orders), 1);
        assertEq(uint256(wh), 1_001);
    }

    /// The fees are those of the path: none inside a feeder, the feeders' edges inside a district, else both levels.
    function test_TheBuyerLocksTheFeesOfThePath() public {
        bilaterals.accept(signedBoth(termsOf(BUYER, NEIGHBOUR, 1_000, 0)));
        assertEq(uint256(escrow.lockedOf(homeOf(BUYER))), 0);
        bilaterals.accept(signedBoth(termsOf(BUYER, EASTERN, 1_000, 20_000)));
        assertEq(uint256(escrow.lockedOf(homeOf(BUYER))), 30_000);
        bilaterals.accept(signedBoth(termsOf(BUYER, WESTERN, 1_000, 32_000)));
        assertEq(uint256(escrow.lockedOf(homeOf(BUYER))), 30_000 + 43_000);
    }

    function test_AProfileIsEnteredSlotBySlotAndLockedAtOnce() public {
        vm.recordLogs();
        BilateralContract memory terms = termsOf(BUYER, WESTERN, 1_000, 100_000);
        terms.wh = new uint32[](3);
        (terms.wh[0], terms.wh[2]) = (1_000, 2_000);
        bilaterals.accept(signedBoth(terms));
        assertEq(bilateralsOf(SLOT).length, 4);
        assertEq(bilateralsOf(SLOT + 1).length, 0);
        assertEq(bilateralsOf(SLOT + 2).length, 4);
        (, uint32 count) = bilaterals.bookOf(city, SLOT + 1);
        assertEq(uint256(count), 0);
        assertEq(uint256(escrow.lockedOf(homeOf(BUYER))), 333_000);
        assertEq(uint256(escrow.lockedOf(homeOf(WESTERN))), 6_000_000);
    }

    // -------------------- refusals of its own

    function test_RevertWhen_TheProfileIsBad() public {
        BilateralContract memory terms = termsOf(BUYER, WESTERN, 1_000, 100_000);
        terms.wh = new uint32[](0);
        _refused(terms, abi.encodeWithSelector(IBilateralContracts.BilateralContractsBadProfile.selector));
        terms.wh = new uint32[](129);
        (terms.wh[0], terms.wh[128]) = (1, 1);
        _refused(terms, abi.encodeWithSelector(IBilateralContracts.BilateralContractsBadProfile.selector));
        terms.wh = new uint32[](2);
        terms.wh[0] = 1;
        _refused(terms, abi.encodeWithSelector(IBilateralContracts.BilateralContractsBadProfile.selector));
        terms = termsOf(BUYER, WESTERN, 1_000, 100_000);
        terms.firstSlot = type(uint32).max;
        _refused(terms, abi.encodeWithSelector(IBilateralContracts.BilateralContractsBadProfile.selector));
    }

    function test_RevertWhen_AMeterTradesWithItself() public {
        _refused(
            termsOf(BUYER, BUYER, 1_000, 100_000),
            abi.encodeWithSelector(IBilateralContracts.BilateralContractsSameMeter.selector, BUYER)
        );
    }

    function test_RevertWhen_TheDeadlineHasPassed() public {
        BilateralContract memory terms = termsOf(BUYER, WESTERN, 1_000, 100_000);
        vm.warp(terms.acceptDeadline + 1);
        _refused(
            terms,
            abi.encodeWithSelector(IBilateralContracts.BilateralContractsExpired.selector, terms.acceptDeadline)
        );
    }

    function test_RevertWhen_AcceptedTwice() public {
        SignedBilateral memory both = signedBoth(termsOf(BUYER, WESTERN, 1_000, 100_000));
        bilaterals.accept(both);
        bytes32 digest = bilaterals.digestOf(both.terms);
        vm.expectRevert(abi.encodeWithSelector(IBilateralContracts.BilateralContractsAcceptedBefore.selector, digest));
        bilaterals.accept(both);
    }

    function test_RevertWhen_EitherPartyRevoked() public {
        uint32[2] memory parties = [BUYER, WESTERN];
        for (uint256 i = 0; i < 2; ++i) {
            uint256 snapshot = vm.snapshotState();
            address party = homeOf(parties[i]);
            vm.expectEmit(address(bilaterals));
            emit IBilateralContracts.BilateralRevoked(party, 9);
            vm.prank(party);
            bilaterals.revoke(9);
            assertTrue(bilaterals.isRevoked(party, 9));
            _refused(
                termsOf(BUYER, WESTERN, 1_000, 100_000),
                abi.encodeWithSelector(IBilateralContracts.BilateralContractsNonceRevoked.selector, party, 9)
            );
            vm.prank(party);
            vm.expectRevert(
                abi.encodeWithSelector(IBilateralContracts.BilateralContractsNonceRevoked.selector, party, 9)
            );
            bilaterals.revoke(9);
            vm.revertToState(snapshot);
        }
    }

    /// Once accepted, nobody gets out: revoking changes nothing of it.
    function test_RevokingAnAcceptedContractChangesNothing() public {
        BilateralContract memory terms = termsOf(BUYER, WESTERN, 1_000, 100_000);
        bilaterals.accept(signedBoth(terms));
        vm.prank(homeOf(BUYER));
        bilaterals.revoke(9);
        (, uint32 count) = bilaterals.bookOf(city, SLOT);
        assertEq(uint256(count), 1);
        assertTrue(escrow.lockedOf(homeOf(BUYER)) != 0);
    }

    function test_RevertWhen_TheMetersStandInTwoCities() public {
        uint24 town = world.addArea(0);
        uint24 quarter = world.addArea(town);
        uint24 feeder = world.addArea(quarter);
        addHome(50, feeder);
        _refused(
            termsOf(BUYER, 50, 1_000, 100_000),
            abi.encodeWithSelector(IBilateralContracts.BilateralContractsTwoCities.selector, city, town)
        );
    }

    function test_RevertWhen_AnEdgeOfThePathIsLimited() public {
        uint24[4] memory edges = [feederA, feederC, east, west];
        for (uint256 i = 0; i < 4; ++i) {
            uint256 snapshot = vm.snapshotState();
            world.setEdge(edges[i], 0, true, 1_000_000);
            _refused(
                termsOf(BUYER, WESTERN, 1_000, 100_000),
                abi.encodeWithSelector(IBilateralContracts.BilateralContractsEdgeLimited.selector, edges[i], SLOT)
            );
            bilaterals.accept(signedBoth(termsOf(BUYER, NEIGHBOUR, 1_000, 100_000))); // uses no edge
            vm.revertToState(snapshot);
        }
    }

    function test_RevertWhen_ThePriceIsBelowTheSellersFees() public {
        _refused(
            termsOf(BUYER, WESTERN, 1_000, 31_999),
            abi.encodeWithSelector(IBilateralContracts.BilateralContractsPriceBelowFees.selector, SLOT, 31_999, 32_000)
        );
        bilaterals.accept(signedBoth(termsOf(BUYER, WESTERN, 1_000, 32_000)));
    }

    /// A few colluding homes can use up what their own feeder has, and nothing of another's.
    function test_RevertWhen_TheSellersFeederHasItsShare() public {
        uint32 share = uint32(MarketBounds.MAX_TREE_BILATERALS / 3); // feeders
        _sellFrom(feederA, 100, share);
        _refused(
            termsOf(BUYER, NEIGHBOUR, 1_000, 100_000),
            abi.encodeWithSelector(IBilateralContracts.BilateralContractsFeederFull.selector, feederA, SLOT, share)
        );
        bilaterals.accept(signedBoth(termsOf(BUYER, WESTERN, 1_000, 100_000)));
        BilateralContract memory later = termsOf(BUYER, NEIGHBOUR, 1_000, 100_000);
        ++later.firstSlot;
        bilaterals.accept(signedBoth(later));
    }

    /// Shares shrink when feeders come: the tree's bound holds all the same.
    function test_RevertWhen_TheBookIsFull() public {
        uint32 bound_ = uint32(MarketBounds.MAX_TREE_BILATERALS);
        _sellFrom(feederA, 100, bound_ / 3);
        _sellFrom(feederB, 200, bound_ / 3);
        _sellFrom(feederC, 300, bound_ / 3);
        uint24 feederD = world.addArea(west);
        _sellFrom(feederD, 400, bound_ % 3);
        addHome(5, feederD);
        _refused(
            termsOf(BUYER, 5, 1_000, 100_000),
            abi.encodeWithSelector(IBilateralContracts.BilateralContractsBookFull.selector, city, SLOT, bound_)
        );
    }

    /// Meters numbered from `first` on sell from the feeder, each four times to a neighbour of its own.
    function _sellFrom(uint24 feeder, uint32 first, uint32 count) private {
        for (uint32 i = 0; i < count; ++i) {
            (uint32 seller, uint32 buyer) = (first + i / 4, first + i / 4 + 1_000);
            if (i % 4 == 0) {
                addHome(seller, feeder);
                addHome(buyer, feeder);
            }
            BilateralContract memory terms = termsOf(buyer, seller, 1, 20_000);
            terms.nonce = 9 + i;
            bilaterals.accept(signedBoth(terms));
        }
    }

    // -------------------- refusals that EnergyMarket makes

    function test_RevertWhen_APartyDidNotSign() public {
        BilateralContract memory terms = termsOf(BUYER, WESTERN, 1_000, 100_000);
        SignedBilateral memory both = signedBoth(terms);
        (both.sellerR, both.sellerVs) = (both.buyerR, both.buyerVs);
        vm.expectRevert(
            abi.encodeWithSelector(IEnergyMarket.EnergyMarketNotHolder.selector, 0, homeOf(BUYER), homeOf(WESTERN))
        );
        bilaterals.accept(both);
        both = signedBoth(terms);
        both.buyerR = 0;
        vm.expectRevert(
            abi.encodeWithSelector(IEnergyMarket.EnergyMarketNotHolder.selector, 0, address(0), homeOf(BUYER))
        );
        bilaterals.accept(both);
    }

    function testFuzz_RevertWhen_AFieldIsChangedAfterSigning(uint8 field) public {
        BilateralContract memory terms = termsOf(BUYER, WESTERN, 1_000, 100_000);
        SignedBilateral memory both = signedBoth(terms);
        uint256 which = field % 7;
        if (which == 0) both.terms.buyMeter = NEIGHBOUR;
        if (which == 1) both.terms.sellMeter = EASTERN;
        if (which == 2) both.terms.firstSlot += 1;
        if (which == 3) both.terms.price += 1;
        if (which == 4) both.terms.wh[0] += 1;
        if (which == 5) both.terms.nonce += 1;
        if (which == 6) both.terms.acceptDeadline += 1;
        vm.expectPartialRevert(IEnergyMarket.EnergyMarketNotHolder.selector);
        bilaterals.accept(both);
    }

    function test_RevertWhen_APartyIsSuspendedOrInArrears() public {
        world.setSuspended(homeOf(WESTERN), true);
        BilateralContract memory terms = termsOf(BUYER, WESTERN, 1_000, 100_000);
        _refused(terms, abi.encodeWithSelector(IEnergyMarket.EnergyMarketNotActive.selector, 0, homeOf(WESTERN)));
        world.setSuspended(homeOf(WESTERN), false);
        escrow.setArrears(homeOf(BUYER), 1);
        _refused(terms, abi.encodeWithSelector(IEnergyMarket.EnergyMarketInArrears.selector, 0, homeOf(BUYER), 1));
    }

    function test_RevertWhen_ASlotIsNotOpenOrTheEnergyTooSmallOrTooLarge() public {
        BilateralContract memory terms = termsOf(BUYER, WESTERN, 1_000, 100_000);
        terms.firstSlot = SLOT + 25;
        _refused(terms, abi.encodeWithSelector(IEnergyMarket.EnergyMarketSlotNotOpen.selector, SLOT + 25));
        world.setRules(2_000_000, 1_001);
        terms.firstSlot = SLOT;
        _refused(terms, abi.encodeWithSelector(IEnergyMarket.EnergyMarketBadSize.selector, 0, SLOT, 1_000, 1_001));
        terms.wh[0] = CONNECTION_WH + 1;
        _refused(
            terms,
            abi.encodeWithSelector(
                IEnergyMarket.EnergyMarketAboveConnection.selector,
                0,
                BUYER,
                SLOT,
                CONNECTION_WH + 1,
                CONNECTION_WH
            )
        );
    }

    /// Contracts count among a meter's orders: one side, four in all.
    function test_RevertWhen_ContractsAndOrdersTogetherBreakALimit() public {
        Order memory order = orderOf(BUYER, Side.Sell, 1_000, 1);
        relay(feederA, order);
        _refused(
            termsOf(BUYER, WESTERN, 1_000, 100_000),
            abi.encodeWithSelector(IEnergyMarket.EnergyMarketOtherSide.selector, 0, BUYER, SLOT)
        );
        for (uint32 i = 0; i < 4; ++i) bilaterals.accept(signedBoth(termsOf(NEIGHBOUR, WESTERN, 100 + i, 100_000)));
        order = orderOf(NEIGHBOUR, Side.Buy, 1_000, 1);
        vm.expectRevert(abi.encodeWithSelector(IEnergyMarket.EnergyMarketTooManyOrders.selector, 0, NEIGHBOUR, SLOT));
        this.relayFor(feederA, order);
    }

    /// Either party's short credits refuse the whole contract: nothing stays entered or locked.
    function test_RevertWhen_CreditsAreShort() public {
        BilateralContract memory terms = termsOf(BUYER, WESTERN, 20_000, 300_000_000);
        _refused(terms, abi.encodeWithSelector(MockTradeEscrow.MockTradeEscrowShort.selector, homeOf(BUYER)));
        world.setRules(200_000_000, 1);
        terms.price = 100_000;
        _refused(terms, abi.encodeWithSelector(MockTradeEscrow.MockTradeEscrowShort.selector, homeOf(WESTERN)));
        assertEq(uint256(escrow.lockedOf(homeOf(BUYER))), 0);
        assertFalse(market.hasPosition(BUYER, SLOT));
    }

    // -------------------- helpers

    function relayFor(uint24 feeder, Order calldata order) external {
        relay(feeder, order);
    }

    function _refused(BilateralContract memory terms, bytes memory expected) private {
        SignedBilateral memory both = signedBoth(terms);
        vm.expectRevert(expected);
        bilaterals.accept(both);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {IBilateralContracts} from "../../contracts/interfaces/IBilateralContracts.sol";
import {IDeviceRegistry} from "../../contracts/interfaces/IDeviceRegistry.sol";
import {IEnergyMarket} from "../../contracts/interfaces/IEnergyMarket.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IGridTopology} from "../../contracts/interfaces/IGridTopology.sol";
import {IMarketCalendar} from "../../contracts/interfaces/IMarketCalendar.sol";
import {IMarketRules} from "../../contracts/interfaces/IMarketRules.sol";
import {IMeterLedger} from "../../contracts/interfaces/IMeterLedger.sol";
import {ITariffs} from "../../contracts/interfaces/ITariffs.sol";
import {ITradeEscrow} from "../../contracts/interfaces/ITradeEscrow.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {MockTradeEscrow} from "../../contracts/mocks/MockTradeEscrow.sol";
import {MockTradingWorld} from "../../contracts/mocks/MockTradingWorld.sol";
import {BilateralContracts} from "../../contracts/transaction-chain/energy/BilateralContracts.sol";
import {Side} from "../../contracts/types/MarketTypes.sol";
import {BilateralContract, Order, SignedBilateral, SignedOrder} from "../../contracts/types/OrderTypes.sol";
import {OrderWiring} from "../../contracts/types/WiringTypes.sol";
import {Test} from "./Test.sol";
import {Vm} from "./Vm.sol";

/// @notice EnergyMarket and BilateralContracts in a mocked world: one city, two districts, three feeders (two in the
///         first district), homes with a meter each, and a clock that stands before the slots of the tests.
abstract contract TradingFixture is Test {
    struct Logged {
        address emitter;
        bytes32 topic;
        uint256 area;
        bytes data;
    }

    uint32 internal constant SLOT = 480_008; // first of its word of eight
    uint32 internal constant CONNECTION_WH = 20_000;
    uint64 internal constant FUNDS = 1_000_000_000;

    MockTradingWorld internal world;
    MockTradeEscrow internal escrow;
    IEnergyMarket internal market;
    BilateralContracts internal bilaterals;
    AccessManager internal manager;
    uint24 internal city;
    uint24 internal east;
    uint24 internal west;
    uint24 internal feederA; // east
    uint24 internal feederB; // east
    uint24 internal feederC; // west

    Logged[] private _logs;

    function deployTrading() internal {
        world = new MockTradingWorld();
        escrow = new MockTradeEscrow();
        manager = new AccessManager(address(this));
        city = world.addArea(0);
        east = world.addArea(city);
        west = world.addArea(city);
        feederA = world.addArea(east);
        feederB = world.addArea(east);
        feederC = world.addArea(west);
        address w = address(world);
        OrderWiring memory wiring = OrderWiring({
            federation: IFederation(w),
            devices: IDeviceRegistry(w),
            topology: IGridTopology(w),
            calendar: IMarketCalendar(w),
            rules: IMarketRules(w),
            ledger: IMeterLedger(w),
            escrow: ITradeEscrow(address(escrow))
        });
        market = IEnergyMarket(deployCode("EnergyMarket.sol:EnergyMarket", abi.encode(address(manager), wiring)));
        bilaterals = new BilateralContracts(
            BilateralContracts.Wiring({
                market: market,
                topology: IGridTopology(w),
                tariffs: ITariffs(w),
                rules: IMarketRules(w),
                escrow: ITradeEscrow(address(escrow))
            })
        );
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = IEnergyMarket.countBilateral.selector;
        manager.setTargetFunctionRole(address(market), selectors, Roles.BILATERAL);
        manager.grantRole(Roles.BILATERAL, address(bilaterals), 0);
        vm.warp(startOf(SLOT) - 24 hours);
    }

    // -------------------- homes

    /// @dev Each meter has its own home, whose key is its number.
    function keyOf(uint32 meter) internal pure returns (uint256) {
        return 0x1000 + uint256(meter);
    }

    function homeOf(uint32 meter) internal pure returns (address) {
        return vm.addr(keyOf(meter));
    }

    function addHome(uint32 meter, uint24 feeder) internal {
        world.setMeter(
            meter,
            MockTradingWorld.Meter({
                holder: homeOf(meter),
                feeder: feeder,
                connectionWh: CONNECTION_WH,
                isInactive: false,
                isBarred: false,
                changesFrom: 0
            })
        );
        escrow.fund(homeOf(meter), FUNDS);
    }

    function startOf(uint32 slot) internal pure returns (uint256) {
        return uint256(slot) * 3600;
    }

    // -------------------- orders

    function orderOf(uint32 meter, Side side, uint32 wh, uint32 limit) internal view returns (Order memory order) {
        return profileOf({meter: meter, side: side, firstSlot: SLOT, count: 1, wh: wh, limit: limit});
    }

    function profileOf(
        uint32 meter,
        Side side,
        uint32 firstSlot,
        uint256 count,
        uint32 wh,
        uint32 limit
    ) internal view returns (Order memory order) {
        order.meter = meter;
        order.side = side;
        order.firstSlot = firstSlot;
        order.wh = new uint32[](count);
        order.limits = new uint32[](count);
        for (uint256 i = 0; i < count; ++i) (order.wh[i], order.limits[i]) = (wh, limit);
        order.nonce = 1;
        order.relayDeadline = uint64(vm.getBlockTimestamp()) + 1 hours;
    }

    function signed(Order memory order) internal view returns (SignedOrder memory) {
        return signedBy(keyOf(order.meter), order);
    }

    function signedBy(uint256 key, Order memory order) internal view returns (SignedOrder memory result) {
        result.order = order;
        (result.r, result.vs) = compact(key, market.digestOf(order));
    }

    function compact(uint256 key, bytes32 digest) internal pure returns (bytes32 r, bytes32 vs) {
        (uint8 v, bytes32 r_, bytes32 s) = vm.sign(key, digest);
        return (r_, bytes32((uint256(v - 27) << 255) | uint256(s)));
    }

    function one(SignedOrder memory order) internal pure returns (SignedOrder[] memory orders) {
        orders = new SignedOrder[](1);
        orders[0] = order;
    }

    function relay(uint24 feeder, Order memory order) internal {
        market.relay(feeder, one(signed(order)));
    }

    // -------------------- bilateral contracts

    function termsOf(
        uint32 buyMeter,
        uint32 sellMeter,
        uint32 wh,
        uint32 price
    ) internal view returns (BilateralContract memory terms) {
        terms.buyMeter = buyMeter;
        terms.sellMeter = sellMeter;
        terms.firstSlot = SLOT;
        terms.price = price;
        terms.wh = new uint32[](1);
        terms.wh[0] = wh;
        terms.nonce = 9;
        terms.acceptDeadline = uint64(vm.getBlockTimestamp()) + 1 hours;
    }

    function signedBoth(BilateralContract memory terms) internal view returns (SignedBilateral memory result) {
        result.terms = terms;
        bytes32 digest = bilaterals.digestOf(terms);
        (result.buyerR, result.buyerVs) = compact(keyOf(terms.buyMeter), digest);
        (result.sellerR, result.sellerVs) = compact(keyOf(terms.sellMeter), digest);
    }

    // -------------------- books as events tell them

    /// @dev The words of all EntriesAppended of a feeder among the logs recorded since, in order, of one slot.
    function entriesOf(uint24 feeder, uint32 slot) internal returns (bytes32[] memory entries) {
        return wordsOf(address(market), IEnergyMarket.EntriesAppended.selector, feeder, slot, 2);
    }

    function bilateralsOf(uint32 slot) internal returns (bytes32[] memory entries) {
        return wordsOf(address(bilaterals), IBilateralContracts.BilateralAccepted.selector, city, slot, 4);
    }

    function wordsOf(
        address emitter,
        bytes32 topic,
        uint24 area,
        uint32 slot,
        uint256 size
    ) internal returns (bytes32[] memory words) {
        _collect();
        words = new bytes32[](4096);
        uint256 used = 0;
        for (uint256 i = 0; i < _logs.length; ++i) {
            if (_logs[i].emitter != emitter || _logs[i].topic != topic || _logs[i].area != area) continue;
            bytes32[] memory batch = abi.decode(_logs[i].data, (bytes32[]));
            for (uint256 w = 0; w < batch.length; w += size) {
                uint32 of_ = size == 2 ? uint32(uint256(batch[w]) >> 56) : uint32(uint256(batch[w + 1]) >> 64);
                if (of_ != slot) continue;
                for (uint256 k = 0; k < size; ++k) words[used++] = batch[w + k];
            }
        }
        assembly ("memory-safe") {
            mstore(words, used) // shortens, never lengthens
        }
    }

    /// @dev `vm.getRecordedLogs` empties its record, so what it gave is kept here.
    function _collect() private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics.length < 2) continue;
            _logs.push(Logged(logs[i].emitter, logs[i].topics[0], uint256(logs[i].topics[1]), logs[i].data));
        }
    }
}

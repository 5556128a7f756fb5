// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {IAccountingFees} from "../../contracts/interfaces/IAccountingFees.sol";
import {IArrears} from "../../contracts/interfaces/IArrears.sol";
import {IClearing} from "../../contracts/interfaces/IClearing.sol";
import {IDeviceRegistry} from "../../contracts/interfaces/IDeviceRegistry.sol";
import {IEnergyCredit} from "../../contracts/interfaces/IEnergyCredit.sol";
import {IEnergyMarket} from "../../contracts/interfaces/IEnergyMarket.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IGridTopology} from "../../contracts/interfaces/IGridTopology.sol";
import {IMarketCalendar} from "../../contracts/interfaces/IMarketCalendar.sol";
import {IMarketRules} from "../../contracts/interfaces/IMarketRules.sol";
import {IMeterLedger} from "../../contracts/interfaces/IMeterLedger.sol";
import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {ITariffs} from "../../contracts/interfaces/ITariffs.sol";
import {ITradeEscrow} from "../../contracts/interfaces/ITradeEscrow.sol";
import {Money} from "../../contracts/libraries/Money.sol";
import {Records} from "../../contracts/libraries/Records.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {SettlementWorldMock} from "../../contracts/mocks/SettlementWorldMock.sol";
import {EnergyCredit} from "../../contracts/transaction-chain/energy/EnergyCredit.sol";
import {FeederTerms, ReadingStatus, RuleSet} from "../../contracts/types/MarketTypes.sol";
import {Outcome, PartyOutcome, Position, Trade} from "../../contracts/types/RecordTypes.sol";
import {SettlementWiring} from "../../contracts/types/SettlementTypes.sol";
import {EscrowWiring} from "../../contracts/types/WiringTypes.sol";
import {Test} from "./Test.sol";
import {Vm} from "./Vm.sol";

/// @notice Settlement on the real TradeEscrow and Arrears; the rest of the market is a mock, so that a test sets trades
///         and readings directly. A city of two districts: 10 with feeders 11 and 12, 20 with feeder 21.
abstract contract SettlementFixture is Test {
    uint24 internal constant CITY = 1;
    uint24 internal constant F11 = 11;
    uint24 internal constant F12 = 12;
    uint24 internal constant F21 = 21;
    uint32 internal constant SLOT = 411_000;
    uint32 internal constant CONNECTION_WH = 20_000;
    uint64 internal constant DEPOSIT = 1e9;

    EnergyCredit internal credit;
    IArrears internal arrears;
    ITradeEscrow internal escrow;
    SettlementWorldMock internal world;
    ISettlement internal settlement;

    address internal supplierA = address(0x5A);
    address internal supplierB = address(0x5B);
    address internal gridA = address(0x6A);
    address internal gridB = address(0x6B);
    address internal accountant = address(0xACC);

    uint32 internal slot = SLOT;
    Position[] internal positions;
    Trade[] internal trades;
    bytes32[] internal outcomes; // of the last SlotSettled
    bytes32[] internal parties;
    bytes32[] internal delivered;
    uint256 private _payments;

    // -------------------- deployment

    function deploy() internal {
        world = new SettlementWorldMock();
        vm.warp(uint256(SLOT) * world.SLOT_LENGTH() - 1 hours);
        AccessManager manager = new AccessManager(address(this));
        credit = new EnergyCredit(address(manager));
        arrears = IArrears(deployCode("Arrears.sol:Arrears", abi.encode(address(manager))));
        bytes memory escrowArguments = abi.encode(address(manager), _escrowWiring());
        escrow = ITradeEscrow(deployCode("TradeEscrow.sol:TradeEscrow", escrowArguments));
        arrears.bindEscrow(address(escrow));
        escrow.bindFeesAccount(address(world));
        settlement = ISettlement(deployCode("Settlement.sol:Settlement", abi.encode(wiring())));
        _grant(manager);
        world.setRules(rules());
        world.setTerms(F11, terms(10, supplierA, gridA, 300_000, 100_000, 20_000, 30_000));
        world.setTerms(F12, terms(10, supplierB, gridB, 280_000, 80_000, 25_000, 30_000));
        world.setTerms(F21, terms(20, supplierB, gridB, 320_000, 120_000, 10_000, 40_000));
        fund(supplierA, DEPOSIT);
        fund(supplierB, DEPOSIT);
        vm.coinbase(accountant);
    }

    function wiring() internal view returns (SettlementWiring memory) {
        return
            SettlementWiring({
                escrow: ITradeEscrow(address(escrow)),
                accountingFees: IAccountingFees(address(world)),
                clearing: IClearing(address(world)),
                market: IEnergyMarket(address(world)),
                ledger: IMeterLedger(address(world)),
                calendar: IMarketCalendar(address(world)),
                rules: IMarketRules(address(world)),
                tariffs: ITariffs(address(world)),
                topology: IGridTopology(address(world)),
                registry: IDeviceRegistry(address(world))
            });
    }

    function rules() internal pure returns (RuleSet memory) {
        return
            RuleSet({
                bondRate: 500_000,
                escalationRate: 100_000,
                retailCap: 400_000,
                edgeFeeCap: 50_000,
                minimumOrderWh: 10,
                escalationThreshold: 2,
                escalationWindow: 8,
                accountingFeeMicro: 1_000,
                reservePerMeterMicro: 0
            });
    }

    function terms(
        uint24 district,
        address supplier,
        address gridOperator,
        uint32 retail,
        uint32 feedIn,
        uint32 feederFee,
        uint32 districtFee
    ) internal pure returns (FeederTerms memory) {
        return
            FeederTerms({
                district: district,
                city: CITY,
                supplier: supplier,
                gridOperator: gridOperator,
                meteringOperator: address(0xE),
                retail: retail,
                feedIn: feedIn,
                feederFee: feederFee,
                districtFee: districtFee
            });
    }

    function fund(address account, uint64 amountMicro) internal {
        credit.issue(address(this), amountMicro, bytes32(++_payments));
        credit.approve(address(escrow), amountMicro);
        escrow.depositFor(account, amountMicro);
    }

    // -------------------- a slot's trades, as Clearing.close would leave them; meters in ascending order

    function home(uint32 meter) internal pure returns (address) {
        return address(uint160(0xB00000) + meter);
    }

    function buyer(uint32 meter, uint24 feeder) internal returns (uint16 position) {
        return _position(meter, feeder, Records.BUY);
    }

    function seller(uint32 meter, uint24 feeder) internal returns (uint16 position) {
        return _position(meter, feeder, Records.SELL);
    }

    /// A trade, locked at its price: the buyer's tightest limit, the seller's bond.
    function trade(uint8 level, uint16 buyPos, uint16 sellPos, uint32 wh, uint32 price) internal {
        (Position storage b, Position storage s) = (positions[buyPos], positions[sellPos]);
        trades.push(
            Trade({
                level: level,
                buyFeeder: b.feeder,
                sellFeeder: s.feeder,
                buyIndex: 0,
                sellIndex: 0,
                wh: wh,
                price: price,
                buyMeter: b.meter,
                sellMeter: s.meter,
                buyPos: buyPos,
                sellPos: sellPos
            })
        );
        b.filledLock += Money.costUp(wh, price + feeOf(level, b.feeder, s.feeder));
        s.filledLock += Money.costUp(wh, world.rulesAt(slot).bondRate);
    }

    /// The path fees of the meter at `own`, by its definition: the edges between it and the other.
    function feeOf(uint8 level, uint24 own, uint24 other) internal view returns (uint32) {
        (FeederTerms memory o, FeederTerms memory t) = (world.termsAt(own, slot), world.termsAt(other, slot));
        bool leavesFeeder = level == Records.BILATERAL ? own != other : level > Records.FEEDER;
        bool leavesDistrict = level == Records.BILATERAL ? o.district != t.district : level == Records.CITY;
        return (leavesFeeder ? o.feederFee : 0) + (leavesDistrict ? o.districtFee : 0);
    }

    /// Commits the positions and trades, with their locks taken in the escrow.
    function close() internal {
        for (uint256 i = 0; i < positions.length; ++i) {
            fund(positions[i].account, DEPOSIT);
            if (positions[i].filledLock != 0) escrow.lock(positions[i].account, positions[i].filledLock, slot);
        }
        world.setPositionsHash(CITY, slot, Records.hashClosed(positionWords(), tradeWords()));
    }

    /// Forgets the trades and outcomes, for another slot.
    function nextSlot(uint32 next) internal {
        delete positions;
        delete trades;
        delete outcomes;
        delete parties;
        slot = next;
    }

    function positionWords() internal view returns (bytes32[] memory words) {
        words = new bytes32[](2 * positions.length);
        for (uint256 i = 0; i < positions.length; ++i) {
            bytes32[2] memory p = Records.packPosition(positions[i]);
            (words[2 * i], words[2 * i + 1]) = (p[0], p[1]);
        }
    }

    function tradeWords() internal view returns (bytes32[] memory words) {
        words = new bytes32[](trades.length);
        for (uint256 i = 0; i < trades.length; ++i) words[i] = Records.packTrade(trades[i]);
    }

    // -------------------- readings and time

    function read(uint32 meter, uint32 importWh, uint32 exportWh) internal {
        read(meter, importWh, exportWh, ReadingStatus.Actual);
    }

    function read(uint32 meter, uint32 importWh, uint32 exportWh, ReadingStatus status) internal {
        SettlementWorldMock.MeterReading[] memory list = new SettlementWorldMock.MeterReading[](1);
        list[0] = SettlementWorldMock.MeterReading(meter, importWh, exportWh, status);
        world.setReadings(slot, list);
    }

    function toDeliveryEnd() internal {
        vm.warp(world.timesOf(slot).deliveryEnd);
    }

    function toReadingEnd() internal {
        vm.warp(world.timesOf(slot).readingEnd);
    }

    function toFinalDate() internal {
        vm.warp(world.timesOf(slot).finalDate);
    }

    // -------------------- settlement

    /// Settles with the outcomes of the last time; returns whether anything changed.
    function settle() internal returns (bool changed) {
        vm.recordLogs();
        settlement.settle(CITY, slot, positionWords(), tradeWords(), outcomes, parties);
        Vm.Log[] memory logs = logsOf(vm.getRecordedLogs(), address(settlement), ISettlement.SlotSettled.selector);
        if (logs.length == 0) return false;
        (outcomes, parties, delivered) = abi.decode(logs[0].data, (bytes32[], bytes32[], bytes32[]));
        return true;
    }

    function finalize() internal {
        settlement.finalize(CITY, slot, outcomes, parties);
    }

    function outcome(uint256 position) internal view returns (Outcome memory) {
        bytes32[4] memory words;
        for (uint256 i = 0; i < 4; ++i) words[i] = outcomes[4 * position + i];
        return Records.unpackOutcome(words);
    }

    function party(address account) internal view returns (PartyOutcome memory p) {
        for (uint256 i = 0; i < parties.length; i += 2) {
            p = Records.unpackParty([parties[i], parties[i + 1]]);
            if (p.account == account) return p;
        }
        fail("no such party");
    }

    function deliveredOf(uint256 index) internal view returns (uint32) {
        return uint32(uint256(delivered[index / 8]) >> (224 - 32 * (index % 8)));
    }

    // -------------------- money

    function balanceOf(address account) internal view returns (uint64 balanceMicro) {
        (balanceMicro, , , ) = escrow.accountOf(account);
    }

    function heldOf(address account) internal view returns (uint64 heldMicro) {
        (, , heldMicro, ) = escrow.accountOf(account);
    }

    function lockedOf(address account) internal view returns (uint64 lockedMicro) {
        (, lockedMicro, , ) = escrow.accountOf(account);
    }

    /// All accounts' balances: what no settlement may change.
    function totalBalance() internal view returns (uint256 sum) {
        for (uint256 i = 0; i < positions.length; ++i) sum += balanceOf(positions[i].account);
        sum += uint256(balanceOf(supplierA)) + balanceOf(supplierB) + balanceOf(gridA) + balanceOf(gridB);
        sum += balanceOf(address(world));
    }

    // -------------------- private

    function _position(uint32 meter, uint24 feeder, uint8 side) private returns (uint16) {
        positions.push(
            Position({meter: meter, feeder: feeder, side: side, filledLock: 0, unlocked: 0, account: home(meter)})
        );
        world.placeMeter(feeder, meter, CONNECTION_WH, home(meter));
        world.setHasPosition(meter, slot, true);
        return uint16(positions.length - 1);
    }

    function _escrowWiring() private view returns (EscrowWiring memory) {
        return
            EscrowWiring({
                credit: IEnergyCredit(address(credit)),
                arrears: arrears,
                federation: IFederation(address(world)),
                devices: IDeviceRegistry(address(world)),
                rules: IMarketRules(address(world)),
                calendar: IMarketCalendar(address(world))
            });
    }

    function _grant(AccessManager manager) private {
        manager.grantRole(Roles.ISSUER, address(this), 0);
        manager.grantRole(Roles.MARKET, address(this), 0);
        manager.grantRole(Roles.SETTLEMENT, address(settlement), 0);
        _allow(manager, address(credit), IEnergyCredit.issue.selector, Roles.ISSUER);
        _allow(manager, address(escrow), ITradeEscrow.lock.selector, Roles.MARKET);
        _allow(manager, address(escrow), ITradeEscrow.post.selector, Roles.SETTLEMENT);
        _allow(manager, address(escrow), ITradeEscrow.release.selector, Roles.SETTLEMENT);
    }

    function _allow(AccessManager manager, address target, bytes4 selector, uint64 role) private {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        manager.setTargetFunctionRole(target, selectors, role);
    }
}

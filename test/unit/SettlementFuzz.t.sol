// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Records} from "../../contracts/libraries/Records.sol";
import {FeederTerms, ReadingStatus} from "../../contracts/types/MarketTypes.sol";
import {Outcome, PartyOutcome} from "../../contracts/types/RecordTypes.sol";
import {SettlementFixture} from "../utils/SettlementFixture.sol";

/// @notice Settlement under random slots: up to four buyers and four sellers on three feeders of two districts, random
///         tariffs within the caps, trades at all levels, readings of any size, some missing, some corrected.
contract SettlementFuzzTest is SettlementFixture {
    uint256 private seed;

    function setUp() public {
        deploy();
    }

    /// The locks that orders took cover whatever a settlement can come to; SettlementMath says why.
    function testFuzz_FilledLocksCoverEverything(uint256 random) public {
        _randomSlot(random);
        settle();
        for (uint256 i = 0; i < positions.length; ++i) {
            Outcome memory o = outcome(i);
            uint64 filledLock = positions[i].filledLock;
            assertLe(o.bondPaid, positions[i].side == Records.SELL ? filledLock : 0, "bond above its lock");
            assertLe(
                uint256(o.energyPaid) + o.fees + o.bondPaid,
                uint256(filledLock) + o.energyReceived + o.bondReceived,
                "more than lock and proceeds"
            );
            assertLe(o.uncovered, o.gridPaid, "only grid shares are ever uncovered");
        }
    }

    /// In each slot bought = sold, and import - export = bought - sold + grid import - grid export for each meter.
    function testFuzz_EnergyIdentities(uint256 random) public {
        _randomSlot(random);
        settle();
        int256 balance;
        for (uint256 i = 0; i < positions.length; ++i) {
            Outcome memory o = outcome(i);
            balance += int256(uint256(o.boughtWh)) - int256(uint256(o.soldWh));
            uint256 surplusWh = o.boughtWh > o.importWh ? o.boughtWh - o.importWh : 0;
            int256 gridImportWh = int256(uint256(o.importWh > o.boughtWh ? o.importWh - o.boughtWh : 0));
            int256 gridExportWh = int256(uint256(o.exportWh) - o.soldWh + surplusWh);
            assertEq(
                int256(uint256(o.importWh)) - int256(uint256(o.exportWh)),
                int256(uint256(o.boughtWh)) - int256(uint256(o.soldWh)) + gridImportWh - gridExportWh
            );
        }
        assertEq(balance, 0, "bought = sold");
        for (uint256 i = 0; i < trades.length; ++i) assertLe(deliveredOf(i), trades[i].wh);
    }

    /// Credits in = credits out after each settlement, correction and release, to the micro-credit.
    function testFuzz_CreditsAreConserved(uint256 random) public {
        _randomSlot(random);
        uint256 before = totalBalance();
        settle();
        assertEq(totalBalance(), before);
        int256 community;
        for (uint256 i = 0; i < positions.length; ++i) {
            Outcome memory o = outcome(i);
            community += int256(uint256(o.energyReceived) + o.bondReceived);
            community -= int256(uint256(o.energyPaid) + o.fees + o.bondPaid);
        }
        uint256 surplusIn;
        uint256 surplusOut;
        for (uint256 i = 0; i < parties.length; i += 2) {
            PartyOutcome memory p = Records.unpackParty([parties[i], parties[i + 1]]);
            community += int256(uint256(p.community));
            (surplusIn, surplusOut) = (surplusIn + p.surplusIn, surplusOut + p.surplusOut);
        }
        assertEq(community, 0, "what homes pay and do not receive, parties receive");
        assertEq(surplusIn, surplusOut);
        _randomReadings(ReadingStatus.Corrected);
        settle();
        assertEq(totalBalance(), before);
        toFinalDate();
        finalize();
        assertEq(totalBalance(), before);
        for (uint256 i = 0; i < positions.length; ++i) {
            assertEq(lockedOf(positions[i].account) + heldOf(positions[i].account), 0, "all is free in the end");
        }
    }

    function testFuzz_SettlingAgainChangesNothing(uint256 random) public {
        _randomSlot(random);
        settle();
        vm.recordLogs();
        settlement.settle(CITY, slot, positionWords(), tradeWords(), outcomes, parties);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    /// Corrections post differences only: in the end it is as if the last readings had been there at first.
    function testFuzz_CorrectionsEndWhereTheLastReadingsLead(uint256 random) public {
        _randomSlot(random);
        uint256 start = vm.snapshotState();
        settle();
        _randomReadings(ReadingStatus.Corrected);
        settle();
        uint256 again = seed;
        _randomReadings(ReadingStatus.Corrected);
        settle();
        toFinalDate();
        finalize();
        uint64[] memory viaCorrections = _balances();
        bytes32[] memory corrected = outcomes;
        vm.revertToState(start);
        (seed, outcomes, parties) = (again, new bytes32[](0), new bytes32[](0));
        _randomReadings(ReadingStatus.Corrected);
        settle();
        toFinalDate();
        finalize();
        uint64[] memory directly = _balances();
        for (uint256 i = 0; i < directly.length; ++i) assertEq(viaCorrections[i], directly[i]);
        for (uint256 i = 0; i < corrected.length; i += 4) {
            assertEq(corrected[i], outcomes[i]);
            assertEq(corrected[i + 1], outcomes[i + 1]);
            assertEq(uint256(corrected[i + 2]) >> 64, uint256(outcomes[i + 2]) >> 64);
        }
    }

    // -------------------- random slots

    function _randomSlot(uint256 random) private {
        seed = random;
        uint24[3] memory feeders = [F11, F12, F21];
        for (uint256 i = 0; i < 3; ++i) world.setTerms(feeders[i], _randomTerms(feeders[i]));
        uint16 count = uint16(2 + _draw(7));
        for (uint16 i = 0; i < count; ++i) {
            if (i % 2 == 0) buyer(10 + i, feeders[_draw(3)]);
            else seller(10 + i, feeders[_draw(3)]);
        }
        uint256 tradeCount = _draw(10);
        for (uint256 i = 0; i < tradeCount; ++i) {
            _randomTrade(uint16(2 * _draw((count + 1) / 2)), uint16(2 * _draw(count / 2) + 1));
        }
        close();
        _randomReadings(ReadingStatus.Actual);
        toReadingEnd();
    }

    /// At or above the nearest level, at any price that both sides' limits and fees allow.
    function _randomTrade(uint16 b, uint16 s) private {
        (uint24 from, uint24 to) = (positions[b].feeder, positions[s].feeder);
        bool sameDistrict = world.termsAt(from, slot).district == world.termsAt(to, slot).district;
        uint8 nearest =
            from == to
                ? Records.FEEDER
                : sameDistrict
                    ? Records.DISTRICT
                    : Records.CITY;
        uint8 level = _draw(4) == 0 ? Records.BILATERAL : uint8(nearest + _draw(4 - nearest));
        uint32 price = feeOf(level, to, from) + uint32(_draw(500_000));
        trade(level, b, s, uint32(1 + _draw(3_000)), price);
    }

    function _randomTerms(uint24 feeder) private returns (FeederTerms memory t) {
        t = world.termsAt(feeder, slot);
        t.retail = uint32(_draw(400_001));
        t.feedIn = uint32(_draw(uint256(t.retail) + 1));
        (t.feederFee, t.districtFee) = (uint32(_draw(50_001)), uint32(_draw(50_001)));
    }

    /// Around what was traded, so that short, exact and surplus all occur; none at all for some the first time.
    function _randomReadings(ReadingStatus status) private {
        for (uint256 i = 0; i < positions.length; ++i) {
            if (status == ReadingStatus.Actual && _draw(6) == 0) continue;
            uint256 tradedWh;
            for (uint256 t = 0; t < trades.length; ++t) {
                if (trades[t].buyPos == i || trades[t].sellPos == i) tradedWh += trades[t].wh;
            }
            uint256 own = _draw(3) == 0 ? tradedWh : _draw(2 * tradedWh + 10);
            bool isBuyer = positions[i].side == Records.BUY;
            (uint256 importWh, uint256 exportWh) = isBuyer ? (own, _draw(500)) : (_draw(500), own);
            read(positions[i].meter, uint32(importWh), uint32(exportWh), status);
        }
    }

    function _balances() private view returns (uint64[] memory balances) {
        balances = new uint64[](positions.length + 5);
        for (uint256 i = 0; i < positions.length; ++i) balances[i] = balanceOf(positions[i].account);
        uint256 n = positions.length;
        (balances[n], balances[n + 1]) = (balanceOf(supplierA), balanceOf(supplierB));
        (balances[n + 2], balances[n + 3]) = (balanceOf(gridA), balanceOf(gridB));
        balances[n + 4] = balanceOf(address(world));
    }

    function _draw(uint256 below) private returns (uint256) {
        seed = uint256(keccak256(abi.encode(seed)));
        return seed % below;
    }
}

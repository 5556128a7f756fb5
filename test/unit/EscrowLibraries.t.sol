// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ITradeEscrow} from "../../contracts/interfaces/ITradeEscrow.sol";
import {BondSplit} from "../../contracts/libraries/BondSplit.sol";
import {EscrowAccount, EscrowAccounts} from "../../contracts/libraries/EscrowAccounts.sol";
import {Movements, MovementLog} from "../../contracts/libraries/MovementLog.sol";
import {Records} from "../../contracts/libraries/Records.sol";
import {Movement, Position, Trade} from "../../contracts/types/RecordTypes.sol";
import {Test} from "../utils/Test.sol";

/// @notice EscrowAccounts, MovementLog and BondSplit, alone.
contract EscrowLibrariesTest is Test {
    using EscrowAccounts for EscrowAccount;
    using MovementLog for Movements;

    // -------------------- EscrowAccounts

    function testFuzz_WordHoldsTheAccount(uint64 balance, uint64 locked, uint64 held, uint64 owed) public pure {
        locked = uint64(bound(locked, 0, balance));
        held = uint64(bound(held, 0, balance - locked));
        EscrowAccount memory e = _account(balance, locked, held, owed);
        EscrowAccount memory f;
        f.unpackInto(address(7), e.pack());
        assertEq(
            keccak256(abi.encode(f)),
            keccak256(abi.encode(EscrowAccount(address(7), e.pack(), balance, locked, held, owed)))
        );
        assertEq(f.free(), balance - locked - held);
        assertEq(f.owedCash() + f.spendable(), f.free());
        assertEq(f.owedCash(), f.free() < owed ? f.free() : owed);
    }

    function test_RevertWhen_AnAccountDoesNotAddUp() public {
        uint256 wide = uint256(1) << 64;
        _expectBroken(wide, 0, 0, 0);
        _expectBroken(5, 6, 0, 0);
        _expectBroken(5, 3, 3, 0);
        _expectBroken(5, wide, 0, 0);
        _expectBroken(5, 0, wide, 0);
        _expectBroken(5, 0, 0, wide);
        _expectBroken(type(uint256).max, 0, 0, 0); // fell below zero
    }

    function testFuzz_LanesOfAMovement(uint64[4] memory earlier, uint64[4] memory later) public pure {
        bytes32 deltas = EscrowAccounts.difference(_word(earlier), _word(later));
        bytes32[2] memory words = [bytes32(0), deltas];
        Movement memory m = Records.unpackMovement(words);
        unchecked {
            assertEq(int256(m.balance), int256(int64(later[0] - earlier[0])));
            assertEq(int256(m.locked), int256(int64(later[1] - earlier[1])));
            assertEq(int256(m.held), int256(int64(later[2] - earlier[2])));
            assertEq(int256(m.arrears), int256(int64(later[3] - earlier[3])));
        }
        assertEq(EscrowAccounts.sum(bytes32(_word(earlier)), deltas), bytes32(_word(later)));
    }

    function testFuzz_ShiftedHeldMoney(uint64 held, int64 delta) public {
        int256 result = int256(uint256(held)) + delta;
        if (result < 0) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    ITradeEscrow.TradeEscrowHeldShort.selector,
                    address(7),
                    held,
                    uint256(-int256(delta))
                )
            );
        }
        uint256 got = this.shifted(held, delta);
        if (result >= 0) assertEq(int256(got), result);
    }

    // -------------------- MovementLog

    function testFuzz_LogGrowsAndSumsUpParties(uint8 expected, uint256 seed) public pure {
        Movements memory log = MovementLog.start(expected % 4, MovementLog.SETTLEMENT, MovementLog.SETTLEMENT_PARTY);
        int64[5] memory parties;
        for (uint256 i = 0; i < 40; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            int64 delta = int64(uint64(seed >> 8)) / 1000; // never 0 in practice
            bytes32 deltas = Records.packMovement(Movement(address(0), 0, delta, 1, -delta, -1))[1];
            if (seed % 2 == 0) {
                log.add(address(uint160(100 + i)), log.reason, deltas);
            } else {
                uint256 party = (seed >> 1) % 5;
                parties[party] += delta;
                log.addToParty(address(uint160(1 + party)), deltas);
            }
        }
        _assertLog(log.finish(), parties, 40);
    }

    function _assertLog(bytes32[] memory words, int64[5] memory parties, uint256 atMost) private pure {
        assertLe(words.length / 2, atMost);
        uint256 seen;
        for (uint256 i = 0; i < words.length; i += 2) {
            Movement memory m = Records.unpackMovement([words[i], words[i + 1]]);
            assertEq(int256(m.balance), -int256(m.held));
            if (m.reason == MovementLog.SETTLEMENT) continue;
            uint256 party = uint160(m.account) - 1;
            assertEq(seen & (1 << party), 0, "one movement a party");
            seen |= 1 << party;
            assertEq(int256(m.balance), int256(parties[party]));
        }
        for (uint256 party = 0; party < 5; ++party) {
            assertTrue(parties[party] == 0 || seen & (1 << party) != 0, "a party is missing");
        }
    }

    function test_AChangeOfNothingIsNoMovement() public pure {
        Movements memory log = MovementLog.start(0, MovementLog.SETTLEMENT, MovementLog.SETTLEMENT_PARTY);
        log.add(address(1), log.reason, 0);
        log.addToParty(address(1), 0);
        assertEq(log.finish().length, 0);
    }

    // -------------------- BondSplit

    function testFuzz_BondIsSplitToTheMicroCredit(uint64 bond, uint16[6] memory wh, uint8 loserSeed) public view {
        (bytes32[] memory positions, bytes32[] memory trades) = _slot(wh);
        address loser = address(uint160(0xA0 + (loserSeed % 5)));
        (address[] memory to, uint64[] memory amounts) = this.split(positions, trades, 1, loser, bond);
        uint256 total;
        for (uint256 i = 0; i < to.length; ++i) {
            total += amounts[i];
            if (i + 1 < to.length) assertTrue(to[i] != loser, "the loser gets nothing");
        }
        assertEq(total, bond);
        assertEq(to[to.length - 1], address(0x5555));
    }

    function test_SharesGoByTradedWh() public view {
        // meter 1 (account A0) sells 10 to A1, 20 to A2, 30 to A3; the trades of others count for nothing
        (bytes32[] memory positions, bytes32[] memory trades) = _slot([uint16(10), 20, 30, 500, 600, 700]);
        (address[] memory to, uint64[] memory amounts) = this.split(positions, trades, 1, address(0xA1), 1001);
        assertEq(to.length, 6);
        assertEq(to[0], address(0xA0)); // 10 of 110
        assertEq(uint256(amounts[0]), 91);
        assertEq(to[1], address(0xA2)); // 20
        assertEq(uint256(amounts[1]), 182);
        assertEq(to[2], address(0xA0));
        assertEq(uint256(amounts[2]), 182);
        assertEq(to[3], address(0xA3)); // 30
        assertEq(uint256(amounts[3]), 273);
        assertEq(to[4], address(0xA0));
        assertEq(uint256(amounts[4]), 273);
        assertEq(to[5], address(0x5555)); // what remains
        assertEq(uint256(amounts[5]), 0);
    }

    function test_WithoutOtherPartiesAllRemains() public view {
        (bytes32[] memory positions, bytes32[] memory trades) = _slot([uint16(1), 1, 1, 1, 1, 1]);
        (address[] memory to, uint64[] memory amounts) = this.split(positions, trades, 77, address(0xA1), 100);
        assertEq(to.length, 1);
        assertEq(to[0], address(0x5555));
        assertEq(uint256(amounts[0]), 100);
    }

    // -------------------- external, for reverts and calldata

    function shifted(uint256 held, int64 delta) external pure returns (uint256) {
        return EscrowAccounts.shifted(address(7), held, delta);
    }

    function packed(uint256 balance, uint256 locked, uint256 held, uint256 owed) external pure returns (uint256) {
        return _account(balance, locked, held, owed).pack();
    }

    function split(
        bytes32[] calldata positions,
        bytes32[] calldata trades,
        uint32 meter,
        address loser,
        uint64 bond
    ) external pure returns (address[] memory, uint64[] memory) {
        return
            BondSplit.split({
                positions: positions,
                trades: trades,
                meter: meter,
                loser: loser,
                bondMicro: bond,
                remainderTo: address(0x5555)
            });
    }

    // -------------------- steps

    /// Meters 1 to 5 of accounts A0 to A4; 1 sells to 2, 3 and 4, and 5 sells to 2, 3 and 4.
    function _slot(uint16[6] memory wh) private pure returns (bytes32[] memory positions, bytes32[] memory trades) {
        positions = new bytes32[](10);
        for (uint32 i = 0; i < 5; ++i) {
            Position memory p;
            p.meter = i + 1;
            p.account = address(uint160(0xA0) + i);
            (positions[2 * i], positions[2 * i + 1]) = (Records.packPosition(p)[0], Records.packPosition(p)[1]);
        }
        trades = new bytes32[](6);
        for (uint16 i = 0; i < 6; ++i) {
            Trade memory t;
            t.wh = uint32(wh[i]) + (wh[i] == 0 ? 1 : 0);
            (t.sellMeter, t.sellPos) = i < 3 ? (uint32(1), uint16(0)) : (uint32(5), uint16(4));
            (t.buyMeter, t.buyPos) = (2 + (i % 3), 1 + (i % 3));
            trades[i] = Records.packTrade(t);
        }
    }

    function _expectBroken(uint256 balance, uint256 locked, uint256 held, uint256 owed) private {
        vm.expectRevert(
            abi.encodeWithSelector(ITradeEscrow.TradeEscrowAccountBroken.selector, address(7), balance, locked, held)
        );
        this.packed(balance, locked, held, owed);
    }

    function _account(
        uint256 balance,
        uint256 locked,
        uint256 held,
        uint256 owed
    ) private pure returns (EscrowAccount memory) {
        return EscrowAccount(address(7), 0, balance, locked, held, owed);
    }

    function _word(uint64[4] memory lanes) private pure returns (uint256) {
        return (uint256(lanes[0]) << 192) | (uint256(lanes[1]) << 128) | (uint256(lanes[2]) << 64) | lanes[3];
    }
}

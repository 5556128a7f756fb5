// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {HomePosting, ITradeEscrow, PartyPosting} from "../../contracts/interfaces/ITradeEscrow.sol";
import {DeliverySplit} from "../../contracts/libraries/DeliverySplit.sol";
import {EscrowCall} from "../../contracts/libraries/EscrowCall.sol";
import {FeederTable} from "../../contracts/libraries/FeederTable.sol";
import {Records} from "../../contracts/libraries/Records.sol";
import {SettlementMemory} from "../../contracts/libraries/SettlementMemory.sol";
import {WordLists} from "../../contracts/libraries/WordLists.sol";
import {SlotCase} from "../../contracts/types/SettlementTypes.sol";
import {Test} from "../utils/Test.sol";
import {Vm} from "../utils/Vm.sol";

/// @notice Answers whatever it is called with, as the escrow answers for two homes, and keeps the call.
contract CallRecorder {
    bytes public data;

    // solhint-disable-next-line no-complex-fallback
    fallback(bytes calldata input) external returns (bytes memory) {
        data = input;
        uint64[] memory held = new uint64[](2);
        uint64[] memory uncovered = new uint64[](2);
        (held[0], held[1], uncovered[0], uncovered[1]) = (11, 12, 21, 22);
        return abi.encode(held, uncovered);
    }
}

/// @notice The pure parts of settlement alone: the splits, and the memory tricks against the compiler's own coding.
contract DeliverySplitTest is Test {
    using SettlementMemory for SlotCase;

    event Lists(uint24 indexed first, uint32 indexed second, bytes32[] a, bytes32[] b, bytes32[] c);

    // -------------------- splits

    function test_SparesGoOneEachInTradeOrder() public pure {
        SlotCase memory c = _case(7);
        // one seller, three trades of 5, 3 and 2 Wh; 7 of 10 delivered: 3.5, 2.1, 1.4
        _lot(c, 0, 5);
        _lot(c, 1, 3);
        _lot(c, 2, 2);
        DeliverySplit.deliver(c.meters, c.lots);
        assertEq(c.lots[0].deliveredWh, 4);
        assertEq(c.lots[1].deliveredWh, 2);
        assertEq(c.lots[2].deliveredWh, 1);
        assertEq(c.meters[0].deliveredWh, 7);
    }

    function testFuzz_DeliveredIsSplitByTheRule(uint32[3] memory wh, uint32 exportWh) public pure {
        SlotCase memory c = _case(exportWh);
        for (uint256 i = 0; i < 3; ++i) _lot(c, i, wh[i]);
        DeliverySplit.deliver(c.meters, c.lots);
        uint256 sum = uint256(wh[0]) + wh[1] + wh[2];
        uint256 total = exportWh < sum ? exportWh : sum;
        uint256[3] memory expected = _split(total, [uint256(wh[0]), wh[1], wh[2]]);
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(c.lots[i].deliveredWh, expected[i]);
            assertLe(c.lots[i].deliveredWh, wh[i]);
        }
        assertEq(c.meters[0].deliveredWh, total, "the buyer gets what the seller delivers");
    }

    function testFuzz_SurplusOrMakeWholeIsSplitByTheRule(
        uint32[3] memory wh,
        uint32 exportWh,
        uint32 importWh
    ) public pure {
        SlotCase memory c = _case(exportWh);
        for (uint256 i = 0; i < 3; ++i) _lot(c, i, wh[i]);
        c.meters[0].importWh = importWh;
        DeliverySplit.deliver(c.meters, c.lots);
        DeliverySplit.spread(c.meters, c.lots);
        uint256 bought = c.meters[0].deliveredWh;
        uint256[3] memory weights;
        for (uint256 i = 0; i < 3; ++i) {
            weights[i] = bought > importWh ? c.lots[i].deliveredWh : wh[i] - c.lots[i].deliveredWh;
        }
        uint256 short = c.meters[0].contractedWh - bought;
        uint256 total = bought > importWh ? bought - importWh : (short < importWh - bought ? short : importWh - bought);
        uint256[3] memory expected = _split(total, weights);
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(c.lots[i].extraWh, expected[i]);
            assertLe(c.lots[i].extraWh, weights[i]);
        }
        assertEq(c.lots[0].extraWh + c.lots[1].extraWh + c.lots[2].extraWh, total, "nothing lost");
    }

    // -------------------- memory

    function test_EscrowCallIsTheAbiEncodedCall() public {
        _checkCall(3, 2, 2);
        _checkCall(3, 3, 2); // no room left behind the homes
        _checkCall(2, 0, 1);
        _checkCall(2, 2, 0);
    }

    function test_EscrowCallPassesTheEscrowsErrorOn() public {
        SlotCase memory c = _homes(1);
        vm.expectRevert();
        this.callEscrow(ITradeEscrow(address(this)), c.homes.length);
    }

    function test_ListsAreEmittedAsTheCompilerWould() public {
        (bytes32[] memory a, bytes32[] memory b, bytes32[] memory c) = (_words(5), _words(0), _words(2));
        vm.recordLogs();
        WordLists.emitLists(Lists.selector, 7, 9, a, b, c);
        emit Lists(7, 9, a, b, c);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs[0].data, logs[1].data);
        for (uint256 i = 0; i < 3; ++i) assertEq(logs[0].topics[i], logs[1].topics[i]);
    }

    /// Feeders that would all stand on one place of the table.
    function testFuzz_FeederTableFindsWhatWasPut(uint32 first, uint32 step, uint24 other) public pure {
        uint256[] memory table = FeederTable.empty();
        uint24[16] memory feeders;
        for (uint256 i = 0; i < 16; ++i) {
            feeders[i] = uint24(((uint256(first) + i * (uint256(step) + 1)) % 2 ** 18) * 64 + 5);
            FeederTable.put(table, feeders[i], i + 1);
        }
        for (uint256 i = 0; i < 16; ++i) {
            uint256 last = i; // a feeder put twice has its last value
            for (uint256 j = i + 1; j < 16; ++j) last = feeders[j] == feeders[i] ? j : last;
            assertEq(FeederTable.find(table, feeders[i]), last + 1);
        }
        if (other % 64 != 5) assertEq(FeederTable.find(table, other), 0);
    }

    function test_ReleasedMemoryIsZeroedWhenItIsUsedAgain() public pure {
        SlotCase memory c = _case(7);
        for (uint256 i = 0; i < 3; ++i) _lot(c, i, type(uint32).max);
        c.layPostings();
        for (uint256 i = 0; i < c.homes.length; ++i) {
            HomePosting memory h = c.homes[i];
            assertEq(keccak256(abi.encode(h)), keccak256(new bytes(9 * 32)));
            assertEq(c.places[i], 0);
        }
    }

    // -------------------- helpers

    function callEscrow(ITradeEscrow escrow, uint256 count) external {
        SlotCase memory c = _homes(count);
        EscrowCall.post(escrow, 1, 2, c.homes, count, new PartyPosting[](0));
    }

    function _checkCall(uint256 room, uint256 used, uint256 partyCount) private {
        CallRecorder recorder = new CallRecorder();
        SlotCase memory c = _homes(room);
        HomePosting[] memory homes = new HomePosting[](used);
        for (uint256 i = 0; i < used; ++i) {
            HomePosting memory h = c.homes[i];
            (h.account, h.supplier) = (address(uint160(i + 1)), address(type(uint160).max));
            (h.unlockMicro, h.communityMicro, h.feedInMicro) = (uint64(i), -int64(int256(i)) - 1, type(int64).min);
            (h.heldBeforeMicro, h.backingMicro) = (type(uint64).max, 5);
            (h.uncoveredBeforeMicro, h.gridShareMicro) = (6, 7);
            homes[i] = abi.decode(abi.encode(h), (HomePosting)); // its own memory
        }
        PartyPosting[] memory parties = new PartyPosting[](partyCount);
        for (uint256 i = 0; i < partyCount; ++i) parties[i] = PartyPosting(address(uint160(i + 90)), -4, 5, 6);
        bytes memory expected = abi.encodeCall(ITradeEscrow.post, (uint24(7), uint32(9), homes, parties));
        (uint256 held, uint256 uncovered) = EscrowCall.post(
            ITradeEscrow(address(recorder)),
            7,
            9,
            c.homes,
            used,
            parties
        );
        assertEq(EscrowCall.answer(held, 0), 11);
        assertEq(EscrowCall.answer(held, 1), 12);
        assertEq(EscrowCall.answer(uncovered, 0), 21);
        assertEq(EscrowCall.answer(uncovered, 1), 22);
        assertEq(recorder.data(), expected);
    }

    function _homes(uint256 count) private pure returns (SlotCase memory c) {
        c.lay(count, 0);
        c.layLots(0);
        c.layPostings();
    }

    /// Meter 0 buys from meter 1, who exports `exportWh`, in up to three trades.
    function _case(uint256 exportWh) private pure returns (SlotCase memory c) {
        c.lay(2, 3);
        c.meters[0].position = uint256(Records.BUY) << 192;
        c.meters[1].position = uint256(Records.SELL) << 192;
        c.meters[1].exportWh = exportWh;
        c.layLots(3);
    }

    function _lot(SlotCase memory c, uint256 index, uint32 wh) private pure {
        c.setLot(index, (uint256(wh) << 136) | (uint256(1) << 8));
    }

    /// The rule, said plainly.
    function _split(uint256 total, uint256[3] memory weights) private pure returns (uint256[3] memory shares) {
        uint256 sum = weights[0] + weights[1] + weights[2];
        if (sum == 0) return shares;
        uint256 spare = total;
        for (uint256 i = 0; i < 3; ++i) {
            shares[i] = (weights[i] * total) / sum;
            spare -= shares[i];
        }
        for (uint256 i = 0; i < 3; ++i) {
            if (spare == 0 || weights[i] == 0) continue;
            ++shares[i];
            --spare;
        }
    }

    function _words(uint256 count) private pure returns (bytes32[] memory words) {
        words = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) words[i] = keccak256(abi.encode(i));
    }
}

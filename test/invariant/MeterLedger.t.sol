// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Reading} from "../../contracts/interfaces/IMeterLedger.sol";
import {SlotTimes, StoredReading} from "../../contracts/types/MarketTypes.sol";
import {LedgerFixture} from "../utils/LedgerFixture.sol";
import {Test} from "../utils/Test.sol";

/// Devices and operators who send what they like, when they like. Compares the ledger with the rules as this handler
/// reads them, and remembers every breach of what must never happen.
contract LedgerHandler is LedgerFixture {
    uint256 public accepted;
    uint256 public refused;
    string public breach;

    constructor() {
        setUpLedger();
    }

    function pass(uint32 time) external {
        uint256 now_ = vm.getBlockTimestamp();
        if (now_ < times.finalDate + 1 days) vm.warp(now_ + bound(time, 1, 3 hours));
    }

    function bring(uint32 meter, uint32 slot, uint32 wh, uint8 status, uint8 sequence, bool forged) external {
        Reading memory reading;
        reading.meter = uint32(bound(meter, 1, 6));
        reading.slot = SLOT + (slot % 3);
        reading.importWh = wh % 4;
        reading.status = uint8(bound(status, ACTUAL, CORRECTED));
        reading.sequence = sequence % 4;
        forged = forged && wh % 4 == 0;
        reading = sign(reading, forged ? 12345 : signerKeyOf(reading.meter, reading.status));
        StoredReading memory before = ledger.readingAt(reading.meter, reading.slot);
        bool same = _same(before, reading);
        bool expected = same || (!forged && _inTime(reading) && _outranks(before, reading));
        try ledger.submit(one(reading)) returns (uint32 batchId) {
            ++accepted;
            if (!expected) breach = "took what it should refuse";
            if (same != (batchId == 0)) breach = "a batch without a change, or the reverse";
            if (!_same(ledger.readingAt(reading.meter, reading.slot), reading)) breach = "stored another reading";
            if (!same) _look(before, reading);
        } catch {
            ++refused;
            if (expected) breach = "refused what it should take";
            StoredReading memory stored = ledger.readingAt(reading.meter, reading.slot);
            if (keccak256(abi.encode(stored)) != keccak256(abi.encode(before))) breach = "changed by a refused one";
        }
    }

    /// What must never happen, whatever the rules say in detail.
    function _look(StoredReading memory before, Reading memory reading) private {
        uint8 old = uint8(before.status);
        if (old == CORRECTED && reading.status != CORRECTED) breach = "a correction was replaced";
        if (old == ACTUAL && reading.status != CORRECTED) breach = "an actual was replaced";
        bool samePlace = old == reading.status || (_isGuess(old) && _isGuess(reading.status));
        if (samePlace && reading.sequence <= before.sequence) breach = "the sequence did not grow";
    }

    function _inTime(Reading memory reading) private view returns (bool) {
        SlotTimes memory dates = calendar.timesOf(reading.slot);
        uint256 now_ = vm.getBlockTimestamp();
        if (now_ < dates.deliveryEnd) return false;
        if (reading.status == ACTUAL) return now_ < dates.actualsUntil;
        if (reading.status == CORRECTED) return now_ < dates.decisionEnd;
        return now_ < dates.readingEnd;
    }

    function _outranks(StoredReading memory before, Reading memory reading) private pure returns (bool) {
        uint8 old = uint8(before.status);
        if (old == 0) return true;
        if (old == CORRECTED) return reading.status == CORRECTED && reading.sequence > before.sequence;
        if (old == ACTUAL) return reading.status == CORRECTED;
        return !_isGuess(reading.status) || reading.sequence > before.sequence;
    }

    function _isGuess(uint8 status) private pure returns (bool) {
        return status == SUBSTITUTED || status == ESTIMATED;
    }

    function _same(StoredReading memory stored, Reading memory reading) private pure returns (bool) {
        return
            stored.importWh == reading.importWh &&
            stored.exportWh == reading.exportWh &&
            uint8(stored.status) == reading.status &&
            stored.sequence == reading.sequence;
    }
}

contract MeterLedgerInvariantTest is Test {
    LedgerHandler private handler;

    function setUp() public {
        handler = new LedgerHandler();
        bytes4[] memory selectors = new bytes4[](3);
        selectors[0] = LedgerHandler.bring.selector;
        selectors[1] = LedgerHandler.bring.selector;
        selectors[2] = LedgerHandler.pass.selector;
        targetContract(address(handler));
        targetSelector(FuzzSelector(address(handler), selectors));
    }

    function invariant_TakesExactlyWhatTheRulesSayAndReplacesOnlyUpwards() public view {
        assertEq(handler.breach(), "");
    }

    /// The handler above does reach both outcomes, and tells a breach when there is one to tell.
    function test_TheHandlerSendsWhatIsTakenAndWhatIsRefused() public {
        handler.bring(1, 0, 1, 1, 0, false);
        handler.bring(1, 0, 2, 1, 1, false);
        assertEq(handler.accepted(), 1);
        assertEq(handler.refused(), 1);
        assertEq(handler.breach(), "");
    }
}

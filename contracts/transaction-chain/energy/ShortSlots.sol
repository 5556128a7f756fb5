// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IMarketCalendar} from "../../interfaces/IMarketCalendar.sol";
import {OutcomeWords} from "../../libraries/OutcomeWords.sol";
import {Records} from "../../libraries/Records.sol";
import {SlotTimes} from "../../types/MarketTypes.sol";
import {EscalationWindow, SlotCase} from "../../types/SettlementTypes.sol";

/// @title ShortSlots
/// @notice Remembers in which final slots a seller was short, one bit a slot, and tells from it who pays the escalation
///         rate. Part of Settlement.
/// @dev Bits are set when a slot is finalized, within 12 slot lengths of its final date: then its record is closed. A
///      slot counts for slot s only if its record was closed when s opened. So what counts for s never changes once s
///      is open, and settling s again finds the same, whatever was finalized in between. The one dependence on when
///      somebody calls: a slot that nobody finalized in time sets no bit and counts for nobody. (Bits are not set by
///      `settle`, because a new word costs as much as settling a home, and all sellers of a tree can be short at
///      once.)
abstract contract ShortSlots {
    /// @dev Slots in a word.
    uint256 private constant _BITS = 256;
    /// @dev Slot lengths from a slot's final date to the closing of its record.
    uint256 private constant _RECORD_SLOTS = 12;

    IMarketCalendar internal immutable _CALENDAR;

    mapping(uint32 meter => mapping(uint256 word => uint256 bits)) private _shortSlots;

    /// @notice Names the calendar.
    /// @param calendar The dates of the slots.
    constructor(IMarketCalendar calendar) {
        _CALENDAR = calendar;
    }

    /// @dev Sets the slot's bit of every short seller among final outcomes, unless the slot's record is closed.
    function _recordShort(uint32 slot, SlotTimes memory times, bytes32[] calldata outcomes) internal {
        if (block.timestamp >= _recordClosed(times)) return;
        uint256 bit = uint256(1) << (slot % _BITS);
        for (uint256 offset = 0; offset < outcomes.length; offset += Records.OUTCOME_WORDS) {
            bytes32 energy = outcomes[offset];
            if (OutcomeWords.isShort(energy)) _shortSlots[uint32(uint256(energy) >> 224)][slot / _BITS] |= bit;
        }
    }

    /// @dev The bits of 256 slots.
    function _shortSlotsOf(uint32 meter, uint256 word) internal view returns (uint256) {
        return _shortSlots[meter][word];
    }

    /// @dev The rate, micro-credits per kWh, that a short seller pays on undelivered Wh: the rules' escalation rate
    ///      when it was short in at least `escalationThreshold` slots of the window, else 0.
    function _escalationRateOf(SlotCase memory c, uint32 meter) internal view returns (uint256) {
        uint256 threshold = c.rules.escalationThreshold;
        if (threshold == 0 || c.rules.escalationRate == 0) return 0;
        if (!c.window.isKnown) _openWindow(c);
        uint256 bits = _bitsIn(c.window, meter);
        if (_count(bits) < threshold) return 0;
        _askClosed(c, bits);
        return _count(bits & c.window.closed) < threshold ? 0 : c.rules.escalationRate;
    }

    /// @dev The window ends with the last slot whose record was closed when this one opened, by this one's own regular
    ///      distance from delivery to final date: a postponement, which may come later, does not move it.
    function _openWindow(SlotCase memory c) private view {
        EscalationWindow memory window = c.window;
        window.isKnown = true;
        (, uint32 postponedBy) = _CALENDAR.postponementOf(c.slot);
        uint256 untilClosed = _recordClosed(c.times) - postponedBy - c.times.deliveryStart;
        if (c.times.opens < untilClosed) return; // no slot before 1970: size stays 0
        uint256 last = _CALENDAR.slotOf(c.times.opens - untilClosed);
        uint256 size = c.rules.escalationWindow;
        window.size = size > last + 1 ? last + 1 : size;
        window.first = last + 1 - window.size;
    }

    /// @dev The meter's bits in the window, which spans at most two words.
    function _bitsIn(EscalationWindow memory window, uint32 meter) private view returns (uint256 bits) {
        if (window.size == 0) return 0;
        (uint256 word, uint256 offset) = (window.first / _BITS, window.first % _BITS);
        bits = _shortSlots[meter][word] >> offset;
        if (offset + window.size > _BITS) bits |= _shortSlots[meter][word + 1] << (_BITS - offset);
        bits &= (uint256(1) << window.size) - 1;
    }

    /// @dev Looks up, once per call, which of these slots' records were closed when the slot being settled opened. Some
    ///      inside the window may not have been: their dates can have been postponed.
    function _askClosed(SlotCase memory c, uint256 bits) private view {
        EscalationWindow memory window = c.window;
        uint256 unknown = bits & ~window.asked;
        window.asked |= bits;
        for (uint256 i = 0; unknown >> i != 0; ++i) {
            if ((unknown >> i) & 1 == 0) continue;
            uint256 closed = _recordClosed(_CALENDAR.timesOf(uint32(window.first + i)));
            if (closed <= c.times.opens) window.closed |= uint256(1) << i;
        }
    }

    /// @dev When the slot's record closes, Unix seconds.
    function _recordClosed(SlotTimes memory times) private pure returns (uint256) {
        return times.finalDate + _RECORD_SLOTS * (times.deliveryEnd - times.deliveryStart);
    }

    function _count(uint256 bits) private pure returns (uint256 ones) {
        for (; bits != 0; bits &= bits - 1) ++ones;
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IMarketCalendar} from "../../interfaces/IMarketCalendar.sol";
import {EscalationWindow, SlotCase} from "../../types/SettlementTypes.sol";

/// @title ShortSlots
/// @notice Remembers in which slots a seller was short, one bit a slot, and tells from it who pays the escalation rate.
/// @dev A bit changes only before its slot's final date, and a slot counts for slot s only if its final date had passed
///      when s opened. So what counts for s no longer changes once s is open: settling s again finds the same, whatever
///      was settled in between. The one dependence on when someone calls: a slot that nobody settled before its
///      final date sets no bit and counts for nobody.
abstract contract ShortSlots {
    uint256 private constant BITS = 256;

    IMarketCalendar internal immutable CALENDAR;

    mapping(uint32 meter => mapping(uint256 word => uint256 bits)) private _shortSlots;

    /// @param calendar The dates of the slots.
    constructor(IMarketCalendar calendar) {
        CALENDAR = calendar;
    }

    /// @dev The bits of 256 slots.
    function _shortSlotsOf(uint32 meter, uint256 word) internal view returns (uint256) {
        return _shortSlots[meter][word];
    }

    /// @dev Flips the slot's bit. The caller knows that it has to be flipped: it has the prior outcome.
    function _flipShort(uint32 meter, uint32 slot) internal {
        _shortSlots[meter][slot / BITS] ^= uint256(1) << (slot % BITS);
    }

    /// @dev The rate, micro-credits per kWh, that a short seller pays on undelivered Wh: the rules' escalation rate when
    ///      it was short in at least `escalationThreshold` slots of the window, else 0.
    function _escalationRateOf(SlotCase memory c, uint32 meter) internal view returns (uint256) {
        uint256 threshold = c.rules.escalationThreshold;
        if (threshold == 0 || c.rules.escalationRate == 0) return 0;
        if (!c.window.isKnown) _openWindow(c);
        uint256 bits = _bitsIn(c.window, meter);
        if (_count(bits) < threshold) return 0;
        _askFinals(c, bits);
        return _count(bits & c.window.finals) < threshold ? 0 : c.rules.escalationRate;
    }

    /// @dev The window ends with the last slot that was final when this one opened, by this one's own regular distance
    ///      from delivery to final date: a postponement, which may come later, does not move it.
    function _openWindow(SlotCase memory c) private view {
        EscalationWindow memory window = c.window;
        window.isKnown = true;
        (, uint32 postponedBy) = CALENDAR.postponementOf(c.slot);
        uint256 untilFinal = c.times.finalDate - postponedBy - c.times.deliveryStart;
        if (c.times.opens < untilFinal) return; // no slot before 1970: size stays 0
        uint256 last = CALENDAR.slotOf(c.times.opens - untilFinal);
        uint256 size = c.rules.escalationWindow;
        window.size = size > last + 1 ? last + 1 : size;
        window.first = last + 1 - window.size;
    }

    /// @dev The meter's bits in the window, which spans at most two words.
    function _bitsIn(EscalationWindow memory window, uint32 meter) private view returns (uint256 bits) {
        if (window.size == 0) return 0;
        (uint256 word, uint256 offset) = (window.first / BITS, window.first % BITS);
        bits = _shortSlots[meter][word] >> offset;
        if (offset + window.size > BITS) bits |= _shortSlots[meter][word + 1] << (BITS - offset);
        bits &= (uint256(1) << window.size) - 1;
    }

    /// @dev Looks up once per call which of these slots were final when the slot being settled opened. A slot inside
    ///      the window may not have been: its dates can be postponed.
    function _askFinals(SlotCase memory c, uint256 bits) private view {
        EscalationWindow memory window = c.window;
        uint256 unknown = bits & ~window.asked;
        window.asked |= bits;
        for (uint256 i = 0; unknown >> i != 0; ++i) {
            if ((unknown >> i) & 1 == 0) continue;
            uint64 finalDate = CALENDAR.timesOf(uint32(window.first + i)).finalDate;
            if (finalDate <= c.times.opens) window.finals |= uint256(1) << i;
        }
    }

    function _count(uint256 bits) private pure returns (uint256 ones) {
        for (; bits != 0; bits &= bits - 1) {
            ++ones;
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IFederation} from "../../interfaces/IFederation.sol";
import {IGridTopology} from "../../interfaces/IGridTopology.sol";
import {IMarketCalendar} from "../../interfaces/IMarketCalendar.sol";
import {AttestationState, IReadingQuorum} from "../../interfaces/IReadingQuorum.sol";
import {MarketBounds} from "../../libraries/MarketBounds.sol";
import {MeteringOperators} from "../../libraries/MeteringOperators.sol";
import {ReadingChecks} from "../../libraries/ReadingChecks.sol";
import {ReadingWords} from "../../libraries/ReadingWords.sol";
import {SlotSchedule} from "../../libraries/SlotSchedule.sol";
import {AreaLevel, StoredReading} from "../../types/MarketTypes.sol";

/// @title ReadingQuorum
/// @notice Keeps which operators attest a feeder's readings, what each attests, and what k of them agree on.
contract ReadingQuorum is AccessManaged, IReadingQuorum {
    using MeteringOperators for IFederation;
    using ReadingWords for uint256;
    using ReadingWords for uint64;
    using SlotSchedule for SlotSchedule.Schedule;

    /// Who attests, and how many must; the same for all feeders and slots that have it.
    struct Panel {
        uint8 needed;
        address[] operators;
    }

    /// The statuses in time of the slots that a call has met, by slot mod 8: a meter's series comes slot by slot.
    struct Dates {
        uint32[8] slots;
        uint256[8] inTime; // bit per status
    }

    /// @notice Most operators of a quorum.
    uint256 public constant MAX_QUORUM_OPERATORS = MarketBounds.MAX_QUORUM_OPERATORS;
    /// @notice Most readings of one call.
    uint256 public constant MAX_ATTESTED = MarketBounds.MAX_ATTESTED;

    uint256 private constant _BELOW_SEQUENCE = 2 ** 112 - 1; // a record's bits that say nothing of the reading

    IGridTopology private immutable _TOPOLOGY;
    IMarketCalendar private immutable _CALENDAR;
    IFederation private immutable _FEDERATION;

    // slot 0: AccessManaged's authority, and
    bool private _used; // any feeder ever had a quorum
    mapping(uint24 feeder => SlotSchedule.Schedule panelId) private _quorums; // slot 1; 0 = none
    mapping(uint224 panelId => Panel panel) private _panels; // slot 2; by the hash of what it says
    // slots 3 and 4; words and places as MeterLedger's
    mapping(address operator => mapping(uint64 place => uint256 fourReadings)) private _attested;
    mapping(uint64 place => uint256 fourReadings) private _reached; // what had its quorum last

    /// @notice No feeder has a quorum yet.
    /// @param initialAuthority The AccessManager that says who has the role COUNCIL.
    /// @param topology Where meters stand.
    /// @param calendar The slots' dates.
    /// @param federation Who is an active metering operator.
    constructor(
        address initialAuthority,
        IGridTopology topology,
        IMarketCalendar calendar,
        IFederation federation
    ) AccessManaged(initialAuthority) {
        _TOPOLOGY = topology;
        _CALENDAR = calendar;
        _FEDERATION = federation;
    }

    /// @inheritdoc IReadingQuorum
    function setQuorum(uint24 feeder, uint8 needed, address[] calldata operators, uint32 fromSlot) external restricted {
        if (_TOPOLOGY.levelOf(feeder) != AreaLevel.Feeder) revert ReadingQuorumNotFeeder(feeder);
        uint224 panelId = 0;
        if (needed != 1 || operators.length != 0) {
            _requirePanel(needed, operators);
            panelId = uint224(uint256(keccak256(abi.encode(needed, operators))));
            _panels[panelId] = Panel({needed: needed, operators: operators});
            _used = true;
        }
        _quorums[feeder].set(fromSlot, panelId, _CALENDAR.firstUnopenedSlot());
        emit QuorumScheduled(feeder, fromSlot, needed, operators);
    }

    /// @inheritdoc IReadingQuorum
    function attest(bytes32[] calldata readings) external {
        uint256 count = readings.length;
        if (count == 0 || count > MAX_ATTESTED) revert ReadingQuorumBadCount(count, MAX_ATTESTED);
        if (!_FEDERATION.mayAct(msg.sender)) revert ReadingQuorumInactiveOperator(msg.sender);
        Dates memory dates;
        uint256 next = 0;
        while (next < count) next = _attestRun(readings, next, dates);
    }

    // -------------------- views

    /// @inheritdoc IReadingQuorum
    function hasQuorums() external view returns (bool used) {
        return _used;
    }

    /// @inheritdoc IReadingQuorum
    function requireAttested(bytes32[] calldata readings) external view {
        for (uint256 i = 0; i < readings.length; ++i) {
            uint256 record = uint256(readings[i]);
            if (record & ReadingWords.CHANGED == 0) continue;
            (, uint224 panelId) = _panelOf(record);
            if (panelId == 0 || _isReached(record)) continue;
            Panel memory panel = _panels[panelId];
            revert ReadingQuorumNotAttested({
                index: i,
                meter: record.meterOf(),
                slot: record.slotOf(),
                attested: _countOf(panel, record),
                needed: panel.needed
            });
        }
    }

    /// @inheritdoc IReadingQuorum
    function quorumAt(uint24 feeder, uint32 slot) external view returns (uint8 needed, address[] memory operators) {
        Panel memory panel = _panels[_quorums[feeder].valueAt(slot)];
        return (panel.operators.length == 0 ? 1 : panel.needed, panel.operators);
    }

    /// @inheritdoc IReadingQuorum
    function attestationsAt(
        uint32 meter,
        uint32 slot
    ) external view returns (address[] memory operators, StoredReading[] memory readings) {
        (uint24 feeder, ) = _TOPOLOGY.siteAt(meter, slot);
        operators = _panels[_quorums[feeder].valueAt(slot)].operators;
        readings = new StoredReading[](operators.length);
        for (uint256 i = 0; i < operators.length; ++i) {
            readings[i] = _laneOf(_attested[operators[i]], meter, slot).unpackLane();
        }
    }

    /// @inheritdoc IReadingQuorum
    function reachedAt(uint32 meter, uint32 slot) external view returns (StoredReading memory reading) {
        return _laneOf(_reached, meter, slot).unpackLane();
    }

    /// @inheritdoc IReadingQuorum
    function statesOf(
        address operator,
        bytes32[] calldata readings
    ) external view returns (AttestationState[] memory states) {
        states = new AttestationState[](readings.length);
        for (uint256 i = 0; i < readings.length; ++i) states[i] = _stateOf(operator, uint256(readings[i]));
    }

    // -------------------- attesting

    /// Attests the readings from the first on as far as one feeder and quorum go. Returns where the next ones begin.
    function _attestRun(bytes32[] calldata readings, uint256 first, Dates memory dates) private returns (uint256 end) {
        (uint24 feeder, uint224 panelId) = _panelOf(uint256(readings[first]));
        Panel memory panel = _panels[panelId];
        if (!_isOneOf(panel, msg.sender)) {
            revert ReadingQuorumNotItsOperator(first, feeder, uint256(readings[first]).slotOf(), msg.sender);
        }
        bytes32[] memory changed = new bytes32[](readings.length - first);
        uint256 count = 0;
        for (end = first; end < readings.length; ++end) {
            if (end > first && !_isOf(feeder, panelId, uint256(readings[end]))) break;
            if (_keep(dates, end, uint256(readings[end]))) changed[count++] = readings[end];
        }
        if (count == 0) return end;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(changed, count) // shortens, never lengthens
        }
        emit ReadingsAttested(msg.sender, feeder, changed);
        for (uint256 i = 0; i < count; ++i) _tally(feeder, panel, uint256(changed[i]));
    }

    /// Writes down what the caller attests; false where it does already.
    function _keep(Dates memory dates, uint256 index, uint256 record) private returns (bool changed) {
        if (record & _BELOW_SEQUENCE != 0) revert ReadingQuorumMalformedReading(index);
        ReadingChecks.requireFits(index, record);
        (uint32 meter, uint32 slot) = (record.meterOf(), record.slotOf());
        uint64 place = ReadingWords.keyOf(meter, slot).placeOf();
        uint256 word = _attested[msg.sender][place].inRound(slot);
        uint256 before = word.laneIn(meter);
        uint256 lane = record.laneOf();
        if (lane == before) return false;
        // so no word of a later round is written over, as in MeterLedger
        _requireInTime(dates, index, record);
        if (before != 0) {
            if (_isSameTurn(lane, before)) revert ReadingQuorumOtherValue(index, meter, slot);
            ReadingChecks.requireReplaces(index, record, before);
        }
        _attested[msg.sender][place] = word.withLane(meter, lane);
        return true;
    }

    /// After the caller attested the reading: has it its quorum now, and whom does it contradict?
    function _tally(uint24 feeder, Panel memory panel, uint256 record) private {
        (uint32 meter, uint32 slot) = (record.meterOf(), record.slotOf());
        uint64 place = ReadingWords.keyOf(meter, slot).placeOf();
        uint256 word = _reached[place].inRound(slot);
        uint256 reached = word.laneIn(meter);
        uint256 lane = record.laneOf();
        if (lane == reached) return;
        if (reached != 0 && _isSameTurn(lane, reached)) {
            _emitContradicted({feeder: feeder, operator: msg.sender, record: record, attested: lane, reached: reached});
            return;
        }
        if (_countOf(panel, record) < panel.needed) return;
        _reached[place] = word.withLane(meter, lane);
        emit QuorumReached(feeder, meter, slot, bytes32(record));
        for (uint256 i = 0; i < panel.operators.length; ++i) {
            uint256 other = _laneOf(_attested[panel.operators[i]], meter, slot);
            if (other == 0 || other == lane || !_isSameTurn(other, lane)) continue;
            _emitContradicted({
                feeder: feeder,
                operator: panel.operators[i],
                record: record,
                attested: other,
                reached: lane
            });
        }
    }

    function _emitContradicted(
        uint24 feeder,
        address operator,
        uint256 record,
        uint256 attested,
        uint256 reached
    ) private {
        (uint32 meter, uint32 slot) = (record.meterOf(), record.slotOf());
        emit AttestationContradicted({
            feeder: feeder,
            operator: operator,
            meter: meter,
            slot: slot,
            attested: bytes32(ReadingWords.recordOf(meter, slot, attested)),
            reading: bytes32(ReadingWords.recordOf(meter, slot, reached))
        });
    }

    // -------------------- internal views

    function _requirePanel(uint8 needed, address[] calldata operators) private view {
        uint256 count = operators.length;
        if (needed < 2 || needed > count || count > MAX_QUORUM_OPERATORS || 2 * uint256(needed) <= count) {
            revert ReadingQuorumBadSize(needed, count);
        }
        for (uint256 i = 0; i < count; ++i) {
            address operator = operators[i];
            if (!_FEDERATION.mayAct(operator)) revert ReadingQuorumUnfitOperator(operator);
            for (uint256 j = 0; j < i; ++j) {
                if (operators[j] == operator) revert ReadingQuorumRepeatedOperator(operator);
            }
        }
    }

    function _requireInTime(Dates memory dates, uint256 index, uint256 record) private view {
        uint32 slot = record.slotOf();
        uint256 place = slot & 7;
        // slot 0 stands in each place at first, with nothing in time: nothing of it is
        if (dates.slots[place] != slot) {
            dates.slots[place] = slot;
            dates.inTime[place] = ReadingChecks.statusesInTime(_CALENDAR.timesOf(slot));
        }
        if ((dates.inTime[place] >> record.statusOf()) & 1 != 0) return;
        ReadingChecks.revertOutOfTime(_CALENDAR.timesOf(slot), index, record);
    }

    /// Where the record's meter stands in its slot, and the quorum there; 0 = none.
    function _panelOf(uint256 record) private view returns (uint24 feeder, uint224 panelId) {
        uint32 slot = record.slotOf();
        (feeder, ) = _TOPOLOGY.siteAt(record.meterOf(), slot);
        panelId = _quorums[feeder].valueAt(slot);
    }

    function _isOf(uint24 feeder, uint224 panelId, uint256 record) private view returns (bool same) {
        (uint24 itsFeeder, uint224 itsPanelId) = _panelOf(record);
        return itsFeeder == feeder && itsPanelId == panelId;
    }

    function _isReached(uint256 record) private view returns (bool reached) {
        return _laneOf(_reached, record.meterOf(), record.slotOf()) == record.laneOf();
    }

    /// How many of the panel attest exactly the reading.
    function _countOf(Panel memory panel, uint256 record) private view returns (uint8 count) {
        uint256 lane = record.laneOf();
        for (uint256 i = 0; i < panel.operators.length; ++i) {
            if (_laneOf(_attested[panel.operators[i]], record.meterOf(), record.slotOf()) == lane) ++count;
        }
    }

    function _stateOf(address operator, uint256 record) private view returns (AttestationState memory state) {
        uint224 panelId;
        (state.feeder, panelId) = _panelOf(record);
        Panel memory panel = _panels[panelId];
        state.needed = panelId == 0 ? 1 : panel.needed;
        state.attested = _countOf(panel, record);
        state.isReached = panelId == 0 || _isReached(record);
        state.isOperator = _isOneOf(panel, operator);
        uint256 own = _laneOf(_attested[operator], record.meterOf(), record.slotOf());
        state.isAttestedByIt = state.isOperator && own == record.laneOf();
    }

    function _laneOf(
        mapping(uint64 place => uint256 fourReadings) storage words,
        uint32 meter,
        uint32 slot
    ) private view returns (uint256 lane) {
        return words[ReadingWords.keyOf(meter, slot).placeOf()].inRound(slot).laneIn(meter);
    }

    function _isOneOf(Panel memory panel, address account) private pure returns (bool found) {
        for (uint256 i = 0; i < panel.operators.length; ++i) {
            if (panel.operators[i] == account) return true;
        }
    }

    /// Whether two readings of a meter and slot have the same rank and sequence: then only one of them can be true.
    function _isSameTurn(uint256 lane, uint256 other) private pure returns (bool same) {
        return
            uint8(lane) == uint8(other) &&
            ReadingWords.rankOf(lane.laneStatusOf()) == ReadingWords.rankOf(other.laneStatusOf());
    }
}

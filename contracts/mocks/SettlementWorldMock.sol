// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {FeederTerms, ReadingStatus, RuleSet, SlotTimes} from "../types/MarketTypes.sol";

/// @title SettlementWorldMock
/// @notice What Settlement and TradeEscrow see of the rest of the market, for the tests of settlement: it stands in for
/// Federation, DeviceRegistry, GridTopology, MarketRules, MarketCalendar, Tariffs, MeterLedger, EnergyMarket, Clearing
/// and AccountingFees at once. Tests set the state directly.
contract SettlementWorldMock {
    /// @notice A meter's reading, set directly. Wh.
    struct MeterReading {
        uint32 meter;
        uint32 importWh;
        uint32 exportWh;
        ReadingStatus status;
    }

    /// @notice Where a meter stands and who holds it, in every slot.
    struct Site {
        uint24 feeder;
        uint32 connectionWh;
        address holder;
    }

    /// @notice Length of a slot, seconds.
    uint32 public constant SLOT_LENGTH = 3600;
    /// @notice From the opening of a slot to its delivery, seconds.
    uint32 public constant OPENS_BEFORE = 48 hours;
    /// @notice Length of the reading window, seconds.
    uint32 public constant READING_FOR = 6 hours;
    /// @notice Length of the dispute window, seconds.
    uint32 public constant DISPUTE_FOR = 24 hours;
    /// @notice Length of the decision window, seconds.
    uint32 public constant DECISION_FOR = 24 hours;
    /// @notice Length of the last window, seconds.
    uint32 public constant FINAL_FOR = 12 hours;

    /// @notice As Clearing.
    mapping(uint24 city => mapping(uint32 slot => bytes32 hash)) public positionsHash;
    /// @notice As EnergyMarket.
    mapping(uint32 meter => mapping(uint32 slot => bool has)) public hasPosition;
    /// @notice As MeterLedger: how often a meter was barred for a slot.
    mapping(uint32 meter => mapping(uint32 slot => uint256 times)) public barredTimes;
    /// @notice Seconds by which a slot's dates from the end of the reading window on are late.
    mapping(uint32 slot => uint32 bySeconds) public postponedBy;
    /// @notice As AccountingFees: what an accountant is due, micro-credits.
    mapping(address accountant => uint256 dueMicro) public dueOf;

    RuleSet private _rules;
    mapping(uint24 feeder => FeederTerms terms) private _terms;
    mapping(uint24 feeder => uint32[] meters) private _meters;
    mapping(uint32 meter => Site site) private _sites;
    mapping(uint32 meter => mapping(uint32 slot => uint256 word)) private _readings;
    address private _callTarget;
    bytes private _callData;

    // -------------------- set by tests

    /// @notice Sets the rules of every slot.
    /// @param rules The rules.
    function setRules(RuleSet calldata rules) external {
        _rules = rules;
    }

    /// @notice Sets what holds on a feeder in every slot.
    /// @param feeder The feeder.
    /// @param terms The terms.
    function setTerms(uint24 feeder, FeederTerms calldata terms) external {
        _terms[feeder] = terms;
    }

    /// @notice Appends a meter to a feeder's list.
    /// @param feeder The feeder.
    /// @param meter The meter.
    /// @param connectionWh Its connection, Wh per slot.
    /// @param holder Who holds it.
    function placeMeter(uint24 feeder, uint32 meter, uint32 connectionWh, address holder) external {
        _meters[feeder].push(meter);
        _sites[meter] = Site(feeder, connectionWh, holder);
    }

    /// @notice Changes where a meter stands, leaving the feeders' lists as they are.
    /// @param meter The meter.
    /// @param site Where it stands, how it is connected, who holds it.
    function setSite(uint32 meter, Site calldata site) external {
        _sites[meter] = site;
    }

    /// @notice Sets readings of a slot.
    /// @param slot The slot.
    /// @param readings The readings.
    function setReadings(uint32 slot, MeterReading[] calldata readings) external {
        for (uint256 i = 0; i < readings.length; ++i) {
            MeterReading calldata r = readings[i];
            _readings[r.meter][slot] =
                (uint256(r.importWh) << 64) |
                (uint256(r.exportWh) << 32) |
                uint256(uint8(r.status));
        }
    }

    /// @notice Sets whether a meter ordered in a slot.
    /// @param meter The meter.
    /// @param slot The slot.
    /// @param has True: it did.
    function setHasPosition(uint32 meter, uint32 slot, bool has) external {
        hasPosition[meter][slot] = has;
    }

    /// @notice Closes a slot.
    /// @param city The city.
    /// @param slot The slot.
    /// @param hash keccak256 of positions and trades.
    function setPositionsHash(uint24 city, uint32 slot, bytes32 hash) external {
        positionsHash[city][slot] = hash;
    }

    /// @notice Postpones a slot's dates.
    /// @param slot The slot.
    /// @param bySeconds By how much.
    function postpone(uint32 slot, uint32 bySeconds) external {
        postponedBy[slot] = bySeconds;
    }

    /// @notice Lets `book` call somebody, as a future accountants' contract might.
    /// @param target Whom; the zero address for nobody.
    /// @param data With what.
    function callWhenBooked(address target, bytes calldata data) external {
        (_callTarget, _callData) = (target, data);
    }

    // -------------------- called by the contracts under test

    /// @notice As MeterLedger.
    /// @param meters The meters.
    /// @param slot The slot.
    function bar(uint32[] calldata meters, uint32 slot) external {
        for (uint256 i = 0; i < meters.length; ++i) ++barredTimes[meters[i]][slot];
    }

    /// @notice As AccountingFees.
    /// @param accountant Who is due.
    /// @param amountMicro How much.
    function book(address accountant, uint64 amountMicro) external {
        dueOf[accountant] += amountMicro;
        if (_callTarget == address(0)) return;
        // solhint-disable-next-line avoid-low-level-calls
        (bool success, bytes memory result) = _callTarget.call(_callData);
        if (success) return;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            revert(add(result, 0x20), mload(result))
        }
    }

    /// @notice As MeterLedger.
    /// @param meters The meters.
    /// @param slot The slot.
    /// @return words Their readings.
    function readingWordsAt(uint32[] calldata meters, uint32 slot) external view returns (uint256[] memory words) {
        words = new uint256[](meters.length);
        for (uint256 i = 0; i < words.length; ++i) words[i] = _readings[meters[i]][slot];
    }

    /// @notice As EnergyMarket.
    /// @param meters The meters.
    /// @param slot The slot.
    /// @return bits Bit i: whether meters[i] ordered.
    function positionsAt(uint32[] calldata meters, uint32 slot) external view returns (uint256 bits) {
        for (uint256 i = 0; i < meters.length; ++i) {
            if (hasPosition[meters[i]][slot]) bits |= uint256(1) << i;
        }
    }

    /// @notice As MarketCalendar.
    /// @param slot The slot.
    /// @return times Its dates.
    function timesOf(uint32 slot) external view returns (SlotTimes memory times) {
        times.deliveryStart = uint64(slot) * SLOT_LENGTH;
        times.opens = times.deliveryStart < OPENS_BEFORE ? 0 : times.deliveryStart - OPENS_BEFORE;
        times.deliveryEnd = times.deliveryStart + SLOT_LENGTH;
        times.readingEnd = times.deliveryEnd + READING_FOR + postponedBy[slot];
        times.actualsUntil = times.readingEnd + DISPUTE_FOR / 2;
        times.disputeEnd = times.readingEnd + DISPUTE_FOR;
        times.decisionEnd = times.disputeEnd + DECISION_FOR;
        times.finalDate = times.decisionEnd + FINAL_FOR;
    }

    /// @notice As MarketCalendar.
    /// @param slot The slot.
    /// @return postponedAt Not kept.
    /// @return bySeconds By how much.
    function postponementOf(uint32 slot) external view returns (uint64 postponedAt, uint32 bySeconds) {
        return (0, postponedBy[slot]);
    }

    /// @notice As MarketRules.
    /// @param slot Any.
    /// @return rules The rules.
    function rulesAt(uint32 slot) external view returns (RuleSet memory rules) {
        slot;
        return _rules;
    }

    /// @notice As Tariffs.
    /// @param feeder The feeder.
    /// @param slot Any.
    /// @return terms The terms.
    function termsAt(uint24 feeder, uint32 slot) external view returns (FeederTerms memory terms) {
        slot;
        return _terms[feeder];
    }

    /// @notice As GridTopology.
    /// @param meter The meter.
    /// @param slot Any.
    /// @return feeder Where it stands.
    /// @return connectionWh Its connection.
    function siteAt(uint32 meter, uint32 slot) external view returns (uint24 feeder, uint32 connectionWh) {
        slot;
        return (_sites[meter].feeder, _sites[meter].connectionWh);
    }

    /// @notice As GridTopology.
    /// @param feeder The feeder.
    /// @param slot Any.
    /// @param from First place.
    /// @param count Most places.
    /// @return meters Those at these places of the list that stand at the feeder.
    function metersAt(
        uint24 feeder,
        uint32 slot,
        uint256 from,
        uint256 count
    ) external view returns (uint32[] memory meters) {
        slot;
        uint32[] storage all = _meters[feeder];
        meters = new uint32[](count);
        uint256 standing = 0;
        for (uint256 i = from; i < from + count && i < all.length; ++i) {
            if (_sites[all[i]].feeder == feeder) meters[standing++] = all[i];
        }
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(meters, standing) // shortens, never lengthens
        }
    }

    /// @notice As DeviceRegistry.
    /// @param meter The meter.
    /// @param slot Any.
    /// @return holder Who holds it.
    function holderAt(uint32 meter, uint32 slot) external view returns (address holder) {
        slot;
        return _sites[meter].holder;
    }

    /// @notice As MarketCalendar.
    /// @param time Unix seconds.
    /// @return slot The slot in delivery then.
    function slotOf(uint256 time) external pure returns (uint32 slot) {
        return uint32(time / SLOT_LENGTH);
    }

    /// @notice As Federation.
    /// @param account Anybody.
    /// @return active Always true.
    function isActive(address account) external pure returns (bool active) {
        account;
        return true;
    }

    /// @notice As DeviceRegistry.
    /// @param holder Anybody.
    /// @return meters None, so that nothing has to stay in reserve.
    function reservedMetersOf(address holder) external pure returns (uint256 meters) {
        holder;
        return 0;
    }
}

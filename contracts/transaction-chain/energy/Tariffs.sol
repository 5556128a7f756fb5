// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IFederation, MemberRole} from "../../interfaces/IFederation.sol";
import {IGridTopology} from "../../interfaces/IGridTopology.sol";
import {IMarketCalendar} from "../../interfaces/IMarketCalendar.sol";
import {IMarketRules} from "../../interfaces/IMarketRules.sol";
import {ITariffs} from "../../interfaces/ITariffs.sol";
import {SlotSchedule} from "../../libraries/SlotSchedule.sol";
import {FeederTerms, RuleSet} from "../../types/MarketTypes.sol";

/// @title Tariffs
/// @notice The suppliers' prices per feeder, and all terms of a slot in one call.
/// @dev A price is 64 bits: set 1 | retail 31 | feedIn 32 (micro-credits per kWh). Slot prices stand four to a word,
/// slot 4k in the lowest bits of word k.
contract Tariffs is ITariffs {
    using SlotSchedule for SlotSchedule.Schedule;

    /// @notice Most slots that one call may price: two days of quarter-hours.
    uint256 public constant MAX_SLOTS = 192;
    /// @notice Highest price that can be set, micro-credits per kWh.
    uint32 public constant MAX_PRICE = 2 ** 31 - 1;

    uint256 private constant _SET = 1 << 63;
    uint256 private constant _PRICE_MASK = type(uint64).max;

    IGridTopology private immutable _TOPOLOGY;
    IMarketCalendar private immutable _CALENDAR;
    IMarketRules private immutable _RULES;
    IFederation private immutable _FEDERATION;

    // slot 0
    mapping(address supplier => mapping(uint24 feeder => SlotSchedule.Schedule prices)) private _standing;
    // slot 1
    mapping(address supplier => mapping(uint24 feeder => mapping(uint32 fourSlots => uint256 prices))) private _prices;

    /// @notice Names the contracts that say who supplies, from when, and within which caps.
    /// @param topology Who supplies a feeder, what its edges cost.
    /// @param calendar Which slots have opened.
    /// @param rules The caps.
    /// @param federation Who is an active supplier.
    constructor(IGridTopology topology, IMarketCalendar calendar, IMarketRules rules, IFederation federation) {
        _TOPOLOGY = topology;
        _CALENDAR = calendar;
        _RULES = rules;
        _FEDERATION = federation;
    }

    /// @inheritdoc ITariffs
    function setStandingPrice(uint24 feeder, uint32 fromSlot, uint32 retail, uint32 feedIn) external {
        uint32 firstUnopened = _requireSupplierOf(feeder, fromSlot, fromSlot);
        uint64 price = _pack(fromSlot, retail, feedIn);
        _standing[msg.sender][feeder].set(fromSlot, price, firstUnopened);
        emit StandingPriceSet({
            feeder: feeder,
            supplier: msg.sender,
            fromSlot: fromSlot,
            retail: retail,
            feedIn: feedIn
        });
    }

    /// @inheritdoc ITariffs
    function setPrices(uint24 feeder, uint32 firstSlot, uint32[] calldata retail, uint32[] calldata feedIn) external {
        uint256 count = retail.length;
        if (count == 0 || count > MAX_SLOTS || feedIn.length != count) {
            revert TariffsBadLength(count, feedIn.length, MAX_SLOTS);
        }
        _requireSupplierOf(feeder, firstSlot, firstSlot + uint32(count - 1));
        mapping(uint32 fourSlots => uint256 prices) storage words = _prices[msg.sender][feeder];
        for (uint256 i = 0; i < count; ++i) {
            uint32 slot = firstSlot + uint32(i);
            uint256 shift = _shiftOf(slot);
            uint256 price = _pack(slot, retail[i], feedIn[i]);
            words[slot >> 2] = (words[slot >> 2] & ~(_PRICE_MASK << shift)) | (price << shift);
        }
        emit SlotPricesSet({
            feeder: feeder,
            supplier: msg.sender,
            firstSlot: firstSlot,
            retail: retail,
            feedIn: feedIn
        });
    }

    /// @inheritdoc ITariffs
    function termsAt(uint24 feeder, uint32 slot) external view returns (FeederTerms memory terms) {
        RuleSet memory rules = _RULES.rulesAt(slot);
        (terms.district, terms.city) = _TOPOLOGY.pathOf(feeder);
        (terms.supplier, terms.gridOperator, terms.meteringOperator) = _TOPOLOGY.partiesAt(feeder, slot);
        terms.feederFee = _capped(_TOPOLOGY.edgeFeeAt(feeder, slot), rules.edgeFeeCap);
        terms.districtFee = _capped(_TOPOLOGY.edgeFeeAt(terms.district, slot), rules.edgeFeeCap);
        (, uint32 retail, uint32 feedIn) = priceOf(terms.supplier, feeder, slot);
        terms.retail = _capped(retail, rules.retailCap);
        terms.feedIn = _capped(feedIn, terms.retail);
    }

    /// @inheritdoc ITariffs
    function edgeFeeInForce(uint24 area, uint32 slot) external view returns (uint32 feeMicroPerKwh) {
        return _capped(_TOPOLOGY.edgeFeeAt(area, slot), _RULES.rulesAt(slot).edgeFeeCap);
    }

    /// @inheritdoc ITariffs
    function priceOf(
        address supplier,
        uint24 feeder,
        uint32 slot
    ) public view returns (bool isSet, uint32 retail, uint32 feedIn) {
        uint256 price = (_prices[supplier][feeder][slot >> 2] >> _shiftOf(slot)) & _PRICE_MASK;
        if (price == 0) price = _standing[supplier][feeder].valueAt(slot);
        if (price == 0) return (false, 0, 0);
        return (true, uint32((price ^ _SET) >> 32), uint32(price));
    }

    function _requireSupplierOf(
        uint24 feeder,
        uint32 firstSlot,
        uint32 lastSlot
    ) private view returns (uint32 firstUnopened) {
        if (!_FEDERATION.isActive(msg.sender) || !_FEDERATION.hasRole(msg.sender, MemberRole.Supplier)) {
            revert TariffsNotActiveSupplier(msg.sender);
        }
        firstUnopened = _CALENDAR.firstUnopenedSlot();
        if (firstSlot < firstUnopened) revert SlotSchedule.SlotScheduleSlotOpen(firstSlot, firstUnopened);
        _requireSupplierAt(feeder, firstSlot);
        if (lastSlot != firstSlot) _requireSupplierAt(feeder, lastSlot);
    }

    function _requireSupplierAt(uint24 feeder, uint32 slot) private view {
        (address supplier, , ) = _TOPOLOGY.partiesAt(feeder, slot);
        if (supplier != msg.sender) revert TariffsNotSupplierOfFeeder(msg.sender, feeder, slot);
    }

    function _pack(uint32 slot, uint32 retail, uint32 feedIn) private pure returns (uint64 price) {
        if (retail > MAX_PRICE) revert TariffsPriceTooHigh(slot, retail, MAX_PRICE);
        if (feedIn > retail) revert TariffsFeedInAboveRetail(slot, retail, feedIn);
        return uint64(_SET | (uint256(retail) << 32) | feedIn);
    }

    function _shiftOf(uint32 slot) private pure returns (uint256 bits) {
        return uint256(slot & 3) << 6;
    }

    function _capped(uint32 set, uint32 cap) private pure returns (uint32 inForce) {
        return uint32(Math.min(set, cap));
    }
}

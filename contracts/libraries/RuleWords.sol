// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {RuleSet} from "../types/MarketTypes.sol";
import {Windows} from "../types/WindowTypes.sol";

/// @title RuleWords
/// @notice The regulator's parameters in 224 bits, so that a version of them is one storage word. Fields stand from
/// the most significant bit downwards in the order of their structs. MarketRules' bounds keep every field in its width.
library RuleWords {
    // bondRate 32 | escalationRate 24 | retailCap 24 | edgeFeeCap 24 | minimumOrderWh 16 | escalationThreshold 8 |
    // escalationWindow 8 | accountingFeeMicro 24 | reservePerMeterMicro 40 = 200 bits

    /// @notice Packs a rule set whose fields are within MarketRules' bounds.
    /// @param rules The rule set.
    /// @return word 200 bits.
    function pack(RuleSet memory rules) internal pure returns (uint224 word) {
        uint256 w = (uint256(rules.bondRate) << 168) | (uint256(rules.escalationRate) << 144);
        w |= (uint256(rules.retailCap) << 120) | (uint256(rules.edgeFeeCap) << 96);
        w |= (uint256(rules.minimumOrderWh) << 80) | (uint256(rules.escalationThreshold) << 72);
        w |= (uint256(rules.escalationWindow) << 64) | (uint256(rules.accountingFeeMicro) << 40);
        return uint224(w | rules.reservePerMeterMicro);
    }

    /// @notice The inverse of `pack`.
    /// @param word 200 bits.
    /// @return rules The rule set.
    function unpackRules(uint224 word) internal pure returns (RuleSet memory rules) {
        rules.bondRate = uint32(word >> 168);
        rules.escalationRate = uint24(word >> 144);
        rules.retailCap = uint24(word >> 120);
        rules.edgeFeeCap = uint24(word >> 96);
        rules.minimumOrderWh = uint16(word >> 80);
        rules.escalationThreshold = uint8(word >> 72);
        rules.escalationWindow = uint8(word >> 64);
        rules.accountingFeeMicro = uint24(word >> 40);
        rules.reservePerMeterMicro = uint40(word);
    }

    // nine fields of 24 bits = 216 bits

    /// @notice Packs windows.
    /// @param windows The windows.
    /// @return word 216 bits.
    function pack(Windows memory windows) internal pure returns (uint224 word) {
        uint256 w = (uint256(windows.opensBefore) << 192) | (uint256(windows.gateBefore) << 168);
        w |= (uint256(windows.feederBefore) << 144) | (uint256(windows.districtBefore) << 120);
        w |= (uint256(windows.cityBefore) << 96) | (uint256(windows.readingFor) << 72);
        w |= (uint256(windows.disputeFor) << 48) | (uint256(windows.decisionFor) << 24);
        return uint224(w | windows.finalFor);
    }

    /// @notice The inverse of `pack`.
    /// @param word 216 bits.
    /// @return windows The windows.
    function unpackWindows(uint224 word) internal pure returns (Windows memory windows) {
        windows.opensBefore = opensBeforeOf(word);
        windows.gateBefore = uint24(word >> 168);
        windows.feederBefore = uint24(word >> 144);
        windows.districtBefore = uint24(word >> 120);
        windows.cityBefore = uint24(word >> 96);
        windows.readingFor = uint24(word >> 72);
        windows.disputeFor = uint24(word >> 48);
        windows.decisionFor = uint24(word >> 24);
        windows.finalFor = uint24(word);
    }

    /// @notice The opening lead alone.
    /// @param word Packed windows.
    /// @return opensBefore Seconds before delivery starts.
    function opensBeforeOf(uint224 word) internal pure returns (uint24 opensBefore) {
        return uint24(word >> 192);
    }
}

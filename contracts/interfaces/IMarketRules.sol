// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {RuleSet} from "../types/MarketTypes.sol";

/// @title IMarketRules
interface IMarketRules {
    function rulesAt(uint32 slot) external view returns (RuleSet memory);
}

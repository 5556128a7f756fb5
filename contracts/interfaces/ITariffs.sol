// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {FeederTerms} from "../types/MarketTypes.sol";

/// @title ITariffs
interface ITariffs {
    /// everything that holds on the feeder in the slot, prices and fees already min(set, cap)
    function termsAt(uint24 feeder, uint32 slot) external view returns (FeederTerms memory);
    function edgeFeeInForce(uint24 area, uint32 slot) external view returns (uint32 feeMicroPerKwh);
}

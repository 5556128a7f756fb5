// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {StoredReading} from "../types/MarketTypes.sol";

/// @title IMeterLedger
interface IMeterLedger {
    function readingAt(uint32 meter, uint32 slot) external view returns (StoredReading memory);
    /// true while the meter has a slot settled as missing that no later reading has made good
    function isBarred(uint32 meter) external view returns (bool);
    /// Settlement only: a slot was settled without a reading; no new orders by the meter until a reading comes
    function bar(uint32 meter, uint32 slot) external;
}

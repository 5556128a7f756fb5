// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Trade} from "../types/RecordTypes.sol";
import {Records} from "./Records.sol";

/// @title BondSplit
/// @notice Splits a lost bond by traded Wh among the other parties of a meter's trades: both sides of each trade of
///         the meter, but for those of the party that lost. Each share is rounded down.
library BondSplit {
    /// One share per side and trade, and a last one for `remainderTo` with what is left: all of the bond when there is
    /// no other party.
    function split(
        bytes32[] calldata positions,
        bytes32[] calldata trades,
        uint32 meter,
        address loser,
        uint64 bondMicro,
        address remainderTo
    ) internal pure returns (address[] memory to, uint64[] memory amountsMicro) {
        uint256[] memory sharesWh;
        uint256 count;
        uint256 totalWh;
        (to, sharesWh, count, totalWh) = _sharesOf(positions, trades, meter, loser);
        amountsMicro = new uint64[](count + 1);
        uint64 leftMicro = bondMicro;
        for (uint256 i = 0; i < count; ++i) {
            amountsMicro[i] = uint64((uint256(bondMicro) * sharesWh[i]) / totalWh); // at most the bond
            leftMicro -= amountsMicro[i];
        }
        to[count] = remainderTo;
        amountsMicro[count] = leftMicro;
    }

    /// The account of the `index`-th position.
    function accountAt(bytes32[] calldata positions, uint256 index) internal pure returns (address) {
        return Records.unpackAccount(positions[index * Records.POSITION_WORDS + 1]);
    }

    /// The other sides of the meter's trades. `to` is cut to `count` + 1 items, the last one still empty.
    function _sharesOf(
        bytes32[] calldata positions,
        bytes32[] calldata trades,
        uint32 meter,
        address loser
    ) private pure returns (address[] memory to, uint256[] memory sharesWh, uint256 count, uint256 totalWh) {
        to = new address[](trades.length * 2 + 1);
        sharesWh = new uint256[](trades.length * 2);
        for (uint256 i = 0; i < trades.length; ++i) {
            Trade memory t = Records.unpackTrade(trades[i]);
            if (t.buyMeter != meter && t.sellMeter != meter) continue;
            for (uint256 side = 0; side < 2; ++side) {
                address account = accountAt(positions, side == 0 ? t.buyPos : t.sellPos);
                if (account == loser) continue;
                to[count] = account;
                sharesWh[count++] = t.wh;
                totalWh += t.wh;
            }
        }
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(to, add(count, 1)) // shortens, never lengthens
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Lot, MeterCase} from "../types/SettlementTypes.sol";
import {Records} from "./Records.sol";

/// @title DeliverySplit
/// @notice Whole Wh of a meter split over its trades: pro rata, rounded down, the spare Wh one each in trade order
///         (market rules, "Settlement of a slot"). Linear in meters and trades; pure.
/// @dev A split of T Wh over weights w of sum W >= T gives each floor(w x T / W). If T < W, each share is below its
///      weight, since w x T / W < w, and less than one Wh is spare for each positive weight; so all spare Wh are handed
///      out, no share exceeds its weight, and the shares sum to T. If T = W, each share is its weight.
///      The `unchecked` blocks: a Wh figure is below 2^32 and a slot has at most 2^16 trades, so no sum reaches 2^48
///      and no product of two sums 2^96; `spareWh` starts at the total and the shares sum to at most that.
library DeliverySplit {
    /// @notice Splits what each seller delivered over its trades, and adds up what each buyer got.
    /// @param meters All meters of the slot, with their readings and contracted Wh.
    /// @param lots All their trades in trade order.
    function deliver(MeterCase[] memory meters, Lot[] memory lots) internal pure {
        unchecked {
            for (uint256 i = 0; i < meters.length; ++i) {
                MeterCase memory meter = meters[i];
                if (!isSeller(meter)) continue;
                uint256 exportWh = meter.reading.exportWh;
                meter.deliveredWh = exportWh < meter.contractedWh ? exportWh : meter.contractedWh;
                meter.spareWh = meter.deliveredWh;
            }
            for (uint256 i = 0; i < lots.length; ++i) {
                Lot memory lot = lots[i];
                MeterCase memory seller = lot.seller;
                lot.deliveredWh = shareDown(lot.wh, seller.deliveredWh, seller.contractedWh);
                seller.spareWh -= lot.deliveredWh;
            }
            for (uint256 i = 0; i < lots.length; ++i) {
                Lot memory lot = lots[i];
                MeterCase memory seller = lot.seller;
                if (seller.spareWh != 0 && lot.wh != 0) {
                    --seller.spareWh;
                    ++lot.deliveredWh;
                }
                lot.buyer.deliveredWh += lot.deliveredWh;
            }
        }
    }

    /// @notice Finds what each buyer bought and did not use, or lacks and is made whole for, and splits it over the
    ///         trades it stems from: the delivered ones by delivered Wh, or the short ones by undelivered Wh.
    /// @dev A buyer never has both: with a surplus it imported less than was delivered, so its grid import is 0.
    /// @param meters All meters of the slot, delivered Wh known, missing readings replaced.
    /// @param lots All their trades in trade order, delivered Wh known.
    function spread(MeterCase[] memory meters, Lot[] memory lots) internal pure {
        unchecked {
            for (uint256 i = 0; i < meters.length; ++i) {
                MeterCase memory meter = meters[i];
                if (isSeller(meter)) continue;
                meter.extraWh = _extraOf(meter);
                meter.spareWh = meter.extraWh;
            }
            for (uint256 i = 0; i < lots.length; ++i) {
                Lot memory lot = lots[i];
                MeterCase memory buyer = lot.buyer;
                if (buyer.extraWh == 0) continue;
                (uint256 weight, uint256 sum) = _weightOf(lot, buyer);
                lot.extraWh = shareDown(weight, buyer.extraWh, sum);
                buyer.spareWh -= lot.extraWh;
            }
            for (uint256 i = 0; i < lots.length; ++i) {
                Lot memory lot = lots[i];
                MeterCase memory buyer = lot.buyer;
                if (buyer.spareWh == 0) continue;
                (uint256 weight, ) = _weightOf(lot, buyer);
                if (weight == 0) continue;
                --buyer.spareWh;
                ++lot.extraWh;
            }
        }
    }

    /// @notice The part of `totalWh` that falls on `weightWh` of `sumWh`, rounded down. All in Wh, total <= sum.
    function shareDown(uint256 weightWh, uint256 totalWh, uint256 sumWh) internal pure returns (uint256 shareWh) {
        if (totalWh == sumWh) return weightWh;
        unchecked {
            return (weightWh * totalWh) / sumWh; // sumWh > totalWh >= 0
        }
    }

    /// @notice Whether the meter sells in the slot.
    function isSeller(MeterCase memory meter) internal pure returns (bool) {
        return uint8(meter.position >> 192) == Records.SELL;
    }

    /// @notice Whether a buyer imported less than it bought.
    function hasSurplus(MeterCase memory buyer) internal pure returns (bool) {
        return buyer.deliveredWh > buyer.reading.importWh;
    }

    /// @dev Surplus, or min(short, grid import).
    function _extraOf(MeterCase memory buyer) private pure returns (uint256) {
        unchecked {
            uint256 importWh = buyer.reading.importWh;
            if (buyer.deliveredWh > importWh) return buyer.deliveredWh - importWh;
            uint256 gridImportWh = importWh - buyer.deliveredWh;
            uint256 shortWh = buyer.contractedWh - buyer.deliveredWh; // a sum of shares not above their weights
            return shortWh < gridImportWh ? shortWh : gridImportWh;
        }
    }

    /// @dev The lot's weight in the split of its buyer's extraWh, and the sum of these weights over the buyer's lots.
    function _weightOf(Lot memory lot, MeterCase memory buyer) private pure returns (uint256 weight, uint256 sum) {
        unchecked {
            if (hasSurplus(buyer)) return (lot.deliveredWh, buyer.deliveredWh);
            return (lot.wh - lot.deliveredWh, buyer.contractedWh - buyer.deliveredWh);
        }
    }
}

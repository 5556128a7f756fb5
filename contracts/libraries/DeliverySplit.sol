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
        (uint256 meterCount, uint256 lotCount) = (meters.length, lots.length);
        unchecked {
            for (uint256 i = 0; i < meterCount; ++i) {
                MeterCase memory meter = meters[i];
                if (!isSeller(meter)) continue;
                (uint256 exportWh, uint256 contractedWh) = (meter.exportWh, meter.contractedWh);
                meter.deliveredWh = meter.spareWh = exportWh < contractedWh ? exportWh : contractedWh;
            }
            for (uint256 i = 0; i < lotCount; ++i) {
                Lot memory lot = lots[i];
                MeterCase memory seller = lot.seller;
                uint256 share = shareDown(lot.wh, seller.deliveredWh, seller.contractedWh);
                lot.deliveredWh = share;
                seller.spareWh -= share;
            }
            for (uint256 i = 0; i < lotCount; ++i) {
                Lot memory lot = lots[i];
                MeterCase memory seller = lot.seller;
                uint256 spare = seller.spareWh;
                if (spare != 0 && lot.wh != 0) {
                    seller.spareWh = spare - 1;
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
        (uint256 meterCount, uint256 lotCount) = (meters.length, lots.length);
        unchecked {
            for (uint256 i = 0; i < meterCount; ++i) {
                MeterCase memory meter = meters[i];
                if (!isSeller(meter)) meter.extraWh = meter.spareWh = _extraOf(meter);
            }
            for (uint256 i = 0; i < lotCount; ++i) {
                Lot memory lot = lots[i];
                MeterCase memory buyer = lot.buyer;
                uint256 extraWh = buyer.extraWh;
                if (extraWh == 0) continue;
                uint256 share =
                    hasSurplus(buyer)
                        ? shareDown(lot.deliveredWh, extraWh, buyer.deliveredWh)
                        : shareDown(lot.wh - lot.deliveredWh, extraWh, buyer.contractedWh - buyer.deliveredWh);
                lot.extraWh = share;
                buyer.spareWh -= share;
            }
            for (uint256 i = 0; i < lotCount; ++i) {
                Lot memory lot = lots[i];
                MeterCase memory buyer = lot.buyer;
                uint256 spare = buyer.spareWh;
                if (spare == 0) continue;
                if ((hasSurplus(buyer) ? lot.deliveredWh : lot.wh - lot.deliveredWh) == 0) continue;
                buyer.spareWh = spare - 1;
                ++lot.extraWh;
            }
        }
    }

    /// @notice The part of a total that falls on one weight, rounded down.
    /// @param weightWh The weight, Wh.
    /// @param totalWh What is split, Wh, at most the sum.
    /// @param sumWh The sum of all weights, Wh.
    /// @return shareWh Wh.
    function shareDown(uint256 weightWh, uint256 totalWh, uint256 sumWh) internal pure returns (uint256 shareWh) {
        if (totalWh == sumWh) return weightWh;
        unchecked {
            return (weightWh * totalWh) / sumWh; // sumWh > totalWh >= 0
        }
    }

    /// @notice Whether the meter sells in the slot.
    /// @param meter The meter.
    /// @return sells True for a seller.
    function isSeller(MeterCase memory meter) internal pure returns (bool sells) {
        return uint8(meter.position >> 192) == Records.SELL;
    }

    /// @notice Whether a buyer imported less than it bought.
    /// @param buyer The meter, delivered Wh known.
    /// @return surplus True when it did.
    function hasSurplus(MeterCase memory buyer) internal pure returns (bool surplus) {
        return buyer.deliveredWh > buyer.importWh;
    }

    /// @dev Surplus, or min(short, grid import).
    function _extraOf(MeterCase memory buyer) private pure returns (uint256) {
        unchecked {
            (uint256 importWh, uint256 deliveredWh) = (buyer.importWh, buyer.deliveredWh);
            if (deliveredWh > importWh) return deliveredWh - importWh;
            uint256 gridImportWh = importWh - deliveredWh;
            uint256 shortWh = buyer.contractedWh - deliveredWh; // a sum of shares not above their weights
            return shortWh < gridImportWh ? shortWh : gridImportWh;
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Outcome} from "../types/RecordTypes.sol";
import {FeederCase, Lot, MeterCase} from "../types/SettlementTypes.sol";
import {DeliverySplit} from "./DeliverySplit.sol";
import {Money} from "./Money.sol";
import {Records} from "./Records.sol";

/// @title SettlementMath
/// @notice From split Wh to money: what each trade adds to its meters and parties, and what each meter's sums come to,
///         rounded once per meter, slot and kind (payers up, payees down, fees and escalation down).
/// @dev Why the filled locks cover everything. Clearing lets a trade happen only at price p with
///      p >= seller's path fees f_s (its ask, never negative, rose by them; a bilateral price is at least them) and
///      p + buyer's path fees f_b <= the limit the buyer's lock was taken at.
///      Buyer: up(sum q p) + down(sum q f_b) <= up(sum q (p + f_b)) <= its filled lock, since q <= wh per trade.
///      Seller: it receives down(sum q p) >= down(sum q f_s), its fees. Its bond pays, per undelivered Wh at most,
///      max(0, retail - p - f_b) + f_b + f_s + escalation. If the first term is positive this is
///      retail - p + f_s + escalation <= retail cap + escalation rate; else it is <= 4 edge-fee caps + escalation rate.
///      MarketRules keeps bond rate >= max(retail cap, 4 x edge-fee cap) + escalation rate, and
///      up(x) + down(y) + down(z) <= up(x + y + z); so bondPaid <= up(undelivered x bond rate) <= its filled lock.
///      Fuzzed by testFuzz_FilledLocksCoverEverything.
library SettlementMath {
    /// @notice Adds every lot's money to its buyer, its seller and their parties.
    /// @param lots All trades of the slot in trade order, both splits done.
    function price(Lot[] memory lots) internal pure {
        // Products of figures below 2^33, at most 2^16 of them: no sum exceeds 2^82.
        unchecked {
            for (uint256 i = 0; i < lots.length; ++i) {
                Lot memory lot = lots[i];
                (uint256 buyerFee, uint256 sellerFee) = pathFees(lot.level, lot.buyer.feeder, lot.seller.feeder);
                _priceDelivered(lot, buyerFee, sellerFee);
                if (lot.wh != lot.deliveredWh) _priceUndelivered(lot, buyerFee, sellerFee);
                if (lot.extraWh == 0) continue;
                if (DeliverySplit.hasSurplus(lot.buyer)) _priceSurplus(lot);
                else _priceMakeWhole(lot, buyerFee);
            }
        }
    }

    /// @notice The edge fees a trade's path costs each side, micro-credits per kWh.
    /// @dev A cleared trade's level says which edges both sides cross; a bilateral one's path follows from the feeders.
    function pathFees(
        uint256 level,
        FeederCase memory buyer,
        FeederCase memory seller
    ) internal pure returns (uint256 buyerFee, uint256 sellerFee) {
        uint256 pathLevel = level == Records.BILATERAL ? _bilateralLevel(buyer, seller) : level;
        if (pathLevel == Records.FEEDER) return (0, 0);
        (buyerFee, sellerFee) = (buyer.terms.feederFee, seller.terms.feederFee);
        if (pathLevel == Records.DISTRICT) return (buyerFee, sellerFee);
        unchecked {
            // two uint32 each
            return (buyerFee + buyer.terms.districtFee, sellerFee + seller.terms.districtFee);
        }
    }

    /// @notice Rounds a meter's sums into its outcome and credits its grid operator and supplier.
    /// @param meter The meter, every lot priced, its reading as it counts (a missing one replaced).
    /// @param escalationRate Micro-credits per undelivered kWh that this seller pays on top; 0 for whoever does not.
    /// @param o The outcome to fill; `held` and `uncovered` become 0.
    function conclude(MeterCase memory meter, uint256 escalationRate, Outcome memory o) internal pure {
        o.meter = uint32(meter.position >> 224);
        o.feeder = uint24(meter.position >> 200);
        o.account = meter.account;
        o.status = uint8(meter.reading.status);
        o.importWh = meter.reading.importWh;
        o.exportWh = meter.reading.exportWh;
        o.undeliveredWh = uint32(meter.contractedWh - meter.deliveredWh);
        o.held = 0;
        o.uncovered = 0;
        o.fees = Money.scaleDown(meter.feeProduct);
        meter.feeder.gridOperator.community += o.fees;
        if (DeliverySplit.isSeller(meter)) _concludeSeller(meter, escalationRate, o);
        else _concludeBuyer(meter, o);
    }

    /// @notice N: what the community side of the slot leaves the home, received less paid, fees and bond. Micro-credits.
    function communityOf(Outcome memory o) internal pure returns (int256) {
        unchecked {
            // five amounts below 2^64
            return
                int256(uint256(o.energyReceived) + o.bondReceived) -
                int256(uint256(o.energyPaid) + o.fees + o.bondPaid);
        }
    }

    function _priceDelivered(Lot memory lot, uint256 buyerFee, uint256 sellerFee) private pure {
        unchecked {
            uint256 product = lot.deliveredWh * lot.price;
            lot.buyer.energyProduct += product;
            lot.seller.energyProduct += product;
            lot.buyer.feeProduct += lot.deliveredWh * buyerFee;
            lot.seller.feeProduct += lot.deliveredWh * sellerFee;
        }
    }

    /// @dev The seller's bond pays both sides' fees; the buyer's grid operator gets each trade's part rounded down.
    function _priceUndelivered(Lot memory lot, uint256 buyerFee, uint256 sellerFee) private pure {
        unchecked {
            uint256 shortWh = lot.wh - lot.deliveredWh;
            lot.seller.bondFeeProduct += shortWh * (buyerFee + sellerFee);
            lot.seller.ownBondFeeProduct += shortWh * sellerFee;
            lot.buyer.feeder.gridOperator.community += (shortWh * buyerFee) / Money.WH_PER_KWH;
        }
    }

    /// @dev The home is credited by its own supplier; the seller's supplier reimburses it, each trade rounded down.
    function _priceSurplus(Lot memory lot) private pure {
        unchecked {
            FeederCase memory buyer = lot.buyer.feeder;
            FeederCase memory seller = lot.seller.feeder;
            uint256 feedIn = buyer.terms.feedIn < seller.terms.feedIn ? buyer.terms.feedIn : seller.terms.feedIn;
            uint256 product = lot.extraWh * feedIn;
            lot.buyer.feedInProduct += product;
            if (buyer.supplier.account == seller.supplier.account) return;
            buyer.supplier.surplusIn += product / Money.WH_PER_KWH;
            seller.supplier.surplusOut += product / Money.WH_PER_KWH;
        }
    }

    function _priceMakeWhole(Lot memory lot, uint256 buyerFee) private pure {
        unchecked {
            uint256 retail = lot.buyer.feeder.terms.retail;
            uint256 cost = lot.price + buyerFee;
            if (retail <= cost) return;
            uint256 product = lot.extraWh * (retail - cost);
            lot.buyer.makeWholeProduct += product;
            lot.seller.makeWholeProduct += product;
        }
    }

    function _concludeBuyer(MeterCase memory meter, Outcome memory o) private pure {
        (uint256 imported, uint256 bought) = (meter.reading.importWh, meter.deliveredWh);
        uint256 gridImportWh = imported > bought ? imported - bought : 0;
        o.boughtWh = uint32(bought);
        o.soldWh = 0;
        o.energyPaid = Money.scaleUp(meter.energyProduct);
        o.energyReceived = 0;
        o.gridPaid = Money.costUp(gridImportWh, meter.feeder.terms.retail);
        o.gridReceived = Money.scaleDown(
            uint256(meter.reading.exportWh) * meter.feeder.terms.feedIn + meter.feedInProduct
        );
        o.bondPaid = 0;
        o.bondReceived = Money.scaleDown(meter.makeWholeProduct);
    }

    function _concludeSeller(MeterCase memory meter, uint256 escalationRate, Outcome memory o) private pure {
        uint64 escalation = Money.costDown(o.undeliveredWh, escalationRate);
        o.boughtWh = 0;
        o.soldWh = uint32(meter.deliveredWh);
        o.energyPaid = 0;
        o.energyReceived = Money.scaleDown(meter.energyProduct);
        o.gridPaid = Money.costUp(meter.reading.importWh, meter.feeder.terms.retail);
        o.gridReceived = Money.costDown(meter.reading.exportWh - meter.deliveredWh, meter.feeder.terms.feedIn);
        o.bondPaid = Money.scaleUp(meter.makeWholeProduct) + Money.scaleDown(meter.bondFeeProduct) + escalation;
        o.bondReceived = 0;
        meter.feeder.gridOperator.community += Money.scaleDown(meter.ownBondFeeProduct);
        meter.feeder.supplier.community += escalation;
    }

    function _bilateralLevel(FeederCase memory buyer, FeederCase memory seller) private pure returns (uint256) {
        if (buyer.id == seller.id) return Records.FEEDER;
        return buyer.terms.district == seller.terms.district ? Records.DISTRICT : Records.CITY;
    }
}

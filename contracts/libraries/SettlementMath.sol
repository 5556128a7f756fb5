// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {FeederTerms} from "../types/MarketTypes.sol";
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
        uint256 count = lots.length;
        // Products of figures below 2^33, at most 2^16 of them: no sum exceeds 2^82.
        unchecked {
            for (uint256 i = 0; i < count; ++i) {
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

    /// @notice The edge fees that a trade's path costs each side, micro-credits per kWh.
    /// @dev A cleared trade's level says which edges both sides cross; a bilateral one's path follows from the feeders.
    /// @param level Of the trade.
    /// @param buyer Where the buyer stands.
    /// @param seller Where the seller stands.
    /// @return buyerFee The buyer's own edges.
    /// @return sellerFee The seller's own edges.
    function pathFees(
        uint256 level,
        FeederCase memory buyer,
        FeederCase memory seller
    ) internal pure returns (uint256 buyerFee, uint256 sellerFee) {
        if (level == Records.BILATERAL) level = _bilateralLevel(buyer, seller);
        if (level == Records.FEEDER) return (0, 0);
        (FeederTerms memory b, FeederTerms memory s) = (buyer.terms, seller.terms);
        if (level == Records.DISTRICT) return (b.feederFee, s.feederFee);
        unchecked {
            // two uint32 each
            return (uint256(b.feederFee) + b.districtFee, uint256(s.feederFee) + s.districtFee);
        }
    }

    /// @notice Rounds a meter's sums into the two money words of its outcome (Records.Outcome, `held` left 0), and
    ///         credits its grid operator and supplier.
    /// @param meter The meter, every lot priced, its reading as it counts (a missing one replaced).
    /// @param escalationRate Micro-credits per undelivered kWh that this seller pays on top; 0 for whoever does not.
    /// @return money energyPaid | energyReceived | gridPaid | gridReceived
    /// @return bond fees | bondPaid | bondReceived | 0
    function conclude(
        MeterCase memory meter,
        uint256 escalationRate
    ) internal pure returns (bytes32 money, bytes32 bond) {
        // Quotients of the products above: no sum exceeds 2^74.
        unchecked {
            uint256 fees = meter.feeProduct / Money.WH_PER_KWH;
            uint256 operatorShare = fees + meter.ownBondFeeProduct / Money.WH_PER_KWH;
            if (operatorShare != 0) meter.feeder.gridOperator.community += operatorShare;
            FeederTerms memory terms = meter.feeder.terms;
            if (!DeliverySplit.isSeller(meter)) {
                (uint256 imported, uint256 bought) = (meter.importWh, meter.deliveredWh);
                money = _pack({
                    a: _up(meter.energyProduct),
                    b: 0,
                    c: _up(imported > bought ? (imported - bought) * terms.retail : 0),
                    d: (meter.exportWh * terms.feedIn + meter.feedInProduct) / Money.WH_PER_KWH
                });
                return (money, _pack({a: fees, b: 0, c: meter.makeWholeProduct / Money.WH_PER_KWH, d: 0}));
            }
            money = _pack({
                a: 0,
                b: meter.energyProduct / Money.WH_PER_KWH,
                c: _up(meter.importWh * terms.retail),
                d: ((meter.exportWh - meter.deliveredWh) * terms.feedIn) / Money.WH_PER_KWH
            });
            bond = _pack({a: fees, b: _bondOf(meter, escalationRate), c: 0, d: 0});
        }
    }

    /// @notice The first word of a meter's outcome. What a buyer lacks stands with the sellers it bought from.
    /// @param meter The meter, delivered Wh known.
    /// @return word meter | status | import | export | bought | sold | sold and undelivered | feeder
    function energyOf(MeterCase memory meter) internal pure returns (bytes32 word) {
        unchecked {
            uint256 position = meter.position;
            uint256 deliveredWh = meter.deliveredWh;
            uint256 w = ((position >> 224) << 224) | (meter.status << 216) | (meter.importWh << 184);
            w |= (meter.exportWh << 152) | (uint256(uint24(position >> 200)) << 32);
            if (!DeliverySplit.isSeller(meter)) return bytes32(w | (deliveredWh << 120));
            return bytes32(w | (deliveredWh << 88) | ((meter.contractedWh - deliveredWh) << 56));
        }
    }

    function _priceDelivered(Lot memory lot, uint256 buyerFee, uint256 sellerFee) private pure {
        unchecked {
            (MeterCase memory buyer, MeterCase memory seller) = (lot.buyer, lot.seller);
            uint256 deliveredWh = lot.deliveredWh;
            uint256 product = deliveredWh * lot.price;
            buyer.energyProduct += product;
            seller.energyProduct += product;
            if (buyerFee != 0) buyer.feeProduct += deliveredWh * buyerFee;
            if (sellerFee != 0) seller.feeProduct += deliveredWh * sellerFee;
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
            (FeederCase memory buyer, FeederCase memory seller) = (lot.buyer.feeder, lot.seller.feeder);
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

    /// @dev Make-whole, fees on undelivered Wh, and escalation, which goes to the seller's supplier.
    function _bondOf(MeterCase memory seller, uint256 escalationRate) private pure returns (uint256 bondMicro) {
        unchecked {
            bondMicro = _up(seller.makeWholeProduct) + seller.bondFeeProduct / Money.WH_PER_KWH;
            if (escalationRate == 0) return bondMicro;
            uint256 escalation = ((seller.contractedWh - seller.deliveredWh) * escalationRate) / Money.WH_PER_KWH;
            seller.feeder.supplier.community += escalation;
            return bondMicro + escalation;
        }
    }

    /// @dev Four amounts of 64 bits; refuses what does not fit, though nothing that a slot can hold comes near it.
    function _pack(uint256 a, uint256 b, uint256 c, uint256 d) private pure returns (bytes32) {
        uint256 all = a | b | c | d;
        if (all >> 64 != 0) revert Money.MoneyOverflow(all);
        return bytes32((a << 192) | (b << 128) | (c << 64) | d);
    }

    function _up(uint256 product) private pure returns (uint256) {
        unchecked {
            return (product + (Money.WH_PER_KWH - 1)) / Money.WH_PER_KWH;
        }
    }

    function _bilateralLevel(FeederCase memory buyer, FeederCase memory seller) private pure returns (uint256) {
        if (buyer.id == seller.id) return Records.FEEDER;
        return buyer.terms.district == seller.terms.district ? Records.DISTRICT : Records.CITY;
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccountingFees} from "../interfaces/IAccountingFees.sol";
import {IClearing} from "../interfaces/IClearing.sol";
import {IDeviceRegistry} from "../interfaces/IDeviceRegistry.sol";
import {IEnergyMarket} from "../interfaces/IEnergyMarket.sol";
import {IGridTopology} from "../interfaces/IGridTopology.sol";
import {IMarketCalendar} from "../interfaces/IMarketCalendar.sol";
import {IMarketRules} from "../interfaces/IMarketRules.sol";
import {IMeterLedger} from "../interfaces/IMeterLedger.sol";
import {ITariffs} from "../interfaces/ITariffs.sol";
import {HomePosting, ITradeEscrow} from "../interfaces/ITradeEscrow.sol";
import {FeederTerms, RuleSet, SlotTimes} from "./MarketTypes.sol";

// What Settlement keeps in memory while it settles a slot. A "product" is a sum of Wh x (micro-credits per kWh), that
// is, of thousandths of a micro-credit: exact, and rounded once, at the end. None exceeds 2^32 x 2^33 x 640 < 2^75.

/// @notice What a slot brings a supplier or grid operator. Micro-credits.
struct Party {
    address account;
    uint256 community; // grid fees, escalation, remainders
    uint256 surplusIn; // from other suppliers, for take-or-pay surplus
    uint256 surplusOut; // to other suppliers
    uint256 settledMeters; // meters settled for the first time, each of which costs the accounting fee
}

/// @notice One feeder of the slot: its terms, read once, and its parties' totals.
struct FeederCase {
    uint256 id; // its area number
    FeederTerms terms;
    Party supplier;
    Party gridOperator;
}

/// @notice One meter in a slot: buyer, seller, or neither when it has no trade.
struct MeterCase {
    uint256 position; // first word of its position: meter | feeder | side | filledLock | ...
    uint256 importWh; // of the reading
    uint256 exportWh;
    uint256 status; // ReadingStatus
    address account;
    FeederCase feeder;
    uint256 contractedWh; // sum over its trades
    uint256 deliveredWh; // the part of it that was delivered
    uint256 extraWh; // buyer: delivered and not used, or undelivered and made whole (never both)
    uint256 spareWh; // what the split in progress has still to hand out
    uint256 energyProduct; // price on delivered Wh
    uint256 feeProduct; // own path fees on delivered Wh
    uint256 feedInProduct; // buyer: lower feed-in of both feeders on what it did not use
    uint256 makeWholeProduct; // retail less price less fees, on made-whole Wh; the seller's bond pays it to the buyer
    uint256 bondFeeProduct; // seller: both sides' path fees on undelivered Wh
    uint256 ownBondFeeProduct; // seller: its own side's part of these
}

/// @notice One trade of the slot.
struct Lot {
    MeterCase buyer;
    MeterCase seller;
    uint256 level; // Records.BILATERAL, FEEDER, DISTRICT or CITY
    uint256 wh;
    uint256 price; // micro-credits per kWh
    uint256 deliveredWh;
    uint256 extraWh; // the part of the buyer's extraWh that falls on this trade
}

/// @notice Which earlier slots count for the escalation in this slot. Bit i stands for slot `first` + i.
struct EscalationWindow {
    bool isKnown; // `first` and `size` are set
    uint256 first; // the oldest slot of the window
    uint256 size; // slots in the window; 0 = none
    uint256 asked; // bits whose slot's dates have been looked up
    uint256 closed; // those of them whose record was closed when this slot opened
}

/// @notice A slot of a city tree, or of a chunk of a feeder's meters without orders, while it is settled.
struct SlotCase {
    uint24 area; // city or feeder
    uint32 slot;
    bool isFirst; // nothing was settled here before
    bool beforeReadingEnd; // a reading that is not there may still come
    bool hasMissing; // some meter has no reading
    SlotTimes times;
    RuleSet rules;
    EscalationWindow window;
    SlotResult result;
    // what follows lies in memory that is used again once it has served
    uint256 feederCount;
    FeederCase[] feeders; // the first feederCount ones, in the order of the meters
    uint256[] feederTable; // FeederTable: a feeder's place in `feeders`, from 1
    uint256 partyCount;
    Party[] parties; // likewise; each feeder's supplier and grid operator, each account once
    MeterCase[] meters;
    uint256 lotsMark; // where the lots begin; they make room for the postings
    Lot[] lots;
    uint256 homeCount;
    HomePosting[] homes; // the first homeCount ones
    uint256[] places; // where the outcome of each home begins
}

/// @notice What a settlement comes to, besides what it posts.
struct SlotResult {
    bytes32[] outcomes; // Records.OUTCOME_WORDS a meter
    bytes32[] parties; // Records.PARTY_WORDS a party
    bytes32[] delivered; // delivered Wh of each trade, uint32, eight a word
}

/// @notice The contracts that settlement reads from and posts to.
struct SettlementWiring {
    ITradeEscrow escrow;
    IAccountingFees accountingFees;
    IClearing clearing;
    IEnergyMarket market;
    IMeterLedger ledger;
    IMarketCalendar calendar;
    IMarketRules rules;
    ITariffs tariffs;
    IGridTopology topology;
    IDeviceRegistry registry;
}

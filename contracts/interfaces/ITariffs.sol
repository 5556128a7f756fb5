// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {FeederTerms} from "../types/MarketTypes.sol";

/// @title ITariffs
/// @notice What the grid costs and pays on a feeder: each supplier's retail and feed-in prices, fixed before a slot
/// opens, and all terms of a slot in one call. Prices and fees are micro-credits per kWh.
/// @dev A price binds only the supplier that set it: with a new supplier of the feeder, that supplier's own prices
/// hold. A price of the slot goes before the standing price. A supplier that never set a price for its feeder sells
/// and buys there for 0: orders and settlement go on, no home is charged a price that nobody published, and the one
/// who forgot bears the loss.
interface ITariffs {
    /// @notice A supplier set its standing price for a feeder; what it planned for that slot or later is replaced.
    /// @param feeder The feeder.
    /// @param supplier The supplier.
    /// @param fromSlot First slot in which it holds.
    /// @param retail Price of grid import, uncapped.
    /// @param feedIn Price of grid export, at most retail.
    event StandingPriceSet(
        uint24 indexed feeder,
        address indexed supplier,
        uint32 indexed fromSlot,
        uint32 retail,
        uint32 feedIn
    );

    /// @notice A supplier set its prices for single slots of a feeder, one after the other.
    /// @param feeder The feeder.
    /// @param supplier The supplier.
    /// @param firstSlot Slot of the first prices.
    /// @param retail Prices of grid import, uncapped.
    /// @param feedIn Prices of grid export, each at most the retail price of its slot.
    event SlotPricesSet(
        uint24 indexed feeder,
        address indexed supplier,
        uint32 indexed firstSlot,
        uint32[] retail,
        uint32[] feedIn
    );

    /// @notice The caller is suspended, expelled or not admitted as a supplier.
    /// @param caller Who called.
    error TariffsNotActiveSupplier(address caller);

    /// @notice The caller is not the feeder's supplier in that slot.
    /// @param caller Who called.
    /// @param feeder The feeder.
    /// @param slot The first or last slot of the call.
    error TariffsNotSupplierOfFeeder(address caller, uint24 feeder, uint32 slot);

    /// @notice No prices, more than one call may set, or two arrays of different length.
    /// @param retailCount Retail prices given.
    /// @param feedInCount Feed-in prices given.
    /// @param maximum Most slots in one call.
    error TariffsBadLength(uint256 retailCount, uint256 feedInCount, uint256 maximum);

    /// @notice Feed-in above retail would pay homes for circling energy.
    /// @param slot The slot.
    /// @param retail Retail price given.
    /// @param feedIn Feed-in price given.
    error TariffsFeedInAboveRetail(uint32 slot, uint32 retail, uint32 feedIn);

    /// @notice A price above what a price's field holds.
    /// @param slot The slot.
    /// @param retail Retail price given.
    /// @param maximum The highest price that can be set.
    error TariffsPriceTooHigh(uint32 slot, uint32 retail, uint32 maximum);

    /// @notice Sets the caller's standing price for a feeder. Its active supplier in `fromSlot` only.
    /// @param feeder The feeder.
    /// @param fromSlot First slot in which it holds, not open yet (else SlotScheduleSlotOpen). A standing price
    /// planned for it or later is dropped.
    /// @param retail Price of grid import.
    /// @param feedIn Price of grid export, at most retail.
    function setStandingPrice(uint24 feeder, uint32 fromSlot, uint32 retail, uint32 feedIn) external;

    /// @notice Sets the caller's prices for single slots of a feeder, over those it set before. Its active supplier in
    /// the first and the last slot only; in slots between that are another's, they have no effect.
    /// @param feeder The feeder.
    /// @param firstSlot Slot of the first prices, not open yet (else SlotScheduleSlotOpen).
    /// @param retail Prices of grid import, 1 to MAX_SLOTS.
    /// @param feedIn Prices of grid export, as many, each at most the retail price of its slot.
    function setPrices(uint24 feeder, uint32 firstSlot, uint32[] calldata retail, uint32[] calldata feedIn) external;

    /// @notice Everything that holds on the feeder in the slot. Fixed once the slot is open.
    /// @param feeder The feeder.
    /// @param slot The slot.
    /// @return terms Prices and fees already min(set, cap), feed-in besides at most the retail price in force.
    function termsAt(uint24 feeder, uint32 slot) external view returns (FeederTerms memory terms);

    /// @notice The fee of the edge from an area to its parent.
    /// @param area The area.
    /// @param slot The slot.
    /// @return feeMicroPerKwh min(set, cap).
    function edgeFeeInForce(uint24 area, uint32 slot) external view returns (uint32 feeMicroPerKwh);

    /// @notice The price that an account set for a feeder and slot, whether or not it is the supplier there.
    /// @param supplier The account.
    /// @param feeder The feeder.
    /// @param slot The slot.
    /// @return isSet False when neither a standing nor a slot price was set: both are 0 then.
    /// @return retail Uncapped.
    /// @return feedIn Uncapped.
    function priceOf(
        address supplier,
        uint24 feeder,
        uint32 slot
    ) external view returns (bool isSet, uint32 retail, uint32 feedIn);
}

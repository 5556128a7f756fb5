// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {FeederBook, ParentBook, SlotBooks} from "../types/ClearingTypes.sol";

/// @title IClearing
/// @notice Clears the books of a slot, feeder first, then district, then city, and closes the slot. Whoever calls
///         supplies the data and the merit order; the contract computes the result, so exactly one submission is valid.
/// @dev A book that is not cleared by its own deadline is void without a transaction: nothing of it trades or rises,
///      and `close` unlocks it. Prices in micro-credits per kWh, energy in Wh.
interface IClearing {
    /// @notice A book was cleared.
    /// @param area Feeder, district or city.
    /// @param slot The slot.
    /// @param price The book's price; 0 when nothing traded.
    /// @param volumeWh Energy traded.
    /// @param trades Packed trades as merged (Records.sol).
    /// @param rests Packed rests that rise: bids by price descending, then asks by price ascending, ties by arrival.
    event BookCleared(
        uint24 indexed area,
        uint32 indexed slot,
        uint32 price,
        uint64 volumeWh,
        bytes32[] trades,
        bytes32[] rests
    );

    /// @notice A slot of a city tree was closed; what its meters traded is fixed.
    /// @param city The city.
    /// @param slot The slot.
    /// @param positions Packed positions by ascending meter, two words each (Records.sol).
    /// @param trades Packed trades with positions: bilateral by acceptance, then feeders, districts, city as merged.
    event SlotClosed(uint24 indexed city, uint32 indexed slot, bytes32[] positions, bytes32[] trades);

    /// @notice The area is not of the level that the call is for.
    /// @param area The area given.
    error ClearingWrongLevel(uint24 area);

    /// @notice The book cannot be cleared yet: its gate is open or a child's book is not done.
    /// @param area Whose book it is, or the child that is not done.
    /// @param slot The slot.
    error ClearingTooEarly(uint24 area, uint32 slot);

    /// @notice The book's deadline has passed; it is void.
    /// @param area Whose book it is.
    /// @param slot The slot.
    /// @param deadline The first second that was too late.
    error ClearingTooLate(uint24 area, uint32 slot, uint64 deadline);

    /// @notice The book is cleared.
    /// @param area Whose book it is.
    /// @param slot The slot.
    error ClearingClearedBefore(uint24 area, uint32 slot);

    /// @notice Nothing can come of the book, which counts as cleared: nobody ordered, nothing rose to it, or rests of
    ///         one child alone (they never cross) that have no other district to meet.
    /// @param area Whose book it is.
    /// @param slot The slot.
    error ClearingBookIdle(uint24 area, uint32 slot);

    /// @notice The entries are not the log of the book: one left out, added, moved or changed.
    /// @param area Whose book it is.
    /// @param slot The slot.
    error ClearingNotTheBook(uint24 area, uint32 slot);

    /// @notice The rests are not those that rose from the child.
    /// @param child The child.
    /// @param slot The slot.
    error ClearingNotTheRests(uint24 child, uint32 slot);

    /// @notice As many lists as children, feeders or books are needed.
    /// @param expected How many.
    /// @param given How many were given.
    error ClearingWrongCount(uint256 expected, uint256 given);

    /// @notice The claimed price is not the book's.
    /// @param claimed The price claimed.
    /// @param price The price.
    error ClearingWrongPrice(uint32 claimed, uint32 price);

    /// @notice The claimed trades are not the book's.
    /// @param claimed Their hash as claimed.
    /// @param tradesHash The hash.
    error ClearingWrongTrades(bytes32 claimed, bytes32 tradesHash);

    /// @notice The trades are not those to which the book's clearing committed.
    /// @param area Whose book it is.
    /// @param slot The slot.
    error ClearingNotTheTrades(uint24 area, uint32 slot);

    /// @notice The entries are not the tree's bilateral contracts of the slot.
    /// @param city The city.
    /// @param slot The slot.
    error ClearingNotTheBilaterals(uint24 city, uint32 slot);

    /// @notice The slot is closed.
    /// @param city The city.
    /// @param slot The slot.
    error ClearingClosedBefore(uint24 city, uint32 slot);

    /// @notice Nobody traded in the slot, so there is nothing to close.
    /// @param city The city.
    /// @param slot The slot.
    error ClearingNothingToClose(uint24 city, uint32 slot);

    /// @notice Clears a feeder's book. Anyone, from gate closure until the feeder deadline.
    /// @param book Log, merit order and claimed result.
    function clearFeeder(FeederBook calldata book) external;

    /// @notice Clears a district's or city's book. Anyone, once each child is cleared, idle or void, until the
    ///     deadline.
    /// @param book The children's rests, merit order and claimed result.
    function clearParent(ParentBook calldata book) external;

    /// @notice Fixes what every meter traded and unlocks what was not filled. Anyone, once each book of the tree is
    ///         cleared, idle or void.
    /// @param books The tree's logs, contracts and trades, and where each meter's position stands.
    function close(SlotBooks calldata books) external;

    /// @notice What `close` fixed.
    /// @param city The city.
    /// @param slot The slot.
    /// @return hash Records.hashClosed of what SlotClosed says: the hashes of positions and trades, hashed; 0 = not
    ///     closed.
    function positionsHash(uint24 city, uint32 slot) external view returns (bytes32 hash);

    /// @notice What a book came to, as BookCleared says it.
    /// @param area Feeder, district or city.
    /// @param slot The slot.
    /// @return commitment keccak256(hash of the trades ++ hash of the rests), each 0 for none; 0 while the book is
    ///     open, and for ever when it is idle or void.
    function commitmentOf(uint24 area, uint32 slot) external view returns (bytes32 commitment);

    /// @notice Whether nothing more can happen to a book: cleared, idle or void.
    /// @param area Feeder, district or city.
    /// @param slot The slot.
    /// @return done True for ever, once gate and children allow.
    function isDone(uint24 area, uint32 slot) external view returns (bool done);

    /// @notice Energy that the books above have sent over an edge with a limit; not counted without one.
    /// @param area The feeder or district below the edge.
    /// @param slot The slot.
    /// @return upWh From the area.
    /// @return downWh To the area.
    function edgeUseOf(uint24 area, uint32 slot) external view returns (uint64 upWh, uint64 downWh);
}

/** The fixed sizes of books and readings, as the contracts have them (MarketBounds). */

/** Most meters with an order or bilateral contract in a city tree and slot, shared alike by its feeders. */
export const MAX_TREE_METERS = 125;
/** Most orders and bilateral contracts of a meter in a slot, cancelled ones included. */
export const MAX_ORDERS_PER_SLOT = 4;
/** Most rests per side in a district's or city's book, shared alike by its children. */
export const MAX_PARENT_RESTS = 256;
/** A meter's reading words are used again after so many slots. */
export const READING_SLOTS = 4096;
/** Most operators that attest a feeder's readings. */
export const MAX_QUORUM_OPERATORS = 8;
/** Most readings that an operator attests in one call. */
export const MAX_ATTESTED = 128;

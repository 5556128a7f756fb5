// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Side} from "./MarketTypes.sol";

// The members stand in the order in which they are signed; none of these is ever stored.
// solhint-disable gas-struct-packing

/// @notice What a home signs (EIP-712): orders of one meter on one side for consecutive slots.
struct Order {
    uint32 meter;
    Side side;
    uint32 firstSlot;
    uint32[] wh; // per slot, 1 to 128 of them; 0 = no order in that slot, but not in the first or last
    uint32[] limits; // per slot, worst price, micro-credits per kWh
    // names the account's cell that remembers the order: used again at the earliest by an order for later slots, and
    // once the gate of the earlier order's last slot has closed. A cell used again costs less gas than a new one.
    uint64 nonce;
    uint64 relayDeadline; // Unix seconds; relayed in that second at the latest
}

/// @notice An order and the signature of the account that holds the meter, in the compact form of ERC-2098.
struct SignedOrder {
    Order order;
    bytes32 r;
    bytes32 vs;
}

/// @notice What both parties of a bilateral contract sign (EIP-712): energy of consecutive slots at one price.
struct BilateralContract {
    uint32 buyMeter;
    uint32 sellMeter;
    uint32 firstSlot;
    uint32 price; // micro-credits per kWh, before the fees of the path
    uint32[] wh; // per slot, 1 to 128 of them; 0 = nothing in that slot, but not in the first or last
    uint64 nonce; // either party can revoke it before it is accepted
    uint64 acceptDeadline; // Unix seconds; accepted in that second at the latest
}

/// @notice A bilateral contract and the signatures of the accounts that hold the two meters (ERC-2098).
struct SignedBilateral {
    BilateralContract terms;
    bytes32 buyerR;
    bytes32 buyerVs;
    bytes32 sellerR;
    bytes32 sellerVs;
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IEnergyMarket} from "../../interfaces/IEnergyMarket.sol";
import {Order} from "../../types/OrderTypes.sol";
import {OrderAdmission} from "./OrderAdmission.sol";

/// @title OrderNonces
/// @notice Remembers which orders were relayed or revoked, one cell per account and nonce. A cell remembers one order
///         as long as it can be cancelled; the orders of one nonce follow each other in time, so none is ever relayed
///         twice and a slot has one order per account and nonce at most. Part of EnergyMarket.
abstract contract OrderNonces is OrderAdmission {
    uint256 private constant _SLOT_BITS = 32;

    // high 224 bits of the order's digest | last slot for which the nonce is used
    mapping(address account => mapping(uint64 nonce => uint256 cell)) private _cells;

    /// @inheritdoc IEnergyMarket
    function nonceUsedThrough(address account, uint64 nonce) external view returns (uint32 usedThrough) {
        return uint32(_cells[account][nonce]);
    }

    /// @dev The cell remembers this order from now on; false, and nothing changes, where it does so already. The order
    ///      must lie after all for which the nonce was used, and what the cell remembers must not be cancellable any
    ///      more.
    function _useNonce(
        uint256 index,
        address account,
        Order calldata order,
        bytes32 digest
    ) internal returns (bool isNew) {
        uint256 cell = _cells[account][order.nonce];
        if (_remembers(cell, digest)) return false;
        uint32 usedThrough = uint32(cell);
        if (order.firstSlot <= usedThrough) revert EnergyMarketNonceUsed(index, order.nonce, usedThrough);
        if (usedThrough != 0 && CALENDAR.isOpenForOrders(usedThrough)) {
            revert EnergyMarketNonceBusy(index, order.nonce, usedThrough);
        }
        _cells[account][order.nonce] = _pack(uint256(digest), _lastSlotOf(order));
        return true;
    }

    /// @dev Uses the nonce up to the order's last slot, and leaves the order that the cell remembers.
    function _revoke(address account, Order calldata order, bytes32 digest) internal {
        uint256 cell = _cells[account][order.nonce];
        uint32 usedThrough = uint32(cell);
        if (order.firstSlot <= usedThrough) revert EnergyMarketNonceUsed(0, order.nonce, usedThrough);
        uint32 lastSlot = _lastSlotOf(order);
        _cells[account][order.nonce] = _pack(cell, lastSlot);
        emit OrderRevoked(account, order.nonce, digest, lastSlot);
    }

    /// @dev Whether the order was relayed and its cell still remembers it.
    function _isRelayed(address account, uint64 nonce, bytes32 digest) internal view returns (bool) {
        return _remembers(_cells[account][nonce], digest);
    }

    function _lastSlotOf(Order calldata order) internal pure returns (uint32) {
        return order.firstSlot + uint32(order.wh.length) - 1;
    }

    /// @dev 224 bits of a digest cannot be made to collide.
    function _remembers(uint256 cell, bytes32 digest) private pure returns (bool) {
        return cell >> _SLOT_BITS == uint256(digest) >> _SLOT_BITS;
    }

    function _pack(uint256 fingerprint, uint32 usedThrough) private pure returns (uint256) {
        return ((fingerprint >> _SLOT_BITS) << _SLOT_BITS) | usedThrough;
    }
}

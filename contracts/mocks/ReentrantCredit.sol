// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title ReentrantCredit
/// @notice A credit that, unlike ours, calls whom it is told to in the middle of a transfer: what a token with
/// hooks would do. For tests of reentrancy.
contract ReentrantCredit is ERC20 {
    /// @notice Called once, in the middle of the next transfer.
    address public attacked;
    /// @notice With these data.
    bytes public data;
    /// @notice Whether that call succeeded.
    bool public entered;

    constructor() ERC20("Reentrant", "RE") {}

    /// @notice Creates credits out of nothing.
    /// @param to For whom.
    /// @param amountMicro How many.
    function mint(address to, uint256 amountMicro) external {
        _mint(to, amountMicro);
    }

    /// @notice Sets the call in the middle of the next transfer.
    /// @param target_ Whom to call.
    /// @param data_ With what.
    function attack(address target_, bytes calldata data_) external {
        attacked = target_;
        data = data_;
        entered = false;
    }

    /// @notice Transfers, but first calls out.
    /// @param from Who gives.
    /// @param to Who gets.
    /// @param value Micro-credits.
    function _update(address from, address to, uint256 value) internal override {
        address called = attacked;
        if (called != address(0)) {
            attacked = address(0);
            (entered, ) = called.call(data); // solhint-disable-line avoid-low-level-calls
        }
        super._update(from, to, value);
    }
}

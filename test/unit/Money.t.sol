// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Money} from "../../contracts/libraries/Money.sol";
import {Test} from "../utils/Test.sol";

contract MoneyTest is Test {
    function test_LocksAreRoundedUp() public pure {
        assertEq(Money.costUp(0, 250_000), 0);
        assertEq(Money.costUp(1, 1), 1, "a thousandth of a micro-credit");
        assertEq(Money.costUp(1_000, 250_000), 250_000);
        assertEq(Money.costUp(1_001, 250_001), 250_252, "250,251.001 up");
    }

    function testFuzz_ALockIsTheLeastThatCovers(uint32 wh, uint32 price) public pure {
        uint256 lock = Money.costUp(wh, price);
        uint256 product = uint256(wh) * price;
        assertTrue(lock * Money.WH_PER_KWH >= product, "covers");
        assertTrue(lock == 0 || (lock - 1) * Money.WH_PER_KWH < product, "the least");
    }

    function testFuzz_NothingIsTruncated(uint256 amountMicro, bool isSmall) public {
        if (isSmall) amountMicro = uint64(amountMicro);
        uint256 most = type(uint64).max;
        if (amountMicro > most) vm.expectRevert(abi.encodeWithSelector(Money.MoneyOverflow.selector, amountMicro));
        assertEq(this.toMicro(amountMicro), amountMicro <= most ? amountMicro : 0);
    }

    function test_RevertWhen_ALockLeavesItsBits() public {
        uint256 wh = uint256(type(uint64).max) + 1;
        assertEq(this.costUp(wh - 1, 1_000), wh - 1);
        vm.expectRevert(abi.encodeWithSelector(Money.MoneyOverflow.selector, wh));
        this.costUp(wh, 1_000);
    }

    /// An outside call, so that its revert can be expected.
    function toMicro(uint256 amountMicro) external pure returns (uint64) {
        return Money.toMicro(amountMicro);
    }

    /// As above.
    function costUp(uint256 wh, uint256 price) external pure returns (uint64) {
        return Money.costUp(wh, price);
    }
}

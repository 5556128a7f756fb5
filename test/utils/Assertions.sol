// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Vm} from "./Vm.sol";

/// @title Assertions
/// @notice Assertions that end the test with both values in the message; `note` says what was compared.
abstract contract Assertions {
    Vm internal constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

    function assertTrue(bool condition) internal pure {
        vm.assertTrue(condition);
    }

    function assertTrue(bool condition, string memory note) internal pure {
        vm.assertTrue(condition, note);
    }

    function assertFalse(bool condition) internal pure {
        vm.assertFalse(condition);
    }

    function assertFalse(bool condition, string memory note) internal pure {
        vm.assertFalse(condition, note);
    }

    function assertEq(bool left, bool right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(bool left, bool right, string memory note) internal pure {
        vm.assertEq(left, right, note);
    }

    function assertEq(address left, address right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(address left, address right, string memory note) internal pure {
        vm.assertEq(left, right, note);
    }

    function assertEq(bytes32 left, bytes32 right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(bytes32 left, bytes32 right, string memory note) internal pure {
        vm.assertEq(left, right, note);
    }

    function assertEq(uint256 left, uint256 right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(uint256 left, uint256 right, string memory note) internal pure {
        vm.assertEq(left, right, note);
    }

    function assertEq(int256 left, int256 right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(int256 left, int256 right, string memory note) internal pure {
        vm.assertEq(left, right, note);
    }

    function assertEq(string memory left, string memory right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(string memory left, string memory right, string memory note) internal pure {
        vm.assertEq(left, right, note);
    }

    function assertEq(bytes memory left, bytes memory right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(bytes memory left, bytes memory right, string memory note) internal pure {
        vm.assertEq(left, right, note);
    }

    function assertEq(bool[] memory left, bool[] memory right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(bool[] memory left, bool[] memory right, string memory note) internal pure {
        vm.assertEq(left, right, note);
    }

    function assertEq(address[] memory left, address[] memory right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(address[] memory left, address[] memory right, string memory note) internal pure {
        vm.assertEq(left, right, note);
    }

    function assertEq(bytes32[] memory left, bytes32[] memory right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(bytes32[] memory left, bytes32[] memory right, string memory note) internal pure {
        vm.assertEq(left, right, note);
    }

    function assertEq(uint256[] memory left, uint256[] memory right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(uint256[] memory left, uint256[] memory right, string memory note) internal pure {
        vm.assertEq(left, right, note);
    }

    function assertEq(int256[] memory left, int256[] memory right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(int256[] memory left, int256[] memory right, string memory note) internal pure {
        vm.assertEq(left, right, note);
    }

    function assertEq(string[] memory left, string[] memory right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(string[] memory left, string[] memory right, string memory note) internal pure {
        vm.assertEq(left, right, note);
    }

    function assertEq(bytes[] memory left, bytes[] memory right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(bytes[] memory left, bytes[] memory right, string memory note) internal pure {
        vm.assertEq(left, right, note);
    }

    function assertNotEq(bool left, bool right) internal pure {
        vm.assertNotEq(left, right);
    }

    function assertNotEq(bool left, bool right, string memory note) internal pure {
        vm.assertNotEq(left, right, note);
    }

    function assertNotEq(address left, address right) internal pure {
        vm.assertNotEq(left, right);
    }

    function assertNotEq(address left, address right, string memory note) internal pure {
        vm.assertNotEq(left, right, note);
    }

    function assertNotEq(bytes32 left, bytes32 right) internal pure {
        vm.assertNotEq(left, right);
    }

    function assertNotEq(bytes32 left, bytes32 right, string memory note) internal pure {
        vm.assertNotEq(left, right, note);
    }

    function assertNotEq(uint256 left, uint256 right) internal pure {
        vm.assertNotEq(left, right);
    }

    function assertNotEq(uint256 left, uint256 right, string memory note) internal pure {
        vm.assertNotEq(left, right, note);
    }

    function assertNotEq(int256 left, int256 right) internal pure {
        vm.assertNotEq(left, right);
    }

    function assertNotEq(int256 left, int256 right, string memory note) internal pure {
        vm.assertNotEq(left, right, note);
    }

    function assertNotEq(string memory left, string memory right) internal pure {
        vm.assertNotEq(left, right);
    }

    function assertNotEq(string memory left, string memory right, string memory note) internal pure {
        vm.assertNotEq(left, right, note);
    }

    function assertNotEq(bytes memory left, bytes memory right) internal pure {
        vm.assertNotEq(left, right);
    }

    function assertNotEq(bytes memory left, bytes memory right, string memory note) internal pure {
        vm.assertNotEq(left, right, note);
    }

    function assertNotEq(bool[] memory left, bool[] memory right) internal pure {
        vm.assertNotEq(left, right);
    }

    function assertNotEq(bool[] memory left, bool[] memory right, string memory note) internal pure {
        vm.assertNotEq(left, right, note);
    }

    function assertNotEq(address[] memory left, address[] memory right) internal pure {
        vm.assertNotEq(left, right);
    }

    function assertNotEq(address[] memory left, address[] memory right, string memory note) internal pure {
        vm.assertNotEq(left, right, note);
    }

    function assertNotEq(bytes32[] memory left, bytes32[] memory right) internal pure {
        vm.assertNotEq(left, right);
    }

    function assertNotEq(bytes32[] memory left, bytes32[] memory right, string memory note) internal pure {
        vm.assertNotEq(left, right, note);
    }

    function assertNotEq(uint256[] memory left, uint256[] memory right) internal pure {
        vm.assertNotEq(left, right);
    }

    function assertNotEq(uint256[] memory left, uint256[] memory right, string memory note) internal pure {
        vm.assertNotEq(left, right, note);
    }

    function assertNotEq(int256[] memory left, int256[] memory right) internal pure {
        vm.assertNotEq(left, right);
    }

    function assertNotEq(int256[] memory left, int256[] memory right, string memory note) internal pure {
        vm.assertNotEq(left, right, note);
    }

    function assertNotEq(string[] memory left, string[] memory right) internal pure {
        vm.assertNotEq(left, right);
    }

    function assertNotEq(string[] memory left, string[] memory right, string memory note) internal pure {
        vm.assertNotEq(left, right, note);
    }

    function assertNotEq(bytes[] memory left, bytes[] memory right) internal pure {
        vm.assertNotEq(left, right);
    }

    function assertNotEq(bytes[] memory left, bytes[] memory right, string memory note) internal pure {
        vm.assertNotEq(left, right, note);
    }

    function assertLt(uint256 left, uint256 right) internal pure {
        vm.assertLt(left, right);
    }

    function assertLt(uint256 left, uint256 right, string memory note) internal pure {
        vm.assertLt(left, right, note);
    }

    function assertLt(int256 left, int256 right) internal pure {
        vm.assertLt(left, right);
    }

    function assertLt(int256 left, int256 right, string memory note) internal pure {
        vm.assertLt(left, right, note);
    }

    function assertLe(uint256 left, uint256 right) internal pure {
        vm.assertLe(left, right);
    }

    function assertLe(uint256 left, uint256 right, string memory note) internal pure {
        vm.assertLe(left, right, note);
    }

    function assertLe(int256 left, int256 right) internal pure {
        vm.assertLe(left, right);
    }

    function assertLe(int256 left, int256 right, string memory note) internal pure {
        vm.assertLe(left, right, note);
    }

    function assertGt(uint256 left, uint256 right) internal pure {
        vm.assertGt(left, right);
    }

    function assertGt(uint256 left, uint256 right, string memory note) internal pure {
        vm.assertGt(left, right, note);
    }

    function assertGt(int256 left, int256 right) internal pure {
        vm.assertGt(left, right);
    }

    function assertGt(int256 left, int256 right, string memory note) internal pure {
        vm.assertGt(left, right, note);
    }

    function assertGe(uint256 left, uint256 right) internal pure {
        vm.assertGe(left, right);
    }

    function assertGe(uint256 left, uint256 right, string memory note) internal pure {
        vm.assertGe(left, right, note);
    }

    function assertGe(int256 left, int256 right) internal pure {
        vm.assertGe(left, right);
    }

    function assertGe(int256 left, int256 right, string memory note) internal pure {
        vm.assertGe(left, right, note);
    }

    /// @dev `maxDelta` is in the unit of the values.
    function assertApproxEqAbs(uint256 left, uint256 right, uint256 maxDelta) internal pure {
        vm.assertApproxEqAbs(left, right, maxDelta);
    }

    function assertApproxEqAbs(uint256 left, uint256 right, uint256 maxDelta, string memory note) internal pure {
        vm.assertApproxEqAbs(left, right, maxDelta, note);
    }

    function assertApproxEqAbs(int256 left, int256 right, uint256 maxDelta) internal pure {
        vm.assertApproxEqAbs(left, right, maxDelta);
    }

    function assertApproxEqAbs(int256 left, int256 right, uint256 maxDelta, string memory note) internal pure {
        vm.assertApproxEqAbs(left, right, maxDelta, note);
    }

    /// @dev `maxPercentDelta` is scaled by 1e18: 1e18 is 100 %.
    function assertApproxEqRel(uint256 left, uint256 right, uint256 maxPercentDelta) internal pure {
        vm.assertApproxEqRel(left, right, maxPercentDelta);
    }

    /// @notice Ends the test as failed.
    function fail(string memory note) internal pure {
        vm.assertTrue(false, note);
    }
}

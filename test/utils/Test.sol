// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Assertions} from "./Assertions.sol";
import {Vm} from "./Vm.sol";

/// @title Test
/// @notice The base of every Solidity test: `vm`, assertions, actors, bounded fuzz input, invariant targets.
/// @dev In `setUp` an invariant test names what the runner may call: `targetContract(address(handler))`.
abstract contract Test is Assertions {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    address[] private _targetContracts;
    address[] private _targetSenders;
    address[] private _excludedContracts;
    address[] private _excludedSenders;
    FuzzSelector[] private _targetSelectors;
    FuzzSelector[] private _excludedSelectors;

    // -------------------- read by the invariant runner

    function targetContracts() public view returns (address[] memory) {
        return _targetContracts;
    }

    function targetSenders() public view returns (address[] memory) {
        return _targetSenders;
    }

    function targetSelectors() public view returns (FuzzSelector[] memory) {
        return _targetSelectors;
    }

    function excludeContracts() public view returns (address[] memory) {
        return _excludedContracts;
    }

    function excludeSenders() public view returns (address[] memory) {
        return _excludedSenders;
    }

    function excludeSelectors() public view returns (FuzzSelector[] memory) {
        return _excludedSelectors;
    }

    // -------------------- invariant targets

    function targetContract(address target) internal {
        _targetContracts.push(target);
    }

    function targetSender(address sender) internal {
        _targetSenders.push(sender);
    }

    function targetSelector(FuzzSelector memory selector) internal {
        _targetSelectors.push(selector);
    }

    function excludeContract(address target) internal {
        _excludedContracts.push(target);
    }

    function excludeSender(address sender) internal {
        _excludedSenders.push(sender);
    }

    function excludeSelector(FuzzSelector memory selector) internal {
        _excludedSelectors.push(selector);
    }

    // -------------------- actors

    /// @notice A labelled address whose key nobody needs.
    function makeAddr(string memory name) internal returns (address account) {
        (account, ) = makeAddrAndKey(name);
    }

    /// @notice A labelled address and its private key, the same in every run.
    function makeAddrAndKey(string memory name) internal returns (address account, uint256 privateKey) {
        privateKey = uint256(keccak256(bytes(name)));
        account = vm.addr(privateKey);
        vm.label(account, name);
    }

    /// @notice The next call comes from `sender`, which has `balanceWei` to spend.
    function hoax(address sender, uint256 balanceWei) internal {
        vm.deal(sender, balanceWei);
        vm.prank(sender);
    }

    // -------------------- deployment

    /// @notice Deploys the built artifact `File.sol:Name`: for sources in hardhat.config's `viaIrSources`, which a test
    /// must not import.
    function deployCode(string memory artifact, bytes memory arguments) internal returns (address deployed) {
        bytes memory initCode = abi.encodePacked(vm.getCode(artifact), arguments);
        assembly ("memory-safe") {
            deployed := create(0, add(initCode, 32), mload(initCode))
        }
        if (deployed == address(0)) fail(string.concat("deployCode: the constructor reverted: ", artifact));
    }

    // -------------------- time

    /// @notice Lets `seconds_` pass.
    function skip(uint256 seconds_) internal {
        vm.warp(vm.getBlockTimestamp() + seconds_);
    }

    /// @notice Goes back `seconds_`.
    function rewind(uint256 seconds_) internal {
        vm.warp(vm.getBlockTimestamp() - seconds_);
    }

    // -------------------- signatures

    /// @notice The 65-byte signature (r, s, v) of `digest`.
    function signBytes(uint256 privateKey, bytes32 digest) internal pure returns (bytes memory signature) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(privateKey, digest);
        signature = abi.encodePacked(r, s, v);
    }

    // -------------------- fuzz input

    /// @notice `value` brought into `[min, max]`; a value that is already inside stays, as do the edges of uint256.
    function bound(uint256 value, uint256 min, uint256 max) internal pure returns (uint256) {
        if (min > max) fail("bound: min is above max");
        if (value >= min && value <= max) return value;
        uint256 size = max - min + 1; // never 0: the full range returned above
        if (value <= 3 && size > value) return min + value;
        if (value >= type(uint256).max - 3 && size > type(uint256).max - value) {
            return max - (type(uint256).max - value);
        }
        return min + (value % size);
    }

    /// @notice The signed form of `bound`.
    function boundInt(int256 value, int256 min, int256 max) internal pure returns (int256) {
        uint256 offset = uint256(1) << 255;
        unchecked {
            // Wraps on purpose: shifts the signed line onto the unsigned one and back.
            return int256(bound(uint256(value) + offset, uint256(min) + offset, uint256(max) + offset) - offset);
        }
    }

    /// @notice Any private key secp256k1 accepts.
    function boundPrivateKey(uint256 value) internal pure returns (uint256) {
        return bound(value, 1, 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364140);
    }

    /// @notice The logs that `emitter` wrote with `topic0`, in order, out of those just recorded.
    function logsOf(
        Vm.Log[] memory logs,
        address emitter,
        bytes32 topic0
    ) internal pure returns (Vm.Log[] memory matching) {
        uint256 count;
        matching = new Vm.Log[](logs.length);
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter == emitter && logs[i].topics.length > 0 && logs[i].topics[0] == topic0) {
                matching[count++] = logs[i];
            }
        }
        assembly ("memory-safe") {
            mstore(matching, count) // shortens, never lengthens
        }
    }
}

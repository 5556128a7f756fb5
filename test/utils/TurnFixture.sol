// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ElectionFixture} from "./ElectionFixture.sol";

/// @notice An election whose blocks are simulated: their headers, seals and hashes are what a test says.
abstract contract TurnFixture is ElectionFixture {
    /// Two blocks of one parent and number, each with the seal of that node's key.
    function doubleSeal(uint256 who, uint256 number) internal returns (bytes memory first, bytes memory second) {
        bytes32 parentHash = keccak256(abi.encode("parent", number));
        vm.setBlockhash(number - 1, parentHash);
        return (
            sealedBy(parentHash, who, number, block.timestamp),
            sealedBy(parentHash, who, number, block.timestamp + 1)
        );
    }

    function sealedBy(
        bytes32 parentHash,
        uint256 who,
        uint256 number,
        uint256 time
    ) internal pure returns (bytes memory) {
        bytes memory bare = headerOf(parentHash, node(who), number, time, hex"");
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(nodeKey(who), keccak256(bare));
        return headerOf(parentHash, node(who), number, time, abi.encodePacked(r, s, v - 27));
    }

    /// RLP of a header of round 0, bare or with one seal.
    function headerOf(
        bytes32 parentHash,
        address coinbase,
        uint256 number,
        uint256 time,
        bytes memory seal
    ) internal pure returns (bytes memory) {
        bytes memory payload = bytes.concat(
            bytes.concat(hex"a0", parentHash, hex"a0", keccak256("uncles"), hex"94", bytes20(coinbase)),
            bytes.concat(hex"a0", keccak256("state"), hex"a0", keccak256("transactions")),
            bytes.concat(hex"a0", keccak256("receipts"), hex"b90100", new bytes(256), hex"01"),
            bytes.concat(_integer(number), _integer(30_000_000), hex"80", _integer(time), _extraData(seal)),
            bytes.concat(hex"a0", keccak256("mix"), hex"88", bytes8(0), hex"80")
        );
        return bytes.concat(hex"f9", bytes2(uint16(payload.length)), payload);
    }

    function _extraData(bytes memory seal) private pure returns (bytes memory) {
        bytes memory head = bytes.concat(hex"a0", bytes32(0), hex"c0c080");
        if (seal.length == 0) return bytes.concat(hex"a6e5", head, hex"c0");
        // 36 bytes of head and 69 of seals
        return bytes.concat(hex"b86bf869", head, hex"f843b841", seal);
    }

    function _integer(uint256 value) private pure returns (bytes memory) {
        uint256 size;
        for (uint256 rest = value; rest != 0; rest >>= 8) ++size;
        bytes memory all = abi.encodePacked(value);
        bytes memory encoded = new bytes(size + 1);
        encoded[0] = bytes1(uint8(0x80 + size));
        for (uint256 i = 0; i < size; ++i) encoded[i + 1] = all[32 - size + i];
        return encoded;
    }
}

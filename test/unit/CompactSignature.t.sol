// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {CompactSignature} from "../../contracts/libraries/CompactSignature.sol";
import {Test} from "../utils/Test.sol";

contract CompactSignatureTest is Test {
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    function testFuzz_RecoversWhoSigned(uint256 key, bytes32 digest) public view {
        key = boundPrivateKey(key);
        (bytes32 r, bytes32 vs) = vm.signCompact(key, digest);
        assertEq(CompactSignature.recover(digest, r, vs), vm.addr(key));
    }

    function testFuzz_AgreesWithOpenZeppelin(bytes32 digest, bytes32 r, bytes32 vs) public view {
        (address expected, , ) = ECDSA.tryRecover(digest, r, vs);
        assertEq(CompactSignature.recover(digest, r, vs), expected);
    }

    function testFuzz_RefusesSAboveHalfTheOrder(bytes32 digest, bytes32 r, uint256 s, bool odd) public view {
        s = bound(s, ORDER / 2 + 1, type(uint256).max >> 1);
        assertEq(CompactSignature.recover(digest, r, bytes32(s | (odd ? 1 << 255 : 0))), address(0));
    }

    function testFuzz_RefusesWhatIsNoSignature(bytes32 digest, bytes32 vs) public view {
        assertEq(CompactSignature.recover(digest, 0, vs), address(0));
        assertEq(CompactSignature.recover(digest, bytes32(ORDER), vs), address(0));
        assertEq(CompactSignature.recover(digest, digest, 0), address(0));
    }

    /// Other uses of the memory it writes to do not show in its answer, nor its own in theirs.
    function testFuzz_LeavesMemoryAlone(uint256 key, bytes32 digest) public view {
        key = boundPrivateKey(key);
        (bytes32 r, bytes32 vs) = vm.signCompact(key, digest);
        bytes memory before = abi.encode(key, digest);
        address first = CompactSignature.recover(digest, r, vs);
        bytes memory afterwards = abi.encode(key, digest);
        assertEq(before, afterwards);
        assertEq(CompactSignature.recover(digest, r, bytes32(uint256(vs) ^ (1 << 255))) == first, false);
    }
}

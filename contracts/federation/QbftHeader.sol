// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title QbftHeader
/// @notice Reads a header of a Besu QBFT chain whose validators come from a contract, and hashes it as Besu does. Two
/// forms are read: the raw one, with a round and seals, and the bare one, with round 0 and no seals, whose keccak is
/// the block's hash. Each of them has exactly one encoding here: what is not canonical RLP is refused.
/// @dev Fields: parentHash, sha3Uncles, coinbase, stateRoot, transactionsRoot, receiptsRoot, logsBloom, difficulty,
/// number, gasLimit, gasUsed, timestamp, extraData, mixHash, nonce, baseFeePerGas; from Shanghai on withdrawalsRoot;
/// from Cancun on blobGasUsed, excessBlobGas, parentBeaconBlockRoot; from Prague on requestsHash. The first seven have
/// fixed lengths and so fixed places. A header carries no chain id.
library QbftHeader {
    /// @notice What is read from a header, and where its extraData stands in the header's bytes.
    /// @param parentHash Hash of the block before.
    /// @param stateRoot Root of the state after this block.
    /// @param coinbase Who made the block.
    /// @param number The block's.
    /// @param timestamp Unix seconds.
    /// @param round In which the block was sealed; how many turns failed before it.
    /// @param sealCount Commit seals.
    /// @param extraStart Where extraData's item begins.
    /// @param vanityStart Where the first item in extraData's list begins.
    /// @param roundEnd Where the item of the round ends.
    /// @param extraEnd Where extraData's item ends; the last seal ends there too.
    struct Header {
        bytes32 parentHash;
        bytes32 stateRoot;
        address coinbase;
        uint64 number;
        uint64 timestamp;
        uint32 round;
        uint256 sealCount;
        uint256 extraStart;
        uint256 vanityStart;
        uint256 roundEnd;
        uint256 extraEnd;
    }

    uint256 private constant LIST_START = 3; // behind 0xf9 and two bytes of length
    uint256 private constant COINBASE_START = 69;
    uint256 private constant BLOOM_START = 189;
    uint256 private constant BLOOM_BYTES = 256;
    uint256 private constant FIXED_END = BLOOM_START + 3 + BLOOM_BYTES;

    // RLP: a string of n bytes up to 55 begins with 0x80 + n, a list with 0xc0 + n; 0xb8/0xb9 and 0xf8/0xf9 announce
    // one or two bytes of length
    uint256 private constant STRING = 0x80;
    uint256 private constant LIST = 0xc0;
    uint256 private constant BYTES_32 = 0xa0;
    uint256 private constant SHORT_MAX = 55;

    uint256 private constant SEAL_BYTES = 65;
    uint256 private constant SEAL_ITEM_BYTES = 67; // 0xb841 and the seal
    uint256 private constant VANITY_ITEM_BYTES = 33;
    uint256 private constant HEAD_BYTES = 35; // vanity, no validators, no vote: the same in every form of a header

    /// @notice The header is not one list of the length it announces.
    /// @param length Of what was given, bytes.
    error QbftHeaderWrongLength(uint256 length);

    /// @notice An item has not its field's length.
    /// @param position Of the item, bytes from the header's start.
    error QbftHeaderWrongItem(uint256 position);

    /// @notice An item is no canonical integer of at most 64 bits.
    /// @param position Of the item, bytes from the header's start.
    error QbftHeaderWrongInteger(uint256 position);

    /// @notice extraData is not 32 bytes of vanity, no validators, no vote, a round and seals.
    /// @param position Of the item that is wrong, bytes from the header's start.
    error QbftHeaderWrongExtraData(uint256 position);

    /// @notice A seal has not 65 bytes.
    /// @param position Of the item, bytes from the header's start.
    error QbftHeaderWrongSeal(uint256 position);

    /// @notice Something follows the last field that a header can have.
    /// @param position Where, bytes from the header's start.
    error QbftHeaderTrailingBytes(uint256 position);

    /// @notice Reads a header, raw or bare.
    /// @param header RLP.
    /// @return parsed What it says.
    function parse(bytes calldata header) internal pure returns (Header memory parsed) {
        if (
            header.length < FIXED_END ||
            header.length > LIST_START + type(uint16).max ||
            _word(header, 0) >> 232 != 0xf90000 + header.length - LIST_START
        ) revert QbftHeaderWrongLength(header.length);
        _parseFixed(header, parsed);
        uint256 position = _parseIntegers(header, parsed);
        position = _parseExtraData(header, position, parsed);
        _checkRest(header, position);
    }

    /// @notice The block's hash: that of the bare header.
    /// @param header As given to `parse`.
    /// @param parsed What `parse` returned.
    /// @return hash As `BLOCKHASH` and the RPC say.
    function blockHash(bytes calldata header, Header memory parsed) internal pure returns (bytes32 hash) {
        if (parsed.round == 0 && parsed.sealCount == 0) return keccak256(header);
        return _hashWith(header, parsed, hex"80c0");
    }

    /// @notice What accountants seal: the hash of the header with its round and no seals.
    /// @param header As given to `parse`.
    /// @param parsed What `parse` returned.
    /// @return digest Signed as it is, without a prefix.
    function sealDigest(bytes calldata header, Header memory parsed) internal pure returns (bytes32 digest) {
        if (parsed.sealCount == 0) return keccak256(header);
        bytes calldata round = header[parsed.vanityStart + HEAD_BYTES:parsed.roundEnd];
        return _hashWith(header, parsed, bytes.concat(round, hex"c0"));
    }

    /// @notice One of the seals.
    /// @param header As given to `parse`.
    /// @param parsed What `parse` returned.
    /// @param index Below `sealCount`.
    /// @return seal r, s and v, 65 bytes.
    function sealAt(
        bytes calldata header,
        Header memory parsed,
        uint256 index
    ) internal pure returns (bytes calldata seal) {
        uint256 end = parsed.extraEnd - (parsed.sealCount - index - 1) * SEAL_ITEM_BYTES;
        return header[end - SEAL_BYTES:end];
    }

    /// @notice The 32 bytes that a node may choose; Besu writes its version there.
    /// @param header As given to `parse`.
    /// @param parsed What `parse` returned.
    /// @return bytes32 The vanity.
    function vanity(bytes calldata header, Header memory parsed) internal pure returns (bytes32) {
        return bytes32(_word(header, parsed.vanityStart + 1));
    }

    /// @notice The bloom filter of the block's logs.
    /// @param header A header that `parse` has read.
    /// @return bloom 256 bytes.
    function logsBloom(bytes calldata header) internal pure returns (bytes calldata bloom) {
        return header[FIXED_END - BLOOM_BYTES:FIXED_END];
    }

    // parentHash, sha3Uncles, coinbase, stateRoot, transactionsRoot, receiptsRoot, logsBloom.
    function _parseFixed(bytes calldata header, Header memory parsed) private pure {
        uint256 position = _skip(header, LIST_START, BYTES_32);
        position = _skip(header, position, BYTES_32);
        position = _skip(header, position, STRING + 20);
        for (uint256 roots = 0; roots < 3; ++roots) position = _skip(header, position, BYTES_32);
        if (_word(header, BLOOM_START) >> 232 != 0xb90100) revert QbftHeaderWrongItem(BLOOM_START);
        parsed.parentHash = bytes32(_word(header, LIST_START + 1));
        parsed.coinbase = address(uint160(_word(header, COINBASE_START + 1) >> 96));
        parsed.stateRoot = bytes32(_word(header, COINBASE_START + 22));
    }

    // difficulty, number, gasLimit, gasUsed, timestamp.
    function _parseIntegers(bytes calldata header, Header memory parsed) private pure returns (uint256 position) {
        (, position) = _integer(header, FIXED_END);
        (parsed.number, position) = _integer(header, position);
        (, position) = _integer(header, position);
        (, position) = _integer(header, position);
        (parsed.timestamp, position) = _integer(header, position);
    }

    function _parseExtraData(
        bytes calldata header,
        uint256 position,
        Header memory parsed
    ) private pure returns (uint256 end) {
        uint256 start;
        uint256 listEnd;
        (start, end) = _span(header, position, STRING);
        (start, listEnd) = _span(header, start, LIST);
        if (
            listEnd != end ||
            _word(header, start) >> 248 != BYTES_32 ||
            _word(header, start + VANITY_ITEM_BYTES) >> 240 != 0xc0c0
        ) revert QbftHeaderWrongExtraData(start);
        (uint256 round, uint256 sealsStart) = _integer(header, start + HEAD_BYTES);
        // Besu keeps the round in a signed integer of 32 bits
        if (round > uint32(type(int32).max)) revert QbftHeaderWrongExtraData(start + HEAD_BYTES);
        (uint256 firstSeal, uint256 sealsEnd) = _span(header, sealsStart, LIST);
        if (sealsEnd != end) revert QbftHeaderWrongExtraData(sealsStart);
        parsed.sealCount = _countSeals(header, firstSeal, end);
        parsed.round = uint32(round);
        parsed.extraStart = position;
        parsed.vanityStart = start;
        parsed.roundEnd = sealsStart;
        parsed.extraEnd = end;
    }

    function _countSeals(bytes calldata header, uint256 position, uint256 end) private pure returns (uint256 count) {
        for (; position < end; position += SEAL_ITEM_BYTES) {
            if (_word(header, position) >> 240 != 0xb841) revert QbftHeaderWrongSeal(position);
            ++count;
        }
        if (position != end) revert QbftHeaderWrongSeal(position - SEAL_ITEM_BYTES);
    }

    // mixHash, nonce, baseFeePerGas, and what later forks added.
    function _checkRest(bytes calldata header, uint256 position) private pure {
        position = _skip(header, position, BYTES_32);
        position = _skip(header, position, STRING + 8);
        (, position) = _integer(header, position);
        if (position == header.length) return; // London
        position = _skip(header, position, BYTES_32);
        if (position == header.length) return; // Shanghai
        (, position) = _integer(header, position);
        (, position) = _integer(header, position);
        position = _skip(header, position, BYTES_32);
        if (position == header.length) return; // Cancun
        position = _skip(header, position, BYTES_32);
        if (position != header.length) revert QbftHeaderTrailingBytes(position); // Prague and Osaka
    }

    // Hash of the header with another round and other seals. `tail` has their items, 2 to 6 bytes, so that all lengths
    // stay in their short form.
    function _hashWith(bytes calldata header, Header memory parsed, bytes memory tail) private pure returns (bytes32) {
        uint256 listBytes = HEAD_BYTES + tail.length;
        bytes memory extraData = bytes.concat(
            bytes1(uint8(STRING + 1 + listBytes)),
            bytes1(uint8(LIST + listBytes)),
            header[parsed.vanityStart:parsed.vanityStart + HEAD_BYTES],
            tail
        );
        uint256 payload = header.length - LIST_START - (parsed.extraEnd - parsed.extraStart) + extraData.length;
        return
            keccak256(
                bytes.concat(
                    bytes3(uint24(0xf90000 + payload)),
                    header[LIST_START:parsed.extraStart],
                    extraData,
                    header[parsed.extraEnd:]
                )
            );
    }

    // Passes over a string of 2 to 55 bytes; `prefix` is STRING and its length.
    function _skip(bytes calldata header, uint256 position, uint256 prefix) private pure returns (uint256 next) {
        unchecked {
            next = position + 1 + prefix - STRING; // positions stay within a header of 2^16 bytes and an item's length
        }
        if (_word(header, position) >> 248 != prefix || next > header.length) revert QbftHeaderWrongItem(position);
    }

    // An integer in its one encoding: no leading zero, below 128 its own byte, 0 the empty string.
    function _integer(bytes calldata header, uint256 position) private pure returns (uint64 value, uint256 next) {
        uint256 word = _word(header, position);
        uint256 prefix = word >> 248;
        bool isCanonical;
        unchecked {
            // as above; where something is taken from `size`, or it from something, it is large or small enough
            if (prefix < STRING) {
                (value, next) = (uint64(prefix), position + 1);
                isCanonical = prefix != 0;
            } else {
                uint256 size = prefix - STRING;
                next = position + 1 + size;
                // a size of 0 shifts everything out
                uint256 wide = size > 8 ? 0 : (word << 8) >> (256 - 8 * size);
                value = uint64(wide);
                // the smallest value that needs `size` bytes; none has more than 8
                isCanonical = size == 0 || (size == 1 && wide >= STRING) || (size > 1 && wide >> (8 * (size - 1)) != 0);
            }
        }
        if (!isCanonical || next > header.length) revert QbftHeaderWrongInteger(position);
    }

    // Where the content of a string or list begins and ends, its length canonical and below 65,536; `base` is STRING or
    // LIST.
    function _span(
        bytes calldata header,
        uint256 position,
        uint256 base
    ) private pure returns (uint256 start, uint256 end) {
        uint256 word = _word(header, position);
        uint256 prefix = word >> 248;
        if (prefix < base || prefix > base + SHORT_MAX + 2) revert QbftHeaderWrongExtraData(position);
        uint256 size = prefix - base;
        start = position + 1;
        if (size > SHORT_MAX) {
            uint256 lengthBytes = size - SHORT_MAX;
            start += lengthBytes;
            size = (word << 8) >> (256 - 8 * lengthBytes);
            if (size <= SHORT_MAX || (lengthBytes == 2 && size < 256)) revert QbftHeaderWrongExtraData(position);
        }
        end = start + size;
        if (end > header.length) revert QbftHeaderWrongExtraData(position);
    }

    // 32 bytes from a position on. Behind the header's end they are somebody else's, so whoever reads them checks that
    // the item they belong to ends within the header.
    function _word(bytes calldata header, uint256 position) private pure returns (uint256 word) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            word := calldataload(add(header.offset, position))
        }
    }
}

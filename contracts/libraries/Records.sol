// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {BilateralEntry, Entry, Movement, Outcome, PartyOutcome, Position, Trade} from "../types/RecordTypes.sol";

/// @title Records
/// @notice The one codec of the packed records that events carry and hashes commit to; sdk/records.ts mirrors it.
///         Fields stand from the most significant bit downwards, in the order of their structs, the rest is zero.
///         Unpacking ignores the zero bits; whoever must know that they are zero checks a hash.
library Records {
    // tags of an entry; BUY and SELL are also the sides of a position
    uint8 internal constant BUY = 1;
    uint8 internal constant SELL = 2;
    uint8 internal constant CANCEL = 3;

    // levels of a trade
    uint8 internal constant BILATERAL = 0;
    uint8 internal constant FEEDER = 1;
    uint8 internal constant DISTRICT = 2;
    uint8 internal constant CITY = 3;

    // words per record
    uint256 internal constant ENTRY_WORDS = 2;
    uint256 internal constant BILATERAL_WORDS = 4;
    uint256 internal constant POSITION_WORDS = 2;
    uint256 internal constant OUTCOME_WORDS = 4;
    uint256 internal constant PARTY_WORDS = 2;
    uint256 internal constant MOVEMENT_WORDS = 2;

    // --- Entry: tag 8 | meter 32 | feeder 24 | arrival 24 | wh 32 | limit 32 | index 16 | slot 32;
    //     account 160 | order's nonce 64 (right-aligned)

    function packEntry(Entry memory e) internal pure returns (bytes32) {
        return
            bytes32(
                (uint256(e.tag) << 248) |
                    (uint256(e.meter) << 216) |
                    (uint256(e.feeder) << 192) |
                    (uint256(e.arrival) << 168) |
                    (uint256(e.wh) << 136) |
                    (uint256(e.limit) << 104) |
                    (uint256(e.index) << 88) |
                    (uint256(e.slot) << 56)
            );
    }

    function unpackEntry(bytes32 word) internal pure returns (Entry memory e) {
        uint256 w = uint256(word);
        e.tag = uint8(w >> 248);
        e.meter = uint32(w >> 216);
        e.feeder = uint24(w >> 192);
        e.arrival = uint24(w >> 168);
        e.wh = uint32(w >> 136);
        e.limit = uint32(w >> 104);
        e.index = uint16(w >> 88);
        e.slot = uint32(w >> 56);
    }

    /// The entry's second word: the account and the order's nonce, which are unique among the orders of a slot. (A part
    /// of the order's digest would not be: two orders with the same 96 bits can be searched for.)
    function packEntryOwner(address account, uint64 nonce) internal pure returns (bytes32) {
        return packAccount(account) | bytes32(uint256(nonce));
    }

    function unpackEntryOwner(bytes32 word) internal pure returns (address account, uint64 nonce) {
        return (unpackAccount(word), uint64(uint256(word)));
    }

    /// A rest that rises: the order's first word with what is left and the limit adjusted by the edge's fee.
    function packRest(bytes32 orderWord, uint32 restWh, uint32 limit) internal pure returns (bytes32) {
        uint256 kept = uint256(orderWord) & ~((uint256(type(uint64).max)) << 104);
        return bytes32(kept | (uint256(restWh) << 136) | (uint256(limit) << 104));
    }

    // --- Trade: level 8 | buyFeeder 24 | sellFeeder 24 | buyIndex 16 | sellIndex 16 | wh 32 | price 32 | buyMeter 32 |
    //     sellMeter 32 | buyPos 16 | sellPos 16

    function packTrade(Trade memory t) internal pure returns (bytes32) {
        uint256 w =
            (uint256(t.level) << 248) |
                (uint256(t.buyFeeder) << 224) |
                (uint256(t.sellFeeder) << 200) |
                (uint256(t.buyIndex) << 184) |
                (uint256(t.sellIndex) << 168) |
                (uint256(t.wh) << 136);
        w |=
            (uint256(t.price) << 104) |
            (uint256(t.buyMeter) << 72) |
            (uint256(t.sellMeter) << 40) |
            (uint256(t.buyPos) << 24) |
            (uint256(t.sellPos) << 8);
        return bytes32(w);
    }

    function unpackTrade(bytes32 word) internal pure returns (Trade memory t) {
        uint256 w = uint256(word);
        t.level = uint8(w >> 248);
        t.buyFeeder = uint24(w >> 224);
        t.sellFeeder = uint24(w >> 200);
        t.buyIndex = uint16(w >> 184);
        t.sellIndex = uint16(w >> 168);
        t.wh = uint32(w >> 136);
        t.price = uint32(w >> 104);
        t.buyMeter = uint32(w >> 72);
        t.sellMeter = uint32(w >> 40);
        t.buyPos = uint16(w >> 24);
        t.sellPos = uint16(w >> 8);
    }

    /// The trade with the positions of its two meters (zero in a book's trades) filled in.
    function withPositions(bytes32 tradeWord, uint16 buyPos, uint16 sellPos) internal pure returns (bytes32) {
        return tradeWord | bytes32((uint256(buyPos) << 24) | (uint256(sellPos) << 8));
    }

    // --- BilateralEntry: trade; buyer 160 | slot 32; seller 160; buyLock 64 | sellLock 64

    function packBilateral(BilateralEntry memory b) internal pure returns (bytes32[4] memory words) {
        words[0] = b.trade;
        words[1] = bytes32((uint256(uint160(b.buyer)) << 96) | (uint256(b.slot) << 64));
        words[2] = packAccount(b.seller);
        words[3] = bytes32((uint256(b.buyLock) << 192) | (uint256(b.sellLock) << 128));
    }

    function unpackBilateral(bytes32[4] memory words) internal pure returns (BilateralEntry memory b) {
        b.trade = words[0];
        b.buyer = unpackAccount(words[1]);
        b.slot = uint32(uint256(words[1]) >> 64);
        b.seller = unpackAccount(words[2]);
        b.buyLock = uint64(uint256(words[3]) >> 192);
        b.sellLock = uint64(uint256(words[3]) >> 128);
    }

    // --- Position: meter 32 | feeder 24 | side 8 | filledLock 64 | unlocked 64; account 160

    function packPosition(Position memory p) internal pure returns (bytes32[2] memory words) {
        words[0] = bytes32(
            (uint256(p.meter) << 224) |
                (uint256(p.feeder) << 200) |
                (uint256(p.side) << 192) |
                (uint256(p.filledLock) << 128) |
                (uint256(p.unlocked) << 64)
        );
        words[1] = packAccount(p.account);
    }

    function unpackPosition(bytes32[2] memory words) internal pure returns (Position memory p) {
        uint256 w = uint256(words[0]);
        p.meter = uint32(w >> 224);
        p.feeder = uint24(w >> 200);
        p.side = uint8(w >> 192);
        p.filledLock = uint64(w >> 128);
        p.unlocked = uint64(w >> 64);
        p.account = unpackAccount(words[1]);
    }

    // --- Outcome: meter 32 | status 8 | import 32 | export 32 | bought 32 | sold 32 | undelivered 32 | feeder 24;
    //     energyPaid | energyReceived | gridPaid | gridReceived; fees | bondPaid | bondReceived | held;
    //     account 160 | uncovered 64

    function packOutcome(Outcome memory o) internal pure returns (bytes32[4] memory words) {
        uint256 w =
            (uint256(o.meter) << 224) |
                (uint256(o.status) << 216) |
                (uint256(o.importWh) << 184) |
                (uint256(o.exportWh) << 152) |
                (uint256(o.boughtWh) << 120) |
                (uint256(o.soldWh) << 88);
        words[0] = bytes32(w | (uint256(o.undeliveredWh) << 56) | (uint256(o.feeder) << 32));
        words[1] = _pack4(o.energyPaid, o.energyReceived, o.gridPaid, o.gridReceived);
        words[2] = _pack4(o.fees, o.bondPaid, o.bondReceived, o.held);
        words[3] = bytes32((uint256(uint160(o.account)) << 96) | (uint256(o.uncovered) << 32));
    }

    function unpackOutcome(bytes32[4] memory words) internal pure returns (Outcome memory o) {
        uint256 w = uint256(words[0]);
        o.meter = uint32(w >> 224);
        o.status = uint8(w >> 216);
        o.importWh = uint32(w >> 184);
        o.exportWh = uint32(w >> 152);
        o.boughtWh = uint32(w >> 120);
        o.soldWh = uint32(w >> 88);
        o.undeliveredWh = uint32(w >> 56);
        o.feeder = uint24(w >> 32);
        (o.energyPaid, o.energyReceived, o.gridPaid, o.gridReceived) = _unpack4(words[1]);
        (o.fees, o.bondPaid, o.bondReceived, o.held) = _unpack4(words[2]);
        o.account = unpackAccount(words[3]);
        o.uncovered = uint64(uint256(words[3]) >> 32);
    }

    // --- PartyOutcome: account 160; community 64 | surplusIn 64 | surplusOut 64

    function packParty(PartyOutcome memory p) internal pure returns (bytes32[2] memory words) {
        words[0] = packAccount(p.account);
        words[1] = _pack4(p.community, p.surplusIn, p.surplusOut, 0);
    }

    function unpackParty(bytes32[2] memory words) internal pure returns (PartyOutcome memory p) {
        p.account = unpackAccount(words[0]);
        (p.community, p.surplusIn, p.surplusOut, ) = _unpack4(words[1]);
    }

    // --- Movement: account 160 | 88 zero bits | reason 8; four int64 deltas

    function packMovement(Movement memory m) internal pure returns (bytes32[2] memory words) {
        words[0] = packAccount(m.account) | bytes32(uint256(m.reason));
        words[1] = _pack4(uint64(m.balance), uint64(m.locked), uint64(m.held), uint64(m.arrears));
    }

    function unpackMovement(bytes32[2] memory words) internal pure returns (Movement memory m) {
        m.account = unpackAccount(words[0]);
        m.reason = uint8(uint256(words[0]));
        (uint64 balance, uint64 locked, uint64 held, uint64 arrears) = _unpack4(words[1]);
        (m.balance, m.locked, m.held, m.arrears) = (int64(balance), int64(locked), int64(held), int64(arrears));
    }

    // --- accounts stand in the high 160 bits of a word

    function packAccount(address account) internal pure returns (bytes32) {
        return bytes32(uint256(uint160(account)) << 96);
    }

    function unpackAccount(bytes32 word) internal pure returns (address) {
        return address(uint160(uint256(word) >> 96));
    }

    // --- hashes

    /// One step of a book's chain hash: h' = keccak256(h, w0, w1).
    function chainEntry(bytes32 hash, bytes32 w0, bytes32 w1) internal pure returns (bytes32 next) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let p := mload(0x40) // past the free pointer: scratch, not allocated
            mstore(p, hash)
            mstore(add(p, 0x20), w0)
            mstore(add(p, 0x40), w1)
            next := keccak256(p, 0x60)
        }
    }

    /// One step of a bilateral book's chain hash over the four words of an entry.
    function chainBilateral(bytes32 hash, bytes32[4] memory words) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hash, words));
    }

    /// keccak256 of the words one after another; 0 when there are none.
    function hashWords(bytes32[] memory words) internal pure returns (bytes32 hash) {
        if (words.length == 0) return 0;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            hash := keccak256(add(words, 0x20), shl(5, mload(words)))
        }
    }

    /// What `close` commits to. Positions and trades are hashed apart: in one run of words, the last words of the ones
    /// could be passed off as the first of the others.
    function hashClosed(bytes32[] memory positions, bytes32[] memory trades) internal pure returns (bytes32) {
        return hashPair(hashWords(positions), hashWords(trades));
    }

    /// What a book's clearing commits to: the hashes of its trades and of its rests, each 0 for none.
    function hashPair(bytes32 first, bytes32 second) internal pure returns (bytes32) {
        return keccak256(abi.encode(first, second));
    }

    function _pack4(uint64 a, uint64 b, uint64 c, uint64 d) private pure returns (bytes32) {
        return bytes32((uint256(a) << 192) | (uint256(b) << 128) | (uint256(c) << 64) | uint256(d));
    }

    function _unpack4(bytes32 word) private pure returns (uint64 a, uint64 b, uint64 c, uint64 d) {
        uint256 w = uint256(word);
        return (uint64(w >> 192), uint64(w >> 128), uint64(w >> 64), uint64(w));
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccountingFees} from "../../interfaces/IAccountingFees.sol";
import {HomePosting, HomeRelease, ITradeEscrow, PartyPosting, PartyRelease} from "../../interfaces/ITradeEscrow.sol";
import {FeederTable} from "../../libraries/FeederTable.sol";
import {OutcomeWords} from "../../libraries/OutcomeWords.sol";
import {Records} from "../../libraries/Records.sol";
import {SettlementWiring, SlotCase} from "../../types/SettlementTypes.sol";
import {SettlementReader} from "./SettlementReader.sol";

/// @title SettlementPosting
/// @notice Posts to the escrow what a result differs from the prior one by, and releases what is final.
/// @dev One call of the escrow for a whole tree, since it checks that what homes and parties get sums to zero.
abstract contract SettlementPosting is SettlementReader {
    ITradeEscrow private immutable ESCROW;
    IAccountingFees private immutable ACCOUNTING_FEES;

    /// @param wiring The contracts that settlement reads from and posts to.
    constructor(SettlementWiring memory wiring) SettlementReader(wiring) {
        ESCROW = wiring.escrow;
        ACCOUNTING_FEES = wiring.accountingFees;
    }

    /// @dev Posts every home and party whose money differs, and completes the outcomes by what is held and not covered.
    ///      Returns the accounting fee of the meters that were settled for the first time.
    function _post(
        SlotCase memory c,
        bytes32[] calldata positions,
        bytes32[] calldata priorOutcomes,
        bytes32[] calldata priorParties
    ) internal returns (uint64) {
        (HomePosting[] memory homes, uint256[] memory places) = _homePostings(c, positions, priorOutcomes);
        (PartyPosting[] memory parties, uint256 feesMicro) = _partyPostings(c, priorParties);
        if (homes.length + parties.length != 0) _callEscrow(c, homes, places, parties);
        return uint64(feesMicro); // meters x a fee below 2^32
    }

    /// @dev The accounting fee belongs to whoever produces this block.
    function _bookFees(uint64 feesMicro) internal {
        if (feesMicro != 0) ACCOUNTING_FEES.book(block.coinbase, feesMicro);
    }

    /// @dev Releases what outcomes and parties hold; the grid share it covers goes to the home's supplier.
    function _release(uint24 area, uint32 slot, bytes32[] calldata outcomes, bytes32[] calldata parties) internal {
        HomeRelease[] memory homes = _homeReleases(slot, outcomes);
        PartyRelease[] memory released = new PartyRelease[](parties.length / Records.PARTY_WORDS);
        for (uint256 i = 0; i < released.length; ++i) {
            uint256 offset = i * Records.PARTY_WORDS;
            released[i].account = Records.unpackAccount(parties[offset]);
            released[i].heldMicro = uint64(uint256(parties[offset + 1]) >> 192);
        }
        if (homes.length + released.length != 0) ESCROW.release(area, slot, homes, released);
    }

    /// @dev `places` says where the outcome of each home begins.
    function _callEscrow(
        SlotCase memory c,
        HomePosting[] memory homes,
        uint256[] memory places,
        PartyPosting[] memory parties
    ) private {
        (uint64[] memory heldMicro, uint64[] memory uncoveredMicro) = ESCROW.post(c.area, c.slot, homes, parties);
        for (uint256 i = 0; i < places.length; ++i) {
            OutcomeWords.complete(c.result.outcomes, places[i], heldMicro[i], uncoveredMicro[i]);
        }
    }

    /// @dev The homes to post, and where their outcomes begin. A home whose money does not change keeps what it had.
    function _homePostings(
        SlotCase memory c,
        bytes32[] calldata positions,
        bytes32[] calldata prior
    ) private pure returns (HomePosting[] memory homes, uint256[] memory places) {
        uint256 meters = c.result.outcomes.length / Records.OUTCOME_WORDS;
        (homes, places) = (_newPostings(meters), new uint256[](meters));
        uint256 count;
        for (uint256 i = 0; i < meters; ++i) {
            uint256 offset = i * Records.OUTCOME_WORDS;
            uint64 lockMicro = positions.length == 0 ? 0 : _filledLock(positions[i * Records.POSITION_WORDS]);
            if (!c.isFirst && !OutcomeWords.differsInMoney(c.result.outcomes, prior, offset)) {
                _keep(c.result.outcomes, prior, offset);
            } else if (!c.isFirst || lockMicro != 0 || c.result.outcomes[offset + 1] != 0) {
                _setPosting(homes, count, c, prior, offset, lockMicro);
                places[count++] = offset;
            }
        }
        assembly ("memory-safe") {
            mstore(homes, count) // both shorten, never lengthen
            mstore(places, count)
        }
    }

    /// @dev What the escrow is to change for one home. No cast cuts anything: each amount is below 2^63, since it stems
    ///      from less than 2^33 Wh at less than 2^33 / 1000 micro-credits, and lock + N >= 0 (see SettlementMath).
    function _setPosting(
        HomePosting[] memory homes,
        uint256 index,
        SlotCase memory c,
        bytes32[] calldata prior,
        uint256 offset,
        uint64 lockMicro
    ) private pure {
        bytes32[] memory words = c.result.outcomes;
        (bytes32 money, bytes32 bond) = (words[offset + 1], words[offset + 2]);
        int256 community = OutcomeWords.communityOf(money, bond);
        homes[index] = HomePosting({
            account: Records.unpackAccount(words[offset + 3]),
            supplier: address(uint160(FeederTable.find(c.result.feeders, OutcomeWords.feederOf(words[offset])))),
            unlockMicro: c.isFirst ? lockMicro : 0,
            communityMicro: int64(community),
            feedInMicro: OutcomeWords.feedInOf(money),
            heldBeforeMicro: 0,
            backingMicro: uint64(int64(lockMicro) + int64(community)),
            uncoveredBeforeMicro: 0,
            gridShareMicro: OutcomeWords.gridShareOf(money)
        });
        if (!c.isFirst) _subtractPrior(homes[index], prior, offset);
    }

    /// @dev Turns totals into differences to the prior outcome.
    function _subtractPrior(HomePosting memory posting, bytes32[] calldata prior, uint256 offset) private pure {
        (bytes32 money, bytes32 bond) = (prior[offset + 1], prior[offset + 2]);
        posting.communityMicro -= int64(OutcomeWords.communityOf(money, bond));
        posting.feedInMicro -= OutcomeWords.feedInOf(money);
        posting.heldBeforeMicro = OutcomeWords.heldOf(bond);
        posting.uncoveredBeforeMicro = OutcomeWords.uncoveredOf(prior[offset + 3]);
    }

    /// @dev Copies what is held and uncovered from the prior outcome.
    function _keep(bytes32[] memory words, bytes32[] calldata prior, uint256 offset) private pure {
        uint64 heldMicro = OutcomeWords.heldOf(prior[offset + 2]);
        OutcomeWords.complete(words, offset, heldMicro, OutcomeWords.uncoveredOf(prior[offset + 3]));
    }

    /// @dev The parties to post, and the sum of their accounting fees.
    function _partyPostings(
        SlotCase memory c,
        bytes32[] calldata prior
    ) private pure returns (PartyPosting[] memory postings, uint256 feesMicro) {
        bytes32[] memory words = c.result.parties;
        postings = new PartyPosting[](words.length / Records.PARTY_WORDS);
        uint256 count;
        for (uint256 i = 0; i < words.length / Records.PARTY_WORDS; ++i) {
            uint256 offset = i * Records.PARTY_WORDS + 1;
            PartyPosting memory posting = postings[count];
            posting.account = Records.unpackAccount(words[offset - 1]);
            _setParty(posting, uint256(words[offset]), prior.length == 0 ? 0 : uint256(prior[offset]));
            posting.accountingFeeMicro = uint64(c.result.settledMeters[i] * c.rules.accountingFeeMicro);
            feesMicro += posting.accountingFeeMicro;
            if (posting.communityMicro != 0 || posting.surplusMicro != 0 || posting.accountingFeeMicro != 0) ++count;
        }
        assembly ("memory-safe") {
            mstore(postings, count) // shortens, never lengthens
        }
    }

    /// @dev The difference of two party outcomes' second words.
    function _setParty(PartyPosting memory posting, uint256 word, uint256 prior) private pure {
        posting.communityMicro = int64(uint64(word >> 192)) - int64(uint64(prior >> 192));
        int64 surplusIn = int64(uint64(word >> 128)) - int64(uint64(prior >> 128));
        int64 surplusOut = int64(uint64(word >> 64)) - int64(uint64(prior >> 64));
        posting.surplusMicro = surplusIn - surplusOut;
    }

    /// @dev What is held for each home, and the part of it that pays its grid share.
    function _homeReleases(uint32 slot, bytes32[] calldata outcomes) private view returns (HomeRelease[] memory homes) {
        homes = new HomeRelease[](outcomes.length / Records.OUTCOME_WORDS);
        uint256[] memory suppliers = FeederTable.empty();
        uint256 count;
        for (uint256 offset = 0; offset < outcomes.length; offset += Records.OUTCOME_WORDS) {
            uint64 heldMicro = OutcomeWords.heldOf(outcomes[offset + 2]);
            if (heldMicro == 0) continue;
            address supplier = _supplierOf(suppliers, OutcomeWords.feederOf(outcomes[offset]), slot);
            HomeRelease memory home = homes[count++];
            (home.account, home.supplier) = (Records.unpackAccount(outcomes[offset + 3]), supplier);
            home.heldMicro = heldMicro;
            home.gridCoveredMicro =
                OutcomeWords.gridShareOf(outcomes[offset + 1]) - OutcomeWords.uncoveredOf(outcomes[offset + 3]);
        }
        assembly ("memory-safe") {
            mstore(homes, count) // shortens, never lengthens
        }
    }

    /// @dev The feeder's supplier in the slot, asked for once.
    function _supplierOf(uint256[] memory suppliers, uint24 feeder, uint32 slot) private view returns (address) {
        uint256 found = FeederTable.find(suppliers, feeder);
        if (found != 0) return address(uint160(found));
        address supplier = TARIFFS.termsAt(feeder, slot).supplier;
        FeederTable.put(suppliers, feeder, uint160(supplier));
        return supplier;
    }

    function _filledLock(bytes32 position) private pure returns (uint64) {
        return uint64(uint256(position) >> 128);
    }

    /// @dev Unset pointers; `new` would allocate all elements, though some homes need no posting.
    function _newPostings(uint256 length) private pure returns (HomePosting[] memory array) {
        assembly ("memory-safe") {
            array := mload(0x40)
            mstore(array, length)
            mstore(0x40, add(array, shl(5, add(length, 1))))
        }
    }
}

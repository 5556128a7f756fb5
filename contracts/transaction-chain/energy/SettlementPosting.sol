// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccountingFees} from "../../interfaces/IAccountingFees.sol";
import {HomePosting, HomeRelease, ITradeEscrow, PartyPosting, PartyRelease} from "../../interfaces/ITradeEscrow.sol";
import {EscrowCall} from "../../libraries/EscrowCall.sol";
import {FeederTable} from "../../libraries/FeederTable.sol";
import {OutcomeWords} from "../../libraries/OutcomeWords.sol";
import {Records} from "../../libraries/Records.sol";
import {MeterCase, Party, SettlementWiring, SlotCase} from "../../types/SettlementTypes.sol";
import {SettlementReader} from "./SettlementReader.sol";

/// @title SettlementPosting
/// @notice Posts to the escrow what a result differs from the prior one by, and releases what is final. Part of
///         Settlement.
/// @dev One call of the escrow for a whole tree, since it checks that what homes and parties get sums to zero.
abstract contract SettlementPosting is SettlementReader {
    ITradeEscrow private immutable _ESCROW;
    IAccountingFees private immutable _ACCOUNTING_FEES;

    /// @notice Names the contracts.
    /// @param wiring The contracts that settlement reads from and posts to.
    constructor(SettlementWiring memory wiring) SettlementReader(wiring) {
        _ESCROW = wiring.escrow;
        _ACCOUNTING_FEES = wiring.accountingFees;
    }

    /// @dev Posts the homes that were added and every party whose money differs, and completes the homes' outcomes by
    ///      what is held and not covered. Returns the accounting fee of the meters settled for the first time.
    function _post(SlotCase memory c, bytes32[] calldata priorParties) internal returns (uint64 feesMicro) {
        PartyPosting[] memory parties;
        (parties, feesMicro) = _partyPostings(c, priorParties);
        uint256 count = c.homeCount;
        if (count + parties.length == 0) return 0;
        (uint256 heldMicro, uint256 uncoveredMicro) = EscrowCall.post({
            escrow: _ESCROW,
            area: c.area,
            slot: c.slot,
            homes: c.homes,
            homeCount: count,
            parties: parties
        });
        for (uint256 i = 0; i < count; ++i) {
            OutcomeWords.complete({
                words: c.result.outcomes,
                offset: c.places[i],
                heldMicro: EscrowCall.answer(heldMicro, i),
                uncoveredMicro: EscrowCall.answer(uncoveredMicro, i)
            });
        }
    }

    /// @dev The accounting fee belongs to whoever produces this block.
    function _bookFees(uint64 feesMicro) internal {
        if (feesMicro != 0) _ACCOUNTING_FEES.book(block.coinbase, feesMicro);
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
        if (homes.length + released.length == 0) return;
        _ESCROW.release({area: area, slot: slot, homes: homes, parties: released});
    }

    /// @dev Adds the posting of one meter whose outcome is computed, unless its money stays as it is. Returns N: what
    ///      the community side of the slot leaves the home, in all.
    function _addPosting(
        SlotCase memory c,
        MeterCase memory meter,
        uint256 offset,
        bytes32[] calldata prior
    ) internal pure returns (int256 community) {
        bytes32[] memory words = c.result.outcomes;
        bytes32 money = words[offset + 1];
        community = OutcomeWords.communityOf(money, words[offset + 2]);
        uint256 lockMicro = uint64(meter.position >> 128);
        if (c.isFirst) {
            if (lockMicro == 0 && money == 0) return community; // bond money is there only with a lock
        } else if (!OutcomeWords.differsInMoney(words, prior, offset)) {
            OutcomeWords.keep(words, prior, offset);
            return community;
        }
        c.places[c.homeCount] = offset;
        HomePosting memory home = c.homes[c.homeCount++];
        (home.account, home.supplier) = (meter.account, meter.feeder.terms.supplier);
        // No cast cuts anything: amounts are below 2^64 (SettlementMath), sums of them in a slot below 2^63, since they
        // stem from less than 2^33 Wh at less than 2^33 / 1000 micro-credits; lock + N is never negative
        // (SettlementMath).
        home.backingMicro = uint64(uint256(int256(lockMicro) + community));
        home.gridShareMicro = OutcomeWords.gridShareOf(money);
        home.communityMicro = int64(community);
        home.feedInMicro = OutcomeWords.feedInOf(money);
        if (c.isFirst) home.unlockMicro = uint64(lockMicro);
        else _subtractPrior(home, prior, offset);
    }

    /// @dev What is held for each home, and the part of it that pays its grid share.
    function _homeReleases(uint32 slot, bytes32[] calldata outcomes) private view returns (HomeRelease[] memory homes) {
        homes = new HomeRelease[](outcomes.length / Records.OUTCOME_WORDS);
        uint256[] memory suppliers = FeederTable.empty();
        uint256 count = 0;
        for (uint256 offset = 0; offset < outcomes.length; offset += Records.OUTCOME_WORDS) {
            uint64 heldMicro = OutcomeWords.heldOf(outcomes[offset + 2]);
            if (heldMicro == 0) continue;
            HomeRelease memory home = homes[count++];
            home.account = Records.unpackAccount(outcomes[offset + 3]);
            home.supplier = _supplierOf(suppliers, OutcomeWords.feederOf(outcomes[offset]), slot);
            home.heldMicro = heldMicro;
            home.gridCoveredMicro =
                OutcomeWords.gridShareOf(outcomes[offset + 1]) - OutcomeWords.uncoveredOf(outcomes[offset + 3]);
        }
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(homes, count) // shortens, never lengthens
        }
    }

    /// @dev The feeder's supplier in the slot, asked for once.
    function _supplierOf(uint256[] memory suppliers, uint24 feeder, uint32 slot) private view returns (address) {
        uint256 found = FeederTable.find(suppliers, feeder);
        if (found != 0) return address(uint160(found));
        address supplier = _TARIFFS.termsAt(feeder, slot).supplier;
        FeederTable.put(suppliers, feeder, uint160(supplier));
        return supplier;
    }

    /// @dev Turns a home's totals into differences to its prior outcome.
    function _subtractPrior(HomePosting memory home, bytes32[] calldata prior, uint256 offset) private pure {
        (bytes32 money, bytes32 bond) = (prior[offset + 1], prior[offset + 2]);
        home.communityMicro -= int64(OutcomeWords.communityOf(money, bond));
        home.feedInMicro -= OutcomeWords.feedInOf(money);
        home.heldBeforeMicro = OutcomeWords.heldOf(bond);
        home.uncoveredBeforeMicro = OutcomeWords.uncoveredOf(prior[offset + 3]);
    }

    /// @dev The parties to post, and the sum of their accounting fees.
    function _partyPostings(
        SlotCase memory c,
        bytes32[] calldata prior
    ) private pure returns (PartyPosting[] memory postings, uint64 feesMicro) {
        postings = new PartyPosting[](c.partyCount);
        uint256 count = 0;
        for (uint256 i = 0; i < c.partyCount; ++i) {
            Party memory party = c.parties[i];
            PartyPosting memory posting = postings[count];
            posting.account = party.account;
            posting.accountingFeeMicro = uint64(party.settledMeters * c.rules.accountingFeeMicro);
            // as in _addPosting, no cast cuts anything
            posting.communityMicro = int64(uint64(party.community));
            posting.surplusMicro = int64(uint64(party.surplusIn)) - int64(uint64(party.surplusOut));
            if (prior.length != 0) _subtractPriorParty(posting, uint256(prior[i * Records.PARTY_WORDS + 1]));
            feesMicro += posting.accountingFeeMicro;
            if (posting.communityMicro != 0 || posting.surplusMicro != 0 || posting.accountingFeeMicro != 0) ++count;
        }
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(postings, count) // shortens, never lengthens
        }
    }

    function _subtractPriorParty(PartyPosting memory posting, uint256 prior) private pure {
        posting.communityMicro -= int64(uint64(prior >> 192));
        posting.surplusMicro -= int64(uint64(prior >> 128)) - int64(uint64(prior >> 64));
    }
}

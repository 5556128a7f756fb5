// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClearing} from "../../interfaces/IClearing.sol";
import {ClosedSlot, Dispute, DisputeState, IDisputes} from "../../interfaces/IDisputes.sol";
import {IFederation} from "../../interfaces/IFederation.sol";
import {IGridTopology} from "../../interfaces/IGridTopology.sol";
import {IMarketCalendar} from "../../interfaces/IMarketCalendar.sol";
import {IMeterLedger} from "../../interfaces/IMeterLedger.sol";
import {ITradeEscrow} from "../../interfaces/ITradeEscrow.sol";
import {BondSplit} from "../../libraries/BondSplit.sol";
import {Records} from "../../libraries/Records.sol";
import {ReadingStatus, SlotTimes, StoredReading} from "../../types/MarketTypes.sol";
import {Position} from "../../types/RecordTypes.sol";

/// @title Disputes
/// @notice Bonded doubts about readings. Has the role MARKET in TradeEscrow for the bonds, and no other power.
contract Disputes is IDisputes {
    /// @notice What Disputes works with.
    struct Wiring {
        IFederation federation;
        IGridTopology topology;
        IMarketCalendar calendar;
        IClearing clearing;
        IMeterLedger ledger;
        ITradeEscrow escrow;
    }

    IFederation private immutable _FEDERATION;
    IGridTopology private immutable _TOPOLOGY;
    IMarketCalendar private immutable _CALENDAR;
    IClearing private immutable _CLEARING;
    IMeterLedger private immutable _LEDGER;
    ITradeEscrow private immutable _ESCROW;
    uint64 private immutable _BOND_MICRO;

    // slot 0
    mapping(address party => mapping(uint32 meter => mapping(uint32 slot => Dispute dispute))) private _disputes;

    /// @notice Fixes the bond for good.
    /// @param wiring The contracts that Disputes works with.
    /// @param bond The bond of a dispute, micro-credits.
    constructor(Wiring memory wiring, uint64 bond) {
        _FEDERATION = wiring.federation;
        _TOPOLOGY = wiring.topology;
        _CALENDAR = wiring.calendar;
        _CLEARING = wiring.clearing;
        _LEDGER = wiring.ledger;
        _ESCROW = wiring.escrow;
        _BOND_MICRO = bond;
    }

    /// @inheritdoc IDisputes
    function open(ClosedSlot calldata closed, uint256 ownPosition, uint256 meterPosition) external {
        if (!_FEDERATION.isActive(msg.sender)) revert DisputesNotActive(msg.sender);
        _requireTime(closed.slot);
        _requireEvidence(closed);
        Position memory own = _positionAt(closed.positions, ownPosition);
        if (own.account != msg.sender) revert DisputesNotAParty(msg.sender, ownPosition);
        Position memory disputed = _positionAt(closed.positions, meterPosition);
        Dispute storage dispute = _disputes[msg.sender][disputed.meter][closed.slot];
        if (dispute.state != DisputeState.None) {
            revert DisputesAlreadyOpened(msg.sender, disputed.meter, closed.slot);
        }
        StoredReading memory reading = _LEDGER.readingAt(disputed.meter, closed.slot);
        dispute.importWh = reading.importWh;
        dispute.exportWh = reading.exportWh;
        dispute.city = closed.city;
        dispute.feeder = disputed.feeder;
        dispute.sequence = reading.sequence;
        dispute.status = reading.status;
        dispute.state = DisputeState.Open;
        emit DisputeOpened({
            party: msg.sender,
            meter: disputed.meter,
            slot: closed.slot,
            reading: dispute,
            bondMicro: _BOND_MICRO
        });
        _ESCROW.lock(msg.sender, _BOND_MICRO, closed.slot);
    }

    /// @inheritdoc IDisputes
    function resolve(address party, uint32 meter, ClosedSlot calldata closed) external {
        Dispute memory dispute = _disputes[party][meter][closed.slot];
        if (dispute.state != DisputeState.Open) revert DisputesNotOpen(party, meter, closed.slot);
        DisputeState state = _verdict(dispute, meter, closed.slot);
        _disputes[party][meter][closed.slot].state = state;
        emit DisputeResolved(party, meter, closed.slot, state);
        if (state == DisputeState.Lost) {
            if (closed.city != dispute.city) revert DisputesWrongEvidence(closed.city, closed.slot);
            _requireEvidence(closed);
            _splitBond(party, meter, dispute.feeder, closed);
        } else {
            _returnBond(party, closed.slot);
        }
    }

    /// @inheritdoc IDisputes
    function disputeOf(address party, uint32 meter, uint32 slot) external view returns (Dispute memory dispute) {
        return _disputes[party][meter][slot];
    }

    /// @inheritdoc IDisputes
    function bondMicro() external view returns (uint64 amountMicro) {
        return _BOND_MICRO;
    }

    function _returnBond(address party, uint32 slot) private {
        address[] memory accounts = new address[](1);
        uint64[] memory amountsMicro = new uint64[](1);
        accounts[0] = party;
        amountsMicro[0] = _BOND_MICRO;
        _ESCROW.unlock(accounts, amountsMicro, slot);
    }

    function _splitBond(address party, uint32 meter, uint24 feeder, ClosedSlot calldata closed) private {
        (address supplier, , ) = _TOPOLOGY.partiesAt(feeder, closed.slot);
        (address[] memory to, uint64[] memory amountsMicro) = BondSplit.split({
            positions: closed.positions,
            trades: closed.trades,
            meter: meter,
            loser: party,
            bondMicro: _BOND_MICRO,
            remainderTo: supplier
        });
        _ESCROW.payLocked({from: party, to: to, amountsMicro: amountsMicro, slot: closed.slot});
    }

    /// @dev A correction newer than the disputed reading decides; without one the decision deadline does, for the
    /// ledger takes corrections until then only.
    function _verdict(Dispute memory dispute, uint32 meter, uint32 slot) private view returns (DisputeState) {
        StoredReading memory reading = _LEDGER.readingAt(meter, slot);
        // sequences grow within corrections; the first correction may have any
        bool newer = dispute.status != ReadingStatus.Corrected || reading.sequence > dispute.sequence;
        if (reading.status == ReadingStatus.Corrected && newer) {
            bool same = reading.importWh == dispute.importWh && reading.exportWh == dispute.exportWh;
            return same && _wasRead(dispute) ? DisputeState.Lost : DisputeState.Won;
        }
        uint64 decisionEnd = _CALENDAR.timesOf(slot).decisionEnd;
        if (block.timestamp < decisionEnd) revert DisputesUndecided(slot, decisionEnd);
        return DisputeState.Undecided;
    }

    function _requireTime(uint32 slot) private view {
        SlotTimes memory times = _CALENDAR.timesOf(slot);
        if (block.timestamp < times.deliveryEnd || block.timestamp >= times.disputeEnd) {
            revert DisputesOutOfTime(slot, times.deliveryEnd, times.disputeEnd);
        }
    }

    /// @dev A slot that is not closed has the hash 0, which nothing hashes to.
    function _requireEvidence(ClosedSlot calldata closed) private view {
        bytes32 hash = Records.hashClosed(closed.positions, closed.trades);
        if (hash != _CLEARING.positionsHash(closed.city, closed.slot)) {
            revert DisputesWrongEvidence(closed.city, closed.slot);
        }
    }

    function _positionAt(bytes32[] calldata positions, uint256 index) private pure returns (Position memory) {
        if (index >= positions.length / Records.POSITION_WORDS) revert DisputesNoSuchPosition(index);
        uint256 word = index * Records.POSITION_WORDS;
        return Records.unpackPosition([positions[word], positions[word + 1]]);
    }

    /// @dev Whether the slot had a reading when it was disputed; one settled as missing had none.
    function _wasRead(Dispute memory dispute) private pure returns (bool) {
        return dispute.status != ReadingStatus.None && dispute.status != ReadingStatus.Missing;
    }
}

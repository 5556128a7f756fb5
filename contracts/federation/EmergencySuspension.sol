// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IAccountantSeats} from "../interfaces/IAccountantSeats.sol";
import {IEmergencySuspension} from "../interfaces/IEmergencySuspension.sol";
import {IFederation, MemberRole, Standing} from "../interfaces/IFederation.sol";
import {CandidateWords} from "../libraries/CandidateWords.sol";

/// @title EmergencySuspension
/// @notice Suspends a member at once and for a short time, when a regulator or a third of the members want it.
contract EmergencySuspension is AccessManaged, IEmergencySuspension {
    /// @notice Who is a member, and who suspends.
    IFederation public immutable FEDERATION;
    /// @notice Who has an accountant's seat; zero where accountants are not elected.
    IAccountantSeats public immutable ELECTION;
    uint48 private immutable _DURATION_SECONDS;
    uint48 private immutable _WAIT_SECONDS;

    // slot 0: AccessManaged
    /// @inheritdoc IEmergencySuspension
    mapping(address member => address target) public backingOf; // slot 1
    /// @inheritdoc IEmergencySuspension
    mapping(address member => uint48 until) public waitsUntil; // slot 2
    /// @inheritdoc IEmergencySuspension
    mapping(address member => bool isSpent) public spent; // slot 3
    Emergency[] private _emergencies; // slot 4; those that ended are left out at the next suspension

    /// @notice The bounds are for ever.
    /// @param authority The AccessManager; it must let this contract call Federation.suspendInEmergency.
    /// @param federation Who is a member.
    /// @param election Who has a seat; zero: nobody.
    /// @param duration How long a suspension lasts, seconds.
    /// @param wait How long accusers wait after its end, seconds; longer than it lasts.
    constructor(
        address authority,
        IFederation federation,
        IAccountantSeats election,
        uint48 duration,
        uint48 wait
    ) AccessManaged(authority) {
        if (duration == 0 || wait <= duration) revert EmergencySuspensionInvalidTimes(duration, wait);
        FEDERATION = federation;
        ELECTION = election;
        _DURATION_SECONDS = duration;
        _WAIT_SECONDS = wait;
    }

    /// @inheritdoc IEmergencySuspension
    function back(address target) external {
        if (!FEDERATION.isMember(msg.sender)) revert EmergencySuspensionNotMember(msg.sender);
        if (target != address(0) && !FEDERATION.isMember(target)) revert EmergencySuspensionNotMember(target);
        _requireNotWaiting(msg.sender);
        backingOf[msg.sender] = target;
        emit SuspensionBacked(msg.sender, target);
    }

    /// @inheritdoc IEmergencySuspension
    function suspendByRegulator(address target) external {
        if (!FEDERATION.hasRole(msg.sender, MemberRole.Regulator)) revert EmergencySuspensionNotRegulator(msg.sender);
        _requireNotWaiting(msg.sender);
        uint48 until = _suspend(target);
        waitsUntil[msg.sender] = until + _WAIT_SECONDS;
        emit SuspendedInEmergency(target, until, msg.sender, 0);
    }

    /// @inheritdoc IEmergencySuspension
    function suspendByMembers(address target, address[] calldata backers) external {
        uint256 needed = Math.ceilDiv(FEDERATION.memberCount(), 3);
        if (backers.length < needed) revert EmergencySuspensionTooFewBackers(backers.length, needed);
        uint48 until = _suspend(target);
        for (uint256 i = 0; i < backers.length; ++i) {
            if (i != 0 && backers[i] <= backers[i - 1]) revert EmergencySuspensionNotAscending(i);
            _consume(backers[i], target, until);
        }
        emit SuspendedInEmergency(target, until, address(0), backers.length);
    }

    /// @inheritdoc IEmergencySuspension
    function allowAgain(address target) external restricted {
        if (!spent[target]) revert EmergencySuspensionNotSpent(target);
        spent[target] = false;
        emit SuspensionAllowedAgain(target);
    }

    /// @inheritdoc IEmergencySuspension
    function durationSeconds() external view returns (uint48 duration) {
        return _DURATION_SECONDS;
    }

    /// @inheritdoc IEmergencySuspension
    function waitSeconds() external view returns (uint48 duration) {
        return _WAIT_SECONDS;
    }

    /// @inheritdoc IEmergencySuspension
    function running() external view returns (Emergency[] memory emergencies) {
        emergencies = _emergencies;
        uint256 count = 0;
        for (uint256 i = 0; i < emergencies.length; ++i) {
            if (_runs(emergencies[i])) emergencies[count++] = emergencies[i];
        }
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(emergencies, count) // shortens, never lengthens
        }
    }

    /// @inheritdoc IEmergencySuspension
    function limits() public view returns (uint256 members, uint256 seats) {
        members = Math.max(FEDERATION.memberCount() / 10, 1);
        seats = address(ELECTION) == address(0) ? type(uint256).max : (ELECTION.getValidators().length - 1) / 3;
    }

    function _suspend(address target) private returns (uint48 until) {
        if (spent[target]) revert EmergencySuspensionRepeated(target);
        (uint256 mostMembers, uint256 mostSeats) = limits();
        uint256 seatsTaken = _leaveOutEnded();
        if (_emergencies.length >= mostMembers) revert EmergencySuspensionTooMany(mostMembers);
        bool seated = _hasSeat(target);
        if (seated && seatsTaken >= mostSeats) revert EmergencySuspensionTooManySeats(mostSeats);
        until = uint48(block.timestamp) + _DURATION_SECONDS;
        spent[target] = true;
        _emergencies.push(Emergency({member: target, until: until, seated: seated}));
        FEDERATION.suspendInEmergency(target, until);
    }

    /// @dev Uses up a member's backing.
    function _consume(address backer, address target, uint48 until) private {
        if (!FEDERATION.isMember(backer)) revert EmergencySuspensionNotMember(backer);
        if (backingOf[backer] != target) revert EmergencySuspensionNotBacker(backer, backingOf[backer]);
        _requireNotWaiting(backer); // a regulator may have backed somebody before it suspended another
        delete backingOf[backer];
        waitsUntil[backer] = until + _WAIT_SECONDS;
    }

    /// @dev Its loop is bounded by a tenth of the members.
    function _leaveOutEnded() private returns (uint256 seatsTaken) {
        uint256 i = 0;
        while (i < _emergencies.length) {
            Emergency memory emergency = _emergencies[i];
            if (_runs(emergency)) {
                if (emergency.seated) ++seatsTaken;
                ++i;
            } else {
                _emergencies[i] = _emergencies[_emergencies.length - 1];
                _emergencies.pop();
            }
        }
    }

    /// @dev One that the members ended by a vote, or by an expulsion, runs no more.
    function _runs(Emergency memory emergency) private view returns (bool) {
        return block.timestamp < emergency.until && FEDERATION.standingOf(emergency.member) == Standing.Suspended;
    }

    function _hasSeat(address member) private view returns (bool) {
        if (address(ELECTION) == address(0)) return false;
        uint16 candidate = ELECTION.candidateOf(member);
        return candidate != 0 && ELECTION.wordOf(candidate) & CandidateWords.SEATED != 0;
    }

    function _requireNotWaiting(address accuser) private view {
        if (block.timestamp < waitsUntil[accuser]) {
            revert EmergencySuspensionWaiting(accuser, waitsUntil[accuser]);
        }
    }
}

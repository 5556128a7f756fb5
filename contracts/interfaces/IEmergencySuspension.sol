// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title IEmergencySuspension
/// @notice A member who does harm is stopped before the members can vote on it: at once, by a regulator or by a third
/// of the members, for a short time, within narrow bounds.
/// @dev It suspends and does nothing else: no funds, no votes, no roles. At most a tenth of the members (at least one),
/// and at most f = (n - 1) / 3 of the n seats of accountants, are suspended so at once. Nobody is twice without a vote
/// of the members in between. It ends by itself, and then whoever was behind it waits longer than it lasted. A members'
/// vote ends it earlier (Federation.reinstate) or makes it longer (Federation.suspend, expel).
///
/// | function | who may call it |
/// |---|---|
/// | back | a member, whatever its standing |
/// | suspendByRegulator | an active member with the role Regulator |
/// | suspendByMembers | anyone who names a third of the members that back it |
/// | allowAgain | COUNCIL |
interface IEmergencySuspension {
    /// @notice A suspension of this kind that may still be running.
    /// @param member Who is suspended.
    /// @param until Unix seconds.
    /// @param seated Whether it had an accountant's seat.
    struct Emergency {
        address member;
        uint48 until;
        bool seated;
    }

    /// @notice A member wants another one suspended, and nobody else any more.
    /// @param backer The member.
    /// @param target Whom; zero: nobody.
    event SuspensionBacked(address indexed backer, address indexed target);

    /// @notice A member was suspended.
    /// @param target The member.
    /// @param until Unix seconds.
    /// @param by The regulator; zero when members did it.
    /// @param backers How many members were behind it; 0 when a regulator was.
    event SuspendedInEmergency(address indexed target, uint48 until, address indexed by, uint256 backers);

    /// @notice The members voted: the target can be suspended in an emergency once more.
    /// @param target The member.
    event SuspensionAllowedAgain(address indexed target);

    /// @notice An accuser must wait longer than a suspension lasts, so that nobody is kept out by turns.
    /// @param durationSeconds How long one lasts, more than 0.
    /// @param waitSeconds How long an accuser waits after its end.
    error EmergencySuspensionInvalidTimes(uint256 durationSeconds, uint256 waitSeconds);

    /// @notice Only members back a suspension, and only members are suspended so.
    /// @param account The account.
    error EmergencySuspensionNotMember(address account);

    /// @notice Only an active regulator suspends alone.
    /// @param account Who tried.
    error EmergencySuspensionNotRegulator(address account);

    /// @notice Who was behind a suspension waits after its end.
    /// @param accuser The member.
    /// @param until Until when, Unix seconds.
    error EmergencySuspensionWaiting(address accuser, uint256 until);

    /// @notice Backers are named in ascending order, each once.
    /// @param index The first wrong place.
    error EmergencySuspensionNotAscending(uint256 index);

    /// @notice A member that was named backs somebody else, or nobody.
    /// @param member The member.
    /// @param target Whom it backs the suspension of.
    error EmergencySuspensionNotBacker(address member, address target);

    /// @notice A third of the members is needed.
    /// @param backers Members that back it.
    /// @param needed Members that are needed.
    error EmergencySuspensionTooFewBackers(uint256 backers, uint256 needed);

    /// @notice The target was suspended so before, and the members have not voted since.
    /// @param target The member.
    error EmergencySuspensionRepeated(address target);

    /// @notice Only who was suspended so has to be allowed again.
    /// @param target The account.
    error EmergencySuspensionNotSpent(address target);

    /// @notice As many members are suspended so as may be at once.
    /// @param most A tenth of the members, at least one.
    error EmergencySuspensionTooMany(uint256 most);

    /// @notice As many accountants with a seat are suspended so as may be at once.
    /// @param most f of the seats.
    error EmergencySuspensionTooManySeats(uint256 most);

    /// @notice Backs the suspension of a member instead of any other. A member, suspended or not.
    /// @param target The member; zero to back nobody.
    function back(address target) external;

    /// @notice Suspends a member. An active regulator.
    /// @param target The member, active.
    function suspendByRegulator(address target) external;

    /// @notice Suspends a member that a third of the members want suspended. Anyone.
    /// @param target The member, active.
    /// @param backers Members that back it, ascending, at least a third of all.
    function suspendByMembers(address target, address[] calldata backers) external;

    /// @notice Lets a member be suspended so once more. COUNCIL.
    /// @param target The member.
    function allowAgain(address target) external;

    /// @notice How long a suspension lasts.
    /// @return duration Seconds.
    function durationSeconds() external view returns (uint48 duration);

    /// @notice How long its accusers wait after its end.
    /// @return duration Seconds, more than a suspension lasts.
    function waitSeconds() external view returns (uint48 duration);

    /// @notice Whose suspension a member backs.
    /// @param member The member.
    /// @return target Zero: nobody's.
    function backingOf(address member) external view returns (address target);

    /// @notice Until when a member cannot accuse.
    /// @param member The member.
    /// @return until Unix seconds; 0: never was behind a suspension.
    function waitsUntil(address member) external view returns (uint48 until);

    /// @notice Whether a member was suspended so since the members last voted on it.
    /// @param member The member.
    /// @return isSpent True: only once more after `allowAgain`.
    function spent(address member) external view returns (bool isSpent);

    /// @notice The suspensions of this kind that run at this moment.
    /// @return emergencies Those whose member is still suspended.
    function running() external view returns (Emergency[] memory emergencies);

    /// @notice How many can run at once.
    /// @return members A tenth of the members, at least one.
    /// @return seats f of the accountants' seats; no bound where there is no election.
    function limits() external view returns (uint256 members, uint256 seats);
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IStandingObserver} from "./IStandingObserver.sol";

/// @notice What a member may be admitted as; a bit position in a bitmask of roles.
enum MemberRole {
    Accountant,
    Supplier,
    GridOperator,
    MeteringOperator,
    Manufacturer,
    ServiceProvider,
    DataProvider,
    Regulator,
    Registrar
}

/// @notice As what an account was admitted; never both, and never changed.
enum AccountKind {
    None,
    Member,
    User
}

/// @notice What an admission is worth at this moment. `Expelled` is final.
enum Standing {
    None,
    Active,
    Suspended,
    Expelled
}

/// @title IFederation
/// @notice Who belongs to the federation: members (organisations with roles) and users (people, admitted by a registrar
/// against a credential). One Federation stands on each chain; the same person or organisation uses another account
/// there.
/// @dev What a suspension, an expulsion or a change of roles takes away is gone at once, for every later transaction of
/// the same block too, and so from the next block on wherever in its block it was written. Only what an account may
/// keep doing whatever its standing (withdraw free credits; vote, as a member) does not ask `isActive` or `hasRole`.
///
/// | function | who may call it |
/// |---|---|
/// | admitMember, changeRoles | COUNCIL |
/// | admitUser | an active registrar |
/// | suspend, reinstate, expel a member | COUNCIL |
/// | suspendInEmergency a member | EMERGENCY, the contract EmergencySuspension |
/// | suspend, reinstate, expel a user | the registrar that admitted it, while active; COUNCIL |
///
/// A user stays one when its registrar leaves; COUNCIL acts in that registrar's place. Federation is the members' votes
/// as well (OpenZeppelin's Votes, by block number): one a member, from the block of its admission to that of its
/// expulsion, suspended or not; it can be neither transferred nor delegated.
interface IFederation {
    /// @notice All that is kept of an account.
    /// @param kind As what it was admitted.
    /// @param expelled True for ever once expelled.
    /// @param suspendedByCouncil The last suspension was COUNCIL's: its registrar cannot lift or shorten it.
    /// @param roles Bitmask, bit `uint8(MemberRole)`; 0 for a user.
    /// @param suspendedUntil Unix seconds; suspended before, not from then on; 0 when never or reinstated.
    /// @param registrar Who admitted the user; zero for a member.
    struct Account {
        AccountKind kind;
        bool expelled;
        bool suspendedByCouncil;
        uint16 roles;
        uint48 suspendedUntil;
        address registrar;
    }

    /// @notice A member was admitted and is active.
    /// @param member The account.
    /// @param roles Bitmask of MemberRole.
    event MemberAdmitted(address indexed member, uint16 roles);

    /// @notice A member has these roles now, and no other.
    /// @param member The account.
    /// @param roles Bitmask of MemberRole.
    event MemberRolesChanged(address indexed member, uint16 roles);

    /// @notice A user was admitted and is active.
    /// @param user The account.
    /// @param registrar Who admitted it.
    /// @param credentialCommitment The commitment to the user's credential on this chain.
    event UserAdmitted(address indexed user, address indexed registrar, bytes32 indexed credentialCommitment);

    /// @notice An account can do nothing until a time. Replaces an earlier suspension.
    /// @param account The member or user.
    /// @param until Unix seconds; the largest uint48 means until it is reinstated.
    /// @param by Who decided.
    /// @param byCouncil Decided by COUNCIL, not by the user's registrar.
    event AccountSuspended(address indexed account, uint48 until, address indexed by, bool byCouncil);

    /// @notice A suspension ended before its time.
    /// @param account The member or user.
    /// @param by Who decided.
    event AccountReinstated(address indexed account, address indexed by);

    /// @notice An admission ended for ever.
    /// @param account The member or user.
    /// @param by Who decided.
    event AccountExpelled(address indexed account, address indexed by);

    /// @notice From now on a contract is told when an account's standing or roles are taken away.
    /// @param observer The contract.
    event ObserverBound(address indexed observer);

    /// @notice The zero address cannot be admitted.
    error FederationZeroAccount();

    /// @notice The account is or was a member or user; an account is admitted once.
    /// @param account The account.
    error FederationAccountExists(address account);

    /// @notice The account was never admitted.
    /// @param account The account.
    error FederationUnknownAccount(address account);

    /// @notice Only members have roles.
    /// @param account The account, a user or unknown.
    error FederationNotMember(address account);

    /// @notice Nothing changes for an expelled account any more.
    /// @param account The account.
    error FederationAccountExpelled(address account);

    /// @notice No role, or a bit that stands for none.
    /// @param roles The bitmask given.
    error FederationInvalidRoles(uint16 roles);

    /// @notice Only an active member with the role Registrar admits users.
    /// @param caller Who tried.
    error FederationNotRegistrar(address caller);

    /// @notice A credential commitment is not zero.
    error FederationZeroCredential();

    /// @notice A credential admits one account on a chain, once.
    /// @param credentialCommitment The commitment given.
    /// @param user Whom it admitted.
    error FederationCredentialUsed(bytes32 credentialCommitment, address user);

    /// @notice A suspension ends in the future.
    /// @param until The end given, Unix seconds.
    error FederationSuspensionPast(uint256 until);

    /// @notice Only a suspended account is reinstated.
    /// @param account The account.
    error FederationNotSuspended(address account);

    /// @notice A registrar does not touch COUNCIL's suspension.
    /// @param account The suspended user.
    error FederationSuspendedByCouncil(address account);

    /// @notice Only an active member is suspended in an emergency: a longer suspension is not replaced.
    /// @param member The suspended or expelled member.
    error FederationNotActive(address member);

    /// @notice Without a member nobody could vote any more.
    /// @param member The only member.
    error FederationLastMember(address member);

    /// @notice A member's vote is its own.
    error FederationNoDelegation();

    /// @notice An observer is bound already.
    /// @param observer The observer.
    error FederationObserverBound(address observer);

    /// @notice The observer ran out of gas, or might have.
    /// @param needed With so much left it has enough.
    error FederationGasTooLow(uint256 needed);

    /// @notice Admits an organisation. COUNCIL.
    /// @param member Its account on this chain, never admitted before.
    /// @param roles Bitmask of MemberRole, at least one.
    function admitMember(address member, uint16 roles) external;

    /// @notice Gives a member these roles instead of those it has. COUNCIL. A suspension goes on.
    /// @param member The member, not expelled.
    /// @param roles Bitmask of MemberRole, at least one.
    function changeRoles(address member, uint16 roles) external;

    /// @notice Admits a person. An active registrar.
    /// @dev The commitment is keccak256(abi.encode(salt, credential)), with 32 random bytes of salt drawn anew for each
    /// chain, known to the registrar and the user: commitments of one person on two chains cannot be joined, nor
    /// guessed from the credential; whoever knows the salt can show to whom the admission belongs. A commitment stays
    /// used after an expulsion.
    /// @param user The person's account on this chain, never admitted before.
    /// @param credentialCommitment The salted commitment to the credential that the registrar checked.
    function admitUser(address user, bytes32 credentialCommitment) external;

    /// @notice Suspends a member (COUNCIL) or a user (its registrar or COUNCIL), at once.
    /// @param account The member or user, not expelled; a running suspension is replaced.
    /// @param until Unix seconds in the future; `UNTIL_REINSTATED` for no end.
    function suspend(address account, uint48 until) external;

    /// @notice Suspends an active member for a short time, at once. EMERGENCY, within EmergencySuspension's bounds.
    /// @param member The member.
    /// @param until Unix seconds in the future.
    function suspendInEmergency(address member, uint48 until) external;

    /// @notice Ends a suspension before its time. COUNCIL, or the user's registrar if COUNCIL did not decide it.
    /// @param account The suspended member or user.
    function reinstate(address account) external;

    /// @notice Ends an admission for ever, at once. COUNCIL for a member, but not the last one; its registrar or
    /// COUNCIL for a user.
    /// @param account The member or user.
    function expel(address account) external;

    /// @notice Says, once, who is told of suspensions, expulsions and changes of roles. Administration.
    /// @param observer The contract; what it does cannot undo or stop a decision.
    function bindObserver(IStandingObserver observer) external;

    /// @notice Whether the account is admitted, not suspended and not expelled at this moment.
    /// @param account Any account.
    /// @return active False for an unknown account.
    function isActive(address account) external view returns (bool active);

    /// @notice Whether the account is an active member with the role.
    /// @param member Any account.
    /// @param role The role asked for.
    /// @return held False for users, unknown, suspended and expelled accounts.
    function hasRole(address member, MemberRole role) external view returns (bool held);

    /// @notice Whether the account is a member, suspended ones included: those who vote.
    /// @param account Any account.
    /// @return member False for users, unknown and expelled accounts.
    function isMember(address account) external view returns (bool member);

    /// @notice What the account's admission is worth at this moment.
    /// @param account Any account.
    /// @return standing None when it was never admitted.
    function standingOf(address account) external view returns (Standing standing);

    /// @notice All that is kept of an account.
    /// @param account Any account.
    /// @return record All zero when it was never admitted.
    function accountOf(address account) external view returns (Account memory record);

    /// @notice Whom a credential admitted on this chain.
    /// @param credentialCommitment The commitment.
    /// @return user Zero when it was never used.
    function userOfCredential(bytes32 credentialCommitment) external view returns (address user);

    /// @notice Number of members, suspended ones included, expelled ones not.
    /// @return count The electorate of the members' votes.
    function memberCount() external view returns (uint256 count);

    /// @notice Number of members with a role, the suspended ones included: a majority of them is one whoever is
    /// suspended.
    /// @param role The role.
    /// @return count The number, without the expelled.
    function memberCountOf(MemberRole role) external view returns (uint256 count);
}

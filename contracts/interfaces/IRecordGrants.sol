// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title IRecordGrants
/// @notice Owners let others read their records: whom, what and why is hidden in commitments and in a payload that only
/// the grantee opens; that a grant was made, runs and ended is public, so that owner and regulator can count.
/// @dev The grantee is blinded: tag = keccak256(abi.encode(chainId, this contract, owner, grantee, blind)), with 32
/// random bytes of blind drawn anew for each grant and told to the grantee inside its payload. Who knows the blind can
/// show whose grant it is; nobody else can tell two grants of one grantee from those of two. The grant's id commits to
/// all terms but the period: keccak256(abi.encode(owner, tag, scopeHash, purposeHash)); so a store that is shown
/// account, blind and the two hashes needs nothing from the chain but `isRunning` (SDK: ShareKeeper).
///
/// A grant gives no more than the chain's share of content keys; the stores give the other, while the grant runs. A
/// grantee never writes here: its request travels off chain, or through a relayer's account (`relayRequest`). The
/// contract can't know whose request a relayer carries; that it isn't the grantee's own account is a rule of the SDK.
///
/// | function | who may call it |
/// |---|---|
/// | grant, share, renew, answerRequest | the owner, while active |
/// | revoke | the owner, active or not: taking back never hangs on a standing |
/// | relayRequest | any active account |
interface IRecordGrants {
    /// @notice Where a request is. Its answer is final.
    enum RequestStatus {
        None,
        Open,
        Accepted,
        Declined
    }

    /// @notice What an owner grants, as far as the chain may know.
    /// @param tag The blinded grantee.
    /// @param scopeHash Salted commitment to what may be read: a record, a kind, a range of time.
    /// @param purposeHash Salted commitment to what for.
    /// @param from First second of the period, Unix; may be past or ahead.
    /// @param until First second after the period, Unix; ahead, and after `from`.
    struct Terms {
        bytes32 tag;
        bytes32 scopeHash;
        bytes32 purposeHash;
        uint40 from;
        uint40 until;
    }

    /// @notice All that is kept of a grant.
    /// @param owner Who granted; zero where there is no grant.
    /// @param from First second of the period, Unix.
    /// @param until First second after the period, Unix.
    /// @param revoked True for ever once revoked.
    struct Grant {
        address owner;
        uint40 from;
        uint40 until;
        bool revoked;
    }

    /// @notice How many grants an owner made and revoked.
    /// @param granted All grants ever.
    /// @param revoked Those that were revoked.
    struct Counts {
        uint64 granted;
        uint64 revoked;
    }

    /// @notice A grant was made.
    /// @param owner Who granted.
    /// @param grantId The grant's id.
    /// @param tag The blinded grantee.
    /// @param scopeHash Commitment to what may be read.
    /// @param purposeHash Commitment to what for.
    /// @param from First second of the period, Unix.
    /// @param until First second after it, Unix.
    /// @param payload Terms in clear and the chain's shares of content keys, wrapped for the grantee by HPKE.
    event Granted(
        address indexed owner,
        bytes32 indexed grantId,
        bytes32 tag,
        bytes32 scopeHash,
        bytes32 purposeHash,
        uint40 from,
        uint40 until,
        bytes payload
    );

    /// @notice Further records or versions were shared under a grant.
    /// @param owner Who granted.
    /// @param grantId The grant.
    /// @param payload The chain's shares of their content keys, wrapped for the grantee by HPKE.
    event Shared(address indexed owner, bytes32 indexed grantId, bytes payload);

    /// @notice A grant runs longer.
    /// @param owner Who granted.
    /// @param grantId The grant.
    /// @param until First second after the period, Unix.
    event Renewed(address indexed owner, bytes32 indexed grantId, uint40 until);

    /// @notice A grant ended before its time, for ever.
    /// @param owner Who granted.
    /// @param grantId The grant.
    event Revoked(address indexed owner, bytes32 indexed grantId);

    /// @notice Somebody asks an owner for a grant.
    /// @param owner Who is asked.
    /// @param request The request's random id.
    /// @param ciphertext Who asks for what and why, encrypted for the owner by HPKE.
    event RecordsRequested(address indexed owner, bytes32 indexed request, bytes ciphertext);

    /// @notice An owner answered a request.
    /// @param owner Who was asked.
    /// @param request The request.
    /// @param grantId The grant that answers it; zero when it was declined.
    event RequestAnswered(address indexed owner, bytes32 indexed request, bytes32 grantId);

    /// @notice The account is not active.
    /// @param account The caller, or the owner who is asked.
    error RecordGrantsInactive(address account);

    /// @notice Tag, scope and purpose are committed to, each.
    error RecordGrantsIncompleteTerms();

    /// @notice A period ends after it begins, and in the future.
    /// @param from First second, Unix.
    /// @param until First second after it, Unix.
    error RecordGrantsInvalidPeriod(uint256 from, uint256 until);

    /// @notice The owner made this very grant before; a new one has a new blind.
    /// @param grantId The grant.
    error RecordGrantsExists(bytes32 grantId);

    /// @notice There is no such grant.
    /// @param grantId The id.
    error RecordGrantsUnknown(bytes32 grantId);

    /// @notice Only its owner changes a grant.
    /// @param grantId The grant.
    /// @param owner Who granted it.
    error RecordGrantsNotOwner(bytes32 grantId, address owner);

    /// @notice A revoked grant never runs again.
    /// @param grantId The grant.
    error RecordGrantsRevoked(bytes32 grantId);

    /// @notice An ended grant never runs again.
    /// @param grantId The grant.
    /// @param until When it ended, Unix seconds.
    error RecordGrantsEnded(bytes32 grantId, uint256 until);

    /// @notice A renewal makes a period longer.
    /// @param grantId The grant.
    /// @param until The end given, Unix seconds.
    /// @param present The end that it has.
    error RecordGrantsNotLonger(bytes32 grantId, uint256 until, uint256 present);

    /// @notice A payload or a request is an HPKE output within the bounds.
    /// @param length Bytes given.
    /// @param most The bound.
    error RecordGrantsPayloadSize(uint256 length, uint256 most);

    /// @notice The id was used for a request to this owner.
    /// @param owner Who is asked.
    /// @param request The id.
    error RecordGrantsRequestExists(address owner, bytes32 request);

    /// @notice The owner has no such request that waits for an answer.
    /// @param owner The account.
    /// @param request The id.
    error RecordGrantsRequestNotOpen(address owner, bytes32 request);

    /// @notice Grants.
    /// @param terms What, to whom, what for and how long.
    /// @param payload Wrapped for the grantee, at most MAX_PAYLOAD_BYTES.
    /// @return grantId The grant's id.
    function grant(Terms calldata terms, bytes calldata payload) external returns (bytes32 grantId);

    /// @notice Shares further records or versions under a grant that is neither revoked nor over.
    /// @param grantId The grant.
    /// @param payload Wrapped for the grantee, at most MAX_PAYLOAD_BYTES.
    function share(bytes32 grantId, bytes calldata payload) external;

    /// @notice Lets a grant that is neither revoked nor over run longer.
    /// @param grantId The grant.
    /// @param until First second after the period, Unix; after the present one.
    function renew(bytes32 grantId, uint40 until) external;

    /// @notice Ends a grant that is not over, for ever.
    /// @dev What the grantee has read it has; the stores give it nothing more, and later versions have other keys.
    /// @param grantId The grant.
    function revoke(bytes32 grantId) external;

    /// @notice Brings a request to an owner. Any active account, and never the asking one's: the sender is public.
    /// @param owner Who is asked; active.
    /// @param request 32 random bytes, never used for this owner.
    /// @param ciphertext Encrypted for the owner's key in KeyDirectory, at most MAX_REQUEST_BYTES.
    function relayRequest(address owner, bytes32 request, bytes calldata ciphertext) external;

    /// @notice Answers a request, once.
    /// @param request An open request to the caller.
    /// @param grantId One of the caller's grants that is neither revoked nor over; zero declines.
    function answerRequest(bytes32 request, bytes32 grantId) external;

    /// @notice Whether a grant runs at this moment: within its period and not revoked.
    /// @param grantId Any id.
    /// @return running False where there is no grant.
    function isRunning(bytes32 grantId) external view returns (bool running);

    /// @notice All that is kept of a grant.
    /// @param grantId Any id.
    /// @return state All zero where there is no grant.
    function grantOf(bytes32 grantId) external view returns (Grant memory state);

    /// @notice How many grants an owner made and revoked.
    /// @param owner Any account.
    /// @return counts The numbers.
    function countsOf(address owner) external view returns (Counts memory counts);

    /// @notice Where a request is.
    /// @param owner Who was asked.
    /// @param request The id.
    /// @return status None where it was never made.
    function requestOf(address owner, bytes32 request) external view returns (RequestStatus status);

    /// @notice Longest payload for a grantee.
    /// @return length Bytes.
    function MAX_PAYLOAD_BYTES() external view returns (uint256 length);

    /// @notice Longest request.
    /// @return length Bytes.
    function MAX_REQUEST_BYTES() external view returns (uint256 length);
}

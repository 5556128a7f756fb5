// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IFederation} from "../interfaces/IFederation.sol";
import {IRecordGrants} from "../interfaces/IRecordGrants.sol";
import {HpkeBounds} from "../libraries/HpkeBounds.sol";

/// @title RecordGrants
/// @notice Who may read whose records, and how long, with everything but the counts hidden from third parties.
contract RecordGrants is IRecordGrants {
    /// @inheritdoc IRecordGrants
    uint256 public constant MAX_PAYLOAD_BYTES = 8_192;
    /// @inheritdoc IRecordGrants
    uint256 public constant MAX_REQUEST_BYTES = 2_048;

    /// @notice Who is active.
    IFederation public immutable FEDERATION;

    mapping(bytes32 grantId => Grant state) private _grants; // slot 0; a grant is one word
    mapping(address owner => Counts counts) private _counts; // slot 1
    /// @inheritdoc IRecordGrants
    mapping(address owner => mapping(bytes32 request => RequestStatus status)) public requestOf; // slot 2

    modifier onlyActive() {
        _requireActive(msg.sender);
        _;
    }

    /// @notice There are no grants yet.
    /// @param federation Who is active.
    constructor(IFederation federation) {
        FEDERATION = federation;
    }

    // -------------------- grants

    /// @inheritdoc IRecordGrants
    function grant(Terms calldata terms, bytes calldata payload) external onlyActive returns (bytes32 grantId) {
        if (terms.until <= terms.from || terms.until <= block.timestamp) {
            revert RecordGrantsInvalidPeriod(terms.from, terms.until);
        }
        _requireSize(payload, MAX_PAYLOAD_BYTES);
        grantId = _idOf(terms);
        if (_grants[grantId].owner != address(0)) revert RecordGrantsExists(grantId);
        _grants[grantId] = Grant({owner: msg.sender, from: terms.from, until: terms.until, revoked: false});
        ++_counts[msg.sender].granted;
        emit Granted({
            owner: msg.sender,
            grantId: grantId,
            tag: terms.tag,
            scopeHash: terms.scopeHash,
            purposeHash: terms.purposeHash,
            from: terms.from,
            until: terms.until,
            payload: payload
        });
    }

    /// @inheritdoc IRecordGrants
    function share(bytes32 grantId, bytes calldata payload) external onlyActive {
        _requireSize(payload, MAX_PAYLOAD_BYTES);
        _own(grantId);
        emit Shared(msg.sender, grantId, payload);
    }

    /// @inheritdoc IRecordGrants
    function renew(bytes32 grantId, uint40 until) external onlyActive {
        Grant storage state = _own(grantId);
        if (until <= state.until) revert RecordGrantsNotLonger(grantId, until, state.until);
        state.until = until;
        emit Renewed(msg.sender, grantId, until);
    }

    /// @inheritdoc IRecordGrants
    function revoke(bytes32 grantId) external {
        _own(grantId).revoked = true;
        ++_counts[msg.sender].revoked;
        emit Revoked(msg.sender, grantId);
    }

    // -------------------- requests

    /// @inheritdoc IRecordGrants
    function relayRequest(address owner, bytes32 request, bytes calldata ciphertext) external onlyActive {
        _requireActive(owner);
        _requireSize(ciphertext, MAX_REQUEST_BYTES);
        if (requestOf[owner][request] != RequestStatus.None) revert RecordGrantsRequestExists(owner, request);
        requestOf[owner][request] = RequestStatus.Open;
        emit RecordsRequested(owner, request, ciphertext);
    }

    /// @inheritdoc IRecordGrants
    function answerRequest(bytes32 request, bytes32 grantId) external onlyActive {
        if (requestOf[msg.sender][request] != RequestStatus.Open) {
            revert RecordGrantsRequestNotOpen(msg.sender, request);
        }
        bool declined = grantId == bytes32(0);
        if (!declined) _own(grantId);
        requestOf[msg.sender][request] = declined ? RequestStatus.Declined : RequestStatus.Accepted;
        emit RequestAnswered(msg.sender, request, grantId);
    }

    // -------------------- views

    /// @inheritdoc IRecordGrants
    function isRunning(bytes32 grantId) external view returns (bool running) {
        Grant storage state = _grants[grantId];
        return !state.revoked && state.from <= block.timestamp && block.timestamp < state.until;
    }

    /// @inheritdoc IRecordGrants
    function grantOf(bytes32 grantId) external view returns (Grant memory state) {
        return _grants[grantId];
    }

    /// @inheritdoc IRecordGrants
    function countsOf(address owner) external view returns (Counts memory counts) {
        return _counts[owner];
    }

    // -------------------- checks

    /// @dev The caller's own grant, neither revoked nor over; its period may still lie ahead.
    function _own(bytes32 grantId) private view returns (Grant storage state) {
        state = _grants[grantId];
        if (state.owner == address(0)) revert RecordGrantsUnknown(grantId);
        if (state.owner != msg.sender) revert RecordGrantsNotOwner(grantId, state.owner);
        if (state.revoked) revert RecordGrantsRevoked(grantId);
        if (state.until <= block.timestamp) revert RecordGrantsEnded(grantId, state.until);
    }

    function _idOf(Terms calldata terms) private view returns (bytes32 grantId) {
        if (terms.tag == bytes32(0) || terms.scopeHash == bytes32(0) || terms.purposeHash == bytes32(0)) {
            revert RecordGrantsIncompleteTerms();
        }
        return keccak256(abi.encode(msg.sender, terms.tag, terms.scopeHash, terms.purposeHash));
    }

    function _requireActive(address account) private view {
        if (!FEDERATION.isActive(account)) revert RecordGrantsInactive(account);
    }

    function _requireSize(bytes calldata payload, uint256 most) private pure {
        if (payload.length < HpkeBounds.MIN_BYTES || payload.length > most) {
            revert RecordGrantsPayloadSize(payload.length, most);
        }
    }
}

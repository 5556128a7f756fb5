// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IFederation, Standing} from "../interfaces/IFederation.sol";
import {INodeDirectory} from "../interfaces/INodeDirectory.sol";

/// @title NodeDirectory
/// @notice Which nodes the members run, and which lists are in force on them.
contract NodeDirectory is EIP712, INodeDirectory {
    /// @dev All that is kept of a node.
    struct Kept {
        bytes32 keyX;
        bytes32 keyY;
        address member; // with `place` and `port` in one slot
        uint32 place; // in _nodes
        uint16 port;
        address agent;
        bytes16 ip; // with the times in one slot
        uint48 atBlock;
        uint48 attestedAt;
        bytes32 accountsDigest;
        bytes32 nodesDigest;
    }

    /// @notice Nodes that a member has at most.
    uint256 public constant MOST_NODES = 8;
    /// @notice Nodes that a page has at most.
    uint256 public constant MOST_IN_PAGE = 64;
    /// @notice So soon unchanged lists are attested again, seconds.
    uint256 public constant ATTEST_EVERY_SECONDS = 1 days;
    /// @notice So many blocks attested lists are old at most.
    uint256 public constant OLDEST_BLOCKS = 256;

    bytes32 private constant _ANNOUNCEMENT_TYPEHASH = keccak256(
        "NodeAnnouncement(address member,bytes32 keyX,bytes32 keyY,address agent,bytes16 ip,uint16 port)"
    );

    /// @notice Who is active.
    IFederation public immutable FEDERATION;

    // slots 0 and 1: EIP712
    /// @inheritdoc INodeDirectory
    mapping(address member => uint256 count) public nodeCountOf; // slot 2
    mapping(address node => Kept kept) private _kept; // slot 3
    address[] private _nodes; // slot 4

    /// @notice No node is announced yet.
    /// @param federation Who is active.
    constructor(IFederation federation) EIP712("Commonwatt NodeDirectory", "1") {
        FEDERATION = federation;
    }

    /// @inheritdoc INodeDirectory
    function announce(Announcement calldata announced, bytes calldata signature) external returns (address node) {
        if (!FEDERATION.isMember(msg.sender) || !FEDERATION.isActive(msg.sender)) {
            revert NodeDirectoryInactive(msg.sender);
        }
        if (announced.agent == address(0) || announced.ip == 0 || announced.port == 0) revert NodeDirectoryIncomplete();
        node = address(uint160(uint256(keccak256(abi.encode(announced.keyX, announced.keyY)))));
        _requireSigned(node, announced, signature);
        Kept storage kept = _kept[node];
        if (kept.member == address(0)) _add(node, kept);
        else if (kept.member != msg.sender) revert NodeDirectoryTaken(node, kept.member);
        kept.keyX = announced.keyX;
        kept.keyY = announced.keyY;
        kept.agent = announced.agent;
        kept.ip = announced.ip;
        kept.port = announced.port;
        emit NodeAnnounced({
            member: msg.sender,
            node: node,
            agent: announced.agent,
            keyX: announced.keyX,
            keyY: announced.keyY,
            ip: announced.ip,
            port: announced.port
        });
    }

    /// @inheritdoc INodeDirectory
    function withdraw(address node) external {
        Kept storage kept = _known(node);
        address member = kept.member;
        if (member != msg.sender && FEDERATION.standingOf(member) != Standing.Expelled) {
            revert NodeDirectoryNotMember(node, member);
        }
        address last = _nodes[_nodes.length - 1];
        _nodes[kept.place] = last;
        _kept[last].place = kept.place;
        _nodes.pop();
        delete _kept[node];
        --nodeCountOf[member];
        emit NodeWithdrawn(member, node);
    }

    /// @inheritdoc INodeDirectory
    function attest(address node, bytes32 accountsDigest, bytes32 nodesDigest, uint48 atBlock) external {
        Kept storage kept = _known(node);
        if (kept.agent != msg.sender) revert NodeDirectoryNotAgent(node, kept.agent);
        if (!FEDERATION.isActive(kept.member)) revert NodeDirectoryInactive(kept.member);
        // not `>=`: nodes try transactions in the latest block's place
        if (atBlock > block.number || atBlock <= kept.atBlock || block.number - atBlock > OLDEST_BLOCKS) {
            revert NodeDirectoryInvalidBlock(atBlock, kept.atBlock, block.number);
        }
        bool unchanged = kept.accountsDigest == accountsDigest && kept.nodesDigest == nodesDigest;
        uint256 nextAt = kept.attestedAt + ATTEST_EVERY_SECONDS;
        if (unchanged && block.timestamp < nextAt) revert NodeDirectoryUnchanged(nextAt);
        kept.accountsDigest = accountsDigest;
        kept.nodesDigest = nodesDigest;
        kept.atBlock = atBlock;
        kept.attestedAt = uint48(block.timestamp);
        emit ListsAttested({
            node: node,
            agent: msg.sender,
            accountsDigest: accountsDigest,
            nodesDigest: nodesDigest,
            atBlock: atBlock
        });
    }

    /// @inheritdoc INodeDirectory
    function nodesOf(uint256 from, uint256 count) external view returns (NodeEntry[] memory entries) {
        uint256 start = Math.min(from, _nodes.length);
        entries = new NodeEntry[](Math.min(Math.min(count, MOST_IN_PAGE), _nodes.length - start));
        for (uint256 i = 0; i < entries.length; ++i) entries[i] = nodeOf(_nodes[start + i]);
    }

    /// @inheritdoc INodeDirectory
    function attestationOf(address node) external view returns (Attestation memory attestation) {
        Kept storage kept = _kept[node];
        attestation = Attestation({
            accountsDigest: kept.accountsDigest,
            nodesDigest: kept.nodesDigest,
            atBlock: kept.atBlock,
            attestedAt: kept.attestedAt
        });
    }

    /// @inheritdoc INodeDirectory
    function nodeCount() external view returns (uint256 count) {
        return _nodes.length;
    }

    /// @inheritdoc INodeDirectory
    function nodeOf(address node) public view returns (NodeEntry memory entry) {
        Kept storage kept = _kept[node];
        entry.node = node;
        entry.member = kept.member;
        entry.counts = FEDERATION.isActive(kept.member);
        entry.announced = Announcement({
            keyX: kept.keyX,
            keyY: kept.keyY,
            agent: kept.agent,
            ip: kept.ip,
            port: kept.port
        });
    }

    function _add(address node, Kept storage kept) private {
        if (nodeCountOf[msg.sender] == MOST_NODES) revert NodeDirectoryFull(MOST_NODES);
        ++nodeCountOf[msg.sender];
        kept.member = msg.sender;
        kept.place = uint32(_nodes.length);
        _nodes.push(node);
    }

    function _known(address node) private view returns (Kept storage kept) {
        kept = _kept[node];
        if (kept.member == address(0)) revert NodeDirectoryUnknown(node);
    }

    function _requireSigned(address node, Announcement calldata announced, bytes calldata signature) private view {
        bytes32 structHash = keccak256(abi.encode(_ANNOUNCEMENT_TYPEHASH, msg.sender, announced));
        (address signer, , ) = ECDSA.tryRecoverCalldata(_hashTypedDataV4(structHash), signature);
        if (signer != node) revert NodeDirectoryWrongSignature(node, signer);
    }
}

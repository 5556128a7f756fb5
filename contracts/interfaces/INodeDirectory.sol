// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title INodeDirectory
/// @notice Which nodes the members run on this chain: their keys, where they listen, who answers for their lists. Each
/// node's permission agent keeps the node's allow-lists equal to Federation and this directory, and posts the digests
/// of the lists in force here.
/// @dev A node is known by the address of its key, as in AccountantElection: the last 20 bytes of the keccak of the
/// public key. Nobody announces another's key: the key signs which member it is for, and with what (EIP-712, domain
/// "Commonwatt NodeDirectory", version "1", chain and this contract):
/// NodeAnnouncement(address member,bytes32 keyX,bytes32 keyY,address agent,bytes16 ip,uint16 port). The signature shows
/// that the point is on the curve as well: no other point has the signer's address.
/// Where a node listens is an IP address and no name: nodes compare addresses, and a name may mean another one to each.
///
/// | function | who may call it |
/// |---|---|
/// | announce | an active member, with the node key's signature |
/// | withdraw | the node's member, active or not; anyone, once the member is expelled |
/// | attest | the account that the node's announcement names, while the node's member is active |
interface INodeDirectory {
    /// @notice A node, as its member announces it.
    /// @param keyX First 32 bytes of the public key; with `keyY` the enode id.
    /// @param keyY Last 32 bytes of the public key.
    /// @param agent The account that attests for the node: its permission agent's.
    /// @param ip Where it listens: an IPv6 address, or an IPv4 one as ::ffff:a.b.c.d.
    /// @param port TCP port of the peer-to-peer protocol.
    struct Announcement {
        bytes32 keyX;
        bytes32 keyY;
        address agent;
        bytes16 ip;
        uint16 port;
    }

    /// @notice A node in the directory.
    /// @param node The address of its key.
    /// @param member Whose it is.
    /// @param counts Its member is active: only then other nodes list it, and its agent.
    /// @param announced As its member announced it.
    struct NodeEntry {
        address node;
        address member;
        bool counts;
        Announcement announced;
    }

    /// @notice What a node's agent said last of the lists in force on the node.
    /// @param accountsDigest keccak of the account allow-list, in the form that docs/operations.md states.
    /// @param nodesDigest keccak of the node allow-list, likewise.
    /// @param atBlock The block whose state the lists follow; 0 when nothing was attested.
    /// @param attestedAt When it was posted, Unix seconds; 0 likewise.
    struct Attestation {
        bytes32 accountsDigest;
        bytes32 nodesDigest;
        uint48 atBlock;
        uint48 attestedAt;
    }

    /// @notice A member announced a node, or announced it anew with other details.
    /// @param member Whose it is.
    /// @param node The address of its key.
    /// @param agent The account that attests for it.
    /// @param keyX First 32 bytes of the public key.
    /// @param keyY Last 32 bytes of the public key.
    /// @param ip IPv6 address, or ::ffff:a.b.c.d.
    /// @param port TCP port.
    event NodeAnnounced(
        address indexed member,
        address indexed node,
        address indexed agent,
        bytes32 keyX,
        bytes32 keyY,
        bytes16 ip,
        uint16 port
    );

    /// @notice A node is in the directory no more, and its key may be announced again.
    /// @param member Whose it was.
    /// @param node The address of its key.
    event NodeWithdrawn(address indexed member, address indexed node);

    /// @notice The lists in force on a node, as its agent read them back from it.
    /// @param node The address of its key.
    /// @param agent Who says so.
    /// @param accountsDigest Digest of the account allow-list.
    /// @param nodesDigest Digest of the node allow-list.
    /// @param atBlock The block whose state the lists follow.
    event ListsAttested(
        address indexed node,
        address indexed agent,
        bytes32 accountsDigest,
        bytes32 nodesDigest,
        uint48 atBlock
    );

    /// @notice Only an active member announces nodes, and only its nodes' agents attest.
    /// @param member The member, or who tried to act as one.
    error NodeDirectoryInactive(address member);

    /// @notice The key is another member's node.
    /// @param node The address of the key.
    /// @param member Whose it is.
    error NodeDirectoryTaken(address node, address member);

    /// @notice A member has at most so many nodes.
    /// @param most How many.
    error NodeDirectoryFull(uint256 most);

    /// @notice An announcement names an agent, an IP address and a port, none of them zero.
    error NodeDirectoryIncomplete();

    /// @notice The node's key did not sign this announcement for this member, contract and chain.
    /// @param node The address of the key given.
    /// @param signer Who signed; zero when nobody did.
    error NodeDirectoryWrongSignature(address node, address signer);

    /// @notice No such node is in the directory.
    /// @param node The address given.
    error NodeDirectoryUnknown(address node);

    /// @notice The node is another member's, and that one is not expelled.
    /// @param node The node.
    /// @param member Whose it is.
    error NodeDirectoryNotMember(address node, address member);

    /// @notice Only the node's agent attests.
    /// @param node The node.
    /// @param agent The account that its announcement names.
    error NodeDirectoryNotAgent(address node, address agent);

    /// @notice Lists are attested for a block after the last one attested, not in the future, and not older than 256
    /// blocks.
    /// @param atBlock The block given.
    /// @param last The last one attested.
    /// @param present The present block.
    error NodeDirectoryInvalidBlock(uint256 atBlock, uint256 last, uint256 present);

    /// @notice Lists that did not change are attested once a day.
    /// @param nextAt From when on again, Unix seconds.
    error NodeDirectoryUnchanged(uint256 nextAt);

    /// @notice Announces a node of the caller's, an active member, or gives one it has other details.
    /// @param announced The node.
    /// @param signature The node key's, over NodeAnnouncement, 65 bytes.
    /// @return node The address of its key.
    function announce(Announcement calldata announced, bytes calldata signature) external returns (address node);

    /// @notice Takes a node out of the directory. Its member, active or not; anyone, once the member is expelled.
    /// @param node The address of its key.
    function withdraw(address node) external;

    /// @notice Posts the digests of the lists in force on a node. The node's agent, while its member is active; when
    /// they changed, and else once a day.
    /// @param node The address of its key.
    /// @param accountsDigest Digest of the account allow-list.
    /// @param nodesDigest Digest of the node allow-list.
    /// @param atBlock The block whose state the lists follow.
    function attest(address node, bytes32 accountsDigest, bytes32 nodesDigest, uint48 atBlock) external;

    /// @notice How many nodes are in the directory, those of suspended and expelled members included.
    /// @return count At most 8 for each member.
    function nodeCount() external view returns (uint256 count);

    /// @notice A page of the directory. A withdrawal moves the last node to the place that becomes free: read all pages
    /// of one block.
    /// @param from Place of the first one, from 0.
    /// @param count How many at most; no more than 64.
    /// @return entries Fewer at the end of the directory; none after it.
    function nodesOf(uint256 from, uint256 count) external view returns (NodeEntry[] memory entries);

    /// @notice A node.
    /// @param node The address of its key.
    /// @return entry All zero but `node` when it is not in the directory.
    function nodeOf(address node) external view returns (NodeEntry memory entry);

    /// @notice How many nodes a member has in the directory.
    /// @param member Any account.
    /// @return count At most 8.
    function nodeCountOf(address member) external view returns (uint256 count);

    /// @notice What was attested last for a node.
    /// @param node The address of its key.
    /// @return attestation All zero when nothing was, or the node is not in the directory.
    function attestationOf(address node) external view returns (Attestation memory attestation);
}

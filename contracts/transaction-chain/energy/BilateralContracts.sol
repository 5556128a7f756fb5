// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IBilateralContracts} from "../../interfaces/IBilateralContracts.sol";
import {IEnergyMarket} from "../../interfaces/IEnergyMarket.sol";
import {IGridTopology} from "../../interfaces/IGridTopology.sol";
import {IMarketRules} from "../../interfaces/IMarketRules.sol";
import {ITariffs} from "../../interfaces/ITariffs.sol";
import {ITradeEscrow} from "../../interfaces/ITradeEscrow.sol";
import {MarketBounds} from "../../libraries/MarketBounds.sol";
import {Money} from "../../libraries/Money.sol";
import {OrderMessages} from "../../libraries/OrderMessages.sol";
import {Records} from "../../libraries/Records.sol";
import {Side} from "../../types/MarketTypes.sol";
import {BilateralContract, SignedBilateral} from "../../types/OrderTypes.sol";
import {BilateralEntry, Trade} from "../../types/RecordTypes.sol";

/// @title BilateralContracts
/// @notice Takes contracts that both parties signed, locks both and keeps them for the slot's close. See
///         IBilateralContracts.
/// @dev Who may trade, and how much, EnergyMarket says, which counts each side among the meter's orders. Money is
///      locked last; nothing a party can choose is ever called.
contract BilateralContracts is EIP712, IBilateralContracts {
    /// @notice The contracts that BilateralContracts works with.
    struct Wiring {
        IEnergyMarket market;
        IGridTopology topology;
        ITariffs tariffs;
        IMarketRules rules;
        ITradeEscrow escrow;
    }

    /// @dev The accepted contracts of a tree and slot.
    struct Entries {
        bytes32 hash;
        uint32 count;
    }

    /// @dev A contract while it is accepted.
    struct Deal {
        address buyer;
        address seller;
        uint24 buyFeeder;
        uint24 sellFeeder;
        uint24 buyDistrict;
        uint24 sellDistrict;
        uint24 city;
        uint256 buyLockMicro;
        uint256 sellLockMicro;
        bytes32[] entries;
        uint256 used; // words of entries
    }

    /// @notice Checks and counts both sides.
    IEnergyMarket public immutable MARKET;
    /// @notice Says the path between the feeders, and its capacities.
    IGridTopology public immutable TOPOLOGY;
    /// @notice Says the fees of the path.
    ITariffs public immutable TARIFFS;
    /// @notice Says the bond rate.
    IMarketRules public immutable RULES;
    /// @notice Locks what both may have to pay.
    ITradeEscrow public immutable ESCROW;

    mapping(uint24 city => mapping(uint32 slot => Entries entries)) private _books;
    mapping(uint24 sellFeeder => mapping(uint32 slot => uint256 count)) private _soldFrom;
    mapping(bytes32 digest => bool accepted) private _accepted;
    mapping(address account => mapping(uint64 nonce => bool revoked)) private _revoked;

    /// @notice Names the EIP-712 domain and the contracts.
    /// @param wiring The contracts that BilateralContracts works with.
    constructor(Wiring memory wiring) EIP712("Commonwatt BilateralContracts", "1") {
        MARKET = wiring.market;
        TOPOLOGY = wiring.topology;
        TARIFFS = wiring.tariffs;
        RULES = wiring.rules;
        ESCROW = wiring.escrow;
    }

    // -------------------- contracts

    /// @inheritdoc IBilateralContracts
    function accept(SignedBilateral calldata signed) external {
        BilateralContract calldata terms = signed.terms;
        _requireForm(terms);
        bytes32 digest = digestOf(terms);
        if (_accepted[digest]) revert BilateralContractsAcceptedBefore(digest);
        _accepted[digest] = true;
        Deal memory deal;
        (deal.buyer, , ) = ECDSA.tryRecover(digest, signed.buyerR, signed.buyerVs);
        (deal.seller, , ) = ECDSA.tryRecover(digest, signed.sellerR, signed.sellerVs);
        _requireStanding(deal.buyer, terms.nonce);
        _requireStanding(deal.seller, terms.nonce);
        _count(deal, terms);
        _setPath(deal);
        deal.entries = new bytes32[](Records.BILATERAL_WORDS * terms.wh.length);
        for (uint256 i = 0; i < terms.wh.length; ++i) {
            if (terms.wh[i] != 0) _enter(deal, terms, i);
        }
        bytes32[] memory entries = deal.entries;
        uint256 used = deal.used;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(entries, used) // shorter by the slots without energy
        }
        emit BilateralAccepted(deal.city, digest, entries);
        ESCROW.lock(deal.buyer, Money.toMicro(deal.buyLockMicro), terms.firstSlot);
        ESCROW.lock(deal.seller, Money.toMicro(deal.sellLockMicro), terms.firstSlot);
    }

    /// @inheritdoc IBilateralContracts
    function revoke(uint64 nonce) external {
        _requireStanding(msg.sender, nonce);
        _revoked[msg.sender][nonce] = true;
        emit BilateralRevoked(msg.sender, nonce);
    }

    // -------------------- views

    /// @inheritdoc IBilateralContracts
    function bookOf(uint24 city, uint32 slot) external view returns (bytes32 entriesHash, uint32 entryCount) {
        Entries storage book = _books[city][slot];
        return (book.hash, book.count);
    }

    /// @inheritdoc IBilateralContracts
    function isAccepted(bytes32 digest) external view returns (bool accepted) {
        return _accepted[digest];
    }

    /// @inheritdoc IBilateralContracts
    function isRevoked(address account, uint64 nonce) external view returns (bool revoked) {
        return _revoked[account][nonce];
    }

    /// @inheritdoc IBilateralContracts
    function digestOf(BilateralContract calldata terms) public view returns (bytes32 digest) {
        return _hashTypedDataV4(OrderMessages.hashBilateral(terms));
    }

    // -------------------- accepting

    /// @dev EnergyMarket refuses a signer who is not the meter's holder, and whatever it would refuse as an order.
    function _count(Deal memory deal, BilateralContract calldata terms) private {
        deal.buyFeeder = MARKET.countBilateral({
            meter: terms.buyMeter,
            account: deal.buyer,
            side: Side.Buy,
            firstSlot: terms.firstSlot,
            wh: terms.wh
        });
        deal.sellFeeder = MARKET.countBilateral({
            meter: terms.sellMeter,
            account: deal.seller,
            side: Side.Sell,
            firstSlot: terms.firstSlot,
            wh: terms.wh
        });
    }

    /// @dev Enters the contract's slot `i` into the tree's book.
    function _enter(Deal memory deal, BilateralContract calldata terms, uint256 i) private {
        uint32 slot = terms.firstSlot + uint32(i);
        Entries storage book = _books[deal.city][slot];
        if (book.count == MarketBounds.MAX_TREE_BILATERALS) {
            revert BilateralContractsBookFull(deal.city, slot, MarketBounds.MAX_TREE_BILATERALS);
        }
        _takePlace(deal, slot);
        bytes32[4] memory words = Records.packBilateral(_entryOf(deal, terms, slot, terms.wh[i]));
        book.hash = Records.chainBilateral(book.hash, words);
        ++book.count;
        for (uint256 w = 0; w < words.length; ++w) deal.entries[deal.used++] = words[w];
    }

    /// @dev A place of the seller's feeder, which has the same share of the tree's as any other: so a few meters can
    ///      keep their own feeder from contracts, but no other.
    function _takePlace(Deal memory deal, uint32 slot) private {
        uint256 share = MarketBounds.MAX_TREE_BILATERALS / TOPOLOGY.feederCountAt(deal.city, slot);
        if (_soldFrom[deal.sellFeeder][slot] >= share) {
            revert BilateralContractsFeederFull(deal.sellFeeder, slot, share);
        }
        ++_soldFrom[deal.sellFeeder][slot];
    }

    /// @dev Adds the slot's locks to the deal's.
    function _entryOf(
        Deal memory deal,
        BilateralContract calldata terms,
        uint32 slot,
        uint32 wh
    ) private view returns (BilateralEntry memory entry) {
        (uint256 buyerFees, uint256 sellerFees) = _feesOf(deal, slot);
        if (terms.price < sellerFees) revert BilateralContractsPriceBelowFees(slot, terms.price, uint32(sellerFees));
        Trade memory trade;
        trade.level = Records.BILATERAL;
        trade.buyFeeder = deal.buyFeeder;
        trade.sellFeeder = deal.sellFeeder;
        trade.wh = wh;
        trade.price = terms.price;
        trade.buyMeter = terms.buyMeter;
        trade.sellMeter = terms.sellMeter;
        entry.trade = Records.packTrade(trade);
        entry.buyer = deal.buyer;
        entry.slot = slot;
        entry.seller = deal.seller;
        entry.buyLock = Money.costUp(wh, terms.price + buyerFees);
        entry.sellLock = Money.costUp(wh, RULES.rulesAt(slot).bondRate);
        deal.buyLockMicro += entry.buyLock;
        deal.sellLockMicro += entry.sellLock;
    }

    /// @dev Fees of each party's edges of the path, none of which may have a capacity.
    function _feesOf(Deal memory deal, uint32 slot) private view returns (uint256 buyerFees, uint256 sellerFees) {
        if (deal.buyFeeder == deal.sellFeeder) return (0, 0);
        buyerFees = _feeOf(deal.buyFeeder, slot);
        sellerFees = _feeOf(deal.sellFeeder, slot);
        if (deal.buyDistrict == deal.sellDistrict) return (buyerFees, sellerFees);
        buyerFees += _feeOf(deal.buyDistrict, slot);
        sellerFees += _feeOf(deal.sellDistrict, slot);
    }

    function _feeOf(uint24 area, uint32 slot) private view returns (uint32) {
        (bool limited, ) = TOPOLOGY.edgeCapacityAt(area, slot);
        if (limited) revert BilateralContractsEdgeLimited(area, slot);
        return TARIFFS.edgeFeeInForce(area, slot);
    }

    function _setPath(Deal memory deal) private view {
        uint24 sellCity;
        (deal.buyDistrict, deal.city) = TOPOLOGY.pathOf(deal.buyFeeder);
        (deal.sellDistrict, sellCity) = TOPOLOGY.pathOf(deal.sellFeeder);
        if (deal.city != sellCity) revert BilateralContractsTwoCities(deal.city, sellCity);
    }

    function _requireStanding(address account, uint64 nonce) private view {
        if (_revoked[account][nonce]) revert BilateralContractsNonceRevoked(account, nonce);
    }

    function _requireForm(BilateralContract calldata terms) private view {
        if (
            !OrderMessages.isProfile(terms.wh, MarketBounds.MAX_PROFILE_SLOTS) ||
            terms.firstSlot > type(uint32).max - terms.wh.length
        ) revert BilateralContractsBadProfile();
        if (terms.buyMeter == terms.sellMeter) revert BilateralContractsSameMeter(terms.buyMeter);
        if (block.timestamp > terms.acceptDeadline) revert BilateralContractsExpired(terms.acceptDeadline);
    }
}

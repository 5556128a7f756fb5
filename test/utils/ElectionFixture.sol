// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {AccountantElection} from "../../contracts/federation/AccountantElection.sol";
import {AccountingRevenue} from "../../contracts/federation/AccountingRevenue.sol";
import {Federation} from "../../contracts/federation/Federation.sol";
import {TurnCourt} from "../../contracts/federation/TurnCourt.sol";
import {VoteBook} from "../../contracts/federation/VoteBook.sol";
import {IArrears} from "../../contracts/interfaces/IArrears.sol";
import {IDeviceRegistry} from "../../contracts/interfaces/IDeviceRegistry.sol";
import {IFederation, MemberRole} from "../../contracts/interfaces/IFederation.sol";
import {IMarketCalendar} from "../../contracts/interfaces/IMarketCalendar.sol";
import {IMarketRules} from "../../contracts/interfaces/IMarketRules.sol";
import {ITradeEscrow} from "../../contracts/interfaces/ITradeEscrow.sol";
import {CandidateWords} from "../../contracts/libraries/CandidateWords.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {MarketWorldMock} from "../../contracts/mocks/MarketWorldMock.sol";
import {EnergyCredit} from "../../contracts/transaction-chain/energy/EnergyCredit.sol";
import {ElectionSettings, Founder, TurnSettings} from "../../contracts/types/ElectionTypes.sol";
import {EscrowWiring} from "../../contracts/types/WiringTypes.sol";
import {Test} from "./Test.sol";

/// @notice The election with its real parts: Federation, credits, vote book, court; this test is administrator and
/// council. Members and their node keys have numbers.
abstract contract ElectionFixture is Test {
    using CandidateWords for uint256;

    uint32 internal constant EPOCH = 100; // blocks
    uint32 internal constant UNLOCK = 1_000; // seconds
    uint64 internal constant DEPOSIT = 5_000_000;
    uint88 internal constant FOUNDER_WEIGHT = 1_000_000;
    uint64 internal constant SUPPLY = 1_000_000_000_000; // held by nobody that votes
    uint16 internal constant ACCOUNTANT = uint16(1 << uint8(MemberRole.Accountant));
    uint256 internal constant START = 1_000; // block

    AccessManager internal manager;
    Federation internal federation;
    EnergyCredit internal credit;
    AccountantElection internal election;
    VoteBook internal votes;
    TurnCourt internal court;
    AccountingRevenue internal revenue;
    ITradeEscrow internal escrow;
    address internal issuer = address(0x155);
    uint256 private _payments;

    // -------------------- stage

    function deployElection(uint256 founders, uint16 seats) internal {
        _deployBase();
        credit = new EnergyCredit(address(manager));
        _allow(address(credit), EnergyCredit.issue.selector, Roles.ISSUER);
        manager.grantRole(Roles.ISSUER, issuer, 0);
        _deployParts(IERC20(address(credit)), founders, seats);
        revenue = new AccountingRevenue(address(manager), credit, election, 4_000);
        _allow(address(revenue), AccountingRevenue.book.selector, Roles.SETTLEMENT);
        manager.grantRole(Roles.SETTLEMENT, address(this), 0);
        escrow = _deployEscrow();
        revenue.bindParts(escrow, votes);
        votes.bindRevenue(revenue);
        election.bindParts(votes, court, revenue);
        issue(address(0xFEED), SUPPLY);
    }

    /// A chain without credits: equal votes of members.
    function deployEqualElection(uint256 founders, uint16 seats) internal {
        _deployBase();
        (credit, revenue) = (EnergyCredit(address(0)), AccountingRevenue(address(0)));
        _deployParts(IERC20(address(0)), founders, seats);
        election.bindParts(votes, court, revenue);
    }

    function settingsOf(IERC20 token, uint16 seats) internal view returns (ElectionSettings memory settings) {
        return
            ElectionSettings({
                federation: IFederation(address(federation)),
                credit: token,
                epochBlocks: EPOCH,
                seats: seats,
                turnoutFloorBps: 1_000,
                unlockSeconds: UNLOCK,
                trustingSeconds: 900,
                minimumDepositMicro: address(token) == address(0) ? 0 : DEPOSIT,
                founderWeight: FOUNDER_WEIGHT
            });
    }

    function turnSettings() internal pure returns (TurnSettings memory) {
        return
            TurnSettings({
                timeoutSeconds: 4,
                slackSeconds: 2,
                decayBlocks: 1_000,
                jailSeconds: 3_600,
                absenceBlocks: 50,
                absenceEpochs: 4
            });
    }

    /// Founders 1 to `count` in the order of their nodes' addresses, as the constructor wants them.
    function foundersOf(uint256 count) internal pure returns (Founder[] memory founders) {
        founders = new Founder[](count);
        for (uint256 i = 0; i < count; ++i) founders[i] = Founder({member: member(i + 1), node: node(i + 1)});
        for (uint256 i = 1; i < count; ++i) {
            for (uint256 j = i; j != 0 && founders[j].node < founders[j - 1].node; --j) {
                (founders[j], founders[j - 1]) = (founders[j - 1], founders[j]);
            }
        }
    }

    function _deployBase() private {
        vm.roll(START);
        vm.warp(1_700_000_000);
        manager = new AccessManager(address(this));
        federation = new Federation(address(manager));
    }

    /// The real escrow; the market around it is of no interest here.
    function _deployEscrow() private returns (ITradeEscrow made) {
        MarketWorldMock world = new MarketWorldMock();
        IArrears debts = IArrears(deployCode("Arrears.sol:Arrears", abi.encode(address(manager))));
        EscrowWiring memory wiring = EscrowWiring({
            credit: credit,
            arrears: debts,
            federation: IFederation(address(world)),
            devices: IDeviceRegistry(address(world)),
            rules: IMarketRules(address(world)),
            calendar: IMarketCalendar(address(world))
        });
        made = ITradeEscrow(deployCode("TradeEscrow.sol:TradeEscrow", abi.encode(address(manager), wiring)));
        debts.bindEscrow(address(made));
    }

    function _deployParts(IERC20 token, uint256 founders, uint16 seats) private {
        election = new AccountantElection(address(manager), settingsOf(token, seats), foundersOf(founders));
        votes = new VoteBook(address(manager), election, issuer, 1_000);
        court = new TurnCourt(election, turnSettings());
        for (uint256 i = 1; i <= founders; ++i) federation.admitMember(member(i), ACCOUNTANT);
    }

    // -------------------- who

    function member(uint256 number) internal pure returns (address) {
        return address(uint160(0xA0000 + number));
    }

    function nodeKey(uint256 number) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("node", number)));
    }

    function node(uint256 number) internal pure returns (address) {
        return vm.addr(nodeKey(number));
    }

    function voter(uint256 number) internal pure returns (address) {
        return address(uint160(0xB0000 + number));
    }

    /// The candidate that the member with this number is.
    function numberOf(uint256 memberNumber) internal view returns (uint16) {
        return election.candidateOf(member(memberNumber));
    }

    // -------------------- steps

    function issue(address to, uint256 amountMicro) internal {
        vm.prank(issuer);
        credit.issue(to, amountMicro, bytes32(++_payments));
    }

    function claimSignature(address account, address node_, uint256 key) internal view returns (bytes memory) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Commonwatt AccountantElection"),
                keccak256("1"),
                block.chainid,
                address(election)
            )
        );
        bytes32 claim = keccak256(abi.encode(keccak256("NodeClaim(address member,address node)"), account, node_));
        return signBytes(key, keccak256(abi.encodePacked(hex"1901", domain, claim)));
    }

    /// Admits member `number` and registers it with its node, with a deposit where there are credits.
    function register(uint256 number) internal returns (uint16 candidate) {
        address account = member(number);
        if (!federation.isMember(account)) federation.admitMember(account, ACCOUNTANT);
        if (address(credit) != address(0)) {
            issue(account, DEPOSIT);
            vm.prank(account);
            credit.approve(address(election), DEPOSIT);
        }
        bytes memory signature = claimSignature(account, node(number), nodeKey(number));
        vm.prank(account);
        return election.register(node(number), signature);
    }

    /// A founder needs a deposit once founders lapse.
    function leaveDeposit(uint256 number) internal {
        issue(member(number), DEPOSIT);
        vm.startPrank(member(number));
        credit.approve(address(election), DEPOSIT);
        election.addDeposit(DEPOSIT);
        vm.stopPrank();
    }

    function admitVoter(uint256 number) internal returns (address account) {
        account = voter(number);
        if (!federation.isMember(account)) federation.admitMember(account, uint16(1 << uint8(MemberRole.Supplier)));
    }

    /// Voter `number` locks credits and votes.
    function voteFor(uint256 number, uint64 stakeMicro, uint256[] memory candidates) internal {
        address account = admitVoter(number);
        if (stakeMicro != 0) {
            issue(account, stakeMicro);
            vm.startPrank(account);
            credit.approve(address(votes), stakeMicro);
            votes.lock(stakeMicro);
            vm.stopPrank();
        }
        vm.prank(account);
        votes.vote(candidates);
    }

    function voteFor(uint256 number, uint64 stakeMicro, uint16 candidate) internal {
        voteFor(number, stakeMicro, list(candidate));
    }

    function nextEpoch() internal {
        uint256 next = (block.number / EPOCH + 1) * EPOCH;
        vm.warp(block.timestamp + (next - block.number) * 2);
        vm.roll(next);
    }

    function elect() internal {
        election.elect(orderOf(election.candidateWords()));
    }

    /// All candidates with counted weight, heaviest first: what a caller of `elect` computes off chain.
    function orderOf(uint256[] memory words) internal view returns (uint256[] memory order) {
        uint256 now_ = election.epoch();
        uint256[] memory ranks = new uint256[](words.length);
        uint256 count;
        for (uint256 i = 0; i < words.length; ++i) {
            uint256 weight = words[i].counted(now_);
            if (words[i].has(CandidateWords.FOUNDER) && !lapsesNow()) weight += FOUNDER_WEIGHT;
            if (weight != 0) ranks[count++] = CandidateWords.rankOf(weight, i + 1);
        }
        order = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 best = i;
            for (uint256 j = i + 1; j < count; ++j) if (ranks[j] > ranks[best]) best = j;
            (ranks[i], ranks[best]) = (ranks[best], ranks[i]);
            order[i] = type(uint16).max - uint16(ranks[i]);
        }
    }

    /// Founders lapse with the very election that first meets the turnout floor.
    function lapsesNow() internal view returns (bool) {
        (uint256 turnout, ) = election.totalWeight();
        uint256 all =
            address(credit) == address(0)
                ? federation.memberCount() * 2_329_089_562_800
                : credit.totalSupply() - credit.balanceOf(issuer);
        return election.foundersLapsed() || (turnout != 0 && turnout * 10_000 >= all * 1_000);
    }

    function list(uint256 a) internal pure returns (uint256[] memory numbers) {
        numbers = new uint256[](1);
        numbers[0] = a;
    }

    function list(uint256 a, uint256 b) internal pure returns (uint256[] memory numbers) {
        numbers = new uint256[](2);
        (numbers[0], numbers[1]) = (a, b);
    }

    function seated(uint16 candidate) internal view returns (bool) {
        return election.wordOf(candidate).has(CandidateWords.SEATED);
    }

    function kept(uint16 candidate) internal view returns (bool) {
        return election.wordOf(candidate).has(CandidateWords.KEPT);
    }

    /// Ascending, distinct, as large as may be, with the digest and the word that light clients prove.
    function assertSetIsValid() internal view {
        address[] memory set = election.getValidators();
        assertTrue(set.length >= 4 && set.length <= 101, "size");
        bytes memory packed;
        for (uint256 i = 0; i < set.length; ++i) {
            if (i != 0) assertTrue(set[i - 1] < set[i], "ascending");
            assertTrue(seated(election.candidateOfNode(set[i])), "seated");
            packed = bytes.concat(packed, bytes20(set[i]));
        }
        (bytes32 digest, uint64 chainId, , uint32 length, uint64 changedAt) = election.setHead();
        assertEq(digest, keccak256(packed), "digest");
        assertEq(chainId, block.chainid, "chain id");
        assertEq(length, set.length, "length");
        assertTrue(changedAt <= block.number, "changed at");
    }

    function _allow(address target, bytes4 selector, uint64 role) internal {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        manager.setTargetFunctionRole(target, selectors, role);
    }
}

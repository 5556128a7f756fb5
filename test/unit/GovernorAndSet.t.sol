// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {AccountantElection} from "../../contracts/federation/AccountantElection.sol";
import {TurnCourt} from "../../contracts/federation/TurnCourt.sol";
import {VoteBook} from "../../contracts/federation/VoteBook.sol";
import {IAccountantElection} from "../../contracts/interfaces/IAccountantElection.sol";
import {IAccountingRevenue} from "../../contracts/interfaces/IAccountingRevenue.sol";
import {IElectionCandidates} from "../../contracts/interfaces/IElectionCandidates.sol";
import {IFederation, MemberRole} from "../../contracts/interfaces/IFederation.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {ElectionSettings, Founder, TurnSettings} from "../../contracts/types/ElectionTypes.sol";
import {GovernanceFixture} from "../utils/GovernanceFixture.sol";

/// @notice Whatever the members decide, there are accountants: the governor cannot empty their set.
contract GovernorAndSetTest is GovernanceFixture {
    uint256 private constant SEATS = 7;
    uint32 private constant EPOCH = 100;

    AccountantElection private election;

    function setUp() public {
        deployUngoverned(9); // one regulator, eight accountants; seven with a seat
        election = new AccountantElection(address(manager), _settings(), _accountants());
        VoteBook votes = new VoteBook(address(manager), election, address(0), 1_000);
        TurnCourt court = new TurnCourt(election, TurnSettings(4, 1, 1_000, 1_000, 10, 10));
        election.bindParts(votes, court, IAccountingRevenue(address(0)));
        federation.bindObserver(election);
        bytes4[] memory selectors = new bytes4[](3);
        selectors[0] = IAccountantElection.setSeats.selector;
        selectors[1] = IElectionCandidates.slash.selector;
        selectors[2] = IElectionCandidates.unfreeze.selector;
        manager.setTargetFunctionRole(address(election), selectors, Roles.COUNCIL);
        manager.handOver(address(governor));
    }

    function test_RevertWhen_TheGovernorWantsFewerThanFourSeats() public {
        bytes memory data = abi.encodeCall(IAccountantElection.setSeats, (3));
        approve(address(election), data);
        vm.expectRevert(abi.encodeWithSelector(IAccountantElection.ElectionInvalidSetting.selector, bytes32("seats")));
        execute(address(election), data);
    }

    /// The smallest number of seats, and every accountant expelled, suspended or without its role, epoch after epoch.
    function testFuzz_TheGovernorNeverEmptiesTheSet(uint256 seed) public {
        vm.prank(address(governor)); // as decisions would
        election.setSeats(4);
        for (uint256 i = 1; i < founders.length; ++i) {
            uint256 how = (seed >> (2 * i)) % 3;
            vm.startPrank(address(governor));
            if (how == 0) federation.expel(founders[i]);
            else if (how == 1) federation.suspend(founders[i], type(uint48).max);
            else federation.changeRoles(founders[i], bit(MemberRole.Supplier));
            vm.stopPrank();
            _assertSet();
        }
        for (uint256 i = 1; i <= 5; ++i) {
            vm.roll((block.number / EPOCH + 1) * EPOCH);
            election.elect(_byNumber());
            _assertSet();
        }
        assertEq(election.getValidators().length, 4);
    }

    function _assertSet() private view {
        address[] memory set = election.getValidators();
        assertTrue(set.length >= 4);
        for (uint256 i = 1; i < set.length; ++i) assertTrue(set[i - 1] < set[i]);
    }

    /// Founders of equal weight: the order of their numbers.
    function _byNumber() private pure returns (uint256[] memory order) {
        order = new uint256[](SEATS);
        for (uint256 i = 0; i < SEATS; ++i) order[i] = i + 1;
    }

    function _accountants() private view returns (Founder[] memory list) {
        list = new Founder[](SEATS);
        for (uint256 i = 0; i < SEATS; ++i) list[i] = Founder({member: founders[i + 1], node: address(uint160(i + 1))});
    }

    function _settings() private view returns (ElectionSettings memory settings) {
        return
            ElectionSettings({
                federation: IFederation(address(federation)),
                credit: IERC20(address(0)),
                epochBlocks: EPOCH,
                seats: uint16(SEATS),
                turnoutFloorBps: 1_000,
                unlockSeconds: 4 * EPOCH,
                trustingSeconds: 0,
                minimumDepositMicro: 0,
                founderWeight: 1
            });
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {AccountantElection} from "../../contracts/federation/AccountantElection.sol";
import {Federation} from "../../contracts/federation/Federation.sol";
import {QbftHeader} from "../../contracts/federation/QbftHeader.sol";
import {TurnCourt} from "../../contracts/federation/TurnCourt.sol";
import {VoteBook} from "../../contracts/federation/VoteBook.sol";
import {IAccountingRevenue} from "../../contracts/interfaces/IAccountingRevenue.sol";
import {ITurnCourt} from "../../contracts/interfaces/ITurnCourt.sol";
import {IValidatorSet} from "../../contracts/interfaces/IValidatorSet.sol";
import {CandidateWords} from "../../contracts/libraries/CandidateWords.sol";
import {ElectionSettings, Founder, TurnSettings} from "../../contracts/types/ElectionTypes.sol";
import {Test} from "../utils/Test.sol";
import {Vm} from "../utils/Vm.sol";

/// @notice The recorded Besu chain, blocks 60 to 111, judged by the court itself: reports as the SDK makes them
/// (turn-reports.json, which a test holds to the recording), block hashes as the client said. Its five nodes are the
/// election's founders; that the set of a block was the recorded one is mocked, for nobody here has those nodes' keys.
contract RecordedTurnsTest is Test {
    using CandidateWords for uint256;
    using QbftHeader for bytes;

    uint256 private constant FIRST = 60;
    uint256 private constant LAST = 111;
    /// The observed: one of four was killed after block 83 and restarted after 98.
    uint256 private constant KILLED_AFTER = 83;
    uint256 private constant RESTARTED_AFTER = 98;
    /// In this block the fifth node is in the set.
    uint256 private constant CHANGED = 79;
    uint256 private constant STARTING = 75;
    string private constant FIXTURE = "test/fixtures/turn-reports.json";

    AccountantElection private election;
    TurnCourt private court;
    bytes[] private headers;
    uint16 private killed;

    function setUp() public {
        string memory json = vm.readFile(FIXTURE);
        headers = vm.parseJsonBytesArray(json, ".headers");
        address[] memory before = _recordedSet(json, FIRST);
        address[] memory changed = _recordedSet(json, CHANGED);
        Founder[] memory founders = new Founder[](5);
        founders[0] = Founder({member: address(0xA0), node: changed[0]});
        for (uint256 i = 0; i < 4; ++i)
            founders[i + 1] = Founder({member: address(uint160(0xA1 + i)), node: before[i]});
        vm.roll(FIRST - 1);
        _deploy(founders);
        vm.roll(LAST + 1);
        for (uint256 number = FIRST; number <= LAST; ++number) {
            vm.setBlockhash(number, keccak256(_header(number)));
            bytes memory question = abi.encodeCall(IValidatorSet.validatorsFor, (number));
            vm.mockCall(address(election), question, abi.encode(_recordedSet(json, number)));
        }
        killed = election.candidateOfNode(_silentNode(_recordedSet(json, KILLED_AFTER + 1)));
    }

    /// Each block by itself, as if nothing had been reported before.
    function test_TheKilledIsBlamedForItsTurnsAndNobodyForAnything() public {
        for (uint256 number = FIRST + 1; number <= LAST; ++number) {
            uint256 snapshot = vm.snapshotState();
            (uint256 skipped, bool blamed, uint16[] memory missed) = _judge(number);
            vm.revertToState(snapshot);
            bool isBlaming = _isBlaming(number);
            assertEq(skipped, isBlaming || number == STARTING ? 1 : 0, "passed over");
            assertEq(blamed, isBlaming, "blamed");
            assertEq(missed.length, isBlaming ? 1 : 0, "how many are blamed");
            if (isBlaming) assertEq(missed[0], killed, "who is blamed");
        }
    }

    /// All in a row: with the second turn it missed the killed is in jail and has no seat to lose any more.
    function test_TheKilledIsInJailWithItsSecondMissedTurn() public {
        uint256 points;
        for (uint256 number = FIRST + 1; number <= LAST; ++number) {
            (, , uint16[] memory missed) = _judge(number);
            points += missed.length;
            assertEq(election.wordOf(killed).has(CandidateWords.JAILED), number >= 89, "in jail from block 89 on");
        }
        assertEq(points, 2);
        assertEq(election.getValidators().length, 4);
        assertEq(election.candidateOfNode(election.getValidators()[0]) != killed, true, "its seat is taken");
    }

    /// A hash that another chain has at that height, or a height that was judged, is refused, whatever the headers.
    function test_RevertWhen_TheReportIsNotThisChainsOrCameBefore() public {
        vm.expectRevert(abi.encodeWithSelector(ITurnCourt.TurnCourtForeignHeader.selector, 85));
        court.reportMissed(_header(84), _header(86));
        court.reportMissed(_header(85), _header(86));
        vm.expectRevert(abi.encodeWithSelector(ITurnCourt.TurnCourtHeightJudged.selector, 86));
        court.reportMissed(_header(85), _header(86));
        vm.setBlockhash(89, keccak256("another chain"));
        vm.expectRevert(abi.encodeWithSelector(ITurnCourt.TurnCourtForeignHeader.selector, 89));
        court.reportMissed(_header(88), _header(89));
        vm.roll(89 + 257);
        vm.expectRevert(abi.encodeWithSelector(ITurnCourt.TurnCourtBlockOutOfReach.selector, 89));
        court.reportMissed(_header(88), _header(89));
    }

    // -------------------- steps

    function _judge(uint256 number) private returns (uint256 skipped, bool blamed, uint16[] memory missed) {
        vm.recordLogs();
        court.reportMissed(_header(number - 1), _header(number));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 count;
        missed = new uint16[](logs.length);
        for (uint256 i = 0; i < logs.length; ++i) {
            bytes32 topic = logs[i].topics[0];
            if (topic == ITurnCourt.TurnsJudged.selector) (skipped, blamed) = abi.decode(logs[i].data, (uint256, bool));
            if (topic == ITurnCourt.TurnMissed.selector) missed[count++] = uint16(uint256(logs[i].topics[1]));
        }
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(missed, count) // shortens, never lengthens
        }
    }

    /// By what was seen, not by turns: who was in the set and made no block from the kill to the restart.
    function _silentNode(address[] memory set) private view returns (address silent) {
        for (uint256 i = 0; i < set.length; ++i) {
            bool isMaker = false;
            for (uint256 number = KILLED_AFTER + 1; number <= RESTARTED_AFTER; ++number) {
                if (this.coinbaseOf(_header(number)) == set[i]) isMaker = true;
            }
            if (!isMaker) silent = set[i];
        }
    }

    function coinbaseOf(bytes calldata header) external pure returns (address coinbase) {
        return header.parse().coinbase;
    }

    function _isBlaming(uint256 number) private pure returns (bool isBlaming) {
        return number >= 86 && number <= 101 && (number - 86) % 3 == 0;
    }

    function _header(uint256 number) private view returns (bytes memory header) {
        return headers[number - FIRST];
    }

    function _recordedSet(string memory json, uint256 number) private pure returns (address[] memory set) {
        return vm.parseJsonAddressArray(json, string.concat(".sets[", vm.toString(number - FIRST), "]"));
    }

    function _deploy(Founder[] memory founders) private {
        AccessManager manager = new AccessManager(address(this));
        ElectionSettings memory settings = ElectionSettings({
            federation: new Federation(address(manager)),
            credit: IERC20(address(0)),
            epochBlocks: 1_000,
            seats: 5,
            turnoutFloorBps: 1_000,
            unlockSeconds: 4_000,
            trustingSeconds: 4_000,
            minimumDepositMicro: 0,
            founderWeight: 1
        });
        election = new AccountantElection(address(manager), settings, founders);
        court = new TurnCourt(
            election,
            TurnSettings({
                timeoutSeconds: 4,
                slackSeconds: 1,
                decayBlocks: 1_000,
                jailSeconds: 3_600,
                absenceBlocks: 0,
                absenceEpochs: 1
            })
        );
        VoteBook votes = new VoteBook(address(manager), election, address(0), 1_000);
        election.bindParts(votes, court, IAccountingRevenue(address(0)));
    }
}

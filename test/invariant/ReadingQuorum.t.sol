// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Reading} from "../../contracts/interfaces/IMeterLedger.sol";
import {IReadingQuorum} from "../../contracts/interfaces/IReadingQuorum.sol";
import {QuorumFixture} from "../utils/QuorumFixture.sol";
import {Test} from "../utils/Test.sol";
import {Vm} from "../utils/Vm.sol";

/// 3 of 5 operators, of whom the last two attest what they like, the truth too; the others attest what was measured,
/// when they like. The devices and the metering operator sign one value per rank and sequence. Remembers each breach of
/// what must never happen, with a list of attestations of its own.
contract QuorumHandler is QuorumFixture {
    uint256 private constant HONEST = 3;
    uint8 private constant NEEDED = 3;

    address[] private _five;
    // who attests what now, and whether it ever had k at once; kept by the handler alone
    mapping(uint256 place => mapping(uint32 meter => bytes32 record)) private _attests;
    mapping(bytes32 record => bool reached) private _reached;
    mapping(bytes32 attestation => bool named) private _named;

    uint256 public stored;
    uint256 public refused;
    uint256 public namings;
    string public breach;

    constructor() {
        setUpQuorum();
        for (uint256 i = 0; i < 5; ++i) _five.push(i < 3 ? three[i] : admitted(i == 3 ? "fourth" : "fifth"));
        setQuorum(FEEDER, NEEDED, _five, QUORUM_SLOT + 100);
        times = calendar.timesOf(QUORUM_SLOT + 100);
        vm.warp(times.deliveryEnd);
    }

    function pass(uint32 time) external {
        uint256 now_ = vm.getBlockTimestamp();
        if (now_ < times.decisionEnd) vm.warp(now_ + bound(time, 1, 2 hours));
    }

    function attestAs(uint256 place, uint32 meter, uint8 status, uint8 sequence, uint32 wh) external {
        place = bound(place, 0, 4);
        Reading memory reading = _reading(meter, status, sequence);
        if (place >= HONEST && wh % 2 != 0) reading.importWh = wh % 4; // else it tells the truth
        vm.recordLogs();
        vm.prank(_five[place]);
        try quorum.attest(words(reading)) {
            _attests[place][reading.meter] = words(reading)[0];
            if (_countOf(reading) >= NEEDED) _reached[words(reading)[0]] = true;
        } catch {
            ++refused;
        }
        _lookAtNames();
    }

    function bring(uint32 meter, uint8 status, uint8 sequence, uint32 wh) external {
        Reading memory reading = _reading(meter, status, sequence);
        // a thief of the keys: what is signed is not the question here
        if (wh % 2 == 0) reading.importWh = wh % 4;
        reading = sign(reading, signerKeyOf(reading.meter, reading.status));
        try ledger.submit(one(reading)) returns (uint32) {
            ++stored;
            if (!_reached[words(reading)[0]]) breach = "a reading is stored that k never attested";
        } catch {
            if (isSame(ledger.readingAt(reading.meter, reading.slot), reading)) breach = "stored though refused";
        }
    }

    /// The one true value of a meter's rank and sequence.
    function _reading(uint32 meter, uint8 status, uint8 sequence) private view returns (Reading memory) {
        meter = meter % 8 == 0 ? 2 : 1; // mostly one, so that they meet
        status = uint8(bound(status, ACTUAL, CORRECTED));
        if (status == SUBSTITUTED) status = ESTIMATED; // one value a rank and sequence
        sequence = sequence % 2;
        return valueIn(QUORUM_SLOT + 100, meter, status, sequence, 10 * meter + status + sequence);
    }

    function _countOf(Reading memory reading) private view returns (uint256 count) {
        for (uint256 i = 0; i < 5; ++i) {
            if (_attests[i][reading.meter] == words(reading)[0]) ++count;
        }
    }

    function _lookAtNames() private {
        bytes32 topic = IReadingQuorum.AttestationContradicted.selector;
        Vm.Log[] memory logs = logsOf(vm.getRecordedLogs(), address(quorum), topic);
        for (uint256 i = 0; i < logs.length; ++i) {
            ++namings;
            address account = address(uint160(uint256(logs[i].topics[2])));
            for (uint256 place = 0; place < HONEST; ++place) {
                if (account == _five[place]) breach = "an honest operator is named";
            }
            (, bytes32 attested, bytes32 reading) = abi.decode(logs[i].data, (uint32, bytes32, bytes32));
            if (!_reached[reading]) breach = "named for what has no quorum";
            bytes32 lie = keccak256(abi.encode(account, attested));
            if (_named[lie]) breach = "named twice for a lie";
            _named[lie] = true;
        }
    }
}

contract ReadingQuorumInvariantTest is Test {
    QuorumHandler private handler;

    function setUp() public {
        handler = new QuorumHandler();
        bytes4[] memory selectors = new bytes4[](5);
        for (uint256 i = 0; i < 3; ++i) selectors[i] = QuorumHandler.attestAs.selector;
        selectors[3] = QuorumHandler.bring.selector;
        selectors[4] = QuorumHandler.pass.selector;
        targetContract(address(handler));
        targetSelector(FuzzSelector(address(handler), selectors));
    }

    function invariant_NothingIsStoredWithoutItsQuorumAndNoHonestOperatorIsNamed() public view {
        assertEq(handler.breach(), "");
    }

    /// The handler does store, refuse and name.
    function test_TheHandlerReachesEachOutcome() public {
        handler.attestAs(3, 1, 1, 0, 3); // a lie
        handler.attestAs(0, 1, 1, 0, 0);
        handler.attestAs(1, 1, 1, 0, 0);
        handler.bring(1, 1, 0, 1);
        assertEq(handler.stored(), 0);
        handler.attestAs(2, 1, 1, 0, 0);
        handler.bring(1, 1, 0, 1);
        handler.attestAs(3, 1, 1, 0, 1); // another value under the same sequence
        assertEq(handler.stored(), 1);
        assertEq(handler.namings(), 1);
        assertEq(handler.refused(), 1);
        assertEq(handler.breach(), "");
    }
}

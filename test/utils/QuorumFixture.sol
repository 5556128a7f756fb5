// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {MemberRole} from "../../contracts/interfaces/IFederation.sol";
import {Reading} from "../../contracts/interfaces/IMeterLedger.sol";
import {IReadingQuorum} from "../../contracts/interfaces/IReadingQuorum.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {StoredReading} from "../../contracts/types/MarketTypes.sol";
import {LedgerFixture} from "./LedgerFixture.sol";

/// @title QuorumFixture
/// @notice LedgerFixture with a quorum of 2 of 3 at its feeder from QUORUM_SLOT on, whose delivery has just ended. The
/// feeder's metering operator is the first of the three.
abstract contract QuorumFixture is LedgerFixture {
    uint32 internal constant QUORUM_SLOT = SLOT + 60; // not yet open when the quorum was set

    address internal council;
    address[] internal three;

    function setUpQuorum() internal {
        setUpLedger();
        council = makeAddr("council");
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = IReadingQuorum.setQuorum.selector;
        manager.setTargetFunctionRole(address(quorum), selectors, Roles.COUNCIL);
        manager.grantRole(Roles.COUNCIL, council, 0);
        three.push(operator);
        three.push(admitted("second"));
        three.push(admitted("third"));
        setQuorum(FEEDER, 2, three, QUORUM_SLOT);
        times = calendar.timesOf(QUORUM_SLOT);
        vm.warp(times.deliveryEnd);
    }

    function admitted(string memory name) internal returns (address account) {
        account = makeAddr(name);
        federation.admit(account, MemberRole.MeteringOperator);
    }

    function setQuorum(uint24 feeder, uint8 needed, address[] memory operators, uint32 fromSlot) internal {
        vm.prank(council);
        quorum.setQuorum(feeder, needed, operators, fromSlot);
    }

    /// The first `count` of the three.
    function some(uint256 count) internal view returns (address[] memory operators) {
        operators = new address[](count);
        for (uint256 i = 0; i < count; ++i) operators[i] = three[i];
    }

    /// A signed reading of QUORUM_SLOT.
    function value(uint32 meter, uint8 status, uint8 sequence, uint32 importWh) internal view returns (Reading memory) {
        return valueIn(QUORUM_SLOT, meter, status, sequence, importWh);
    }

    function valueIn(
        uint32 slot,
        uint32 meter,
        uint8 status,
        uint8 sequence,
        uint32 importWh
    ) internal view returns (Reading memory reading) {
        reading = plain(meter, status, sequence, importWh);
        reading.slot = slot;
        return sign(reading, signerKeyOf(meter, status));
    }

    /// A reading of QUORUM_SLOT without a signature, which attesting does not ask for. Makes no call: it may stand
    /// between `vm.expectRevert` and what is expected to revert.
    function plain(
        uint32 meter,
        uint8 status,
        uint8 sequence,
        uint32 importWh
    ) internal pure returns (Reading memory reading) {
        reading.meter = meter;
        reading.slot = QUORUM_SLOT;
        reading.importWh = importWh;
        reading.exportWh = 3;
        reading.status = status;
        reading.sequence = sequence;
    }

    function words(Reading memory reading) internal pure returns (bytes32[] memory records) {
        records = new bytes32[](1);
        records[0] = recordOf(reading, false);
    }

    function attest(address account, Reading memory reading) internal {
        vm.prank(account);
        quorum.attest(words(reading));
    }

    /// Attested by the first `count` of the three.
    function attestedBy(uint256 count, Reading memory reading) internal returns (Reading memory) {
        for (uint256 i = 0; i < count; ++i) attest(three[i], reading);
        return reading;
    }

    function isSame(StoredReading memory stored, Reading memory reading) internal pure returns (bool) {
        return
            stored.importWh == reading.importWh &&
            stored.exportWh == reading.exportWh &&
            uint8(stored.status) == reading.status &&
            stored.sequence == reading.sequence;
    }
}

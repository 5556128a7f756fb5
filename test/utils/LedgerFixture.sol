// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IDeviceRegistry} from "../../contracts/interfaces/IDeviceRegistry.sol";
import {IFederation, MemberRole} from "../../contracts/interfaces/IFederation.sol";
import {IGridTopology} from "../../contracts/interfaces/IGridTopology.sol";
import {IMeterLedger, Reading} from "../../contracts/interfaces/IMeterLedger.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {MockDeviceRegistry} from "../../contracts/mocks/MockDeviceRegistry.sol";
import {MockGridTopology} from "../../contracts/mocks/MockGridTopology.sol";
import {MeterLedger} from "../../contracts/transaction-chain/energy/MeterLedger.sol";
import {ReadingQuorum} from "../../contracts/transaction-chain/energy/ReadingQuorum.sol";
import {ReadingStatus, SlotTimes, StoredReading} from "../../contracts/types/MarketTypes.sol";
import {MarketFixture} from "./MarketFixture.sol";

/// @title LedgerFixture
/// @notice A ledger, active meters 1 to 40 at feeder 3 with keys of their own, a metering operator, and an account that
/// stands for Settlement.
abstract contract LedgerFixture is MarketFixture {
    uint24 internal constant FEEDER = 3;
    uint32 internal constant METERS = 40;
    uint32 internal constant SLOT = THIS_SLOT;
    uint32 internal constant MAX_WH = 2 ** 24 - 1;

    uint8 internal constant ACTUAL = uint8(ReadingStatus.Actual);
    uint8 internal constant SUBSTITUTED = uint8(ReadingStatus.Substituted);
    uint8 internal constant ESTIMATED = uint8(ReadingStatus.Estimated);
    uint8 internal constant CORRECTED = uint8(ReadingStatus.Corrected);

    MockDeviceRegistry internal devices;
    ReadingQuorum internal quorum;
    MeterLedger internal ledger;
    address internal settlement;
    address internal operator;
    uint256 internal operatorKey;
    SlotTimes internal times; // of SLOT

    function setUpLedger() internal {
        setUpMarket();
        devices = new MockDeviceRegistry();
        quorum = new ReadingQuorum(
            address(manager),
            IGridTopology(address(topology)),
            calendar,
            IFederation(address(federation))
        );
        ledger = new MeterLedger(
            address(manager),
            IDeviceRegistry(address(devices)),
            IGridTopology(address(topology)),
            calendar,
            IFederation(address(federation)),
            quorum
        );
        settlement = makeAddr("settlement");
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = IMeterLedger.bar.selector;
        manager.setTargetFunctionRole(address(ledger), selectors, Roles.SETTLEMENT);
        manager.grantRole(Roles.SETTLEMENT, settlement, 0);
        (operator, operatorKey) = makeAddrAndKey("operator");
        federation.admit(operator, MemberRole.MeteringOperator);
        topology.setParties(FEEDER, MockGridTopology.Parties(0, address(0), address(0), operator));
        for (uint32 meter = 1; meter <= METERS; ++meter) {
            devices.setKey(meter, vm.addr(keyOf(meter)));
            topology.setSite(meter, FEEDER, 10_000);
        }
        times = calendar.timesOf(SLOT);
        vm.warp(times.deliveryEnd);
    }

    function keyOf(uint32 meter) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("meter", meter)));
    }

    function signerKeyOf(uint32 meter, uint8 status) internal view returns (uint256) {
        return status == ACTUAL ? keyOf(meter) : operatorKey;
    }

    /// A reading of SLOT, signed by whom its status asks for; its Wh follow from meter and sequence.
    function signed(uint32 meter, uint8 status, uint8 sequence) internal view returns (Reading memory reading) {
        reading.meter = meter;
        reading.slot = SLOT;
        reading.importWh = meter * 1000 + sequence;
        reading.exportWh = meter;
        reading.status = status;
        reading.sequence = sequence;
        return sign(reading, signerKeyOf(meter, status));
    }

    function sign(Reading memory reading, uint256 key) internal view returns (Reading memory) {
        (reading.r, reading.vs) = vm.signCompact(key, ledger.digestOf(reading));
        return reading;
    }

    function submit(Reading memory reading) internal returns (uint32 batchId) {
        return ledger.submit(one(reading));
    }

    function one(Reading memory reading) internal pure returns (Reading[] memory batch) {
        batch = new Reading[](1);
        batch[0] = reading;
    }

    function assertStored(Reading memory reading) internal view {
        StoredReading memory stored = ledger.readingAt(reading.meter, reading.slot);
        assertEq(stored.importWh, reading.importWh, "import");
        assertEq(stored.exportWh, reading.exportWh, "export");
        assertEq(uint8(stored.status), reading.status, "status");
        assertEq(stored.sequence, reading.sequence, "sequence");
    }

    function recordOf(Reading memory reading, bool changed) internal pure returns (bytes32) {
        return
            bytes32(
                abi.encodePacked(
                    reading.meter,
                    reading.slot,
                    reading.importWh,
                    reading.exportWh,
                    reading.status,
                    reading.sequence,
                    changed,
                    bytes13(0)
                )
            );
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IDeviceRegistry} from "../../interfaces/IDeviceRegistry.sol";
import {IEnergyMarket} from "../../interfaces/IEnergyMarket.sol";
import {IFederation} from "../../interfaces/IFederation.sol";
import {IGridTopology} from "../../interfaces/IGridTopology.sol";
import {IMarketCalendar} from "../../interfaces/IMarketCalendar.sol";
import {IMarketRules} from "../../interfaces/IMarketRules.sol";
import {IMeterLedger} from "../../interfaces/IMeterLedger.sol";
import {ITradeEscrow} from "../../interfaces/ITradeEscrow.sol";
import {OrderWiring} from "../../types/WiringTypes.sol";

/// @title OrderAdmission
/// @notice Who may order for a meter: its holder throughout the profile, active, without arrears, for an active meter
///         that stands in one place and is not barred. Part of EnergyMarket.
/// @dev All outside calls of EnergyMarket go to contracts of the market, named here once.
abstract contract OrderAdmission is IEnergyMarket {
    /// @notice Says who is active.
    IFederation public immutable FEDERATION;
    /// @notice Says who holds a meter.
    IDeviceRegistry public immutable DEVICES;
    /// @notice Says where a meter stands.
    IGridTopology public immutable TOPOLOGY;
    /// @notice Says which slots are open.
    IMarketCalendar public immutable CALENDAR;
    /// @notice Says the bond rate and the minimum of a slot.
    IMarketRules public immutable RULES;
    /// @notice Says which meters are barred.
    IMeterLedger public immutable LEDGER;
    /// @notice Locks what orders may cost.
    ITradeEscrow public immutable ESCROW;

    /// @notice Names the contracts.
    /// @param wiring The contracts that EnergyMarket works with.
    constructor(OrderWiring memory wiring) {
        FEDERATION = wiring.federation;
        DEVICES = wiring.devices;
        TOPOLOGY = wiring.topology;
        CALENDAR = wiring.calendar;
        RULES = wiring.rules;
        LEDGER = wiring.ledger;
        ESCROW = wiring.escrow;
    }

    /// @dev Reverts unless `account` may order for the meter in all slots from `first` to `last`.
    function _admit(
        uint256 index,
        uint32 meter,
        address account,
        uint32 first,
        uint32 last
    ) internal view returns (uint24 feeder, uint32 connectionWh) {
        address holder = DEVICES.holderThroughout(meter, first, last);
        // holder zero: nobody throughout; a signature that recovers to zero is no signature
        if (holder != account || account == address(0)) revert EnergyMarketNotHolder(index, account, holder);
        _requireActive(index, account);
        if (DEVICES.activeMeterKey(meter) == address(0)) revert EnergyMarketMeterNotActive(index, meter);
        if (LEDGER.isBarred(meter)) revert EnergyMarketBarred(index, meter);
        uint64 arrearsMicro = ESCROW.arrearsOf(account);
        if (arrearsMicro != 0) revert EnergyMarketInArrears(index, account, arrearsMicro);
        (feeder, connectionWh) = TOPOLOGY.siteThroughout(meter, first, last);
        if (feeder == 0) revert EnergyMarketNotAtFeeder(index, meter, 0);
    }

    function _requireActive(uint256 index, address account) internal view {
        if (!FEDERATION.isActive(account)) revert EnergyMarketNotActive(index, account);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IArrears} from "../interfaces/IArrears.sol";
import {IDeviceRegistry} from "../interfaces/IDeviceRegistry.sol";
import {IEnergyCredit} from "../interfaces/IEnergyCredit.sol";
import {IFederation} from "../interfaces/IFederation.sol";
import {IGridTopology} from "../interfaces/IGridTopology.sol";
import {IMarketCalendar} from "../interfaces/IMarketCalendar.sol";
import {IMarketRules} from "../interfaces/IMarketRules.sol";
import {IMeterLedger} from "../interfaces/IMeterLedger.sol";
import {ITradeEscrow} from "../interfaces/ITradeEscrow.sol";

/// @notice The contracts that TradeEscrow works with.
struct EscrowWiring {
    IEnergyCredit credit;
    IArrears arrears;
    IFederation federation;
    IDeviceRegistry devices;
    IMarketRules rules;
    IMarketCalendar calendar;
}

/// @notice The contracts that EnergyMarket works with.
struct OrderWiring {
    IFederation federation;
    IDeviceRegistry devices;
    IGridTopology topology;
    IMarketCalendar calendar;
    IMarketRules rules;
    IMeterLedger ledger;
    ITradeEscrow escrow;
}

/** The transaction chain: who is admitted, devices, the energy market and its money. */
import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

import { AccessRole } from "../sdk/enums.js";
import { deployAccessManager, deployFederation, deployGovernance, grantRole, reserveFunctions } from "./access.js";
import { deployElection } from "./election.js";
import type { MarketParameters } from "./parameters.js";
import { EMPTY_GROUND, place, PREDEPLOYED_GROUND, type Ground } from "./predeployed.js";
import { CONTRACT_ROLES, TRANSACTION_FUNCTIONS } from "./wiring.js";

const chainOn = (ground: Ground) =>
  buildModule("TransactionChain", (m) => {
    const slotLength = m.getParameter<number>("slotLengthSeconds");
    const rules = m.getParameter<MarketParameters["rules"]>("rules");
    const windows = m.getParameter<MarketParameters["windows"]>("windows");
    const disputeBond = m.getParameter<bigint>("disputeBondMicro");

    const FederationAccessManager = deployAccessManager(m, ground);
    const Federation = deployFederation(m, ground, FederationAccessManager);
    const EnergyCredit = place(m, ground, "EnergyCredit", () => [FederationAccessManager]);
    const election = deployElection(m, ground, {
      manager: FederationAccessManager,
      federation: Federation,
      credit: EnergyCredit,
      reserve: "issuer",
    });
    const { AccountantElection, VoteBook, TurnCourt } = election;
    const governance = deployGovernance(m, FederationAccessManager, Federation, AccountantElection);
    const NodeDirectory = m.contract("NodeDirectory", [Federation]);
    const BackupRegister = m.contract("BackupRegister", [Federation]);
    const AccountingRevenue = place(m, ground, "AccountingRevenue", () => [
      FederationAccessManager,
      EnergyCredit,
      AccountantElection,
      m.getParameter<number>("voterBps"),
    ]);
    const MarketRules = m.contract("MarketRules", [FederationAccessManager, slotLength, rules, windows]);
    const MarketCalendar = m.contract("MarketCalendar", [MarketRules, Federation]);
    const DeviceRegistry = m.contract("DeviceRegistry", [Federation, MarketCalendar]);
    const GridTopology = m.contract("GridTopology", [
      FederationAccessManager,
      Federation,
      MarketCalendar,
      DeviceRegistry,
    ]);
    const Tariffs = m.contract("Tariffs", [GridTopology, MarketCalendar, MarketRules, Federation]);
    const ReadingQuorum = m.contract("ReadingQuorum", [
      FederationAccessManager,
      GridTopology,
      MarketCalendar,
      Federation,
    ]);
    const MeterLedger = m.contract("MeterLedger", [
      FederationAccessManager,
      DeviceRegistry,
      GridTopology,
      MarketCalendar,
      Federation,
      ReadingQuorum,
    ]);
    const Arrears = m.contract("Arrears", [FederationAccessManager]);
    const TradeEscrow = m.contract("TradeEscrow", [
      FederationAccessManager,
      {
        credit: EnergyCredit,
        arrears: Arrears,
        federation: Federation,
        devices: DeviceRegistry,
        rules: MarketRules,
        calendar: MarketCalendar,
      },
    ]);
    m.call(Arrears, "bindEscrow", [TradeEscrow]);
    m.call(TradeEscrow, "bindFeesAccount", [AccountingRevenue]);
    m.call(AccountingRevenue, "bindParts", [TradeEscrow, VoteBook]);
    m.call(VoteBook, "bindRevenue", [AccountingRevenue]);
    m.call(AccountantElection, "bindParts", [VoteBook, TurnCourt, AccountingRevenue]);
    const EnergyMarket = m.contract("EnergyMarket", [
      FederationAccessManager,
      {
        federation: Federation,
        devices: DeviceRegistry,
        topology: GridTopology,
        calendar: MarketCalendar,
        rules: MarketRules,
        ledger: MeterLedger,
        escrow: TradeEscrow,
      },
    ]);
    const BilateralContracts = m.contract("BilateralContracts", [
      { market: EnergyMarket, topology: GridTopology, tariffs: Tariffs, rules: MarketRules, escrow: TradeEscrow },
    ]);
    const Clearing = m.contract("Clearing", [
      {
        market: EnergyMarket,
        bilaterals: BilateralContracts,
        topology: GridTopology,
        calendar: MarketCalendar,
        rules: MarketRules,
        tariffs: Tariffs,
        escrow: TradeEscrow,
      },
    ]);
    const Disputes = m.contract("Disputes", [
      {
        federation: Federation,
        topology: GridTopology,
        calendar: MarketCalendar,
        clearing: Clearing,
        ledger: MeterLedger,
        escrow: TradeEscrow,
      },
      disputeBond,
    ]);

    const Settlement = m.contract("Settlement", [
      {
        escrow: TradeEscrow,
        accountingFees: AccountingRevenue,
        clearing: Clearing,
        market: EnergyMarket,
        ledger: MeterLedger,
        calendar: MarketCalendar,
        rules: MarketRules,
        tariffs: Tariffs,
        topology: GridTopology,
        registry: DeviceRegistry,
      },
    ]);

    const contracts = {
      FederationAccessManager,
      Federation,
      ...governance,
      NodeDirectory,
      BackupRegister,
      EnergyCredit,
      GridTopology,
      DeviceRegistry,
      MarketRules,
      MarketCalendar,
      Tariffs,
      ReadingQuorum,
      MeterLedger,
      TradeEscrow,
      Arrears,
      ...election,
      AccountingRevenue,
      EnergyMarket,
      BilateralContracts,
      Clearing,
      Disputes,
      Settlement,
    };
    reserveFunctions(m, FederationAccessManager, TRANSACTION_FUNCTIONS, contracts);
    for (const { role, contracts: holders } of CONTRACT_ROLES) {
      for (const holder of holders) grantRole(m, FederationAccessManager, role, contracts[holder], holder);
    }
    grantRole(m, FederationAccessManager, AccessRole.Council, m.getParameter<string>("council"), "council");
    grantRole(m, FederationAccessManager, AccessRole.Issuer, m.getParameter<string>("issuer"), "issuer");
    grantRole(m, FederationAccessManager, AccessRole.Regulator, m.getParameter<string>("regulator"), "regulator");
    return contracts;
  });

export default chainOn(EMPTY_GROUND);
/** The same on a chain whose genesis block holds the predeployed contracts. */
export const predeployedTransactionChain = chainOn(PREDEPLOYED_GROUND);

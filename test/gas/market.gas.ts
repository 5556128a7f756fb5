/**
 * The market's main functions, measured in one small day with the real contracts: ten homes on three feeders of two
 * districts, two slots. The day runs once for all scenarios, for deploying everything takes longer than trading.
 */
import type { TransactionReceipt } from "ethers";

import { clearTree, closeTree } from "../../sdk/actions/clearing.js";
import { approveCredits, issueCredits } from "../../sdk/actions/credits.js";
import { deposit, withdraw } from "../../sdk/actions/escrow.js";
import { acceptBilateral, bilateralContractsOf, cancelOrder } from "../../sdk/actions/orders.js";
import { finalizeSlot, settleSlot } from "../../sdk/actions/settlement.js";
import { withSigner } from "../../sdk/connect.js";
import { Side } from "../../sdk/enums.js";
import { signBilateral } from "../../sdk/signing/orders.js";
import type { GasScenario, GasScenarios } from "../../scripts/gas/scenario.js";
import type { Grid, GridFeeder } from "../../scripts/grid/index.js";
import { MarketStage, type StageOrder } from "../../scripts/market/stage.js";
import { transactionsOf } from "../../scripts/market/transactions.js";
import type { NeighbourHome } from "../../scripts/neighbourhood.js";

const SEED = 1;
const SLOTS = 24;
const FEEDERS = ["North", "East", "South"] as const;
/** The last home of the South orders nothing. */
const HOMES: Readonly<Record<(typeof FEEDERS)[number], number>> = { North: 4, East: 3, South: 3 };

type Receipts = ReadonlyMap<string, TransactionReceipt>;

/** Runs the day and keeps what it measures, by the scenarios' names. */
async function recordDay(): Promise<Receipts> {
  const stage = await MarketStage.open({ seed: SEED, grid: smallGrid() });
  try {
    return new Map([...(await setUp(stage)), ...(await tradingDay(stage))]);
  } finally {
    await stage.close();
  }
}

/** What admitted the neighbourhood: the last of each kind, when nothing is new any more but the home itself. */
async function setUp(stage: MarketStage): Promise<Receipts> {
  const { transaction } = stage.network;
  const sent = await transactionsOf(transaction, 1, await transaction.provider.getBlockNumber());
  const receipts = new Map<string, TransactionReceipt>();
  for (const [name, call] of SET_UP) {
    const last = sent.findLast((transaction) => transaction.call === call);
    const receipt = last && (await transaction.provider.getTransactionReceipt(last.hash));
    if (receipt !== null && receipt !== undefined) receipts.set(name, receipt);
  }
  return receipts;
}

const SET_UP = [
  ["Federation.admitUser", "Federation.admitUser"],
  ["DeviceRegistry.register", "DeviceRegistry.register"],
  ["DeviceRegistry.activate", "DeviceRegistry.activate"],
  ["GridTopology.placeMeter", "GridTopology.placeMeter"],
  ["Tariffs.setStandingPrice", "Tariffs.setStandingPrice"],
  ["TradeEscrow.depositWithPermit, first deposit", "TradeEscrow.depositWithPermit"],
] as const;

async function tradingDay(stage: MarketStage): Promise<Receipts> {
  const { chain, view } = stage;
  const receipts = new Map<string, TransactionReceipt>();
  const keep = (name: string, receipt: TransactionReceipt | undefined): void => {
    if (receipt !== undefined) receipts.set(name, receipt);
  };
  const slot = stage.neighbourhood.firstSlot;
  const city = stage.neighbourhood.cities[0]?.area ?? 0n;
  const [first, second] = stage.homesOf("North") as [NeighbourHome, NeighbourHome];

  await stage.until(slot + BigInt(SLOTS) - 1n, "opens");
  for (const feeder of FEEDERS) {
    const homes = stage.homesOf(feeder).slice(0, feeder === "South" ? -1 : undefined);
    const orders = await stage.sign(homes.map((home, index) => orderOf(home, index, slot)));
    const [relayed] = await stage.relay(homes[0]?.feeder.area ?? 0n, orders);
    if (feeder === "North") {
      keep(`EnergyMarket.relay, 4 profiles of ${SLOTS} slots, new accounts and books`, relayed);
      const [order] = orders;
      const own = withSigner(chain, first.chain.signer);
      if (order !== undefined)
        keep("EnergyMarket.cancel, 1 slot", await cancelOrder(own, { order: order.order, places: [1] }));
    }
    if (feeder === "East") keep(`EnergyMarket.relay, 3 profiles of ${SLOTS} slots, new accounts and books`, relayed);
  }
  keep("BilateralContracts.accept, 1 slot", await contract(stage, slot));

  await stage.until(slot, "gateClosure");
  const [books] = await clearTree(chain, view, { city, slot });
  keep("Clearing.multicall, the books of a tree of 3 feeders and 9 orders", books);
  keep("Clearing.close, 9 orders and 1 contract", await closeTree(chain, view, { city, slot }));

  await stage.until(slot, "deliveryEnd");
  const homes = stage.neighbourhood.homes;
  const readings = homes.map((home, index) => ({
    home,
    importWh: BigInt(600 + index),
    exportWh: BigInt(700 * (index % 2)),
  }));
  keep("MeterLedger.submit, 10 readings, real registry", (await stage.read(slot, readings))[0]);
  const settled = await settleSlot(chain, view, { city, slot });
  keep("Settlement.multicall, settle 9 homes and 1 home of 3 without order", settled[0]);
  await stage.until(slot, "finalDate");
  const final = await finalizeSlot(chain, view, { city, slot });
  keep("Settlement.multicall, finalize 9 homes and 1 without order", final[0]);

  await issueCredits(withSigner(stage.network.transaction, stage.network.operators.transaction.issuer), {
    to: second.chain.signer.address,
    amountMicro: 2_000_000n,
    paymentReference: `0x${"01".repeat(32)}`,
  });
  const spender = chain.deployment.contracts.TradeEscrow.address;
  await approveCredits(second.chain, { spender, amountMicro: 2_000_000n });
  keep("TradeEscrow.deposit, account has credits", await deposit(second.chain, { amountMicro: 2_000_000n }));
  keep("TradeEscrow.withdraw, part", await withdraw(second.chain, { amountMicro: 1_000_000n }));
  return receipts;
}

/** Homes buy and sell by turns, at limits that cross on the feeder for the first two and in the city for the others. */
function orderOf(home: NeighbourHome, index: number, firstSlot: bigint): StageOrder {
  const side = index % 2 === 0 ? Side.Buy : Side.Sell;
  const limit = side === Side.Buy ? 280_000n - 20_000n * BigInt(index) : 110_000n + 10_000n * BigInt(index);
  return { home, side, firstSlot, wh: Array.from({ length: SLOTS }, () => 500n + 100n * BigInt(index)), limit };
}

/** A buyer of the North and a seller of the East, beside their orders. */
async function contract(stage: MarketStage, firstSlot: bigint): Promise<TransactionReceipt> {
  const buyer = stage.homesOf("North")[0];
  const seller = stage.homesOf("East")[1];
  if (buyer === undefined || seller === undefined) throw new Error("the stage lacks its homes");
  const terms = {
    buyMeter: buyer.meter,
    sellMeter: seller.meter,
    firstSlot,
    price: 200_000n,
    wh: [300n],
    nonce: 1n,
    acceptDeadline: 2n ** 40n,
  };
  const signed = await signBilateral(bilateralContractsOf(stage.chain), {
    terms,
    buyer: buyer.chain.signer,
    seller: seller.chain.signer,
  });
  return acceptBilateral(stage.chain, signed);
}

function smallGrid(): Grid {
  const feederOf = (name: (typeof FEEDERS)[number]): GridFeeder => ({
    name,
    supplier: "Supplier",
    gridOperator: "Grid operator",
    meteringOperator: "Metering operator",
    feeMicroPerKwh: 5_000,
    capacityWh: null,
    homes: Array.from({ length: HOMES[name] }, (_, index) => ({ home: `${name} ${index + 1}`, connectionWh: 8_000 })),
  });
  const districtOf = (
    name: string,
    feeders: readonly (typeof FEEDERS)[number][],
  ): Grid["cities"][number]["districts"][number] => ({
    name,
    feeMicroPerKwh: 8_000,
    capacityWh: null,
    feeders: feeders.map(feederOf),
  });
  const districts = [districtOf("Upper", ["North", "East"]), districtOf("Lower", ["South"])];
  return { version: 1, cities: [{ name: "City", districts }] };
}

let day: Promise<Receipts> | undefined;

function measured(name: string): GasScenario {
  return async () => {
    day ??= recordDay();
    const receipt = (await day).get(name);
    if (receipt === undefined) throw new Error(`the day has no ${name}`);
    return receipt;
  };
}

const NAMES = [
  ...SET_UP.map(([name]) => name),
  `EnergyMarket.relay, 4 profiles of ${SLOTS} slots, new accounts and books`,
  `EnergyMarket.relay, 3 profiles of ${SLOTS} slots, new accounts and books`,
  "EnergyMarket.cancel, 1 slot",
  "BilateralContracts.accept, 1 slot",
  "Clearing.multicall, the books of a tree of 3 feeders and 9 orders",
  "Clearing.close, 9 orders and 1 contract",
  "MeterLedger.submit, 10 readings, real registry",
  "Settlement.multicall, settle 9 homes and 1 home of 3 without order",
  "Settlement.multicall, finalize 9 homes and 1 without order",
  "TradeEscrow.deposit, account has credits",
  "TradeEscrow.withdraw, part",
];

export const scenarios: GasScenarios = Object.fromEntries(NAMES.map((name) => [name, measured(name)]));

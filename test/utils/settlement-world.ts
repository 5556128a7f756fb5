/**
 * Settlement on the real TradeEscrow and Arrears, the rest of the market a mock: for tests that set a slot's trades and
 * readings directly. Everything here is a function; loading the file does nothing.
 */
import type { HardhatEthers } from "@nomicfoundation/hardhat-ethers/types";
import type { NetworkHelpers } from "@nomicfoundation/hardhat-network-helpers/types";
import { getAddress, toBeHex, zeroPadValue, type ContractTransactionReceipt } from "ethers";

import { AccessRole, ReadingStatus, type Side } from "../../sdk/enums.js";
import {
  hashWords,
  packPosition,
  packTrade,
  unpackDelivered,
  unpackOutcomes,
  unpackParties,
  type Outcome,
  type PartyOutcome,
  type Position,
  type Trade,
} from "../../sdk/records.js";
import { pathFees, type FeederTerms, type SlotReading, type SlotTrade } from "../../sdk/settlement/index.js";

export const CITY = 1n;
export const SLOT_SECONDS = 3_600n;
/** From delivery start to the dates of SettlementWorldMock, in seconds. */
export const OPENS_BEFORE = 48n * 3_600n;
export const READING_END = 7n * 3_600n;
export const FINAL_DATE = 67n * 3_600n;
export const RULES = {
  bondRate: 500_000n,
  escalationRate: 100_000n,
  retailCap: 400_000n,
  edgeFeeCap: 50_000n,
  minimumOrderWh: 10n,
  escalationThreshold: 1n,
  escalationWindow: 32n,
  accountingFeeMicro: 1_000n,
  reservePerMeterMicro: 0n,
};

export interface WorldStage {
  readonly ethers: HardhatEthers;
  readonly networkHelpers: NetworkHelpers;
}

/** A meter with its side in the slot. */
export interface WorldMeter {
  readonly meter: bigint;
  readonly feeder: bigint;
  readonly side: typeof Side.Buy | typeof Side.Sell;
}

/** What a settlement emitted. */
export interface Settled {
  readonly outcomes: readonly Outcome[];
  readonly parties: readonly PartyOutcome[];
  readonly deliveredWh: readonly bigint[];
  readonly gasUsed: bigint;
}

/** The words of SlotClosed. */
export interface ClosedSlot {
  readonly positions: readonly string[];
  readonly trades: readonly string[];
}

export type SettlementWorld = Awaited<ReturnType<typeof settlementWorld>>;

/** An account that nobody needs a key for. */
export const accountOf = (number: bigint): string => getAddress(zeroPadValue(toBeHex(0xb00000n + number), 20));

/** `words` of the last settlement of each slot, by slot. */
interface Prior {
  readonly outcomes: readonly string[];
  readonly parties: readonly string[];
}

/** Deploys everything, with the given feeders' terms in force. */
export async function settlementWorld(stage: WorldStage, feeders: readonly FeederTerms[]) {
  const { ethers } = stage;
  const [admin] = await ethers.getSigners();
  if (admin === undefined) throw new Error("The chain has no accounts.");
  const manager = await ethers.deployContract("AccessManager", [admin.address]);
  const credit = await ethers.deployContract("EnergyCredit", [manager]);
  const arrears = await ethers.deployContract("Arrears", [manager]);
  const world = await ethers.deployContract("SettlementWorldMock");
  const [federation, devices, rules, calendar] = [world, world, world, world];
  const wiring = { credit, arrears, federation, devices, rules, calendar };
  const escrow = await ethers.deployContract("TradeEscrow", [manager, wiring]);
  const settlement = await ethers.deployContract("Settlement", [
    {
      escrow,
      accountingFees: world,
      clearing: world,
      market: world,
      ledger: world,
      calendar,
      rules,
      tariffs: world,
      topology: world,
      registry: world,
    },
  ]);
  await arrears.bindEscrow(escrow);
  await escrow.bindFeesAccount(world);
  await manager.grantRole(AccessRole.Issuer, admin, 0);
  await manager.grantRole(AccessRole.Market, admin, 0);
  await manager.grantRole(AccessRole.Settlement, settlement, 0);
  const allow = async (target: typeof credit | typeof escrow, names: string[], role: bigint) => {
    const selectors = names.map((name) => target.interface.getFunction(name as never)?.selector ?? "");
    await manager.setTargetFunctionRole(target, selectors, role);
  };
  await allow(credit, ["issue"], AccessRole.Issuer);
  await allow(escrow, ["lock"], AccessRole.Market);
  await allow(escrow, ["post", "release"], AccessRole.Settlement);
  await world.setRules(RULES);
  for (const f of feeders) await world.setTerms(f.feeder, { ...f, city: CITY, meteringOperator: world });
  const terms = new Map(feeders.map((f) => [f.feeder, f]));
  const priors = new Map<bigint, Prior>();
  let payments = 0n;

  const termsOf = (feeder: bigint): FeederTerms => {
    const known = terms.get(feeder);
    if (known === undefined) throw new Error(`no feeder ${feeder}`);
    return known;
  };

  /** Locks of a slot: buyers at price and fees, sellers at the bond rate; rounded up for each trade. */
  const locksOf = (meters: readonly WorldMeter[], trades: readonly SlotTrade[]): Map<bigint, bigint> => {
    const feederOf = new Map(meters.map((m) => [m.meter, termsOf(m.feeder)]));
    const locks = new Map(meters.map((m) => [m.meter, 0n]));
    for (const trade of trades) {
      const [buyer, seller] = [feederOf.get(trade.buyMeter), feederOf.get(trade.sellMeter)];
      if (buyer === undefined || seller === undefined) throw new Error("a trade of a meter that is not there");
      const { buyerFee } = pathFees(trade.level, buyer, seller);
      const add = (meter: bigint, rate: bigint) =>
        locks.set(meter, (locks.get(meter) ?? 0n) + (trade.wh * rate + 999n) / 1000n);
      add(trade.buyMeter, trade.price + buyerFee);
      add(trade.sellMeter, RULES.bondRate);
    }
    return locks;
  };

  const priorOf = (slot: bigint): Prior => priors.get(slot) ?? { outcomes: [], parties: [] };

  const sendSettle = (slot: bigint, { positions, trades }: ClosedSlot) => {
    const { outcomes, parties } = priorOf(slot);
    return settlement.settle(CITY, slot, [...positions], [...trades], [...outcomes], [...parties]);
  };

  const sendFinalize = (slot: bigint) => {
    const { outcomes, parties } = priorOf(slot);
    return settlement.finalize(CITY, slot, [...outcomes], [...parties]);
  };

  return {
    admin,
    escrow,
    settlement,
    world,

    async fund(account: string, amountMicro: bigint): Promise<void> {
      await credit.issue(admin, amountMicro, zeroPadValue(toBeHex(++payments), 32));
      await credit.approve(escrow, amountMicro);
      await escrow.depositFor(account, amountMicro);
    },

    async place(meter: bigint, feeder: bigint, connectionWh: bigint): Promise<void> {
      await world.placeMeter(feeder, meter, connectionWh, accountOf(meter));
    },

    async read(slot: bigint, readings: ReadonlyMap<bigint, SlotReading | undefined>): Promise<void> {
      const all = [...readings].map(([meter, r]) => ({
        meter,
        ...(r ?? { importWh: 0n, exportWh: 0n, status: ReadingStatus.None }),
      }));
      for (let i = 0; i < all.length; i += 200) await world.setReadings(slot, all.slice(i, i + 200));
    },

    /** What Clearing.close would leave: positions and trades committed, their locks taken. Meters ascending. */
    async close(slot: bigint, meters: readonly WorldMeter[], trades: readonly SlotTrade[]): Promise<ClosedSlot> {
      const locks = locksOf(meters, trades);
      const places = new Map(meters.map((m, i) => [m.meter, BigInt(i)]));
      const feederOf = new Map(meters.map((m) => [m.meter, m.feeder]));
      const positions = meters.flatMap((m) => {
        const filledLock = locks.get(m.meter) ?? 0n;
        const position: Position = {
          ...m,
          side: BigInt(m.side),
          filledLock,
          unlocked: 0n,
          account: accountOf(m.meter),
        };
        return packPosition(position);
      });
      const words = trades.map((t) => {
        const trade: Trade = {
          ...t,
          level: BigInt(t.level),
          buyFeeder: feederOf.get(t.buyMeter) ?? 0n,
          sellFeeder: feederOf.get(t.sellMeter) ?? 0n,
          buyIndex: 0n,
          sellIndex: 0n,
          buyPos: places.get(t.buyMeter) ?? 0n,
          sellPos: places.get(t.sellMeter) ?? 0n,
        };
        return packTrade(trade);
      });
      for (const [meter, lock] of locks) if (lock !== 0n) await escrow.lock(accountOf(meter), lock, slot);
      await world.setPositionsHash(CITY, slot, hashWords([hashWords(positions), hashWords(words)]));
      return { positions, trades: words };
    },

    /** Settles with the words of the last time; undefined when nothing changed. */
    async settle(slot: bigint, closed: ClosedSlot): Promise<Settled | undefined> {
      const sent = await sendSettle(slot, closed);
      const receipt = await sent.wait();
      if (receipt === null) throw new Error("not mined");
      const words = slotSettledOf(receipt);
      if (words === undefined) return undefined;
      priors.set(slot, words);
      return {
        outcomes: unpackOutcomes(words.outcomes),
        parties: unpackParties(words.parties),
        deliveredWh: unpackDelivered(words.delivered, closed.trades.length),
        gasUsed: receipt.gasUsed,
      };
    },

    /** Sends `settle` without looking at what it emits. */
    sendSettle,

    sendFinalize,

    /** Finalizes with the words of the last time; the gas it used. */
    async finalize(slot: bigint): Promise<bigint> {
      return (await (await sendFinalize(slot)).wait())?.gasUsed ?? 0n;
    },

    async balanceOf(account: string): Promise<bigint> {
      return (await escrow.accountOf(account)).balanceMicro;
    },
  };

  function slotSettledOf(receipt: ContractTransactionReceipt) {
    for (const log of receipt.logs) {
      const event = settlement.interface.parseLog(log);
      if (event?.name !== "SlotSettled") continue;
      const [, , outcomes, parties, delivered] = event.args as unknown as [
        bigint,
        bigint,
        string[],
        string[],
        string[],
      ];
      return { outcomes: [...outcomes], parties: [...parties], delivered: [...delivered] };
    }
    return undefined;
  }
}

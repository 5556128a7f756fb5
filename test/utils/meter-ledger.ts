/** A MeterLedger over mocks, and readings for it; for tests and gas scenarios. */
import type { HardhatEthers } from "@nomicfoundation/hardhat-ethers/types";
import type { NetworkHelpers } from "@nomicfoundation/hardhat-network-helpers/types";
import { keccak256, Signature, toBeHex, Wallet } from "ethers";

import type { MeterLedger, ReadingQuorum } from "../../typechain-types/index.js";
import type { ReadingStruct } from "../../typechain-types/contracts/interfaces/IMeterLedger.js";

export const SLOT_LENGTH = 3600n;
export const ACTUAL = 1n;
export const ESTIMATED = 3n;
export const READING_TYPES = {
  Reading: [
    { name: "meter", type: "uint32" },
    { name: "slot", type: "uint32" },
    { name: "importWh", type: "uint32" },
    { name: "exportWh", type: "uint32" },
    { name: "status", type: "uint8" },
    { name: "sequence", type: "uint8" },
  ],
};

const METERING_OPERATOR = 3n; // MemberRole
const FEEDER = 3n;
const RULES = {
  bondRate: 1_100_000n,
  escalationRate: 100_000n,
  retailCap: 1_000_000n,
  edgeFeeCap: 50_000n,
  minimumOrderWh: 10n,
  escalationThreshold: 3n,
  escalationWindow: 24n,
  accountingFeeMicro: 100n,
  reservePerMeterMicro: 1_000_000n,
};
const WINDOWS = {
  opensBefore: 172_800n,
  gateBefore: 1_800n,
  feederBefore: 1_200n,
  districtBefore: 900n,
  cityBefore: 600n,
  readingFor: 21_600n,
  disputeFor: 86_400n,
  decisionFor: 86_400n,
  finalFor: 43_200n,
};

export type ReadingMessage = Omit<ReadingStruct, "r" | "vs">;

export interface LedgerStage {
  readonly federation: string;
  readonly quorum: ReadingQuorum;
  readonly ledger: MeterLedger;
  /** Keys of the active meters, from meter 1 on. */
  readonly keys: readonly Wallet[];
  readonly operator: Wallet;
  /** A slot that has ended; readings of it are in time. */
  readonly slot: bigint;
}

const walletOf = (number: number): Wallet => new Wallet(keccak256(toBeHex(number, 32)));

/** A ledger with `count` active meters at one feeder. */
export async function deployLedger(
  ethers: HardhatEthers,
  networkHelpers: NetworkHelpers,
  count: number,
): Promise<LedgerStage> {
  const [admin] = await ethers.getSigners();
  if (!admin) throw new Error("The chain has no accounts.");
  const manager = await ethers.deployContract("AccessManager", [admin.address]);
  const federation = await ethers.deployContract("MockFederation");
  const topology = await ethers.deployContract("MockGridTopology");
  const devices = await ethers.deployContract("MockDeviceRegistry");
  const rules = await ethers.deployContract("MarketRules", [manager, SLOT_LENGTH, RULES, WINDOWS]);
  const calendar = await ethers.deployContract("MarketCalendar", [rules, federation]);
  const quorum = await ethers.deployContract("ReadingQuorum", [manager, topology, calendar, federation]);
  const ledger = await ethers.deployContract("MeterLedger", [manager, devices, topology, calendar, federation, quorum]);
  const operator = walletOf(1_000_000);
  await federation.admit(operator.address, METERING_OPERATOR);
  await topology.setParties(FEEDER, {
    fromSlot: 0n,
    supplier: operator.address,
    gridOperator: operator.address,
    meteringOperator: operator.address,
  });
  const keys = Array.from({ length: count }, (_, i) => walletOf(i + 1));
  const addresses = keys.map((key) => key.address);
  await devices.setKeys(1, addresses);
  await topology.setSites(1, count, FEEDER, 10_000n);
  const slot = BigInt(await networkHelpers.time.latest()) / SLOT_LENGTH + 10n;
  await networkHelpers.time.increaseTo((slot + 1n) * SLOT_LENGTH);
  return { federation: await federation.getAddress(), quorum, ledger, keys, operator, slot };
}

export async function signReading(ledger: MeterLedger, key: Wallet, message: ReadingMessage): Promise<ReadingStruct> {
  const { name, version, chainId, verifyingContract } = await ledger.eip712Domain();
  const text = await key.signTypedData({ name, version, chainId, verifyingContract }, READING_TYPES, message);
  const { r, yParityAndS } = Signature.from(text);
  return { ...message, r, vs: yParityAndS };
}

/** One reading of each meter in one slot: actual ones by the meters, all others by the operator. */
export async function batchOf(
  { ledger, keys, operator }: LedgerStage,
  slot: bigint,
  status: bigint,
): Promise<ReadingStruct[]> {
  return Promise.all(
    keys.map((key, i) =>
      signReading(ledger, status === ACTUAL ? key : operator, {
        meter: BigInt(i + 1),
        slot,
        importWh: BigInt(1_000 + i),
        exportWh: BigInt(i % 3),
        status,
        sequence: 0n,
      }),
    ),
  );
}

/**
 * The deployment file: one per network, for both chains. Everything that connects (SDK, scripts, oracle, audit) reads
 * this format; nothing here touches the file system.
 */
import { z } from "zod";

import { CommonwattError } from "../errors.js";

/** Version of the file's format. */
export const DEPLOYMENT_VERSION = 1;

/** Contracts of the transaction chain, by the names used in deployment files. */
export const TRANSACTION_CONTRACTS = [
  "FederationAccessManager",
  "Federation",
  "FederationGovernor",
  "EmergencySuspension",
  "NodeDirectory",
  "BackupRegister",
  "EnergyCredit",
  "GridTopology",
  "DeviceRegistry",
  "MarketRules",
  "MarketCalendar",
  "Tariffs",
  "ReadingQuorum",
  "MeterLedger",
  "EnergyMarket",
  "BilateralContracts",
  "Clearing",
  "TradeEscrow",
  "Arrears",
  "Settlement",
  "Disputes",
  "AccountantElection",
  "VoteBook",
  "TurnCourt",
  "AccountingRevenue",
  "HeaderAnchors",
] as const;

/** Contracts of the user chain, by the names used in deployment files. */
export const USER_CONTRACTS = [
  "FederationAccessManager",
  "Federation",
  "FederationGovernor",
  "EmergencySuspension",
  "NodeDirectory",
  "BackupRegister",
  "AccountantElection",
  "VoteBook",
  "TurnCourt",
  "HeaderAnchors",
  "PersonalRecords",
  "RecordGrants",
  "KeyDirectory",
] as const;

export type TransactionContractName = (typeof TRANSACTION_CONTRACTS)[number];
export type UserContractName = (typeof USER_CONTRACTS)[number];

export const addressSchema = z.string().regex(/^0x[0-9a-fA-F]{40}$/, "is not an address (0x and 40 hex digits)");
export const hashSchema = z.string().regex(/^0x[0-9a-f]{64}$/, "is not a hash (0x and 64 lower-case hex digits)");
const whole = z.number().int().nonnegative();

/** A log of a constructor that no transaction ran: the contract stands in the genesis block. */
export const genesisLogSchema = z.strictObject({
  address: addressSchema,
  topics: z.array(hashSchema).max(4),
  data: z.string().regex(/^0x([0-9a-f]{2})*$/, "is no bytes in lower-case hex"),
});

const contractSchema = z.strictObject({ address: addressSchema, codeHash: hashSchema });

const chainShape = {
  chainId: whole.positive(),
  genesisHash: hashSchema,
  /** The first block with events of the contracts; 0 where the genesis block holds some of them. */
  deploymentBlock: whole,
  rpcUrl: z.url().optional(),
  /** What the constructors of the genesis block's contracts emitted, in order: events of block 0, which has no receipts. */
  genesisLogs: z.array(genesisLogSchema).optional(),
};

const contractsOf = <Name extends string>(names: readonly Name[]) =>
  z.object(Object.fromEntries(names.map((name) => [name, contractSchema])) as Record<Name, typeof contractSchema>);

/** The zod schema of a deployment file. A file may name further contracts; they are kept out of the result. */
export const deploymentSchema = z.strictObject({
  version: z.literal(DEPLOYMENT_VERSION),
  network: z.string().min(1),
  chains: z.strictObject({
    transaction: z.strictObject({ ...chainShape, contracts: contractsOf(TRANSACTION_CONTRACTS) }),
    user: z.strictObject({ ...chainShape, contracts: contractsOf(USER_CONTRACTS) }),
  }),
});

/** Where a network's two chains and their contracts are. */
export type Deployment = z.infer<typeof deploymentSchema>;
export type TransactionDeployment = Deployment["chains"]["transaction"];
export type UserDeployment = Deployment["chains"]["user"];
export type ContractDeployment = z.infer<typeof contractSchema>;
export type GenesisLog = z.infer<typeof genesisLogSchema>;

/** The text of a deployment file to a deployment; `source` (the file's name) stands in every message. */
export function parseDeployment(text: string, source: string): Deployment {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new CommonwattError("DeploymentNotJson", { source, reason: (cause as Error).message }, { cause });
  }
  return validateDeployment(json, source);
}

/** A parsed JSON value to a deployment. */
export function validateDeployment(json: unknown, source: string): Deployment {
  const result = deploymentSchema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path.join(".") ?? "";
  throw new CommonwattError("DeploymentInvalid", { source, path, reason: issue?.message ?? "unknown" });
}

/** A deployment to the text of its file. */
export function formatDeployment(deployment: Deployment): string {
  return `${JSON.stringify(deployment, null, 2)}\n`;
}

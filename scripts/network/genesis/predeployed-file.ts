/**
 * `CHAIN/predeployed.json`: what the constructors of a genesis block's contracts were given, where the contracts stand,
 * and the logs of block 0. From the first part alone anyone makes the genesis file again, and compares.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { keccak256 } from "ethers";
import { z } from "zod";

import { addressSchema, genesisLogSchema, hashSchema } from "../../../sdk/deployments/index.js";
import { InputError } from "../../inputs/error.js";
import { CHAIN_NAMES, type ChainName } from "../network-file.js";
import { genesisHash, genesisText } from "./genesis-file.js";
import type { PredeployOptions } from "./predeploy.js";

const whole = z.number().int().nonnegative();
/** JSON has no integers above 2^53. */
const decimal = z
  .string()
  .regex(/^\d+$/, "is not a whole number as text")
  .transform((text) => BigInt(text));

/** What the constructors were given, and the genesis file besides. */
const sourceSchema = z.strictObject({
  chain: z.enum(CHAIN_NAMES),
  chainId: whole.positive(),
  /** Unix seconds. */
  genesisTime: whole,
  blockSeconds: whole.positive(),
  requestTimeoutSeconds: whole.positive(),
  /** Absent: the default one. */
  blockGasLimit: whole.positive().optional(),
  /** Admin of the AccessManager until it hands over. */
  deployer: addressSchema,
  election: z.strictObject({
    epochBlocks: whole,
    seats: whole,
    turnoutFloorBps: whole,
    unlockSeconds: whole,
    trustingSeconds: whole,
    minimumDepositMicro: decimal,
    founderWeight: decimal,
    voterBps: whole,
  }),
  founders: z.array(z.strictObject({ member: addressSchema, node: addressSchema })),
});

const predeployedSchema = z.strictObject({
  version: z.literal(1),
  source: sourceSchema,
  contracts: z.record(z.string(), z.strictObject({ address: addressSchema, codeHash: hashSchema })),
  logs: z.array(genesisLogSchema),
});

export type GenesisSource = z.infer<typeof sourceSchema>;
export type PredeployedFile = z.infer<typeof predeployedSchema>;

/** A chain's two files, and the hash of its block 0. */
export interface GenesisFiles {
  readonly genesis: string;
  readonly predeployed: string;
  readonly hash: string;
}

/** Makes them, by running the constructors. */
export async function makeGenesis(source: GenesisSource): Promise<GenesisFiles> {
  // Hardhat takes seconds to load, which readers of these files need not wait for
  const { predeploy } = await import("./predeploy.js");
  const { accounts, contracts, logs } = await predeploy(source satisfies PredeployOptions);
  const genesis = genesisText({ ...source, accounts });
  const placed = Object.entries(contracts).map(([name, address]) => {
    const codeHash = keccak256(accounts[address]?.code ?? "0x");
    return [name, { address, codeHash }] as const;
  });
  const file: PredeployedFile = {
    version: 1,
    // in the schema's order, whatever the caller's: what is read and made again is the same to the byte
    source: sourceSchema.parse(JSON.parse(textOf(source))),
    contracts: Object.fromEntries(placed),
    logs: [...logs],
  };
  return { genesis, predeployed: textOf(file), hash: genesisHash(genesis) };
}

function textOf(file: object): string {
  const value = (_: string, item: unknown): unknown => (typeof item === "bigint" ? item.toString() : item);
  return `${JSON.stringify(file, value, 2)}\n`;
}

export function genesisPath(dir: string, chain: ChainName): string {
  return join(dir, chain, "genesis.json");
}

export function predeployedPath(dir: string, chain: ChainName): string {
  return join(dir, chain, "predeployed.json");
}

/** Reads a chain's `predeployed.json`. */
export async function readPredeployed(dir: string, chain: ChainName): Promise<PredeployedFile> {
  const file = predeployedPath(dir, chain);
  try {
    return predeployedSchema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? (cause.issues[0]?.message ?? "not valid") : (cause as Error).message;
    const problem = `it is no list of predeployed contracts (${reason})`;
    throw new InputError({ file }, problem, "Restore the file that init wrote", { cause });
  }
}

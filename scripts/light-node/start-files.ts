/** The files that a trusted start is read from: genesis files, checkpoints, lists of members. */
import { readFile } from "node:fs/promises";

import { z } from "zod";

import {
  trustGenesis,
  type ChainRules,
  type Checkpoint,
  type GenesisFile,
  type TrustedHeader,
} from "../../light/index.js";
import { InputError } from "../inputs/error.js";
import { forkTimesIn, OSAKA_ALWAYS, type ForkTimes } from "./call/forks.js";

const addressText = z.string().regex(/^0x[0-9a-fA-F]{40}$/);
const checkpointSchema = z.strictObject({
  version: z.literal(1),
  chainId: z.number().int().positive(),
  number: z.number().int().nonnegative(),
  hash: z.string().regex(/^0x[0-9a-fA-F]{64}$/),
  validators: z.array(addressText).min(1),
  head: z
    .string()
    .regex(/^0x[0-9a-fA-F]{64}$/)
    .optional(),
  signatures: z.array(z.string()).optional(),
});

/** What is in a file, as a checkpoint. */
export function checkpointIn(file: string, content: unknown): Checkpoint {
  const read = checkpointSchema.safeParse(content);
  if (read.success) return read.data as Checkpoint;
  const [issue] = read.error.issues;
  const problem = `it is no checkpoint (${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""})`;
  throw new InputError({ file }, problem, "Give a file that npm run light-node -- checkpoint wrote");
}

/** What is in a genesis file, as the trusted beginning of the chain whose genesis block has that hash. */
export function genesisIn(
  file: string,
  content: unknown,
  { rules, genesisHash }: { readonly rules: ChainRules; readonly genesisHash: string },
): Omit<TrustedHeader, "isProven"> {
  const start = trustGenesis(rules, content as GenesisFile);
  if (start.header.hash === genesisHash) return start;
  const problem = `its block has the hash ${start.header.hash}, and the deployment file says ${genesisHash}`;
  throw new InputError({ file }, problem, "Give the genesis file of this network's chain");
}

/** When forks come by a genesis file; without one as the federation's files have it. */
export async function forksIn(file: string | undefined): Promise<ForkTimes> {
  if (file === undefined) return OSAKA_ALWAYS;
  const read = z.object({ config: z.record(z.string(), z.unknown()) }).safeParse(await readJson(file));
  if (read.success) return forkTimesIn(read.data.config);
  throw new InputError({ file }, "it has no config", "Give the genesis file of this network's chain");
}

export async function readMembers(file: string): Promise<string[]> {
  const read = z
    .array(addressText)
    .min(1)
    .safeParse(await readJson(file));
  if (read.success) return read.data;
  throw new InputError({ file }, "it is no list of members", "Give a JSON array of the members' accounts");
}

export async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    const problem = `it can't be read as JSON (${(cause as Error).message})`;
    throw new InputError({ file }, problem, "Check the path and the file", { cause });
  }
}

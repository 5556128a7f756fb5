/** Accounts that a network's nodes list whatever Federation says: operators, watchers, and who else is named. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { isAddress } from "ethers";
import { z } from "zod";

import { InputError } from "../../inputs/error.js";
import { CHAIN_NAMES, type ChainName } from "../network-file.js";
import { OPERATOR_NAMES, operatorAddresses } from "../operators.js";

/** In a network's folder; all nodes' agents need the same, or their lists differ. */
export const ALWAYS_FILE = "always-listed.json";

const entrySchema = z.strictObject({
  account: z.string().refine((text) => isAddress(text), "is no address (0x and 40 hex digits)"),
  /** Whose it is and why, for people. */
  why: z.string().min(1),
});
const fileSchema = z.partialRecord(z.enum(CHAIN_NAMES), z.array(entrySchema));

/**
 * The accounts by a file, the folder's own where none is named; where neither is, the chain's operators. Organisations and
 * agents are not among them: Federation and NodeDirectory say who they are.
 */
export async function alwaysListed(dir: string, chain: ChainName, named?: string): Promise<string[]> {
  const file = named ?? join(dir, ALWAYS_FILE);
  if (named === undefined && !existsSync(file)) {
    const addresses = await operatorAddresses(dir, chain);
    return OPERATOR_NAMES[chain].map((name) => addresses.get(name) ?? missing(file, chain, name));
  }
  return (await readAlways(file))[chain]?.map(({ account }) => account) ?? [];
}

/** A host that has not all keystores would take the council off its node's list. */
function missing(file: string, chain: ChainName, name: string): never {
  const problem = `it is not there, and neither is the keystore of ${name} on the ${chain} chain, so that nobody knows whom to list always`;
  throw new InputError({ file }, problem, "Bring the file that all hosts of the network share: docs/operations.md");
}

async function readAlways(file: string): Promise<z.infer<typeof fileSchema>> {
  const advice = `Write {"transaction": [{"account": "0x…", "why": "watcher"}], "user": []}`;
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw new InputError({ file }, `it can't be read as JSON (${(cause as Error).message})`, advice, { cause });
  }
  const result = fileSchema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new InputError({ file }, `'${issue?.path.join(".") ?? ""}' ${issue?.message ?? "is not valid"}`, advice);
}

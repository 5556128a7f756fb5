/** Accounts that a network's nodes list whatever Federation says: operators, watchers, and who else is named. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { isAddress } from "ethers";
import { z } from "zod";

import { InputError } from "../../inputs/error.js";
import { CHAIN_NAMES, type ChainName } from "../network-file.js";

/** In a network's folder; all nodes' agents need the same, or their lists differ. */
export const ALWAYS_FILE = "always-listed.json";

const entrySchema = z.strictObject({
  account: z.string().refine((text) => isAddress(text), "is no address (0x and 40 hex digits)"),
  /** Whose it is and why, for people. */
  why: z.string().min(1),
});
const fileSchema = z.partialRecord(z.enum(CHAIN_NAMES), z.array(entrySchema));

/** What `init` writes: the chain's operators. Organisations and agents are not among them: Federation and NodeDirectory say who they are. */
export function alwaysText(operators: Readonly<Partial<Record<ChainName, ReadonlyMap<string, string>>>>): string {
  const lists = Object.entries(operators).map(([chain, addresses]) => {
    return [chain, [...addresses].map(([why, account]) => ({ account, why }))] as const;
  });
  return `${JSON.stringify(Object.fromEntries(lists), null, 2)}\n`;
}

/** The accounts by a file, the folder's own where none is named. Without it nobody is guessed: a host has not all keystores. */
export async function alwaysListed(dir: string, chain: ChainName, named?: string): Promise<string[]> {
  return (await readAlways(named ?? join(dir, ALWAYS_FILE)))[chain]?.map(({ account }) => account) ?? [];
}

async function readAlways(file: string): Promise<z.infer<typeof fileSchema>> {
  const advice = `Bring the file that init wrote, or write {"transaction": [{"account": "0x…", "why": "watcher"}], "user": []}`;
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

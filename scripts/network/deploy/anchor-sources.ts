/** `anchors.json`: what each chain's anchors of the other were told to begin with, so that an attempt after it tells the same. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { z } from "zod";

import { addressSchema, hashSchema } from "../../../sdk/deployments/index.js";
import { writeFileAtOnce } from "../../../sdk/node/deployments.js";
import { InputError } from "../../inputs/error.js";
import type { AnchorSources } from "../../networks/anchors.js";

const decimal = z
  .string()
  .regex(/^\d+$/)
  .transform((text) => BigInt(text));

const sourceSchema = z.strictObject({
  election: addressSchema,
  genesisHash: hashSchema,
  head: decimal,
  digest: hashSchema,
  number: decimal,
  timestamp: decimal,
  trustingSeconds: decimal,
});
const fileSchema = z.partialRecord(z.enum(["transaction", "user"]), sourceSchema);

export function anchorsPath(dir: string): string {
  return join(dir, "anchors.json");
}

/** Kept in the network's folder. */
export function keptAnchorSources(dir: string): AnchorSources {
  const file = anchorsPath(dir);
  return {
    keep: async (chain, read) => {
      const kept = await readSources(file);
      const known = kept[chain];
      if (known !== undefined) return known;
      const source = await read();
      const value = (_: string, item: unknown): unknown => (typeof item === "bigint" ? item.toString() : item);
      await writeFileAtOnce(file, `${JSON.stringify({ ...kept, [chain]: source }, value, 2)}\n`, 0o644);
      return source;
    },
  };
}

async function readSources(file: string): Promise<z.infer<typeof fileSchema>> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw new InputError({ file }, "it can't be read", "Check the rights on it", { cause: error });
  }
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new InputError({ file }, "these are no anchors' beginnings", "Delete it if no anchors were deployed yet", {
      cause,
    });
  }
}

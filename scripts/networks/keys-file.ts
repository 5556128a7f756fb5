/** The keys of a simulated network that is served to other processes: beside its deployment file, never in it. */
import { readFile } from "node:fs/promises";

import { Wallet } from "ethers";
import { z } from "zod";

import { writeFileAtOnce } from "../../sdk/node/deployments.js";
import { InputError } from "../inputs/error.js";
import type { SimulatedOperators } from "./operators.js";

const key = z.string().regex(/^0x[0-9a-f]{64}$/);

const founderKeys = {
  accountant1: key,
  accountant2: key,
  accountant3: key,
  accountant4: key,
  node1: key,
  node2: key,
  node3: key,
  node4: key,
};

const keysSchema = z.strictObject({
  version: z.literal(1),
  note: z.string(),
  operators: z.strictObject({
    transaction: z.strictObject({
      deployer: key,
      council: key,
      issuer: key,
      regulator: key,
      relayer: key,
      ...founderKeys,
    }),
    user: z.strictObject({ deployer: key, council: key, ...founderKeys }),
  }),
  members: z.array(
    z.strictObject({ name: z.string(), address: z.string(), key, userChainAddress: z.string(), userChainKey: key }),
  ),
  homes: z.array(
    z.strictObject({
      home: z.string(),
      feeder: z.number().int(),
      meter: z.number().int(),
      address: z.string(),
      key,
      deviceKey: key,
      userChainAddress: z.string(),
      userChainKey: key,
    }),
  ),
});

/** Keys of operators, members and homes. */
export type KeysFile = z.infer<typeof keysSchema>;

/** The keys file that belongs to a deployment file. */
export function keysPath(deploymentFile: string): string {
  return deploymentFile.replace(/(\.json)?$/, ".keys.json");
}

/** Writes a keys file that only its owner can read. */
export async function writeKeys(path: string, keys: KeysFile): Promise<void> {
  await writeFileAtOnce(path, `${JSON.stringify(keys, null, 2)}\n`, 0o600);
}

/** Reads a keys file; undefined when there is none. */
export async function readKeys(path: string): Promise<KeysFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new InputError({ file: path }, "the keys can't be read", "Check who may read the file", { cause: error });
  }
  try {
    return keysSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new InputError({ file: path }, "this is no keys file", "Start npm run chains again to have it written anew", {
      cause,
    });
  }
}

/** The keys that act on one of the chains, by name: operators, members, homes (`home 7`), their meters (`meter of home 7`). */
export function keysByName(
  { operators, members, homes }: KeysFile,
  chain: "transaction" | "user",
): Map<string, string> {
  const isUserChain = chain === "user";
  return new Map([
    ...Object.entries(operators[chain]),
    ...members.map(({ name, key, userChainKey }) => [name, isUserChain ? userChainKey : key] as const),
    ...homes.map(({ home, key, userChainKey }) => [`home ${home}`, isUserChain ? userChainKey : key] as const),
    ...(isUserChain ? [] : homes.map(({ home, deviceKey }) => [`meter of home ${home}`, deviceKey] as const)),
  ]);
}

/** The operators' keys as text. */
export function operatorKeysOf(operators: SimulatedOperators): KeysFile["operators"] {
  return {
    transaction: mapValues(operators.transaction, (wallet) => wallet.privateKey),
    user: mapValues(operators.user, (wallet) => wallet.privateKey),
  };
}

/** The operators of a keys file. */
export function operatorsOf({ operators }: KeysFile): SimulatedOperators {
  return {
    transaction: mapValues(operators.transaction, (text) => new Wallet(text)),
    user: mapValues(operators.user, (text) => new Wallet(text)),
  };
}

function mapValues<Key extends string, From, To>(
  record: Readonly<Record<Key, From>>,
  map: (value: From) => To,
): Record<Key, To> {
  const entries = Object.entries<From>(record).map(([name, value]) => [name, map(value)]);
  return Object.fromEntries(entries) as Record<Key, To>;
}

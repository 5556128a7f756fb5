/** The keys that a simulation acts with on a real network: its operators' and its founding accountants'. */
import { Wallet } from "ethers";

import { FOUNDERS, type Operators } from "../networks/operators.js";
import type { ChainName } from "./network-file.js";
import { openOperator } from "./operators.js";

/** Opens them all; each takes a third of a second. */
export async function openOperators(dir: string, password: string): Promise<Operators> {
  const open = async (chain: ChainName, name: string): Promise<Wallet> => {
    return new Wallet((await openOperator(dir, chain, name, password)).privateKey);
  };
  const named = async <Name extends string>(
    chain: ChainName,
    names: readonly Name[],
  ): Promise<Record<Name, Wallet>> => {
    const entries = await Promise.all(names.map(async (name) => [name, await open(chain, name)] as const));
    return Object.fromEntries(entries) as Record<Name, Wallet>;
  };
  const accountants = FOUNDERS.map((number) => `accountant${number}` as const);
  const [transaction, user] = await Promise.all([
    named("transaction", ["deployer", "council", "issuer", "regulator", "relayer", ...accountants]),
    named("user", ["deployer", "council", ...accountants]),
  ]);
  return { transaction, user };
}

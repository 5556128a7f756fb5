/** Stopping a member before the members can vote on it. The same functions on both chains. */
import { ZeroAddress } from "ethers";

import type { AnyChain } from "../connect.js";
import { readEvents } from "../events.js";
import { ask, transact, type Receipt, type TransactionOverrides } from "../transact.js";

/** Backs the suspension of a member instead of any other; absent: of nobody. A member. */
export function backSuspension(
  chain: AnyChain,
  { account = ZeroAddress }: { readonly account?: string },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.emergencySuspension.back(account, overrides));
}

/** Suspends a member at once for a short time. An active regulator. */
export function suspendByRegulator(
  chain: AnyChain,
  { account }: { readonly account: string },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.emergencySuspension.suspendByRegulator(account, overrides));
}

/** Suspends a member that a third of the members want suspended. Anyone; `backers` as backersOf gives them. */
export function suspendByMembers(
  chain: AnyChain,
  { account, backers }: { readonly account: string; readonly backers: readonly string[] },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.emergencySuspension.suspendByMembers(account, [...backers], overrides));
}

/** The members that back a member's suspension at this moment, ascending. */
export async function backersOf(chain: AnyChain, account: string): Promise<string[]> {
  const { emergencySuspension, federation } = chain.contracts;
  const range = {
    fromBlock: chain.deployment.deploymentBlock,
    toBlock: await ask(() => chain.provider.getBlockNumber()),
    contracts: ["EmergencySuspension"] as const,
  };
  const everBacked = new Set<string>();
  for await (const events of readEvents(chain, range)) {
    for (const { name, args } of events) {
      if (name === "SuspensionBacked" && args["target"] === account) everBacked.add(args["backer"] as string);
    }
  }
  const backing: string[] = [];
  for (const backer of everBacked) {
    const [target, member] = await Promise.all([
      ask(() => emergencySuspension.backingOf(backer)),
      ask(() => federation.isMember(backer)),
    ]);
    if (target === account && member) backing.push(backer);
  }
  return backing.sort((one, two) => (BigInt(one) < BigInt(two) ? -1 : 1));
}

/** A suspension of this kind that runs. */
export interface Emergency {
  readonly account: string;
  /** Unix seconds. */
  readonly until: bigint;
}

/** The emergency suspensions that run at this moment. */
export async function runningEmergencies(chain: AnyChain): Promise<Emergency[]> {
  const running = await ask(() => chain.contracts.emergencySuspension.running());
  return running.map(({ member, until }) => ({ account: member, until }));
}

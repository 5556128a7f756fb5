/** Deploying each chain's anchors of the other, when both elections stand. */
import type { Provider } from "ethers";

import anchors, { trustingPeriodOf, type AnchorSourceParameters } from "../../deploy/anchors.js";
import { anchorSlots } from "../../light/index.js";
import type { HardhatConnection } from "./simulated.js";

type Kind = "transaction" | "user";
type Pair<Value> = Readonly<Record<Kind, Value>>;

/** A chain's election, as Ignition returns it. */
interface Elected {
  readonly AccountantElection: { getAddress(): Promise<string> };
}

type Deployed = Awaited<ReturnType<HardhatConnection["ignition"]["deploy"]>>;

/** Keeps what anchors were told to begin with, for a deployment that is gone on with: it must be the same then. */
export interface AnchorSources {
  /** What was kept for the chain; else what `read` says, kept from now on. */
  keep(chain: Kind, read: () => Promise<AnchorSourceParameters>): Promise<AnchorSourceParameters>;
}

const KEPT_NOWHERE: AnchorSources = { keep: (_, read) => read() };

export interface AnchorOptions<Settings> {
  /** The election's. */
  readonly trustingSeconds: number;
  /** Ignition's. */
  readonly settings: Pair<Settings>;
  /** Absent: they are read anew each time. */
  readonly sources?: AnchorSources | undefined;
}

/** Deploys HeaderAnchors on both chains. */
export async function deployAnchors<Settings extends object>(
  connections: Pair<HardhatConnection>,
  elections: Pair<Elected>,
  { trustingSeconds, settings, sources = KEPT_NOWHERE }: AnchorOptions<Settings>,
): Promise<Pair<{ HeaderAnchors: Deployed[string] }>> {
  const on = async (chain: Kind, other: Kind): Promise<{ HeaderAnchors: Deployed[string] }> => {
    const source = await sources.keep(chain, () =>
      sourceOf(connections[other].ethers.provider, elections[other], trustingSeconds),
    );
    const parameters = { Anchors: { source } };
    return connections[chain].ignition.deploy(anchors, { parameters, ...settings[chain] });
  };
  return { transaction: await on("transaction", "user"), user: await on("user", "transaction") };
}

/** The set that is in force after the latest block: the one thing that anchors are told and can't check. */
async function sourceOf(
  provider: Provider,
  { AccountantElection }: Elected,
  trustingSeconds: number,
): Promise<AnchorSourceParameters> {
  const election = await AccountantElection.getAddress();
  const [genesis, latest] = await Promise.all([provider.getBlock(0), provider.getBlock("latest")]);
  if (typeof genesis?.hash !== "string" || latest === null) throw new Error("the chain has no blocks");
  const { number, timestamp } = latest;
  const [digestKey, headKey] = anchorSlots(0n);
  const [digest, head] = await Promise.all([
    provider.getStorage(election, digestKey, number),
    provider.getStorage(election, headKey, number),
  ]);
  return {
    election,
    genesisHash: genesis.hash,
    head: BigInt(head),
    digest,
    number: BigInt(number),
    timestamp: BigInt(timestamp),
    trustingSeconds: trustingPeriodOf({ trustingSeconds }),
  };
}

/** Deploying both chains by their Ignition modules, and writing down where everything is. */
import type { IgnitionModule } from "@nomicfoundation/ignition-core";
import { keccak256, type Provider } from "ethers";

import transactionChain, { predeployedTransactionChain } from "../../deploy/transaction-chain.js";
import userChain, { predeployedUserChain } from "../../deploy/user-chain.js";
import { accountantsAmong, governedBy, type FoundingMember } from "../../deploy/governed.js";
import type { FounderParameters, GovernanceParameters, MarketParameters } from "../../deploy/parameters.js";
import {
  DEPLOYMENT_VERSION,
  TRANSACTION_CONTRACTS,
  USER_CONTRACTS,
  type ContractDeployment,
  type Deployment,
  type GenesisLog,
} from "../../sdk/deployments/index.js";
import { deployAnchors, type AnchorSources } from "./anchors.js";
import type { HardhatConnection } from "./simulated.js";

/** Accounts that the AccessManagers' roles go to. */
export interface AdministrationAccounts {
  readonly council: string;
  readonly issuer: string;
  readonly regulator: string;
  /** At least four; those of a governed chain are founding members with a node. */
  readonly founders: readonly FounderParameters[];
}

/** The members that govern the two chains from the deployer's last call on. */
export interface Founders {
  readonly transaction: readonly FoundingMember[];
  readonly user: readonly FoundingMember[];
}

export interface DeployOptions {
  /** The network's name, for the deployment file and its messages. */
  readonly network: string;
  readonly market: MarketParameters;
  readonly governance: GovernanceParameters;
  /** Absent: `council` decides alone, and the deployer stays the admin. */
  readonly governed?: Founders;
  readonly transaction: AdministrationAccounts;
  readonly user: Pick<AdministrationAccounts, "council" | "founders">;
  /** Where others reach the two chains; absent for embedded ones. */
  readonly rpcUrls?: { readonly transaction: string; readonly user: string };
  /** What the constructors of contracts in the genesis blocks emitted; absent: no genesis block holds any. */
  readonly predeployed?: Record<"transaction" | "user", readonly GenesisLog[]>;
  /** How a deployment is gone on with that was broken off; absent: none ever is. */
  readonly resumed?: Resumption;
}

/** What stays the same between the attempts of one deployment. */
export interface Resumption {
  /** Begins the ids of Ignition's journals. */
  readonly id: string;
  readonly sources: AnchorSources;
}

/** Ignition polls so often, and sends no transaction a second time. */
const IGNITION_CONFIG = { requiredConfirmations: 1, blockPollingInterval: 50, timeBeforeBumpingFees: 60_000 };

/** Deploys everything that the genesis blocks do not hold, and returns the deployment file's content. */
export async function deployNetwork(
  connections: { readonly transaction: HardhatConnection; readonly user: HardhatConnection },
  options: DeployOptions,
): Promise<Deployment> {
  const { network, market, governance, governed, transaction, user, rpcUrls, predeployed, resumed } = options;
  const { election, ...rules } = market;
  const seated = governed === undefined ? undefined : seatedAmong(governed);
  // a journal of an earlier chain would give addresses without code
  const started = Date.now();
  const settings = (chain: string): { deploymentId: string; config: typeof IGNITION_CONFIG } => ({
    deploymentId: resumed === undefined ? `${network}-${chain}-${started}` : `${resumed.id}-${chain}`,
    config: IGNITION_CONFIG,
  });
  // until the hand-over the deployer admits the founders
  const council = async (chain: "transaction" | "user"): Promise<{ council?: string }> => {
    if (governed === undefined) return {};
    const [deployer] = await connections[chain].ethers.getSigners();
    if (deployer === undefined) throw new Error("the chain has no deployer");
    return { council: deployer.address };
  };
  const startBlocks = {
    transaction: await connections.transaction.ethers.provider.getBlockNumber(),
    user: await connections.user.ethers.provider.getBlockNumber(),
  };
  const modules = modulesFor(options);
  const onTransactionChain = await connections.transaction.ignition.deploy(modules.transaction, {
    parameters: {
      TransactionChain: {
        ...rules,
        ...election,
        ...governance,
        ...transaction,
        ...(await council("transaction")),
        founders: ascending(seated?.transaction ?? transaction.founders),
      },
    },
    ...settings("transaction"),
  });
  const onUserChain = await connections.user.ignition.deploy(modules.user, {
    // equal votes, and no credits to deposit
    parameters: {
      UserChain: {
        ...election,
        ...governance,
        ...user,
        ...(await council("user")),
        founders: ascending(seated?.user ?? user.founders),
        minimumDepositMicro: 0n,
      },
    },
    ...settings("user"),
  });
  const anchors = await deployAnchors(
    connections,
    { transaction: onTransactionChain, user: onUserChain },
    {
      trustingSeconds: election.trustingSeconds,
      settings: { transaction: settings("transaction-anchors"), user: settings("user-anchors") },
      sources: resumed?.sources,
    },
  );
  return {
    version: DEPLOYMENT_VERSION,
    network,
    chains: {
      transaction: {
        ...(await chainOf(connections.transaction.ethers.provider, startBlocks.transaction, rpcUrls?.transaction)),
        ...genesisOf(predeployed?.transaction),
        contracts: await contractsOf(connections.transaction.ethers.provider, TRANSACTION_CONTRACTS, {
          ...onTransactionChain,
          ...anchors.transaction,
        }),
      },
      user: {
        ...(await chainOf(connections.user.ethers.provider, startBlocks.user, rpcUrls?.user)),
        ...genesisOf(predeployed?.user),
        contracts: await contractsOf(connections.user.ethers.provider, USER_CONTRACTS, {
          ...onUserChain,
          ...anchors.user,
        }),
      },
    },
  };
}

/** The module, whatever its id. */
type Any<Module> =
  Module extends IgnitionModule<string, string, infer Contracts> ? IgnitionModule<string, string, Contracts> : never;

interface Modules {
  readonly transaction: Any<typeof transactionChain>;
  readonly user: Any<typeof userChain>;
}

function modulesFor({ governed, predeployed }: DeployOptions): Modules {
  const chains =
    predeployed === undefined
      ? { transaction: transactionChain, user: userChain }
      : { transaction: predeployedTransactionChain, user: predeployedUserChain };
  if (governed === undefined) return chains;
  return {
    transaction: governedBy(governed.transaction, chains.transaction),
    user: governedBy(governed.user, chains.user),
  };
}

/** Where the genesis block holds contracts, their events begin with it. */
function genesisOf(logs: readonly GenesisLog[] | undefined): { deploymentBlock?: number; genesisLogs?: GenesisLog[] } {
  return logs === undefined ? {} : { deploymentBlock: 0, genesisLogs: [...logs] };
}

function seatedAmong({ transaction, user }: Founders): Record<keyof Founders, FounderParameters[]> {
  return { transaction: accountantsAmong(transaction), user: accountantsAmong(user) };
}

/** As the contract wants its first set: by node address. */
function ascending(founders: readonly FounderParameters[]): FounderParameters[] {
  return founders.toSorted((a, b) => (BigInt(a.node) < BigInt(b.node) ? -1 : 1));
}

async function chainOf(
  provider: Provider,
  startBlock: number,
  rpcUrl: string | undefined,
): Promise<{ chainId: number; genesisHash: string; deploymentBlock: number; rpcUrl?: string }> {
  const [{ chainId }, genesis] = await Promise.all([provider.getNetwork(), provider.getBlock(0)]);
  if (typeof genesis?.hash !== "string") throw new Error("the chain has no block 0");
  const chain = { chainId: Number(chainId), genesisHash: genesis.hash, deploymentBlock: startBlock + 1 };
  return rpcUrl === undefined ? chain : { ...chain, rpcUrl };
}

async function contractsOf<Name extends string>(
  provider: Provider,
  names: readonly Name[],
  deployed: Readonly<Record<Name, { getAddress(): Promise<string> }>>,
): Promise<Record<Name, ContractDeployment>> {
  const entries = names.map(async (name) => {
    const address = await deployed[name].getAddress();
    return [name, { address, codeHash: keccak256(await provider.getCode(address)) }] as const;
  });
  return Object.fromEntries(await Promise.all(entries)) as Record<Name, ContractDeployment>;
}

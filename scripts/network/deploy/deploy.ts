/**
 * Deploying on a running network: Ignition binds what the genesis blocks hold, deploys the rest and hands over to the
 * members' governor. Broken off, it is gone on with by the same command on the same machine.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";

import hre from "hardhat";
import { ZeroAddress } from "ethers";

import { predeployedAddress } from "../../../deploy/predeployed.js";
import { governanceParameters, marketParameters } from "../../../deploy/parameters.js";
import type { FoundingMember } from "../../../deploy/governed.js";
import { admitMember, standingOf } from "../../../sdk/actions/federation.js";
import { connectTransactionChain, connectUserChain, withSigner, type AnyChain } from "../../../sdk/connect.js";
import type { Deployment } from "../../../sdk/deployments/index.js";
import { MemberRole, Standing } from "../../../sdk/enums.js";
import { readDeployment, writeDeployment } from "../../../sdk/node/deployments.js";
import { FederationAccessManager__factory } from "../../../typechain-types/index.js";
import { InputError } from "../../inputs/error.js";
import { deployNetwork } from "../../networks/deploy.js";
import type { HardhatConnection } from "../../networks/simulated.js";
import { readPredeployed } from "../genesis/predeployed-file.js";
import { requireGenesis } from "../genesis/unchanged.js";
import {
  CHAIN_NAMES,
  readNetworkFile,
  rpcUrl,
  type ChainName,
  type NetworkFile,
  type NetworkNode,
} from "../network-file.js";
import { openOperator, operatorAddresses } from "../operators.js";
import { connectHardhat } from "./connect.js";
import { anchorsPath, keptAnchorSources } from "./anchor-sources.js";
import { Journals, type Begun } from "./journals.js";

export interface DeployOnBesuOptions {
  readonly dir: string;
  readonly password: string;
  /** The deployment file to write. */
  readonly deployment: string;
  /** Whether a council account decides alone instead of the members' governor: for simulations. */
  readonly council: boolean;
  readonly onProgress: (text: string) => void;
}

type Pair<Value> = Record<ChainName, Value>;

/** Deploys; what the deployment file says. */
export async function deployOnBesu(options: DeployOnBesuOptions): Promise<Deployment> {
  const { dir, password, deployment: file, onProgress } = options;
  const network = await readNetworkFile(dir);
  await requireUndeployed(network, file);
  await requireGenesis(dir, network);
  const addresses = await both((chain) => operatorAddresses(dir, chain));
  const connections = await connectBoth(dir, network, password);
  try {
    const id = `${network.name}-${genesisHashOf(network, "transaction").slice(2, 10)}`;
    await takeUpJournals(connections, { id, dir, onProgress });
    const slotSeconds = network.slotSeconds ?? 900;
    onProgress("Deploying on both chains; each step waits for its block");
    const logs = await both(async (chain) => (await readPredeployed(dir, chain)).logs);
    const deployment = await deployNetwork(connections, {
      network: network.name,
      market: await marketParameters(slotSeconds),
      governance: await governanceParameters(slotSeconds),
      ...(options.council ? {} : { governed: await both((chain) => founding(network, chain, addresses[chain])) }),
      transaction: {
        council: known(addresses.transaction, "council"),
        issuer: known(addresses.transaction, "issuer"),
        regulator: known(addresses.transaction, "regulator"),
        founders: [], // they stand in the genesis block
      },
      user: { council: known(addresses.user, "council"), founders: [] },
      rpcUrls: await both((chain) => rpcUrl(network, historian(network), chain)),
      predeployed: logs,
      resumed: { id, sources: keptAnchorSources(dir) },
    });
    if (options.council) await admitByCouncil(options, network, deployment, connections);
    await writeDeployment(file, deployment);
    return deployment;
  } finally {
    await Promise.all([connections.transaction.close(), connections.user.close()]);
  }
}

async function both<Value>(of: (chain: ChainName) => Value | Promise<Value>): Promise<Pair<Value>> {
  const [transaction, user] = await Promise.all([of("transaction"), of("user")]);
  return { transaction, user };
}

function genesisHashOf(network: NetworkFile, chain: ChainName): string {
  const made = network.chains[chain];
  if (made !== undefined) return made.genesisHash;
  const advice = "A federation has both: make a network with --chains user,transaction";
  throw new InputError({ file: `network ${network.name}` }, `it has no ${chain} chain`, advice);
}

/** The first node that keeps all history: others prune the state that proofs are of. */
function historian({ nodes }: NetworkFile): NetworkNode {
  const node = nodes.find(({ storage }) => storage === "FOREST");
  if (node === undefined) throw new Error("a network has nodes that keep all history");
  return node;
}

async function connectBoth(dir: string, network: NetworkFile, password: string): Promise<Pair<HardhatConnection>> {
  const node = historian(network);
  const connect = async (chain: ChainName): Promise<HardhatConnection> => {
    const { privateKey } = await openOperator(dir, chain, "deployer", password);
    return connectHardhat(dir, network, { chain, node, privateKey });
  };
  const transaction = await connect("transaction");
  try {
    return { transaction, user: await connect("user") };
  } catch (error) {
    await transaction.close();
    throw error;
  }
}

/** A finished deployment is not made again: what it would deploy a second time, nobody would find. */
async function requireUndeployed(network: NetworkFile, file: string): Promise<void> {
  if (!existsSync(file)) return;
  const { chains } = await readDeployment(file);
  const isThis = CHAIN_NAMES.every((chain) => chains[chain].genesisHash === network.chains[chain]?.genesisHash);
  const problem = isThis ? "the network is deployed already" : "it is the deployment file of another network";
  const advice = isThis ? "Use it: --network besu, or the file's path" : "Name another with --deployment, or delete it";
  throw new InputError({ file }, problem, advice);
}

/** Leaves of Ignition's journals those of this very chain, and refuses to begin again what was begun elsewhere. */
async function takeUpJournals(
  connections: Pair<HardhatConnection>,
  { id, dir, onProgress }: { readonly id: string; readonly dir: string; readonly onProgress: (text: string) => void },
): Promise<void> {
  const journals = new Journals(join(hre.config.paths.ignition, "deployments"), id, anchorsPath(dir));
  const begun = await Promise.all(CHAIN_NAMES.map((chain) => begunOn(connections[chain], chain)));
  if (await journals.forgetEarlier(begun))
    onProgress("Journals of an earlier network with these genesis blocks: removed");
  for (const chain of begun) journals.requireOwn(chain);
}

async function begunOn({ ethers }: HardhatConnection, chain: ChainName): Promise<Begun> {
  const [deployer] = await ethers.getSigners();
  if (deployer === undefined) throw new Error("the chain has no deployer");
  const address = predeployedAddress("FederationAccessManager");
  const manager = FederationAccessManager__factory.connect(address, ethers.provider);
  const isBegun = (await manager.federation()) !== ZeroAddress;
  return { chain, isBegun, sent: await deployer.getNonce("pending") };
}

/** All nodes' organisations; those of accountants sit in the genesis block's set. */
function founding({ nodes }: NetworkFile, chain: ChainName, addresses: ReadonlyMap<string, string>): FoundingMember[] {
  return nodes.map(({ name, role, chains }) => {
    const member = { member: known(addresses, name), roles: [MemberRole.Accountant] };
    const node = role === "accountant" ? chains[chain]?.address : undefined;
    return node === undefined ? member : { ...member, node };
  });
}

/** The council admits the organisations, as the founders' module does where they govern. */
async function admitByCouncil(
  { dir, password }: DeployOnBesuOptions,
  network: NetworkFile,
  deployment: Deployment,
  connections: Pair<HardhatConnection>,
): Promise<void> {
  const chains: Pair<AnyChain> = {
    transaction: await connectTransactionChain(deployment, connections.transaction.ethers.provider),
    user: await connectUserChain(deployment, connections.user.ethers.provider),
  };
  for (const chain of CHAIN_NAMES) {
    const council = await openOperator(dir, chain, "council", password);
    const addresses = await operatorAddresses(dir, chain);
    const connected = chains[chain];
    const signing = connected.kind === "user" ? withSigner(connected, council) : withSigner(connected, council);
    for (const { name } of network.nodes) {
      const member = known(addresses, name);
      if ((await standingOf(signing, member)) !== Standing.None) continue;
      await admitMember(signing, { member, roles: [MemberRole.Accountant] });
    }
  }
}

function known(addresses: ReadonlyMap<string, string>, name: string): string {
  const address = addresses.get(name);
  if (address !== undefined) return address;
  throw new InputError({ file: "operators" }, `there is no keystore of ${name}`, "Restore the folder that init made");
}

/** The embedded network: both chains in this process, deployed, with a virtual or a real clock. */
import {
  governanceParameters,
  marketParameters,
  type ElectionParameters,
  type RuleParameters,
} from "../../deploy/parameters.js";
import { connectTransactionChain, connectUserChain } from "../../sdk/connect.js";
import type { Deployment, GenesisLog } from "../../sdk/deployments/index.js";
import { virtualClock, wallClock, type Clock } from "./clock.js";
import { deployNetwork, type Founders } from "./deploy.js";
import type { OpenNetwork } from "./network.js";
import { foundersOf, operatorsFromSeed, type SimulatedOperators } from "./operators.js";
import { rotateProposers } from "./proposers.js";
import { simulateChain, type SimulatedChain } from "./simulated.js";
import { SIMULATED_DEFAULTS } from "./simulated-defaults.js";

export interface EmbeddedOptions {
  /** Keys follow from it. */
  readonly seed: number;
  readonly slotSeconds: number;
  /** Unix seconds of both chains' first block. */
  readonly genesisTime: bigint;
  /** Rules other than the default ones, e.g. a higher retail cap for a dear tariff. */
  readonly rules?: Partial<RuleParameters>;
  /** Terms of the election other than the default ones, e.g. shorter epochs where blocks come only with transactions. */
  readonly election?: Partial<ElectionParameters>;
  /** Expected gas of a transaction of many calls; absent: as much as fits. */
  readonly batchGas?: bigint;
  /** Members that govern both chains; absent: the operators' council decides alone. */
  readonly governed?: Founders;
  /** The network's name in messages and in its deployment file. */
  readonly network?: string;
  /** Endpoints that the chains will be served at. */
  readonly rpcUrls?: { readonly transaction: string; readonly user: string };
  /** Absent: a virtual clock, and blocks only with transactions. */
  readonly blockSeconds?: number;
  /** With a virtual clock: blocks come that often in its time, too. */
  readonly passedBlockSeconds?: number;
  /**
   * Puts the contracts of a real network's genesis block into a chain before anything is deployed, and says what their
   * constructors emitted; absent: everything is deployed.
   */
  readonly predeploy?: (
    chain: "transaction" | "user",
    into: SimulatedChain,
    operators: SimulatedOperators,
  ) => Promise<readonly GenesisLog[]>;
}

/** An embedded network, with what serves its chains to others. */
export interface EmbeddedNetwork extends OpenNetwork {
  readonly operators: SimulatedOperators;
  readonly chains: { readonly transaction: SimulatedChain; readonly user: SimulatedChain };
}

/** Makes and deploys both chains. */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedNetwork> {
  const operators = operatorsFromSeed(options.seed);
  const chains = {
    transaction: await simulateChain("transaction", chainOptions(options, operators.transaction)),
    user: await simulateChain("user", chainOptions(options, operators.user)),
  };
  const { predeploy } = options;
  const predeployed =
    predeploy === undefined
      ? {}
      : {
          predeployed: {
            transaction: await predeploy("transaction", chains.transaction, operators),
            user: await predeploy("user", chains.user, operators),
          },
        };
  const { council, issuer, regulator } = operators.transaction;
  const market = await marketParameters(options.slotSeconds, options.rules);
  const deployment: Deployment = await deployNetwork(
    { transaction: chains.transaction.connection, user: chains.user.connection },
    {
      network: options.network ?? "embedded",
      market: { ...market, election: { ...market.election, ...options.election } },
      governance: await governanceParameters(options.slotSeconds),
      ...(options.governed === undefined ? {} : { governed: options.governed }),
      transaction: {
        council: council.address,
        issuer: issuer.address,
        regulator: regulator.address,
        founders: foundersOf(operators.transaction),
      },
      user: { council: operators.user.council.address, founders: foundersOf(operators.user) },
      ...(options.rpcUrls === undefined ? {} : { rpcUrls: options.rpcUrls }),
      ...predeployed,
    },
  );
  for (const chain of ["transaction", "user"] as const) {
    await chains[chain].fund(Object.values(operators[chain]).map((wallet) => wallet.address));
  }
  const connected = {
    transaction: await connectTransactionChain(
      deployment,
      chains.transaction.connection.ethers.provider,
      SIMULATED_DEFAULTS,
    ),
    user: await connectUserChain(deployment, chains.user.connection.ethers.provider, SIMULATED_DEFAULTS),
  };
  const { batchGas } = options;
  for (const chain of ["transaction", "user"] as const) {
    const { accountantElection } = connected[chain].contracts;
    rotateProposers(chains[chain].connection, () => accountantElection.getValidators());
  }
  return {
    name: deployment.network,
    deployment,
    user: connected.user,
    transaction: batchGas === undefined ? connected.transaction : { ...connected.transaction, batchGas },
    operators,
    chains,
    clock: clockOf(chains, options),
    fund: (chain, accounts) => chains[chain].fund(accounts),
    close: async () => {
      await Promise.all([chains.transaction.close(), chains.user.close()]);
    },
  };
}

function chainOptions(
  { genesisTime, blockSeconds, passedBlockSeconds }: EmbeddedOptions,
  { deployer, node1 }: Pick<SimulatedOperators["transaction"], "deployer" | "node1">,
): Parameters<typeof simulateChain>[1] {
  return {
    ...{ genesisTime, deployer, coinbase: node1.address },
    ...(blockSeconds === undefined ? {} : { blockSeconds }),
    ...(passedBlockSeconds === undefined ? {} : { passedBlockSeconds }),
  };
}

function clockOf(chains: EmbeddedNetwork["chains"], { blockSeconds }: EmbeddedOptions): Clock {
  if (blockSeconds === undefined) return virtualClock([chains.transaction, chains.user]);
  return wallClock([chains.transaction.connection.ethers.provider, chains.user.connection.ethers.provider]);
}

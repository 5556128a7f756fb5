/** A network whose chains run in other processes, found by its deployment file. */
import { existsSync } from "node:fs";

import { toQuantity, type JsonRpcProvider } from "ethers";

import { connectTransactionChain, connectUserChain, endpointOf } from "../../sdk/connect.js";
import { CommonwattError } from "../../sdk/errors.js";
import { deploymentPath, readDeployment } from "../../sdk/node/deployments.js";
import type { TransactionOverrides } from "../../sdk/transact.js";
import { InputError } from "../inputs/error.js";
import { wallClock } from "./clock.js";
import { openNetworkEndpoint, type NetworkFolder, networkFolderOf } from "./folder.js";
import { SIMULATED_DEFAULTS } from "./simulated-defaults.js";
import { keysPath, operatorsOf, readKeys } from "./keys-file.js";
import type { OpenNetwork } from "./network.js";
import type { Operators } from "./operators.js";
import { openOperators } from "../network/open-operators.js";
import { folderPassword } from "../network/password.js";

const PLENTY = 10n ** 24n;
/** On a chain whose base fee is 0 for ever. */
const FREE: TransactionOverrides = { type: 2, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n };

/** How each named network comes to have a deployment file. */
const ADVICE: Readonly<Record<string, string>> = {
  embedded: "It lives inside npm start alone; name local, besu or the path of a deployment file",
  local: "Start it with npm run chains, and leave it running",
  besu: "Make, start and deploy a Besu network first: npm run network -- init, up, deploy (docs/operations.md)",
};

/** The deployment file that `--network NAME` or `--network FILE` means. */
export function deploymentFileOf(option: string): string {
  const path = option in ADVICE ? deploymentPath(option) : option;
  if (existsSync(path)) return path;
  const advice = ADVICE[option] ?? "Name embedded, local, besu or the path of a deployment file";
  throw new InputError({ file: `--network ${option}` }, `there is no deployment file ${path}`, advice);
}

/** Connects to both chains of a deployment file. */
export async function openServed(option: string): Promise<OpenNetwork> {
  const file = deploymentFileOf(option);
  const deployment = await readDeployment(file);
  const folder = await networkFolderOf(deployment);
  const keys = await readKeys(keysPath(file));
  const polling = { pollingMilliseconds: 100 };
  const providers = {
    transaction: await openNetworkEndpoint(endpointOf(deployment, "transaction"), deployment, "transaction", polling),
    user: await openNetworkEndpoint(endpointOf(deployment, "user"), deployment, "user", polling),
  };
  const simulated = await isSimulated(providers.transaction);
  const defaults = await transactionDefaults(providers.transaction);
  return {
    name: deployment.network,
    deployment,
    transaction: await connectTransactionChain(deployment, providers.transaction, defaults),
    user: await connectUserChain(deployment, providers.user, defaults),
    operators: keys === undefined ? await operatorsIn(folder) : operatorsOf(keys),
    clock: wallClock([providers.transaction, providers.user]),
    ...(simulated ? {} : { transactionSeconds: folder?.network.blockSeconds ?? BLOCK_SECONDS }),
    fund: (chain, accounts) => fund(providers[chain], accounts),
    close: () => {
      providers.transaction.destroy();
      providers.user.destroy();
      return Promise.resolve();
    },
  };
}

/** Of a chain whose folder is not here. */
const BLOCK_SECONDS = 2;

async function operatorsIn(folder: NetworkFolder | undefined): Promise<Operators | undefined> {
  if (folder === undefined) return undefined;
  return openOperators(folder.dir, await folderPassword({ environment: process.env }));
}

/** Simulated chains give gas money away; where gas is free nobody needs any. */
export async function fund(provider: JsonRpcProvider, accounts: readonly string[]): Promise<void> {
  if (await isSimulated(provider)) {
    for (const account of accounts) await provider.send("hardhat_setBalance", [account, toQuantity(PLENTY)]);
    return;
  }
  if (await isGasFree(provider)) return;
  throw new CommonwattError("CallFailed", { reason: "gas costs something on this network, and nobody pays it here" });
}

/**
 * What transactions are sent with. Where gas is free, with as much as fits: an estimate is of the state of that moment,
 * and other transactions, a block later, can make the same call dearer than it says; and without a fee, so that nobody asks
 * for one before each.
 */
export async function transactionDefaults(provider: JsonRpcProvider): Promise<TransactionOverrides> {
  if (await isSimulated(provider)) return SIMULATED_DEFAULTS;
  return (await isGasFree(provider)) ? { ...FREE, gasLimit: SIMULATED_DEFAULTS.gasLimit } : {};
}

async function isGasFree(provider: JsonRpcProvider): Promise<boolean> {
  return BigInt((await provider.send("eth_gasPrice", [])) as string) === 0n;
}

/** Whether a chain is one of Hardhat's simulated ones. */
export async function isSimulated(provider: JsonRpcProvider): Promise<boolean> {
  return String(await provider.send("web3_clientVersion", [])).startsWith("HardhatNetwork");
}

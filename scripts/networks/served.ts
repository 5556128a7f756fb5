/** A network whose chains run in other processes, found by its deployment file. */
import { existsSync } from "node:fs";

import { toQuantity, type JsonRpcProvider } from "ethers";

import { connectTransactionChain, connectUserChain, endpointOf, openEndpoint } from "../../sdk/connect.js";
import { CommonwattError } from "../../sdk/errors.js";
import { deploymentPath, readDeployment } from "../../sdk/node/deployments.js";
import { InputError } from "../inputs/error.js";
import { wallClock } from "./clock.js";
import { SIMULATED_DEFAULTS } from "./simulated-defaults.js";
import { keysPath, operatorsOf, readKeys } from "./keys-file.js";
import type { OpenNetwork } from "./network.js";

const PLENTY = 10n ** 24n;

/** How each named network comes to have a deployment file. */
const ADVICE: Readonly<Record<string, string>> = {
  local: "Start it with npm run chains, and leave it running",
  besu: "The Besu network isn't set up on this machine; use --network embedded or local until it is",
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
  const keys = await readKeys(keysPath(file));
  const polling = { pollingMilliseconds: 100 };
  const providers = {
    transaction: await openEndpoint(endpointOf(deployment, "transaction"), deployment, "transaction", polling),
    user: await openEndpoint(endpointOf(deployment, "user"), deployment, "user", polling),
  };
  const defaults = (await isSimulated(providers.transaction)) ? SIMULATED_DEFAULTS : {};
  return {
    name: deployment.network,
    deployment,
    transaction: await connectTransactionChain(deployment, providers.transaction, defaults),
    user: await connectUserChain(deployment, providers.user, defaults),
    operators: keys && operatorsOf(keys),
    clock: wallClock([providers.transaction, providers.user]),
    fund: (chain, accounts) => fund(providers[chain], accounts),
    close: () => {
      providers.transaction.destroy();
      providers.user.destroy();
      return Promise.resolve();
    },
  };
}

/** Simulated chains give gas money away; where gas is free nobody needs any. */
export async function fund(provider: JsonRpcProvider, accounts: readonly string[]): Promise<void> {
  if (await isSimulated(provider)) {
    for (const account of accounts) await provider.send("hardhat_setBalance", [account, toQuantity(PLENTY)]);
    return;
  }
  if (BigInt((await provider.send("eth_gasPrice", [])) as string) === 0n) return;
  throw new CommonwattError("CallFailed", { reason: "gas costs something on this network, and nobody pays it here" });
}

/** Whether a chain is one of Hardhat's simulated ones. */
export async function isSimulated(provider: JsonRpcProvider): Promise<boolean> {
  return String(await provider.send("web3_clientVersion", [])).startsWith("HardhatNetwork");
}

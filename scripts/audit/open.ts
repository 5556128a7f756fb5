/** Connections of the auditor's commands: a deployment file, and a checked endpoint for each chain asked for. */
import type { JsonRpcProvider } from "ethers";

import { connectTransactionChain, connectUserChain, endpointOf, type AnyChain } from "../../sdk/connect.js";
import type { Deployment } from "../../sdk/deployments/index.js";
import { ask } from "../../sdk/transact.js";
import { openNetworkEndpoint } from "../networks/folder.js";
import { Endpoint, type EndpointPatience } from "./indexer/endpoint.js";
import type { AuditDatabase, ChainName } from "./indexer/database.js";

/** A chain that answered as the deployment says: chain id, genesis block and the contracts' code. */
export interface OpenChain {
  readonly chain: AnyChain;
  readonly endpoint: Endpoint;
  readonly close: () => void;
}

/** Opens one of the deployment's chains at its own endpoint or the given one. */
export async function openChain(
  deployment: Deployment,
  name: ChainName,
  { rpc, patience }: { readonly rpc?: string | undefined; readonly patience?: EndpointPatience } = {},
): Promise<OpenChain> {
  const url = endpointOf(deployment, name, rpc);
  const provider: JsonRpcProvider = await openNetworkEndpoint(url, deployment, name);
  try {
    const chain = await (name === "transaction" ? connectTransactionChain : connectUserChain)(deployment, provider);
    const ask = (method: string, params: readonly unknown[]): Promise<unknown> => provider.send(method, [...params]);
    return { chain, endpoint: new Endpoint(url, ask, patience), close: () => provider.destroy() };
  } catch (error) {
    provider.destroy();
    throw error;
  }
}

/** Keeps what no event tells and never changes: the length of a slot. */
export async function noteConstants(database: AuditDatabase, chain: AnyChain): Promise<void> {
  if (chain.kind !== "transaction") return;
  database.noteSlotSeconds(await ask(() => chain.contracts.marketRules.slotLength()));
}

/** Connections of the auditor's commands: a deployment file, and a checked endpoint for each chain asked for. */
import { availableParallelism } from "node:os";

import type { JsonRpcProvider } from "ethers";

import { connectTransactionChain, connectUserChain, endpointOf, type AnyChain } from "../../sdk/connect.js";
import type { Deployment } from "../../sdk/deployments/index.js";
import { ask } from "../../sdk/transact.js";
import { openNetworkEndpoint } from "../networks/folder.js";
import { Endpoint, type EndpointPatience } from "../endpoint.js";
import type { AuditDatabase, ChainName } from "./indexer/database.js";
import { ReaderPool } from "./indexer/reader-pool.js";
import type { RpcSource } from "./indexer/rpc-ask.js";

const RPC_ASK = new URL("./indexer/rpc-ask.ts", import.meta.url).href;
/** This thread writes meanwhile, which takes a fifth of the time. */
const READING_THREADS = 2;

/** A chain that answered as the deployment says: chain id, genesis block and the contracts' code. */
export interface OpenChain {
  readonly chain: AnyChain;
  readonly endpoint: Endpoint;
  /** For `indexChain`; absent where questions are to be paced, or there is one core. */
  readonly openPool?: (sealedStart?: number) => ReaderPool;
  readonly close: () => void;
}

export interface OpenOptions {
  /** Absent: the deployment's own. */
  readonly rpc?: string | undefined;
  readonly patience?: EndpointPatience;
  /** That read; 0: this one alone. Absent: two, where there are two cores. */
  readonly threads?: number | undefined;
}

/** Opens one of the deployment's chains at its own endpoint or the given one. */
export async function openChain(
  deployment: Deployment,
  name: ChainName,
  { rpc, patience, threads }: OpenOptions = {},
): Promise<OpenChain> {
  const url = endpointOf(deployment, name, rpc);
  const provider: JsonRpcProvider = await openNetworkEndpoint(url, deployment, name);
  try {
    const chain = await (name === "transaction" ? connectTransactionChain : connectUserChain)(deployment, provider);
    const ask = (method: string, params: readonly unknown[]): Promise<unknown> => provider.send(method, [...params]);
    const count = threads ?? Math.min(READING_THREADS, availableParallelism());
    const source = { module: RPC_ASK, argument: { url, deployment, chain: name } satisfies RpcSource };
    const reading = { name: url, source, deployment: deployment.chains[name] };
    const isPooled = count > (threads === undefined ? 1 : 0) && patience?.perSecond === undefined;
    return {
      ...{ chain, endpoint: new Endpoint(url, ask, patience), close: () => provider.destroy() },
      ...(isPooled ? { openPool: (sealedStart?: number) => new ReaderPool({ ...reading, sealedStart }, count) } : {}),
    };
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

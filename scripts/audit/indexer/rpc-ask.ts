/** A JSON-RPC endpoint's answers for a reading thread (`AskSource`), checked as `openChain` checks it. */
import { openEndpoint } from "../../../sdk/connect.js";
import type { Deployment } from "../../../sdk/deployments/index.js";
import type { ChainName } from "./database.js";
import type { Ask } from "../../endpoint.js";

export interface RpcSource {
  readonly url: string;
  readonly deployment: Deployment;
  readonly chain: ChainName;
}

export async function openAsk({ url, deployment, chain }: RpcSource): Promise<Ask> {
  const provider = await openEndpoint(url, deployment, chain);
  return (method, params) => provider.send(method, [...params]);
}

/** Endpoints for tests of the auditor's indexer: an embedded chain's own, and one that lies. No side effects. */
import { Endpoint, type Ask } from "../../scripts/endpoint.js";
import { AuditDatabase } from "../../scripts/audit/indexer/database.js";
import { indexChain } from "../../scripts/audit/indexer/index-chain.js";
import { noteConstants } from "../../scripts/audit/open.js";
import { verifyBooks } from "../../scripts/audit/verify.js";
import type { AuditState } from "../../sdk/audit/index.js";
import type { EmbeddedNetwork } from "../../scripts/networks/index.js";

/** What an endpoint answers, changed. */
export type Lie = (method: string, answer: unknown, params: readonly unknown[]) => unknown;

/** The embedded chain as an endpoint that asks no second time. */
export function honestAsk(network: EmbeddedNetwork, chain: "transaction" | "user" = "transaction"): Ask {
  const { provider } = network.chains[chain].connection;
  return (method, params) => provider.request({ method, params: [...params] });
}

export function endpointOf(ask: Ask, lie?: Lie): Endpoint {
  const answer: Ask = async (method, params) => {
    const truth = structuredClone(await ask(method, params));
    return lie === undefined ? truth : lie(method, truth, params);
  };
  return new Endpoint("the tested endpoint", answer, { retries: 2, pauseMilliseconds: 1 });
}

/** Indexes an embedded network's transaction chain into memory and verifies it at the head. */
export async function verifyEmbedded(network: EmbeddedNetwork): Promise<AuditState> {
  const database = AuditDatabase.open(":memory:");
  try {
    database.claim(network.deployment);
    await noteConstants(database, network.transaction);
    const endpoint = endpointOf(honestAsk(network));
    const deployment = network.deployment.chains.transaction;
    await indexChain(database, endpoint, { chain: "transaction", deployment });
    return (await verifyBooks(database, network.transaction, endpoint)).state;
  } finally {
    database.close();
  }
}

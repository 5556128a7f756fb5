/** `npm start -- --serve`: keeps the run's own chains up for oracle, audit, SDK and wallets in other processes. */
import { deploymentPath } from "../../sdk/node/deployments.js";
import { announce, serveChains, withdrawAnnouncement } from "../chains/serve.js";
import type { Neighbourhood } from "../neighbourhood.js";
import type { EmbeddedNetwork } from "../networks/index.js";

/** Serves both chains until a signal comes. */
export async function serve(
  { network, neighbourhood }: { readonly network: EmbeddedNetwork; readonly neighbourhood: Neighbourhood },
  port: number,
): Promise<void> {
  const file = deploymentPath("local");
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  const endpoints = await serveChains(network, port);
  try {
    await announce(file, network, neighbourhood);
    console.error(`Serving the transaction chain at http://127.0.0.1:${port}, the user chain at ${port + 1}.`);
    console.error(`Deployment: ${file} (keys beside it). Try: npm run audit. Stop with Ctrl-C.`);
    await stopped;
  } finally {
    await withdrawAnnouncement(file);
    await Promise.all([endpoints.transaction.close(), endpoints.user.close()]);
  }
}

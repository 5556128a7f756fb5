/** `npm start -- --serve`: keeps the run's own chains up for oracle, audit, SDK and wallets in other processes. */
import { deploymentPath } from "../../sdk/node/deployments.js";
import { requireFreePorts } from "../chains/rpc-server.js";
import { announce, serveChains, withdrawAnnouncement } from "../chains/serve.js";
import { InputError } from "../inputs/index.js";
import type { Neighbourhood } from "../neighbourhood.js";
import type { EmbeddedNetwork } from "../networks/index.js";
import { untilStopped } from "../run.js";

/** Refuses, before a long run, to serve chains that are not its own or at ports that are taken. */
export async function prepareServing({
  network,
  port,
}: {
  readonly network: string;
  readonly port: number;
}): Promise<void> {
  if (network !== "embedded") {
    throw new InputError(
      { file: "--serve" },
      `network ${network} is served elsewhere already`,
      "Leave the option out.",
    );
  }
  await requireFreePorts([port, port + 1]);
}

/** Serves both chains until a signal comes. */
export async function serve(
  { network, neighbourhood }: { readonly network: EmbeddedNetwork; readonly neighbourhood: Neighbourhood },
  port: number,
): Promise<void> {
  const file = deploymentPath("local");
  const stopped = untilStopped();
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

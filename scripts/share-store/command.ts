/** `npm run share-store`: a share store over a folder, on loopback, until it is stopped. */
import { join } from "node:path";

import { Command } from "commander";

import type { UserChain } from "../../sdk/connect.js";
import { FolderShares } from "../../sdk/node/index.js";
import { recordViewOf, ShareKeeper } from "../../sdk/vault/index.js";
import { port } from "../inputs/arguments.js";
import { loadKey } from "../inputs/keys.js";
import { openSession, type Environment } from "../networks/session.js";
import { stopSignal, type Print } from "../run.js";
import { wallSeconds } from "../wall.js";
import { folderKey, lockFolder } from "./folder.js";
import { serveShares } from "./server.js";

/** Where the store listens unless told otherwise; the vault's commands ask there. */
export const SHARE_STORE_PORT = 8750;

interface ShareStoreOptions {
  readonly network: string;
  readonly rpc?: string;
  readonly folder: string;
  readonly port: number;
  readonly keystore?: string;
  readonly passwordFile?: string;
}

export function shareStoreCommand(
  environment: Environment,
  print: Print,
  complain: (problem: unknown) => void,
  stopped: AbortSignal = stopSignal(),
): Command {
  return new Command("share-store")
    .description("Keeps the erasable halves of vaults' content keys, in a folder, on loopback.")
    .option("--network <name>", "local, besu, or a deployment file", "local")
    .option("--rpc <url>", "endpoint of the user chain (default: the deployment file's)")
    .option("--folder <path>", "where the shares are, and the store's own key", "share-store")
    .option("--port <n>", "port of loopback; 0: any free one", port, SHARE_STORE_PORT)
    .option("--keystore <file>", "encrypted key that signs receipts (default: account.key in the folder, drawn once)")
    .option("--password-file <file>", "password of the keystore; else COMMONWATT_KEYSTORE_PASSWORD in the environment")
    .allowExcessArguments(false)
    .exitOverride()
    .action((options: ShareStoreOptions) => keepShares(options, { environment, print, complain, stopped }));
}

interface World {
  readonly environment: Environment;
  readonly print: Print;
  readonly complain: (problem: unknown) => void;
  readonly stopped: AbortSignal;
}

async function keepShares(options: ShareStoreOptions, { environment, print, complain, stopped }: World): Promise<void> {
  const { folder } = options;
  const unlock = await lockFolder(folder);
  try {
    const signer = options.keystore === undefined ? await folderKey(folder) : await loadKey(options, environment);
    const session = await openSession({ ...options, chain: "user" });
    try {
      const view = recordViewOf(session.chain as UserChain);
      const table = new FolderShares(join(folder, "shares"));
      await table.removeLeftovers();
      // named by its account, not by the folder: whoever asks is told the name
      const keeper = await ShareKeeper.open({ name: signer.address, table, view, signer, now: wallSeconds });
      const onFailure = (error: unknown): void => complain((error as Error).message);
      const server = await serveShares({ keeper, contracts: view.contracts, port: options.port, onFailure });
      print(`Share store ${keeper.account} at ${server.url}, shares in ${folder}. Stop with Ctrl-C.`);
      await untilAborted(stopped);
      await server.close();
    } finally {
      session.close();
    }
  } finally {
    await unlock();
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

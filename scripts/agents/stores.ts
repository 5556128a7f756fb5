/** The stores of the simulated homes' vaults: two share stores in this process, ciphertext in a folder. */
import { join } from "node:path";

import { dataLength } from "ethers";

import type { UserChain } from "../../sdk/connect.js";
import { FolderContents } from "../../sdk/node/index.js";
import {
  decodeLocator,
  MemoryShares,
  recordViewOf,
  ShareKeeper,
  type ContentStore,
  type WrittenVersion,
} from "../../sdk/vault/index.js";
import { keyFromSeed } from "../networks/keys.js";

export interface VaultStores {
  readonly contents: ContentStore;
  readonly shares: readonly ShareKeeper[];
}

const SHARE_STORES = 2;

export async function openStores(
  user: UserChain,
  { seed, folder, now }: { readonly seed: number; readonly folder: string; readonly now: () => bigint },
): Promise<VaultStores> {
  const shares = Array.from({ length: SHARE_STORES }, async (_, index) =>
    ShareKeeper.open({
      name: `share store ${index + 1}`,
      table: new MemoryShares(),
      view: recordViewOf(user),
      signer: keyFromSeed(seed, "user", `share store ${index + 1}`),
      now,
    }),
  );
  return { contents: new FolderContents(join(folder, "contents")), shares: await Promise.all(shares) };
}

/** Bytes of a version's ciphertext, wherever it is. */
export async function ciphertextBytes(
  { contents }: VaultStores,
  { locator }: Pick<WrittenVersion, "locator">,
): Promise<number> {
  const where = decodeLocator(locator);
  if (where.place === "chain") return dataLength(where.ciphertext);
  return (await contents.get(where.hash))?.length ?? 0;
}

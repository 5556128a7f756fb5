/** Handing a node its key: from the keystore to a file in memory, which ends with the machine's session. */
import { mkdir, readFile, rm, statfs } from "node:fs/promises";
import { join } from "node:path";

import { concat, keccak256, toUtf8Bytes } from "ethers";

import { writeFileAtOnce } from "../../sdk/node/deployments.js";
import { InputError } from "../inputs/error.js";
import { openKeystore } from "../inputs/keys.js";
import type { ChainName, NetworkFile, NetworkNode } from "./network-file.js";
import { nodeKeystore } from "./operators.js";

/** Names of the files within the folder that a node is handed its secrets in. */
export const NODE_KEY_FILE = "node.key";
export const TLS_PASSWORD_FILE = "tls.password";

/** File systems of Linux that are in memory alone (statfs): tmpfs, ramfs. */
const IN_MEMORY = [0x0102_1994, 0x8584_58f6];

/** The node's private key, 0x and 64 hex digits. */
export async function openNodeKey(
  dir: string,
  node: Pick<NetworkNode, "name">,
  chain: ChainName,
  password: string,
): Promise<string> {
  const file = nodeKeystore(dir, node, chain);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new InputError({ file }, "the node's keystore can't be read", "Check the path and the rights on it", {
      cause,
    });
  }
  return (await openKeystore(file, text, password)).privateKey;
}

/** What opens the node's PKCS #12 file: it follows from the node's key, so that nothing more has to be kept. */
export function tlsPassword(nodeKey: string): string {
  return keccak256(concat([toUtf8Bytes("commonwatt tls keystore"), nodeKey])).slice(2);
}

/** Writes what a node needs to start into `folder`, for its owner alone; refuses a folder on a disk where that can be told. */
export async function unlockNode(
  dir: string,
  network: Pick<NetworkFile, "tls">,
  { node, chain, password, folder }: UnlockOptions,
): Promise<void> {
  const key = await openNodeKey(dir, node, chain, password);
  const made = await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    await requireInMemory(folder);
  } catch (error) {
    if (made !== undefined) await rm(made, { recursive: true });
    throw error;
  }
  await writeFileAtOnce(join(folder, NODE_KEY_FILE), key, 0o600);
  if (network.tls === true) await writeFileAtOnce(join(folder, TLS_PASSWORD_FILE), tlsPassword(key), 0o600);
}

export interface UnlockOptions {
  readonly node: Pick<NetworkNode, "name">;
  readonly chain: ChainName;
  readonly password: string;
  readonly folder: string;
}

async function requireInMemory(folder: string): Promise<void> {
  if (process.platform !== "linux") return;
  const { type } = await statfs(folder);
  if (IN_MEMORY.includes(type)) return;
  const advice = "Name one on a tmpfs: /run/user/UID, /dev/shm, or a unit's RuntimeDirectory";
  throw new InputError({ file: folder }, "the folder is on a disk, which would keep the node's key", advice);
}

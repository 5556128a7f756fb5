/** One real Besu node on loopback, outside any network's folder: without peers and tokens, which questions to it alone do not need. */
import { spawn, type ChildProcess } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Wallet } from "ethers";

import { InputError } from "../inputs/error.js";
import { NodeRpc } from "../network/engine/node-rpc.js";

const START_SECONDS = 180;
const PEER_TIMEOUT_MILLISECONDS = 15_000;

export interface BareNodeOptions {
  /** Besu's launcher. */
  readonly besu: string;
  /** For its data, its key and its permission file. */
  readonly folder: string;
  readonly genesis: string;
  /** Its RPC has the port after it. */
  readonly p2pPort: number;
  /** Keeps lists of who may send and connect, empty at first; absent: it lets everybody. */
  readonly permissioned?: boolean;
}

export interface BareNode {
  readonly child: ChildProcess;
  readonly rpc: NodeRpc;
  /** Of `permissioned` nodes. */
  readonly permissions: string;
}

/** Starts it with a new key, and waits until it answers. */
export async function startBareNode(options: BareNodeOptions): Promise<BareNode> {
  const { besu, folder, genesis, p2pPort, permissioned = false } = options;
  const rpcPort = p2pPort + 1;
  const permissions = join(folder, "permissions.toml");
  await writeFile(permissions, "accounts-allowlist=[]\nnodes-allowlist=[]\n");
  await writeFile(join(folder, "node.key"), Wallet.createRandom().privateKey, { mode: 0o600 });
  const lists = ["accounts", "nodes"].flatMap((list) => [
    `--permissions-${list}-config-file-enabled`,
    `--permissions-${list}-config-file=${permissions}`,
  ]);
  const args = [
    `--genesis-file=${genesis}`,
    `--data-path=${join(folder, "data")}`,
    `--node-private-key-file=${join(folder, "node.key")}`,
    `--p2p-port=${p2pPort}`,
    ...["--p2p-host=127.0.0.1", "--p2p-interface=127.0.0.1", "--discovery-enabled=false", "--nat-method=NONE"],
    ...["--rpc-http-enabled", "--rpc-http-host=127.0.0.1", `--rpc-http-port=${rpcPort}`],
    ...["--rpc-http-api=ADMIN,NET,ETH,PERM", "--host-allowlist=127.0.0.1", "--min-gas-price=0", "--sync-mode=FULL"],
    ...(permissioned ? lists : []),
  ];
  const child = spawn(besu, args, { stdio: "ignore" });
  const url = `http://127.0.0.1:${rpcPort}`;
  const rpc = new NodeRpc(url, () => Promise.resolve("none"), undefined, PEER_TIMEOUT_MILLISECONDS);
  for (let second = 0; second < START_SECONDS && child.exitCode === null; second++) {
    const isUp = await rpc.call("net_version").then(
      () => true,
      () => false,
    );
    if (isUp) return { child, rpc, permissions };
    await sleep(1_000);
  }
  child.kill("SIGKILL");
  throw new InputError({ file: url }, "the node of its own does not answer", "Is the port free, and does besu start?");
}

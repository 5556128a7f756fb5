/** One real Besu node of a test's own, outside any network's folder. */
import { spawn, type ChildProcess } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { Wallet } from "ethers";

import { findBesu } from "../../scripts/network/engine/process-engine.js";
import { NodeRpc } from "../../scripts/network/engine/node-rpc.js";
import { twoFreePorts } from "./ports.js";

const START_SECONDS = 180;
const PEER_TIMEOUT_MILLISECONDS = 15_000;

export interface BareNodeOptions {
  /** For its data, its key and its permission file. */
  readonly folder: string;
  readonly genesis: string;
  /** Keeps lists of who may send and connect, empty at first; absent: it lets everybody. */
  readonly permissioned?: boolean;
}

export interface BareNode {
  readonly child: ChildProcess;
  readonly rpc: NodeRpc;
  readonly p2pPort: number;
  /** Of `permissioned` nodes. */
  readonly permissions: string;
}

/** Starts it on loopback, with a new key, and waits until it answers. */
export async function startBareNode({ folder, genesis, permissioned = false }: BareNodeOptions): Promise<BareNode> {
  const client = await findBesu(process.env);
  if (client === undefined) throw new Error("there is no Besu: put besu on PATH, or name its launcher in BESU");
  const p2pPort = await twoFreePorts();
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
  const child = spawn(client, args, { stdio: "ignore" });
  const url = `http://127.0.0.1:${rpcPort}`;
  const rpc = new NodeRpc(url, () => Promise.resolve("none"), undefined, PEER_TIMEOUT_MILLISECONDS);
  for (let second = 0; second < START_SECONDS && child.exitCode === null; second++) {
    const isUp = await rpc.call("net_version").then(
      () => true,
      () => false,
    );
    if (isUp) return { child, rpc, p2pPort, permissions };
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  child.kill("SIGKILL");
  throw new Error("besu did not come up");
}

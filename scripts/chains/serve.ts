/** Serving an embedded network's chains on loopback, with its deployment file and keys for other processes. */
import { rm } from "node:fs/promises";

import { writeDeployment, removeDeployment } from "../../sdk/node/deployments.js";
import type { Neighbourhood } from "../neighbourhood.js";
import type { EmbeddedNetwork } from "../networks/embedded.js";
import { keysPath, operatorKeysOf, writeKeys, type KeysFile } from "../networks/keys-file.js";
import { serveRpc, type RpcServer } from "./rpc-server.js";

const NOTE = "Keys of simulated chains on this machine. Never use them, or send anything to them, anywhere else.";

/** The two endpoints of a served network. */
export interface Endpoints {
  readonly transaction: RpcServer;
  readonly user: RpcServer;
}

/** Where a served network's endpoints are, before its chains exist. */
export function endpointUrls(port: number): { transaction: string; user: string } {
  return { transaction: `http://127.0.0.1:${port}`, user: `http://127.0.0.1:${port + 1}` };
}

/** Opens the endpoints of both chains: the transaction chain's at `port`, the user chain's at the next one. */
export async function serveChains(network: EmbeddedNetwork, port: number): Promise<Endpoints> {
  const transaction = await serveRpc(network.chains.transaction.connection.provider, port);
  try {
    return { transaction, user: await serveRpc(network.chains.user.connection.provider, port + 1) };
  } catch (error) {
    await transaction.close();
    throw error;
  }
}

/** Writes the deployment file, and the keys beside it for their owner alone. */
export async function announce(file: string, network: EmbeddedNetwork, neighbourhood: Neighbourhood): Promise<void> {
  await writeKeys(keysPath(file), keysOf(network, neighbourhood));
  await writeDeployment(file, network.deployment);
}

/** Takes both files away, so that nobody connects to chains that are gone. */
export async function withdrawAnnouncement(file: string): Promise<void> {
  await removeDeployment(file);
  await rm(keysPath(file), { force: true });
}

function keysOf(network: EmbeddedNetwork, { members, userMembers, homes }: Neighbourhood): KeysFile {
  return {
    version: 1,
    note: NOTE,
    operators: operatorKeysOf(network.operators),
    members: [...members].flatMap(([name, { signer }]) => {
      const user = userMembers.get(name);
      if (user === undefined) return [];
      const { address, privateKey } = signer;
      return [{ name, address, key: privateKey, userChainAddress: user.address, userChainKey: user.privateKey }];
    }),
    homes: homes.map(({ home, feeder, meter, chain, device, userAccount }) => ({
      home,
      feeder: Number(feeder.area),
      meter: Number(meter),
      address: chain.signer.address,
      key: chain.signer.privateKey,
      deviceKey: device.privateKey,
      userChainAddress: userAccount.address,
      userChainKey: userAccount.privateKey,
    })),
  };
}

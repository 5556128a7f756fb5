/** The transaction chain under the metering operator's key, which can be changed while the oracle runs. */
import { connectTransactionChain, endpointOf, type TransactionChain } from "../../sdk/connect.js";
import { deploymentPath, readDeployment } from "../../sdk/node/deployments.js";
import { loadKey } from "../inputs/keys.js";
import { openNetworkEndpoint } from "../networks/folder.js";
import { transactionDefaults } from "../networks/served.js";

import type { Environment } from "./open-sources.js";
import { isDeploymentFile, type OracleSettings } from "./settings.js";

type Key = Awaited<ReturnType<typeof loadKey>>;
type Settings = Pick<OracleSettings, "network" | "rpc" | "keystore" | "passwordFile">;

export class OperatorChain {
  readonly #load: () => Promise<Key>;
  readonly #connect: (key: Key) => Promise<TransactionChain>;
  readonly disconnect: () => void;
  #key: Key;
  #chain: TransactionChain;

  private constructor(
    parts: {
      readonly load: () => Promise<Key>;
      readonly connect: (key: Key) => Promise<TransactionChain>;
      readonly disconnect: () => void;
    },
    key: Key,
    chain: TransactionChain,
  ) {
    this.#load = parts.load;
    this.#connect = parts.connect;
    this.disconnect = parts.disconnect;
    this.#key = key;
    this.#chain = chain;
  }

  /** Loads the key, checks the deployment and connects; what is wrong is named by its file or endpoint. */
  static async open(settings: Settings, environment: Environment): Promise<OperatorChain> {
    const { network, rpc } = settings;
    const load = (): Promise<Key> => loadKey(settings, environment);
    const key = await load();
    const deployment = await readDeployment(isDeploymentFile(network) ? network : deploymentPath(network));
    const provider = await openNetworkEndpoint(endpointOf(deployment, "transaction", rpc), deployment, "transaction");
    const connect = async (own: Key): Promise<TransactionChain> => {
      const signer = own.connect(provider) as Key & { readonly provider: typeof provider };
      return connectTransactionChain(deployment, signer, await transactionDefaults(provider));
    };
    const disconnect = (): void => provider.destroy();
    try {
      return new OperatorChain({ load, connect, disconnect }, key, await connect(key));
    } catch (error) {
      disconnect();
      throw error;
    }
  }

  /** The key that signs now. */
  get key(): Key {
    return this.#key;
  }

  /** The chain under that key. */
  get chain(): TransactionChain {
    return this.#chain;
  }

  /** Loads the key again and goes on with it; the old one stays when that fails. Returns its address. */
  async rotate(): Promise<string> {
    const key = await this.#load();
    this.#chain = await this.#connect(key);
    this.#key = key;
    return key.address;
  }
}

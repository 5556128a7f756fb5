/** What every subcommand works with: a checked connection to one chain, and the account that signs, where one is needed. */
import { Wallet, type HDNodeWallet, type JsonRpcProvider } from "ethers";

import { connectTransactionChain, connectUserChain, endpointOf, withSigner, type AnyChain } from "../../sdk/connect.js";
import { readDeployment } from "../../sdk/node/deployments.js";
import { InputError } from "../inputs/error.js";
import { networkFolderOf, openNetworkEndpoint } from "./folder.js";
import { keysByName, keysPath, readKeys } from "./keys-file.js";
import { deploymentFileOf, fund, isSimulated, transactionDefaults } from "./served.js";
import { KEY_VARIABLE, loadKey } from "../inputs/keys.js";
import { openOperator } from "../network/operators.js";
import { folderPassword } from "../network/password.js";

/** Options that all subcommands share. */
export interface SessionOptions {
  readonly network: string;
  readonly chain: "transaction" | "user";
  readonly rpc?: string;
  /** Whose key of the keys file signs. */
  readonly as?: string;
  readonly keystore?: string;
  readonly passwordFile?: string;
}

/** Variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>;
type AnyWallet = Wallet | HDNodeWallet;

/** A connection that can only read. */
export interface Session {
  readonly chain: AnyChain;
  close(): void;
}

/** A connection that signs. */
export interface SigningSession extends Session {
  readonly account: string;
}

/** Connects to the chain that the options name. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const file = deploymentFileOf(options.network);
  const deployment = await readDeployment(file);
  const endpoint = endpointOf(deployment, options.chain, options.rpc);
  const provider = await openNetworkEndpoint(endpoint, deployment, options.chain, { pollingMilliseconds: 100 });
  try {
    const defaults = await transactionDefaults(provider);
    const connect = options.chain === "transaction" ? connectTransactionChain : connectUserChain;
    return { chain: await connect(deployment, provider, defaults), close: () => provider.destroy() };
  } catch (error) {
    provider.destroy();
    throw error;
  }
}

/** Connects, and signs as the options say. */
export async function openSigningSession(options: SessionOptions, environment: Environment): Promise<SigningSession> {
  const wallet = await signerOf(options, environment); // first: who has no key needs no network
  const session = await openSession(options);
  try {
    const provider = session.chain.provider as JsonRpcProvider;
    if (await isSimulated(provider)) await fund(provider, [wallet.address]);
    return { ...session, chain: signedBy(session.chain, wallet), account: wallet.address };
  } catch (error) {
    session.close();
    throw error;
  }
}

/** The key of the keys file that has this name on the chain. */
export async function namedKey(
  name: string,
  option: string,
  { network, chain }: Pick<SessionOptions, "network" | "chain">,
): Promise<Wallet> {
  const deploymentFile = deploymentFileOf(network);
  const file = keysPath(deploymentFile);
  const keys = await readKeys(file);
  if (keys === undefined) {
    const folder = await networkFolderOf(await readDeployment(deploymentFile));
    if (folder !== undefined) {
      const opened = await openOperator(folder.dir, chain, name, await folderPassword({ environment: process.env }));
      return new Wallet(opened.privateKey);
    }
    const advice = `Only npm run chains writes one; elsewhere use --keystore or ${KEY_VARIABLE}`;
    throw new InputError({ file: `${option} ${name}` }, `there is no keys file ${file}`, advice);
  }
  const byName = keysByName(keys, chain);
  const key = byName.get(name);
  if (key !== undefined) return new Wallet(key);
  const known = [...byName.keys()].join(", ");
  throw new InputError(
    { file: `${option} ${name}` },
    `${file} has no such key for the ${chain} chain`,
    `Known: ${known}`,
  );
}

async function signerOf(options: SessionOptions, environment: Environment): Promise<AnyWallet> {
  if (options.as !== undefined) return namedKey(options.as, "--as", options);
  if (options.keystore === undefined && !environment[KEY_VARIABLE]) {
    const advice = `Name one of the keys beside the deployment file (--as accountant1), a keystore, or set ${KEY_VARIABLE}`;
    throw new InputError({ file: "--as" }, "there is no key to sign with", advice);
  }
  return loadKey(options, environment);
}

function signedBy(chain: AnyChain, wallet: AnyWallet): AnyChain {
  return chain.kind === "transaction" ? withSigner(chain, wallet) : withSigner(chain, wallet);
}

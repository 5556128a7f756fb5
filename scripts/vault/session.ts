/** What the vault's subcommands work with: the user chain, and the owner's keys where they are needed. */
import type { JsonRpcProvider } from "ethers";

import { withSigner, type UserChain } from "../../sdk/connect.js";
import {
  Grantee,
  recordChainOf,
  recordViewOf,
  Vault,
  vaultDirectoryOf,
  VaultWallet,
  type ContentStore,
  type RecordView,
  type ShareStore,
  type VaultParts,
} from "../../sdk/vault/index.js";
import { openSession } from "../networks/session.js";
import { fund, isSimulated } from "../networks/served.js";
import { wallSeconds } from "../wall.js";
import { shareStores, VaultFolder, type VaultConfig } from "./folder.js";
import { knownPassword, type PasswordOptions } from "./password.js";
import type { Shell } from "./shell.js";
import { InputError } from "../inputs/error.js";

/** Options that all subcommands share. */
export interface VaultOptions extends PasswordOptions {
  readonly home: string;
  /** Absent: the one that the vault was made for. */
  readonly network?: string;
  readonly rpc?: string;
}

/** Sees what the chain has of a vault; no key is at hand. */
export interface ViewSession {
  readonly folder: VaultFolder;
  readonly config: VaultConfig;
  readonly chain: UserChain;
  readonly view: RecordView;
  close(): void;
}

/** Opens the vault. */
export interface VaultSession extends ViewSession {
  readonly parts: VaultParts;
  readonly vault: Vault;
}

/** Stores of an owner that a grantee reads from, besides its own. */
export interface OwnersStores {
  readonly contents: readonly ContentStore[];
  readonly shares: readonly ShareStore[];
}

const DEFAULT_NETWORK = "local";

/** Connects to the user chain. */
export async function openUserChain(
  { network, rpc }: Pick<VaultOptions, "network" | "rpc">,
  config?: VaultConfig,
): Promise<{ readonly chain: UserChain; close(): void }> {
  const name = network ?? config?.network ?? DEFAULT_NETWORK;
  const session = await openSession({ network: name, chain: "user", ...(rpc !== undefined && { rpc }) });
  return { chain: session.chain as UserChain, close: () => session.close() };
}

/** What needs no key. */
export async function openView(options: VaultOptions): Promise<ViewSession> {
  const folder = new VaultFolder(options.home);
  const config = await folder.config();
  const session = await openUserChain(options, config);
  return { ...session, folder, config, view: recordViewOf(session.chain) };
}

/** What needs the owner's keys. */
export async function openVault(options: VaultOptions, shell: Shell): Promise<VaultSession> {
  const folder = new VaultFolder(options.home);
  const config = await folder.config();
  const wallet = await openWallet(folder, options, shell);
  const stores = { contents: folder.contentStores(config, shell.environment), shares: shareStores(config) };
  const session = await openUserChain(options, config);
  try {
    const chain = await signingChain(session.chain, wallet);
    const parts = partsOf(chain, wallet, { folder, ...stores });
    return { ...session, chain, folder, config, view: parts.chain, parts, vault: await Vault.open(parts) };
  } catch (error) {
    session.close();
    throw error;
  }
}

/** The keys of the folder's keystore. */
export async function openWallet(folder: VaultFolder, options: PasswordOptions, shell: Shell): Promise<VaultWallet> {
  const json = await folder.keystore(); // first: who has no keystore needs no password
  if (json === undefined) {
    const advice = "Make a vault with npm run vault -- init, or restore the keystore from its backup";
    throw new InputError({ file: folder.path }, "there is no keystore here", advice);
  }
  return VaultWallet.fromKeystore(json, await knownPassword(options, shell));
}

/** Signs with the wallet's account of the user chain; where gas costs simulated money, it gets some. */
export async function signingChain(chain: UserChain, wallet: VaultWallet): Promise<UserChain> {
  const signer = wallet.account("user");
  const provider = chain.provider as JsonRpcProvider;
  if (await isSimulated(provider)) await fund(provider, [signer.address]);
  return withSigner(chain, signer);
}

/** A vault's parts over a chain that signs as its owner. */
export function partsOf(
  chain: UserChain,
  wallet: VaultWallet,
  { folder, contents, shares }: OwnersStores & { readonly folder: VaultFolder },
): VaultParts {
  return {
    chain: recordChainOf(chain),
    directory: vaultDirectoryOf(chain),
    contents,
    shares,
    keys: wallet,
    signer: wallet.account("user"),
    journal: folder.journal,
    now: wallSeconds,
  };
}

/** The other side of grants; the owner's stores are asked first. */
export function granteeOf({ parts }: VaultSession, owners: OwnersStores): Grantee {
  const contents = [...owners.contents, ...parts.contents];
  const shares = [...owners.shares, ...parts.shares];
  return new Grantee({ ...parts, view: parts.chain, contents, shares });
}

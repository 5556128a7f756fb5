/** `vault init` and what belongs to it: keys, stores, admission. Can be run again: it does what is still lacking. */
import { resolve } from "node:path";

import { hexlify, randomBytes, type JsonRpcProvider } from "ethers";

import { admitUser, credentialCommitment, standingOf } from "../../sdk/actions/federation.js";
import { withSigner, type UserChain } from "../../sdk/connect.js";
import { Standing } from "../../sdk/enums.js";
import { isCommonwattError } from "../../sdk/errors.js";
import {
  openShareStore,
  recordViewOf,
  ShareAction,
  signRequest,
  Vault,
  VaultWallet,
  type RecordContracts,
  type ShareStore,
  type SignedRequest,
} from "../../sdk/vault/index.js";
import { InputError } from "../inputs/error.js";
import { namedKey } from "../networks/session.js";
import { fund, isSimulated } from "../networks/served.js";
import { REGISTRAR } from "../neighbourhood.js";
import { wallSeconds } from "../wall.js";
import { SHARE_STORE_PORT } from "../share-store/command.js";
import { textFrom } from "./content.js";
import { shareStores, VaultFolder, type VaultConfig } from "./folder.js";
import { newPassword } from "./password.js";
import { openUserChain, openWallet, partsOf, signingChain, type VaultOptions } from "./session.js";
import type { Shell } from "./shell.js";

export interface InitOptions extends VaultOptions {
  /** A file with the words of a seed phrase; `-`: standard input. Absent: a new phrase is drawn. */
  readonly phraseFile?: string;
  readonly shareStore?: readonly string[];
  readonly contents?: readonly string[];
  readonly bucket?: readonly string[];
  /** Admits the account with the registrar's key of the keys file. */
  readonly admit: boolean;
}

const DEFAULT_STORE = `http://127.0.0.1:${SHARE_STORE_PORT}`;
const DEFAULT_CONTENTS = "contents";
/** Records that are asked for, to know a vault's stores by. */
const MOST_LOOKED_AT = 10;

/** Makes the vault, or completes it. All that can be refused is asked before anything is written. */
export async function init(options: InitOptions, shell: Shell): Promise<string[]> {
  const folder = new VaultFolder(options.home);
  const before = await folder.findConfig();
  const session = await openUserChain(options, before);
  const { chain } = session;
  try {
    const shares = await sharesOf(options, before, chain);
    const wallet = await walletOf(folder, options, shell);
    const { address: account } = wallet.account("user");
    const network = options.network ?? before?.network ?? "local";
    const config = { version: 1, network, account, contents: contentsOf(options, before), shares } as const;
    folder.contentStores(config, shell.environment); // a bucket without its key is refused here
    if (before === undefined) await requireTheirStores(chain, wallet, config);
    const isNew = (await folder.keystore()) === undefined;
    const keystore = isNew ? await wallet.toKeystore(await newPassword(options, shell)) : undefined;
    await folder.make();
    if (keystore !== undefined) await folder.writeKeystore(keystore);
    await folder.writeConfig(config);
    return [
      `The vault in ${folder.path} is ${account}'s.`,
      ...(await join(options, { folder, config, chain, wallet }, shell)),
    ];
  } finally {
    session.close();
  }
}

interface Made {
  readonly folder: VaultFolder;
  readonly config: VaultConfig;
  readonly chain: UserChain;
  readonly wallet: VaultWallet;
}

/** Admission, where it lacks and can be given here, and the first encryption key. */
async function join(options: InitOptions, { folder, config, chain, wallet }: Made, shell: Shell): Promise<string[]> {
  const { address: account } = wallet.account("user");
  const lines: string[] = [];
  let standing = await standingOf(chain, account);
  if (standing === Standing.None && options.admit) {
    await admit(options.network ?? config.network, chain, account);
    standing = await standingOf(chain, account);
    lines.push("It was admitted to the user chain with the registrar's key of this machine.");
  }
  if (standing !== Standing.Active) return [...lines, ...howToGoOn(standing, account)];
  const stores = { contents: folder.contentStores(config, shell.environment), shares: shareStores(config) };
  const vault = await Vault.open(partsOf(await signingChain(chain, wallet), wallet, { folder, ...stores }));
  const number = await vault.publishKey();
  return [...lines, `Encryption key ${number} is published. Write the seed phrase on paper: npm run vault -- phrase`];
}

function howToGoOn(standing: Standing, account: string): string[] {
  if (standing === Standing.None) {
    return [
      `It is not admitted to the user chain yet, and can't write. Ask a registrar to admit ${account}`,
      "(with --admit this is done where the registrar's key is in this machine's keys file), then run init again.",
    ];
  }
  const what = standing === Standing.Suspended ? "suspended" : "expelled";
  return [`It is ${what}: it reads, erases and revokes, and writes nothing. Ask its registrar.`];
}

/** As the registrar of a demonstration: it knows nobody, so the credential is drawn and forgotten. */
async function admit(network: string, chain: UserChain, account: string): Promise<void> {
  const registrar = await namedKey(REGISTRAR, "--admit", { network, chain: "user" });
  const provider = chain.provider as JsonRpcProvider;
  if (await isSimulated(provider)) await fund(provider, [registrar.address]);
  const commitment = credentialCommitment(drawn(), drawn());
  await admitUser(withSigner(chain, registrar), { user: account, credentialCommitment: commitment });
}

function drawn(): string {
  return hexlify(randomBytes(32));
}

/**
 * Each store is asked who it is, once: from then on no other account's answer counts. None is left out again: it keeps shares that nobody would
 * tell it to forget, and an erasure would end without it.
 */
async function sharesOf(
  { shareStore }: InitOptions,
  before: VaultConfig | undefined,
  chain: UserChain,
): Promise<VaultConfig["shares"]> {
  if (shareStore === undefined && before !== undefined) return before.shares;
  const { contracts } = recordViewOf(chain);
  const shares = await Promise.all((shareStore ?? [DEFAULT_STORE]).map(async (url) => storeAt(url, before, contracts)));
  const left = before?.shares.find(({ account }) => !shares.some((share) => share.account === account));
  if (left === undefined) return shares;
  throw new InputError(
    { file: "--share-store" },
    `store ${left.account} at ${left.url} is left out, and would not be told to forget what is erased`,
    "Name all stores that the vault has, and new ones beside them; docs/vault.md says how one is given up",
  );
}

async function storeAt(
  url: string,
  before: VaultConfig | undefined,
  contracts: RecordContracts,
): Promise<VaultConfig["shares"][number]> {
  return (
    before?.shares.find((share) => share.url === url) ?? {
      url,
      account: (await openShareStore(url, contracts)).account,
    }
  );
}

/**
 * A vault that comes back, by its phrase: stores that never had its records would sign that they have forgotten them, while those that have them
 * are not asked. So one of them must know one of the records that live.
 */
async function requireTheirStores(chain: UserChain, wallet: VaultWallet, config: VaultConfig): Promise<void> {
  const { account: owner } = config;
  const view = recordViewOf(chain);
  const living = (await view.statesOf(owner)).filter(({ erasedAt }) => erasedAt === undefined).slice(-MOST_LOOKED_AT);
  for (const { record, version } of living) {
    const commitment = (await view.versionsOf(owner, record)).at(-1)?.commitment ?? "";
    for (const store of shareStores(config)) {
      const name = { owner, record, version, commitment };
      const asked = { ...name, store: store.account, action: ShareAction.Read, now: wallSeconds() };
      const request = await signRequest(view.contracts, wallet.account("user"), asked);
      if (!(await isUnknownTo(store, request))) return;
    }
  }
  if (living.length === 0) return;
  throw new InputError(
    { file: "--share-store" },
    `none of these stores has a share of ${owner}'s records`,
    "Name the stores that the vault had: others can neither open nor erase what is there",
  );
}

async function isUnknownTo(store: ShareStore, request: SignedRequest): Promise<boolean> {
  try {
    await store.read(request);
    return false;
  } catch (error) {
    if (isCommonwattError(error, "VaultShareMissing")) return true;
    if (isCommonwattError(error, "VaultRecordErased")) return false; // an erasure that is not finished
    throw error;
  }
}

function contentsOf({ contents, bucket }: InitOptions, before: VaultConfig | undefined): VaultConfig["contents"] {
  if (contents === undefined && bucket === undefined) return before?.contents ?? [{ folder: DEFAULT_CONTENTS }];
  const folders = (contents ?? []).map((folder) => ({ folder: resolve(folder) }));
  return [...folders, ...(bucket ?? []).map((address) => ({ bucket: address }))];
}

async function walletOf(folder: VaultFolder, options: InitOptions, shell: Shell): Promise<VaultWallet> {
  if ((await folder.keystore()) !== undefined) return openWallet(folder, options, shell);
  return options.phraseFile === undefined
    ? VaultWallet.create()
    : VaultWallet.fromPhrase(await textFrom(options.phraseFile, shell));
}

/** Vaults over the deployed user chain. */
import { join } from "node:path";

import { id, Wallet } from "ethers";

import { keyFromSeed } from "../../scripts/networks/keys.js";
import { openEmbedded, type EmbeddedNetwork } from "../../scripts/networks/index.js";
import { admitMember, admitUser, credentialCommitment } from "../../sdk/actions/federation.js";
import { withSigner, type UserChain } from "../../sdk/connect.js";
import { MemberRole } from "../../sdk/enums.js";
import { latestHead } from "../../sdk/latest-head.js";
import { FileJournal, FolderContents, FolderShares } from "../../sdk/node/index.js";
import {
  Grantee,
  recordChainOf,
  recordViewOf,
  ShareKeeper,
  Vault,
  vaultDirectoryOf,
  VaultWallet,
  type VaultParts,
} from "../../sdk/vault/index.js";

const SEED = 29;
const GENESIS = 1_473_638_400n;

/** An embedded network with a registrar. */
export interface VaultChain {
  readonly network: EmbeddedNetwork;
  readonly registrar: UserChain;
  as(key: Wallet): UserChain;
  /** Time of the user chain's latest block, Unix seconds, as of the last `tick`. */
  now(): bigint;
  tick(): Promise<bigint>;
}

/** Opens it. */
export async function openVaultChain(): Promise<VaultChain> {
  const network = await openEmbedded({ seed: SEED, slotSeconds: 3_600, genesisTime: GENESIS });
  const key = keyFromSeed(SEED, "user", "registrar");
  const as = (wallet: Wallet): UserChain => withSigner(network.user, wallet);
  await network.fund("user", [key.address]);
  await admitMember(as(network.operators.user.council), { member: key.address, roles: [MemberRole.Registrar] });
  let time = 0n;
  const tick = async (): Promise<bigint> => {
    time = (await latestHead(network.user.provider)).timestamp;
    return time;
  };
  await tick();
  return { network, registrar: as(key), as, now: () => time, tick };
}

/** A person of the network: admitted, with a vault in a folder and a published key. */
export interface VaultPerson {
  readonly wallet: VaultWallet;
  readonly chain: UserChain;
  readonly parts: VaultParts;
  readonly vault: Vault;
  readonly grantee: Grantee;
}

/** Admits the phrase's account; all people share two share stores and a folder of ciphertext. */
export async function personOf(world: VaultChain, phrase: string, folder: string): Promise<VaultPerson> {
  const wallet = VaultWallet.fromPhrase(phrase);
  const signer = wallet.account("user");
  await world.network.fund("user", [signer.address]);
  const commitment = credentialCommitment(id(`salt ${signer.address}`), id(signer.address));
  await admitUser(world.registrar, { user: signer.address, credentialCommitment: commitment });
  const chain = withSigner(world.network.user, signer);
  const now = (): bigint => world.now();
  const keeperOf = async (index: number): Promise<ShareKeeper> =>
    ShareKeeper.open({
      name: `share store ${index}`,
      table: new FolderShares(join(folder, `shares-${index}`)),
      view: recordViewOf(world.network.user),
      signer: new Wallet(id(`share store ${index}`)),
      now,
    });
  const parts: VaultParts = {
    chain: recordChainOf(chain),
    directory: vaultDirectoryOf(chain),
    contents: [new FolderContents(join(folder, "contents"))],
    shares: await Promise.all([keeperOf(0), keeperOf(1)]),
    keys: wallet,
    signer,
    journal: new FileJournal(join(folder, signer.address)),
    now,
  };
  const vault = await Vault.open(parts);
  await vault.publishKey();
  const grantee = new Grantee({ ...parts, view: parts.chain });
  return { wallet, chain, parts, vault, grantee };
}

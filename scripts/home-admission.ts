/**
 * Homes on both chains: their accounts from one seed phrase each, their admissions, their meters. A registrar that
 * admitted a home on both chains in one go, or two homes in the same order, would join their accounts: it admits in
 * batches, each in an order drawn for its chain alone, and the user chain's batches after the transaction chain's.
 */
import { encodeBytes32String, getBytes, id, Wallet } from "ethers";

import { activateDevice, registerDevice, signCertificate, signClaim } from "../sdk/actions/devices.js";
import { admitUser, credentialCommitment } from "../sdk/actions/federation.js";
import { placeMeter } from "../sdk/actions/grid.js";
import { withSigner, type AnyChain, type TransactionChain } from "../sdk/connect.js";
import { DeviceKind } from "../sdk/enums.js";
import { serialHash } from "../sdk/signing/devices.js";
import { VaultWallet } from "../sdk/vault/wallet.js";
import type { GridFeeder } from "./grid/index.js";
import { Random } from "./inputs/index.js";
import type { NeighbourFeeder, NeighbourHome, SigningChain } from "./neighbourhood.js";
import { keyFromSeed, phraseFromSeed } from "./networks/keys.js";

/** A home before it has a meter. */
export interface HomeKeys extends Pick<NeighbourHome, "home" | "feeder" | "connectionWh" | "chain" | "device"> {
  /** Derives all keys of the home but its meter's. */
  readonly wallet: VaultWallet;
  readonly userAccount: Wallet;
}

/** Signatures of the set-up may be used until the year 2170: it runs at any virtual time. */
export const DEADLINE = 200n * 365n * 86_400n;
const MODEL = encodeBytes32String("CW-1");

/** A home's keys, as the run's seed gives them. */
export function homeKeys(
  transaction: TransactionChain,
  seed: number,
  { home, connectionWh }: GridFeeder["homes"][number],
  feeder: NeighbourFeeder,
): HomeKeys {
  const wallet = VaultWallet.fromPhrase(phraseFromSeed(seed, home));
  const keys = { wallet, userAccount: new Wallet(wallet.account("user").privateKey) };
  const account = new Wallet(wallet.account("transaction").privateKey);
  const device = keyFromSeed(seed, "device", home);
  return { home, feeder, connectionWh: BigInt(connectionWh), chain: signing(transaction, account), device, ...keys };
}

/** How a set-up is hurried where each transaction waits for its block. */
export interface Pace {
  /** Homes that are set up at once. */
  readonly homesAtOnce: number;
  /** Seconds that the set-up may take. */
  readonly seconds: number;
  /** Leaves the user chain out: for measurements of the transaction chain. */
  readonly onTransactionChainAlone: boolean;
}

/** Transactions of a set-up, each of which waits for the one before: of its members and areas, and of each home. */
const SETUP_TRANSACTIONS = 80;
const HOME_TRANSACTIONS = 8;

/** Seconds that a set-up may take on a chain with a wall clock; generous, for a busy machine. */
export function setupSeconds(homes: number, transactionSeconds = 0): number {
  const waited = (SETUP_TRANSACTIONS + HOME_TRANSACTIONS * homes) * transactionSeconds;
  return 30 + homes + Math.ceil(waited);
}

/** What a registrar's admissions follow from. */
export interface Admissions {
  readonly seed: number;
  readonly chain: "transaction" | "user";
  readonly registrar: AnyChain;
  /** How many homes are admitted together, in an order of their own. */
  readonly batch: number;
  /** How many admissions wait for their blocks at once, in their order; absent: one. */
  readonly atOnce?: number;
}

/** Admits homes to one chain, batch by batch, each commitment under a salt of that chain alone. */
export async function admitHomes(homes: readonly HomeKeys[], admissions: Admissions): Promise<void> {
  const { seed, chain, registrar, batch, atOnce = 1 } = admissions;
  const order = shuffledInBatches(homes, new Random(seed).fork(`admissions/${chain}`), batch);
  await inGroups(order, atOnce, async ({ home, ...keys }) => {
    const user = chain === "user" ? keys.userAccount.address : keys.chain.signer.address;
    const salt = id(`salt/${seed}/${chain}/${home}`);
    await admitUser(registrar, { user, credentialCommitment: credentialCommitment(salt, id(`credential/${home}`)) });
  });
}

/** Does the work for each item, for so many of them at once; what came of it, in the items' order. After a failure nothing is under way any more. */
export async function inGroups<Item, Result>(
  items: readonly Item[],
  size: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let from = 0; from < items.length; from += size) {
    for (const outcome of await Promise.allSettled(items.slice(from, from + size).map(work))) {
      if (outcome.status === "rejected") throw outcome.reason;
      results.push(outcome.value);
    }
  }
  return results;
}

/** The items batch by batch, each in a drawn order. */
export function shuffledInBatches<Item>(items: readonly Item[], random: Random, size: number): Item[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, batch) =>
    random.fork(String(batch)).shuffled(items.slice(batch * size, (batch + 1) * size)),
  ).flat();
}

/** Certifies a home's meter, lets it work, and places it; its number. */
export async function settleMeter(maker: SigningChain, keys: HomeKeys, fromSlot: bigint): Promise<bigint> {
  const { feeder, device, connectionWh } = keys;
  const meter = await registerMeter(maker, keys);
  await activateDevice(feeder.meteringOperator, { device: meter, key: device.address });
  await placeMeter(feeder.gridOperator, { meter, feeder: feeder.area, connectionWh, fromSlot });
  return meter;
}

async function registerMeter(maker: SigningChain, { home, chain, device }: HomeKeys): Promise<bigint> {
  const signed = await signCertificate(maker, maker.signer, {
    maker: maker.signer.address,
    deviceKey: device.address,
    kind: DeviceKind.Meter,
    model: MODEL,
    serialHash: serialHash(getBytes(maker.signer.privateKey), home),
    validFrom: 0n,
    validUntil: DEADLINE,
  });
  const claim = await signClaim(maker, { device, owner: chain.signer, deadline: DEADLINE });
  return registerDevice(maker, { ...signed, claim });
}

/** The chain, signed for by a wallet. */
export function signing(chain: TransactionChain, wallet: Wallet): SigningChain {
  const signer = wallet.connect(chain.provider);
  return { ...withSigner(chain, signer), signer };
}

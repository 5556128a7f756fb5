/** What everybody can see of the accounts of both chains: nothing here reads a key, a vault or the simulation. */
import type { AnyChain, TransactionChain, UserChain } from "../../sdk/connect.js";
import { readEvents, type ChainEvent } from "../../sdk/events.js";
import { unpackEntries, unpackMovements, unpackReadings } from "../../sdk/records.js";
import { decodeLocator } from "../../sdk/vault/index.js";
import { bytesOf } from "../../sdk/vault/bytes.js";

/** More than one log has, so that a reading's place in its batch counts too. */
const MOST_READINGS = 1_000_000;

/** When something happened: the block's time and the place among all logs of the chain. */
export interface Moment {
  /** Unix seconds. */
  readonly time: number;
  readonly order: number;
}

/** A home's account on the transaction chain. */
export interface MarketAccount {
  readonly account: string;
  readonly admitted: Moment;
  /** Readings of its meters, as they were stored. */
  readonly readings: readonly (Moment & { readonly slot: number; readonly wh: number })[];
  /** Entries in books, and movements on the escrow account. */
  readonly orders: number;
  readonly movements: number;
  /** Micro-credits that moved to or from its balance, all together. */
  readonly movedMicro: number;
  readonly spending: Spending;
}

/** What an account sent and paid for, by the chain's state. */
export interface Spending {
  readonly nonce: number;
  /** Native coin, in its smallest unit: what it was funded with less the gas of what it sent. */
  readonly balance: number;
}

/** An account on the user chain. */
export interface VaultAccount {
  readonly account: string;
  readonly admitted: Moment;
  readonly keyed: Moment | undefined;
  /** Versions of records; bytes of ciphertext, by the chain or, for an attacker that owns a store, by the store. */
  readonly writings: readonly (Moment & { readonly record: string; readonly bytes: number })[];
  readonly spending: Spending;
}

/** Sizes of ciphertext by its hash, as a content store sees them; undefined for what it hasn't. */
export type StoreSizes = (hash: string) => Promise<number | undefined>;

export async function observeMarket(chain: TransactionChain): Promise<MarketAccount[]> {
  const accounts = new Map<string, Draft>();
  const holders = new Map<bigint, string>();
  await eachEvent(chain, (event, moment) => {
    const { contract, name, args } = event;
    if (contract === "Federation" && name === "UserAdmitted") {
      accounts.set(accountIn(args), { admitted: moment, readings: [], orders: 0, movements: 0, movedMicro: 0 });
    } else if (name === "EntriesAppended") {
      for (const { account } of unpackEntries(args["entries"] as string[])) {
        const draft = accounts.get(account);
        if (draft !== undefined) draft.orders += 1;
      }
    } else if (name === "HolderScheduled") {
      holders.set(args["device"] as bigint, args["holder"] as string);
    } else if (name === "ReadingBatchStored") {
      unpackReadings(args["readings"] as string[]).forEach((reading, index) => {
        if (reading.changed === 0n) return;
        const [slot, wh] = [Number(reading.slot), Number(reading.importWh + reading.exportWh)];
        const stored = { time: moment.time, order: moment.order + index / MOST_READINGS, slot, wh };
        accounts.get(holders.get(reading.meter) ?? "")?.readings.push(stored);
      });
    } else if (Array.isArray(args["movements"])) {
      for (const { account, balance } of unpackMovements(args["movements"] as string[])) {
        const draft = accounts.get(account);
        if (draft === undefined) continue;
        draft.movements += 1;
        draft.movedMicro += Math.abs(Number(balance));
      }
    }
  });
  return Promise.all(
    [...accounts].map(async ([account, draft]) => ({ account, ...draft, spending: await spendingOf(chain, account) })),
  );
}

export async function observeVaults(chain: UserChain, sizeOf: StoreSizes): Promise<VaultAccount[]> {
  const accounts = new Map<string, VaultDraft>();
  const stored: { readonly writing: { bytes: number }; readonly hash: string }[] = [];
  await eachEvent(chain, ({ contract, name, args }, moment) => {
    if (contract === "Federation" && name === "UserAdmitted") {
      accounts.set(accountIn(args), { admitted: moment, keyed: undefined, writings: [] });
    } else if (name === "KeyPublished") {
      const draft = accounts.get(args["account"] as string);
      if (draft !== undefined) draft.keyed ??= moment;
    } else if (name === "VersionWritten") {
      const where = decodeLocator(bytesOf(args["locator"] as string));
      const bytes = where.place === "chain" ? where.ciphertext.length : 0;
      const writing = { ...moment, record: args["record"] as string, bytes };
      accounts.get(args["owner"] as string)?.writings.push(writing);
      if (where.place === "stores") stored.push({ writing, hash: where.hash });
    }
  });
  for (const { writing, hash } of stored) writing.bytes = (await sizeOf(hash)) ?? 0;
  return Promise.all(
    [...accounts].map(async ([account, draft]) => ({ account, ...draft, spending: await spendingOf(chain, account) })),
  );
}

interface Draft {
  readonly admitted: Moment;
  readonly readings: (Moment & { slot: number; wh: number })[];
  orders: number;
  movements: number;
  movedMicro: number;
}

interface VaultDraft {
  readonly admitted: Moment;
  keyed: Moment | undefined;
  readonly writings: (Moment & { record: string; bytes: number })[];
}

async function eachEvent(chain: AnyChain, take: (event: ChainEvent, moment: Moment) => void): Promise<void> {
  const toBlock = await chain.provider.getBlockNumber();
  const times = new Map<number, number>();
  let order = 0;
  for await (const events of readEvents(chain, { fromBlock: chain.deployment.deploymentBlock, toBlock })) {
    for (const event of events) {
      const time = times.get(event.block) ?? Number((await chain.provider.getBlock(event.block))?.timestamp ?? 0);
      times.set(event.block, time);
      take(event, { time, order: (order += 1) });
    }
  }
}

function accountIn(args: ChainEvent["args"]): string {
  return args["user"] as string;
}

async function spendingOf({ provider }: AnyChain, account: string): Promise<Spending> {
  const [nonce, balance] = await Promise.all([provider.getTransactionCount(account), provider.getBalance(account)]);
  return { nonce, balance: Number(balance) };
}

/** The state as a call changes it, over what is proven; nothing of it is kept after the call. */
import type { AccountFields, StateManagerInterface } from "@ethereumjs/common";
import {
  Account as EvmAccount,
  bigIntToUnpaddedBytes,
  bytesToBigInt,
  hexToBytes,
  type Address,
} from "@ethereumjs/util";
import { getBytes, hexlify, keccak256 } from "ethers";

import type { Account } from "../../../light/index.js";
import type { CallBudget } from "./budget.js";
import type { ProvenState } from "./proven-state.js";

export class CallState implements StateManagerInterface {
  readonly #accounts = new Map<string, Account | undefined>();
  readonly #words = new Map<string, Map<bigint, bigint>>();
  /** By hash; what a reverted frame deployed does no harm here. */
  readonly #codes = new Map<string, Uint8Array>();
  /** How to take each change back, in order, and how many there were at each checkpoint. */
  readonly #undo: (() => void)[] = [];
  readonly #checkpoints: number[] = [];

  /** Words as they were before the call, which the price of a change depends on. */
  readonly originalStorageCache = {
    get: async (address: Address, key: Uint8Array): Promise<Uint8Array> =>
      bytesOf(await this.proven.word(address.toString(), bytesToBigInt(key), this.budget)),
    clear: (): void => undefined,
  };

  constructor(
    private readonly proven: ProvenState,
    private readonly budget: CallBudget,
  ) {}

  async getAccount(address: Address): Promise<EvmAccount | undefined> {
    const name = address.toString();
    const fields = this.#accounts.has(name) ? this.#accounts.get(name) : await this.proven.account(name, this.budget);
    // a new one each time: the EVM writes into what it gets
    return (
      fields && new EvmAccount(fields.nonce, fields.balance, getBytes(fields.storageRoot), getBytes(fields.codeHash))
    );
  }

  putAccount(address: Address, account?: EvmAccount): Promise<void> {
    const fields = account && {
      nonce: account.nonce,
      balance: account.balance,
      storageRoot: hexlify(account.storageRoot),
      codeHash: hexlify(account.codeHash),
    };
    this.#set(this.#accounts, address.toString(), fields);
    return Promise.resolve();
  }

  deleteAccount(address: Address): Promise<void> {
    return this.putAccount(address);
  }

  async modifyAccountFields(address: Address, fields: AccountFields): Promise<void> {
    const account = (await this.getAccount(address)) ?? new EvmAccount();
    if (fields.nonce !== undefined) account.nonce = fields.nonce;
    if (fields.balance !== undefined) account.balance = fields.balance;
    if (fields.codeHash !== undefined) account.codeHash = fields.codeHash;
    if (fields.storageRoot !== undefined) account.storageRoot = fields.storageRoot;
    await this.putAccount(address, account);
  }

  async putCode(address: Address, value: Uint8Array): Promise<void> {
    const codeHash = keccak256(value);
    this.#codes.set(codeHash, value);
    await this.modifyAccountFields(address, { codeHash: getBytes(codeHash) });
  }

  async getCode(address: Address): Promise<Uint8Array> {
    await this.budget.breathe();
    const name = address.toString();
    const changed = this.#accounts.get(name);
    if (changed === undefined && this.#accounts.has(name)) return new Uint8Array(0);
    return this.#codes.get(changed?.codeHash ?? "") ?? this.proven.code(name, this.budget);
  }

  async getCodeSize(address: Address): Promise<number> {
    return (await this.getCode(address)).length;
  }

  async getStorage(address: Address, key: Uint8Array): Promise<Uint8Array> {
    const slot = bytesToBigInt(key);
    const changed = this.#words.get(address.toString())?.get(slot);
    return bytesOf(changed ?? (await this.proven.word(address.toString(), slot, this.budget)));
  }

  putStorage(address: Address, key: Uint8Array, value: Uint8Array): Promise<void> {
    const name = address.toString();
    const words = this.#words.get(name) ?? new Map<bigint, bigint>();
    this.#words.set(name, words);
    this.#set(words, bytesToBigInt(key), bytesToBigInt(value));
    return Promise.resolve();
  }

  /** Of an account that is being created: nothing of it is proven but that it stores nothing. */
  clearStorage(address: Address): Promise<void> {
    this.#set(this.#words, address.toString(), new Map());
    return Promise.resolve();
  }

  checkpoint(): Promise<void> {
    this.#checkpoints.push(this.#undo.length);
    return Promise.resolve();
  }

  commit(): Promise<void> {
    this.#checkpoints.pop();
    return Promise.resolve();
  }

  revert(): Promise<void> {
    const kept = this.#checkpoints.pop() ?? 0;
    while (this.#undo.length > kept) this.#undo.pop()?.();
    return Promise.resolve();
  }

  clearCaches(): void {
    // there are none: what is proven stays so
  }

  getStateRoot(): Promise<Uint8Array> {
    return Promise.resolve(hexToBytes(this.proven.header.stateRoot as `0x${string}`));
  }

  setStateRoot(): never {
    throw new Error("a call runs on the state of one block");
  }

  hasStateRoot(): never {
    throw new Error("a call runs on the state of one block");
  }

  shallowCopy(): never {
    throw new Error("a call's state is not copied");
  }

  #set<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
    const [had, before] = [map.has(key), map.get(key) as Value];
    this.#undo.push(() => {
      if (had) map.set(key, before);
      else map.delete(key);
    });
    map.set(key, value);
  }
}

function bytesOf(word: bigint): Uint8Array {
  return bigIntToUnpaddedBytes(word);
}

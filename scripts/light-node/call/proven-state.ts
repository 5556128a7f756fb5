/** The state after one block, read word by word from peers as a call needs it, each word proven against the header. */
import { getBytes } from "ethers";

import { EMPTY_TRIE_ROOT, type Account } from "../../../light/index.js";
import { getProof, getProvenCode, NO_CODE, type Sources } from "../answers.js";
import type { KnownHeader } from "../headers.js";
import { RpcFailure, TOO_MUCH } from "../rpc-params.js";
import type { CallBudget } from "./budget.js";

/** Words that one proof is asked for at once: with 8 nodes each, such an answer has half of what may be parsed. */
const WORDS_A_PROOF = 128;
/** EIP-170. */
const MOST_CODE_BYTES = 24_576;
const NO_BYTES = new Uint8Array(0);

/** Code by its hash, over all blocks; the one that was unused for longest goes first. */
export class CodeStore {
  readonly #codes = new Map<string, Uint8Array>();

  constructor(private readonly most = 64) {}

  get(hash: string): Uint8Array | undefined {
    const code = this.#codes.get(hash);
    if (code !== undefined) this.#keep(hash, code);
    return code;
  }

  set(hash: string, code: Uint8Array): void {
    this.#keep(hash, code);
    for (const oldest of this.#codes.keys()) {
      if (this.#codes.size <= this.most) return;
      this.#codes.delete(oldest);
    }
  }

  #keep(hash: string, code: Uint8Array): void {
    this.#codes.delete(hash);
    this.#codes.set(hash, code);
  }
}

/** What was proven stays known for the calls that come after. */
export class ProvenState {
  readonly #accounts = new Map<string, Account | undefined>();
  readonly #words = new Map<string, bigint>();

  constructor(
    private readonly sources: Sources,
    readonly header: KnownHeader,
    private readonly codes: CodeStore,
  ) {}

  /** How much is known: accounts and words. */
  get size(): number {
    return this.#accounts.size + this.#words.size;
  }

  /** Undefined: nobody is there, or nobody who counts (EIP-161). */
  async account(address: string, budget: CallBudget): Promise<Account | undefined> {
    if (!this.#accounts.has(address)) await this.#prove(address, [], budget);
    return this.#accounts.get(address);
  }

  async word(address: string, slot: bigint, budget: CallBudget): Promise<bigint> {
    const key = keyOf(address, slot);
    const known = this.#words.get(key);
    if (known !== undefined) return known;
    // where nothing was ever stored nobody has to be asked
    if (this.#accounts.has(address) && isEmptyStorage(this.#accounts.get(address))) return 0n;
    await this.#prove(address, [slot], budget);
    return this.#words.get(key) ?? 0n;
  }

  async code(address: string, budget: CallBudget): Promise<Uint8Array> {
    const codeHash = (await this.account(address, budget))?.codeHash ?? NO_CODE;
    if (codeHash === NO_CODE) return NO_BYTES;
    const known = this.codes.get(codeHash);
    if (known !== undefined) return known;
    budget.spend("codes");
    budget.spend("questions");
    await budget.breathe();
    const { number } = this.header;
    const code = getBytes(await getProvenCode(this.sources, { account: address, codeHash, number }));
    if (code.length > MOST_CODE_BYTES) {
      throw new RpcFailure(
        TOO_MUCH,
        `the code at ${address} has ${code.length} bytes, and ${MOST_CODE_BYTES} is the most`,
      );
    }
    this.codes.set(codeHash, code);
    return code;
  }

  /** Reads what a call will probably ask for, many words with one question. */
  async foresee(address: string, slots: readonly bigint[], budget: CallBudget): Promise<void> {
    const unknown = slots.filter((slot) => !this.#words.has(keyOf(address, slot)));
    for (let start = 0; start < unknown.length; start += WORDS_A_PROOF) {
      await this.#prove(address, unknown.slice(start, start + WORDS_A_PROOF), budget);
    }
  }

  async #prove(address: string, slots: readonly bigint[], budget: CallBudget): Promise<void> {
    budget.spend("questions");
    budget.spend("words", slots.length);
    await budget.breathe();
    const { value } = await getProof(this.sources, { account: address, slots, number: this.header.number });
    const account: Account = {
      nonce: BigInt(value.nonce),
      balance: BigInt(value.balance),
      storageRoot: value.storageHash,
      codeHash: value.codeHash,
    };
    const isNobody = account.nonce === 0n && account.balance === 0n && account.codeHash === NO_CODE;
    this.#accounts.set(address, isNobody ? undefined : account);
    value.storageProof.forEach(({ value: word }, index) =>
      this.#words.set(keyOf(address, slots[index] as bigint), BigInt(word)),
    );
  }
}

function isEmptyStorage(account: Account | undefined): boolean {
  return account === undefined || account.storageRoot === EMPTY_TRIE_ROOT;
}

function keyOf(address: string, slot: bigint): string {
  return `${address} ${slot.toString(16)}`;
}

/**
 * The state of a simulated chain as far as light nodes look at it: the election's storage with each set that it ever had,
 * as ValidatorSet.sol writes it, in tries of @ethereumjs/mpt, which shares no code with what checks their proofs.
 */
import { createMerkleProof, createMPT, type MerklePatriciaTrie } from "@ethereumjs/mpt";
import { encodeRlp, getBytes, hexlify, keccak256, toBeArray, toBeHex, toQuantity, ZeroHash } from "ethers";

import { setDigest, versionSlot, type AccountantSet, type AccountProof } from "../../light/index.js";

/** The election's address on simulated chains. */
export const SIMULATED_ELECTION = "0x00000000000000000000000000000000000e1ec7";
const CODE_HASH = keccak256("0xfe");
const FIRST_ENTRY = BigInt(keccak256(ZeroHash));

/** A set, and the block that wrote it. */
export interface SetWritten {
  readonly block: number;
  readonly validators: AccountantSet;
}

/** A contract beside the election: its code, over the election's storage. */
export interface OtherContract {
  readonly address: string;
  readonly code: string;
}

interface StateRoots {
  readonly storage: Uint8Array;
  readonly state: Uint8Array;
}

export class SetStates {
  readonly #roots: StateRoots[] = [];

  private constructor(
    readonly storage: MerklePatriciaTrie,
    readonly accounts: MerklePatriciaTrie,
    private readonly others: readonly OtherContract[],
  ) {}

  /** `written`: ascending by block; the first one is the genesis block's. */
  static async write(
    chainId: number,
    written: readonly SetWritten[],
    others: readonly OtherContract[] = [],
  ): Promise<SetStates> {
    const options = { useKeyHashing: true };
    const states = new SetStates(await createMPT(options), await createMPT(options), others);
    for (let other = 1; other <= 20; other += 1) await states.#putAccount(toBeHex(other, 20));
    for (const [index, set] of written.entries()) {
      await states.#write(chainId, index + 1, set, written[index - 1]?.validators.length ?? 0);
    }
    return states;
  }

  /** The state's root while a version of the set is the last one. Versions count from 1. */
  rootOf(version: number): string {
    return hexlify(this.#rootsOf(version).state);
  }

  /** As `eth_getProof` answers, in Besu's way: nothing is padded. */
  async proofOf(version: number, slots: readonly bigint[], address = SIMULATED_ELECTION): Promise<AccountProof> {
    const { storage: storageRoot, state } = this.#rootsOf(version);
    const storage = this.storage.shallowCopy(false);
    storage.root(storageRoot);
    const accounts = this.accounts.shallowCopy(false);
    accounts.root(state);
    const storageProof = await Promise.all(
      slots.map(async (slot) => {
        const key = getBytes(toBeHex(slot, 32));
        const [value, proof] = [await storage.get(key), await createMerkleProof(storage, key)];
        const word = value === null ? 0n : BigInt(hexlify(value.length === 1 ? value : value.subarray(1)));
        return { key: toQuantity(slot), value: toQuantity(word), proof: proof.map((node) => hexlify(node)) };
      }),
    );
    const accountProof = (await createMerkleProof(accounts, getBytes(address))).map((node) => hexlify(node));
    const storageHash = hexlify(storageRoot);
    return { address, balance: "0x0", nonce: "0x1", codeHash: CODE_HASH, storageHash, accountProof, storageProof };
  }

  async #write(chainId: number, version: number, { block, validators }: SetWritten, before: number): Promise<void> {
    const length = BigInt(validators.length) << 64n;
    const head = (BigInt(chainId) << 192n) | (BigInt(version) << 128n) | length | BigInt(block);
    await this.#put(0n, BigInt(validators.length));
    for (let index = 0; index < Math.max(before, validators.length); index += 1) {
      await this.#put(FIRST_ENTRY + BigInt(index), BigInt(validators[index] ?? 0));
    }
    await this.#put(1n, BigInt(setDigest(validators)));
    await this.#put(2n, head);
    await this.#put(versionSlot(BigInt(version)), length | BigInt(block));
    const storage = Uint8Array.from(this.storage.root());
    await this.#putAccount(SIMULATED_ELECTION, { storage, codeHash: CODE_HASH });
    for (const { address, code } of this.others) {
      await this.#putAccount(address, { storage, codeHash: keccak256(code) });
    }
    this.#roots.push({ storage, state: Uint8Array.from(this.accounts.root()) });
  }

  async #put(slot: bigint, word: bigint): Promise<void> {
    const key = getBytes(toBeHex(slot, 32));
    if (word === 0n) await this.storage.del(key);
    else await this.storage.put(key, getBytes(encodeRlp(toBeArray(word))));
  }

  async #putAccount(
    address: string,
    contract?: { readonly storage: Uint8Array; readonly codeHash: string },
  ): Promise<void> {
    const root = contract === undefined ? keccak256("0x80") : hexlify(contract.storage);
    const account = encodeRlp(["0x01", toBeArray(BigInt(address)), root, contract?.codeHash ?? keccak256("0x")]);
    await this.accounts.put(getBytes(address), getBytes(account));
  }

  #rootsOf(version: number): StateRoots {
    const roots = this.#roots[version - 1];
    if (roots === undefined) throw new RangeError(`the set had no version ${version}`);
    return roots;
  }
}

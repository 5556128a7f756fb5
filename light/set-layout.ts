/**
 * How a contract keeps the accountants' set in its storage: which slots to ask for, and what their words say. Words are
 * proven by `provenWords` before a layout sees them.
 */
import { id, keccak256, toBeHex, ZeroHash } from "ethers";

import { CommonwattError } from "../sdk/errors.js";
import { requireAscending, type AccountantSet } from "./accountant-set.js";
import { setDigest, unpackSetHead, versionSlot } from "./set-certificate.js";
import type { Words } from "./state-proof.js";

/** A set and what is known of when it came. */
export interface KnownSet {
  /** Node addresses, ascending, in lower case. */
  readonly validators: AccountantSet;
  /** The packed word of slot 2; absent in layouts without it. */
  readonly head?: bigint;
}

/** Where a contract keeps the set. */
export interface SetLayout {
  /** Topic 0 of the event with which the contract says that the set changed. */
  readonly changeTopic: string;
  /** Slots that tell whether a known set is still the one, and how long the present one is. */
  probeSlots(known: KnownSet): bigint[];
  /** Whether words show that the known set is still the one. */
  isUnchanged(known: KnownSet, words: Words): boolean;
  /** All slots of the present set; `words` have at least those that were probed. */
  slots(words: Words): bigint[];
  /** The set that the words say. LightSetUnreadable, LightForeignChain, or AccountantSets* for what is none. */
  read(words: Words): KnownSet;
  /** Which chain's state the words are of; undefined where the layout does not keep it. */
  chainOf(words: Words): bigint | undefined;
  /** In which block the set after a known one came; undefined where the layout does not keep it, or it has not come. */
  changeAfter?(known: KnownSet, words: Words): bigint | undefined;
}

const LENGTH_SLOT = 0n;
const DIGEST_SLOT = 1n;
const HEAD_SLOT = 2n;
const FIRST_ENTRY = BigInt(keccak256(ZeroHash));
const BLOCK_FIELD = (1n << 64n) - 1n;
const ADDRESS_BITS = 160n;
/** No set is longer: the election's most seats are 101, and a false length must not cost anything. */
const MOST_ACCOUNTANTS = 1_000n;

const SET_CHANGED = id("ValidatorSetChanged(uint64,uint8,address[])");

/** A contract whose first storage variable is an array of addresses, in any order: what Besu alone asks for. */
export function arraySetLayout(changeTopic: string): SetLayout {
  return {
    changeTopic,
    probeSlots: ({ validators }) => arraySlots(BigInt(validators.length)),
    isUnchanged(known, words) {
      if (words.get(LENGTH_SLOT) !== BigInt(known.validators.length)) return false;
      return sameSet(this.read(words).validators, known.validators);
    },
    slots: (words) => arraySlots(lengthIn(words)),
    read: (words) => ({ validators: entriesIn(words).sort(byValue) }),
    chainOf: () => undefined,
  };
}

/**
 * The election's layout (IValidatorSet): beside the array a digest, a packed word of chain id, version, length and block
 * of the last change, and a history. The packed word alone shows a set unchanged since a block, and of which chain it is.
 */
export function packedSetLayout(chainId: bigint): SetLayout {
  const headIn = (words: Words): bigint => {
    const head = wordOf(words, HEAD_SLOT);
    const { chainId: told } = unpackSetHead(head);
    if (told !== chainId) throw new CommonwattError("LightForeignChain", { chainId: told, expected: chainId });
    return head;
  };
  return {
    changeTopic: SET_CHANGED,
    probeSlots: ({ head }) => {
      const next = head === undefined ? [] : [versionSlot(unpackSetHead(head).version + 1n)];
      return [LENGTH_SLOT, DIGEST_SLOT, HEAD_SLOT, ...next];
    },
    isUnchanged: (known, words) => known.head !== undefined && headIn(words) === known.head,
    slots: (words) => [DIGEST_SLOT, HEAD_SLOT, ...arraySlots(lengthIn(words))],
    read(words) {
      const head = headIn(words);
      const { length } = unpackSetHead(head);
      const validators = entriesIn(words);
      if (length !== BigInt(validators.length)) throw unreadable("its packed word has another length");
      requireAscending(validators);
      if (BigInt(setDigest(validators)) !== wordOf(words, DIGEST_SLOT)) throw unreadable("its digest is another set's");
      return { validators, head };
    },
    chainOf: (words) => unpackSetHead(wordOf(words, HEAD_SLOT)).chainId,
    changeAfter({ head }, words) {
      if (head === undefined) return undefined;
      const { version } = unpackSetHead(head);
      const now = unpackSetHead(headIn(words));
      if (now.version === version) return undefined;
      return now.version === version + 1n ? now.changedAt : wordOf(words, versionSlot(version + 1n)) & BLOCK_FIELD;
    },
  };
}

/** Whether two sets have the same members; both ascending. */
export function sameSet(a: AccountantSet, b: AccountantSet): boolean {
  return a.length === b.length && a.every((member, index) => BigInt(member) === BigInt(b[index] ?? 0));
}

function arraySlots(length: bigint): bigint[] {
  return [LENGTH_SLOT, ...Array.from({ length: Number(length) }, (_, index) => FIRST_ENTRY + BigInt(index))];
}

function entriesIn(words: Words): string[] {
  const [, ...slots] = arraySlots(lengthIn(words));
  return slots.map((slot) => {
    const word = wordOf(words, slot);
    if (word === 0n || word >> ADDRESS_BITS !== 0n) throw unreadable("one of its entries is no address");
    return toBeHex(word, 20);
  });
}

function lengthIn(words: Words): bigint {
  const length = wordOf(words, LENGTH_SLOT);
  if (length === 0n) throw new CommonwattError("AccountantSetsEmpty");
  if (length > MOST_ACCOUNTANTS) throw unreadable(`it has ${length} members`);
  return length;
}

function wordOf(words: Words, slot: bigint): bigint {
  const word = words.get(slot);
  if (word === undefined) throw unreadable(`the proof leaves out slot 0x${slot.toString(16)}`);
  return word;
}

function byValue(a: string, b: string): number {
  return BigInt(a) < BigInt(b) ? -1 : 1;
}

function unreadable(reason: string): CommonwattError {
  return new CommonwattError("LightSetUnreadable", { reason });
}

import { createMerkleProof, createMPT } from "@ethereumjs/mpt";
import { expect } from "chai";
import { encodeRlp, getBytes, hexlify, toBeArray, toBeHex } from "ethers";
import fc from "fast-check";

import {
  EMPTY_TRIE_ROOT,
  hashedPath,
  packedSetLayout,
  provenValue,
  provenWord,
  provenWords,
  setIn,
  trieRoot,
  type AccountProof,
  type KnownSet,
} from "../../light/index.js";
import { fastestRecover } from "../../scripts/light-node/fastest-recover.js";
import { LightChain, NodeKeys, rotatingSets } from "../../scripts/bench/light-chain.js";
import { SIMULATED_ELECTION } from "../../scripts/bench/light-state.js";
import { simulatedRules } from "../utils/light-peer.js";
import { refusal } from "../utils/refusal.js";

const SEED = 20_260;
const isLong = process.env["COMMONWATT_LONG"] === "1";

describe("light: proofs of the state", () => {
  const slot = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n });
  const word = fc.oneof(fc.bigInt({ min: 1n, max: 300n }), fc.bigInt({ min: 1n, max: 2n ** 256n - 1n }));
  const storage = fc.uniqueArray(fc.tuple(fc.oneof(slot, fc.bigInt({ min: 0n, max: 40n })), word), {
    minLength: 0,
    maxLength: 60,
    selector: ([key]) => key,
  });

  it("of words that are there and of words that are not, in any storage, are what another library makes", async () => {
    await fc.assert(
      fc.asyncProperty(storage, slot, fc.nat(), async (entries, absent, draw) => {
        fc.pre(entries.every(([key]) => key !== absent));
        const trie = await createMPT({ useKeyHashing: true });
        for (const [key, value] of entries) {
          await trie.put(getBytes(toBeHex(key, 32)), getBytes(encodeRlp(toBeArray(value))));
        }
        const root = hexlify(trie.root());
        const proofOf = async (key: bigint): Promise<string[]> =>
          (await createMerkleProof(trie, getBytes(toBeHex(key, 32)))).map((node) => hexlify(node));
        expect(
          trieRoot(
            entries.map(([key, value]) => ({
              path: hashedPath(toBeHex(key, 32)),
              value: getBytes(encodeRlp(toBeArray(value))),
            })),
          ),
        ).to.equal(root);
        expect(provenWord(root, absent, await proofOf(absent))).to.equal(0n);
        const [key, value] = entries[draw % Math.max(1, entries.length)] ?? [];
        if (key === undefined || value === undefined) return;
        const proof = await proofOf(key);
        expect(provenWord(root, key, proof)).to.equal(value);
        // neither proof can be passed off as the other's
        const swapped = refusal(() => {
          if (provenWord(root, absent, proof) !== 0n) throw new Error("a word that is not there was proven");
        });
        expect(swapped).to.be.oneOf([undefined, "TrieProofFalse"]);
        expect(refusal(() => expect(provenWord(root, key, proof.slice(0, -1))))).to.equal("TrieProofFalse");
        expect(refusal(() => provenWord(root, key, [...proof, "0x80"]))).to.equal("TrieProofFalse");
        expect(refusal(() => provenWord(root, key, proof.slice(1)))).to.equal("TrieProofFalse");
        const node = draw % proof.length;
        const bytes = getBytes(proof[node] ?? "0x");
        bytes[draw % bytes.length] = (bytes[draw % bytes.length] ?? 0) ^ (1 + (draw % 255));
        expect(refusal(() => provenWord(root, key, proof.with(node, hexlify(bytes))))).to.equal("TrieProofFalse");
      }),
      { numRuns: isLong ? 1_000 : 40, seed: SEED },
    );
  });

  it("of an empty storage prove that nothing is there, and of no other", () => {
    for (const proof of [[], ["0x80"]]) expect(provenWord(EMPTY_TRIE_ROOT, 7n, proof)).to.equal(0n);
    const root = trieRoot([{ path: hashedPath(toBeHex(1, 32)), value: Uint8Array.of(1) }]);
    for (const proof of [[], ["0x80"], ["0xc0"], ["nonsense"], ["0x"]]) {
      expect(refusal(() => provenValue(root, hashedPath(toBeHex(1, 32)), proof))).to.equal("TrieProofFalse");
    }
  });

  describe("of a set", () => {
    let chain: LightChain;
    let rules: ReturnType<typeof simulatedRules>;
    const layout = packedSetLayout(7n);

    before(async () => {
      const keys = new NodeKeys(12, "proofs");
      const written = rotatingSets(keys, { size: 7, changes: 3, everyBlocks: 10, seed: SEED });
      chain = await LightChain.make({ chainId: 7, written, keys, head: 40, startsAt: 1_900_000_000, seed: SEED });
      rules = simulatedRules(chain, (await fastestRecover()).recover);
    });

    async function whole(block: number): Promise<AccountProof> {
      const slots = layout.slots(
        provenWords(chain.header(block).stateRoot, SIMULATED_ELECTION, await chain.proof(block, [0n])),
      );
      return chain.proof(block, slots);
    }

    it("say the set, and that it did not change, and when the next one came", async () => {
      const first = setIn(rules, chain.header(5), { validators: [] }, await whole(5));
      expect(first.validators).to.deep.equal(chain.setFor(6));
      const later = setIn(rules, chain.header(25), first, await whole(25));
      expect(later.validators).to.deep.equal(chain.setFor(26)).and.not.deep.equal(first.validators);
      const probe = async (known: KnownSet, block: number): Promise<AccountProof> =>
        chain.proof(block, layout.probeSlots(known));
      expect(setIn(rules, chain.header(9), first, await probe(first, 9))).to.equal(first);
      const words = provenWords(chain.header(25).stateRoot, SIMULATED_ELECTION, await probe(first, 25));
      expect(layout.changeAfter?.(first, words)).to.equal(10n);
      const one = provenWords(chain.header(10).stateRoot, SIMULATED_ELECTION, await probe(first, 10));
      expect(layout.changeAfter?.(first, one)).to.equal(10n);
      const none = provenWords(chain.header(9).stateRoot, SIMULATED_ELECTION, await probe(first, 9));
      expect(layout.changeAfter?.(first, none)).to.equal(undefined);
    });

    it("are refused with a word less, a value that is not proven, another contract's or chain's", async () => {
      const header = chain.header(5);
      const proof = await whole(5);
      for (const [index, { key }] of proof.storageProof.entries()) {
        const less = { ...proof, storageProof: proof.storageProof.toSpliced(index, 1) };
        expect(
          refusal(() => setIn(rules, header, { validators: [] }, less)),
          key,
        ).to.equal("LightSetUnreadable");
        const bent = { ...proof.storageProof[index], value: "0x9" } as AccountProof["storageProof"][number];
        const lie = { ...proof, storageProof: proof.storageProof.with(index, bent) };
        expect(
          refusal(() => setIn(rules, header, { validators: [] }, lie)),
          key,
        ).to.equal("StateProofFalse");
      }
      const nobody = await chain.proof(5, [0n], "0x00000000000000000000000000000000000000aa");
      const elsewhere = { ...rules, election: "0x00000000000000000000000000000000000000aa" };
      expect(refusal(() => setIn(elsewhere, header, { validators: [] }, nobody))).to.equal("StateProofFalse");
      const foreign = { ...rules, layout: packedSetLayout(8n) };
      expect(refusal(() => setIn(foreign, header, { validators: [] }, proof))).to.equal("LightForeignChain");
    });

    it("are refused where the packed word, the digest and the array do not agree", () => {
      const validators = chain.setFor(1);
      const good = new Map<bigint, bigint>();
      const slots = layout.slots({ get: () => BigInt(validators.length) });
      const digest = BigInt("0x1");
      for (const [index, slotOf] of slots.slice(3).entries()) good.set(slotOf, BigInt(validators[index] ?? 0));
      good
        .set(0n, BigInt(validators.length))
        .set(1n, digest)
        .set(2n, (7n << 192n) | (1n << 128n) | (7n << 64n));
      const read = (slotOf: bigint, value: bigint): string | undefined =>
        refusal(() => layout.read(new Map(good).set(slotOf, value)));
      const entry = slots[3] as bigint;
      expect(read(1n, digest)).to.equal("LightSetUnreadable"); // the digest is another set's
      expect(read(2n, (7n << 192n) | (1n << 128n) | (6n << 64n))).to.equal("LightSetUnreadable");
      expect(read(2n, 0n)).to.equal("LightForeignChain");
      expect(read(0n, 0n)).to.equal("AccountantSetsEmpty");
      expect(read(0n, 2n ** 200n)).to.equal("LightSetUnreadable");
      expect(read(entry, 0n)).to.equal("LightSetUnreadable"); // an absent slot
      expect(read(entry, 1n << 160n)).to.equal("LightSetUnreadable"); // more than an address
      expect(read(entry, BigInt(validators[1] ?? 0))).to.equal("AccountantSetsNotAscending");
    });
  });
});

import { expect } from "chai";
import { AbiCoder, hexlify, id, keccak256 } from "ethers";
import fc from "fast-check";

import {
  commitmentOf,
  contentBinding,
  contentKey,
  contentOf,
  decodeContent,
  doublingClass,
  drawShares,
  encodeContent,
  grantTag,
  MAX_CONTENT_BYTES,
  openContent,
  pad,
  proveSlot,
  sealContent,
  sizeClass,
  SMALLEST_CLASS,
  unpad,
  verifySlot,
  type Content,
  type Slot,
  type VersionPlace,
} from "../../sdk/vault/index.js";
import { codeOf, CONTRACTS, slot } from "../utils/vault.js";

const place: VersionPlace = {
  chainId: CONTRACTS.chainId,
  contract: CONTRACTS.personalRecords,
  owner: "0x00000000000000000000000000000000000000B1",
  record: `0x${"0c".repeat(32)}`,
  version: 3n,
};

const slots: fc.Arbitrary<Slot[]> = fc.uniqueArray(
  fc.record({ label: fc.string({ unit: "binary", maxLength: 30 }), data: fc.uint8Array({ maxLength: 300 }) }),
  { minLength: 1, maxLength: 9, selector: ({ label }) => label },
);
const contents: fc.Arbitrary<Content> = slots.map((all) => contentOf(all));

/** The code with which a call is refused; "" when it is not. */
async function refusalOf(call: () => unknown): Promise<string> {
  return codeOf(Promise.resolve().then(call));
}

describe("vault bindings", () => {
  it("are what a contract's abi.encode gives", () => {
    const coder = AbiCoder.defaultAbiCoder();
    const { chainId, contract, owner, record, version } = place;
    const types = ["bytes32", "uint256", "address", "address", "bytes32", "uint32"];
    const expected = coder.encode(types, [id("commonwatt vault content 1"), chainId, contract, owner, record, version]);
    expect(hexlify(contentBinding(place))).to.equal(expected);
    const terms = { owner, grantee: CONTRACTS.recordGrants, blind: record, scope: {}, purpose: "" };
    const tag = ["uint256", "address", "address", "address", "bytes32"];
    expect(grantTag(place, terms)).to.equal(
      keccak256(coder.encode(tag, [chainId, contract, owner, terms.grantee, terms.blind])),
    );
  });
});

describe("vault content", () => {
  it("comes back from its encoding, and from nothing else", () => {
    fc.assert(
      fc.property(contents, fc.nat(), (content, at) => {
        const encoded = encodeContent(content);
        expect(decodeContent(encoded)).to.deep.equal(content);
        expect(() => decodeContent(encoded.subarray(0, at % encoded.length))).to.throw("VaultContentInvalid");
        expect(() => decodeContent(Uint8Array.from([...encoded, 0]))).to.throw("VaultContentInvalid");
      }),
    );
  });

  it("has a slot, and each label once; the refusal doesn't say which", async () => {
    expect(await refusalOf(() => contentOf([]))).to.equal("VaultContentInvalid");
    expect(() => contentOf([slot("secret label", "a"), slot("secret label", "b")])).to.throw(
      /^(?!.*secret label).*VaultContentInvalid/,
    );
    for (const label of ["x".repeat(65_536), "\ud800"]) {
      expect(await refusalOf(() => contentOf([slot(label, "a")]))).to.equal("VaultContentInvalid");
    }
  });

  it("is refused beyond its largest size, and sealed at it", async () => {
    const around = encodeContent(contentOf([{ label: "", data: new Uint8Array() }])).length;
    const largest = contentOf([{ label: "", data: new Uint8Array(MAX_CONTENT_BYTES - around) }]);
    expect(encodeContent(largest)).to.have.length(MAX_CONTENT_BYTES);
    const larger = contentOf([{ label: "", data: new Uint8Array(MAX_CONTENT_BYTES - around + 1) }]);
    expect(await refusalOf(() => sealContent(larger, new Uint8Array(32), place))).to.equal("VaultRecordOversized");
  });

  describe("padding", () => {
    it("is Padmé's: of a length's bits the first few are kept, upwards", () => {
      // by the algorithm in the PURBs paper: 1,000 has exponent 9, keeps 4 bits below the first, steps of 32
      expect([0, 1, 256, 257, 1_000, 1_024, 1_025, 100_000, 1_048_577].map(sizeClass)).to.deep.equal([
        SMALLEST_CLASS,
        SMALLEST_CLASS,
        256,
        272,
        1_024,
        1_024,
        1_088,
        100_352,
        1_081_344,
      ]);
    });

    it("costs at most an eighth, grows with the length, and is stable", () => {
      fc.assert(
        fc.property(fc.integer({ min: SMALLEST_CLASS, max: 2 ** 31 }), (length) => {
          const padded = sizeClass(length);
          expect(padded).to.be.within(length, length + length / 8);
          expect(sizeClass(padded)).to.equal(padded);
          expect(sizeClass(length + 1)).to.be.at.least(padded);
        }),
      );
    });

    it("of grants doubles from class to class", () => {
      expect([1, 256, 257, 512, 513, 4_096].map(doublingClass)).to.deep.equal([256, 256, 512, 512, 1_024, 4_096]);
    });

    it("comes off, and only as it was put on", () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.nat(), (content, at) => {
          const padded = pad(content);
          expect(unpad(padded)).to.deep.equal(content);
          expect(() => unpad(Uint8Array.from([...padded, 0]))).to.throw(RangeError);
          const spoilt = Uint8Array.from(padded);
          const free = padded.length - 4 - content.length;
          if (free === 0) return;
          spoilt[4 + content.length + (at % free)] = 1;
          expect(() => unpad(spoilt)).to.throw(RangeError);
        }),
      );
    });
  });

  describe("commitment", () => {
    it("shows each slot, and no other in its place", () => {
      fc.assert(
        fc.property(contents, fc.nat(), fc.uint8Array({ maxLength: 20 }), (content, at, other) => {
          const root = commitmentOf(content);
          const index = at % content.slots.length;
          const shown = proveSlot(content, content.slots[index]?.label ?? "");
          expect(verifySlot(root, shown)).to.equal(true);
          expect(verifySlot(root, { ...shown, data: Uint8Array.from([...shown.data, ...other, 1]) })).to.equal(false);
          expect(verifySlot(root, { ...shown, label: `${shown.label}!` })).to.equal(false);
          expect(verifySlot(root, { ...shown, index: shown.index + 1 })).to.equal(false);
          expect(verifySlot(commitmentOf(contentOf(content.slots)), shown)).to.equal(false);
        }),
      );
    });

    it("hides what is not shown: not even a right guess can be confirmed", () => {
      const months = contentOf([slot("2026-07", "31.20"), slot("2026-08", "28.95")]);
      const july = proveSlot(months, "2026-07");
      // whoever sees July knows August's leaf from the proof; with July's salt, August's content doesn't give it
      const guess = { ...july, ...slot("2026-08", "28.95"), index: 1, proof: [] };
      expect(july.proof).to.have.length(1);
      expect(verifySlot(july.proof[0] ?? "", guess)).to.equal(false);
      const august = { ...proveSlot(months, "2026-08"), proof: [] };
      expect(verifySlot(july.proof[0] ?? "", august)).to.equal(true);
      expect(JSON.stringify(july)).to.not.contain(months.salt.slice(2));
    });

    it("takes no nonsense for a proof", () => {
      const content = contentOf([slot("a", "1"), slot("b", "2")]);
      const shown = proveSlot(content, "a");
      expect(verifySlot("0x12", shown)).to.equal(false);
      expect(verifySlot(commitmentOf(content), { ...shown, salt: "no hex" })).to.equal(false);
      expect(() => proveSlot(content, "c"))
        .to.throw()
        .with.property("code", "VaultSlotUnknown");
    });
  });

  describe("sealing", () => {
    const key = contentKey(drawShares());
    const content = contentOf([slot("2026-07", "July: 31.20 credits"), slot("2026-08", "August: 28.95 credits")]);
    const commitment = commitmentOf(content);

    it("opens to what was sealed, and looks alike whatever is in it", () => {
      fc.assert(
        fc.property(contents, (any) => {
          const ciphertext = sealContent(any, key, place);
          expect(openContent(ciphertext, key, { place, commitment: commitmentOf(any) })).to.deep.equal(any);
          expect(ciphertext.length).to.equal(1 + 24 + sizeClass(4 + encodeContent(any).length) + 16);
        }),
      );
    });

    it("is different each time", () => {
      expect(sealContent(content, key, place)).to.not.deep.equal(sealContent(content, key, place));
    });

    it("opens with no byte of it changed or missing", async () => {
      const ciphertext = sealContent(content, key, place);
      for (let index = 0; index < ciphertext.length; index += 1) {
        const changed = Uint8Array.from(ciphertext);
        changed[index] = (changed[index] ?? 0) ^ (1 + (index % 255));
        const code = await refusalOf(() => openContent(changed, key, { place, commitment }));
        expect(code, `byte ${index}`).to.equal(index === 0 ? "VaultFormatUnknown" : "VaultCiphertextForeign");
        const cut = await refusalOf(() => openContent(ciphertext.subarray(0, index), key, { place, commitment }));
        expect(cut, `cut to ${index}`).to.equal("VaultCiphertextTruncated");
      }
    });

    it("opens at no other place, with no other key, and to no other commitment", async () => {
      const ciphertext = sealContent(content, key, place);
      const others: Partial<VersionPlace>[] = [
        { chainId: 7002n },
        { contract: CONTRACTS.recordGrants },
        { owner: CONTRACTS.recordGrants },
        { record: `0x${"0d".repeat(32)}` },
        { version: 4n },
      ];
      for (const other of others) {
        const moved = { place: { ...place, ...other }, commitment };
        expect(await refusalOf(() => openContent(ciphertext, key, moved))).to.equal("VaultCiphertextForeign");
      }
      const { chainShare, storeShare } = drawShares();
      for (const wrong of [chainShare, storeShare, contentKey({ chainShare, storeShare })]) {
        expect(await refusalOf(() => openContent(ciphertext, wrong, { place, commitment }))).to.equal(
          "VaultCiphertextForeign",
        );
      }
      const foreign = commitmentOf(contentOf(content.slots));
      expect(await refusalOf(() => openContent(ciphertext, key, { place, commitment: foreign }))).to.equal(
        "VaultCommitmentMismatch",
      );
    });

    it("has a key that neither share is or opens", async () => {
      const shares = drawShares();
      const ciphertext = sealContent(content, contentKey(shares), place);
      for (const share of [shares.chainShare, shares.storeShare]) {
        expect(await refusalOf(() => openContent(ciphertext, share, { place, commitment }))).to.equal(
          "VaultCiphertextForeign",
        );
      }
    });
  });
});

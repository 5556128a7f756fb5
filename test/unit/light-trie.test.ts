import { readFileSync } from "node:fs";

import { expect } from "chai";
import { concat, dataLength, dataSlice, encodeRlp, getBytes, hexlify, keccak256, toBeHex } from "ethers";
import fc from "fast-check";

import {
  decodeReceipt,
  encodeReceipt,
  orderedTrieProof,
  orderedTrieRoot,
  provenItem,
  rawHeaderFromRpc,
  readHeader,
  receiptBytes,
  transactionBytes,
} from "../../light/index.js";
import { refusal } from "../utils/refusal.js";

type Json = Readonly<Record<string, unknown>>;

interface RecordedBody {
  readonly number: number;
  readonly block: Json & { readonly hash: string; readonly transactions: readonly Json[] };
  readonly rawHeader: string;
  readonly receipts: readonly Json[];
  readonly rawReceipts: readonly string[];
}

const BODIES = JSON.parse(readFileSync("test/fixtures/besu-qbft/blocks.json", "utf8")) as RecordedBody[];

function flipped(bytes: string, at: number): string {
  const byte = Number(dataSlice(bytes, at, at + 1));
  return concat([dataSlice(bytes, 0, at), toBeHex(byte ^ 1, 1), dataSlice(bytes, at + 1)]);
}

describe("light: a block's tries", () => {
  it("an empty list has the root of nothing, and no item", () => {
    expect(orderedTrieRoot([])).to.equal(BODIES[0]?.block["receiptsRoot"]);
    expect(() => orderedTrieProof([], 0)).to.throw(RangeError);
    expect(() => orderedTrieProof([new Uint8Array(1)], 1)).to.throw(RangeError);
  });

  it("proves each item of lists of any length, and no other", () => {
    const item = fc.uint8Array({ minLength: 1, maxLength: 90 });
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 300 }), fc.nat(), (items, draw) => {
        const root = orderedTrieRoot(items);
        const place = draw % items.length;
        const proof = orderedTrieProof(items, place);
        expect(provenItem(root, place, proof)).to.equal(hexlify(items[place] ?? "0x"));
        expect(refusal(() => provenItem(root, items.length, proof))).to.equal("TrieProofFalse");
        expect(refusal(() => provenItem(root, place, [...proof, "0x80"]))).to.equal("TrieProofFalse");
        expect(refusal(() => provenItem(root, place, proof.slice(0, -1)))).to.equal("TrieProofFalse");
        expect(refusal(() => provenItem(orderedTrieRoot([]), place, proof))).to.equal("TrieProofFalse");
      }),
      { numRuns: 60 },
    );
  });

  it("refuses a proof with any byte flipped", () => {
    const items = Array.from({ length: 40 }, (_, index) => getBytes(keccak256(toBeHex(index + 1))));
    const root = orderedTrieRoot(items);
    const proof = orderedTrieProof(items, 17);
    for (const [index, node] of proof.entries()) {
      for (let at = 0; at < dataLength(node); at += 1) {
        const other = proof.with(index, flipped(node, at));
        expect(
          refusal(() => provenItem(root, 17, other)),
          `${index}/${at}`,
        ).to.equal("TrieProofFalse");
      }
    }
    for (const nonsense of ["0x", "0xzz", "", "0x80"]) {
      expect(refusal(() => provenItem(root, 17, proof.with(0, nonsense)))).to.equal("TrieProofFalse");
    }
  });
});

describe("light: bodies of a recorded Besu chain", () => {
  it("refuses a leaf whose path ends before the item's", () => {
    for (const prefix of ["0x20", "0x30"]) {
      const leaf = encodeRlp([prefix, `0x${"ab".repeat(40)}`]);
      expect(
        refusal(() => provenItem(keccak256(leaf), 1, [leaf])),
        prefix,
      ).to.equal("TrieProofFalse");
    }
  });

  it("has the receipts' roots and encodings that the client has", () => {
    for (const { block, receipts, rawReceipts } of BODIES) {
      const encoded = receipts.map(receiptBytes);
      expect(encoded.map((bytes) => hexlify(bytes))).to.deep.equal(rawReceipts);
      expect(orderedTrieRoot(encoded)).to.equal(block["receiptsRoot"]);
      for (const raw of rawReceipts) expect(encodeReceipt(decodeReceipt(raw))).to.equal(raw);
    }
    expect(BODIES.filter(({ receipts }) => receipts.length > 1).length).to.be.above(1);
  });

  it("has the transactions' roots and hashes that the client has", () => {
    for (const { block } of BODIES) {
      const raw = block.transactions.map(transactionBytes);
      expect(raw.map((transaction) => keccak256(transaction))).to.deep.equal(
        block.transactions.map(({ hash }) => hash),
      );
      expect(orderedTrieRoot(raw)).to.equal(block["transactionsRoot"]);
    }
  });

  it("reads headers of either form to the client's hash", () => {
    for (const { block, rawHeader, number } of BODIES) {
      expect(rawHeaderFromRpc(block)).to.equal(rawHeader);
      const header = readHeader(rawHeader);
      expect([header.hash, header.number]).to.deep.equal([block.hash, BigInt(number)]);
      expect(header.sealed === undefined).to.equal(number === 0);
    }
    expect(refusal(() => readHeader("0x1234"))).to.equal("HeaderNotRlp");
    expect(refusal(() => readHeader("0xc0"))).to.equal("HeaderNotRlp");
  });

  it("refuses receipts that are encoded in another way", () => {
    const [raw = ""] = BODIES.flatMap(({ rawReceipts }) => rawReceipts);
    for (const wrong of ["0x", "0x02", "0xc0", `${raw}00`, concat(["0x02", raw]).replace("0x02", "0x7f") + "00"]) {
      expect(
        refusal(() => decodeReceipt(wrong)),
        wrong.slice(0, 20),
      ).to.equal("ReceiptInvalid");
    }
    expect(encodeReceipt(decodeReceipt(concat(["0x02", raw])))).to.equal(concat(["0x02", raw]));
  });
});

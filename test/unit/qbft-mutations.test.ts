/**
 * What a change to a header does. Unless it is refused: outside of round and seals it gives another block hash; in the
 * round the same hash and another seal digest; in a seal the same hash and digest and another signer, or none. Only two
 * changes may keep a header's meaning: the order of its seals, and a seal's twin (n - s, the other v), which counts as
 * the same signer.
 */
import { expect } from "chai";
import { concat, dataLength, dataSlice, decodeRlp, encodeRlp, getBytes, hexlify, toBeHex } from "ethers";
import fc from "fast-check";
import hre from "hardhat";

import {
  blockHash,
  decodeHeader,
  encodeBareHeader,
  encodeHeader,
  recoverSeal,
  requireQuorum,
  sealDigest,
  signersOf,
  type QbftHeader,
} from "../../light/index.js";
import { Random } from "../../scripts/inputs/random.js";
import { isCommonwattError, revertDataOf } from "../../sdk/errors.js";
import type { QbftHarness } from "../../typechain-types/index.js";
import { readRecording } from "../utils/qbft.js";

const isLong = process.env["COMMONWATT_LONG"] === "1";
const SEED = 20_260;
/** Bits from one flip on chain to the next; coprime to 8, so that all bits of a byte have their turn. */
const STRIDE = isLong ? 1 : 37;
const FLIPS_A_CALL = 150;
const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

describe("QBFT: changed headers", () => {
  const { blocks, at } = readRecording();
  const { header, set, rawHeader } = at(86);
  const bare = encodeBareHeader(header);
  const random = new Random(SEED);
  const drawn = at(random.between(60, 111));
  let harness: QbftHarness;

  before(async () => {
    const { ethers } = await hre.network.create("embeddedTransaction");
    harness = await ethers.deployContract("QbftHarness");
  });

  /** The error's name with which the harness refuses a header; undefined when it reads it. */
  async function refusalOf(raw: string): Promise<string | undefined> {
    try {
      await harness.hashes(raw);
      return undefined;
    } catch (error) {
      return harness.interface.parseError(revertDataOf(error) ?? "0x")?.name ?? "unnamed";
    }
  }

  describe("by one bit", () => {
    for (const [form, raw] of [
      ["raw, round 1", rawHeader],
      ["bare", bare],
      ...(isLong
        ? ([
            [`raw, block ${drawn.number}`, drawn.rawHeader],
            ["genesis", at(0).rawHeader],
          ] as const)
        : []),
    ] as const) {
      it(`change meaning as stated, each of all bits, in light/ (${form})`, function () {
        this.timeout(300_000);
        const original = decodeHeader(raw);
        const places = placesIn(raw, original);
        const seen = { refused: 0, hash: 0, digest: 0 };
        for (let bit = 0; bit < dataLength(raw) * 8; bit += 1) {
          const changed = readOrRefuse(flipped(raw, bit));
          if (changed === undefined) seen.refused += 1;
          else if (places.isSeal(bit)) {
            expect(blockHash(changed)).to.equal(blockHash(original));
            expect(sealDigest(changed)).to.equal(sealDigest(original));
          } else if (places.isRound(bit)) {
            seen.digest += 1;
            expect(blockHash(changed)).to.equal(blockHash(original));
            expect(sealDigest(changed)).to.not.equal(sealDigest(original));
          } else {
            seen.hash += 1;
            expect(blockHash(changed), `bit ${bit}`).to.not.equal(blockHash(original));
          }
        }
        expect(seen.refused).to.be.above(100);
        expect(seen.hash).to.be.above(3_000);
        expect(seen.digest > 0).to.equal(original.round > 0n);
      });
    }

    it("leave no seal its signer", () => {
      const digest = sealDigest(header);
      const [seal = ""] = header.seals;
      const signer = recoverSeal(digest, seal);
      const bits = Array.from({ length: 65 * 8 }, (_, bit) => bit).filter(
        (bit) => isLong || bit % 5 === 0 || bit > 511,
      );
      for (const bit of bits) {
        const other = recoverSeal(digest, flipped(seal, bit));
        expect(other, `bit ${bit}`).to.not.equal(signer);
        expect(set).to.not.include(other);
      }
    });

    for (const [form, raw] of [
      ["raw", rawHeader],
      ["bare", bare],
    ] as const) {
      it(`do on chain what they do in light/ (${form}, every ${STRIDE}. bit)`, async function () {
        this.timeout(isLong ? 900_000 : 60_000);
        const named = selectorsOf(harness, "QbftHeader");
        const flips = Math.floor((dataLength(raw) * 8 - 1) / STRIDE) + 1;
        for (let done = 0; done < flips; done += FLIPS_A_CALL) {
          const count = Math.min(FLIPS_A_CALL, flips - done);
          const found = await harness.sweep(raw, done * STRIDE, STRIDE, count);
          for (let index = 0; index < count; index += 1) {
            const bit = (done + index) * STRIDE;
            const changed = readOrRefuse(flipped(raw, bit));
            expect(found.isRead[index], `bit ${bit}`).to.equal(changed !== undefined);
            if (changed === undefined) expect(named).to.include(found.refusals[index]);
            else {
              expect(found.blockHashes[index]).to.equal(blockHash(changed));
              expect(found.sealDigests[index]).to.equal(sealDigest(changed));
            }
          }
        }
      });
    }
  });

  describe("by order", () => {
    const items = decodeRlp(rawHeader) as string[];
    const swaps = items.flatMap((a, i) => items.slice(i + 1).map((b, n) => ({ a, b, i, j: i + 1 + n })));

    it("of fields are refused or other blocks, on chain as in light/", async () => {
      const read: string[] = [];
      for (const { a, b, i, j } of swaps.filter((swap) => swap.a !== swap.b)) {
        const raw = encodeRlp(items.map((item, index) => (index === i ? b : index === j ? a : item)));
        const changed = readOrRefuse(raw);
        if (changed === undefined) continue;
        read.push(raw);
        expect(blockHash(changed), `${i} and ${j}`).to.not.equal(blockHash(header));
      }
      expect(read).to.have.length.above(10);
      const readings = await harness.read(read);
      expect(readings.map((reading) => reading.blockHash)).to.deep.equal(
        read.map((raw) => blockHash(decodeHeader(raw))),
      );
      const refused = swaps.find(({ i, j }) => i === 0 && j === 2);
      expect(refused).to.not.equal(undefined);
      expect(
        await refusalOf(encodeRlp([items[2] ?? "", ...items.slice(1, 2), items[0] ?? "", ...items.slice(3)])),
      ).to.equal("QbftHeaderWrongItem");
    });

    it("of seals are the same seals; halves of a seal are not", async () => {
      const reversed = { ...header, seals: header.seals.toReversed() };
      requireQuorum(reversed, set);
      expect(signersOf(reversed)).to.deep.equal(signersOf(header).toReversed());
      await harness.requireQuorums([encodeHeader(reversed)], [[...set]]);
      const [seal = "", ...rest] = header.seals;
      const halves = concat([dataSlice(seal, 32, 64), dataSlice(seal, 0, 32), dataSlice(seal, 64)]);
      await expectQuorumRefused({ ...header, seals: [halves, ...rest] }, [
        "QbftSealsForeignSigner",
        "QbftSealsUnrecoverable",
      ]);
    });

    it("of the set are refused", async () => {
      const order = [...set.slice(1), ...set.slice(0, 1)];
      await expectQuorumRefused(header, ["AccountantSetsNotAscending"], order);
      await expectQuorumRefused(header, ["AccountantSetsNotAscending"], [...set, ...set.slice(-1)]);
      await expectQuorumRefused(header, ["AccountantSetsEmpty"], []);
    });
  });

  describe("by seals", () => {
    it("left out, doubled, of another block or of nobody make no quorum", async () => {
      const [first = "", second = ""] = header.seals;
      const [foreign = ""] = at(87).header.seals;
      const seals = (...list: string[]): QbftHeader => ({ ...header, seals: list });
      await expectQuorumRefused(seals(), ["QbftSealsNoQuorum"]);
      await expectQuorumRefused(seals(first, second), ["QbftSealsNoQuorum"]);
      await expectQuorumRefused(seals(first, second, first), ["QbftSealsRepeatedSigner"]);
      await expectQuorumRefused(seals(first, second, foreign), ["QbftSealsForeignSigner"]);
      await expectQuorumRefused(seals(first, second, `0x${"00".repeat(65)}`), ["QbftSealsUnrecoverable"]);
      await expectQuorumRefused(seals(first, second, `0x${"ff".repeat(64)}00`), ["QbftSealsUnrecoverable"]);
      await expectQuorumRefused(seals(first, second, `${dataSlice(foreign, 0, 64)}1b`), ["QbftSealsUnrecoverable"]);
      await expectQuorumRefused({ ...header, round: 0n }, ["QbftSealsForeignSigner"]);
      await expectQuorumRefused(header, ["QbftSealsForeignSigner"], at(85).set.slice(1));
    });

    it("turned into their twins have the same signers, and count once", async () => {
      const twins = header.seals.map(twinOf);
      expect(signersOf({ ...header, seals: twins })).to.deep.equal(signersOf(header));
      await harness.requireQuorums([encodeHeader({ ...header, seals: twins })], [[...set]]);
      const [first = "", second = ""] = header.seals;
      const doubled = { ...header, seals: [first, second, twinOf(second)] };
      await expectQuorumRefused(doubled, ["QbftSealsRepeatedSigner"]);
    });
  });

  describe("in their RLP", () => {
    const items = decodeRlp(rawHeader) as string[];
    const extra = decodeRlp(items[12] ?? "") as (string | string[])[];
    const encoded = items.map((item) => encodeRlp(item));
    /** The header with some fields' encodings replaced; the list around them is right. */
    const withItems = (replaced: Readonly<Record<number, string>>, after: readonly string[] = []): string =>
      list([...encoded.map((item, index) => replaced[index] ?? item), ...after]);
    const withExtra = (replaced: Readonly<Record<number, string>>, after: readonly string[] = []): string =>
      withItems({ 12: encodeRlp(list([...extra.map((item, i) => replaced[i] ?? encodeRlp(item)), ...after])) });
    const payload = dataSlice(rawHeader, 3);

    const malformed: Readonly<Record<string, readonly [raw: string, refusal: string]>> = {
      "nothing at all": ["0x", "QbftHeaderWrongLength"],
      "the last byte cut off": [dataSlice(rawHeader, 0, -1), "QbftHeaderWrongLength"],
      "a byte more": [concat([rawHeader, "0x00"]), "QbftHeaderWrongLength"],
      "its length in three bytes": [concat(["0xfa00", dataSlice(rawHeader, 1)]), "QbftHeaderWrongLength"],
      "a string instead of a list": [concat(["0xb9", dataSlice(rawHeader, 1)]), "QbftHeaderWrongLength"],
      "a list around it": [list([rawHeader]), "QbftHeaderWrongItem"],
      "a short parentHash": [withItems({ 0: encodeRlp(dataSlice(items[0] ?? "", 1)) }), "QbftHeaderWrongItem"],
      "a coinbase of 21 bytes": [withItems({ 2: encodeRlp(concat([items[2] ?? "", "0x00"])) }), "QbftHeaderWrongItem"],
      "a list as root": [withItems({ 3: concat(["0xe0", items[3] ?? ""]) }), "QbftHeaderWrongItem"],
      "a short bloom": [withItems({ 6: encodeRlp(dataSlice(items[6] ?? "", 1)) }), "QbftHeaderWrongItem"],
      "a leading zero": [withItems({ 8: "0x820056" }), "QbftHeaderWrongInteger"],
      "a small integer with a length": [withItems({ 8: "0x8156" }), "QbftHeaderWrongInteger"],
      "zero as a byte": [withItems({ 17: "0x00" }), "QbftHeaderWrongInteger"],
      "an integer of 9 bytes": [withItems({ 11: concat(["0x8901", `0x${"00".repeat(8)}`]) }), "QbftHeaderWrongInteger"],
      "a list as integer": [withItems({ 9: "0xc0" }), "QbftHeaderWrongInteger"],
      "an integer's length in the long form": [withItems({ 9: "0xb8041dcd6500" }), "QbftHeaderWrongInteger"],
      "extraData without a list": [withItems({ 12: encodeRlp("0x1234") }), "QbftHeaderWrongExtraData"],
      "empty extraData": [withItems({ 12: "0x80" }), "QbftHeaderWrongExtraData"],
      "extraData as a list": [
        withItems({ 12: list(extra.map((item) => encodeRlp(item))) }),
        "QbftHeaderWrongExtraData",
      ],
      "a short vanity": [withExtra({ 0: encodeRlp(`0x${"00".repeat(31)}`) }), "QbftHeaderWrongExtraData"],
      "a validator": [withExtra({ 1: list([encodeRlp(items[2] ?? "")]) }), "QbftHeaderWrongExtraData"],
      "a vote": [withExtra({ 2: list([encodeRlp(items[2] ?? ""), "0x80"]) }), "QbftHeaderWrongExtraData"],
      "a round with a leading zero": [withExtra({ 3: "0x820001" }), "QbftHeaderWrongInteger"],
      "a round of 0 as a byte": [withExtra({ 3: "0x00" }), "QbftHeaderWrongInteger"],
      "a round of 2^31": [withExtra({ 3: "0x8480000000" }), "QbftHeaderWrongExtraData"],
      "no seals' list": [withExtra({ 4: "0x80" }), "QbftHeaderWrongExtraData"],
      "a sixth item in extraData": [withExtra({}, ["0xc0"]), "QbftHeaderWrongExtraData"],
      "a seal of 64 bytes": [withExtra({ 4: list([encodeRlp(`0x${"11".repeat(64)}`)]) }), "QbftHeaderWrongSeal"],
      "a seal of 66 bytes": [withExtra({ 4: list([encodeRlp(`0x${"11".repeat(66)}`)]) }), "QbftHeaderWrongSeal"],
      "half a seal at the end": [withExtra({ 4: list([`0xb841${"11".repeat(60)}`]) }), "QbftHeaderWrongSeal"],
      "seals whose length is too long by a byte": [
        withExtra({ 4: concat(["0xf90043", encodeRlp(`0x${"11".repeat(65)}`)]) }),
        "QbftHeaderWrongExtraData",
      ],
      "seals whose length goes beyond the header": [withExtra({ 4: "0xf9ffff" }), "QbftHeaderWrongExtraData"],
      "a short nonce": [withItems({ 14: encodeRlp(`0x${"11".repeat(7)}`) }), "QbftHeaderWrongItem"],
      "no base fee": [list(encoded.slice(0, 15)), "QbftHeaderWrongInteger"],
      "18 fields": [list(encoded.slice(0, 18)), "QbftHeaderWrongInteger"],
      "19 fields": [list(encoded.slice(0, 19)), "QbftHeaderWrongItem"],
      "22 fields": [withItems({}, [encoded[0] ?? "", encoded[0] ?? ""]), "QbftHeaderTrailingBytes"],
      "more than 65,535 bytes": [
        concat(["0xfa010000", payload, `0x${"00".repeat(65_536 - dataLength(payload))}`]),
        "QbftHeaderWrongLength",
      ],
    };

    for (const [fault, [raw, refusal]] of Object.entries(malformed)) {
      it(`are refused with ${fault}`, async () => {
        expect(readOrRefuse(raw)).to.equal(undefined);
        expect(await refusalOf(raw)).to.equal(refusal);
      });
    }

    it("are refused by name or read alike, whatever is done to them", async () => {
      const bytes = fc.uint8Array({ maxLength: 3 });
      const edit = fc.record({ place: fc.noBias(fc.nat(9_999)), cut: fc.nat(3), put: bytes });
      const source = fc.constantFrom(rawHeader, bare, at(0).rawHeader, drawn.rawHeader);
      const names: string[] = [];
      await fc.assert(
        fc.asyncProperty(source, fc.array(edit, { minLength: 1, maxLength: 3 }), async (raw, edits) => {
          let content = dataSlice(raw, 3);
          for (const { place, cut, put } of edits) {
            const from = Math.floor((place * dataLength(content)) / 10_000);
            const to = Math.min(dataLength(content), from + cut);
            content = concat([dataSlice(content, 0, from), hexlify(put), dataSlice(content, to)]);
          }
          const changed = concat([`0xf9${toBeHex(dataLength(content), 2).slice(2)}`, content]);
          const read = readOrRefuse(changed);
          if (read === undefined) {
            const name = (await refusalOf(changed)) ?? "read";
            expect(name).to.match(/^QbftHeader/);
            names.push(name);
          } else {
            const [hash, digest] = await harness.hashes(changed);
            expect([hash, digest]).to.deep.equal([blockHash(read), sealDigest(read)]);
          }
        }),
        { numRuns: isLong ? 5_000 : 250, seed: SEED },
      );
      expect(new Set(names).size).to.be.above(3);
    });
  });

  /** Both sides refuse the header's seals, with the same error and values. */
  async function expectQuorumRefused(
    changed: QbftHeader,
    codes: string[],
    inForce: readonly string[] = set,
  ): Promise<void> {
    const refusal = thrownBy(() => requireQuorum(changed, inForce));
    expect(codes).to.include(refusal.code);
    let onChain: unknown;
    try {
      await harness.requireQuorums([encodeHeader(changed)], [[...inForce]]);
    } catch (error) {
      onChain = error;
    }
    const parsed = harness.interface.parseError(revertDataOf(onChain) ?? "0x");
    expect(parsed?.name).to.equal(refusal.code);
    expect(parsed?.args.toObject()).to.deep.equal(refusal.args);
  }

  it("are all told from the recorded ones", () => {
    const hashes = new Set(blocks.map((block) => blockHash(block.header)));
    expect(hashes.size).to.equal(blocks.length);
  });
});

function thrownBy(call: () => void): { code: string; args: object } {
  try {
    call();
  } catch (error) {
    if (isCommonwattError(error)) return error;
    throw error;
  }
  return { code: "nothing", args: {} };
}

/** The header, or undefined where light/ refuses it with an error of its own. */
function readOrRefuse(raw: string): QbftHeader | undefined {
  try {
    return decodeHeader(raw);
  } catch (error) {
    if (isCommonwattError(error)) return undefined;
    throw error;
  }
}

function flipped(data: string, bit: number): string {
  const bytes = getBytes(data);
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
  return hexlify(bytes);
}

/** Where the content of the seals and the round's byte stand. */
function placesIn(
  raw: string,
  { vanity, seals }: QbftHeader,
): { isSeal(bit: number): boolean; isRound(bit: number): boolean } {
  const startOf = (part: string): number => (raw.indexOf(part.slice(2)) - 2) / 2;
  const starts = seals.map(startOf);
  const round = startOf(vanity) + 32 + 2;
  return {
    isSeal: (bit) => starts.some((start) => bit >= start * 8 && bit < (start + 65) * 8),
    isRound: (bit) => bit >> 3 === round,
  };
}

/** A list of encoded items. */
function list(items: readonly string[]): string {
  const content = concat(items);
  const length = dataLength(content);
  if (length < 56) return concat([toBeHex(0xc0 + length), content]);
  return length < 256 ? concat([`0xf8`, toBeHex(length, 1), content]) : concat([`0xf9`, toBeHex(length, 2), content]);
}

function twinOf(seal: string): string {
  const s = CURVE_ORDER - BigInt(dataSlice(seal, 32, 64));
  return concat([dataSlice(seal, 0, 32), toBeHex(s, 32), toBeHex(1 - Number(dataSlice(seal, 64)), 1)]);
}

function selectorsOf(harness: QbftHarness, prefix: string): string[] {
  const selectors: string[] = [];
  harness.interface.forEachError(({ name, selector }) => {
    if (name.startsWith(prefix)) selectors.push(selector);
  });
  return selectors;
}

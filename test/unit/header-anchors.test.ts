import { readFile } from "node:fs/promises";

import { expect } from "chai";
import { concat, dataLength, getBytes, hexlify, id, keccak256, toBeHex, ZeroAddress, ZeroHash } from "ethers";
import hre from "hardhat";

import { blockHash, encodeHeader, quorumOf, setDigest, type AccountProof, type QbftHeader } from "../../light/index.js";
import { AnchorStage, numbersTo, sealed, setOf, TRUSTING_SECONDS } from "../../scripts/bench/anchor-stage.js";
import { Random } from "../../scripts/inputs/random.js";
import { mined } from "../../scripts/gas/scenario.js";
import type { HardhatConnection } from "../../scripts/networks/simulated.js";
import { anchorArgument, type AnchorEvidence } from "../../sdk/actions/anchors.js";
import { CommonwattError } from "../../sdk/errors.js";
import { plain } from "../../sdk/transact.js";
import { decodeError } from "../../sdk/contracts.js";
import { readAccountProof } from "../../sdk/actions/state-proofs.js";
import { readRecording } from "../utils/qbft.js";

const isLong = process.env["COMMONWATT_LONG"] === "1";
/** Bits from one flip to the next; coprime to 8, so that all bits of a byte have their turn. */
const STRIDE = isLong ? 7 : 131;
const SEED = 5;
const SPACING = 600n;
const FOUR = numbersTo(4);

describe("HeaderAnchors", function () {
  this.timeout(120_000);

  let anchoring: HardhatConnection;
  let stage: AnchorStage;

  beforeEach(async () => {
    anchoring = await hre.network.create({
      network: "embeddedTransaction",
      chainType: "l1",
      override: { initialDate: "2026-01-01T00:00:00Z" },
    });
    stage = await AnchorStage.open(anchoring, { seats: 4 });
  });

  afterEach(async () => {
    await stage.close();
    await anchoring.close();
  });

  /** The error that evidence meets; the code of what it does not meet is "taken". */
  async function refusalOf(evidence: AnchorEvidence): Promise<CommonwattError> {
    try {
      await stage.anchors.anchor.staticCall(anchorArgument(evidence));
    } catch (error) {
      return decodeError(error);
    }
    return new CommonwattError("taken");
  }

  async function expectRefused(evidence: AnchorEvidence, code: string, args: object = {}): Promise<void> {
    const refusal = await refusalOf(evidence);
    expect(refusal.code).to.equal(code);
    expect(refusal.args).to.include(args);
  }

  async function versionAnchored(block: bigint): Promise<bigint> {
    return (await stage.anchors.anchorAt(block)).setVersion;
  }

  async function latestNumber(): Promise<bigint> {
    return (await stage.anchors.latest()).number;
  }

  /** The header with something else in it, sealed anew by all four. */
  const resealed = (header: QbftHeader, change: Partial<QbftHeader>): QbftHeader =>
    sealed({ ...header, seals: [], ...change }, FOUR);

  describe("takes", () => {
    for (const seats of [4, 7, 21, 101]) {
      it(`a header that exactly a quorum of ${seats} sealed, and refuses one seal less`, async () => {
        const large = await AnchorStage.open(anchoring, { seats });
        const block = await large.mine();
        const evidence = await large.evidence(block);
        const header = await large.header(block);
        const quorum = quorumOf(seats);
        const short = await large.evidence(block, numbersTo(quorum - 1));
        const refusal = await large.anchors.anchor.staticCall(anchorArgument(short)).catch(decodeError);
        expect(refusal).to.include({ code: "QbftSealsNoQuorum" });
        await large.anchor(evidence);
        const anchored = plain(await large.anchors.anchorAt(block));
        expect(anchored).to.deep.equal({
          hash: blockHash(header),
          stateRoot: header.stateRoot,
          timestamp: header.timestamp,
          setVersion: 1n,
        });
        await large.close();
      });
    }

    it("a header once: other seals, or another round, of the same block change nothing", async () => {
      const block = await stage.mine();
      await stage.anchor(await stage.evidence(block, [1, 2, 3]));
      const before = await stage.anchors.latest();
      const again = await stage.evidence(block, [2, 3, 4]);
      expect(await stage.anchors.anchor.staticCall(anchorArgument(again))).to.equal(false);
      expect((await stage.anchor(again)).logs).to.deep.equal([]);
      const header = await stage.header(block);
      const later = await stage.evidenceOf(resealed(header, { round: 2n }), setOf(FOUR));
      expect(await stage.anchors.anchor.staticCall(anchorArgument(later))).to.equal(false);
      expect([...(await stage.anchors.latest())]).to.deep.equal([...before]);
    });

    it("the header that changes the set, and from then on only the new set's", async () => {
      const changed = await stage.write([2, 3, 4, 5, 6]);
      const receipt = await stage.anchor(await stage.evidence(changed));
      expect(receipt.logs).to.have.length(2);
      expect(await versionAnchored(changed)).to.equal(1n); // the old set sealed it
      const { digest } = await stage.anchors.knownSet();
      expect(digest).to.equal(setDigest(setOf([2, 3, 4, 5, 6])));
      const block = await stage.mine();
      const old = await stage.evidenceOf(sealed(await stage.header(block), [2, 3, 4]), setOf(FOUR));
      await expectRefused(old, "HeaderAnchorsWrongSet", { expected: digest });
      await expectRefused(await stage.evidence(block, [2, 3, 4]), "QbftSealsNoQuorum");
      await stage.anchor(await stage.evidence(block, [2, 3, 4, 5]));
      expect(await versionAnchored(block)).to.equal(2n);
    });

    it("several changes of one block as one, whatever the set was in between", async () => {
      const block = await stage.writeTwice([1, 2, 3, 4, 5], [7, 8, 9, 10]);
      await stage.anchor(await stage.evidence(block, [1, 2, 3]));
      const { head, digest } = await stage.anchors.knownSet();
      expect((head >> 128n) & 0xffffn).to.equal(3n);
      expect(digest).to.equal(setDigest(setOf([7, 8, 9, 10])));
      const next = await stage.mine();
      await stage.anchor(await stage.evidence(next, [8, 9, 10]));
      expect(await versionAnchored(next)).to.equal(3n);
    });

    it("a chain of changes in which nobody of the first set is left", async () => {
      for (let shift = 1; shift <= 6; shift += 1) {
        const block = await stage.write(FOUR.map((number) => number + shift));
        await stage.anchor(await stage.evidence(block));
        expect(await versionAnchored(block)).to.equal(BigInt(shift));
      }
      const block = await stage.mine();
      await stage.anchor(await stage.evidence(block, [8, 9, 10]));
    });
  });

  describe("lets no change of the set be left out:", () => {
    it("not by a header after it that the known set sealed", async () => {
      const changed = await stage.write([1, 2, 3, 4, 5]);
      const after = await stage.mine();
      // 1 to 4 are a quorum of both sets, so that such a header is even a true one
      const evidence = await stage.evidenceOf(sealed(await stage.header(after), FOUR), setOf(FOUR));
      await expectRefused(evidence, "HeaderAnchorsSetSkipped", { version: 2n, changedAt: changed });
    });

    it("not by the header of the next change", async () => {
      const first = await stage.write([1, 2, 3, 4, 5]);
      const second = await stage.write([1, 2, 3, 4, 5, 6]);
      const evidence = await stage.evidenceOf(sealed(await stage.header(second), FOUR), setOf(FOUR));
      await expectRefused(evidence, "HeaderAnchorsSetSkipped", { version: 2n, changedAt: first });
      await stage.anchor(await stage.evidence(first, FOUR));
      await stage.anchor(await stage.evidence(second, FOUR));
      expect(await versionAnchored(second)).to.equal(2n);
    });

    it("not by the words of another block, or of another version", async () => {
      const changed = await stage.writeTwice([1, 2, 3, 5], [1, 2, 3, 4, 5]); // so that all proofs are needed
      const evidence = await stage.evidence(changed);
      await mined(stage.election.fill(0, 1)); // so that no two of the states have one root
      const block = await stage.mine();
      const later = await stage.evidenceOf(sealed(await stage.header(block), FOUR), setOf(FOUR));
      const mixed = [
        { ...later, changeProof: evidence.changeProof },
        { ...later, headProof: evidence.headProof },
        { ...later, accountProof: evidence.accountProof },
        { ...evidence, changeProof: evidence.headProof },
        { ...evidence, digestProof: evidence.headProof },
        { ...evidence, digestProof: [] },
        { ...evidence, changeProof: [] },
        { ...evidence, headProof: evidence.digestProof },
      ];
      for (const [index, bent] of mixed.entries()) {
        const { code } = await refusalOf(bent);
        expect(code, `mixture ${index}`).to.equal("TrieProofTraversalError");
      }
      expect((await refusalOf(evidence)).code).to.equal("taken");
    });

    it("whatever comes in whatever order (a model, and what is shown to it)", async () => {
      const random = new Random(SEED);
      /** Block of each change since the set-up, with the set in force after it. */
      const changes: { block: bigint; numbers: number[] }[] = [{ block: 0n, numbers: FOUR }];
      let known = 0;
      await anchoring.networkHelpers.time.increase(10n * 86_400n);
      const seen = { taken: 0, skipped: 0 };
      for (let step = 0; step < (isLong ? 300 : 60); step += 1) {
        if (random.between(1, 3) === 1) {
          const numbers = random.shuffled(numbersTo(7)).slice(0, random.between(4, 6));
          changes.push({ block: await stage.write(numbers), numbers });
        } else await stage.mine(random.between(1, 3));
        const last = await latestNumber();
        const newest = BigInt(await stage.source.ethers.provider.getBlockNumber());
        const block = BigInt(random.between(Number(last) + 1, Number(newest)));
        const { numbers } = changes[known] ?? { numbers: [] };
        // sealed as well as the known set can, and never too soon
        const header = { ...(await stage.header(block)), timestamp: stage.start + 700n * block };
        const evidence = await stage.evidenceOf(sealed(header, numbers), setOf(numbers));
        const next = changes[known + 1]?.block;
        const { code } = await refusalOf(evidence);
        if (next !== undefined && block > next) {
          expect(code, `block ${block} after the change of ${next}`).to.equal("HeaderAnchorsSetSkipped");
          seen.skipped += 1;
        } else {
          expect(code, `block ${block}`).to.equal("taken");
          await stage.anchor(evidence);
          seen.taken += 1;
          if (next === block) known += 1;
          const { digest } = await stage.anchors.knownSet();
          expect(digest).to.equal(setDigest(setOf(changes[known]?.numbers ?? [])));
        }
      }
      expect(seen.taken).to.be.above(8);
      expect(seen.skipped).to.be.above(8);
    });

    it("nor is a set known that only the header before it names", async () => {
      const changed = await stage.write([5, 6, 7, 8]);
      // the new set can't seal the block that brings it
      const evidence = await stage.evidenceOf(sealed(await stage.header(changed), [5, 6, 7]), setOf([5, 6, 7, 8]));
      await expectRefused(evidence, "HeaderAnchorsWrongSet");
      const asFour = await stage.evidenceOf(sealed(await stage.header(changed), [5, 6, 7]), setOf(FOUR));
      await expectRefused(asFour, "QbftSealsForeignSigner");
    });
  });

  describe("takes no header of another chain", () => {
    /** The anchoring chain's own election, with the same sets at the same address, sealed by the same keys. */
    async function twin(): Promise<{ header: (block: bigint) => Promise<QbftHeader>; block: bigint }> {
      const own = await hre.network.create({ network: "embeddedTransaction", chainType: "l1" });
      const election = await own.ethers.deployContract("ValidatorSetMock");
      expect(await election.getAddress()).to.equal(await stage.election.getAddress());
      await mined(election.write([...setOf(FOUR)]));
      const { number } = (await own.ethers.provider.getBlock("latest")) ?? { number: 0 };
      expect(BigInt(number)).to.equal(await latestNumber());
      await own.networkHelpers.mine(300);
      twins.push(own);
      return { header: (block) => stage.header(block, own), block: BigInt(number) + 300n };
    }

    const twins: HardhatConnection[] = [];

    afterEach(async () => {
      for (const own of twins.splice(0)) await own.close();
    });

    it("though sets, keys, versions, blocks and the election's address are all the same", async () => {
      const { header, block } = await twin();
      const own = twins[0];
      if (own === undefined) throw new Error("no twin");
      // word by word the storage is the same but for the chain's id
      const proof = await readAccountProof(own.ethers.provider, {
        account: await stage.election.getAddress(),
        slots: [`0x${"00".repeat(31)}02`],
        block,
      });
      const { head } = await stage.anchors.knownSet();
      expect(BigInt(proof.storageProof[0]?.value ?? 0) ^ head).to.equal((410_001n ^ 410_002n) << 192n);
      const evidence = await stage.evidenceOf(sealed(await header(block), FOUR), setOf(FOUR), own);
      await expectRefused(evidence, "HeaderAnchorsForeignChain", { chainId: 410_001n, expected: 410_002n });
      await stage.mine();
      const honest = await stage.evidence(block);
      for (const part of ["accountProof", "headProof"] as const) {
        await expectRefused({ ...evidence, [part]: honest[part] }, "TrieProofTraversalError");
      }
      await stage.anchor(honest);
    });

    it("and does not take it for a fork of an anchored one", async () => {
      const { header, block } = await twin();
      const own = twins[0];
      if (own === undefined) throw new Error("no twin");
      await stage.mine();
      await stage.anchor(await stage.evidence(block));
      const evidence = await stage.evidenceOf(sealed(await header(block), FOUR), setOf(FOUR), own);
      await expectRefused(evidence, "HeaderAnchorsForeignChain", { chainId: 410_001n });
      expect((await stage.anchors.latest()).forkedAt).to.equal(0n);
    });

    it("nor of the chain that it stands on itself, whose accountants have other keys", async () => {
      const { header, block } = await twin();
      const own = twins[0];
      if (own === undefined) throw new Error("no twin");
      const evidence = await stage.evidenceOf(sealed(await header(block), [5, 6, 7]), setOf(FOUR), own);
      await expectRefused(evidence, "QbftSealsForeignSigner");
      const asTheirs = await stage.evidenceOf(sealed(await header(block), [5, 6, 7]), setOf([5, 6, 7, 8]), own);
      await expectRefused(asTheirs, "HeaderAnchorsWrongSet");
    });

    it("nor a real client's, whose contract keeps no chain id", async () => {
      const { at } = readRecording();
      const { rawHeader, set, header } = at(77);
      const anchors = await anchoring.ethers.deployContract("HeaderAnchors", [
        {
          election: `0x${"00".repeat(18)}8888`,
          genesisHash: at(0).block.hash,
          head: (20_260n << 192n) | (1n << 128n) | (4n << 64n),
          digest: setDigest(set),
          number: 0n,
          timestamp: header.timestamp - SPACING,
          trustingSeconds: TRUSTING_SECONDS,
        },
      ]);
      const { proof } = await recordedProof(77);
      await anchoring.networkHelpers.time.increaseTo(header.timestamp);
      const [, word] = proof.storageProof;
      const evidence = {
        header: rawHeader,
        set: [...set],
        accountProof: [...proof.accountProof],
        headProof: [...(word?.proof ?? [])],
        digestProof: [],
        changeProof: [],
      };
      // its seals and its account are in order; where the head should be there is nothing
      const refusal = await anchors.anchor.staticCall(evidence).catch(decodeError);
      expect(refusal).to.include({ code: "RLPInvalidEncoding" });
      const unsealed = { ...evidence, header: encodeHeader({ ...header, seals: header.seals.slice(1) }) };
      expect(await anchors.anchor.staticCall(unsealed).catch(decodeError)).to.include({ code: "QbftSealsNoQuorum" });
    });
  });

  describe("in time", () => {
    it("takes headers ten minutes apart, but a change of the set at any time", async () => {
      const first = await stage.mine();
      await stage.anchor(await stage.evidence(first));
      const { timestamp } = await stage.anchors.latest();
      const early = await stage.mine(299);
      await expectRefused(await stage.evidence(early), "HeaderAnchorsTooSoon", { earliest: timestamp + SPACING });
      const changed = await stage.write([1, 2, 3, 5]);
      await stage.anchor(await stage.evidence(changed));
      const next = await stage.mine(299);
      await expectRefused(await stage.evidence(next), "HeaderAnchorsTooSoon");
      await stage.anchor(await stage.evidence(await stage.mine(1)));
    });

    it("takes no older header, nor one of a block before the set-up", async () => {
      const trusted = await latestNumber();
      const first = await stage.evidenceOf(sealed(await stage.header(trusted), FOUR), setOf(FOUR));
      await expectRefused(first, "HeaderAnchorsNotNewer", { number: trusted });
      const old = await stage.mine();
      const newer = await stage.mine();
      const evidence = await stage.evidence(old);
      await stage.anchor(await stage.evidence(newer));
      await expectRefused(evidence, "HeaderAnchorsNotNewer", { number: old, latest: newer });
    });

    it("takes none from the future", async () => {
      const block = await stage.mine();
      const now = BigInt(await anchoring.networkHelpers.time.latest());
      const header = await stage.header(block);
      const at = async (timestamp: bigint): Promise<AnchorEvidence> =>
        stage.evidenceOf(resealed(header, { timestamp }), setOf(FOUR));
      await expectRefused(await at(now + 1_000n), "HeaderAnchorsFromTheFuture", { timestamp: now + 1_000n });
      expect((await refusalOf(await at(now + 50n))).code).to.equal("taken");
    });

    it("believes no keys any more when their trust has lapsed", async () => {
      const block = await stage.mine();
      await stage.anchor(await stage.evidence(block));
      const { timestamp } = await stage.anchors.latest();
      const lapsedAt = timestamp + TRUSTING_SECONDS;
      const next = await stage.evidence(await stage.mine());
      await anchoring.networkHelpers.time.increaseTo(lapsedAt);
      expect((await refusalOf(next)).code).to.equal("taken");
      await anchoring.networkHelpers.time.increaseTo(lapsedAt + 2n);
      await expectRefused(next, "HeaderAnchorsTrustLapsed", { lapsedAt });
      const other = resealed(await stage.header(block), { gasUsed: 1n });
      await expectRefused(await stage.evidenceOf(other, setOf(FOUR)), "HeaderAnchorsTrustLapsed", { lapsedAt });
      expect(await versionAnchored(block)).to.equal(1n); // what was anchored stays so
    });
  });

  describe("at a fork of the other chain", () => {
    it("keeps the evidence, believes nothing from that number on, and goes on believing what was before", async () => {
      const [first, second] = [await stage.mine(), await stage.mine()];
      await stage.anchor(await stage.evidence(first));
      await stage.anchor(await stage.evidence(second));
      const third = await stage.mine();
      await stage.anchor(await stage.evidence(third));
      const header = await stage.header(second);
      const other = resealed(header, { gasUsed: 5n });
      const receipt = await stage.anchor(await stage.evidenceOf(other, setOf(FOUR)));
      const [log] = receipt.logs;
      const event = log && stage.anchors.interface.parseLog(log);
      expect(event?.name).to.equal("SourceForked");
      expect(event?.args.toObject()).to.deep.equal({
        number: second,
        anchored: blockHash(header),
        shown: blockHash(other),
      });
      expect(await versionAnchored(first)).to.equal(1n);
      for (const number of [second, third]) {
        const refusal = await stage.anchors.anchorAt(number).catch(decodeError);
        expect(refusal).to.include({ code: "HeaderAnchorsForked" });
      }
      await expectRefused(await stage.evidence(await stage.mine()), "HeaderAnchorsForked", { number: second });
      // an earlier one is worse; a later one changes nothing
      const earlier = resealed(await stage.header(first), { gasUsed: 5n });
      await stage.anchor(await stage.evidenceOf(earlier, setOf(FOUR)));
      expect((await stage.anchors.latest()).forkedAt).to.equal(first);
      const later = resealed(await stage.header(third), { gasUsed: 5n });
      await stage.anchor(await stage.evidenceOf(later, setOf(FOUR)));
      expect((await stage.anchors.latest()).forkedAt).to.equal(first);
    });

    it("wants the seals of the set that was in force for that number, and a quorum of them", async () => {
      const changed = await stage.write([5, 6, 7, 8]);
      await stage.anchor(await stage.evidence(changed));
      const other = { ...(await stage.header(changed)), gasUsed: 5n };
      const fork = (numbers: readonly number[], set: readonly number[]): Promise<AnchorEvidence> =>
        stage.evidenceOf(sealed(other, numbers), setOf(set));
      await expectRefused(await fork([5, 6, 7], [5, 6, 7, 8]), "HeaderAnchorsWrongSet");
      await expectRefused(await fork([5, 6, 7], FOUR), "QbftSealsForeignSigner");
      await expectRefused(await fork([1, 2], FOUR), "QbftSealsNoQuorum");
      expect((await refusalOf(await fork([1, 2, 3], FOUR))).code).to.equal("taken");
    });
  });

  describe("proves words of the other chain", () => {
    it("against an anchored header, with its time", async () => {
      await mined(stage.election.fill(41, 1));
      const block = await stage.mine();
      await stage.anchor(await stage.evidence(block));
      const account = await stage.election.getAddress();
      const slot = keccak256(concat([toBeHex(41n, 32), toBeHex(6n, 32)])); // behind ValidatorSet's six slots
      const { accountProof, storageProof } = await readAccountProof(stage.source.ethers.provider, {
        account,
        slots: [slot],
        block,
      });
      const proof = [...(storageProof[0]?.proof ?? [])];
      const wordAt = (number: bigint, of: string, at: string, with_ = proof): Promise<unknown> =>
        stage.anchors.wordAt(number, of, at, [...accountProof], with_).then(
          (found) => [...found],
          (error: unknown) => decodeError(error).code,
        );
      const { timestamp } = await stage.anchors.anchorAt(block);
      expect(await wordAt(block, account, slot)).to.deep.equal([42n, timestamp]);
      expect(await wordAt(block, account, ZeroHash)).to.equal("TrieProofTraversalError");
      expect(await wordAt(block, ZeroAddress, slot)).to.equal("TrieProofTraversalError");
      expect(await wordAt(block, account, slot, [])).to.equal("TrieProofTraversalError");
      expect(await wordAt(block - 1n, account, slot)).to.equal("HeaderAnchorsUnknown");
    });

    it("reads a real client's proofs as that client meant them", async () => {
      const harness = await anchoring.ethers.deployContract("StateProofsHarness");
      const { at } = readRecording();
      for (const block of [0, 77, 78, 104, 105]) {
        const { proof } = await recordedProof(block);
        const { stateRoot } = at(block).header;
        expect(proof.storageProof.length).to.be.above(3);
        for (const { key, value, proof: nodes } of proof.storageProof.filter((word) => BigInt(word.value) !== 0n)) {
          const found = await harness.read(stateRoot, proof.address, BigInt(key), [...proof.accountProof], [...nodes]);
          expect([...found]).to.deep.equal([proof.storageHash, BigInt(value)]);
        }
      }
    });
  });

  describe("refuses evidence with any bit flipped in", () => {
    const parts = ["header", "accountProof", "headProof", "digestProof", "changeProof"] as const;
    for (const part of parts) {
      it(`its ${part}`, async function () {
        this.timeout(isLong ? 900_000 : 120_000);
        const evidence = await stage.evidence(await stage.writeTwice([1, 2, 3, 5], [2, 3, 4, 5]), [1, 2, 3]);
        expect((await refusalOf(evidence)).code).to.equal("taken");
        const values = part === "header" ? [evidence.header] : evidence[part];
        const codes = new Set<string>();
        let flips = 0;
        for (const [place, value] of values.entries()) {
          for (let bit = 0; bit < dataLength(value) * 8; bit += STRIDE) {
            const changed = flipped(value, bit);
            const bent = { ...evidence, [part]: part === "header" ? changed : values.with(place, changed) };
            const { code } = await refusalOf(bent);
            expect(code, `${part} ${place}, bit ${bit}`).to.not.equal("taken");
            codes.add(code);
            flips += 1;
          }
        }
        expect(flips).to.be.above(5);
        for (const code of codes) expect(code).to.match(/^(QbftHeader|QbftSeals|HeaderAnchors|TrieProof|RLP)/);
      });
    }

    it("its set, or with members left out, added or in another order", async () => {
      const evidence = await stage.evidence(await stage.mine(), [1, 2, 3]);
      const { set } = evidence;
      const bent = [
        ...Array.from({ length: 160 }, (_, bit) => set.with(bit % 4, flipped(set[bit % 4] ?? "", bit))),
        set.slice(1),
        [...set, set[3] ?? ""],
        set.toReversed(),
        [],
      ];
      for (const changed of bent) await expectRefused({ ...evidence, set: changed }, "HeaderAnchorsWrongSet");
    });

    it("its lists, which are cut, doubled or turned round", async () => {
      const evidence = await stage.evidence(await stage.writeTwice([1, 2, 3, 5], [2, 3, 4, 5]), [1, 2, 3]);
      for (const part of ["accountProof", "headProof", "digestProof", "changeProof"] as const) {
        const nodes = evidence[part];
        const others = [nodes.slice(1), nodes.slice(0, -1), [...nodes, ...nodes.slice(-1)], [...nodes, "0xc0"]];
        if (nodes.length > 1) others.push(nodes.toReversed());
        for (const [index, other] of others.entries()) {
          const { code } = await refusalOf({ ...evidence, [part]: other });
          expect(code, `${part} ${index}`).to.equal("TrieProofTraversalError");
        }
      }
    });
  });

  it("takes at most 1,500,000 gas at 101 seats from a grown chain, whatever changed", async () => {
    const large = await AnchorStage.open(anchoring, { seats: 101, fill: 1_000 });
    const all = numbersTo(101);
    const blocks = [
      () => large.mine(),
      () => large.write(numbersTo(102).slice(1)),
      () => large.writeTwice(numbersTo(103).slice(2), all),
    ];
    for (const next of blocks) {
      const { gasUsed } = await large.anchor(await large.evidence(await next()));
      expect(gasUsed).to.be.within(500_000n, 1_500_000n);
    }
    await large.close();
  });

  it("is set up only for another chain with a set of four", async () => {
    const { head, digest } = await stage.anchors.knownSet();
    const fitting = {
      election: await stage.election.getAddress(),
      genesisHash: id("genesis"),
      head,
      digest,
      number: head & 0xffffn,
      timestamp: stage.start,
      trustingSeconds: TRUSTING_SECONDS,
    };
    const bent = [
      { election: ZeroAddress },
      { head: head ^ ((410_001n ^ 410_002n) << 192n) }, // this chain
      { head: head & ((1n << 192n) - 1n) }, // no chain
      { head: head ^ (1n << 128n) }, // no version
      { head: (head & ~(0xffn << 64n)) | (3n << 64n) },
      { number: fitting.number - 1n },
      { trustingSeconds: 3n },
    ];
    for (const change of bent) {
      const refusal = await anchoring.ethers
        .deployContract("HeaderAnchors", [{ ...fitting, ...change }])
        .catch(decodeError);
      expect(refusal, JSON.stringify(Object.keys(change))).to.include({ code: "HeaderAnchorsInvalidSource" });
    }
    const short = await anchoring.ethers.deployContract("HeaderAnchors", [{ ...fitting, trustingSeconds: 400n }]);
    expect(await short.SPACING_SECONDS()).to.equal(100n);
    expect(await short.DRIFT_SECONDS()).to.equal(60n);
    expect(await stage.anchors.SPACING_SECONDS()).to.equal(SPACING);
    const source = [410_002n, fitting.election, fitting.genesisHash, 400n];
    expect([...(await short.source())]).to.deep.equal(source);
  });
});

interface RecordedProof {
  readonly blockNumber: number;
  readonly proof: AccountProof;
}

async function recordedProof(block: number): Promise<RecordedProof> {
  const proofs = JSON.parse(await readFile("test/fixtures/besu-qbft/proofs.json", "utf8")) as RecordedProof[];
  const found = proofs.find(({ blockNumber }) => blockNumber === block);
  if (found === undefined) throw new Error(`no proof of block ${block}`);
  return found;
}

function flipped(data: string, bit: number): string {
  const bytes = getBytes(data);
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
  return hexlify(bytes);
}

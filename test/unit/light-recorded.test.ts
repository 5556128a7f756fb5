import { readFileSync } from "node:fs";

import { expect } from "chai";
import { getBytes, hexlify } from "ethers";

import {
  advance,
  genesisHeader,
  mayChangeSet,
  mergeSeals,
  requireSealed,
  SealedHeader,
  setIn,
  trustCheckpoint,
  trustGenesis,
  verifyNext,
  verifySkip,
  type AccountProof,
  type ChainRules,
  type GenesisFile,
  type TrustedHeader,
} from "../../light/index.js";
import { fastestRecover } from "../../scripts/light-node/fastest-recover.js";
import { readRecording } from "../utils/qbft.js";
import "../../scripts/fast-keccak.js";
import { headerAt, readProofs, recordedPeer, recordedRules } from "../utils/recorded-peer.js";
import { refusal } from "../utils/refusal.js";

const FIRST = 60;
const LAST = 111;
const CHANGES = [78, 105];
const isLong = process.env["COMMONWATT_LONG"] === "1";

describe("light: a recorded Besu chain, followed", () => {
  const recording = readRecording();
  const { at } = recording;
  const proofs = readProofs();
  const lower = (set: readonly string[]): string[] => set.map((member) => member.toLowerCase());
  const now = at(LAST).header.timestamp + 1n;
  let rules: ChainRules;
  let start: TrustedHeader;

  before(async () => {
    rules = recordedRules((await fastestRecover()).recover);
    const { block, set } = at(FIRST);
    const checkpoint = { version: 1, chainId: 20_260, number: FIRST, hash: block.hash, validators: set } as const;
    start = trustCheckpoint(rules, checkpoint, { header: headerAt(recording, FIRST), now });
  });

  const proofAt = (number: number): AccountProof | undefined => proofs.get(number);

  /** The trusted header of a number, by single steps from the checkpoint. */
  function followedTo(last: number): TrustedHeader {
    let trusted = start;
    for (let number = FIRST + 1; number <= last; number += 1) {
      trusted = verifyNext(rules, trusted, headerAt(recording, number), now, proofAt(number));
    }
    return trusted;
  }

  it("makes the genesis block of the genesis file: its hash is the client's, its set that of the alloc", () => {
    const genesis = JSON.parse(readFileSync("test/fixtures/besu-qbft/genesis.json", "utf8")) as GenesisFile;
    expect(genesisHeader(genesis).hash).to.equal(at(0).block.hash);
    const { header, next } = trustGenesis(rules, genesis);
    expect(hexlify(header.raw)).to.equal(at(0).rawHeader);
    const proof = proofAt(0) as AccountProof;
    expect(next).to.deep.equal(setIn(rules, header, { validators: [] }, proof));
    expect(lower(at(FIRST).set)).to.deep.equal(next.validators);
    const { alloc } = genesis;
    const others: [GenesisFile, string][] = [
      [{ ...genesis, alloc: {} }, "LightGenesisUnreadable"],
      [{ ...genesis, alloc: { ...alloc, [rules.election]: { balance: "0x0" } } }, "AccountantSetsEmpty"],
      [{ ...genesis, mixHash: "0x12" }, "LightGenesisUnreadable"],
      [{ ...genesis, extraData: "0x" }, "HeaderFieldInvalid"],
    ];
    for (const [other, code] of others) expect(refusal(() => trustGenesis(rules, other))).to.equal(code);
    expect(genesisHeader({ ...genesis, timestamp: "0x1" }).hash).to.not.equal(at(0).block.hash);
  });

  it("step by step from a checkpoint at 60 to 111, through both changes of the set and all rounds", () => {
    let trusted = start;
    for (let number = FIRST + 1; number <= LAST; number += 1) {
      const header = headerAt(recording, number);
      expect(lower(at(number).set), `set of ${number}`).to.deep.equal(trusted.next.validators);
      expect(mayChangeSet(rules, header), `bloom of ${number}`).to.equal(CHANGES.includes(number));
      trusted = verifyNext(rules, trusted, header, now, CHANGES.includes(number) ? proofAt(number) : undefined);
      expect(trusted.header.hash).to.equal(at(number).block.hash);
      for (const other of at(number).elsewhere.slice(0, isLong ? undefined : 1)) {
        const seals = other.seals.map((seal) => getBytes(seal));
        requireSealed(rules, header.withSeals(seals), at(number).set);
      }
    }
    expect(trusted.isProven).to.equal(true);
  });

  it("by skips to the blocks of which proofs were recorded", async () => {
    const peer = recordedPeer(recording);
    const how = { rules, peer, now: () => now };
    const reached: bigint[] = [];
    let trusted = start;
    for (const goal of [78n, 105n]) {
      for await (const next of advance(how, trusted, goal)) {
        reached.push(next.header.number);
        trusted = next;
      }
    }
    expect(reached).to.deep.equal([78n, 105n]);
    expect(trusted.next).to.deep.equal(followedTo(105).next);
    const straight: bigint[] = [];
    for await (const next of advance(how, start, 105n)) straight.push(next.header.number);
    expect(straight).to.deep.equal([105n]);
  });

  it("refuses a skip whose proofs are of other blocks, missing, or of another set", () => {
    const [header, parent] = [headerAt(recording, 105), headerAt(recording, 104)];
    const [before, after] = [proofAt(104), proofAt(105)] as [AccountProof, AccountProof];
    const skip = { header, parent, before, after };
    expect(verifySkip(rules, start, skip, now).next.validators).to.deep.equal(lower(at(106).set));
    const without = { ...before, storageProof: before.storageProof.slice(1) };
    const cases: [string, Partial<typeof skip>][] = [
      ["TrieProofFalse", { before: after }],
      ["TrieProofFalse", { after: before }],
      ["LightWrongParent", { parent: headerAt(recording, 103) }],
      ["LightSetUnreadable", { before: without }],
      ["StateProofFalse", { before: { ...before, accountProof: null as unknown as string[] } }],
    ];
    for (const [code, change] of cases) {
      expect(
        refusal(() => verifySkip(rules, start, { ...skip, ...change }, now)),
        code,
      ).to.equal(code);
    }
  });

  it("refuses what is too old, too early, from the future or out of order", () => {
    const header = headerAt(recording, 61);
    const late = start.header.timestamp + rules.trustingSeconds;
    expect(refusal(() => verifyNext(rules, start, header, late))).to.equal("LightTrustLapsed");
    expect(refusal(() => verifyNext(rules, start, header, late - 1n))).to.equal(undefined);
    // what is unproved anyway may go on
    expect(verifyNext(rules, { ...start, isProven: false }, header, late).isProven).to.equal(false);
    const early = header.timestamp - rules.driftSeconds;
    expect(refusal(() => verifyNext(rules, start, header, early))).to.equal(undefined);
    expect(refusal(() => verifyNext(rules, start, header, early - 1n))).to.equal("LightFromTheFuture");
    expect(refusal(() => verifyNext({ ...rules, blockSeconds: 3n }, start, header, now))).to.equal("LightTooEarly");
    expect(refusal(() => verifyNext(rules, start, headerAt(recording, 62), now))).to.equal("LightWrongParent");
    expect(refusal(() => verifyNext(rules, start, headerAt(recording, 60), now))).to.equal("LightNotNewer");
  });

  it("does not pass over a change of the set: a bloom that may have one asks for a proof", () => {
    const before = followedTo(77);
    const header = headerAt(recording, 78);
    expect(refusal(() => verifyNext(rules, before, header, now))).to.equal("LightProofMissing");
    expect(refusal(() => verifyNext(rules, before, header, now, proofAt(77)))).to.equal("TrieProofFalse");
  });

  it("takes no checkpoint of another block, chain or set", () => {
    const { block, set } = at(78);
    const header = headerAt(recording, 78);
    const checkpoint = { version: 1, chainId: 20_260, number: 78, hash: block.hash, validators: at(79).set } as const;
    const evidence = { header, after: proofAt(78), now };
    expect(trustCheckpoint(rules, checkpoint, evidence).next.validators).to.deep.equal(lower(at(79).set));
    for (const change of [{ chainId: 1 }, { number: 77 }, { hash: at(77).block.hash }, { validators: set }]) {
      const other = { ...checkpoint, ...change };
      expect(refusal(() => trustCheckpoint(rules, other, evidence))).to.equal("LightCheckpointOther");
    }
    const late = header.timestamp + rules.trustingSeconds;
    expect(trustCheckpoint(rules, checkpoint, { ...evidence, now: late }).isProven).to.equal(false);
  });

  it("merges seals of one block in one round from nodes that kept less", () => {
    const header = headerAt(recording, 86);
    const { set } = at(86);
    const [one, two, three] = header.seals as [Uint8Array, Uint8Array, Uint8Array];
    const parts = [header.withSeals([two]), header.withSeals([three, two])];
    const merged = mergeSeals(rules, header.withSeals([one]), parts, set);
    requireSealed(rules, merged, set);
    expect(merged.hash).to.equal(header.hash);
    const foreign = headerAt(recording, 87);
    const lacking = mergeSeals(rules, header.withSeals([one, two]), [foreign, header.withSeals(foreign.seals)], set);
    expect(lacking.seals).to.have.length(2);
  });

  it("refuses every header with any byte changed", function () {
    this.timeout(300_000);
    let [changed, unread] = [0, 0];
    let trusted = start;
    for (let number = FIRST + 1; number <= LAST; number += 1) {
      const header = headerAt(recording, number);
      for (let place = 0; place < header.raw.length; place += 1) {
        // in long runs eight other values of each byte
        for (const mask of isLong ? [1, 2, 4, 8, 16, 32, 64, 128] : [1 << ((place + number) % 8)]) {
          const raw = Uint8Array.from(header.raw);
          raw[place] = (raw[place] ?? 0) ^ mask;
          const code = refusal(() => verifyNext(rules, trusted, SealedHeader.read(raw), now, proofAt(number)));
          if (code === undefined) throw new Error(`block ${number}, byte ${place}, bits ${mask} were accepted`);
          changed += 1;
          if (code.startsWith("Header")) unread += 1;
        }
      }
      trusted = verifyNext(rules, trusted, header, now, proofAt(number));
    }
    expect(changed).to.be.above(41_000);
    expect(unread)
      .to.be.above(1_000)
      .and.below(changed / 2);
  });

  it("what neither hash nor seals cover is another selection of seals, their order and their twins: one block still", () => {
    const header = headerAt(recording, 86);
    const turned = header.withSeals([...header.seals].reverse());
    expect(turned.hash).to.equal(header.hash);
    expect(refusal(() => requireSealed(rules, turned, at(86).set))).to.equal(undefined);
  });
});

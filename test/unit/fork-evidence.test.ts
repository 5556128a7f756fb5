import { expect } from "chai";
import { getAddress, hexlify, id } from "ethers";

import { encodeHeader, forkOf, proofOfSet, SealedHeader, type ChainRules, type ForkProofs } from "../../light/index.js";
import { checkEvidence } from "../../scripts/audit/evidence/check.js";
import type { EvidenceIdentity, ForkFile, ForkSide } from "../../scripts/audit/evidence/file.js";
import { forkText, sidesText } from "../../scripts/audit/evidence/fork.js";
import { EvidenceRefused } from "../../scripts/audit/evidence/refused.js";
import { LightChain, NodeKeys, rotatingSets } from "../../scripts/bench/light-chain.js";
import { InputError } from "../../scripts/inputs/error.js";
import { fastestRecover } from "../../scripts/light-node/fastest-recover.js";
import { flippedHex, forged, NO_TRUST, refusalOf, set } from "../utils/evidence.js";
import { readRecording } from "../utils/qbft.js";
import { simulatedIdentity, simulatedPeer, simulatedRules } from "../utils/light-peer.js";

import "../../scripts/fast-keccak.js";

const STARTS_AT = 1_900_000_000;
const HEIGHT = 30;

describe("evidence of a fork", () => {
  const keys = new NodeKeys(12, "fork evidence");
  let chain: LightChain;
  let rules: ChainRules;
  let identity: EvidenceIdentity;
  let validators: readonly string[];
  let parent: SealedHeader;
  let sameRound: string;
  let laterRound: string;
  let alone: string;

  before(async () => {
    const written = rotatingSets(keys, { size: 7, changes: 1, everyBlocks: 20, seed: 1 });
    chain = await LightChain.make({ chainId: 9, written, keys, head: 40, startsAt: STARTS_AT, seed: 1 });
    rules = simulatedRules(chain, (await fastestRecover()).recover);
    identity = simulatedIdentity(chain);
    validators = chain.setFor(HEIGHT);
    parent = chain.header(HEIGHT - 1);
    sameRound = await textOf([sealedBy(validators.slice(0, 5)), sealedBy(validators.slice(2), { gasUsed: "0x1" })]);
    laterRound = await textOf([
      sealedBy(validators.slice(0, 5)),
      sealedBy(validators.slice(1, 6), { gasUsed: "0x1" }, 3n),
    ]);
    alone = forkText(
      identity,
      forkOf(rules, [chain.header(HEIGHT), sealedBy(validators.slice(2), { gasUsed: "0x1" })], validators),
    );
  });

  const sealedBy = (sealers: readonly string[], fields: object = {}, round = 0n, number = HEIGHT): SealedHeader =>
    SealedHeader.fromRpc(chain.seal({ ...chain.block(number), ...fields }, sealers, round));

  async function textOf(pair: readonly [SealedHeader, SealedHeader], proofs: ForkProofs = {}): Promise<string> {
    const before = chain.header(Number(pair[0].number) - 1);
    const proof = await proofOfSet({ rules, peer: simulatedPeer(chain) }, before, { validators: [] });
    const proven = { ...proofs, set: { parent: hexlify(before.raw), proof } };
    return forkText(identity, forkOf(rules, pair, chain.setFor(Number(pair[0].number)), proven));
  }

  const altered = (text: string, change: (file: ForkFile) => void): string => forged<ForkFile>(text, change);

  it("holds by the accountants that the verifier gives, by the parent's hash, or on nobody's word, and says which", () => {
    const bySet = checkEvidence(sameRound, "file", { headers: [], validators });
    expect([bySet.isAnchored, bySet.trust.join()]).to.satisfy(([is, text]: [boolean, string]) =>
      Boolean(is && text.includes("7 accountants are those that you gave") && text.includes("file's word")),
    );
    const byParent = checkEvidence(sameRound, "file", { headers: [parent.hash] });
    expect(byParent.trust[1]).to.contain("stand in the state of its parent").and.contain("you gave");
    const byNobody = checkEvidence(sameRound, "file", NO_TRUST);
    expect([byNobody.isAnchored, byNobody.trust[0]]).to.satisfy(([is, text]: [boolean, string]) =>
      Boolean(!is && text.includes("NOBODY VOUCHES FOR THEM")),
    );
    expect(byNobody.meaning).to.deep.equal(bySet.meaning);
    expect(bySet.headers.map(({ number }) => number)).to.deep.equal([30n, 30n]);
    expect(bySet.limits).to.contain("which of the two blocks the chain went on with");
  });

  it("names who sealed both in one round, and says that no honest accountant does", () => {
    const text = checkEvidence(sameRound, "file", NO_TRUST).meaning.join("\n");
    const both = validators.slice(2, 5).map((one) => getAddress(one));
    for (const one of validators) {
      const isBoth = both.includes(getAddress(one));
      expect(text.slice(text.indexOf("stand on both")).includes(getAddress(one)), one).to.equal(isBoth);
    }
    expect(text).to.contain("The seals of 3 stand on both");
    expect(text).to.contain("at least 3 members in common, so at least f + 1 = 3 sealed two blocks in one round");
    expect(text).to.contain("A proof of state shows that they are of chain 9").and.contain("Both follow block 29");
  });

  it("blames nobody by arithmetic for seals of two rounds", () => {
    const text = checkEvidence(laterRound, "file", NO_TRUST).meaning.join("\n");
    expect(text).to.contain("The seals of 4 stand on both").and.contain("They are of rounds 0 and 3");
    expect(text).to.contain("more than f = 2 of 7 broke the protocol").and.not.contain("No honest accountant");
  });

  it("says what is the file's word where nobody had the state any more", () => {
    const { meaning, trust } = checkEvidence(alone, "file", { headers: [], validators });
    expect(meaning.join("\n")).to.contain("That they are of chain 9 is the file's word");
    expect(trust[0]).to.contain("those that you gave");
    const refused = refusalOf(alone, { headers: [parent.hash] });
    expect(refused.part).to.equal("first header, accountants");
    expect(refused.message).to.contain("no proof of them");
  });

  it("holds for blocks of two parents where states show the chain of both", async () => {
    const own = await LightChain.make({ ...chain.options, startsAt: STARTS_AT - 1 });
    const proof = await own.proof(HEIGHT, [2n]);
    const text = await textOf([chain.header(HEIGHT), own.header(HEIGHT)], { proof });
    const { meaning } = checkEvidence(text, "file", { headers: [], validators });
    expect(meaning.join("\n")).to.contain("They follow two blocks").and.contain("shows that they are of chain 9");
    const unshown = altered(text, ({ fork: { sides } }) => delete sides[1].chain);
    expect(refusalOf(unshown).part).to.equal("second header, chain");
    const halfShown = altered(text, ({ fork: { sides } }) => delete sides[0].set);
    expect(refusalOf(halfShown).part).to.equal("first header, chain");
  });

  it("takes different sets of the two sides where the verifier knows both parents", async () => {
    const written = rotatingSets(keys, { size: 7, changes: 1, everyBlocks: 10, seed: 2 });
    const other = await LightChain.make({ ...chain.options, written: written.with(0, firstOf(chain)) });
    const sideOf = async (from: LightChain): Promise<ForkFile["fork"]["sides"][0]> => {
      const [before, header] = [from.header(HEIGHT - 1), from.header(HEIGHT)];
      const proof = await proofOfSet({ rules, peer: simulatedPeer(from) }, before, { validators: [] });
      const nodes = { accountProof: proof.accountProof, storageProof: proof.storageProof } as ForkSide["chain"] &
        object;
      const set = { parent: hexlify(before.raw), proof: nodes };
      return { hash: header.hash, header: hexlify(header.raw), validators: [...from.setFor(HEIGHT)], set };
    };
    const text = sidesText(identity, HEIGHT, [await sideOf(chain), await sideOf(other)]);
    const second = other.header(HEIGHT - 1).hash;
    const known = checkEvidence(text, "file", { headers: [parent.hash, second] });
    expect(known.isAnchored).to.equal(true);
    expect(known.meaning.join()).to.contain("were sealed by different sets");
    const both = checkEvidence(text, "file", { headers: [second], validators });
    expect(both.trust[0]).to.contain("those that you gave");
    // whoever made the second history up had the keys of his own set
    for (const trust of [{ headers: [parent.hash] }, { headers: [], validators }]) {
      expect(refusalOf(text, trust).part).to.equal("second header, accountants");
    }
  });

  it("refuses what is no fork, or of another chain, by the part at fault", async () => {
    const foreign = await LightChain.make({ ...chain.options, chainId: 10 });
    const foreignHeader = foreign.header(HEIGHT);
    const foreignProof = await foreign.proof(HEIGHT, [2n]);
    const put = (header: SealedHeader) => (file: ForkFile) => {
      Object.assign(file.fork.sides[1], { header: hexlify(header.raw), hash: header.hash });
    };
    const cases: [part: string, change: (file: ForkFile) => void, problem?: RegExp][] = [
      ["fork, blocks", put(sealedBy(validators.slice(1, 6))), /one block/],
      ["second header, seals", put(sealedBy(validators.slice(3), { gasUsed: "0x1" })), /QbftSealsNoQuorum/],
      ["second header, seals", put(sealedBy([...validators.slice(3), ...strangers()], { gasUsed: "0x1" })), /not in/],
      ["second header, seals", put(sealedBy([0, 0, 1, 2, 3].map(member), { gasUsed: "0x1" })), /twice|Repeated/],
      ["second header, number", put(chain.header(HEIGHT + 1)), /of block 31/],
      ["second header, chain", put(foreignHeader), /another parent/],
      [
        "second header, chain",
        (file) => {
          put(foreignHeader)(file);
          const { accountProof, storageProof } = foreignProof;
          file.fork.sides[1].chain = { accountProof, storageProof } as never;
        },
        /chain 10/,
      ],
      ["first header, set in its parent's state", (file) => set(file.identity, "chainId", (it) => it + 1), /chain/],
      ["second header, hash", (file) => set(file.fork.sides[1], "header", (hex) => flippedHex(hex, 100))],
      ["second header", (file) => set(file.fork.sides[1], "header", (hex) => hex.slice(0, -2))],
      [
        "first header, set in its parent's state",
        (file) => set(file.fork.sides[0].set, "parent", (hex) => flippedHex(hex, 99)),
      ],
      ["first header, accountants", (file) => file.fork.sides[0].validators.reverse()],
      ["first header, accountants", (file) => file.fork.sides[0].validators.pop()],
      ["second header, accountants", (file) => file.fork.sides[1].validators.pop()],
      ["subject.number", (file) => set(file.subject, "number", () => -1)],
      ["meaning, line 1", (file) => set(file, "meaning", ([, ...lines]) => ["All is well", ...lines])],
      ["identity", (file) => delete file.identity.contracts["AccountantElection"]],
    ];
    for (const [part, change, problem = /./] of cases) {
      const refused = refusalOf(altered(sameRound, change));
      expect(refused.part, refused.message).to.equal(part);
      expect(refused.message).to.match(problem);
    }

    function member(place: number): string {
      return validators[place] ?? "";
    }
    function strangers(): string[] {
      return keys.addresses.filter((one) => !validators.includes(one)).slice(0, 1);
    }
  });

  it("takes raw headers of one block from several Besu nodes for no fork", () => {
    const { blocks } = readRecording();
    let pairs = 0;
    for (const { number, block, rawHeader, elsewhere, set } of blocks) {
      if (number === 0) continue;
      const own = { hash: block.hash, header: rawHeader, validators: [...set] };
      for (const other of elsewhere) {
        const sides: ForkFile["fork"]["sides"] = [own, { ...own, header: encodeHeader(other) }];
        expect(() => sidesText(identity, number, sides)).to.throw(EvidenceRefused, "both headers are of one block");
        pairs += 1;
      }
    }
    expect(pairs).to.be.above(50);
  });

  it("refuses accountants and hashes that are not the verifier's", () => {
    const others = chain.setFor(5);
    expect(refusalOf(sameRound, { headers: [], validators: others }).part).to.equal("first header, accountants");
    expect(refusalOf(sameRound, { headers: [id("a block")] }).part).to.equal("first header, accountants");
  });

  it("refuses a file with any character changed", () => {
    for (const text of [sameRound, laterRound, alone]) {
      for (let at = 0; at < text.length; at += 997) {
        if (/\s/.test(text.charAt(at)) && /\s/.test(text.charAt(at + 1))) continue; // between lines
        const changed = `${text.slice(0, at)}${text.charAt(at) === "a" ? "b" : "a"}${text.slice(at + 1)}`;
        try {
          expect(refusalOf(changed).part).to.not.equal("");
        } catch (error) {
          expect(error, `at ${at}: ${text.slice(at - 20, at + 20)}`).to.be.instanceOf(InputError);
        }
      }
    }
  });
});

function firstOf({ options }: LightChain): LightChain["options"]["written"][number] {
  return options.written[0] ?? { block: 0, validators: [] };
}

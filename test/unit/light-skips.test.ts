import { expect } from "chai";

import {
  advance,
  checkpointOf,
  checkFork,
  forkOf,
  packedSetLayout,
  quorumOf,
  requireSignatures,
  SealedHeader,
  setIn,
  setSlots,
  trustCheckpoint,
  verifyNext,
  verifySkip,
  type Advance,
  type CertificateSource,
  type ChainRules,
  type SetCertificate,
  type TrustedHeader,
  checkpointTypedData,
} from "../../light/index.js";
import { fastestRecover } from "../../scripts/light-node/fastest-recover.js";
import { LightChain, NodeKeys, rotatingSets } from "../../scripts/bench/light-chain.js";
import { isCommonwattError } from "../../sdk/errors.js";
import { id, Wallet } from "ethers";
import { simulatedPeer, simulatedRules } from "../utils/light-peer.js";

import "../../scripts/fast-keccak.js";

const SEED = 20_260;
const STARTS_AT = 1_900_000_000;
const isLong = process.env["COMMONWATT_LONG"] === "1";

async function refusal(run: () => unknown): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    if (isCommonwattError(error)) return error.code;
    throw error;
  }
}

/** All that became trusted on the way. */
async function reach(how: Advance, from: TrustedHeader, target: bigint): Promise<TrustedHeader[]> {
  const reached: TrustedHeader[] = [];
  for await (const trusted of advance(how, from, target)) reached.push(trusted);
  return reached;
}

describe("light: skips over simulated chains", () => {
  const keys = new NodeKeys(40, "skips");
  let rules: ChainRules;

  async function chainOf(
    options: Record<"size" | "changes" | "everyBlocks", number> &
      Partial<Readonly<Record<"head" | "chainId" | "replaced", number>>>,
  ): Promise<LightChain> {
    const written = rotatingSets(keys, { ...options, seed: SEED });
    const head = options.head ?? (options.changes + 1) * options.everyBlocks;
    const chain = await LightChain.make({
      ...{ chainId: options.chainId ?? 9, written, keys, head, seed: SEED, startsAt: STARTS_AT },
    });
    rules = simulatedRules(chain, (await fastestRecover()).recover);
    return chain;
  }

  async function trustedAt(chain: LightChain, number: number, isProven = true): Promise<TrustedHeader> {
    const header = chain.header(number);
    const slots = packedSetLayout(rules.chainId).slots({ get: () => BigInt(chain.setFor(number + 1).length) });
    return {
      header,
      sealers: [],
      next: setIn(rules, header, { validators: [] }, await chain.proof(number, slots)),
      isProven,
    };
  }

  const clock = (chain: LightChain) => () => BigInt(STARTS_AT + 2 * chain.options.head);

  it("reach the head over hundreds of changes (5,000 in test:long), of which each replaces one of four", async function () {
    this.timeout(240_000);
    const chain = await chainOf({ size: 4, changes: isLong ? 5_000 : 300, everyBlocks: 3 });
    const peer = simulatedPeer(chain);
    const head = BigInt(chain.options.head);
    const reached = await reach({ rules, peer, now: clock(chain) }, await trustedAt(chain, 0), head);
    const last = reached.at(-1);
    expect(last?.header.hash).to.equal(chain.header(chain.options.head).hash);
    expect(last?.next.validators).to.deep.equal(chain.setFor(chain.options.head + 1));
    for (const { header, next } of reached) {
      expect(next.validators).to.deep.equal(chain.setFor(Number(header.number) + 1));
    }
    // a skip survives two of four being replaced: far fewer steps than blocks
    expect(reached.length).to.be.below(chain.options.head / 4);
  });

  it("ask for four answers where the set did not change, however far it is", async () => {
    const chain = await chainOf({ size: 4, changes: 0, everyBlocks: 1, head: 3_000 });
    const peer = simulatedPeer(chain);
    const reached = await reach({ rules, peer, now: clock(chain) }, await trustedAt(chain, 0), 3_000n);
    expect(reached.map(({ header }) => header.number)).to.deep.equal([3_000n]);
    expect(peer.asked).to.deep.equal({ headers: 2, proofs: 2 });
  });

  it("go by certificates where nodes have forgotten old states", async () => {
    const chain = await chainOf({ size: 4, changes: 30, everyBlocks: 10 });
    const peer = simulatedPeer(chain, { statesFrom: chain.options.head - 5 });
    const start = await trustedAt(chain, 0);
    const how = { rules, peer, now: clock(chain) };
    const head = BigInt(chain.options.head);
    expect(await refusal(() => reach(how, start, head))).to.equal("LightStateForgotten");
    const certificates = certificatesOf(chain);
    const reached = await reach({ ...how, certificates }, start, head);
    expect(reached.at(-1)?.next.validators).to.deep.equal(chain.setFor(Number(head) + 1));
    expect(reached.at(-1)?.header.number).to.equal(head);
  });

  it("refuse certificates of another change, with a false set, without proof, or passed over", async () => {
    const chain = await chainOf({ size: 4, changes: 4, everyBlocks: 10 });
    const peer = simulatedPeer(chain, { statesFrom: 1_000 });
    const start = await trustedAt(chain, 0);
    const good = certificatesOf(chain);
    const lying = (
      change: (certificate: SetCertificate) => Promise<SetCertificate | undefined>,
    ): CertificateSource => ({
      certificate: async (version) => change((await good.certificate(version)) as SetCertificate),
    });
    const unchangedAt = (block: number): ReturnType<LightChain["proof"]> =>
      chain.proof(block, setSlots(4, 2).map(BigInt));
    const third = (await good.certificate(3n)) as SetCertificate;
    const cases: [string, CertificateSource][] = [
      ["QbftSealsForeignSigner", lying(() => Promise.resolve(third))], // one of the sets between was passed over
      ["LightCertificateOther", lying(async (it) => ({ ...it, header: chain.block(8), proof: await unchangedAt(8) }))],
      ["LightStateForgotten", lying((it) => Promise.resolve({ ...it, proof: null }))],
      ["TrieProofFalse", lying((it) => Promise.resolve({ ...it, proof: third.proof }))],
      ["QbftSealsForeignSigner", lying((it) => Promise.resolve({ ...it, header: { ...it.header, gasUsed: "0x1" } }))],
    ];
    for (const [code, certificates] of cases) {
      const how = { rules, peer, certificates, now: clock(chain) };
      expect(await refusal(() => reach(how, start, 45n)), code).to.equal(code);
    }
  });

  it("refuse a set that the known one does not vouch for: keys of others, however many, and however they prove it", async () => {
    const chain = await chainOf({ size: 7, changes: 6, everyBlocks: 10 });
    const start = await trustedAt(chain, 0);
    // a chain of others with the same beginning: its own sets, states and seals are all in order
    const others = new NodeKeys(20, "others");
    const own = chain.options.written[0] as (typeof chain.options.written)[number];
    const written = rotatingSets(others, { size: 7, changes: 3, everyBlocks: 20, seed: SEED }).with(0, own);
    const usurped = await LightChain.make({ ...chain.options, written, keys: merged(keys, others) });
    const how = { rules, peer: simulatedPeer(usurped), now: clock(chain) };
    expect(await refusal(() => reach(how, start, 60n))).to.equal(undefined); // its first set did vouch for it
    const foreign = [{ ...own, validators: written[1]?.validators ?? [] }];
    const peer = simulatedPeer(await LightChain.make({ ...usurped.options, written: foreign }));
    // nobody whom the known set has sealed it, however near the header
    expect(await refusal(() => reach({ ...how, peer }, start, 60n))).to.equal("LightWrongParent");
    const { header } = start;
    const bend = (given: SealedHeader): SealedHeader => (given.number === 1n ? childOf(header, others) : given);
    expect(await refusal(() => reach({ ...how, peer: simulatedPeer(chain, { bend }) }, start, 1n))).to.equal(
      "QbftSealsForeignSigner",
    );

    function childOf(parent: SealedHeader, by: NodeKeys): SealedHeader {
      const set = by.addresses.slice(0, 7);
      return SealedHeader.fromRpc(usurped.seal({ ...chain.block(1), parentHash: parent.hash }, set.slice(0, 5)));
    }
  });

  it("refuse a quorum of the old set after it was replaced", async () => {
    const chain = await chainOf({ size: 4, changes: 3, everyBlocks: 10 });
    const start = await trustedAt(chain, 5);
    const old = chain.setFor(6);
    const bend = (header: SealedHeader): SealedHeader => {
      if (header.number !== 35n) return header;
      return SealedHeader.fromRpc(chain.seal(chain.block(35), old.slice(0, quorumOf(4))));
    };
    const how = { rules, peer: simulatedPeer(chain, { bend }), now: clock(chain) };
    expect(await refusal(() => reach(how, start, 35n))).to.equal("QbftSealsForeignSigner");
  });

  it("want more than a third of the known set among the seals, and the next header from a member's node", async () => {
    for (const [size, needed] of [
      [4, 2],
      [6, 3],
      [7, 3],
    ] as const) {
      for (const known of [needed - 1, needed]) {
        // so many of the known set are left, and all of them sealed
        const chain = await chainOf({ size, changes: 1, everyBlocks: 5, replaced: size - known });
        const start = await trustedAt(chain, 0);
        const set = chain.setFor(9);
        const old = set.filter((member) => chain.setFor(1).includes(member));
        const sealers = [...new Set([...old, ...set])].slice(0, quorumOf(size));
        const header = SealedHeader.fromRpc(chain.seal(chain.block(9), sealers));
        const proof = await chain.proof(9, packedSetLayout(9n).slots({ get: () => BigInt(size) }));
        const evidence = { header, parent: chain.header(8), before: proof, after: proof };
        const code = await refusal(() => verifySkip(rules, start, evidence, clock(chain)()));
        expect(code, `${known} of ${size}`).to.equal(known < needed ? "LightSkipTooFar" : undefined);
        const foreign = chain.seal(
          { ...chain.block(9), miner: keys.addresses.find((one) => !set.includes(one)) },
          sealers,
        );
        const by = { ...evidence, header: SealedHeader.fromRpc(foreign) };
        const last = await refusal(() => verifySkip(rules, start, by, clock(chain)()));
        expect(last).to.equal(known < needed ? "LightSkipTooFar" : "LightForeignCoinbase");
        const next = SealedHeader.fromRpc(
          chain.seal({ ...chain.block(1), miner: set.find((one) => !chain.setFor(1).includes(one)) }, chain.setFor(1)),
        );
        expect(await refusal(() => verifyNext(rules, start, next, clock(chain)()))).to.equal("LightForeignCoinbase");
      }
    }
  });

  it("refuse headers of a chain with another id that the same accountants sealed", async () => {
    const chain = await chainOf({ size: 4, changes: 0, everyBlocks: 10, head: 50 });
    const other = await LightChain.make({ ...chain.options, chainId: 10 });
    const how = { rules, peer: simulatedPeer(other), now: clock(chain) };
    expect(await refusal(async () => reach(how, await trustedAt(chain, 0), 40n))).to.equal("LightForeignChain");
    expect(await refusal(async () => reach(how, await trustedAt(chain, 39), 40n))).to.equal("LightWrongParent");
  });

  it("stop when trust lapsed, and go on without it where nothing is held for proven", async () => {
    const chain = await chainOf({ size: 4, changes: 0, everyBlocks: 10, head: 50 });
    const late = { rules, peer: simulatedPeer(chain), now: () => BigInt(STARTS_AT) + rules.trustingSeconds };
    expect(await refusal(async () => reach(late, await trustedAt(chain, 0), 40n))).to.equal("LightTrustLapsed");
    const [reached] = await reach(late, await trustedAt(chain, 0, false), 40n);
    expect([reached?.header.number, reached?.isProven]).to.deep.equal([40n, false]);
  });

  it("accept what Besu accepts: any nonce, and a gas limit that drifts", async () => {
    const chain = await chainOf({ size: 4, changes: 0, everyBlocks: 10, head: 5 });
    const fields = { nonce: "0x1122334455667788", gasLimit: "0x1dd51a00", gasUsed: "0x1" };
    const header = SealedHeader.fromRpc(chain.seal({ ...chain.block(3), ...fields }, chain.setFor(3)));
    const next = verifyNext(rules, await trustedAt(chain, 2), header, clock(chain)());
    expect(next.header.hash).to.not.equal(chain.header(3).hash);
  });

  it("keep two blocks of one height with quorums as a fork, and nothing else", async () => {
    const chain = await chainOf({ size: 4, changes: 0, everyBlocks: 10, head: 20 });
    const set = chain.setFor(10);
    const first = chain.header(10);
    const second = SealedHeader.fromRpc(chain.seal({ ...chain.block(10), gasUsed: "0x5" }, set.slice(1), 2n));
    const fork = forkOf(rules, [first, second], set);
    expect(checkFork(rules, JSON.parse(JSON.stringify(fork)) as typeof fork)).to.deep.equal(fork);
    expect(fork.sealedBoth.length).to.be.at.least(2); // more than a third of four
    const sameBlock = first.withSeals([...first.seals].reverse());
    const lacking = SealedHeader.fromRpc(chain.seal({ ...chain.block(10), gasUsed: "0x5" }, set.slice(2)));
    expect(await refusal(() => forkOf(rules, [first, sameBlock], set))).to.equal("LightNoFork");
    expect(await refusal(() => forkOf(rules, [first, chain.header(11)], set))).to.equal("LightNoFork");
    expect(await refusal(() => forkOf(rules, [first, lacking], set))).to.equal("QbftSealsNoQuorum");
    expect(await refusal(() => checkFork(rules, { ...fork, number: 11 }))).to.equal("LightNoFork");
  });

  it("take no block of another chain for a fork, though the same accountants sealed it", async () => {
    const chain = await chainOf({ size: 4, changes: 0, everyBlocks: 10, head: 20 });
    const other = await LightChain.make({ ...chain.options, chainId: 10 });
    const own = await LightChain.make({ ...chain.options, startsAt: STARTS_AT - 1 });
    const set = chain.setFor(10);
    const pair = [chain.header(10), other.header(10)] as const;
    const proof = await other.proof(10, [2n]);
    expect(await refusal(() => forkOf(rules, pair, set, { proof }))).to.equal("LightForeignChain");
    expect(await refusal(() => forkOf(rules, pair, set))).to.equal("LightNoFork");
    expect(await refusal(async () => forkOf(rules, pair, set, { proof: await chain.proof(10, [2n]) }))).to.equal(
      "TrieProofFalse",
    );
    const fork = forkOf(rules, [pair[0], own.header(10)], set, { proof: await own.proof(10, [2n]) });
    expect(checkFork(rules, fork).hashes).to.deep.equal([pair[0].hash, own.header(10).hash]);
  });

  it("start from a checkpoint that more than half of the members signed", async () => {
    const chain = await chainOf({ size: 4, changes: 0, everyBlocks: 10, head: 20 });
    const members = Array.from({ length: 5 }, (_, index) => new Wallet(id(`member ${index}`)));
    const accounts = members.map(({ address }) => address);
    const trusted = await trustedAt(chain, 15);
    const checkpoint = checkpointOf(rules, trusted);
    const { domain, types, message } = checkpointTypedData(checkpoint);
    const signatures = await Promise.all(members.map((member) => member.signTypedData(domain, types, message)));
    const signedBy = (...places: number[]) => ({ ...checkpoint, signatures: places.map((at) => signatures[at] ?? "") });
    expect(await refusal(() => requireSignatures(signedBy(0, 1, 2), accounts))).to.equal(undefined);
    for (const few of [signedBy(0, 1), signedBy(0, 1, 1, 1), { ...signedBy(0, 1), signatures: ["0x12", "nonsense"] }]) {
      expect(await refusal(() => requireSignatures(few, accounts))).to.equal("LightCheckpointUnsigned");
    }
    // half of them is not more than half
    expect(await refusal(() => requireSignatures(signedBy(0, 1), accounts.slice(0, 4)))).to.equal(
      "LightCheckpointUnsigned",
    );
    const other = { ...signedBy(0, 1, 2), hash: chain.header(14).hash };
    expect(await refusal(() => requireSignatures(other, accounts))).to.equal("LightCheckpointUnsigned");
    const now = clock(chain)();
    const again = trustCheckpoint(rules, JSON.parse(JSON.stringify(checkpoint)) as typeof checkpoint, {
      header: trusted.header,
      now,
    });
    expect(again).to.deep.equal(trusted);
  });
});

/** Certificates as watchers write them. */
function certificatesOf(chain: LightChain): CertificateSource {
  return {
    async certificate(version) {
      const set = chain.options.written[Number(version) - 1];
      if (set === undefined) return undefined;
      const slots = setSlots(set.validators.length, Number(version)).map(BigInt);
      return {
        version: 2,
        chainId: chain.options.chainId,
        election: "",
        setVersion: Number(version),
        firstVersion: Number(version),
        block: set.block,
        validators: set.validators,
        header: chain.block(set.block),
        parent: chain.block(set.block - 1),
        proof: await chain.proof(set.block, slots),
      };
    },
  };
}

function merged(first: NodeKeys, second: NodeKeys): NodeKeys {
  const both = Object.create(first) as NodeKeys;
  Object.defineProperty(both, "seal", {
    value: (digest: string, address: string) =>
      (first.addresses.includes(address) ? first : second).seal(digest, address),
  });
  return both;
}

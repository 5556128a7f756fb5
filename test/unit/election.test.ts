import { expect } from "chai";
import { keccak256, recoverAddress, toQuantity, Wallet, ZeroAddress, type Provider } from "ethers";
import hre from "hardhat";

import { setDigest, setSlots, unpackSetHead } from "../../light/index.js";
import { Random } from "../../scripts/inputs/random.js";
import { MOST_STANDBY, rankCandidates, shortOrder } from "../../sdk/election/order.js";
import {
  CandidateFlag,
  countedWeightOf,
  hasFlag,
  liveWeightOf,
  packCandidate,
  unpackCandidate,
  type CandidateState,
} from "../../sdk/election/words.js";
import { CommonwattError, isCommonwattError } from "../../sdk/errors.js";
import { holdDueElection, holdElection } from "../../sdk/actions/election.js";
import type { AnyChain } from "../../sdk/connect.js";
import { MemberRole, rolesMask } from "../../sdk/enums.js";
import { decodeError } from "../../sdk/contracts.js";
import { nodeClaimMessage } from "../../sdk/signing/election.js";
import { digestOf, sign } from "../../sdk/signing/typed-data.js";
import type { AccountantElection, VoteBook } from "../../typechain-types/index.js";

const EPOCH_BLOCKS = 10n;
const CANDIDATES = 90;
const VOTERS = 24;
const SEATS = 7n;
const FOUNDER_WEIGHT = 1_500_000_000_000n;

const STATE: CandidateState = {
  weightBefore: (1n << 88n) - 1n,
  weightAfter: 5n,
  touchedIn: (1n << 32n) - 2n,
  isFounder: false,
  isSeated: false,
  isKept: false,
  isResigned: false,
  isJailed: false,
  isFrozen: false,
  isBacked: false,
};

describe("election: holding it", () => {
  /** A chain whose election `held` was the last, and on which sending comes to nothing; `meanwhile` happens before. */
  function chainWith(held: bigint, meanwhile: (chain: { held: bigint }) => void): AnyChain {
    const state = { held };
    const refuse = (): Promise<never> => {
      meanwhile(state);
      return Promise.reject(new CommonwattError("ElectionEpochOpen", { nextBlock: 50n }));
    };
    const accountantElection = {
      epoch: () => Promise.resolve(4n),
      lastElection: () => Promise.resolve(state.held),
      seats: () => Promise.resolve(4n),
      candidateWords: () => Promise.resolve([]),
      candidateInfo: () => Promise.resolve({ member: ZeroAddress }),
      founderWeightOf: () => Promise.resolve(0n),
      elect: Object.assign(refuse, { staticCall: () => Promise.resolve() }),
    };
    return { provider: {}, signer: {}, contracts: { accountantElection } } as never;
  }

  it("says that another was quicker, and does not fail", async () => {
    const chain = chainWith(3n, (state) => (state.held = 4n));
    expect(await holdElection(chain)).to.deep.equal({ epoch: 4n, receipt: undefined });
    expect(await holdDueElection(chain), "nothing is due any more").to.equal(undefined);
    const other = chainWith(3n, (state) => (state.held = 4n));
    expect(await holdDueElection(other)).to.deep.equal({ epoch: 4n, receipt: undefined });
  });

  it("fails where the election was held before, or nobody held it", async () => {
    for (const held of [4n, 3n]) {
      const failure = await holdElection(chainWith(held, () => undefined)).catch((error: unknown) => error);
      expect(isCommonwattError(failure, "ElectionEpochOpen"), String(held)).to.equal(true);
    }
  });
});

describe("election: a candidate's word", () => {
  it("packs to what it unpacks to, each flag by itself", () => {
    const flags = Object.keys(STATE).filter((name) => name.startsWith("is")) as (keyof CandidateState)[];
    const words = [undefined, ...flags].map((name) =>
      packCandidate(name === undefined ? STATE : { ...STATE, [name]: true }),
    );
    expect(new Set(words).size).to.equal(flags.length + 1);
    for (const [index, word] of words.entries()) {
      expect(packCandidate(unpackCandidate(word))).to.equal(word);
      expect(hasFlag(word, CandidateFlag.Exists)).to.equal(true);
      expect(unpackCandidate(word)).to.deep.equal(
        index === 0 ? STATE : { ...STATE, [flags[index - 1] ?? "isSeated"]: true },
      );
    }
  });

  it("counts the first weight in the epoch of the last touch, and the second later", () => {
    const word = packCandidate({ ...STATE, weightBefore: 7n, weightAfter: 9n, touchedIn: 4n });
    expect([countedWeightOf(word, 4n), countedWeightOf(word, 5n), liveWeightOf(word)]).to.deep.equal([7n, 9n, 9n]);
  });
});

describe("election: the order", () => {
  const word = (weightAfter: bigint, changes: Partial<CandidateState> = {}): bigint =>
    packCandidate({ ...STATE, weightBefore: 0n, touchedIn: 0n, weightAfter, ...changes });

  it("has the heaviest first, ties by lower number, nobody without weight", () => {
    const poll = { words: [3n, 0n, 9n, 3n].map((weight) => word(weight)), epoch: 1n, founderWeight: 0n };
    expect(rankCandidates(poll)).to.deep.equal([3n, 1n, 4n]);
    const founders = { ...poll, words: [...poll.words, word(0n, { isFounder: true })], founderWeight: 3n };
    expect(rankCandidates(founders)).to.deep.equal([3n, 1n, 4n, 5n]);
  });

  it("is as short as seats and standby list let it be, the resigned and jailed beside them", () => {
    const words = Array.from({ length: 100 }, (_, index) => word(1_000n - BigInt(index)));
    words[0] = word(1_000n, { isJailed: true });
    words[2] = word(998n, { isResigned: true });
    const poll = { words, epoch: 1n, founderWeight: 0n };
    const order = shortOrder(rankCandidates(poll), poll, SEATS);
    expect(order).to.have.length(Number(SEATS) + MOST_STANDBY + 2);
    expect(shortOrder(rankCandidates(poll), poll, 99n)).to.have.length(100);
  });

  describe("against the contract", function () {
    this.timeout(120_000);
    let election: AccountantElection;
    let votes: VoteBook;
    let voters: Wallet[];
    let mine: (blocks: bigint) => Promise<void>;
    let provider: Provider;

    const refusal = async (order: readonly bigint[]): Promise<string> => {
      try {
        await election.elect.staticCall([...order]);
        return "";
      } catch (error) {
        return decodeError(error).code;
      }
    };

    before(async () => {
      const { ethers, provider: rpc } = await hre.network.create("embeddedUser");
      ({ provider } = ethers);
      mine = async (blocks) => void (await rpc.request({ method: "hardhat_mine", params: [toQuantity(blocks)] }));
      const [admin] = await ethers.getSigners();
      if (admin === undefined) throw new Error("no account");
      const manager = await ethers.deployContract("AccessManager", [admin.address]);
      const federation = await ethers.deployContract("Federation", [manager]);
      const keys = Array.from({ length: CANDIDATES }, () => Wallet.createRandom());
      voters = Array.from({ length: VOTERS }, () => new Wallet(Wallet.createRandom().privateKey, ethers.provider));
      const byNode = keys.slice(0, 4).map((key) => ({ member: key.address, node: Wallet.createRandom().address }));
      const settings = {
        federation,
        credit: ZeroAddress,
        epochBlocks: EPOCH_BLOCKS,
        seats: SEATS,
        turnoutFloorBps: 10_000n, // never met: founders keep their weight
        unlockSeconds: 40n,
        trustingSeconds: 40n,
        minimumDepositMicro: 0n,
        founderWeight: FOUNDER_WEIGHT,
      };
      election = await ethers.deployContract("AccountantElection", [
        manager,
        settings,
        byNode.sort((a, b) => (BigInt(a.node) < BigInt(b.node) ? -1 : 1)),
      ]);
      votes = await ethers.deployContract("VoteBook", [manager, election, ZeroAddress, 1_000n]);
      await election.bindParts(votes, admin, ZeroAddress);
      for (const key of [...keys, ...voters]) {
        await rpc.request({ method: "hardhat_setBalance", params: [key.address, toQuantity(10n ** 20n)] });
        await federation.admitMember(key.address, rolesMask([MemberRole.Accountant]));
      }
      const domain = { chainId: 410_002, verifyingContract: await election.getAddress() };
      for (const key of keys.slice(4)) {
        const node = Wallet.createRandom();
        const claim = nodeClaimMessage(domain, { member: key.address, node: node.address });
        const signature = await sign(node, claim);
        expect(recoverAddress(digestOf(claim), signature)).to.equal(node.address);
        await election.connect(key.connect(ethers.provider)).register(node.address, signature);
      }
    });

    it("is taken, whole and short, and no other one", async () => {
      const random = new Random(7);
      for (let round = 0; round < 4; round += 1) {
        for (const voter of voters) {
          const names = random.shuffled(Array.from({ length: CANDIDATES }, (_, index) => index + 1));
          const ballot = names.slice(0, random.between(1, 30)).sort((a, b) => a - b);
          await votes.connect(voter.connect(provider)).vote(ballot);
        }
        await mine(EPOCH_BLOCKS);
        const [words, epoch] = await Promise.all([election.candidateWords(), election.epoch()]);
        const poll = { words, epoch, founderWeight: FOUNDER_WEIGHT };
        const ranking = rankCandidates(poll);
        const short = shortOrder(ranking, poll, SEATS);
        expect(short.length, "the short order spares something").to.be.below(ranking.length);
        expect(await refusal(ranking)).to.equal("");
        expect(await refusal(short)).to.equal("");
        expect(await refusal(short.slice(0, -1))).to.equal("ElectionOrderTooShort");
        const place = random.between(0, short.length - 2);
        expect(await refusal(short.toSpliced(place, 1))).to.equal("ElectionOrderIncomplete");
        const [one = 0n, other = 0n] = short.slice(place, place + 2);
        expect(await refusal(short.toSpliced(place, 2, other, one))).to.equal("ElectionOrderNotSorted");
        expect(await refusal(short.toSpliced(place, 0, one))).to.equal("ElectionOrderIncomplete");
        // a founder's weight forgotten, with which it stands elsewhere
        const forgetful = rankCandidates({ ...poll, founderWeight: 0n });
        expect(forgetful).to.not.deep.equal(ranking);
        expect(await refusal(forgetful)).to.match(/^ElectionOrder(NotSorted|Incomplete)$/);
        await election.elect(short);
        for (const [index, candidateWord] of words.entries()) {
          const { countedWeight } = await election.candidateInfo(index + 1);
          const founders = hasFlag(candidateWord, CandidateFlag.Founder) ? FOUNDER_WEIGHT : 0n;
          expect(countedWeightOf(candidateWord, epoch) + founders).to.equal(countedWeight);
        }
      }
    });

    it("gives the words that light nodes prove where the layout says", async () => {
      const address = await election.getAddress();
      const validators = await election.getValidators();
      const [, chainId, version, , changedAt] = (await election.setHead()) as unknown as bigint[];
      const keys = setSlots(validators.length, Number(version));
      const slots = await Promise.all(keys.map((slot) => provider.getStorage(address, slot)));
      const [length, digest, head, first, ...entries] = slots.map((value) => value ?? "0x");
      expect(BigInt(first ?? 0)).to.equal((BigInt(validators.length) << 64n) | (changedAt ?? 0n));
      expect(BigInt(length ?? 0)).to.equal(BigInt(validators.length));
      expect(digest).to.equal(setDigest(validators));
      expect(digest).to.not.equal(keccak256("0x"));
      expect(entries.map(BigInt)).to.deep.equal(validators.map(BigInt));
      expect(unpackSetHead(BigInt(head ?? 0))).to.deep.equal({
        chainId,
        version,
        length: BigInt(validators.length),
        changedAt,
      });
    });
  });
});

import { expect } from "chai";
import { getAddress, toBeHex, type Result } from "ethers";
import fc, { type Arbitrary } from "fast-check";
import hre from "hardhat";

import {
  chainHash,
  hashWords,
  packBilateral,
  packEntry,
  packMovement,
  packOutcome,
  packParty,
  packPosition,
  packRest,
  packTrade,
  unpackBilaterals,
  unpackEntries,
  unpackMovements,
  unpackOutcomes,
  unpackParties,
  unpackPositions,
  unpackRests,
  unpackTrades,
} from "../../sdk/records.js";
import type { RecordsHarness } from "../../typechain-types/index.js";

const RUNS = { numRuns: 25, seed: 17 };

const uint = (bits: number): Arbitrary<bigint> =>
  fc.oneof(fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n }), fc.constantFrom(0n, (1n << BigInt(bits)) - 1n));
const int64 = fc.oneof(
  fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  fc.constantFrom(-1n, 0n, -(1n << 63n), (1n << 63n) - 1n),
);
const address = uint(160).map((value) => getAddress(toBeHex(value, 20)));
const word = uint(256).map((value) => toBeHex(value, 32));

const orderFields = {
  tag: uint(8),
  meter: uint(32),
  feeder: uint(24),
  arrival: uint(24),
  wh: uint(32),
  limit: uint(32),
  index: uint(16),
  slot: uint(32),
};
const trade = fc.record({
  level: uint(8),
  buyFeeder: uint(24),
  sellFeeder: uint(24),
  buyIndex: uint(16),
  sellIndex: uint(16),
  wh: uint(32),
  price: uint(32),
  buyMeter: uint(32),
  sellMeter: uint(32),
  buyPos: uint(16),
  sellPos: uint(16),
});
const outcome = fc.record({
  meter: uint(32),
  status: uint(8),
  importWh: uint(32),
  exportWh: uint(32),
  boughtWh: uint(32),
  soldWh: uint(32),
  undeliveredWh: uint(32),
  feeder: uint(24),
  energyPaid: uint(64),
  energyReceived: uint(64),
  gridPaid: uint(64),
  gridReceived: uint(64),
  fees: uint(64),
  bondPaid: uint(64),
  bondReceived: uint(64),
  held: uint(64),
  account: address,
  uncovered: uint(64),
});
const position = fc.record({
  meter: uint(32),
  feeder: uint(24),
  side: uint(8),
  filledLock: uint(64),
  unlocked: uint(64),
  account: address,
});
const party = fc.record({ account: address, community: uint(64), surplusIn: uint(64), surplusOut: uint(64) });
const movement = fc.record({
  account: address,
  reason: uint(8),
  balance: int64,
  locked: int64,
  held: int64,
  arrears: int64,
});

const plain = (result: unknown): unknown => (result as Result).toObject();

describe("Packed records: Records.sol and sdk/records.ts", () => {
  let harness: RecordsHarness;

  before(async () => {
    const { ethers } = await hre.network.create("embeddedTransaction");
    harness = await ethers.deployContract("RecordsHarness");
  });

  it("agree on entries and rests", () =>
    fc.assert(
      fc.asyncProperty(fc.record(orderFields), address, uint(64), async (order, account, nonce) => {
        const [words, again] = await harness.entryWords(order, account, nonce);
        expect([...words]).to.deep.equal(packEntry({ ...order, account, nonce }));
        expect(plain(again)).to.deep.equal(order);
        expect(unpackEntries(words)).to.deep.equal([{ ...order, account, nonce }]);
        const rest = { ...order, wh: order.limit, limit: order.wh };
        expect(await harness.rest(order, rest.wh, rest.limit)).to.equal(packRest(rest));
        expect(unpackRests([packRest(rest)])).to.deep.equal([rest]);
      }),
      RUNS,
    ));

  it("agree on trades", () =>
    fc.assert(
      fc.asyncProperty(trade, async (fields) => {
        const [packed, again] = await harness.tradeWords(fields);
        expect(packed).to.equal(packTrade(fields));
        expect(plain(again)).to.deep.equal(fields);
        expect(unpackTrades([packed])).to.deep.equal([fields]);
      }),
      RUNS,
    ));

  it("agree on bilateral entries", () =>
    fc.assert(
      fc.asyncProperty(
        trade,
        fc.record({ buyer: address, slot: uint(32), seller: address, buyLock: uint(64), sellLock: uint(64) }),
        async (fields, rest) => {
          const [words] = await harness.bilateralWords({ trade: packTrade(fields), ...rest });
          expect([...words]).to.deep.equal(packBilateral({ trade: fields, ...rest }));
          expect(unpackBilaterals(words)).to.deep.equal([{ trade: fields, ...rest }]);
        },
      ),
      RUNS,
    ));

  it("agree on positions", () =>
    fc.assert(
      fc.asyncProperty(position, async (fields) => {
        const [words, again] = await harness.positionWords(fields);
        expect([...words]).to.deep.equal(packPosition(fields));
        expect(plain(again)).to.deep.equal(fields);
        expect(unpackPositions(words)).to.deep.equal([fields]);
      }),
      RUNS,
    ));

  it("agree on outcomes", () =>
    fc.assert(
      fc.asyncProperty(outcome, async (fields) => {
        const [words, again] = await harness.outcomeWords(fields);
        expect([...words]).to.deep.equal(packOutcome(fields));
        expect(plain(again)).to.deep.equal(fields);
        expect(unpackOutcomes(words)).to.deep.equal([fields]);
      }),
      RUNS,
    ));

  it("agree on parties", () =>
    fc.assert(
      fc.asyncProperty(party, async (fields) => {
        const [words, again] = await harness.partyWords(fields);
        expect([...words]).to.deep.equal(packParty(fields));
        expect(plain(again)).to.deep.equal(fields);
        expect(unpackParties(words)).to.deep.equal([fields]);
      }),
      RUNS,
    ));

  it("agree on movements, negative ones too", () =>
    fc.assert(
      fc.asyncProperty(movement, async (fields) => {
        const [words, again] = await harness.movementWords(fields);
        expect([...words]).to.deep.equal(packMovement(fields));
        expect(plain(again)).to.deep.equal(fields);
        expect(unpackMovements(words)).to.deep.equal([fields]);
      }),
      RUNS,
    ));

  it("agree on hashes of lists and of logs", () =>
    fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 9 }), fc.array(word, { maxLength: 9 }), async (a, b) => {
        const [ofFirst, ofBoth] = await harness.hashes(a, b);
        expect(ofFirst).to.equal(hashWords(a));
        expect(ofBoth).to.equal(hashWords([hashWords(a), hashWords(b)]));
        const pairs = a.slice(0, a.length - (a.length % 2));
        expect(await harness.chainEntries(pairs)).to.equal(chainHash(pairs, 2));
        const fours = a.slice(0, a.length - (a.length % 4));
        expect(await harness.chainBilaterals(fours)).to.equal(chainHash(fours, 4));
      }),
      RUNS,
    ));

  it("refuse a field that does not fit", () => {
    expect(() => packParty({ account: toBeHex(1, 20), community: 1n << 64n, surplusIn: 0n, surplusOut: 0n })).to.throw(
      /community/,
    );
  });
});

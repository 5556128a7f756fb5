import { expect } from "chai";

import { compareWithChain } from "../../sdk/audit/index.js";
import { verifyEmbedded } from "../utils/audit-endpoint.js";
import { RandomMarket } from "../utils/random-market.js";

const IS_LONG = process.env["COMMONWATT_LONG"] === "1";
const SEEDS = Array.from({ length: IS_LONG ? 30 : 2 }, (_, index) => index + 1);
const STEPS = IS_LONG ? 40 : 12;

/** Acts that each run must get through at least once, or it would say little. */
const DONE = ["relay", "clear", "close", "read, status 1", "settle", "finalize"];

describe("the market under random acts of many", function () {
  this.timeout(IS_LONG ? 1_800_000 : 120_000);

  const done = new Map<string, number>();
  const refused = new Map<string, number>();

  for (const seed of SEEDS) {
    it(`conserves credits and energy, and costs nobody what it neither did nor owed: seed ${seed}`, async () => {
      const market = await RandomMarket.open(seed);
      try {
        await market.run(STEPS);
        for (const act of DONE) expect(market.done.get(act), act).to.be.above(0);
        for (const [act, count] of market.done) done.set(act, (done.get(act) ?? 0) + count);
        for (const [act, count] of market.refused) refused.set(act, (refused.get(act) ?? 0) + count);
        const { books, network } = market;
        expect([...books.settled.values()].some(({ deliveredWh }) => deliveredWh.some((wh) => wh > 0n))).to.equal(true);
        for (const [account, { locked, held }] of books.accounts)
          expect([locked, held], account).to.deep.equal([0n, 0n]);
        await compareWithChain(books, network.transaction, await network.transaction.provider.getBlockNumber());
        expect(books.findings).to.deep.equal([]);
        // the same by the auditor's own way: verified blocks, signatures, roles, escalation by the slots' dates
        const verified = await verifyEmbedded(network);
        expect(verified.findings).to.deep.equal([]);
        expect(verified.shortSlots).to.deep.equal(books.shortSlots);
      } finally {
        await market.close();
      }
    });
  }

  it("did all there is to do, and was refused what must be", () => {
    for (const act of ["cancel", "contract", "correct", "withdraw", "read, status 3"]) {
      expect(done.get(act), act).to.be.above(0);
    }
    for (const act of ["settle", "finalize", "read, status 1"]) expect(refused.get(act), act).to.be.above(0);
    expect([...refused].filter(([act]) => act.startsWith("mischief")).length).to.be.above(IS_LONG ? 7 : 3);
    expect([...done.keys()].filter((act) => act.startsWith("mischief"))).to.deep.equal([]);
  });
});

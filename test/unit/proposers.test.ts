import { expect } from "chai";

import { openEmbedded, type EmbeddedNetwork } from "../../scripts/networks/index.js";
import { successorIn } from "../../scripts/networks/proposers.js";

const NODES = ["0x00000000000000000000000000000000000000aA", "0x00000000000000000000000000000000000000bB"];

describe("Proposers", () => {
  it("follow each other in the set's order, and around", () => {
    expect(successorIn(NODES, NODES[0] ?? "")).to.equal(NODES[1]);
    expect(successorIn(NODES, NODES[1]?.toLowerCase() ?? "")).to.equal(NODES[0]);
  });

  it("begin with the first when the last proposer sits no more", () => {
    expect(successorIn(NODES, "0x00000000000000000000000000000000000000cC")).to.equal(NODES[0]);
    expect(successorIn([], NODES[0] ?? "")).to.equal(undefined);
  });

  describe("of simulated chains", () => {
    let network: EmbeddedNetwork;
    before(async () => {
      network = await openEmbedded({ seed: 1, slotSeconds: 3_600, genesisTime: 1_473_638_400n });
    });
    after(() => network.close());

    for (const chain of ["transaction", "user"] as const) {
      it(`take turns on the ${chain} chain, also when blocks are asked for all at once`, async () => {
        const { connection } = network.chains[chain];
        const first = await connection.ethers.provider.getBlockNumber();
        await Promise.all(Array.from({ length: 9 }, () => connection.provider.request({ method: "evm_mine" })));
        const set = await network[chain].contracts.accountantElection.getValidators();
        expect(set).to.have.lengthOf(4);
        const miners: string[] = [];
        for (let number = first + 1; number <= first + 9; number++) {
          miners.push((await connection.ethers.provider.getBlock(number))?.miner ?? "none");
        }
        const start = set.indexOf(miners[0] ?? "");
        expect(start).to.be.at.least(0);
        expect(miners).to.deep.equal(miners.map((_, index) => set[(start + index) % set.length]));
      });
    }
  });
});

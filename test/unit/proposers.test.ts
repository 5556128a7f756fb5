import { expect } from "chai";
import { toBeHex } from "ethers";

import { openEmbedded, type EmbeddedNetwork } from "../../scripts/networks/index.js";

describe("Proposers of simulated chains", () => {
  let network: EmbeddedNetwork;
  before(async () => {
    network = await openEmbedded({ seed: 1, slotSeconds: 3_600, genesisTime: 1_473_638_400n });
  });
  after(() => network.close());

  async function minersOfNext(chain: "transaction" | "user", count: number): Promise<string[]> {
    const { connection } = network.chains[chain];
    const first = await connection.ethers.provider.getBlockNumber();
    await Promise.all(Array.from({ length: count }, () => connection.provider.request({ method: "evm_mine" })));
    const blocks = Array.from({ length: count }, (_, index) => connection.ethers.provider.getBlock(first + 1 + index));
    return (await Promise.all(blocks)).map((block) => block?.miner ?? "none");
  }

  for (const chain of ["transaction", "user"] as const) {
    it(`take turns on the ${chain} chain, also when blocks are asked for all at once`, async () => {
      const set = await network[chain].contracts.accountantElection.getValidators();
      expect(set).to.have.lengthOf(4);
      const miners = await minersOfNext(chain, 9);
      const start = set.indexOf(miners[0] ?? "");
      expect(start).to.be.at.least(0);
      expect(miners).to.deep.equal(miners.map((_, index) => set[(start + index) % set.length]));
    });
  }

  it("go on above a proposer that sits no more, as QBFT does, so that nobody has missed a turn", async () => {
    const set = await network.transaction.contracts.accountantElection.getValidators();
    const gone = toBeHex(BigInt(set[1] ?? "") + 1n, 20);
    const { provider } = network.chains.transaction.connection;
    // a chain's own mining takes no turn
    await provider.request({ method: "hardhat_setCoinbase", params: [gone] });
    await provider.request({ method: "hardhat_mine", params: ["0x1"] });
    expect(await minersOfNext("transaction", 2)).to.deep.equal([set[2], set[3]]);
  });
});

/** `--block-time` on simulated chains: blocks in the time that is passed, and nowhere else. */
import { expect } from "chai";

import { keyFromSeed } from "../../scripts/networks/keys.js";
import { simulateChain, type SimulatedChain } from "../../scripts/networks/simulated.js";

const GENESIS = 1_709_510_400n;

describe("blocks of a simulated chain with a virtual clock", () => {
  let chain: SimulatedChain;
  afterEach(() => chain.close());

  const open = async (passedBlockSeconds?: number): Promise<void> => {
    const deployer = keyFromSeed(1, "user", "deployer");
    const options = { genesisTime: GENESIS, deployer, coinbase: deployer.address };
    chain = await simulateChain(
      "user",
      passedBlockSeconds === undefined ? options : { ...options, passedBlockSeconds },
    );
  };
  const timesOf = async (): Promise<number[]> => {
    const { provider } = chain.connection.ethers;
    const head = await provider.getBlockNumber();
    const blocks = await Promise.all(Array.from({ length: head + 1 }, (_, number) => provider.getBlock(number)));
    return blocks.map((block) => (block?.timestamp ?? 0) - Number(GENESIS));
  };

  it("come so often as was asked for, and one at the time itself", async () => {
    await open(2);
    await chain.moveTo(GENESIS + 7n);
    expect(await timesOf()).to.deep.equal([0, 2, 4, 6, 7]);
    await chain.moveTo(GENESIS + 11n);
    expect(await timesOf()).to.deep.equal([0, 2, 4, 6, 7, 9, 11]);
    await chain.moveTo(GENESIS + 12n); // no time for another in between
    expect(await timesOf()).to.deep.equal([0, 2, 4, 6, 7, 9, 11, 12]);
    await chain.moveTo(GENESIS + 5n); // is past
    expect(await timesOf()).to.have.lengthOf(8);
  });

  it("come with a time alone unless they are asked for", async () => {
    await open();
    await chain.moveTo(GENESIS + 7n);
    expect(await timesOf()).to.deep.equal([0, 7]);
  });
});

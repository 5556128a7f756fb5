/** The Besu benchmark's loads on simulated chains: what they do is what they are counted as. Rates are Besu's (`npm run bench:besu`). */
import { expect } from "chai";

import { LoadedMarket } from "../../scripts/bench-besu/market.js";
import {
  orders,
  ORDERS_PER_HOME,
  readings,
  settlements,
  signersOf,
  transfers,
} from "../../scripts/bench-besu/loads.js";
import { runLoad, type LoadResult, type LoadTransaction } from "../../scripts/bench-besu/load.js";
import { runCommand } from "../utils/command.js";
import { openEmbedded, type EmbeddedNetwork } from "../../scripts/networks/index.js";
import type { JsonRpcApiProvider } from "ethers";

const HOMES = 20;
const SLOTS = 3;

describe("the Besu benchmark's loads", function () {
  this.timeout(120_000);
  let network: EmbeddedNetwork;
  let market: LoadedMarket;

  before(async () => {
    network = await openEmbedded({ seed: 1, slotSeconds: 30, genesisTime: 1_767_225_600n });
    market = await LoadedMarket.open(network, { homes: HOMES, slots: SLOTS, seed: 1, homesAtOnce: 7 });
  });
  after(() => network?.close());

  async function sent(name: string, load: readonly LoadTransaction[]): Promise<LoadResult> {
    const node = network.transaction.provider as unknown as JsonRpcApiProvider;
    return runLoad(load, { name, nodes: [node, node], reader: node });
  }

  it("are plain transfers, orders, readings and outcomes, each counted as one, in the market's order", async () => {
    const signers = await signersOf(market);
    const plain = await sent("transfers", transfers(signers, 50));
    expect(plain).to.include({ units: 50, transactions: 50, gasPerUnit: 21_000 });
    await market.untilOpen();
    const ordered = await sent("orders", await orders(market, signers));
    expect(ordered.units).to.equal(HOMES * ORDERS_PER_HOME);
    await market.clear();
    await market.untilDelivered();
    const read = await sent("readings", await readings(market, signers));
    expect(read.units).to.equal(HOMES * SLOTS);
    const settled = await sent("settlements", await settlements(market, signers));
    expect(settled.units).to.equal(HOMES * SLOTS);
  });
});

describe("npm run bench:besu", function () {
  this.timeout(60_000);
  const nowhere = { PATH: "/nowhere", BESU: "" };

  it("says that there is no Besu, measures nothing in its place, and ends with 2", async () => {
    const { code, stdout, stderr } = await runCommand("bench-besu", [], nowhere);
    expect(stderr).to.match(/^bench:besu: there is no Besu here.*name its launcher in BESU/);
    expect(stdout).to.equal("");
    expect(code).to.equal(2);
  });

  for (const [what, args, message] of [
    ["a launcher that is none", [], /\/nowhere\/besu: this is no program that can be run/],
    ["a block gas limit that no large transaction fits in", ["--gas-limits", "30,10"], /--gas-limits .*20 or more/],
    ["fewer homes than trade", ["--homes", "1"], /--homes .*from 8 to 5000/],
    ["a part that is none", ["speed"], /Allowed choices are validators, rates, failure/],
  ] as const) {
    it(`refuses ${what} with exit code 2`, async () => {
      const { code, stderr } = await runCommand("bench-besu", args, { PATH: "/nowhere", BESU: "/nowhere/besu" });
      expect(stderr).to.match(message);
      expect(code).to.equal(2);
    });
  }
});

/** What the Besu benchmark computes from blocks and files; what it measures is Besu's own. */
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { bytesPerDay, dayFormula, diskBytes, perEmptyBlock, perUnit } from "../../scripts/bench-besu/disk.js";
import { runLoad, type LoadTransaction, type NodeLink } from "../../scripts/bench-besu/load.js";
import { floorPerSecond, rateOf, type LoadBlock } from "../../scripts/bench-besu/rate.js";
import { recoveryOf } from "../../scripts/bench-besu/recovery.js";

describe("the Besu benchmark", () => {
  describe("a rate", () => {
    const block = (number: number, timestamp: number, units: number): LoadBlock => {
      return {
        number,
        timestamp,
        gasUsed: units * 10,
        gasLimit: 1_000,
        transactions: units,
        units,
        loadGas: units * 10,
      };
    };

    it("is that of the blocks between the first and the last, which are part full", () => {
      const blocks = [block(5, 100, 10), block(6, 102, 100), block(7, 105, 80), block(8, 107, 60), block(9, 109, 1)];
      const rate = rateOf(blocks, 98);
      expect(rate).to.include({ units: 251, blocks: 5, countedBlocks: 3, gasPerUnit: 10 });
      expect(rate.unitsPerSecond).to.equal(240 / 7);
      expect(rate.gasPerSecond).to.equal(2_400 / 7);
      expect(rate.blockSeconds).to.equal(7 / 3);
      expect(rate.fullness).to.equal(0.8);
    });

    it("is that of all blocks where they are few", () => {
      const rate = rateOf([block(5, 100, 10), block(6, 102, 30)], 98);
      expect(rate).to.include({ countedBlocks: 2, unitsPerSecond: 10, blockSeconds: 2 });
    });

    it("counts a block that took nothing in", () => {
      const rate = rateOf([block(5, 100, 10), block(6, 102, 0), block(7, 104, 30)], 98);
      expect(rate).to.include({ countedBlocks: 3, blockSeconds: 2 });
      expect(rate.unitsPerSecond).to.equal(40 / 6);
    });

    it("has the full blocks' floor", () => {
      expect(Math.floor(floorPerSecond(60_000_000, 21_000, 2))).to.equal(1_428);
    });
  });

  describe("a recovery", () => {
    const options = { endedAt: 101, period: 2, window: 4 };
    const at = (...times: number[]) => times.map((timestamp, index) => ({ number: index + 1, timestamp }));

    it("ends when a round's block times are the period again, and counts from the end of the accountant", () => {
      const blocks = at(100, 102, 108, 110, 112, 114, 116, 118);
      expect(recoveryOf(blocks, options)).to.deep.equal({ lastLate: 7, average: 15, late: 1 });
    });

    it("is taken back by the next late block", () => {
      const blocks = at(100, 106, 108, 110, 112, 114, 120, 122, 124, 126);
      expect(recoveryOf(blocks, options)).to.deep.equal({ lastLate: 19, average: undefined, late: 2 });
      expect(recoveryOf([...blocks, { number: 11, timestamp: 128 }], options).average).to.equal(27);
    });

    it("is not there before a turn was missed", () => {
      expect(recoveryOf(at(92, 94, 96, 98, 100, 102, 104), options)).to.deep.equal({
        lastLate: 0,
        average: undefined,
        late: 0,
      });
    });
  });

  describe("the disk", () => {
    it("counts what was written into a folder, and into all folders below", async () => {
      const folder = await mkdtemp(join(tmpdir(), "commonwatt-disk-"));
      try {
        await mkdir(join(folder, "below"));
        await writeFile(join(folder, "below", "file"), Buffer.alloc(100_000, 1));
        expect(await diskBytes(folder)).to.equal(100_000);
      } finally {
        await rm(folder, { recursive: true });
      }
      expect(await diskBytes(folder)).to.equal(0);
    });

    it("of a day is empty blocks and what each home's slots add", () => {
      const empty = perEmptyBlock({ bytes: 60_000, blocks: 60 });
      expect(empty).to.equal(1_000);
      expect(perUnit({ bytes: 50_000, blocks: 10 }, 100, empty)).to.equal(400);
      expect(perUnit({ bytes: 5_000, blocks: 10 }, 100, empty)).to.equal(0);
      expect(bytesPerDay(empty, 400, 17)).to.equal(43_200_000 + 17 * 96 * 400);
      expect(dayFormula(empty, 400, 10_000)).to.match(
        /^43,200 blocks x 1,000 B \+ 10,000 homes x 96 slots x 400 B = 407 MiB/,
      );
    });
  });

  describe("a load", () => {
    const transaction = (index: number): LoadTransaction => {
      return { raw: `0x${index}`, hash: `0xhash${index}`, units: 1, lane: index };
    };

    /** A chain that puts what was sent into its next block, each two seconds after the one before. */
    function chain(status: string): { node: NodeLink; sent: string[]; most: number } {
      const blocks: string[][] = [[]];
      let pool: string[] = [];
      const state = { sent: [] as string[], most: 0, node: undefined as unknown as NodeLink };
      const send = (method: string, params: unknown[] | Record<string, unknown>): Promise<unknown> => {
        const [first] = params as unknown[];
        if (method === "eth_sendRawTransaction") {
          state.sent.push(String(first));
          pool.push(`0xhash${String(first).slice(2)}`);
          state.most = Math.max(state.most, pool.length);
          return Promise.resolve("0x");
        }
        if (method === "eth_getTransactionReceipt") return Promise.resolve({ status, gasUsed: "0x5208" });
        if (method === "eth_blockNumber") {
          if (pool.length > 0) blocks.push(pool);
          pool = [];
          return Promise.resolve(`0x${(blocks.length - 1).toString(16)}`);
        }
        const number = Number(first);
        const transactions = blocks[number] ?? [];
        const timestamp = `0x${(1_000 + 2 * number).toString(16)}`;
        return Promise.resolve({ timestamp, gasUsed: "0x1", gasLimit: "0x3938700", transactions });
      };
      state.node = { send };
      return state;
    }

    it("is sent whole, through all nodes, and counted from the blocks", async () => {
      const load = Array.from({ length: 1_000 }, (_, index) => transaction(index));
      const one = chain("0x1");
      const nodes: number[] = [0, 0];
      const through = nodes.map((_, index): NodeLink => {
        return {
          send: (method, params) => {
            nodes[index] = (nodes[index] ?? 0) + 1;
            return one.node.send(method, params);
          },
        };
      });
      const result = await runLoad(load, { name: "load", nodes: through, reader: one.node });
      expect(result).to.include({ units: 1_000, transactions: 1_000, gasPerUnit: 21_000, lateBlocks: 0 });
      expect(one.sent).to.have.lengthOf(1_000);
      expect(nodes).to.deep.equal([500, 500]);
    });

    it("says which transaction failed", async () => {
      const { node } = chain("0x0");
      const failed = await runLoad([transaction(1)], { name: "orders", nodes: [node], reader: node }).catch(String);
      expect(failed).to.match(/orders: transaction 0xhash1 failed in block 1/);
    });

    it("says what a node refuses", async () => {
      const { node: reader } = chain("0x1");
      const node: NodeLink = { send: () => Promise.reject(new Error("Nonce too low")) };
      const failed = await runLoad([transaction(1)], { name: "readings", nodes: [node], reader }).catch(String);
      expect(failed).to.match(/readings: a node refuses a transaction \(Nonce too low\)/);
    });
  });
});

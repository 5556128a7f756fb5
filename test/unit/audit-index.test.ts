import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { expect } from "chai";

import { AuditDatabase } from "../../scripts/audit/indexer/database.js";
import { TooMuch, type Ask, type Endpoint } from "../../scripts/endpoint.js";
import { indexChain, type IndexOptions } from "../../scripts/audit/indexer/index-chain.js";
import { storedEvents } from "../../scripts/audit/indexer/read-events.js";
import { InputError } from "../../scripts/inputs/index.js";
import type { ChainEvent } from "../../sdk/events.js";
import { AuditedRun, STAGES } from "../utils/audited-run.js";
import { endpointOf, honestAsk, type Lie } from "../utils/audit-endpoint.js";

interface RpcLog {
  address: string;
  topics: string[];
  data: string;
  logIndex: string;
}
interface RpcReceipt {
  logs: RpcLog[];
  transactionHash: string;
}
interface RpcBlock {
  number: string;
  hash: string;
  parentHash: string;
  logsBloom: string;
  miner: string;
  timestamp: string;
  transactions: { hash: string; from: string; input: string; r: string }[];
}

describe("The auditor's indexer", function () {
  this.timeout(120_000);
  let run: AuditedRun;
  let ask: Ask;
  let folder: string;
  let events: ChainEvent[];
  let toBlock: number;

  before(async () => {
    run = await AuditedRun.open();
    for (const stage of STAGES.slice(0, 2)) await run.reach(stage);
    ask = honestAsk(run.network);
    ({ events, toBlock } = await run.events());
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-audit-"));
  });
  afterEach(() => rm(folder, { recursive: true }));
  after(() => run.close());

  const open = (name = "audit.db"): AuditDatabase => {
    const database = AuditDatabase.open(name === ":memory:" ? name : join(folder, name));
    database.claim(run.network.deployment);
    return database;
  };
  const options = (more: Partial<IndexOptions> = {}): IndexOptions => {
    return { chain: "transaction", deployment: run.network.deployment.chains.transaction, toBlock, ...more };
  };
  const stored = (database: AuditDatabase, to = toBlock): ChainEvent[] =>
    [...storedEvents(database, "transaction", to)].flat();
  const refusal = async (endpoint: Endpoint, database = open(":memory:")): Promise<string> => {
    const error: unknown = await indexChain(database, endpoint, options()).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(InputError);
    return (error as InputError).message;
  };

  describe("of an honest endpoint", () => {
    it("has every event as the SDK reads it, with its transaction and block", async () => {
      const database = open();
      const cursor = await indexChain(database, endpointOf(ask), options());
      expect(cursor).to.include({ block: toBlock, events: events.length });
      const rows = stored(database);
      expect(rows.map(({ within: _, ...event }) => event)).to.deep.equal(events);
      for (const { transaction, block, within } of rows.slice(0, 40)) {
        const { provider } = run.network.transaction;
        const [sent, mined] = [await provider.getTransaction(transaction), await provider.getBlock(block)];
        expect(within).to.deep.equal({
          sender: sent?.from,
          to: sent?.to ?? undefined,
          input: sent?.data,
          time: BigInt(mined?.timestamp ?? 0),
          proposer: mined?.miner,
        });
      }
      database.close();
    });

    it("has a view with a column for each argument", async () => {
      const database = open();
      await indexChain(database, endpointOf(ask), options());
      const cleared = events.filter(({ name }) => name === "BookCleared");
      const rows = database.database.prepare('SELECT arg_price, sender FROM "Clearing.BookCleared"').all();
      expect(rows.map((row) => BigInt(row["arg_price"] as string))).to.deep.equal(
        cleared.map(({ args }) => args["price"]),
      );
      database.close();
    });

    it("goes on where it stopped, and reads nothing twice", async () => {
      const database = open();
      const half = Math.floor(toBlock / 2);
      await indexChain(database, endpointOf(ask), options({ toBlock: half }));
      const asked: number[] = [];
      const rest = endpointOf(async (method, params) => {
        if (method === "eth_getBlockByNumber") asked.push(Number(params[0]));
        return ask(method, params);
      });
      await indexChain(database, rest, options());
      // the first question holds the chain against what was read before
      expect(asked).to.deep.equal([half, ...Array.from({ length: toBlock - half }, (_, index) => half + 1 + index)]);
      expect(stored(database).length).to.equal(events.length);
      const again = endpointOf(ask);
      await indexChain(database, again, options());
      expect(again.questions).to.equal(2);
      database.close();
    });

    it("is whole wherever it was interrupted", async () => {
      for (const pages of [1, 2, 3, 5]) {
        const database = open(`${pages}.db`);
        let left = pages;
        const interrupted = indexChain(
          database,
          endpointOf(ask),
          options({
            mostBlocks: 8,
            onPage: () => {
              if (--left === 0) throw new Error("killed");
            },
          }),
        );
        expect(await interrupted.catch((error: Error) => error.message)).to.equal("killed");
        database.close();
        const reopened = open(`${pages}.db`);
        const cursor = reopened.requireWhole("transaction");
        expect(stored(reopened, cursor.block).length).to.equal(cursor.events);
        await indexChain(reopened, endpointOf(ask), options());
        expect(stored(reopened).map(({ within: _, ...event }) => event)).to.deep.equal(events);
        reopened.close();
      }
    });

    it("keeps nothing of a page whose writing fails halfway", async () => {
      const database = open();
      await indexChain(database, endpointOf(ask), options({ toBlock: 5 }));
      const before = database.cursorOf("transaction");
      database.database.exec(
        "CREATE TRIGGER full BEFORE INSERT ON events WHEN NEW.log > 3 BEGIN SELECT raise(abort, 'disk full'); END",
      );
      const error = await indexChain(database, endpointOf(ask), options()).catch((thrown: Error) => thrown.message);
      expect(error).to.equal("disk full");
      const cursor = database.cursorOf("transaction");
      expect(stored(database, toBlock).length).to.equal(cursor.events);
      expect(cursor.block).to.be.at.least(before.block);
      database.requireWhole("transaction");
      database.close();
    });

    it("asks for fewer blocks when the endpoint says that it was too much", async () => {
      const limited = endpointOf(async (method, params) => {
        const { fromBlock, toBlock: to } = (params[0] ?? {}) as { fromBlock: string; toBlock: string };
        if (method === "eth_getLogs" && Number(to) - Number(fromBlock) >= 3) {
          throw Object.assign(new Error("query exceeds max block range 3"), { code: -32005 });
        }
        return ask(method, params);
      });
      const database = open(":memory:");
      await indexChain(database, limited, options());
      expect(stored(database).length).to.equal(events.length);
    });

    it("uses eth_getBlockReceipts where there is one", async () => {
      let asked = 0;
      const modern = endpointOf(async (method, params) => {
        if (method !== "eth_getBlockReceipts") return ask(method, params);
        asked += 1;
        const block = (await ask("eth_getBlockByNumber", [params[0], false])) as { transactions: string[] };
        return Promise.all(block.transactions.map((hash) => ask("eth_getTransactionReceipt", [hash])));
      });
      const database = open(":memory:");
      await indexChain(database, modern, options());
      expect(asked).to.be.greaterThan(20);
      expect(stored(database).length).to.equal(events.length);
    });

    it("asks again after a failure, and gives up by name", async () => {
      const failed = new Set<string>();
      const flaky = endpointOf((method, params) => {
        const question = JSON.stringify([method, params]);
        if (failed.has(question)) return ask(method, params);
        failed.add(question);
        return Promise.reject(new Error("socket hang up"));
      });
      const database = open(":memory:");
      await indexChain(database, flaky, options());
      expect(stored(database).length).to.equal(events.length);
      const dead = endpointOf(() => Promise.reject(new Error("connect ECONNREFUSED")));
      expect(await refusal(dead)).to.match(/the tested endpoint: eth_blockNumber fails: .*ECONNREFUSED/);
    });

    it("says that a single block is too much", async () => {
      const tiny = endpointOf((method, params) =>
        method === "eth_getLogs" ? Promise.reject(new TooMuch("too many results")) : ask(method, params),
      );
      expect(await refusal(tiny)).to.include("too many results");
    });
  });

  describe("of an endpoint that lies", () => {
    const inLogs =
      (change: (logs: RpcLog[]) => unknown): Lie =>
      (method, answer) => {
        return method === "eth_getLogs" && (answer as RpcLog[]).length > 3 ? change(answer as RpcLog[]) : answer;
      };
    const inReceipt =
      (change: (receipt: RpcReceipt) => unknown): Lie =>
      (method, answer) => {
        return method === "eth_getTransactionReceipt" && (answer as RpcReceipt).logs.length > 1
          ? change(answer as RpcReceipt)
          : answer;
      };
    const inBlock =
      (change: (block: RpcBlock) => unknown, number = 12): Lie =>
      (method, answer, params) => {
        return method === "eth_getBlockByNumber" && Number(params[0]) === number ? change(answer as RpcBlock) : answer;
      };
    const flipped = (hex: string): string => `${hex.slice(0, -1)}${hex.endsWith("1") ? "2" : "1"}`;

    const CASES: Readonly<Record<string, readonly [Lie, RegExp]>> = {
      "drops a log": [inLogs((logs) => logs.slice(1)), /block \d+: eth_getLogs drops log \d+ of transaction 0x/],
      "drops all logs": [inLogs(() => []), /eth_getLogs drops log/],
      "repeats a log": [inLogs((logs) => [...logs, logs.at(-1)]), /eth_getLogs repeats log/],
      "reorders logs": [inLogs((logs) => logs.toReversed()), /eth_getLogs reorders logs/],
      "alters a log's data": [
        inLogs((logs) => logs.map((log, place) => (place === 2 ? { ...log, data: flipped(`${log.data}00`) } : log))),
        /eth_getLogs alters log/,
      ],
      "alters a log's topic": [
        inLogs((logs) => logs.map((log) => ({ ...log, topics: log.topics.map(flipped) }))),
        /eth_getLogs alters log/,
      ],
      "adds a log": [
        inLogs((logs) => [...logs, { ...logs.at(-1), logIndex: "0xff" }]),
        /eth_getLogs adds log 255, which no receipt has/,
      ],
      "drops a receipt's log": [
        inReceipt((receipt) => ({ ...receipt, logs: receipt.logs.slice(1) })),
        /receipts were dropped, altered, reordered or repeated/,
      ],
      "alters a receipt's log": [
        inReceipt((receipt) => ({ ...receipt, logs: receipt.logs.map((log) => ({ ...log, data: `${log.data}00` })) })),
        /receipts were dropped, altered/,
      ],
      "reorders a receipt's logs": [
        inReceipt((receipt) => ({ ...receipt, logs: receipt.logs.toReversed() })),
        /receipts were dropped, altered/,
      ],
      "repeats a receipt's log": [
        inReceipt((receipt) => ({ ...receipt, logs: [...receipt.logs, ...receipt.logs] })),
        /receipts were dropped, altered/,
      ],
      "has no receipt": [inReceipt(() => null), /receipts are missing/],
      "leaves a block out": [inBlock(() => null), /block 12: a gap: there is no such block/],
      "gives another block": [inBlock((block) => ({ ...block, number: "0xd" })), /block 12: the header was altered/],
      "alters a header": [inBlock((block) => ({ ...block, miner: `0x${"5a".repeat(20)}` })), /header was altered/],
      "empties a header's filter": [
        inBlock((block) => ({ ...block, logsBloom: `0x${"00".repeat(256)}` })),
        /header was altered/,
      ],
      "tells nonsense of a header": [inBlock((block) => ({ ...block, timestamp: 12 })), /header can't be read/],
      "alters a transaction's input": [
        inBlock((block) => ({
          ...block,
          transactions: block.transactions.map((sent) => ({ ...sent, input: `${sent.input}00` })),
        })),
        /transactions were dropped, altered/,
      ],
      "drops a transaction": [inBlock((block) => ({ ...block, transactions: [] })), /receipts were dropped/],
      "names another sender": [
        inBlock((block) => ({
          ...block,
          transactions: block.transactions.map((sent) => ({ ...sent, from: `0x${"5a".repeat(20)}` })),
        })),
        /is said to be of 0x5A5.* signed it/i,
      ],
      "names another transaction hash": [
        inBlock((block) => ({
          ...block,
          transactions: block.transactions.map((sent) => ({ ...sent, hash: flipped(sent.hash) })),
        })),
        /receipts are missing|has the hash/,
      ],
      "serves another chain from some block on": [
        (method, answer, params) => {
          if (method !== "eth_getBlockByNumber" || Number(params[0]) !== 12) return answer;
          return ask(method, ["0xe", true]).then((other) => other);
        },
        /block 12: another block, 14, was given/,
      ],
      "has a shorter list than a list": [inLogs(() => "0x"), /eth_getLogs gives no list/],
    };

    for (const [name, [lie, told]] of Object.entries(CASES)) {
      it(`that ${name}: refused by name, nothing kept of the page`, async () => {
        const database = open(":memory:");
        expect(await refusal(endpointOf(ask, lie), database)).to.match(told);
        const cursor = database.requireWhole("transaction");
        expect(stored(database, toBlock).length).to.equal(cursor.events);
      });
    }

    it("that changes the chain while it is read: refused at the parent that does not fit", async () => {
      const database = open();
      await indexChain(database, endpointOf(ask), options({ toBlock: 20 }));
      database.run("UPDATE cursors SET hash = ?", `0x${"ab".repeat(32)}`);
      const reorganised: Lie = inBlock((block) => ({ ...block, hash: `0x${"ab".repeat(32)}` }), 20);
      expect(await refusal(endpointOf(ask, reorganised), database)).to.match(
        /block 21: its parent is .* the chain changed/,
      );
      expect(await refusal(endpointOf(ask), database)).to.match(/block 20 is 0x.*, and it was 0xabab/);
      database.close();
    });

    it("that has another genesis block", async () => {
      const deployment = { ...run.network.deployment.chains.transaction, genesisHash: `0x${"00".repeat(32)}` };
      const error = await indexChain(open(":memory:"), endpointOf(ask), options({ deployment })).catch(
        (thrown: Error) => thrown.message,
      );
      expect(error).to.match(/block 0: the chain began with block/);
    });
  });

  describe("of what it does not know", () => {
    it("refuses an event that no ABI has", async () => {
      const { transaction } = run.network.deployment.chains;
      const { TradeEscrow, MeterLedger } = transaction.contracts;
      const swapped = { ...transaction.contracts, TradeEscrow: MeterLedger, MeterLedger: TradeEscrow };
      const deployment = { ...transaction, contracts: swapped };
      const error = await indexChain(open(":memory:"), endpointOf(ask), options({ deployment })).catch(
        (thrown: Error) => thrown.message,
      );
      expect(error).to.match(/block \d+, log \d+: \w+ at 0x.* emitted 0x.*, which its ABI does not have/);
    });
  });

  describe("a database", () => {
    it("of another network is refused", () => {
      const database = open();
      const { deployment } = run.network;
      const other = structuredClone(deployment);
      other.chains.transaction.chainId += 1;
      expect(() => database.claim(other)).to.throw(
        InputError,
        /holds events of the transaction chain \d+ with genesis/,
      );
      const redeployed = structuredClone(deployment);
      redeployed.chains.user.contracts.KeyDirectory.address = `0x${"11".repeat(20)}`;
      expect(() => database.claim(redeployed)).to.throw(InputError, /other contracts on the user chain/);
      database.close();
    });

    it("that is something else is refused", async () => {
      await writeFile(join(folder, "text.db"), "not a database, but long enough to be taken for one ".repeat(40));
      expect(() => open("text.db")).to.throw(InputError, /can't be opened/);
      expect(() => AuditDatabase.open(join(folder, "none.db"), { mustExist: true })).to.throw(InputError, /no such/);
    });

    it("that another process writes to is named, with what to do, and stays as it is", async () => {
      const database = open();
      await indexChain(database, endpointOf(ask), options());
      const before = database.cursorOf("transaction");
      const other = new DatabaseSync(join(folder, "audit.db"));
      other.exec("BEGIN IMMEDIATE");
      // SQLite waits for it as long as this says
      database.database.exec("PRAGMA busy_timeout = 10");
      const next = { block: before.block + 1, hash: `0x${"12".repeat(32)}` };
      expect(() => database.append("transaction", [], next)).to.throw(
        InputError,
        /audit\.db: another process writes to it \(database is locked\)\. Run one indexer on a file/,
      );
      expect(() => database.run("INSERT OR IGNORE INTO meta VALUES ('other', '1')")).to.throw(
        InputError,
        /another process/,
      );
      other.exec("ROLLBACK");
      other.close();
      expect(database.cursorOf("transaction")).to.deep.equal(before);
      expect(database.append("transaction", [], next).block).to.equal(next.block);
      database.close();
    });

    it("that was truncated is refused", async () => {
      const database = open();
      await indexChain(database, endpointOf(ask), options());
      database.close();
      await truncate(join(folder, "audit.db"), 200_000);
      expect(() => {
        const short = open();
        try {
          short.requireWhole("transaction");
        } finally {
          short.close();
        }
      }).to.throw(InputError, /damaged|can't be opened/);
    });

    const CHANGES: Readonly<Record<string, string>> = {
      "an event less": "DELETE FROM events WHERE id = (SELECT max(id) FROM events) - 7",
      "another argument": "UPDATE events SET args = replace(args, '1', '2') WHERE id = 40",
      "another sender": "UPDATE transactions SET sender = 'x' WHERE id = 20",
      "another time": "UPDATE blocks SET time = time + 1 WHERE number = (SELECT block FROM events WHERE id = 40)",
    };
    for (const [name, change] of Object.entries(CHANGES)) {
      it(`with ${name} is refused`, async () => {
        const database = open();
        await indexChain(database, endpointOf(ask), options());
        database.database.exec(change);
        expect(() => {
          database.requireWhole("transaction");
          stored(database);
        }).to.throw(InputError, /the database is damaged/);
        database.close();
      });
    }
  });
});

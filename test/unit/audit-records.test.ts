import { readFileSync } from "node:fs";

import { expect } from "chai";

import { AuditDatabase } from "../../scripts/audit/indexer/database.js";
import { indexChain } from "../../scripts/audit/indexer/index-chain.js";
import { storedEvents } from "../../scripts/audit/indexer/read-events.js";
import { RECORD_TABLES, recordRows } from "../../scripts/audit/indexer/record-tables.js";
import { noteConstants } from "../../scripts/audit/open.js";
import { verifyBooks } from "../../scripts/audit/verify.js";
import { InputError } from "../../scripts/inputs/index.js";
import type { ChainEvent } from "../../sdk/events.js";
import {
  unpackEntries,
  unpackMovements,
  unpackOutcomes,
  unpackParties,
  unpackReadings,
  unpackTrades,
} from "../../sdk/records.js";
import { endpointOf, honestAsk } from "../utils/audit-endpoint.js";
import { AuditedRun, STAGES } from "../utils/audited-run.js";

type Row = Readonly<Record<string, unknown>>;

/** The lists, and what they hold by the SDK. */
const LISTS: Readonly<
  Record<string, readonly [table: string, unpack: (words: readonly string[]) => readonly object[]]>
> = {
  "Moved.movements": ["movements", unpackMovements],
  "SlotSettled.outcomes": ["outcomes", unpackOutcomes],
  "RestSettled.outcomes": ["outcomes", unpackOutcomes],
  "SlotSettled.parties": ["parties", unpackParties],
  "ReadingBatchStored.readings": ["readings", unpackReadings],
  "ReadingsAttested.readings": ["attestations", unpackReadings],
  "EntriesAppended.entries": ["entries", unpackEntries],
  "SlotClosed.trades": ["trades", unpackTrades],
};

describe("The auditor's typed rows", function () {
  this.timeout(180_000);
  let run: AuditedRun;
  let database: AuditDatabase;
  let events: ChainEvent[];

  before(async () => {
    run = await AuditedRun.open();
    for (const stage of STAGES) await run.reach(stage);
    database = AuditDatabase.open(":memory:");
    database.claim(run.network.deployment);
    await noteConstants(database, run.network.transaction);
    const deployment = run.network.deployment.chains.transaction;
    const { block } = await indexChain(database, endpointOf(honestAsk(run.network)), {
      chain: "transaction",
      deployment,
    });
    events = [...storedEvents(database, "transaction", block)].flat();
  });
  after(async () => {
    database.close();
    await run.close();
  });

  const rowsOf = (sql: string, values: Record<string, string | number> = {}): Row[] => {
    const statement = database.database.prepare(sql);
    statement.setReadBigInts(true);
    return statement.all(values);
  };
  const verify = (): ReturnType<typeof verifyBooks> =>
    verifyBooks(database, run.network.transaction, endpointOf(honestAsk(run.network)));

  for (const table of RECORD_TABLES) {
    it(`${table}: each record of each event, in order, with the event's slot where it has none`, () => {
      const expected = events.flatMap(({ name, args, block, logIndex }) =>
        Object.entries(args).flatMap(([argument, words]) => {
          const list = LISTS[`${name}.${argument}`];
          if (list?.[0] !== table) return [];
          return list[1](words as string[]).map((record, place) => {
            return { block: BigInt(block), log: BigInt(logIndex), place: BigInt(place), slot: args["slot"], ...record };
          });
        }),
      );
      const found = rowsOf(
        `SELECT h.block, h.log, r.* FROM ${table} r JOIN history h ON h.id = r.event ORDER BY r.event, r.place`,
      );
      expect(expected.length).to.be.greaterThan(0);
      expect(found.map(({ event: _, ...row }) => row)).to.deep.equal(expected);
    });
  }

  it("hold against their events, and any change of them is refused with its place", async () => {
    expect((await verify()).state.findings).to.deep.equal([]);
    const changes: readonly (readonly [sql: string, told: RegExp])[] = [
      [
        "UPDATE movements SET balance = balance + 1 WHERE place = 1",
        /movements of block \d+, log \d+ are not what its event says \(place 1\)/,
      ],
      ["UPDATE movements SET event = event + 1 WHERE rowid_of", /movements of block/],
      ["UPDATE outcomes SET account = lower(account)", /outcomes of block/],
      ["DELETE FROM readings WHERE slot = (SELECT max(slot) FROM readings)", /readings of block/],
      ["DELETE FROM trades", /trades of block/],
      [
        'INSERT INTO entries SELECT event, place + 1000, tag, meter, feeder, arrival, wh, "limit", "index", slot, account, nonce FROM entries',
        /entries /,
      ],
      [
        "INSERT INTO parties SELECT 1000000, place, slot, account, community, surplusIn, surplusOut FROM parties LIMIT 1",
        /parties have rows of no event/,
      ],
    ];
    for (const [sql, told] of changes) {
      database.database.exec("SAVEPOINT before_change");
      database.database.exec(sql.replace("rowid_of", "event = (SELECT max(event) FROM movements)"));
      const error: unknown = await verify().catch((thrown: unknown) => thrown);
      database.database.exec("ROLLBACK TO before_change; RELEASE before_change");
      expect(error, sql).to.be.instanceOf(InputError);
      expect((error as Error).message, sql)
        .to.match(/the database is damaged: /)
        .and.match(told);
    }
    expect((await verify()).state.findings).to.deep.equal([]);
  });

  it("keep an amount that SQLite has no integer for, and leave out a list that is none", () => {
    const zero = `0x${"0".repeat(64)}`;
    const words = [zero, `0x${"f".repeat(64)}`, zero, zero];
    expect(unpackOutcomes(words)[0]?.energyPaid).to.equal(2n ** 64n - 1n);
    const [settled] = recordRows("Settlement", "RestSettled", { slot: 7n, outcomes: words });
    expect(settled?.rows[0]).to.include("18446744073709551615");
    expect(settled?.rows[0]).to.include(7n);
    expect(recordRows("TradeEscrow", "Moved", { slot: 7n, movements: [zero] })).to.deep.equal([
      { table: "movements", rows: [] },
    ]);
  });

  describe("answer what docs/audit.md asks", () => {
    const [money = "", booked = "", unused = ""] = [
      ...readFileSync("docs/audit.md", "utf8").matchAll(/```sql\n(.*?)```/gs),
    ].map(([, sql = ""]) => sql);
    const settlements = (): ChainEvent[] => events.filter(({ name }) => /^(Slot|Rest)Settled$/.test(name));

    it("a home's money in a month", () => {
      const account = run.neighbourhood.homes.find(({ home }) => home === "seller")?.chain.signer.address ?? "";
      const sums = new Map<bigint, bigint>();
      for (const { name, args, within } of events) {
        // the run begins in March 2024
        if (name !== "Moved" || new Date(Number(within?.time) * 1_000).getUTCMonth() !== 2) continue;
        for (const movement of unpackMovements(args["movements"] as string[])) {
          if (movement.account !== account) continue;
          sums.set(movement.reason, (sums.get(movement.reason) ?? 0n) + movement.balance);
        }
      }
      const rows = rowsOf(money, { account, month: "2024-03" });
      const byReason = [...sums].sort(([a], [b]) => Number(a - b)).map(([, sum]) => sum);
      expect(byReason.length).to.be.greaterThan(2);
      expect(rows.map(({ micro }) => micro)).to.deep.equal(byReason);
      expect(rows.map(({ reason }) => reason)).to.include.members(["deposit", "lock", "settlement"]);
      expect(rowsOf(money, { account, month: "2023-03" })).to.deep.equal([]);
    });

    it("who booked a settlement", () => {
      const [first] = settlements();
      const { meter } = unpackOutcomes(first?.args["outcomes"] as string[])[0] ?? { meter: 0n };
      const slot = first?.args["slot"] as bigint;
      const own = settlements().filter(
        ({ args }) =>
          args["slot"] === slot && unpackOutcomes(args["outcomes"] as string[]).some((one) => one.meter === meter),
      );
      const rows = rowsOf(booked, { meter: Number(meter), slot: Number(slot) });
      expect(rows.map(({ proposer, sender, tx }) => [proposer, sender, tx])).to.deep.equal(
        own.map(({ within, transaction }) => [within?.proposer, within?.sender, transaction]),
      );
      expect(own.length, "a slot that was settled again").to.be.greaterThan(1);
    });

    it("readings that no settlement used", () => {
      const used = new Set(
        settlements().flatMap(({ args }) =>
          unpackOutcomes(args["outcomes"] as string[]).map(({ meter, status, importWh, exportWh }) =>
            [meter, args["slot"], status, importWh, exportWh].join("/"),
          ),
        ),
      );
      const expected = events
        .filter(({ name }) => name === "ReadingBatchStored")
        .flatMap(({ args }) => unpackReadings(args["readings"] as string[]))
        .filter(({ changed }) => changed === 1n)
        .map(({ meter, slot, status, importWh, exportWh }) => [meter, slot, status, importWh, exportWh].join("/"))
        .filter((key) => !used.has(key));
      const found = rowsOf(unused);
      const statuses = new Map(
        rowsOf("SELECT name, status FROM reading_statuses").map(({ name, status }) => [name, status]),
      );
      const keys = found.map(({ meter, slot, status, importWh, exportWh }) =>
        [meter, slot, statuses.get(status), importWh, exportWh].join("/"),
      );
      expect(keys.toSorted()).to.deep.equal(expected.toSorted());
      // nothing was left over: a settlement that is taken away leaves its readings unused
      database.database.exec("SAVEPOINT taken; DELETE FROM outcomes");
      const all = rowsOf(unused).length;
      database.database.exec("ROLLBACK TO taken; RELEASE taken");
      expect(all).to.be.greaterThan(found.length);
    });
  });
});

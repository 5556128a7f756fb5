import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { parse } from "csv-parse/sync";
import { ZeroAddress } from "ethers";

import { billStatement, PostingNotes } from "../../scripts/audit/statements/bill.js";
import { foldBooks, readBooks, type Books, type Notes } from "../../scripts/audit/statements/books.js";
import { feederStatement } from "../../scripts/audit/statements/feeder.js";
import { monthPeriod, periodBetween, type Period } from "../../scripts/audit/statements/period.js";
import { QualityNotes, qualityStatement } from "../../scripts/audit/statements/quality.js";
import { RevenueNotes, revenueStatement } from "../../scripts/audit/statements/revenue.js";
import { statementCsv, statementJson, statementPage, statementText } from "../../scripts/audit/statements/show.js";
import type { Row, Statement, StatementTable } from "../../scripts/audit/statements/statement.js";
import { serveRpc, type RpcServer } from "../../scripts/chains/rpc-server.js";
import { InputError } from "../../scripts/inputs/error.js";
import { slotLengthOf } from "../../sdk/actions/market.js";
import type { AuditState } from "../../sdk/audit/index.js";
import type { TransactionChain } from "../../sdk/connect.js";
import type { ChainEvent, TransactionFacts } from "../../sdk/events.js";
import { writeDeployment } from "../../sdk/node/deployments.js";
import { packMovement, unpackMovements } from "../../sdk/records.js";
import { formatTime } from "../../sdk/time/slots.js";
import { AuditedRun, STAGES } from "../utils/audited-run.js";
import { runCommand, type CommandResult } from "../utils/command.js";

/** All time. */
const ALWAYS: Period = { from: 0n, to: 1n << 40n, offsetSeconds: 0n };

const WITHIN: TransactionFacts = {
  sender: ZeroAddress,
  to: undefined,
  input: "0x",
  time: 1_709_510_400n,
  proposer: ZeroAddress,
};

function tableOf({ tables }: Statement, title: string): StatementTable {
  const table = tables.find((candidate) => candidate.title === title);
  if (table === undefined) throw new Error(`the statement has no table ${title}`);
  return table;
}

function figure(row: Row | undefined, key: string): bigint {
  const value = row?.[key];
  if (typeof value !== "bigint") throw new Error(`the row has no number ${key}`);
  return value;
}

describe("audit statements", function () {
  this.timeout(120_000);
  let run: AuditedRun;
  let chain: TransactionChain;
  let slotSeconds: bigint;
  /** At each stage of the run. */
  const stages: { events: ChainEvent[]; books: Books<PostingNotes> }[] = [];

  before(async () => {
    run = await AuditedRun.open();
    chain = run.network.transaction;
    slotSeconds = await slotLengthOf(chain);
    for (const stage of STAGES) {
      await run.reach(stage);
      const read = await run.events();
      // as the database has them, for what needs the time of a block
      const events = read.events.map((event) => ({ ...event, within: WITHIN }));
      stages.push({ events, books: await booksOf(events, new PostingNotes()) });
    }
  });
  after(() => run.close());

  async function booksOf<Noted extends Notes>(events: readonly ChainEvent[], notes: Noted): Promise<Books<Noted>> {
    const state = await foldBooks(chain, [events], notes);
    return { state, notes, slotSeconds };
  }

  const last = (): { events: ChainEvent[]; books: Books<PostingNotes> } => {
    const stage = stages.at(-1);
    if (stage === undefined) throw new Error("the run has not begun");
    return stage;
  };
  const accountOf = (home: string): string => {
    const found = run.neighbourhood.homes.find((candidate) => candidate.home === home);
    return found?.chain.signer.address ?? "";
  };
  const billOf = (home: string, books = last().books, period = ALWAYS): Statement =>
    billStatement(books, { home: accountOf(home), period, by: "slot" });

  /** What the fold says that settlements moved, as if every debt had been paid. */
  function worthMoved({ moved, owes, isOwed }: AuditState, account: string): bigint {
    return (moved.get(account) ?? 0n) - (owes.get(account) ?? 0n) + (isOwed.get(account) ?? 0n);
  }

  describe("a home's bill", () => {
    it("is what the fold moved on the account, to the micro-credit, for each home", () => {
      const { books } = last();
      for (const { home } of run.neighbourhood.homes) {
        const bill = billOf(home);
        expect(bill.differences, home).to.deep.equal([]);
        const cost = figure(tableOf(bill, "The bill").total, "costMicro");
        expect(-cost, home).to.equal(worthMoved(books.state, accountOf(home)));
        expect(figure(tableOf(bill, "What the account shows of it").total, "changeMicro"), home).to.equal(-cost);
        const { rows, total } = tableOf(bill, "By slot");
        for (const key of ["netCostMicro", "paidMicro", "feesMicro", "communityBoughtWh", "gridImportWh"]) {
          expect(
            rows.reduce((sum, row) => sum + figure(row, key), 0n),
            key,
          ).to.equal(figure(total, key));
        }
        expect(figure(total, "netCostMicro")).to.equal(cost);
        expect(figure(total, "communityPaidMicro") + figure(total, "gridPaidMicro")).to.equal(
          figure(total, "paidMicro"),
        );
      }
    });

    it("is that at every stage, also where slots are not final, held or in arrears", () => {
      for (const { books } of stages.slice(1)) {
        for (const { home } of run.neighbourhood.homes) {
          expect(billOf(home, books).differences, home).to.deep.equal([]);
        }
      }
      const [, delivered] = stages;
      const bill = billOf("poor", delivered?.books);
      const shown = tableOf(bill, "What the account shows of it");
      expect(figure(shown.rows[1], "changeMicro") < 0n, "in arrears").to.equal(true);
      expect(bill.notes.join()).to.include("not final");
    });

    it("of each slot add up to that of the whole period", () => {
      const [first, end] = [run.firstSlot * slotSeconds, (run.firstSlot + 4n) * slotSeconds];
      const costs = [0n, 1n, 2n, 3n].map((index) => {
        const from = first + index * slotSeconds;
        const bill = billOf("seller", last().books, periodBetween(from, from + slotSeconds, 0n));
        expect(bill.differences).to.deep.equal([]);
        return figure(tableOf(bill, "The bill").total, "costMicro");
      });
      const whole = billOf("seller", last().books, periodBetween(first, end, 0n));
      expect(costs.reduce((a, b) => a + b)).to.equal(figure(tableOf(whole, "The bill").total, "costMicro"));
    });

    it("marks what was not measured", () => {
      const marked = tableOf(billOf("far"), "By slot").rows.map(({ readings }) => String(readings));
      expect(marked.filter((text) => text.startsWith("* "))).to.include("* 1 estimated");
      expect(marked).to.include("1 actual");
    });

    it("is found by the number of the meter too", () => {
      const { meter = 0n } = run.neighbourhood.homes.find(({ home }) => home === "seller") ?? {};
      const bill = billStatement(last().books, { home: meter.toString(), period: ALWAYS, by: "month" });
      expect(bill.title).to.equal(`Bill of ${accountOf("seller")}`);
      expect(tableOf(bill, "By month").rows.map(({ month }) => month)).to.deep.equal(["2024-03"]);
    });

    it("says by how much it is not what the account shows", async () => {
      const account = accountOf("seller");
      const bent = last().events.map((event) => {
        if (event.name !== "Moved") return event;
        const movements = unpackMovements(event.args["movements"] as string[]).map((movement) =>
          movement.account === account && movement.reason === 7n
            ? { ...movement, balance: movement.balance + 5n }
            : movement,
        );
        return { ...event, args: { ...event.args, movements: movements.flatMap(packMovement) } };
      });
      const bill = billOf("seller", await booksOf(bent, new PostingNotes()));
      expect(bill.differences[0]).to.include("THE AUDIT OF THESE BOOKS FAILS");
      expect(bill.differences[1]).to.match(/differ by \d*[05] micro-credits/);
    });

    it("names an unknown home, and a period without anything", () => {
      const { books } = last();
      const refused = (home: string, named: string, period = ALWAYS): void => {
        expect(() => billStatement(books, { home, period, by: "day" }), home).to.throw(InputError, named);
      };
      refused(ZeroAddress.replace(/0$/, "9"), "held no meter");
      refused("nobody", "no account and no meter");
      refused("4000000000", "nobody holds");
      refused(accountOf("seller"), "nothing of it was settled", { ...ALWAYS, to: 1n });
      expect(() => periodBetween(5n, 5n, 0n)).to.throw(InputError, "empty");
      for (const month of ["2024-13", "2024", "x"])
        expect(() => monthPeriod(month, 0n)).to.throw(InputError, "--month");
    });
  });

  it("a feeder's month has the sums of its meters' bills, by day and by meter", () => {
    const { books } = last();
    const [feeder] = run.neighbourhood.feeders;
    const statement = feederStatement(books, { area: feeder?.area ?? 0n, period: monthPeriod("2024-03", 0n) });
    const bills = ["seller", "neighbour"].map((home) => tableOf(billOf(home), "By slot").total);
    for (const title of ["By meter", "By day"]) {
      const { total } = tableOf(statement, title);
      for (const key of ["importWh", "communitySoldWh", "paidMicro", "receivedMicro", "netCostMicro"]) {
        expect(figure(total, key), `${title} ${key}`).to.equal(figure(bills[0], key) + figure(bills[1], key));
      }
    }
    const refused = (area: bigint, named: string, month = "2024-03"): void => {
      expect(() => feederStatement(books, { area, period: monthPeriod(month, 0n) })).to.throw(InputError, named);
    };
    refused(999n, "no event tells of it");
    refused(run.neighbourhood.cities[0]?.area ?? 0n, "no feeder");
    refused(feeder?.area ?? 0n, "nothing of it was settled", "2024-02");
  });

  it("an accountant's revenue is what was booked for it, less what it was paid", async () => {
    const { events } = last();
    const books = await booksOf(events, new RevenueNotes());
    const accountant = run.network.operators.transaction.accountant1.address;
    const booked = events
      .filter(({ name, args }) => name === "FeeBooked" && args["accountant"] === accountant)
      .map(({ args }) => args["amountMicro"] as bigint);
    const statement = revenueStatement(books, { accountant, offsetSeconds: 0n });
    expect(statement.differences).to.deep.equal([]);
    const { total, rows } = tableOf(statement, "By month");
    expect(rows).to.have.lengthOf(1);
    expect(figure(total, "settlements")).to.equal(BigInt(booked.length));
    expect(figure(total, "bookedMicro")).to.equal(booked.reduce((a, b) => a + b, 0n));
    expect(figure(total, "claimedMicro") > 0n).to.equal(true);
    books.state.feesDue.set(accountant, 1n + (books.state.feesDue.get(accountant) ?? 0n));
    const wrong = revenueStatement(books, { accountant, offsetSeconds: 0n });
    expect(wrong.differences).to.have.lengthOf(1);
    const nobody = { accountant: accountOf("seller"), offsetSeconds: 0n };
    expect(() => revenueStatement(books, nobody)).to.throw(InputError, "nothing was ever booked");
  });

  it("a meter's data quality counts what was settled, replaced, contradicted, barred and disputed", async () => {
    const { events } = last();
    const meterOf = (home: string): bigint =>
      run.neighbourhood.homes.find((candidate) => candidate.home === home)?.meter ?? 0n;
    const qualityOf = async (meter: bigint): Promise<Row> => {
      const books = await booksOf(events, new QualityNotes(meter));
      const statement = qualityStatement(books, { meter, offsetSeconds: 0n });
      expect(statement.differences).to.deep.equal([]);
      return tableOf(statement, "How readings came").total ?? {};
    };
    const seller = await qualityOf(meterOf("seller"));
    expect([seller["slots"], seller["corrected"], seller["replaced"], seller["disputed"]]).to.deep.equal([
      4n,
      1n,
      1n,
      2n,
    ]);
    expect((await qualityOf(meterOf("far")))["estimated"]).to.equal(1n);
    const across = await qualityOf(meterOf("across"));
    expect([across["missing"], across["barred"]]).to.deep.equal([1n, 1n]);
    expect(figure(await qualityOf(meterOf("idle")), "attested") > 0n).to.equal(true);
    const delay = figure(seller, "mostSeconds");
    expect(figure(seller, "medianSeconds") <= delay).to.equal(true);
    const unknown = await booksOf(events, new QualityNotes(999n));
    expect(() => qualityStatement(unknown, { meter: 999n, offsetSeconds: 0n })).to.throw(InputError, "meter 999");
  });

  describe("its forms", () => {
    it("CSV has whole numbers in the rows of the last table", () => {
      const bill = billOf("seller");
      const rows: Record<string, string>[] = parse(statementCsv(bill), { columns: true });
      const table = tableOf(bill, "By slot");
      expect(rows.map((row) => row["netCostMicro"])).to.deep.equal(
        table.rows.map((row) => figure(row, "netCostMicro").toString()),
      );
      expect(Object.keys(rows[0] ?? {})).to.deep.equal(table.columns.map(({ key }) => key));
    });

    it("JSON has all, whole numbers as strings", () => {
      const bill = billOf("seller");
      const json = JSON.parse(statementJson(bill)) as { kind: string; tables: { total: Record<string, string> }[] };
      expect(json.kind).to.equal("bill");
      expect(json.tables[0]?.total["costMicro"]).to.equal(String(tableOf(bill, "The bill").total?.["costMicro"]));
    });

    it("text shows credits and kWh to the last digit", () => {
      const bill = billOf("seller");
      const cost = figure(tableOf(bill, "The bill").total, "costMicro");
      const digits = (cost < 0n ? -cost : cost).toString().padStart(7, "0");
      expect(statementText(bill)).to.include(`${cost < 0n ? "-" : ""}${digits.slice(0, -6)}.${digits.slice(-6)}`);
    });

    it("the page has no script, loads nothing, and shows every text as text", () => {
      const nasty = "<script>alert(1)</script><img src=x onerror=1>\"'&";
      const column = { key: "a", label: nasty, unit: "text" } as const;
      const page = statementPage({
        kind: "bill",
        title: nasty,
        facts: [[nasty, nasty]],
        tables: [{ title: nasty, columns: [column], rows: [{ a: nasty }], total: { a: nasty } }],
        notes: [nasty],
        differences: [nasty],
      });
      expect(page).to.not.match(/<script|<img|src=x"|https?:|@import|url\(/);
      expect(page.match(/&#60;script&#62;/g)).to.have.lengthOf(10);
      expect(page).to.include("@page{size:A4");
    });
  });

  describe("by npm run audit", () => {
    let folder: string;
    let server: RpcServer;
    let base: string[];

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "commonwatt-statements-"));
      server = await serveRpc(run.network.chains.transaction.connection.provider, 0);
      const deployment = join(folder, "deployment.json");
      await writeDeployment(deployment, run.network.deployment);
      base = ["--network", deployment, "--rpc", server.url];
    });
    after(async () => {
      await server.close();
      await rm(folder, { recursive: true });
    });

    const audit = (...args: string[]): Promise<CommandResult> => runCommand("audit", [...args, ...base]);
    const times = (): string[] => [
      "--from",
      formatTime(run.firstSlot * slotSeconds),
      "--to",
      formatTime((run.firstSlot + 4n) * slotSeconds),
    ];

    it("prints a bill, and writes the page of one", async () => {
      const printed = await audit("bill", accountOf("seller"), ...times(), "--by", "slot", "--csv");
      expect([printed.code, printed.stderr]).to.deep.equal([0, ""]);
      const [, network = "", , rpc = ""] = base;
      const books = await readBooks({ network, rpc }, new PostingNotes());
      const period = { ...ALWAYS, from: run.firstSlot * slotSeconds, to: (run.firstSlot + 4n) * slotSeconds };
      expect(printed.stdout).to.equal(statementCsv(billOf("seller", books, period)));
      const out = join(folder, "bill.html");
      expect(await audit("bill", accountOf("seller"), ...times(), "--html", "--out", out)).to.deep.include({ code: 0 });
      expect(await readFile(out, "utf8"))
        .to.include(accountOf("seller"))
        .and.include("</html>");
    });

    it("makes the same statement out of a database, and brings that up to date", async () => {
      const db = join(folder, "audit.sqlite");
      expect(await audit("index", "--db", db, "--chain", "transaction")).to.deep.include({ code: 0 });
      const [, network = "", rpc = "", url = ""] = base;
      const args = ["quality", "1", "--json"];
      const [kept, fresh] = [
        await runCommand("audit", [...args, "--db", db, rpc, url]),
        await runCommand("audit", [...args, "--network", network, rpc, url]),
      ];
      expect([kept.code, kept.stderr]).to.deep.equal([0, ""]);
      expect(kept.stdout).to.equal(fresh.stdout);
      const none = await runCommand("audit", [...args, "--db", join(folder, "none.sqlite"), rpc, url]);
      expect([none.code, none.stderr.includes("none.sqlite")]).to.deep.equal([2, true]);
    });

    it("proves a settlement, which is checked without the chain", async () => {
      const { meter = 0n } = run.neighbourhood.homes.find(({ home }) => home === "seller") ?? {};
      const out = join(folder, "evidence.json");
      const place = [meter.toString(), run.firstSlot.toString()];
      expect(await audit("prove", "settlement", ...place, "--out", out)).to.deep.include({ code: 0, stderr: "" });
      const alone = await runCommand("audit", ["check", out]);
      expect([alone.code, alone.stderr]).to.deep.equal([0, ""]);
      expect(alone.stdout).to.include("if the blocks below are the chain's").and.include("SlotSettled");
      const wrong = await runCommand("audit", ["check", out, "--header", `0x${"12".repeat(32)}`]);
      expect(wrong.code).to.equal(1);
      expect(wrong.stderr).to.match(/^Refused: block \d+, trust: .*\n$/);
    });

    it("ends with exit code 2 on bad input, told once", async () => {
      const refused = async (named: string, ...args: string[]): Promise<void> => {
        const { code, stdout, stderr } = await runCommand("audit", args);
        expect([code, stdout], stderr).to.deep.equal([2, ""]);
        expect(stderr).to.include(named);
        expect(stderr).to.not.match(/^\s+at /m);
      };
      const [from = "", start = "", to = "", end = ""] = times();
      await refused("held no meter", "bill", chain.deployment.contracts.Arrears.address, ...times(), ...base);
      await refused("is empty", "bill", accountOf("seller"), from, end, to, start, ...base);
      await refused(
        "nothing of it was settled",
        "bill",
        accountOf("seller"),
        from,
        "2020-01-01T00:00:00Z",
        to,
        "2020-02-01T00:00:00Z",
        ...base,
      );
      await refused("--from", "bill", accountOf("seller"), from, "yesterday", to, end, ...base);
      await refused("cannot be used with", "bill", accountOf("seller"), ...times(), "--csv", "--html", ...base);
      await refused("stored no reading", "prove", "reading", "999", "7", "--out", join(folder, "none.json"), ...base);
      await refused("no evidence", "check", "package.json");
      await refused("can't be read", "check", join(folder, "nothing.json"));
    });
  });
});

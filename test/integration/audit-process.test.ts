import { existsSync } from "node:fs";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { expect } from "chai";

import { AuditDatabase } from "../../scripts/audit/indexer/database.js";
import { RECORD_TABLES } from "../../scripts/audit/indexer/record-tables.js";
import { serveRpc, type RpcServer } from "../../scripts/chains/rpc-server.js";
import { Random } from "../../scripts/inputs/index.js";
import type { Deployment } from "../../sdk/deployments/index.js";
import { AuditedRun, STAGES } from "../utils/audited-run.js";
import { honestAsk, type Lie } from "../utils/audit-endpoint.js";
import { runCommand, startCommand, type CommandResult, type RunningCommand } from "../utils/command.js";

/** `npm run test:long` kills it 100 times. */
const KILLS = process.env["COMMONWATT_LONG"] === "1" ? 100 : 4;
const SEED = 5;
/** Many small pages: an endpoint that gives no more blocks at once. */
const MOST_BLOCKS = 4;
const SLOWEST_MILLISECONDS = 2_500;

describe("`audit index` in a process of its own", function () {
  this.timeout(KILLS * 30_000 + 240_000);
  let run: AuditedRun;
  let folder: string;
  let server: RpcServer;
  let deployment: Deployment;
  let lie: Lie | undefined;
  let running: RunningCommand | undefined;

  before(async () => {
    run = await AuditedRun.open();
    for (const stage of STAGES.slice(0, 2)) await run.reach(stage);
    const ask = honestAsk(run.network);
    server = await serveRpc({ request: ({ method, params = [] }) => answer(method, params) }, 0);
    const answer = async (method: string, params: readonly unknown[]): Promise<unknown> => {
      const { fromBlock, toBlock } = (params[0] ?? {}) as { readonly fromBlock: string; readonly toBlock: string };
      if (method === "eth_getLogs" && Number(toBlock) - Number(fromBlock) >= MOST_BLOCKS) {
        throw Object.assign(new Error(`query exceeds max block range ${MOST_BLOCKS}`), { code: -32005 });
      }
      const truth = structuredClone(await ask(method, params));
      return lie === undefined ? truth : lie(method, truth, params);
    };
    folder = await mkdtemp(join(tmpdir(), "commonwatt-audit-"));
    ({ deployment } = run.network);
    await writeFile(file("network.json"), JSON.stringify(deployment));
  });
  afterEach(() => {
    lie = undefined;
    running?.child.kill("SIGKILL");
  });
  after(async () => {
    running?.child.kill("SIGKILL");
    await server.close();
    await rm(folder, { recursive: true });
    await run.close();
  });

  const file = (name: string): string => join(folder, name);
  const args = (name: string, network = "network.json"): string[] => {
    const where = ["--network", file(network), "--rpc", server.url, "--db", file(name)];
    return ["index", "--chain", "transaction", ...where];
  };
  const index = (name: string, ...more: readonly string[]): Promise<CommandResult> =>
    runCommand("audit", [...args(name), ...more]);

  /** Everything that a database holds. */
  function contentOf(name: string): unknown[] {
    const database = AuditDatabase.open(file(name), { mustExist: true });
    try {
      database.requireWhole("transaction");
      return ["meta", "cursors", "blocks", "transactions", "events", ...RECORD_TABLES].map((table) =>
        database.database.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all(),
      );
    } finally {
      database.close();
    }
  }

  it(`writes what it would have written when it is killed ${KILLS} times and goes on each time`, async () => {
    const reference = await index("reference.db");
    expect(reference.code, reference.stderr).to.equal(0);
    const right = contentOf("reference.db");
    const random = new Random(SEED).fork("kills");
    let killedInWork = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const more = kill % 2 === 0 ? ["--threads", "0"] : ["--threads", "2"];
      running = startCommand("audit", [...args("killed.db"), ...more]);
      let isRunning = true;
      void running.ended.then(() => (isRunning = false));
      // half of the kills come while it reads and writes, the others at any moment
      const isAwaited = random.between(0, 1) === 0;
      while (isAwaited && isRunning && !running.output().includes("block")) await pause(5);
      await pause(random.between(0, isAwaited ? 300 : SLOWEST_MILLISECONDS));
      running.child.kill("SIGKILL");
      await running.ended;
      if (!existsSync(file("killed.db"))) continue;
      const { isComplete, isBegun } = stateOf("killed.db", right);
      if (isBegun && !isComplete) killedInWork += 1;
      if (isComplete) await removeDatabase("killed.db");
    }
    const end = await index("killed.db");
    expect(end.code, end.stderr).to.equal(0);
    expect(contentOf("killed.db")).to.deep.equal(right);
    expect(killedInWork, "kills in the midst of it").to.be.greaterThan(0);
  });

  /** A killed process leaves the beginning of the right content, in whole pages. */
  function stateOf(
    name: string,
    right: readonly unknown[],
  ): { readonly isComplete: boolean; readonly isBegun: boolean } {
    const database = AuditDatabase.open(file(name));
    const isClaimed = database.deployment !== undefined;
    database.close();
    if (!isClaimed) return { isComplete: false, isBegun: false };
    const content = contentOf(name);
    for (let table = 2; table < content.length; table++) {
      const [found, all] = [content[table] as unknown[], right[table] as unknown[]];
      expect(found).to.deep.equal(all.slice(0, found.length));
    }
    const [found, all] = [content[1] as { readonly block: number }[], right[1] as { readonly block: number }[]];
    return { isComplete: found[0]?.block === all[0]?.block, isBegun: found.length > 0 };
  }

  async function removeDatabase(name: string): Promise<void> {
    for (const end of ["", "-wal", "-shm"]) await rm(file(name + end), { force: true });
  }

  const dropsLogs: Lie = (method, truth, params) => {
    if (method !== "eth_getLogs" || Number((params[0] as { fromBlock: string }).fromBlock) < 20) return truth;
    return (truth as unknown[]).slice(1);
  };

  for (const threads of ["0", "2"]) {
    it(`names an endpoint that drops logs, and keeps what was right before (--threads ${threads})`, async () => {
      const name = `lied-${threads}.db`;
      lie = dropsLogs;
      const { code, stderr } = await index(name, "--threads", threads);
      expect(stderr).to.match(/block \d+: eth_getLogs drops log \d+ of transaction 0x/);
      expect(code).to.equal(2);
      const [, cursors] = contentOf(name) as { readonly block: number }[][];
      expect(cursors?.[0]?.block).to.be.at.least(8);
      lie = undefined;
      const again = await index(name, "--threads", threads);
      expect(again.code, again.stderr).to.equal(0);
      expect(contentOf(name)).to.deep.equal(contentOf("reference.db"));
    });
  }

  it("refuses a database that was truncated, whatever is asked of it", async () => {
    await index("short.db");
    await truncate(file("short.db"), 200_000);
    for (const command of ["state", "verify"]) {
      const more = command === "verify" ? ["--rpc", server.url] : [];
      const { code, stderr } = await runCommand("audit", [command, "--db", file("short.db"), ...more]);
      expect(stderr, command).to.match(/short\.db: the database (is damaged|can't be opened)/);
      expect(code, command).to.equal(2);
    }
    const { code, stderr } = await index("short.db");
    expect(stderr).to.match(/short\.db: the database (is damaged|can't be opened)/);
    expect(code).to.equal(2);
  });

  for (const threads of ["0", "2"]) {
    it(`refuses a chain without seals by the option that wants them (--threads ${threads})`, async () => {
      const { chainId, genesisHash } = deployment.chains.transaction;
      const validators = [`0x${"5a".repeat(20)}`];
      const checkpoint = { version: 1, chainId, number: 0, hash: genesisHash, validators };
      await writeFile(file("checkpoint.json"), JSON.stringify(checkpoint));
      const seals = ["--seals", file("checkpoint.json"), "--threads", threads];
      const { code, stderr } = await index(`unsealed-${threads}.db`, ...seals);
      expect(stderr).to.match(/--seals: block \d+ of http.* has no QBFT seals/);
      expect(code).to.equal(2);
    });
  }

  it("refuses a file that is no trusted start, and makes no database", async () => {
    await writeFile(file("nothing.json"), "{}");
    const { code, stderr } = await index("no-start.db", "--seals", file("nothing.json"));
    expect(stderr).to.match(/nothing\.json: it is no checkpoint/);
    expect(code).to.equal(2);
    expect(existsSync(file("no-start.db"))).to.equal(false);
  });

  it("refuses a chain whose id changed, and writes nothing", async () => {
    lie = (method, truth) => (method === "eth_chainId" ? "0x1" : truth);
    const { code, stderr } = await index("other-id.db");
    expect(stderr).to.match(/chain/i);
    expect(code).to.equal(2);
    expect(existsSync(file("other-id.db"))).to.equal(false);
  });

  it("refuses another network's deployment file, and writes nothing", async () => {
    const other = structuredClone(deployment);
    other.chains.transaction.genesisHash = `0x${"12".repeat(32)}`;
    await writeFile(file("other.json"), JSON.stringify(other));
    const { code, stderr } = await runCommand("audit", args("other-network.db", "other.json"));
    expect(stderr).to.match(/genesis/i);
    expect(code).to.equal(2);
    expect(existsSync(file("other-network.db"))).to.equal(false);
  });

  it("refuses a database of another network, and leaves it as it was", async () => {
    const before = contentOf("reference.db");
    const other = structuredClone(deployment);
    other.chains.user.chainId += 1;
    await writeFile(file("other-user.json"), JSON.stringify(other));
    const { code, stderr } = await runCommand("audit", args("reference.db", "other-user.json"));
    expect(stderr).to.match(/reference\.db: it holds events of the user chain/);
    expect(code).to.equal(2);
    expect(contentOf("reference.db")).to.deep.equal(before);
  });
});

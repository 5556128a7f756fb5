import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";
import type { Block } from "ethers";

import { backupCommand } from "../../scripts/light-node/backup/command.js";
import { runCommandLine } from "../../scripts/run.js";
import { blockAccumulator } from "../../light/block-accumulator.js";
import { backupsOf, withdrawBackup } from "../../sdk/actions/backups.js";
import { suspend } from "../../sdk/actions/federation.js";
import { withSigner, type AnyChain } from "../../sdk/connect.js";
import { isCommonwattError } from "../../sdk/errors.js";
import { AccountantsStage } from "../utils/accountants.js";

/** The user chain has some 46 blocks. */
const SPAN = 32;

describe("npm run light-node -- backup, on a served network", function () {
  this.timeout(180_000);
  let stage: AccountantsStage;
  let folder: string;

  before(async () => {
    stage = await AccountantsStage.open();
    folder = await mkdtemp(join(stage.folder, "backup-"));
  });
  after(() => stage.close());

  interface Outcome {
    readonly code: number;
    readonly text: string;
    readonly problem: string;
  }

  async function run(...args: string[]): Promise<Outcome> {
    const lines: string[] = [];
    let problem = "";
    const code = await runCommandLine(
      backupCommand({}, (line) => lines.push(line)),
      args,
      (told) => (problem = String(told)),
    );
    return { code, text: lines.join("\n"), problem };
  }

  async function done(...args: string[]): Promise<string> {
    const { code, text, problem } = await run(...args);
    expect(problem, args.join(" ")).to.equal("");
    expect(code).to.equal(0);
    return text;
  }

  async function refused(...args: string[]): Promise<string> {
    const { code, text, problem } = await run(...args);
    expect(code, text).to.equal(2);
    expect(text).to.equal("");
    return problem;
  }

  async function blockAt(chain: AnyChain, number: number | "latest"): Promise<Block> {
    return (await chain.provider.getBlock(number)) ?? expect.fail("no block");
  }

  /** The last block of the backup, as `--trusted` takes it. */
  async function trusted(number: number): Promise<string> {
    return `${number}:${(await blockAt(stage.chain, number)).hash ?? ""}`;
  }

  for (const kind of ["transaction", "user"] as const) {
    it(`backs up the ${kind} chain, whose node has none of Besu's methods, and verifies it`, async () => {
      const chain = stage.network[kind];
      const { number: head, hash } = await blockAt(chain, "latest");
      const out = join(folder, kind);
      const where = ["--network", stage.file, "--chain", kind, "--out", out];
      const text = await done("create", ...where, "--span", String(SPAN));
      expect(text).to.contain(`Blocks 0 to ${head} of chain ${chain.deployment.chainId}`);
      expect(await readdir(out)).to.have.length(Math.floor(head / SPAN) + 1);
      const again = await done("create", ...where, "--span", String(SPAN), "--to", String(head));
      expect(again).to.contain("0 files written");
      const known = ["--in", out, "--trusted", `${head}:${hash ?? ""}`];
      expect(await done("verify", ...known)).to.contain(`Blocks 0 to ${head} of chain`);
      const { transactions, files } = JSON.parse(await done("verify", ...known, "--json")) as {
        transactions: number;
        files: { from: number; to: number; root: string }[];
      };
      expect(transactions).to.be.greaterThan(head / 2);
      const last = files.at(-1) ?? expect.fail("no file");
      const hashes: string[] = [];
      for (let at = last.from; at <= last.to; at++) hashes.push((await blockAt(chain, at)).hash ?? "");
      expect(last.root).to.equal(blockAccumulator(hashes));
    });
  }

  it("tells who keeps copies, and warns where there are too few", async () => {
    const head = SPAN * 2 - 1;
    const out = join(folder, "copies");
    const network = ["--network", stage.file];
    await done("create", ...network, "--out", out, "--span", String(SPAN), "--to", String(head));
    const known = ["--in", out, "--trusted", await trusted(head)];
    const status = (): Promise<string> => done("status", ...network, ...known);
    const before = await status();
    // four accountants seal: one may fail
    expect(before).to.contain(`blocks 0 to ${head}: each should have 2 full copies`);
    expect(before).to.contain(`WARNING: blocks 0 to ${head}: 0 copies`);

    const { accountant1, accountant2 } = stage.network.operators.transaction;
    const first = await done("publish", ...network, ...known, "--as", "accountant1");
    expect(first).to.contain("2 of them were new on chain");
    expect(await done("publish", ...network, ...known, "--as", "accountant1")).to.contain("0 of them were new");
    expect(await status()).to.contain(`WARNING: blocks 0 to ${head}: 1 copy (${accountant1.address})`);

    await done("publish", ...network, ...known, "--as", "accountant2");
    const two = await status();
    expect(two).to.not.contain("WARNING");
    expect(two).to.contain(`blocks 0 to ${head}: 2 copies`);
    expect(await done("status", ...network, ...known, "--min", "3")).to.contain(
      `WARNING: blocks 0 to ${head}: 2 copies`,
    );

    await withdrawBackup(stage.as(accountant2), { from: 10n, to: 20n });
    const { ranges } = JSON.parse(await done("status", ...network, ...known, "--json")) as {
      ranges: { from: number; to: number; members: string[] }[];
    };
    expect(ranges.map(({ from, to, members }) => [from, to, members.length])).to.deep.equal([
      [0, 9, 2],
      [10, 20, 1],
      [21, head, 2],
    ]);
    // the file that holds what was withdrawn is published again
    expect(await done("publish", ...network, ...known, "--as", "accountant2")).to.contain("1 of them were new");
    await suspend(stage.council, { account: accountant2.address, until: (await timeNow()) + 60n });
    expect(await status()).to.contain(`blocks 0 to ${head}: 1 copy`);
    await stage.mine("transaction", 1n, 120n);
  });

  it("names a member whose blocks are others", async () => {
    const { accountant3 } = stage.network.operators.transaction;
    const root = `0x${"77".repeat(32)}`;
    const chain = stage.as(accountant3);
    await chain.contracts.backupRegister
      .publish([{ from: 0, to: 9, root }], chain.defaults)
      .then((sent) => sent.wait());
    const out = join(folder, "copies");
    const text = await done("status", "--network", stage.file, "--in", out, "--trusted", await trusted(SPAN * 2 - 1));
    expect(text).to.contain(`WARNING: ${accountant3.address} published ${root} for blocks 0 to 9`);
  });

  it("an endpoint that leaves out an event is found out", async () => {
    const honest = stage.chain.provider;
    const provider = new Proxy(honest, {
      get(target, name) {
        if (name === "getLogs") return async (filter: never) => (await honest.getLogs(filter)).slice(1);
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
    const problem: unknown = await backupsOf({ ...stage.chain, provider }).catch((error: unknown) => error);
    expect(isCommonwattError(problem, "BackupHistoryMismatch")).to.equal(true);
    expect((await backupsOf(stage.chain)).length).to.equal(3);
  });

  it("refuses bad input by name, with exit code 2", async () => {
    const network = ["--network", stage.file];
    const out = join(folder, "copies");
    expect(await refused("create", "--out", out)).to.match(/--rpc: no node is named/);
    expect(await refused("create", "--rpc", "http://127.0.0.1:9", "--out", out)).to.match(/eth_chainId fails/);
    const foreign = await refused("create", ...network, "--chain", "user", "--out", out);
    expect(foreign).to.match(/is of chain \d+, and the node follows chain/);
    expect(await refused("create", ...network, "--out", join(folder, "new"), "--from", "9", "--to", "8")).to.match(
      /blocks 9 to 8 can't be backed up/,
    );
    expect(await refused("verify", "--in", out)).to.match(/--trusted: nothing is given/);
    const known = ["--trusted", await trusted(SPAN * 2 - 1)];
    expect(await refused("verify", "--in", join(folder, "nowhere"), ...known)).to.match(/there is no archive file/);
    expect((await run("verify", "--in", out, "--trusted", "12")).code).to.equal(2);
    expect(await refused("status", ...network, "--chain", "user", "--in", out, ...known)).to.match(
      /the files are of chain \d+/,
    );
    const [name = ""] = (await readdir(out)).sort();
    const bytes = await readFile(join(out, name));
    bytes[5_000] = (bytes[5_000] ?? 0) ^ 4;
    const broken = join(folder, "broken");
    await done("create", ...network, "--out", broken, "--span", String(SPAN), "--to", String(SPAN * 2 - 1));
    await writeFile(join(broken, name), bytes);
    for (const command of ["verify", "restore", "publish"]) {
      const more = command === "restore" ? ["--out", join(folder, "blocks.rlp")] : [];
      const signed = command === "publish" ? [...network, "--as", "accountant4"] : [];
      const problem = await refused(command, "--in", broken, ...known, ...more, ...signed);
      expect(problem).to.match(new RegExp(`${name}: damaged at byte \\d+`));
    }
    expect(await readdir(folder)).to.not.include("blocks.rlp");
  });

  it("restores the blocks into a file, and says how they are imported", async () => {
    const [out, file] = [join(folder, "copies"), join(folder, "blocks.rlp")];
    const text = await done("restore", "--in", out, "--trusted", await trusted(SPAN * 2 - 1), "--out", file);
    expect(text).to.contain("blocks import --format=RLP");
    expect((await readFile(file)).length).to.be.greaterThan(SPAN * 2 * 500);
    const without = await refused(
      "restore",
      "--in",
      out,
      "--trusted",
      await trusted(SPAN * 2 - 1),
      "--out",
      file,
      "--besu",
      "/x",
    );
    expect(without).to.match(/Besu imports only with --genesis and --data-path/);
    await rm(file);
  });

  async function timeNow(): Promise<bigint> {
    return BigInt((await blockAt(stage.chain, "latest")).timestamp);
  }

  it("the same functions serve both chains", async () => {
    expect(await backupsOf(stage.network.user)).to.deep.equal([]);
    const { accountant1 } = stage.network.operators.user;
    const user = withSigner(stage.network.user, accountant1);
    const head = await user.provider.getBlockNumber();
    const known = ["--trusted", `${head}:${(await blockAt(user, head)).hash ?? ""}`];
    const where = ["--network", stage.file, "--chain", "user"];
    const out = join(folder, "user");
    await done("create", ...where, "--out", out, "--to", String(head));
    expect(await done("publish", ...where, "--in", out, ...known, "--as", "accountant1")).to.contain(
      "Published: blocks 0",
    );
    expect((await backupsOf(user)).map(({ member }) => member)).to.deep.equal([accountant1.address]);
  });
});

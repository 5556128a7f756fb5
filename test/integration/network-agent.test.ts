import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { getAddress } from "ethers";

import { alwaysListed, ALWAYS_FILE } from "../../scripts/network/agent/always.js";
import { networkCommand } from "../../scripts/network/command.js";
import { Agents } from "../../scripts/network/engine/agents.js";
import { partsOf } from "../../scripts/network/engine/parts.js";
import { nodeFolder, nodeOnChain, readNetworkFile } from "../../scripts/network/network-file.js";
import { operatorAddresses } from "../../scripts/network/operators.js";
import { PASSWORD_FILE_VARIABLE } from "../../scripts/network/password.js";
import { runCommandLine } from "../../scripts/run.js";
import { failureOf } from "../utils/fake-site.js";

const PASSWORD = "a long enough one";
const SOMEBODY = getAddress(`0x${"ab".repeat(20)}`);

describe("npm run network -- agent", function () {
  this.timeout(300_000);
  let folder: string;
  let dir: string;
  let passwordFile: string;

  /** What the command said, and its exit code. */
  async function run(...args: string[]): Promise<{ code: number; problem: string }> {
    let problem = "";
    const program = networkCommand(() => undefined, {});
    const code = await runCommandLine(program, args, (told) => (problem = String(told)));
    return { code, problem };
  }

  const agent = (...args: string[]) =>
    run("agent", "--dir", dir, "--chain", "user", "--deployment", join(folder, "none.json"), ...args);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-agent-"));
    dir = join(folder, "network");
    passwordFile = join(folder, "password");
    await writeFile(passwordFile, `${PASSWORD}\n`);
    const options = ["--seed", "1", "--accountants", "4", "--standby", "0", "--chains", "user"];
    const made = await run("init", ...options, "--out", dir, "--password-file", passwordFile);
    expect(made).to.deep.equal({ code: 0, problem: "" });
  });

  after(() => rm(folder, { recursive: true }));

  it("names a node that there is not, a wrong password, a file that is no list, and a network that is not there", async () => {
    const password = ["--password-file", passwordFile];
    const unknown = await agent("--node", "accountant9", ...password);
    expect(unknown.code).to.equal(2);
    expect(unknown.problem).to.include("accountant9").and.include("Known: accountant1");

    const wrong = join(folder, "wrong");
    await writeFile(wrong, "another one, also long\n");
    const refused = await agent("--node", "accountant1", "--password-file", wrong);
    expect(refused.code).to.equal(2);
    expect(refused.problem).to.include("user-accountant1-agent.key.json").and.not.include("another one");

    const list = join(folder, "always.json");
    await writeFile(list, JSON.stringify({ user: [{ account: "0x12", why: "short" }] }));
    const invalid = await agent("--node", "accountant1", "--always", list, ...password);
    expect(invalid.code).to.equal(2);
    expect(invalid.problem).to.include(list).and.include("user.0.account");

    const none = join(folder, "none.json");
    const undeployed = await run("announce", "--dir", dir, "--deployment", none, ...password);
    expect(undeployed.code).to.equal(2);
    expect(undeployed.problem).to.include(`${none}: there is no deployment file`).and.include("--deployment");

    const nowhere = await run("agent", "--dir", join(folder, "nowhere"), "--node", "accountant1", "--chain", "user");
    expect(nowhere.code).to.equal(2);
    expect(nowhere.problem).to.include("there is no network here");
  });

  it("outlives the command that starts it, and is handed the password in memory for its start alone", async () => {
    const network = await readNetworkFile(dir);
    const memory = await mkdtemp(join(folder, "memory-"));
    const environment = { ...process.env, XDG_RUNTIME_DIR: memory, [PASSWORD_FILE_VARIABLE]: passwordFile };
    const agents = new Agents({ dir, deployment: join(folder, "none.json"), environment });
    const [part] = partsOf(network);
    if (part === undefined) throw new Error("no part");
    try {
      expect(await agents.start(part, PASSWORD)).to.equal(true);
      expect(await agents.start(part, PASSWORD), "it runs already").to.equal(false);
      const left = await readdir(memory, { recursive: true, withFileTypes: true });
      expect(left.filter((entry) => entry.isFile()).map(({ name }) => name)).to.deep.equal([]);
      const log = await readFile(join(nodeFolder(dir, part.node, part.chain), "agent.log"), "utf8");
      expect(log).to.include("not deployed yet").and.not.include(PASSWORD);
      const { pid } = JSON.parse(await readFile(join(nodeFolder(dir, part.node, part.chain), "agent.pid"), "utf8")) as {
        pid: number;
      };
      const { agentMetricsPort } = nodeOnChain(part.node, part.chain);
      const health = await fetch(`http://127.0.0.1:${agentMetricsPort}/health`);
      expect(health.status, "it has not seen its node's lists").to.equal(503);
      if (process.platform !== "linux") return;
      for (const file of ["cmdline", "environ"]) {
        expect(await readFile(`/proc/${pid}/${file}`, "utf8"))
          .to.not.include(PASSWORD)
          .and.not.include(passwordFile);
      }
    } finally {
      await agents.stop(part);
    }
    expect(await agents.isRunning(part)).to.equal(false);
  });

  it("is no agent that was started when it ends at once, and says why", async () => {
    const network = await readNetworkFile(dir);
    const [part] = partsOf(network);
    if (part === undefined) throw new Error("no part");
    const { agentMetricsPort } = nodeOnChain(part.node, part.chain);
    const server = createServer();
    await new Promise<void>((go) => server.listen(agentMetricsPort, "127.0.0.1", go));
    const agents = new Agents({ dir, environment: { ...process.env, XDG_RUNTIME_DIR: folder } });
    try {
      const words = await failureOf(agents.start(part, PASSWORD));
      expect(words).to.match(new RegExp(`its permission agent ended; .*port ${agentMetricsPort}: can't listen`, "s"));
      expect(await agents.isRunning(part)).to.equal(false);
    } finally {
      server.close();
    }
  });

  it("always lists the operators, whom init writes into a file, or those whom the folder's file names instead; never organisations", async () => {
    const addresses = await operatorAddresses(dir, "user");
    const operators = [addresses.get("deployer"), addresses.get("council")];
    expect(await alwaysListed(dir, "user")).to.deep.equal(operators);
    await writeFile(join(dir, ALWAYS_FILE), JSON.stringify({ user: [{ account: SOMEBODY, why: "watcher" }] }));
    expect(await alwaysListed(dir, "user")).to.deep.equal([SOMEBODY]);
    expect(await alwaysListed(dir, "transaction")).to.deep.equal([]);
    await rm(join(dir, ALWAYS_FILE));
    // nobody is guessed: a host has its own node's keystores alone, and would take the council off its list
    const refused = await agent("--node", "accountant1", "--password-file", passwordFile);
    expect(refused.code).to.equal(2);
    expect(refused.problem).to.match(/always-listed\.json: it can't be read .*Bring the file that init wrote/);
  });
});

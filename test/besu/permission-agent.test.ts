/** The agent's lists on a real Besu node; the contracts are simulated ones. `BESU` names the client, else PATH's `besu`. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { Wallet } from "ethers";

import { canonicalEnode } from "../../sdk/admittance/enode.js";
import { canonicalAccounts } from "../../sdk/admittance/lists.js";
import { BesuNode } from "../../scripts/network/agent/besu-node.js";
import { changeList } from "../../scripts/network/agent/allow-list.js";
import { oneRound } from "../../scripts/network/agent/loop.js";
import { NodeRpc } from "../../scripts/network/engine/node-rpc.js";
import { MemberRole } from "../../sdk/enums.js";
import { AdmittanceStage, type ModelNode } from "../utils/admittance.js";
import { twoFreePorts } from "../utils/ports.js";

const client = process.env["BESU"] ?? "besu";
const isThere = spawnSync(client, ["--version"], { stdio: "ignore" }).status === 0;

async function startBesu(
  folder: string,
  ports: { p2p: number; rpc: number },
): Promise<{ child: ChildProcess; rpc: NodeRpc }> {
  const permissions = join(folder, "permissions.toml");
  await writeFile(permissions, "accounts-allowlist=[]\nnodes-allowlist=[]\n");
  await writeFile(join(folder, "node.key"), Wallet.createRandom().privateKey);
  const args = [
    "--genesis-file=test/fixtures/besu-qbft/genesis.json",
    `--data-path=${join(folder, "data")}`,
    `--node-private-key-file=${join(folder, "node.key")}`,
    `--p2p-port=${ports.p2p}`,
    ...["--p2p-host=127.0.0.1", "--p2p-interface=127.0.0.1", "--discovery-enabled=false", "--nat-method=NONE"],
    ...["--rpc-http-enabled", "--rpc-http-host=127.0.0.1", `--rpc-http-port=${ports.rpc}`, "--rpc-http-api=ADMIN,PERM"],
    ...["--host-allowlist=127.0.0.1", "--min-gas-price=0", "--sync-mode=FULL"],
    ...["--permissions-accounts-config-file-enabled", `--permissions-accounts-config-file=${permissions}`],
    ...["--permissions-nodes-config-file-enabled", `--permissions-nodes-config-file=${permissions}`],
  ];
  const child = spawn(client, args, { stdio: "ignore" });
  const rpc = new NodeRpc(`http://127.0.0.1:${ports.rpc}`, () => Promise.resolve("none"), undefined, 15_000);
  for (let tries = 0; ; tries++) {
    const isUp = await rpc.call("perm_getNodesAllowlist").then(
      () => true,
      () => false,
    );
    if (isUp) return { child, rpc };
    if (tries === 120 || child.exitCode !== null) throw new Error("besu did not come up");
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

describe("permission agent on a real node", function () {
  this.timeout(600_000);
  let folder: string;
  let running: Awaited<ReturnType<typeof startBesu>> | undefined;
  let stage: AdmittanceStage | undefined;

  before(async function () {
    if (!isThere) return this.skip(); // neither BESU nor PATH has a client
    folder = await mkdtemp(join(tmpdir(), "commonwatt-besu-"));
    const port = await twoFreePorts();
    running = await startBesu(folder, { p2p: port, rpc: port + 1 });
    stage = await AdmittanceStage.open(new BesuNode(running.rpc));
  });

  after(async () => {
    await stage?.close();
    running?.child.kill("SIGKILL");
    if (folder !== undefined) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  it("brings the lists to what the contracts say, adds and removes, and finds nothing more to do", async () => {
    if (stage === undefined || running === undefined) throw new Error("nothing runs");
    const besu = new BesuNode(running.rpc);
    const listed = async () => ({
      accounts: canonicalAccounts(await besu.accounts.read()),
      nodes: [...(await besu.nodes.read())].sort(),
    });
    await oneRound(stage.loop);
    expect(stage.vitals.trouble).to.equal(undefined);
    expect(await listed()).to.deep.equal(await stage.expected());
    const member = await stage.admitMember(stage.newKey("member"), [MemberRole.Supplier]);
    const users = [await stage.admitUser(), await stage.admitUser()];
    const ipv6: ModelNode = { wallet: stage.newKey("node"), member, agent: member, ip: "2001:db8::1", port: 30_303 };
    const ipv4: ModelNode = { wallet: stage.newKey("node"), member, agent: member, ip: "192.0.2.7", port: 1 };
    await stage.announce(ipv6);
    await stage.announce(ipv4);
    await oneRound(stage.loop);
    const { nodes } = await listed();
    expect(nodes, "Besu writes them as we do").to.deep.equal(nodes.map(canonicalEnode));
    expect(nodes.filter((node) => node.includes("@[2001:db8::1]:30303"))).to.have.length(1);
    const account = stage.accountOf(member);
    const user = users[0] === undefined ? undefined : stage.accountOf(users[0]);
    if (account === undefined || user === undefined) throw new Error("the stage lost an account");
    await stage.expel(account);
    await stage.suspend(user, stage.now + 1_000n);
    await oneRound(stage.loop);
    expect(await listed()).to.deep.equal(await stage.expected());
    const { round } = stage.vitals;
    expect(round?.nodes.removed).to.have.length(2);
    stage.loop.agent.lookAnew();
    await oneRound(stage.loop);
    expect(stage.vitals.round?.accounts.added.length).to.equal(0);
    expect(stage.vitals.failures).to.equal(0);
  });

  it("refuses whole calls as the fake does, and the agent gets past", async () => {
    if (running === undefined) throw new Error("nothing runs");
    const { accounts } = new BesuNode(running.rpc);
    const [first = ""] = await accounts.read();
    const strangers = ["1", "2", "3"].map((digit) => `0x${digit.repeat(40)}`);
    const { refused, isFileBehind } = await changeList([...strangers, first], (entries) => accounts.add(entries));
    expect([...refused.keys()]).to.deep.equal([first]);
    expect(refused.get(first)).to.include("Cannot add an existing account to allowlist");
    expect(isFileBehind).to.equal(false);
    expect(await accounts.read()).to.include.members(strangers);
    await writeFile(join(folder, "permissions.toml"), "accounts-allowlist=[]\nnodes-allowlist=[]\n");
    const behind = await changeList(strangers, (entries) => accounts.remove(entries));
    expect(behind).to.deep.include({ isFileBehind: true });
    expect(behind.refused.size).to.equal(0);
    expect(await accounts.read()).not.to.include.members(strangers);
  });
});

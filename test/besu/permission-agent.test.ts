/** The agent's lists on a real Besu node; the contracts are simulated ones. `BESU` names the client, else PATH's `besu`. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { canonicalEnode } from "../../sdk/admittance/enode.js";
import { canonicalAccounts } from "../../sdk/admittance/lists.js";
import { BesuNode } from "../../scripts/network/agent/besu-node.js";
import { changeList } from "../../scripts/network/agent/allow-list.js";
import { oneRound } from "../../scripts/network/agent/loop.js";
import { findBesu } from "../../scripts/network/engine/process-engine.js";
import { MemberRole } from "../../sdk/enums.js";
import { AdmittanceStage, type ModelNode } from "../utils/admittance.js";
import type { BareNode } from "../../scripts/bench-besu/bare-node.js";
import { ownNode, whyNoBesu } from "../utils/besu-network.js";

describe("permission agent on a real node", function () {
  this.timeout(600_000);
  let folder: string;
  let running: BareNode | undefined;
  let stage: AdmittanceStage | undefined;

  before(async function () {
    const reason = await whyNoBesu();
    if (reason !== undefined || (await findBesu(process.env)) === undefined) return this.skip();
    folder = await mkdtemp(join(tmpdir(), "commonwatt-besu-"));
    running = await ownNode({ folder, genesis: "test/fixtures/besu-qbft/genesis.json", permissioned: true });
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
    await writeFile(running.permissions, "accounts-allowlist=[]\nnodes-allowlist=[]\n");
    const behind = await changeList(strangers, (entries) => accounts.remove(entries));
    expect(behind).to.deep.include({ isFileBehind: true });
    expect(behind.refused.size).to.equal(0);
    expect(await accounts.read()).not.to.include.members(strangers);
  });
});

/** What the permission agent does when something is in its way, without a chain. */
import { expect } from "chai";
import { pino } from "pino";

import type { PermissionAgent, Round } from "../../scripts/network/agent/agent.js";
import { ListAttester } from "../../scripts/network/agent/attester.js";
import { newVitals, oneRound } from "../../scripts/network/agent/loop.js";
import { agentHealth } from "../../scripts/network/agent/metrics.js";
import { PeerKeeper } from "../../scripts/network/agent/peers.js";
import { NodeRefused } from "../../scripts/network/engine/node-rpc.js";
import type { AnyChain } from "../../sdk/connect.js";

const SELF = `0x${"11".repeat(20)}`;
const AGENT = `0x${"22".repeat(20)}`;

describe("a permission agent in trouble", () => {
  it("looks at everything anew after a round that failed: its node may have been restarted", async () => {
    let looks = 0;
    const agent = {
      round: () => Promise.reject(new Error("away")),
      lookAnew: () => void (looks += 1),
    } as unknown as PermissionAgent;
    const vitals = newVitals();
    const attester = {} as ListAttester;
    const signal = new AbortController().signal;
    await oneRound({ agent, attester, vitals, log: pino({ level: "silent" }), pollMilliseconds: 1, signal });
    expect([looks, vitals.failures, vitals.trouble]).to.deep.equal([1, 1, "away"]);
  });

  it("is ill after five rounds that failed, though the last one that did not was well", () => {
    const lists = { missing: [], excess: [] };
    const round = { accounts: lists, nodes: lists, isStale: false } as unknown as Round;
    const healthAfter = (failures: number): string => agentHealth({ ...newVitals(), round, failures }).status;
    expect([0, 4, 5].map(healthAfter)).to.deep.equal(["ok", "ok", "failing"]);
  });

  it("adds other peers where the node refuses one, and gives up where it is away", async () => {
    const asked: string[] = [];
    let refusal: Error = new NodeRefused("http://127.0.0.1:1", "admin_addPeer", "not permitted");
    const addPeer = (enode: string): Promise<void> => {
      asked.push(enode);
      return asked.length === 1 ? Promise.reject(refusal) : Promise.resolve();
    };
    const node = { addPeer, peers: () => Promise.resolve([]) };
    const enodes = ["a", "b"].map((digit) => `enode://${digit.repeat(128)}@10.0.0.1:1`);
    const state = await new PeerKeeper(node, () => 0).keep(enodes);
    expect(state.added).to.deep.equal(enodes.slice(1));
    asked.splice(0);
    refusal = new Error("away");
    const failed: unknown = await new PeerKeeper(node, () => 0).keep(enodes).catch((error: unknown) => error);
    expect([failed, asked]).to.deep.equal([refusal, enodes.slice(0, 1)]);
  });

  it("attests nothing while the chain's head is old, nor for a node that is not its own", async () => {
    const lists = { missing: [], excess: [], inForce: [] };
    const entry = { node: SELF, agent: AGENT, member: SELF, counts: true };
    const roundWith = (isStale: boolean, changes: object = {}): Round =>
      ({
        admitted: { head: { number: 7, timestamp: 1n }, nodes: [{ ...entry, ...changes }] },
        accounts: lists,
        nodes: lists,
        isStale,
      }) as unknown as Round;
    const attester = new ListAttester({} as AnyChain, AGENT, SELF, () => 1e12); // a chain that can't be asked
    expect(await attester.after(roundWith(true))).to.deep.equal({ kind: "not due" });
    for (const changes of [{ node: AGENT }, { agent: SELF }, { counts: false }]) {
      expect(await attester.after(roundWith(false, changes))).to.have.property("kind", "not possible");
    }
    const asked = await attester.after(roundWith(false)).catch(() => "the chain is asked");
    expect(asked).to.equal("the chain is asked");
  });
});

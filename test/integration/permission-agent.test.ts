import { expect } from "chai";

import { drift } from "../../scripts/network/agent/drift.js";
import { isEqual, PermissionAgent } from "../../scripts/network/agent/agent.js";
import { followed } from "../../scripts/network/agent/followed.js";
import { agentHealth, agentMetrics } from "../../scripts/network/agent/metrics.js";
import { oneRound, patienceAfter } from "../../scripts/network/agent/loop.js";
import { Random } from "../../scripts/inputs/random.js";
import { nodeAddressOf } from "../../sdk/admittance/enode.js";
import { attestationOf, attestLists } from "../../sdk/actions/nodes.js";
import { digestsOf } from "../../sdk/admittance/lists.js";
import { withSigner } from "../../sdk/connect.js";
import { AdmittanceStage, enodeText, type ModelNode } from "../utils/admittance.js";
import type { Fault, Lists, Taken } from "../utils/fake-node.js";

const DAY = 86_400n;
const SEEDS = [1, 2, 3, 4];
const STEPS = 50;
/** Steps that come more often than once in a turn: without them few accountants ever change. */
const WEIGHTS: Readonly<Record<string, number>> = { "admit a member": 2, announce: 3, "change the set in force": 3 };

/** A step of a random history; some have nothing to do at times. */
type Step = (stage: AdmittanceStage, random: Random) => Promise<void>;

const pick = <Item>(items: readonly Item[], random: Random): Item | undefined =>
  items.length === 0 ? undefined : items[random.between(0, items.length - 1)];

/** Who may be suspended and expelled: not the registrar, whose user admissions the test needs. */
const movable = (stage: AdmittanceStage) =>
  stage.accounts.filter(({ wallet, isExpelled }) => !isExpelled && wallet.address !== stage.own.member.address);

const STEPS_BY_NAME: Readonly<Record<string, Step>> = {
  "admit a user": async (stage) => void (await stage.admitUser()),
  "admit a member": async (stage) => void (await stage.admitMember(stage.newKey("member"))),
  suspend: async (stage, random) => {
    const account = pick(movable(stage), random);
    if (account !== undefined) await stage.suspend(account, stage.now + BigInt(random.between(10, 500)));
  },
  reinstate: async (stage, random) => {
    const account = pick(
      movable(stage).filter((one) => !stage.isActive(one)),
      random,
    );
    // its end may have come with the block that would reinstate it
    if (account !== undefined && stage.now + 5n < account.suspendedUntil) await stage.reinstate(account);
  },
  expel: async (stage, random) => {
    const account = pick(movable(stage), random);
    if (account !== undefined) await stage.expel(account);
  },
  announce: async (stage, random) => {
    const member = pick(
      stage.accounts.filter((one) => one.isMember && stage.isActive(one)),
      random,
    );
    if (member === undefined || (await stage.chain.contracts.nodeDirectory.nodeCountOf(member.wallet.address)) >= 8n)
      return;
    const agent = random.chance(0.3) ? (pick(stage.accounts, random)?.wallet ?? member.wallet) : stage.newKey("agent");
    const ip = `10.1.${random.between(0, 255)}.${random.between(1, 255)}`;
    await stage.announce({
      wallet: stage.newKey("node"),
      member: member.wallet,
      agent,
      ip,
      port: random.between(1, 65_535),
    });
  },
  "move a node": async (stage, random) => {
    const node = pick(ofActive(stage), random);
    if (node === undefined) return;
    node.port = random.between(1, 65_535);
    await stage.announce(node);
  },
  withdraw: async (stage, random) => {
    const node = pick(stage.nodes, random);
    // its own node's announcement names who attests
    if (node !== undefined && node !== stage.own) await stage.withdraw(node);
  },
  "change the set in force": async (stage, random) => {
    for (const node of ofActive(stage).slice(0, 8)) await stage.stand(node);
    await stage.elect((candidates) => {
      const numbers = Array.from({ length: candidates }, (_, index) => BigInt(index + 1));
      const named = random.shuffled(numbers).slice(0, 3);
      return named.sort((a, b) => (a < b ? -1 : 1));
    });
  },
  "let time pass": (stage, random) => stage.moveTo(stage.now + BigInt(random.between(1, 300))),
  "restart the node": (stage) => Promise.resolve(stage.node.restart()),
  "make the node forget": (stage, random) => {
    stage.node.diverge(divergedFrom(stage.node.lists, random));
    return Promise.resolve(stage.node.restart());
  },
  "edit the node's file": (stage, random) =>
    Promise.resolve(stage.node.editFile(divergedFrom(stage.node.lists, random))),
  "let the node fail": (stage, random) => {
    const faults: Fault[] = ["lost request", "lost answer", "half", "not persisted"];
    for (let count = random.between(1, 4); count > 0; count--) stage.node.faults.push(pick(faults, random) ?? "half");
    return Promise.resolve();
  },
  "let the agent work": (stage) => oneRound(stage.loop),
};

const ofActive = (stage: AdmittanceStage): ModelNode[] =>
  stage.nodes.filter(({ member }) => {
    const account = stage.accountOf(member);
    return account !== undefined && stage.isActive(account);
  });

/** Some entries are gone and some are strange; nodes in force are what the test watches, and stay. */
function divergedFrom({ accounts, nodes }: Lists, random: Random): Lists {
  return {
    accounts: [...accounts.filter(() => random.chance(0.7)), `0x${random.uint32().toString(16).padStart(40, "e")}`],
    nodes: [...nodes, `enode://${random.uint32().toString(16).padStart(128, "c")}@10.9.9.9:1`],
  };
}

describe("permission agent", function () {
  this.timeout(600_000);
  let stage: AdmittanceStage;

  beforeEach(async () => {
    stage = await AdmittanceStage.open();
  });

  afterEach(() => stage.close());

  const listed = (): Lists => ({
    accounts: [...stage.node.lists.accounts].sort(),
    nodes: [...stage.node.lists.nodes].sort(),
  });

  const inForce = async ({ chain }: AdmittanceStage): Promise<string[]> =>
    [...(await chain.contracts.accountantElection.getValidators())].sort();
  const names = Object.keys(STEPS_BY_NAME).flatMap((name) => new Array<string>(WEIGHTS[name] ?? 1).fill(name));
  /** All sets that were in force in one of the histories. */
  const sets = new Set<string>();
  const kept: string[] = [];

  for (const seed of SEEDS) {
    it(`ends with the lists that the contracts say, and never drops a node in force (history ${seed})`, async () => {
      const random = new Random(seed);
      const dropped: string[] = [];
      stage.node.onTaken = async ({ list, before, after }: Taken) => {
        if (list !== "nodes") return;
        const set = await inForce(stage);
        const gone = before.filter((entry) => !after.includes(entry) && set.includes(nodeAddressOf(entry) ?? ""));
        // a node in force that moved is listed under its new address already
        const isListed = (entry: string): boolean =>
          after.some((other) => nodeAddressOf(other) === nodeAddressOf(entry));
        dropped.push(...gone.filter((entry) => !isListed(entry)));
      };
      await stage.settle();
      for (let step = 0; step < STEPS; step++) {
        const name = pick(names, random) ?? "";
        await STEPS_BY_NAME[name]?.(stage, random);
        if (random.chance(0.4)) await oneRound(stage.loop);
        await inForce(stage).then((set) => sets.add(set.join()));
      }
      stage.node.faults.length = 0;
      await stage.settle();
      const { accounts, nodes } = listed();
      // nodes in force whose member withdrew them: no contract knows them, and they stay while they are in force
      const unannounced = (await inForce(stage)).filter((node) =>
        stage.nodes.every((one) => one.wallet.address !== node),
      );
      const announced = nodes.filter((entry) => !unannounced.includes(nodeAddressOf(entry) ?? ""));
      expect({ accounts, nodes: announced }).to.deep.equal(await stage.expected());
      kept.push(...nodes.filter((entry) => !announced.includes(entry)));
      expect(dropped).to.deep.equal([]);
      const { round } = stage.vitals;
      expect(round !== undefined && isEqual(round)).to.equal(true);
      // all listed nodes but its own are peers
      const others = listed().nodes.filter((entry) => entry !== enodeText(stage.own));
      expect(others.filter((entry) => !stage.node.peers.has(entry))).to.deep.equal([]);
    });
  }

  it("had sets of accountants come and go in those histories", () => {
    expect(sets.size).to.be.above(SEEDS.length);
    expect(kept, "nodes in force that were withdrawn").not.to.have.length(0);
  });

  it("adds before it removes, over both lists", async () => {
    const leaving = await stage.admitUser();
    await stage.settle();
    const account = stage.accountOf(leaving);
    if (account === undefined) throw new Error("the stage lost an account");
    await stage.expel(account);
    await stage.admitUser();
    stage.own.port = 30_304;
    await stage.announce(stage.own); // moved: an addition and a removal of the node list
    stage.node.taken.length = 0;
    await oneRound(stage.loop);
    const kinds = stage.node.taken.map(({ list, kind }) => `${kind} ${list}`);
    expect(kinds).to.deep.equal(["add accounts", "add nodes", "remove accounts", "remove nodes"]);
    expect(listed()).to.deep.equal(await stage.expected());
  });

  it("keeps a suspended accountant's node listed while it is in force, and its account not", async () => {
    const account = stage.accountOf(stage.network.operators.user.accountant2);
    if (account === undefined) throw new Error("the stage lost an accountant");
    await stage.settle();
    await stage.suspend(account, stage.now + 1_000n);
    await stage.settle();
    const inForce = await stage.chain.contracts.accountantElection.getValidators();
    expect(inForce, "no fifth could follow").to.include(stage.network.operators.user.node2.address);
    expect(stage.node.lists.nodes.map(nodeAddressOf)).to.include(stage.network.operators.user.node2.address);
    expect(stage.node.lists.accounts).not.to.include(account.wallet.address.toLowerCase());
    await stage.moveTo(stage.now + 1_000n); // no event says that it ended
    await stage.settle();
    expect(stage.node.lists.accounts).to.include(account.wallet.address.toLowerCase());
  });

  it("asks who is in force again before it removes: an election may come while it adds", async () => {
    const member = await stage.admitMember(stage.newKey("member"));
    const node: ModelNode = { wallet: stage.newKey("node"), member, agent: member, ip: "10.7.1.1", port: 1 };
    await stage.announce(node);
    await stage.settle();
    await stage.withdraw(node);
    const chain = followed(stage.chain);
    const elected = async (): Promise<string[]> => [...(await chain.validators()), node.wallet.address];
    const parts = { node: stage.node.rpc, self: stage.own.wallet.address, always: () => Promise.resolve(stage.always) };
    const now = (): number => Number(stage.now) * 1_000;
    await new PermissionAgent({ ...parts, now, chain: { ...chain, validators: elected } }).round();
    expect(stage.node.lists.nodes).to.include(enodeText(node));
    await new PermissionAgent({ ...parts, now, chain }).round();
    expect(stage.node.lists.nodes).not.to.include(enodeText(node));
  });

  it("gets past an entry that the node refuses: others are added, and removals happen", async () => {
    const member = await stage.admitMember(stage.newKey("member"));
    const leaving = await stage.admitUser();
    await stage.settle();
    const nodes = [1, 2, 3, 4, 5].map((number): ModelNode => {
      return { wallet: stage.newKey("node"), member, agent: member, ip: `10.7.0.${number}`, port: 1 };
    });
    for (const node of nodes) await stage.announce(node);
    const [poison] = nodes.slice(2);
    if (poison === undefined) throw new Error("five nodes");
    stage.node.invalid.add(enodeText(poison));
    const account = stage.accountOf(leaving);
    if (account === undefined) throw new Error("the stage lost an account");
    await stage.expel(account);
    await oneRound(stage.loop);
    const { round } = stage.vitals;
    expect(round?.nodes.missing).to.deep.equal([enodeText(poison)]);
    expect([...(round?.nodes.refused.keys() ?? [])]).to.deep.equal([enodeText(poison)]);
    expect(stage.node.lists.nodes).to.include.members(nodes.filter((node) => node !== poison).map(enodeText));
    expect(stage.node.lists.accounts).not.to.include(leaving.address.toLowerCase());
    expect(agentHealth(stage.vitals).status).to.equal("failing");
    stage.node.invalid.clear();
    await stage.settle();
    expect(listed()).to.deep.equal(await stage.expected());
    expect(agentHealth(stage.vitals).status).to.equal("ok");
  });

  it("takes nothing off a list while the chain's head is old, but adds", async () => {
    await stage.settle();
    const stranger = `0x${"e".repeat(40)}`;
    const [gone = "", ...rest] = stage.node.lists.accounts;
    stage.node.diverge({ ...stage.node.lists, accounts: [...rest, stranger] });
    stage.now += 61n; // no block came
    stage.loop.agent.lookAnew();
    await oneRound(stage.loop);
    expect(stage.node.lists.accounts).to.include.members([gone, stranger]);
    expect(stage.vitals.round?.isStale).to.equal(true);
    expect(agentHealth(stage.vitals).status).to.equal("failing");
    await stage.tick();
    await stage.settle();
    expect(stage.node.lists.accounts).not.to.include(stranger);
  });

  it("adds all peers again when the node was restarted, and who is missing ever more seldom", async () => {
    await stage.settle();
    expect([...stage.node.peers].sort()).to.deep.equal(
      listed().nodes.filter((entry) => entry !== enodeText(stage.own)),
    );
    stage.node.restart();
    stage.node.isDown = true;
    stage.loop.agent.lookAnew();
    await oneRound(stage.loop);
    expect(stage.vitals.failures).to.equal(1);
    expect(stage.vitals.trouble).to.match(/admin_peers|perm_get|socket|127\.0\.0\.1/);
    stage.node.isDown = false;
    const [away = ""] = listed().nodes.filter((entry) => entry !== enodeText(stage.own));
    stage.node.away.add(away);
    await oneRound(stage.loop);
    expect(stage.node.peers.size).to.equal(3);
    expect(stage.vitals.round?.peers.added).to.have.length(3);
    const tries: bigint[] = [];
    const start = stage.now;
    for (let second = 1n; second <= 130n; second++) {
      await stage.moveTo(start + second);
      await oneRound(stage.loop);
      if (stage.vitals.round?.peers.added.includes(away) === true) tries.push(second);
    }
    expect(tries).to.deep.equal([5n, 15n, 35n, 75n]);
    expect(stage.vitals.round?.peers.missing).to.deep.equal([away]);
  });

  it("heals a node whose requests and answers are slow or lost, and changes nothing twice", async () => {
    await stage.admitUser();
    stage.node.delayMilliseconds = 1_500; // longer than the client waits
    await oneRound(stage.loop);
    expect(stage.vitals.failures).to.equal(1);
    stage.node.delayMilliseconds = 0;
    stage.node.faults.push("lost answer");
    await oneRound(stage.loop);
    expect(stage.vitals.failures).to.equal(2);
    const taken = stage.node.taken.length;
    expect(taken).to.equal(1);
    await stage.settle();
    expect(listed()).to.deep.equal(await stage.expected());
    expect(stage.vitals.failures).to.equal(0);
  });

  it("knows that a change is in force though the node's file was edited, and says that a restart forgets it", async () => {
    await stage.settle();
    stage.node.editFile({ accounts: [], nodes: [] });
    const user = await stage.admitUser();
    await oneRound(stage.loop);
    expect(stage.node.lists.accounts).to.include(user.address.toLowerCase());
    expect(stage.vitals.round?.accounts.isFileBehind).to.equal(true);
    expect(stage.vitals.round?.accounts.refused.size).to.equal(0);
    stage.node.restart();
    expect(stage.node.lists.accounts).to.deep.equal([]);
    await stage.settle();
    expect(listed()).to.deep.equal(await stage.expected());
  });

  it("asks little when nothing happened", async () => {
    await stage.settle();
    await oneRound(stage.loop); // its time to look is not over
    const before = stage.node.requests;
    await oneRound(stage.loop);
    expect(stage.node.requests).to.equal(before);
    stage.now += 10n;
    await oneRound(stage.loop);
    expect(stage.node.requests - before).to.equal(3); // two lists, peers
  });

  it("attests the lists in force, once they changed and once a day, and drift names who differs", async () => {
    await stage.settle();
    const self = stage.own.wallet.address;
    const first = await attestationOf(stage.chain, self);
    if (first === undefined) throw new Error("nothing was attested");
    expect(stage.vitals.attestedBlock).to.equal(first.atBlock);
    const lists = await stage.expected();
    expect({ accountsDigest: first.accountsDigest, nodesDigest: first.nodesDigest }).to.deep.equal(digestsOf(lists));
    const verdicts = async (): Promise<Record<string, string>> => {
      const { nodes, unannounced } = await drift(stage.chain, stage.always);
      expect(unannounced).to.deep.equal([]);
      return Object.fromEntries(nodes.map(({ node, verdict }) => [node, verdict]));
    };
    const { node2, node3, node4 } = stage.network.operators.user;
    const others = { [node2.address]: "silent", [node3.address]: "silent", [node4.address]: "silent" };
    expect(await verdicts()).to.deep.equal({ [self]: "equal", ...others });

    await stage.moveTo(stage.now + 40n);
    await oneRound(stage.loop);
    expect((await attestationOf(stage.chain, self))?.atBlock, "nothing changed").to.equal(first.atBlock);
    await stage.admitUser();
    await oneRound(stage.loop);
    const second = await attestationOf(stage.chain, self);
    expect(second?.atBlock).to.be.above(first.atBlock);
    await stage.admitUser();
    await oneRound(stage.loop);
    expect((await attestationOf(stage.chain, self))?.atBlock, "not in a row").to.equal(second?.atBlock);
    expect((await verdicts())[self], "it was equal a moment ago").to.equal("equal");
    await stage.moveTo(stage.now + DAY);
    for (let block = 0; block < 61; block++) await stage.moveTo(stage.now + 2n);
    expect((await verdicts())[self]).to.equal("behind");
    await oneRound(stage.loop);
    expect((await verdicts())[self]).to.equal("equal");

    // a node that lists somebody else says so itself
    const strange = digestsOf({ ...(await stage.expected()), accounts: [`0x${"e".repeat(40)}`] });
    const atBlock = await stage.chain.provider.getBlockNumber();
    await attestLists(withSigner(stage.chain, stage.own.agent), { node: self, ...strange, atBlock });
    const found = (await drift(stage.chain, stage.always)).nodes.find(({ node }) => node === self);
    expect(found).to.deep.include({ verdict: "differs", lists: ["accounts"], atBlock });
    await stage.moveTo(stage.now + DAY + 3_601n);
    expect((await verdicts())[self]).to.equal("silent");
  });

  it("shows in its metrics what it did", async () => {
    expect(agentHealth(stage.vitals).status, "before the first round").to.equal("failing");
    await stage.settle();
    const text = agentMetrics(stage.vitals, Number(stage.now) + 3);
    const { accounts, nodes } = await stage.expected();
    expect(text).to.include(`commonwatt_agent_listed{list="accounts"} ${accounts.length}\n`);
    expect(text).to.include(`commonwatt_agent_listed{list="nodes"} ${nodes.length}\n`);
    expect(text).to.include(`commonwatt_agent_missing{list="nodes"} 0\n`);
    expect(text).to.include(`commonwatt_agent_added_total{list="nodes"} 4\n`);
    expect(text).to.match(/commonwatt_agent_peers_added_total [3-9]\n/);
    expect(text).to.include(`commonwatt_agent_attested_block ${String(stage.vitals.attestedBlock)}\n`);
  });
});

describe("patience", () => {
  it("doubles up to half a minute, with a jitter of half", () => {
    const longest = [1, 2, 3, 4, 5, 6, 7, 50].map((failures) => patienceAfter(failures, () => 1));
    expect(longest).to.deep.equal([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    expect(patienceAfter(3, () => 0)).to.equal(2_000);
  });
});

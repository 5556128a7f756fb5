/** A network whose genesis blocks hold the first contracts, simulated: all else is deployed onto them, and works like anywhere. */
import { expect } from "chai";
import { ZeroHash } from "ethers";

import { predeployedAddress, PREDEPLOYED_ON } from "../../deploy/predeployed.js";
import { AuditDatabase } from "../../scripts/audit/indexer/database.js";
import { indexChain } from "../../scripts/audit/indexer/index-chain.js";
import { storedEvents } from "../../scripts/audit/indexer/read-events.js";
import { InputError } from "../../scripts/inputs/error.js";
import { openEmbedded } from "../../scripts/networks/index.js";
import { foundersOf, operatorsFromSeed } from "../../scripts/networks/operators.js";
import { rpcBlockHash } from "../../light/index.js";
import { auditChain } from "../../sdk/audit/index.js";
import { CONTRACT_INTERFACES } from "../../sdk/contracts.js";
import { AccessRole, MemberRole } from "../../sdk/enums.js";
import { readEvents, type ChainEvent } from "../../sdk/events.js";
import { AuditedRun, STAGES } from "../utils/audited-run.js";
import { endpointOf, honestAsk, verifyEmbedded } from "../utils/audit-endpoint.js";
import { predeploying } from "../utils/predeployed.js";

const KINDS = ["transaction", "user"] as const;
const TIMES = { slotSeconds: 3_600, genesisTime: 1_709_510_400n };

/** The events that no node has as logs. */
function ofGenesis(events: readonly ChainEvent[]): string[] {
  return events
    .filter(({ block }) => block === 0)
    .map(({ contract, name, logIndex }) => `${logIndex} ${contract}.${name}`);
}

describe("a network on predeployed contracts", function () {
  this.timeout(180_000);
  let run: AuditedRun;

  before(async () => {
    run = await AuditedRun.open({ ...TIMES, predeploy: predeploying(TIMES) });
    for (const stage of STAGES) await run.reach(stage);
  });
  after(() => run.close());

  it("uses the contracts that were there, and they know each other", async () => {
    for (const kind of KINDS) {
      const { contracts } = run.network.deployment.chains[kind];
      for (const name of PREDEPLOYED_ON[kind]) {
        expect((contracts as Record<string, { address: string }>)[name]?.address).to.equal(predeployedAddress(name));
      }
      const { federationAccessManager, accountantElection, federation } = run.network[kind].contracts;
      expect(await federationAccessManager.federation()).to.equal(await federation.getAddress());
      expect(await accountantElection.federation()).to.equal(await federation.getAddress());
      const nodes = foundersOf(run.network.operators[kind]).map(({ node }) => node);
      expect(await accountantElection.getValidators()).to.have.members(nodes);
      const { chainId, version, changedAt } = await accountantElection.setHead();
      expect([chainId, version, changedAt]).to.deep.equal([
        BigInt(run.network.deployment.chains[kind].chainId),
        1n,
        1n, // the block that their constructors ran in
      ]);
    }
  });

  it("traded, delivered and settled, and its books hold from block 0 on", async () => {
    const state = await auditChain(run.network.transaction);
    expect(state.findings).to.deep.equal([]);
    expect(state.settled.size).to.be.greaterThan(0);
    expect((await verifyEmbedded(run.network)).findings).to.deep.equal([]);
  });

  it("tells the constructors' events as block 0's, to the SDK and to the indexer alike", async () => {
    for (const kind of KINDS) {
      const deployment = run.network.deployment.chains[kind];
      expect(deployment.deploymentBlock).to.equal(0);
      const told: ChainEvent[] = [];
      for await (const part of readEvents(run.network[kind], { fromBlock: 0, toBlock: 0 })) told.push(...part);
      expect(told.length).to.equal(deployment.genesisLogs?.length);
      expect(new Set(told.map(({ transaction }) => transaction))).to.deep.equal(new Set([ZeroHash]));
      const database = AuditDatabase.open(":memory:");
      try {
        database.claim(run.network.deployment);
        await indexChain(database, endpointOf(honestAsk(run.network, kind)), { chain: kind, deployment, toBlock: 3 });
        const stored = [...storedEvents(database, kind, 3)].flat();
        expect(ofGenesis(stored)).to.deep.equal(ofGenesis(told));
        expect(ofGenesis(stored)[0]).to.match(/^0 FederationAccessManager\./);
      } finally {
        database.close();
      }
    }
  });

  it("filters block 0's events like others", async () => {
    const topic = CONTRACT_INTERFACES.AccountantElection.getEvent("ValidatorSetChanged")?.topicHash ?? "";
    const range = { fromBlock: 0, toBlock: 0, contracts: ["AccountantElection"] as const, topics: [topic] };
    const events: ChainEvent[] = [];
    for await (const part of readEvents(run.network.user, range)) events.push(...part);
    expect(events.map(({ name }) => name)).to.deep.equal(["ValidatorSetChanged"]);
    const later: ChainEvent[] = [];
    for await (const part of readEvents(run.network.user, { ...range, fromBlock: 1 })) later.push(...part);
    expect(later).to.deep.equal([]);
  });

  it("is another network to an auditor's database when its constructors said something else", () => {
    const database = AuditDatabase.open(":memory:");
    try {
      database.claim(run.network.deployment);
      const forged = structuredClone(run.network.deployment);
      forged.chains.user.genesisLogs?.pop();
      expect(() => database.claim(forged)).to.throw(InputError, /other contracts on the user chain/);
    } finally {
      database.close();
    }
  });

  it("refuses a block 0 that has receipts of its own", async () => {
    const database = AuditDatabase.open(":memory:");
    const block = (await honestAsk(run.network)("eth_getBlockByNumber", ["0x0", true])) as Record<string, unknown>;
    const altered = { ...block, receiptsRoot: `0x${"11".repeat(32)}` };
    // a chain that truly began so
    const genesisHash = rpcBlockHash(altered);
    const deployment = { ...run.network.deployment.chains.transaction, genesisHash };
    const endpoint = endpointOf(honestAsk(run.network), (method, answer) =>
      method === "eth_getBlockByNumber" ? { ...altered, hash: genesisHash } : answer,
    );
    const options = { chain: "transaction", deployment, toBlock: 0 } as const;
    try {
      expect(await indexChain(database, endpoint, options).catch(String)).to.match(/block 0: .* no receipts/);
    } finally {
      database.close();
    }
  });

  it("is handed over to its founding members", async () => {
    const seed = 12;
    const operators = operatorsFromSeed(seed);
    const founding = (kind: (typeof KINDS)[number]): { member: string; node: string; roles: MemberRole[] }[] =>
      foundersOf(operators[kind]).map((founder) => ({ ...founder, roles: [MemberRole.Accountant] }));
    const governed = { transaction: founding("transaction"), user: founding("user") };
    const network = await openEmbedded({ seed, ...TIMES, governed, predeploy: predeploying(TIMES) });
    try {
      for (const kind of KINDS) {
        const { federationAccessManager: manager, federation } = network[kind].contracts;
        const { address } = network.deployment.chains[kind].contracts.FederationGovernor;
        expect(await manager.governor()).to.equal(address);
        const [isAdmin] = await manager.hasRole(AccessRole.Admin, operators[kind].deployer.address);
        expect(isAdmin).to.equal(false);
        expect(await federation.memberCount()).to.equal(4n);
      }
    } finally {
      await network.close();
    }
  });
});

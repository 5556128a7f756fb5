import { expect } from "chai";
import { ZeroAddress, toQuantity, type Wallet } from "ethers";

import { accountantsAmong, type FoundingMember } from "../../deploy/governed.js";
import { governanceParameters } from "../../deploy/parameters.js";
import { keyFromSeed } from "../../scripts/networks/keys.js";
import { openEmbedded, type EmbeddedNetwork } from "../../scripts/networks/index.js";
import {
  decideAddedRole,
  decideAdmission,
  decideArea,
  decideEdge,
  decideExpulsion,
  decideRoles,
  decideSeats,
  decideToAllowEmergency,
  decideUnfreeze,
  type ProposedCall,
} from "../../sdk/actions/decisions.js";
import { anchorsOf, requireSource } from "../../sdk/actions/anchors.js";
import { candidateOf as accountantOf, candidateOfNode, electionOf } from "../../sdk/actions/accountants.js";
import { unfreezeDeposit } from "../../sdk/actions/election.js";
import { doubleSealEvidence, reportDoubleSeal } from "../../sdk/actions/turns.js";
import { backSuspension, backersOf, runningEmergencies, suspendByMembers } from "../../sdk/actions/emergency.js";
import { admitMember, standingOf } from "../../sdk/actions/federation.js";
import {
  cancelProposal,
  castVote,
  execute,
  governorOf,
  propose,
  proposalOf,
  queue,
  stateOf,
  tallyOf,
  type Proposal,
} from "../../sdk/actions/governance.js";
import { withSigner, type AnyChain, type TransactionChain } from "../../sdk/connect.js";
import { CONTRACT_INTERFACES, decodeError, type ContractName } from "../../sdk/contracts.js";
import { AccessRole, MemberRole, ProposalState, Standing, VoteSupport } from "../../sdk/enums.js";
import { isCommonwattError } from "../../sdk/errors.js";
import { readEvents, type ChainEvent } from "../../sdk/events.js";
import { doubleSealOf } from "../utils/qbft.js";

const SEED = 17;
const SLOT_SECONDS = 3_600;
const KINDS = ["transaction", "user"] as const;
type Kind = (typeof KINDS)[number];

/** What the founders are; on each chain with other keys. */
const FOUNDERS: readonly (readonly [name: string, roles: readonly MemberRole[]])[] = [
  ["supplier", [MemberRole.Supplier, MemberRole.Accountant]],
  ["grid", [MemberRole.GridOperator, MemberRole.Accountant]],
  ["meters", [MemberRole.MeteringOperator]],
  ["registrar", [MemberRole.Registrar, MemberRole.Accountant]],
  ["maker", [MemberRole.Manufacturer, MemberRole.Accountant]],
];

function keysOf(kind: Kind): Wallet[] {
  return FOUNDERS.map(([name]) => keyFromSeed(SEED, kind, name));
}

/** The accountants among them have the operators' nodes. */
function foundersOf(kind: Kind): FoundingMember[] {
  let nodes = 0;
  return keysOf(kind).map(({ address }, place) => {
    const roles = FOUNDERS[place]?.[1] ?? [];
    if (!roles.includes(MemberRole.Accountant)) return { member: address, roles };
    nodes += 1;
    return { member: address, roles, node: keyFromSeed(SEED, kind, `operator/node${nodes}`).address };
  });
}

/** The code that a promise fails with. */
async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (isCommonwattError(error)) return error.code;
    throw error;
  }
  throw new Error("it did not fail");
}

describe("a governed pair of chains", () => {
  let network: EmbeddedNetwork;

  before(async function () {
    this.timeout(180_000);
    network = await openEmbedded({
      seed: SEED,
      slotSeconds: SLOT_SECONDS,
      genesisTime: 1_473_638_400n,
      governed: { transaction: foundersOf("transaction"), user: foundersOf("user") },
    });
    for (const kind of KINDS) await network.fund(kind, [candidateOf(kind), ...keysOf(kind).map((key) => key.address)]);
  });

  after(() => network.close());

  function candidateOf(kind: Kind): string {
    return keyFromSeed(SEED, kind, "candidate").address;
  }

  function as<Chain extends AnyChain>(chain: Chain, key: Wallet | undefined): Chain {
    if (key === undefined) throw new Error("no such key");
    return withSigner(chain as TransactionChain, key) as Chain;
  }

  async function mine(kind: Kind, blocks: bigint, seconds = 2n): Promise<void> {
    const { provider } = network.chains[kind].connection;
    await provider.request({ method: "hardhat_mine", params: [toQuantity(blocks), toQuantity(seconds)] });
  }

  /** Past the last block of a proposal's vote. */
  async function endVote(kind: Kind, proposalId: bigint): Promise<void> {
    const { deadline } = await tallyOf(network[kind], proposalId);
    await mine(kind, deadline + 1n - BigInt(await network[kind].provider.getBlockNumber()));
  }

  async function passTimelock(kind: Kind): Promise<void> {
    const { governorTimes } = await governanceParameters(SLOT_SECONDS);
    await mine(kind, 2n, BigInt(governorTimes.timelockSeconds));
  }

  /** Proposes, votes (four of five founders for it: enough for six members, too), queues and executes. */
  async function decide(kind: Kind, calls: readonly ProposedCall[], description: string): Promise<bigint> {
    const chain = network[kind];
    const [proposer, ...others] = keysOf(kind);
    const proposalId = await propose(as(chain, proposer), { calls, description });
    expect(await stateOf(chain, proposalId)).to.equal(ProposalState.Pending);
    const { snapshot } = await tallyOf(chain, proposalId);
    await mine(kind, snapshot + 1n - BigInt(await chain.provider.getBlockNumber()));
    expect(await stateOf(chain, proposalId)).to.equal(ProposalState.Active);
    for (const voter of [proposer, ...others.slice(0, 3)]) {
      await castVote(as(chain, voter), { proposalId, support: VoteSupport.For });
    }
    await castVote(as(chain, others[3]), { proposalId, support: VoteSupport.Against, reason: "too early" });
    await endVote(kind, proposalId);
    expect(await stateOf(chain, proposalId)).to.equal(ProposalState.Succeeded);
    // whoever queues and executes knows the proposal from the chain alone, and is nobody
    const anybody = network.operators[kind].accountant1;
    const proposal = await proposalOf(chain, proposalId);
    await queue(as(chain, anybody), proposal);
    expect(await stateOf(chain, proposalId)).to.equal(ProposalState.Queued);
    expect(await failureOf(execute(as(chain, anybody), proposal))).to.equal("FederationGovernorTooEarly");
    await passTimelock(kind);
    await execute(as(chain, anybody), proposal);
    expect(await stateOf(chain, proposalId)).to.equal(ProposalState.Executed);
    return proposalId;
  }

  for (const kind of KINDS) {
    it(`admits, changes and expels a member of the ${kind} chain by proposal, vote, queue and execution`, async function () {
      this.timeout(120_000);
      const chain = network[kind];
      const candidate = candidateOf(kind);
      expect(await chain.contracts.federation.memberCount()).to.equal(BigInt(FOUNDERS.length));
      const admission = decideAdmission(chain, { member: candidate, roles: [MemberRole.Supplier] });
      const first = await decide(kind, [admission], "Admit the candidate");
      expect(await tallyOf(chain, first)).to.deep.include({ for: 4n, against: 1n, abstain: 0n });
      expect(await chain.contracts.federation.getVotes(candidate)).to.equal(1n);
      const change = decideRoles(chain, { member: candidate, roles: [MemberRole.Accountant, MemberRole.DataProvider] });
      await decide(kind, [change], "Let it keep books");
      expect(await chain.contracts.federation.hasRole(candidate, MemberRole.Supplier)).to.equal(false);
      expect(await chain.contracts.federation.hasRole(candidate, MemberRole.DataProvider)).to.equal(true);
      await decide(kind, [decideExpulsion(chain, { account: candidate })], "It broke its word");
      expect(await standingOf(chain, candidate)).to.equal(Standing.Expelled);
      expect(await chain.contracts.federation.getVotes(candidate)).to.equal(0n);
    });
  }

  for (const kind of KINDS) {
    it(`wants other seats and frees a frozen deposit on the ${kind} chain, which nobody else can`, async function () {
      this.timeout(120_000);
      const chain = network[kind];
      const parent = await chain.provider.getBlock("latest");
      if (typeof parent?.hash !== "string") throw new Error("no block");
      const { accountant1, node1 } = network.operators[kind];
      const { number, timestamp } = parent;
      const headers = doubleSealOf(node1.signingKey, { hash: parent.hash, number, timestamp });
      await reportDoubleSeal(as(chain, accountant1), doubleSealEvidence(...headers));
      const candidate = (await candidateOfNode(chain, node1.address)) ?? 0n;
      expect(await accountantOf(chain, candidate)).to.include({ isFrozen: true, isJailed: true, depositMicro: 0n });
      expect(await failureOf(unfreezeDeposit(as(chain, keysOf(kind)[0]), { candidate }))).to.equal(
        "AccessManagedUnauthorized",
      );
      const calls = [decideSeats(chain, { seats: 9n }), decideUnfreeze(chain, { candidate })];
      await decide(kind, calls, "Nine seats, and mercy");
      expect((await electionOf(chain)).seats).to.equal(9n);
      expect(await accountantOf(chain, candidate)).to.include({ isFrozen: false, isJailed: true });
    });
  }

  it("draws the grid and sets an edge's fee and capacity by one proposal", async function () {
    this.timeout(120_000);
    const chain = network.transaction;
    const fromSlot = (await chain.contracts.marketCalendar.firstUnopenedSlot()) + 1_000n;
    const calls = [
      decideArea(chain, { parent: 0n }),
      decideArea(chain, { parent: 1n }),
      decideEdge(chain, { area: 2n, fee: 12_000n, capacityWh: 50_000n, fromSlot }),
    ];
    await decide("transaction", calls, "A city, a district, its edge");
    const { gridTopology } = chain.contracts;
    expect(await gridTopology.edgeFeeAt(2n, fromSlot)).to.equal(12_000n);
    expect([...(await gridTopology.edgeCapacityAt(2n, fromSlot))]).to.deep.equal([true, 50_000n]);
  });

  it("stops a member in an emergency when a third of the members want it, and lets it vote", async function () {
    this.timeout(120_000);
    const chain = network.transaction;
    const [one, two, , , target] = keysOf("transaction");
    if (target === undefined) throw new Error("no such key");
    const account = target.address;
    await backSuspension(as(chain, one), { account });
    expect(
      await failureOf(suspendByMembers(as(chain, one), { account, backers: await backersOf(chain, account) })),
    ).to.equal("EmergencySuspensionTooFewBackers");
    await backSuspension(as(chain, two), { account });
    await suspendByMembers(as(chain, one), { account, backers: await backersOf(chain, account) });
    expect(await standingOf(chain, account)).to.equal(Standing.Suspended);
    expect((await runningEmergencies(chain)).map((emergency) => emergency.account)).to.deep.equal([account]);
    expect(await backersOf(chain, account)).to.deep.equal([]);
    const proposal: Proposal = {
      calls: [decideToAllowEmergency(chain, { account })],
      description: "It was in the right",
    };
    const proposalId = await propose(as(chain, target), proposal);
    expect(await failureOf(cancelProposal(as(chain, one), proposal))).to.equal("GovernorUnableToCancel");
    await cancelProposal(as(chain, target), proposal);
    expect(await stateOf(chain, proposalId)).to.equal(ProposalState.Canceled);
    const { emergencySeconds } = await governanceParameters(SLOT_SECONDS);
    await mine("transaction", 2n, BigInt(emergencySeconds));
    expect(await standingOf(chain, account)).to.equal(Standing.Active);
  });

  it("lets a decision expire that nobody queued in time, and says until when that is", async function () {
    this.timeout(120_000);
    const chain = network.user;
    const [proposer, ...others] = keysOf("user");
    const proposal: Proposal = {
      calls: [decideAdmission(chain, { member: candidateOf("user"), roles: [MemberRole.Supplier] })],
      description: "Forgotten",
    };
    const proposalId = await propose(as(chain, proposer), proposal);
    const { snapshot, deadline, queueableUntil, expiresAt } = await tallyOf(chain, proposalId);
    const { governorTimes } = await governanceParameters(SLOT_SECONDS);
    expect(queueableUntil - deadline).to.equal(BigInt(governorTimes.queueBlocks));
    expect(expiresAt).to.equal(0n);
    await mine("user", snapshot + 1n - BigInt(await chain.provider.getBlockNumber()));
    for (const voter of [proposer, ...others]) {
      await castVote(as(chain, voter), { proposalId, support: VoteSupport.For });
    }
    await mine("user", queueableUntil - BigInt(await chain.provider.getBlockNumber()));
    expect(await stateOf(chain, proposalId)).to.equal(ProposalState.Succeeded);
    await mine("user", 1n);
    expect(await stateOf(chain, proposalId)).to.equal(ProposalState.Expired);
    expect(await failureOf(queue(as(chain, proposer), proposal))).to.equal("GovernorUnexpectedProposalState");
  });

  it("lets contracts that come later work together, and gives them no way to the escrow", async function () {
    this.timeout(120_000);
    const chain = network.transaction;
    const { FederationGovernor, TradeEscrow, AccountingRevenue } = chain.deployment.contracts;
    const governor = FederationGovernor.address;
    // any contract stands for a new one; the manager asks for code alone
    const [ledger, fund] = [keyFromSeed(SEED, "transaction", "ledger").address, AccountingRevenue.address];
    const book = CONTRACT_INTERFACES.AccountingRevenue.getFunction("book")?.selector ?? "";
    const functions = [{ contract: ledger, selectors: [book] }];
    await decide("transaction", decideAddedRole(chain, { role: 100n, functions, holders: [fund] }), "A fund");
    const { federationAccessManager: manager } = chain.contracts;
    expect((await manager.canCall(fund, ledger, book)).immediate).to.equal(true);
    expect((await manager.canCall(governor, ledger, book)).immediate).to.equal(false);
    expect(await manager.isRoleSealed(100n)).to.equal(true);
    const abi = CONTRACT_INTERFACES.FederationAccessManager;
    const refused = async (name: string, args: readonly unknown[]): Promise<string | undefined> =>
      refusalOf(chain, "FederationAccessManager", abi.encodeFunctionData(name, args), governor);
    expect(await refused("revokeRole", [100n, fund])).to.equal("FederationAccessManagerSealedRole");
    expect(await refused("grantRole", [101n, keysOf("transaction")[0]?.address, 0n])).to.equal(
      "FederationAccessManagerNoContract",
    );
    expect(await refused("sealRole", [AccessRole.Market])).to.equal("FederationAccessManagerNotAdded");
    for (const name of ["lock", "unlock", "payLocked", "post", "release"]) {
      const selector = CONTRACT_INTERFACES.TradeEscrow.getFunction(name)?.selector;
      expect(await refused("setTargetFunctionRole", [TradeEscrow.address, [selector], 101n]), name).to.equal(
        "FederationAccessManagerSealedFunction",
      );
    }
  });

  it("refuses a proposal that would remove the last admin, and one of a stranger", async () => {
    const chain = network.transaction;
    const [member] = keysOf("transaction");
    const target = chain.deployment.contracts.FederationAccessManager.address;
    const governor = chain.deployment.contracts.FederationGovernor.address;
    const data = CONTRACT_INTERFACES.FederationAccessManager.encodeFunctionData("renounceRole", [0n, governor]);
    const removal = { calls: [{ target, data }], description: "Anarchy" };
    expect(await failureOf(propose(as(chain, member), removal))).to.equal("FederationGovernorLastAdmin");
    const stranger = network.operators.transaction.council;
    expect(await failureOf(propose(as(chain, stranger), removal))).to.equal("GovernorInsufficientProposerVotes");
    expect(await failureOf(proposalOf(chain, 1n))).to.equal("ProposalUnknown");
  });

  it("seats founding members alone, each an admitted accountant", async () => {
    for (const kind of KINDS) {
      const { accountantElection, federation } = network[kind].contracts;
      expect(await accountantElection.candidateCount()).to.equal(4n);
      for (const candidate of [1, 2, 3, 4]) {
        const { member } = await accountantElection.candidateInfo(candidate);
        expect(keysOf(kind).map(({ address }) => address)).to.include(member);
        expect(await federation.hasRole(member, MemberRole.Accountant)).to.equal(true);
      }
    }
  });

  it("keeps each other's headers, by contracts that came after the hand-over and that nobody administers", async () => {
    for (const [kind, other] of [KINDS, KINDS.toReversed()] as const) {
      requireSource(await anchorsOf(network[kind ?? "user"]), network[other ?? "user"]);
    }
    CONTRACT_INTERFACES.HeaderAnchors.forEachFunction(({ name, stateMutability }) => {
      if (stateMutability !== "view") expect(name).to.equal("anchor"); // anybody's
    });
  });

  it("is refused when a founder with a node is no accountant, or too few have one", () => {
    const founders = foundersOf("user");
    const [supplier, grid, meters] = founders;
    if (!supplier || !grid || !meters) throw new Error("too few founders");
    const node = supplier.node ?? "";
    expect(() => accountantsAmong([{ ...meters, node }])).to.throw(`${meters.member} has the node ${node}`);
    expect(() => accountantsAmong([supplier, grid, meters])).to.throw("2 founding members have a node");
    expect(accountantsAmong(founders)).to.have.length(4);
  });

  // -------------------- nobody administers but the governor

  async function eventsOf(chain: AnyChain): Promise<ChainEvent[]> {
    const range = { fromBlock: 0, toBlock: await chain.provider.getBlockNumber(), blocksPerRequest: 10_000_000 };
    const all: ChainEvent[] = [];
    for await (const events of readEvents(chain, range)) all.push(...events);
    return all;
  }

  /** Who holds each role, from the AccessManager's events alone. */
  function holdersFrom(events: readonly ChainEvent[]): Map<bigint, Set<string>> {
    const holders = new Map<bigint, Set<string>>();
    for (const { name, args } of events) {
      if (name !== "RoleGranted" && name !== "RoleRevoked") continue;
      const { roleId, account } = args as { roleId: bigint; account: string };
      const those = holders.get(roleId) ?? new Set<string>();
      if (name === "RoleGranted") those.add(account);
      else those.delete(account);
      holders.set(roleId, those);
    }
    return holders;
  }

  /** Every address that the chain's events, deployment and operators name. */
  function accountsIn(events: readonly ChainEvent[], kind: Kind): Set<string> {
    const accounts = new Set<string>(Object.values(network.operators[kind]).map(({ address }) => address));
    for (const { address } of Object.values(network[kind].deployment.contracts)) accounts.add(address);
    const walk = (value: unknown): void => {
      if (typeof value === "string" && /^0x[0-9a-fA-F]{40}$/.test(value)) accounts.add(value);
      else if (typeof value === "object" && value !== null) Object.values(value).forEach(walk);
    };
    for (const { args } of events) walk(args);
    accounts.delete(ZeroAddress);
    return accounts;
  }

  for (const kind of KINDS) {
    it(`lets no account of the ${kind} chain but the governor administer anything, by all role events`, async () => {
      const chain = network[kind];
      const governor = chain.deployment.contracts.FederationGovernor.address;
      const events = await eventsOf(chain);
      const holders = holdersFrom(events);
      expect([...(holders.get(AccessRole.Admin) ?? [])]).to.deep.equal([governor]);
      expect([...(holders.get(AccessRole.Council) ?? [])]).to.deep.equal([governor]);
      expect(await governorOf(chain)).to.equal(governor);
      const delegating = ["RoleAdminChanged", "RoleGuardianChanged", "TargetAdminDelayUpdated", "AuthorityUpdated"];
      const authorities = events.filter(({ name }) => delegating.includes(name));
      const manager = chain.deployment.contracts.FederationAccessManager.address;
      for (const { name, args } of authorities) {
        expect([name, args["authority"]], "at deployment").to.deep.equal(["AuthorityUpdated", manager]);
      }
      const accounts = accountsIn(events, kind);
      expect(accounts.size).to.be.above(FOUNDERS.length);
      for (const account of accounts) {
        for (const role of [AccessRole.Admin, AccessRole.Council]) {
          const { isMember } = await chain.contracts.federationAccessManager.hasRole(role, account);
          expect(isMember, `${account} has role ${role}`).to.equal(account === governor);
        }
        for (const role of [AccessRole.Market, AccessRole.Settlement, AccessRole.Emergency]) {
          const { isMember } = await chain.contracts.federationAccessManager.hasRole(role, account);
          if (isMember)
            expect((await chain.provider.getCode(account)).length, `${account}, role ${role}`).to.be.above(2);
        }
      }
    });

    it(`leaves the deployer of the ${kind} chain nothing`, async () => {
      const chain = network[kind];
      const { deployer } = network.operators[kind];
      expect(
        await failureOf(admitMember(as(chain, deployer), { member: deployer.address, roles: [MemberRole.Supplier] })),
      ).to.equal("AccessManagedUnauthorized");
      const administers = ["grantRole", "revokeRole", "labelRole", "setTargetFunctionRole", "handOver"] as const;
      const values = { roleId: 1n, account: deployer.address, executionDelay: 0n, label: "", selectors: [] } as const;
      for (const name of administers) {
        const fragment = CONTRACT_INTERFACES.FederationAccessManager.getFunction(name);
        if (fragment === null) throw new Error(`no ${name}`);
        const args = fragment.inputs.map((input) => values[input.name as keyof typeof values] ?? deployer.address);
        const data = CONTRACT_INTERFACES.FederationAccessManager.encodeFunctionData(fragment, args);
        expect(await refusalOf(chain, "FederationAccessManager", data, deployer.address), name).to.equal(
          "AccessManagerUnauthorizedAccount",
        );
      }
    });
  }

  for (const kind of KINDS) {
    it(`leaves nothing of the ${kind} chain's wiring to bind, to whomever it is given`, async () => {
      const chain = network[kind];
      const governor = chain.deployment.contracts.FederationGovernor.address;
      const bound: readonly (readonly [ContractName, string, string])[] = [
        ["Federation", "bindObserver", "FederationObserverBound"],
        ["AccountantElection", "bindParts", "ElectionPartsBound"],
        kind === "user"
          ? ["VoteBook", "bindRevenue", "AccessManagedUnauthorized"]
          : ["VoteBook", "bindRevenue", "VoteBookRevenueBound"],
        ...(kind === "user"
          ? []
          : ([
              ["Arrears", "bindEscrow", "ArrearsEscrowBound"],
              ["AccountingRevenue", "bindParts", "AccountingRevenuePartsBound"],
            ] as const)),
      ];
      for (const [contract, name, code] of bound) {
        const fragment = CONTRACT_INTERFACES[contract].getFunction(name);
        if (fragment === null) throw new Error(`${contract} has no ${name}`);
        const data = CONTRACT_INTERFACES[contract].encodeFunctionData(
          fragment,
          fragment.inputs.map(() => governor),
        );
        expect(await refusalOf(chain, contract, data, governor), `${contract}.${name}`).to.equal(code);
        const { deployer } = network.operators[kind];
        expect(await refusalOf(chain, contract, data, deployer.address), `${contract}.${name}`).to.equal(
          "AccessManagedUnauthorized",
        );
      }
    });

    it(`counts the seats of the ${kind} chain's own election in an emergency`, async () => {
      const { emergencySuspension } = network[kind].contracts;
      const { AccountantElection } = network[kind].deployment.contracts;
      expect(await emergencySuspension.ELECTION()).to.equal(AccountantElection.address);
      expect((await emergencySuspension.limits()).seats).to.equal(1n); // four founders
    });
  }

  it("keeps the votes' book of the user chain shut, whatever the members decide", async () => {
    const chain = network.user;
    const governor = chain.deployment.contracts.FederationGovernor.address;
    const votes = chain.deployment.contracts.VoteBook.address;
    const manager = CONTRACT_INTERFACES.FederationAccessManager;
    const selector = CONTRACT_INTERFACES.VoteBook.getFunction("bindRevenue")?.selector;
    const open = manager.encodeFunctionData("setTargetFunctionRole", [votes, [selector], AccessRole.Admin]);
    expect(await refusalOf(chain, "FederationAccessManager", open, governor)).to.equal(
      "FederationAccessManagerSealedFunction",
    );
    const grant = manager.encodeFunctionData("grantRole", [AccessRole.Settlement, governor, 0n]);
    expect(await refusalOf(chain, "FederationAccessManager", grant, governor)).to.equal(
      "FederationAccessManagerSealedRole",
    );
    for (const account of accountsIn(await eventsOf(chain), "user")) {
      const { isMember } = await chain.contracts.federationAccessManager.hasRole(AccessRole.Settlement, account);
      expect(isMember, account).to.equal(false);
    }
  });

  it("gives the governor no way to the escrow, whatever the members decide", async () => {
    const chain = network.transaction;
    const governor = chain.deployment.contracts.FederationGovernor.address;
    const escrow = chain.deployment.contracts.TradeEscrow.address;
    const manager = CONTRACT_INTERFACES.FederationAccessManager;
    const attempts: readonly [string, string, readonly unknown[]][] = [
      ["FederationAccessManagerSealedRole", "grantRole", [AccessRole.Market, governor, 0n]],
      ["FederationAccessManagerSealedRole", "grantRole", [AccessRole.Settlement, governor, 0n]],
      ["FederationAccessManagerNotOffered", "updateAuthority", [escrow, governor]],
      ["FederationAccessManagerNotOffered", "setTargetClosed", [escrow, true]],
      ...["lock", "unlock", "payLocked", "post", "release"].map((name): [string, string, readonly unknown[]] => {
        const selector = CONTRACT_INTERFACES.TradeEscrow.getFunction(name)?.selector;
        const args = [escrow, [selector], AccessRole.Council];
        return ["FederationAccessManagerSealedFunction", "setTargetFunctionRole", args];
      }),
    ];
    for (const [code, name, args] of attempts) {
      const data = manager.encodeFunctionData(name, args);
      expect(await refusalOf(chain, "FederationAccessManager", data, governor), `${name} ${args.join()}`).to.equal(
        code,
      );
    }
    const bind = CONTRACT_INTERFACES.TradeEscrow.encodeFunctionData("bindFeesAccount", [governor]);
    expect(await refusalOf(chain, "TradeEscrow", bind, governor)).to.equal("TradeEscrowFeesAccountBound");
  });

  /** The error that a call meets; undefined when it passes. */
  async function refusalOf(
    chain: AnyChain,
    contract: ContractName,
    data: string,
    from: string,
  ): Promise<string | undefined> {
    const { address } = (chain.deployment.contracts as Record<string, { address: string }>)[contract] ?? {
      address: "",
    };
    try {
      await chain.provider.call({ to: address, from, data });
      return undefined;
    } catch (error) {
      return decodeError(error).code;
    }
  }
});

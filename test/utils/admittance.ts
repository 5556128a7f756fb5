/** A simulated chain with real contracts, its members, users and nodes as a test told it, and an agent on a fake node. */
import { id, toQuantity, Wallet } from "ethers";
import { pino } from "pino";

import type { ControlledNode } from "../../scripts/network/agent/besu-node.js";
import { PermissionAgent } from "../../scripts/network/agent/agent.js";
import { ListAttester } from "../../scripts/network/agent/attester.js";
import { newVitals, oneRound, type LoopParts } from "../../scripts/network/agent/loop.js";
import { followed } from "../../scripts/network/agent/followed.js";
import { keyFromSeed, openEmbedded, type EmbeddedNetwork } from "../../scripts/networks/index.js";
import { latestHead } from "../../sdk/latest-head.js";
import { candidateNumberOf } from "../../sdk/actions/accountants.js";
import { castBallot } from "../../sdk/actions/ballots.js";
import { holdDueElection, registerCandidate, signNodeClaim } from "../../sdk/actions/election.js";
import { admitMember, admitUser, expel, reinstate, suspend } from "../../sdk/actions/federation.js";
import { announceNode, signNodeAnnouncement, withdrawNode } from "../../sdk/actions/nodes.js";
import { withSigner, type UserChain } from "../../sdk/connect.js";
import { MemberRole } from "../../sdk/enums.js";
import { FakeNode, type Lists } from "./fake-node.js";

const SEED = 8;
const EPOCH_BLOCKS = 60;
/** More than there are founders, so that others come in. */
const SEATS = 6;

/** What a test expects of an account, without asking a contract. */
interface ModelAccount {
  readonly wallet: Wallet;
  readonly isMember: boolean;
  isExpelled: boolean;
  suspendedUntil: bigint;
}

interface ModelNode {
  readonly wallet: Wallet;
  readonly member: Wallet;
  readonly agent: Wallet;
  ip: string;
  port: number;
}

export class AdmittanceStage {
  readonly accounts: ModelAccount[] = [];
  readonly nodes: ModelNode[] = [];
  readonly always: string[];
  /** The agent's own node, accountant 1's. */
  readonly own: ModelNode;
  readonly vitals = newVitals();
  readonly loop: LoopParts;
  now = 0n;
  #made = 0;

  private constructor(
    readonly network: EmbeddedNetwork,
    readonly node: FakeNode,
    agentKey: Wallet,
    controlled: ControlledNode,
  ) {
    const { council, accountant1, node1 } = network.operators.user;
    this.always = [council.address, keyFromSeed(SEED, "user", "watcher").address];
    this.own = { wallet: node1, member: accountant1, agent: agentKey, ip: "127.0.0.1", port: 30_303 };
    const signed = withSigner(network.user, agentKey);
    const now = (): number => Number(this.now) * 1_000;
    const agent = new PermissionAgent({
      node: controlled,
      chain: followed(network.user),
      self: node1.address,
      always: () => Promise.resolve(this.always),
      now,
    });
    const attester = new ListAttester(signed, agentKey.address, node1.address, now);
    const log = pino({ level: "silent" });
    const signal = new AbortController().signal;
    this.loop = { agent, attester, vitals: this.vitals, log, pollMilliseconds: 1, signal };
  }

  /** Four accountants with announced nodes, a registrar, and a node that lists nothing yet; or a real node. */
  static async open(real?: ControlledNode): Promise<AdmittanceStage> {
    const network = await openEmbedded({ seed: SEED, slotSeconds: 30, genesisTime: 1_473_638_400n });
    const { council } = network.operators.user;
    const node = await FakeNode.start({ accounts: [council.address.toLowerCase()], nodes: [] });
    const agentKey = keyFromSeed(SEED, "user", "agent/1");
    const stage = new AdmittanceStage(network, node, agentKey, real ?? node.rpc);
    await network.fund("user", [agentKey.address]);
    const { accountant1, accountant2, accountant3, accountant4, node2, node3, node4 } = network.operators.user;
    for (const wallet of [accountant1, accountant2, accountant3, accountant4]) {
      await stage.admitMember(wallet, [MemberRole.Accountant, MemberRole.Registrar]);
    }
    await (await stage.council.contracts.accountantElection.setSeats(SEATS, stage.chain.defaults)).wait();
    await stage.announce(stage.own);
    for (const [index, [wallet, member]] of [
      [node2, accountant2] as const,
      [node3, accountant3] as const,
      [node4, accountant4] as const,
    ].entries()) {
      const agent = keyFromSeed(SEED, "user", `agent/${index + 2}`);
      await stage.announce({ wallet, member, agent, ip: `10.0.0.${index + 2}`, port: 30_303 });
    }
    return stage;
  }

  async close(): Promise<void> {
    await this.node.close();
    await this.network.close();
  }

  get chain(): UserChain {
    return this.network.user;
  }

  get council(): UserChain {
    return withSigner(this.chain, this.network.operators.user.council);
  }

  /** A key of its own for everything that a test makes. */
  newKey(purpose: string): Wallet {
    return keyFromSeed(SEED, "user", `${purpose}/${this.#made++}`);
  }

  // -------------------- what the federation decides

  async admitMember(wallet: Wallet, roles: readonly MemberRole[] = [MemberRole.Accountant]): Promise<Wallet> {
    await this.network.fund("user", [wallet.address]);
    await admitMember(this.council, { member: wallet.address, roles });
    this.accounts.push({ wallet, isMember: true, isExpelled: false, suspendedUntil: 0n });
    await this.tick();
    return wallet;
  }

  async admitUser(): Promise<Wallet> {
    const wallet = this.newKey("user");
    const registrar = withSigner(this.chain, this.network.operators.user.accountant1);
    await admitUser(registrar, { user: wallet.address, credentialCommitment: id(wallet.address) });
    this.accounts.push({ wallet, isMember: false, isExpelled: false, suspendedUntil: 0n });
    await this.tick();
    return wallet;
  }

  async suspend(account: ModelAccount, until: bigint): Promise<void> {
    await suspend(this.council, { account: account.wallet.address, until });
    account.suspendedUntil = until;
    await this.tick();
  }

  async reinstate(account: ModelAccount): Promise<void> {
    await reinstate(this.council, { account: account.wallet.address });
    account.suspendedUntil = 0n;
    await this.tick();
  }

  async expel(account: ModelAccount): Promise<void> {
    await expel(this.council, { account: account.wallet.address });
    account.isExpelled = true;
    await this.tick();
  }

  // -------------------- what members announce

  async announce(node: ModelNode): Promise<void> {
    const chain = withSigner(this.chain, node.member);
    const details = { member: node.member.address, agent: node.agent.address, ip: node.ip, port: node.port };
    await announceNode(chain, await signNodeAnnouncement(chain, node.wallet, details));
    if (!this.nodes.includes(node)) this.nodes.push(node);
    await this.tick();
  }

  async withdraw(node: ModelNode): Promise<void> {
    await withdrawNode(withSigner(this.chain, node.member), { node: node.wallet.address });
    this.nodes.splice(this.nodes.indexOf(node), 1);
    await this.tick();
  }

  // -------------------- who is in force

  /** A member stands with a node of its own, unless it does already. */
  async stand({ member, wallet }: ModelNode): Promise<void> {
    if ((await candidateNumberOf(this.chain, member.address)) !== undefined) return;
    const chain = withSigner(this.chain, member);
    await registerCandidate(chain, await signNodeClaim(chain, wallet, { member: member.address }));
    await this.tick();
  }

  /** The accountants vote, and the next epoch's election is held. */
  async elect(ballotOf: (candidates: number) => bigint[]): Promise<void> {
    const count = Number(await this.chain.contracts.accountantElection.candidateCount());
    for (const { wallet, isMember, isExpelled } of this.accounts) {
      if (isMember && !isExpelled) await castBallot(withSigner(this.chain, wallet), { candidates: ballotOf(count) });
    }
    for (let epoch = 0; epoch < 2; epoch++) {
      // a ballot counts from the epoch after its own
      const { provider } = this.network.chains.user.connection;
      await provider.request({ method: "hardhat_mine", params: [toQuantity(EPOCH_BLOCKS), toQuantity(2)] });
      await holdDueElection(this.council);
    }
    await this.tick();
  }

  // -------------------- time

  async tick(): Promise<void> {
    this.now = (await latestHead(this.chain.provider)).timestamp;
  }

  async moveTo(time: bigint): Promise<void> {
    await this.network.chains.user.moveTo(time);
    await this.tick();
  }

  // -------------------- the agent

  /** Rounds until one finds nothing to do; each looks at everything. */
  async settle(rounds = 12): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      const sent = this.node.taken.length;
      this.loop.agent.lookAnew();
      await oneRound(this.loop);
      if (this.vitals.failures === 0 && this.node.taken.length === sent) return;
    }
    throw new Error(`not settled after ${rounds} rounds: ${this.vitals.trouble ?? "it keeps changing"}`);
  }

  isActive(account: ModelAccount): boolean {
    return !account.isExpelled && this.now >= account.suspendedUntil;
  }

  accountOf(wallet: Wallet): ModelAccount | undefined {
    return this.accounts.find((account) => account.wallet.address === wallet.address);
  }

  /** The lists as the rules have them, from what the test did alone and the set in force. */
  async expected(): Promise<Lists> {
    const inForce = await this.chain.contracts.accountantElection.getValidators();
    const active = (wallet: Wallet): boolean => {
      const account = this.accountOf(wallet);
      return account !== undefined && this.isActive(account);
    };
    const counting = this.nodes.filter(({ member }) => active(member));
    const agents = counting.map(({ agent }) => agent).filter((agent) => !this.accountOf(agent) || active(agent));
    const accounts = [
      ...this.accounts.filter((account) => this.isActive(account)).map(({ wallet }) => wallet.address),
      ...agents.map(({ address }) => address),
      ...this.always,
    ];
    const nodes = this.nodes.filter((node) => counting.includes(node) || inForce.includes(node.wallet.address));
    return {
      accounts: [...new Set(accounts.map((address) => address.toLowerCase()))].sort(),
      nodes: nodes.map(enodeText).sort(),
    };
  }
}

/** As the rules write it, by another way than the SDK's. */
export function enodeText({ wallet, ip, port }: Pick<ModelNode, "wallet" | "ip" | "port">): string {
  return `enode://${new Wallet(wallet.privateKey).signingKey.publicKey.slice(4)}@${ip}:${port}`;
}

export type { ModelAccount, ModelNode };

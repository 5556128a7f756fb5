/** An election of any size on a simulated chain, to measure: its contracts with the real escrow, many candidates. */
import type { HardhatEthers } from "@nomicfoundation/hardhat-ethers/types";
import type { NetworkHelpers } from "@nomicfoundation/hardhat-network-helpers/types";
import { id, Wallet, ZeroAddress, type TransactionReceipt } from "ethers";

import { MemberRole } from "../../sdk/enums.js";
import type {
  AccountantElection,
  AccountingRevenue,
  EnergyCredit,
  Federation,
  TradeEscrow,
  TurnCourtHarness,
  VoteBook,
} from "../../typechain-types/index.js";
import { mined } from "../gas/scenario.js";

/** More blocks than any stage mines, one a transaction, so that only `nextEpoch` ends an epoch. */
const EPOCH_BLOCKS = 100_000;
const UNLOCK_SECONDS = 4 * EPOCH_BLOCKS;
const DEPOSIT_MICRO = 5_000_000n;
const SUPPLY_MICRO = 10n ** 13n;
const CAP_BPS = 1_000;
const VOTER_BPS = 4_000;
const ACCOUNTANT = 1n << BigInt(MemberRole.Accountant);
const SUPPLIER = 1n << BigInt(MemberRole.Supplier);
const TURNS = { timeoutSeconds: 4, slackSeconds: 1, decayBlocks: 21_600, jailSeconds: 86_400 };
const ABSENCE = { absenceBlocks: 100, absenceEpochs: 4 };
const PLENTY = 10n ** 24n;

export interface ElectionChain {
  readonly ethers: HardhatEthers;
  readonly networkHelpers: NetworkHelpers;
}

interface ElectionContracts {
  readonly federation: Federation;
  readonly credit: EnergyCredit;
  readonly election: AccountantElection;
  readonly votes: VoteBook;
  readonly court: TurnCourtHarness;
  readonly revenue: AccountingRevenue;
  readonly escrow: TradeEscrow;
}

/** What a wallet is for; its number tells it from others of the kind. */
type Kind = "member" | "node" | "voter";

export class ElectionStage {
  private readonly funded = new Map<string, Wallet>();
  private payments = 0;

  private constructor(
    private readonly chain: ElectionChain,
    readonly contracts: ElectionContracts,
  ) {}

  /** Founders 1 to `founders` hold the seats; the deployer administers. */
  static async open(chain: ElectionChain, founders: number): Promise<ElectionStage> {
    const { ethers } = chain;
    const [deployer] = await ethers.getSigners();
    if (!deployer) throw new Error("The chain has no account.");
    const manager = await ethers.deployContract("FederationAccessManager", [deployer.address]);
    const federation = await ethers.deployContract("Federation", [manager]);
    await manager.bindFederation(federation);
    const credit = await ethers.deployContract("EnergyCredit", [manager]);
    const settings = {
      federation,
      credit,
      epochBlocks: EPOCH_BLOCKS,
      seats: founders,
      turnoutFloorBps: 1_000,
      unlockSeconds: UNLOCK_SECONDS,
      trustingSeconds: UNLOCK_SECONDS,
      minimumDepositMicro: DEPOSIT_MICRO,
      founderWeight: 1_000_000n,
    };
    const election = await ethers.deployContract("AccountantElection", [manager, settings, foundersOf(founders)]);
    const votes = await ethers.deployContract("VoteBook", [manager, election, ZeroAddress, CAP_BPS]);
    const court = await ethers.deployContract("TurnCourtHarness", [election, { ...TURNS, ...ABSENCE }]);
    const revenue = await ethers.deployContract("AccountingRevenue", [manager, credit, election, VOTER_BPS]);
    const world = await ethers.deployContract("MarketWorldMock");
    const arrears = await ethers.deployContract("Arrears", [manager]);
    const wiring = { credit, arrears, federation: world, devices: world, rules: world, calendar: world };
    const escrow = await ethers.deployContract("TradeEscrow", [manager, wiring]);
    await arrears.bindEscrow(escrow);
    await revenue.bindParts(escrow, votes);
    await votes.bindRevenue(revenue);
    await election.bindParts(votes, court, revenue);
    const stage = new ElectionStage(chain, { federation, credit, election, votes, court, revenue, escrow });
    await stage.issue(deployer.address, SUPPLY_MICRO);
    for (let number = 1; number <= founders; number += 1) await stage.addFounder(number);
    return stage;
  }

  /** Members `from` to `to` become candidates, with nodes and deposits of their own. */
  async register(from: number, to: number): Promise<void> {
    const { federation, election } = this.contracts;
    for (let number = from; number <= to; number += 1) {
      const member = await this.wallet("member", number);
      await federation.admitMember(member.address, ACCOUNTANT);
      await this.allow(member, await election.getAddress(), DEPOSIT_MICRO);
      const node = walletOf("node", number);
      await election.connect(member).register(node.address, await this.claimOf(member, node));
    }
  }

  /** Voter `number`, new, locks credits and votes. */
  async vote(number: number, stakeMicro: bigint, candidates: readonly number[]): Promise<TransactionReceipt> {
    const { federation, votes } = this.contracts;
    const voter = await this.wallet("voter", number);
    await federation.admitMember(voter.address, SUPPLIER);
    await this.allow(voter, await votes.getAddress(), stakeMicro);
    await votes.connect(voter).lock(stakeMicro);
    return mined(votes.connect(voter).vote([...candidates]));
  }

  async elect(order: readonly number[]): Promise<TransactionReceipt> {
    return mined(this.contracts.election.elect([...order]));
  }

  /** Books a fee to the accountant of this node, and pays it into the escrow. */
  async book(number: number, amountMicro: bigint): Promise<void> {
    const { credit, escrow, revenue } = this.contracts;
    await credit.approve(escrow, amountMicro);
    await escrow.depositFor(revenue, amountMicro);
    await revenue.book(walletOf("node", number).address, amountMicro);
  }

  /** Anyone claims for voter `number`. */
  async claim(number: number): Promise<TransactionReceipt> {
    return mined(this.contracts.revenue.claimVotes(walletOf("voter", number).address));
  }

  async nextEpoch(): Promise<void> {
    const { networkHelpers } = this.chain;
    const latest = await networkHelpers.time.latestBlock();
    const next = (Math.floor(latest / EPOCH_BLOCKS) + 1) * EPOCH_BLOCKS;
    await networkHelpers.mineUpTo(next);
  }

  /** A view function as a transaction, so that its gas can be read. */
  async transacted(to: string, data: string): Promise<TransactionReceipt> {
    const [sender] = await this.chain.ethers.getSigners();
    if (!sender) throw new Error("The chain has no account.");
    return mined(sender.sendTransaction({ to, data }));
  }

  async latestBlock(): Promise<number> {
    return this.chain.networkHelpers.time.latestBlock();
  }

  private async addFounder(number: number): Promise<void> {
    const { federation, election } = this.contracts;
    const member = await this.wallet("member", number);
    await federation.admitMember(member.address, ACCOUNTANT);
    await this.allow(member, await election.getAddress(), DEPOSIT_MICRO);
    await election.connect(member).addDeposit(DEPOSIT_MICRO);
  }

  /** Gives a wallet credits that another may take. */
  private async allow(wallet: Wallet, spender: string, amountMicro: bigint): Promise<void> {
    await this.issue(wallet.address, amountMicro);
    await this.contracts.credit.connect(wallet).approve(spender, amountMicro);
  }

  private async issue(to: string, amountMicro: bigint): Promise<void> {
    this.payments += 1;
    await this.contracts.credit.issue(to, amountMicro, id(`payment ${this.payments}`));
  }

  private async claimOf(member: Wallet, node: Wallet): Promise<string> {
    const { chainId } = await this.chain.ethers.provider.getNetwork();
    return node.signTypedData(
      {
        name: "Commonwatt AccountantElection",
        version: "1",
        chainId,
        verifyingContract: await this.contracts.election.getAddress(),
      },
      {
        NodeClaim: [
          { name: "member", type: "address" },
          { name: "node", type: "address" },
        ],
      },
      { member: member.address, node: node.address },
    );
  }

  /** A wallet that can pay for gas. */
  private async wallet(kind: Kind, number: number): Promise<Wallet> {
    const known = this.funded.get(`${kind} ${number}`);
    if (known !== undefined) return known;
    const wallet = walletOf(kind, number).connect(this.chain.ethers.provider);
    await this.chain.networkHelpers.setBalance(wallet.address, PLENTY);
    this.funded.set(`${kind} ${number}`, wallet);
    return wallet;
  }
}

/** The same in every run. */
export function walletOf(kind: Kind, number: number): Wallet {
  return new Wallet(id(`election ${kind} ${number}`));
}

/** In the order of their nodes' addresses, as the contract wants them; candidate numbers follow that order. */
function foundersOf(count: number): { member: string; node: string }[] {
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  return numbers
    .map((number) => ({ member: walletOf("member", number).address, node: walletOf("node", number).address }))
    .sort((a, b) => (BigInt(a.node) < BigInt(b.node) ? -1 : 1));
}

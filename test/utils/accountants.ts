/** A served network with a neighbourhood, and `npm run accountants` on it, for tests. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { id, toQuantity, type Wallet } from "ethers";

import { encodeHeader, type QbftHeader } from "../../light/index.js";
import { runAccountants } from "../../scripts/accountants/run.js";
import { announce, endpointUrls, serveChains, type Endpoints } from "../../scripts/chains/serve.js";
import { defaultGrid } from "../../scripts/grid/index.js";
import { Random } from "../../scripts/inputs/random.js";
import { admitNeighbourhood, type Neighbourhood } from "../../scripts/neighbourhood.js";
import { keyFromSeed, openEmbedded, type EmbeddedNetwork } from "../../scripts/networks/index.js";
import { admitMember } from "../../sdk/actions/federation.js";
import { candidatesOf } from "../../sdk/actions/accountants.js";
import { issueCredits } from "../../sdk/actions/credits.js";
import { withSigner, type TransactionChain } from "../../sdk/connect.js";
import { MemberRole } from "../../sdk/enums.js";
import { twoFreePorts } from "./ports.js";
import { doubleSealOf } from "./qbft.js";

export const CREDIT = 1_000_000n;
/** What a candidate leaves on compressed networks. */
export const CANDIDATE_DEPOSIT = 100n * CREDIT;

const SEED = 29;
const SLOT_SECONDS = 30;
const EPOCH_BLOCKS = 60n;
const HOUR = 3_600;

export type Secrets = Readonly<Record<string, string>>;

export class AccountantsStage {
  readonly folder: string;
  readonly network: EmbeddedNetwork;
  readonly neighbourhood: Neighbourhood;
  readonly endpoints: Endpoints;

  private constructor(parts: Pick<AccountantsStage, "folder" | "network" | "neighbourhood" | "endpoints">) {
    this.folder = parts.folder;
    this.network = parts.network;
    this.neighbourhood = parts.neighbourhood;
    this.endpoints = parts.endpoints;
  }

  /** Both chains, with four homes that have 500 credits in escrow each. */
  static async open(): Promise<AccountantsStage> {
    const folder = await mkdtemp(join(tmpdir(), "commonwatt-accountants-"));
    const port = await twoFreePorts();
    const network = await openEmbedded({
      seed: SEED,
      slotSeconds: SLOT_SECONDS,
      genesisTime: 1_473_638_400n,
      network: "local",
      rpcUrls: endpointUrls(port),
    });
    const sizes = ["1", "2", "3", "4"].map((home) => ({ id: home, peakWh: 8_000 }));
    const neighbourhood = await admitNeighbourhood(network, {
      seed: SEED,
      grid: defaultGrid(sizes, HOUR, new Random(SEED)),
      homeDepositMicro: () => 500n * CREDIT,
      supplierDepositMicro: 2_000n * CREDIT,
      price: { retail: 300_000n, feedIn: 120_000n },
    });
    const endpoints = await serveChains(network, port);
    await announce(join(folder, "local.json"), network, neighbourhood);
    return new AccountantsStage({ folder, network, neighbourhood, endpoints });
  }

  async close(): Promise<void> {
    await Promise.all([this.endpoints.transaction.close(), this.endpoints.user.close()]);
    await this.network.close();
    await rm(this.folder, { recursive: true });
  }

  get file(): string {
    return join(this.folder, "local.json");
  }

  get chain(): TransactionChain {
    return this.network.transaction;
  }

  as(wallet: Wallet): TransactionChain {
    return withSigner(this.chain, wallet);
  }

  get council(): TransactionChain {
    return this.as(this.network.operators.transaction.council);
  }

  // -------------------- the command

  /** The command, which must do what it is asked; what it says. */
  async done(args: readonly string[], environment: Secrets = {}): Promise<string> {
    const { code, text, problem } = await this.#run(args, environment);
    expect(problem, args.join(" ")).to.equal("");
    expect(code).to.equal(0);
    return text;
  }

  /** The command, which must refuse with exit code 2; what it says. */
  async refused(args: readonly string[], environment: Secrets = {}): Promise<string> {
    const { code, text, problem } = await this.#run(args, environment);
    expect(code, `${args.join(" ")}: ${text}${problem}`).to.equal(2);
    expect(text).to.equal("");
    return problem;
  }

  async #run(args: readonly string[], environment: Secrets): Promise<{ code: number; text: string; problem: string }> {
    const lines: string[] = [];
    let problem = "";
    const code = await runAccountants(
      ["--network", this.file, ...args],
      environment,
      (line) => lines.push(line),
      (told) => (problem = String(told)),
    );
    return { code, text: lines.join("\n"), problem };
  }

  // -------------------- time

  async mine(kind: "transaction" | "user", blocks: bigint, seconds = 2n): Promise<void> {
    const { provider } = this.network.chains[kind].connection;
    await provider.request({ method: "hardhat_mine", params: [toQuantity(blocks), toQuantity(seconds)] });
  }

  async nextEpoch(kind: "transaction" | "user"): Promise<void> {
    const block = BigInt(await this.network[kind].provider.getBlockNumber());
    await this.mine(kind, EPOCH_BLOCKS - (block % EPOCH_BLOCKS));
  }

  // -------------------- candidates, which are not in the keys file

  memberKey(number: number): Wallet {
    return keyFromSeed(SEED, "transaction", `candidate/${number}`);
  }

  nodeKey(number: number): Wallet {
    return keyFromSeed(SEED, "transaction", `node/${number}`);
  }

  /** What such a member has in its environment. */
  secrets(number: number, node = number): Secrets {
    return {
      COMMONWATT_PRIVATE_KEY: this.memberKey(number).privateKey,
      COMMONWATT_NODE_KEY: this.nodeKey(node).privateKey,
    };
  }

  /** Admits a member with the role, and credits for its deposit. */
  async admitCandidate(number: number): Promise<void> {
    const { address } = this.memberKey(number);
    await this.network.fund("transaction", [address]);
    await admitMember(this.council, { member: address, roles: [MemberRole.Accountant] });
    const payment = { to: address, amountMicro: CANDIDATE_DEPOSIT, paymentReference: id(`candidate ${number}`) };
    await issueCredits(this.as(this.network.operators.transaction.issuer), payment);
  }

  async seated(): Promise<bigint[]> {
    const candidates = await candidatesOf(this.chain);
    return candidates.filter(({ isSeated }) => isSeated).map(({ candidate }) => candidate);
  }

  /** The address of a home. */
  home(name: string): string {
    const home = this.neighbourhood.homes.find((one) => one.home === name);
    if (home === undefined) throw new Error(`there is no home ${name}`);
    return home.chain.signer.address;
  }

  // -------------------- evidence

  /** Two files with headers of the next height, both sealed by that key; their parent is this chain's, or another. */
  async doubleSeal(key: Wallet, parentHash?: string): Promise<[string, string]> {
    const parent = await this.chain.provider.getBlock("latest");
    if (typeof parent?.hash !== "string") throw new Error("no block");
    const { number, timestamp } = parent;
    const headers = doubleSealOf(key.signingKey, { hash: parentHash ?? parent.hash, number, timestamp });
    const write = async (name: string, header: QbftHeader, prefix: string): Promise<string> => {
      const file = join(this.folder, `${key.address}-${name}.hex`);
      await writeFile(file, `${prefix}${encodeHeader(header).slice(2)}\n`);
      return file;
    };
    return [await write("one", headers[0], "0x"), await write("another", headers[1], "")];
  }
}

/** A served network with a share store, and `npm run vault` on it, for tests. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import type { Wallet } from "ethers";

import { announce, endpointUrls, serveChains, type Endpoints } from "../../scripts/chains/serve.js";
import { defaultGrid } from "../../scripts/grid/index.js";
import { Random } from "../../scripts/inputs/random.js";
import { admitNeighbourhood } from "../../scripts/neighbourhood.js";
import { openEmbedded, type EmbeddedNetwork } from "../../scripts/networks/index.js";
import { runCommandLine } from "../../scripts/run.js";
import { shareStoreCommand } from "../../scripts/share-store/command.js";
import { runVault } from "../../scripts/vault/run.js";
import { VaultWallet } from "../../sdk/vault/index.js";
import { runCommand } from "./command.js";
import { twoFreePorts } from "./ports.js";

const SEED = 31;
/** Long ago: what was granted until a time of then is over by the stores' clocks, and was not by the chain's. */
const GENESIS = 1_473_638_400n;

const QUICK_COST = 2 ** 10;

export const PASSWORD = "correct horse battery";

/** Content that must stand nowhere in clear. */
export const SECRET = "12 Elm Street";

/** What a command left. */
export interface Ran {
  readonly code: number;
  /** Lines of the output. */
  readonly lines: readonly string[];
  readonly notes: readonly string[];
  /** Content in clear. */
  readonly content: Buffer;
  readonly problem: string;
}

export class VaultStage {
  readonly folder: string;
  readonly network: EmbeddedNetwork;
  readonly endpoints: Endpoints;
  /** The home's account on the user chain: an active one that isn't the vaults'. */
  readonly homeAccount: Wallet;
  readonly #stores: StoreProcess[] = [];

  private constructor(parts: Pick<VaultStage, "folder" | "network" | "endpoints" | "homeAccount">) {
    this.folder = parts.folder;
    this.network = parts.network;
    this.endpoints = parts.endpoints;
    this.homeAccount = parts.homeAccount;
  }

  /** Both chains with a home and its registrar, and two share stores. */
  static async open(): Promise<VaultStage> {
    const folder = await mkdtemp(join(tmpdir(), "commonwatt-vault-command-"));
    const port = await twoFreePorts();
    const network = await openEmbedded({
      seed: SEED,
      slotSeconds: 3_600,
      genesisTime: GENESIS,
      network: "local",
      rpcUrls: endpointUrls(port),
    });
    const neighbourhood = await admitNeighbourhood(network, {
      seed: SEED,
      grid: defaultGrid([{ id: "1", peakWh: 8_000 }], 3_600, new Random(SEED)),
      homeDepositMicro: () => 0n,
      supplierDepositMicro: 0n,
    });
    const endpoints = await serveChains(network, port);
    await announce(join(folder, "local.json"), network, neighbourhood);
    await writeFile(join(folder, "password"), `${PASSWORD}\n`, { mode: 0o600 });
    const [home] = neighbourhood.homes;
    if (home === undefined) throw new Error("the neighbourhood has a home");
    const stage = new VaultStage({ folder, network, endpoints, homeAccount: home.userAccount });
    await stage.startStore("store-0");
    await stage.startStore("store-1");
    return stage;
  }

  async close(): Promise<void> {
    for (const store of this.#stores) await store.stop();
    await Promise.all([this.endpoints.transaction.close(), this.endpoints.user.close()]);
    await this.network.close();
    await rm(this.folder, { recursive: true });
  }

  get deployment(): string {
    return join(this.folder, "local.json");
  }

  /** A path in the stage's folder. */
  at(...names: string[]): string {
    return join(this.folder, ...names);
  }

  get stores(): readonly StoreProcess[] {
    return this.#stores;
  }

  get storeUrls(): string[] {
    return this.#stores.map(({ url }) => url);
  }

  /** A share store over a folder of the stage, in this process. */
  async startStore(name: string, port = 0): Promise<StoreProcess> {
    const stopping = new AbortController();
    const problems: unknown[] = [];
    const known = this.#stores.findIndex((store) => store.name === name);
    const started = await new Promise<StoreProcess>((ready, fail) => {
      const print = (line: string): void => {
        const url = /http:\S+(?=,)/.exec(line)?.[0] ?? "";
        ready({ name, url, problems, stop: () => (stopping.abort(), ended.then(() => undefined)) });
      };
      const complain = (problem: unknown): void => void problems.push(problem);
      const command = shareStoreCommand({}, print, complain, stopping.signal);
      const args = ["--network", this.deployment, "--folder", this.at(name), "--port", String(port)];
      const ended = runCommandLine(command, args, complain);
      void ended.then(() => fail(new Error(`the store ended: ${problems.join()}`)));
    });
    if (known < 0) this.#stores.push(started);
    else this.#stores[known] = started;
    return started;
  }

  // -------------------- the command

  /** The vault command of one person, which must do what it is asked. */
  async done(person: string, ...args: string[]): Promise<Ran> {
    const ran = await this.run(person, args);
    expect(ran.problem, args.join(" ")).to.equal("");
    expect(ran.code).to.equal(0);
    return ran;
  }

  /** The first line of what it says. */
  async said(person: string, ...args: string[]): Promise<string> {
    return (await this.done(person, ...args)).lines[0] ?? "";
  }

  /** In this process. */
  async run(person: string, args: readonly string[], input: string | Uint8Array = ""): Promise<Ran> {
    const [lines, notes, content]: [string[], string[], Uint8Array[]] = [[], [], []];
    let problem = "";
    const shell = {
      environment: {},
      print: (line: string) => void lines.push(line),
      note: (line: string) => void notes.push(line),
      write: (bytes: Uint8Array) => void content.push(bytes),
      input: () => Promise.resolve(Buffer.from(input)),
      askHidden: () => Promise.resolve(undefined),
    };
    const code = await runVault(this.arguments(person, args), shell, (told) => (problem = String(told)));
    return { code, lines, notes, content: Buffer.concat(content), problem };
  }

  /** In a process of its own, which must end with exit code 2 and print nothing; what it complains of. */
  async refused(person: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await runCommand("vault", this.arguments(person, args));
    expect(code, `${args.join(" ")}: ${stdout}${stderr}`).to.equal(2);
    expect(stdout).to.equal("");
    for (const secret of [SECRET, PASSWORD]) expect(stderr).to.not.contain(secret);
    expect(stderr, "a stack: it was no expected refusal").to.not.contain("\n    at ");
    return stderr;
  }

  /** Like `refused`, in this process: for a second case of a kind. */
  async declined(person: string, ...args: string[]): Promise<string> {
    const { code, lines, content, problem } = await this.run(person, args);
    expect(code, args.join(" ")).to.equal(2);
    expect([...lines, ...content]).to.deep.equal([]);
    for (const secret of [SECRET, PASSWORD]) expect(problem).to.not.contain(secret);
    return problem;
  }

  arguments(person: string, args: readonly string[]): string[] {
    const shared = ["--home", this.at(person), "--network", this.deployment, "--password-file", this.at("password")];
    return [...shared, ...args];
  }

  /** A keystore whose password is quick to try: with the usual one each command takes a second longer. */
  async quickKeystore(person: string, wallet: VaultWallet = VaultWallet.create()): Promise<void> {
    await mkdir(this.at(person), { recursive: true });
    const keystore = await wallet.toKeystore(PASSWORD, QUICK_COST);
    await writeFile(this.at(person, "keystore.json"), keystore, { mode: 0o600, flag: "wx" });
  }

  /** The keys of a person. */
  async walletOf(person: string): Promise<VaultWallet> {
    return VaultWallet.fromPhrase(await this.said(person, "phrase"));
  }

  /** A vault that is admitted and has its key; its account. */
  async vaultOf(person: string, ...args: string[]): Promise<string> {
    await this.quickKeystore(person);
    const line = await this.said(person, "init", "--admit", "--share-store", ...this.storeUrls, ...args);
    return /0x[0-9a-fA-F]{40}/.exec(line)?.[0] ?? "";
  }
}

/** A share store of the stage. */
export interface StoreProcess {
  readonly name: string;
  readonly url: string;
  readonly problems: readonly unknown[];
  stop(): Promise<void>;
}

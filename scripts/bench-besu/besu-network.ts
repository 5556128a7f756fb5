/** A network of real nodes in a temporary folder: made, run and ended by the commands that operators use. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { accountantsCommand } from "../accountants/command.js";
import { networkCommand } from "../network/command.js";
import { nodeRpcs, type RpcOf } from "../network/engine/node-rpc.js";
import { readStatus, type ChainStatus, type NodeStatus } from "../network/engine/status.js";
import { readNetworkFile, type ChainName, type NetworkFile } from "../network/network-file.js";
import { PASSWORD_FILE_VARIABLE } from "../network/password.js";
import { FOLDER_VARIABLE } from "../networks/folder.js";
import { runCommandLine } from "../run.js";

const PASSWORD = "a password of tests alone";
/** Small and soon warm: many nodes share a machine. */
const SMALL = { BESU_OPTS: "-Xmx320m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC" };
const POLL_MILLISECONDS = 500;

/** What a command printed, and how it ended. */
export interface Outcome {
  readonly code: number;
  readonly words: string;
}

export class BesuNetwork {
  #savedEnvironment: NodeJS.ProcessEnv | undefined;

  private constructor(
    readonly dir: string,
    readonly network: NetworkFile,
    readonly rpcOf: RpcOf,
    readonly environment: NodeJS.ProcessEnv,
  ) {}

  /** Of all its keys: they guard nothing that lasts. */
  readonly password = PASSWORD;

  /** Where `deploy --deployment` writes. */
  get deployment(): string {
    return join(this.dir, "deployed.json");
  }

  /** Runs a command of `npm run accountants` on a chain, and has to succeed. */
  async accountants(chain: ChainName, ...argv: string[]): Promise<string> {
    const lines: string[] = [];
    const program = accountantsCommand(this.environment, (text) => void lines.push(text));
    const code = await runCommandLine(
      program,
      ["--network", this.deployment, "--chain", chain, ...argv],
      (problem) => void lines.push(String(problem)),
    );
    if (code !== 0) throw new Error(lines.join("\n"));
    return lines.join("\n");
  }

  /** Makes the folder, for small nodes; nothing runs yet. */
  static make(...init: string[]): Promise<BesuNetwork> {
    return BesuNetwork.makeWith(SMALL, ...init);
  }

  /** The same; `own`: variables that nodes and commands find in their environment, unless this process has others. */
  static async makeWith(own: NodeJS.ProcessEnv, ...init: string[]): Promise<BesuNetwork> {
    const parent = await mkdtemp(join(tmpdir(), "besu-network-"));
    const dir = join(parent, "network");
    const passwordFile = join(parent, "password");
    await writeFile(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
    const environment = {
      ...own,
      ...process.env,
      [PASSWORD_FILE_VARIABLE]: passwordFile,
    };
    const { code, words } = await run(["init", "--out", dir, ...init], environment);
    if (code !== 0) throw new Error(words);
    const network = await readNetworkFile(dir);
    return new BesuNetwork(dir, network, await nodeRpcs(dir, network), environment);
  }

  /** Has this process's own connections find the folder and its password, until `close`. */
  useForCommands(): void {
    this.#savedEnvironment ??= { ...process.env };
    process.env[FOLDER_VARIABLE] = this.dir;
    process.env[PASSWORD_FILE_VARIABLE] = this.environment[PASSWORD_FILE_VARIABLE];
  }

  /** Runs a command of `npm run network` on this folder. */
  run(command: string, ...args: string[]): Promise<Outcome> {
    return run([command, ...args, "--dir", this.dir], this.environment);
  }

  /** Runs a command that has to succeed. */
  async do(command: string, ...args: string[]): Promise<string> {
    const { code, words } = await this.run(command, ...args);
    if (code !== 0) throw new Error(words);
    return words;
  }

  status(chain: ChainName = "transaction"): Promise<ChainStatus> {
    return readStatus(this.network, this.rpcOf, chain);
  }

  /** Waits for a status; the caller's own limit ends what never comes. */
  async until(isSo: (status: ChainStatus) => boolean, chain: ChainName = "transaction"): Promise<ChainStatus> {
    for (;;) {
      const status = await this.status(chain);
      if (isSo(status)) return status;
      await sleep(POLL_MILLISECONDS);
    }
  }

  /** Ends all nodes and removes the folder. */
  async close(): Promise<void> {
    try {
      await this.do("down");
    } finally {
      for (const name of [FOLDER_VARIABLE, PASSWORD_FILE_VARIABLE]) {
        if (this.#savedEnvironment === undefined) break;
        if (this.#savedEnvironment[name] === undefined) delete process.env[name];
        else process.env[name] = this.#savedEnvironment[name];
      }
      await rm(join(this.dir, ".."), { recursive: true, force: true });
    }
  }

  /** Changes a file of the folder for as long as the work takes. */
  async whileChanged(file: string, change: (text: string) => string, work: () => Promise<void>): Promise<void> {
    const path = join(this.dir, file);
    const text = await readFile(path, "utf8");
    await writeFile(path, change(text));
    try {
      await work();
    } finally {
      await writeFile(path, text);
    }
  }
}

export function nodeIn(status: ChainStatus, name: string): NodeStatus {
  const node = status.nodes.find((each) => each.name === name);
  if (node === undefined) throw new Error(`no node ${name}`);
  return node;
}

async function run(argv: string[], environment: NodeJS.ProcessEnv): Promise<Outcome> {
  const lines: string[] = [];
  const code = await runCommandLine(
    networkCommand((text) => void lines.push(text), environment),
    argv,
    (problem) => void lines.push(String(problem)),
  );
  return { code, words: lines.join("\n") };
}

/** Nodes as processes of this machine, which outlive the command that started them. */
import { execFile } from "node:child_process";
import { access, constants, mkdir, readdir, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

import { InputError } from "../../inputs/error.js";
import { besuArguments } from "../besu-flags.js";
import { genesisPath } from "../genesis/predeployed-file.js";
import { nodeFolder, type NetworkFile } from "../network-file.js";
import { PASSWORD_FILE_VARIABLE } from "../password.js";
import { NODE_KEY_FILE, TLS_PASSWORD_FILE } from "../unlock.js";
import { partName, type Engine, type Part } from "./engine.js";
import { endDetached, startDetached } from "./detached.js";
import { follow, tailOf } from "./log-tail.js";
import { memoryFolder } from "./memory-folder.js";
import { livingPid } from "./pid-file.js";
import { requireVersion } from "./version.js";

/** Names the launcher where it is not on PATH. */
export const BESU_VARIABLE = "BESU";

const VERSION_MILLISECONDS = 120_000;

/** The launcher: what `BESU` names, or `besu` of PATH; undefined: there is none. */
export async function findBesu(environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const named = environment[BESU_VARIABLE];
  if (named !== undefined && named !== "") {
    if (await isExecutable(named)) return named;
    throw new InputError({ file: named }, "this is no program that can be run", "Name Besu's launcher in BESU");
  }
  for (const folder of (environment["PATH"] ?? "").split(delimiter)) {
    if (folder !== "" && (await isExecutable(join(folder, "besu")))) return join(folder, "besu");
  }
  return undefined;
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

export interface ProcessEngineOptions {
  readonly dir: string;
  readonly network: NetworkFile;
  /** The launcher; what only ends nodes, or shows their logs, does without. */
  readonly besu: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
}

export class ProcessEngine implements Engine {
  readonly kind = "processes";
  readonly keepsSecrets = false;

  private constructor(
    private readonly options: ProcessEngineOptions,
    readonly version: string,
  ) {}

  /** Asks the launcher which Besu it is; refuses one that is too old. */
  static async open(options: ProcessEngineOptions): Promise<ProcessEngine> {
    const { besu, network } = options;
    if (besu === undefined) return new ProcessEngine(options, "none");
    const words = await versionWords(besu, besuEnvironment(options.environment));
    return new ProcessEngine(options, requireVersion(words, network.besu.minimumVersion, besu));
  }

  secretsFolder({ node, chain }: Part): string {
    const { dir, environment } = this.options;
    return join(memoryFolder(dir, environment), node.name, chain);
  }

  async start(part: Part): Promise<void> {
    const { network, besu, environment } = this.options;
    if (besu === undefined) throw new Error("the engine was opened to end nodes alone");
    const { node, chain } = part;
    const folder = this.#folder(part);
    const secrets = this.secretsFolder(part);
    await mkdir(join(folder, "data"), { recursive: true, mode: 0o700 });
    const args = besuArguments(network, node, chain, {
      genesis: genesisPath(this.options.dir, chain),
      data: join(folder, "data"),
      nodeKey: join(secrets, NODE_KEY_FILE),
      permissions: join(folder, "permissions.toml"),
      jwtPublic: join(folder, "jwt-public.pem"),
      tlsKeystore: join(folder, "tls.p12"),
      tlsPassword: join(secrets, TLS_PASSWORD_FILE),
    });
    await startDetached({
      command: besu,
      args,
      environment: besuEnvironment(environment),
      pidFile: this.#pidFile(part),
      logFile: this.#log(part),
    });
  }

  async isRunning(part: Part): Promise<boolean> {
    return (await livingPid(this.#pidFile(part))) !== undefined;
  }

  async stop(part: Part): Promise<void> {
    await this.#end(part, "SIGTERM");
  }

  async kill(part: Part): Promise<void> {
    await this.#end(part, "SIGKILL");
  }

  async logTail(part: Part, lines: number): Promise<string[]> {
    return tailOf(this.#log(part), lines);
  }

  async followLog(part: Part, lines: number, stopped: AbortSignal, print: (text: string) => void): Promise<void> {
    await follow(this.#log(part), lines, stopped, print);
  }

  async #end(part: Part, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    await endDetached(this.#pidFile(part), signal, partName(part));
  }

  #folder({ node, chain }: Part): string {
    return nodeFolder(this.options.dir, node, chain);
  }

  #log(part: Part): string {
    return join(this.#folder(part), "besu.log");
  }

  #pidFile(part: Part): string {
    return join(this.#folder(part), "besu.pid");
  }
}

/** Whether a folder has processes of ours, whoever looks: then they, and no containers, run the network. */
export async function hasProcesses(dir: string, network: NetworkFile): Promise<boolean> {
  for (const node of network.nodes) {
    const chains = await readdir(join(dir, "nodes", node.name)).catch(() => []);
    for (const chain of chains) {
      if ((await livingPid(join(dir, "nodes", node.name, chain, "besu.pid"))) !== undefined) return true;
    }
  }
  return false;
}

/** A node is told nothing of where the password is. */
function besuEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { [PASSWORD_FILE_VARIABLE]: _, ...rest } = environment;
  return rest;
}

async function versionWords(besu: string, env: NodeJS.ProcessEnv): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(besu, ["--version"], { timeout: VERSION_MILLISECONDS, env });
    return stdout;
  } catch (cause) {
    const { stderr = "", message } = cause as Error & { stderr?: string };
    const [reason = message] = stderr.split("\n").filter((line) => line.trim() !== "");
    throw new InputError(
      { file: besu },
      `besu --version fails (${reason})`,
      "Its release notes say which Java it needs",
      { cause },
    );
  }
}

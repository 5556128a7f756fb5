/** Nodes as containers of the folder's `compose.yaml`. */
import { execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

import { InputError } from "../../inputs/error.js";
import { serviceName, UNLOCKED_VARIABLE, USER_VARIABLE } from "../init/compose.js";
import type { NetworkFile } from "../network-file.js";
import { partName, type Engine, type Part } from "./engine.js";
import { memoryFolder } from "./memory-folder.js";

const ANSWER_MILLISECONDS = 10_000;
/** A first start pulls the image. */
const COMPOSE_MILLISECONDS = 900_000;
const MEGABYTE = 1_048_576;

export interface DockerEngineOptions {
  readonly dir: string;
  readonly network: NetworkFile;
  readonly environment: NodeJS.ProcessEnv;
}

/** Whether an engine and its compose plugin answer. */
export async function dockerAnswers(environment: NodeJS.ProcessEnv): Promise<boolean> {
  const options = { timeout: ANSWER_MILLISECONDS, env: environment };
  try {
    await promisify(execFile)("docker", ["info", "--format", "{{.ServerVersion}}"], options);
    await promisify(execFile)("docker", ["compose", "version", "--short"], options);
    return true;
  } catch {
    return false;
  }
}

export class DockerEngine implements Engine {
  readonly kind = "docker";
  /** The container's engine starts a node again by itself, and mounts its key anew. */
  readonly keepsSecrets = true;
  readonly version: string;

  constructor(private readonly options: DockerEngineOptions) {
    this.version = options.network.besu.image;
  }

  secretsFolder({ node, chain }: Part): string {
    return join(this.#secrets(), node.name, chain);
  }

  async start(part: Part): Promise<void> {
    await this.#compose(part, "up", "--detach", "--no-deps", serviceOf(part));
  }

  async isRunning(part: Part): Promise<boolean> {
    const running = await this.#compose(part, "ps", "--status", "running", "--services");
    return running.split("\n").includes(serviceOf(part));
  }

  async stop(part: Part): Promise<void> {
    await this.#compose(part, "stop", serviceOf(part));
  }

  async kill(part: Part): Promise<void> {
    await this.#compose(part, "kill", "--signal", "KILL", serviceOf(part));
  }

  async logTail(part: Part, lines: number): Promise<string[]> {
    const text = await this.#compose(part, "logs", "--no-log-prefix", "--tail", String(lines), serviceOf(part));
    return text.split("\n").filter((line) => line.trim() !== "");
  }

  async followLog(part: Part, lines: number, stopped: AbortSignal, print: (text: string) => void): Promise<void> {
    const args = this.#arguments("logs", "--follow", "--no-log-prefix", "--tail", String(lines), serviceOf(part));
    const child = spawn("docker", args, { stdio: ["ignore", "pipe", "inherit"], env: this.#environment() });
    const end = (): void => void child.kill("SIGTERM");
    stopped.addEventListener("abort", end, { once: true });
    if (stopped.aborted) end();
    createInterface({ input: child.stdout }).on("line", print);
    await new Promise<void>((resolve, reject) => {
      child.once("close", () => resolve());
      child.once("error", reject);
    });
  }

  async #compose(part: Part, ...args: string[]): Promise<string> {
    try {
      const { stdout } = await promisify(execFile)("docker", this.#arguments(...args), {
        timeout: COMPOSE_MILLISECONDS,
        env: this.#environment(),
        maxBuffer: 16 * MEGABYTE,
      });
      return stdout;
    } catch (cause) {
      const { stderr = "", message } = cause as Error & { stderr?: string };
      const reason = stderr.trim() === "" ? message : stderr.trim();
      const advice = "Set right what docker names; nothing else was changed";
      throw new InputError({ file: partName(part) }, `docker compose ${args.join(" ")} fails (${reason})`, advice, {
        cause,
      });
    }
  }

  #arguments(...args: string[]): string[] {
    return ["compose", "--file", join(this.options.dir, "compose.yaml"), ...args];
  }

  #secrets(): string {
    return memoryFolder(this.options.dir, this.options.environment);
  }

  #environment(): NodeJS.ProcessEnv {
    const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
    return { ...this.options.environment, [UNLOCKED_VARIABLE]: this.#secrets(), [USER_VARIABLE]: user };
  }
}

function serviceOf({ node, chain }: Part): string {
  return serviceName(node, chain);
}

/** Each node's permission agent, as a process of this machine: started by `up` and `restart`, ended by `down`. */
import { mkdir, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { writeFileAtOnce } from "../../../sdk/node/deployments.js";
import { InputError } from "../../inputs/error.js";
import { nodeFolder } from "../network-file.js";
import { PASSWORD_FILE_VARIABLE } from "../password.js";
import { endDetached, startDetached } from "./detached.js";
import { partName, type Part } from "./engine.js";
import { tailOf } from "./log-tail.js";
import { memoryFolder } from "./memory-folder.js";
import { livingPid } from "./pid-file.js";

/** A cold start of this program on a busy machine. */
const START_MILLISECONDS = 180_000;
const POLL_MILLISECONDS = 200;
const LAST_LINES = 6;
const PROGRAM = fileURLToPath(new URL("../index.ts", import.meta.url));
/** Where `tsx` is found, and where a deployment file's default path begins. */
const PROJECT = fileURLToPath(new URL("../../../", import.meta.url));

export interface AgentsOptions {
  readonly dir: string;
  /** The deployment file that agents wait for; absent: the network's own. */
  readonly deployment?: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
}

export class Agents {
  constructor(private readonly options: AgentsOptions) {}

  /** Starts the part's agent unless it runs, and waits until it has its key; whether it was started. */
  async start(part: Part, password: string, stopped?: AbortSignal): Promise<boolean> {
    if (await this.isRunning(part)) return false;
    const before = await sizeOf(this.#log(part));
    const passwordFile = join(this.#secrets(part), "password");
    try {
      // in memory, until the agent has opened its keystore
      await mkdir(dirname(passwordFile), { recursive: true, mode: 0o700 });
      await writeFileAtOnce(passwordFile, password, 0o600);
      await startDetached({
        command: process.execPath,
        args: this.#arguments(part, passwordFile),
        environment: agentEnvironment(this.options.environment),
        pidFile: this.#pidFile(part),
        logFile: this.#log(part),
        folder: PROJECT,
      });
      await this.#hasBegun(part, before, stopped);
    } catch (error) {
      await this.stop(part);
      throw error;
    } finally {
      await rm(this.#secrets(part), { recursive: true, force: true });
    }
    return true;
  }

  async isRunning(part: Part): Promise<boolean> {
    return (await livingPid(this.#pidFile(part))) !== undefined;
  }

  async stop(part: Part): Promise<void> {
    await endDetached(this.#pidFile(part), "SIGTERM", `the agent of ${partName(part)}`);
  }

  /** The agent's first line comes when its key is open, or says why it ends: then it runs no more a moment later. */
  async #hasBegun(part: Part, before: number, stopped?: AbortSignal): Promise<void> {
    const until = Date.now() + START_MILLISECONDS;
    let hasSpoken = false;
    while (Date.now() < until) {
      stopped?.throwIfAborted();
      const isRunning = await this.isRunning(part); // first: what it logged before it ended is then all there
      if (!isRunning) throw await this.#failure(part, "its permission agent ended");
      if (hasSpoken) return;
      hasSpoken = (await sizeOf(this.#log(part))) > before;
      await sleep(POLL_MILLISECONDS);
    }
    throw await this.#failure(part, `its permission agent says nothing within ${START_MILLISECONDS / 1_000} s`);
  }

  async #failure(part: Part, problem: string): Promise<InputError> {
    const lines = await tailOf(this.#log(part), LAST_LINES);
    const words = lines.length === 0 ? "it logged nothing" : `its last lines:\n${lines.join("\n")}\n`;
    return new InputError({ file: partName(part) }, `${problem}; ${words}`, `Its log is ${this.#log(part)}`);
  }

  #arguments({ node, chain }: Part, passwordFile: string): string[] {
    const { dir, deployment } = this.options;
    return [
      ...["--import", "tsx", PROGRAM, "agent", "--dir", resolve(dir), "--node", node.name, "--chain", chain],
      ...["--password-file", passwordFile],
      ...(deployment === undefined ? [] : ["--deployment", resolve(deployment)]),
    ];
  }

  #secrets({ node, chain }: Part): string {
    const { dir, environment } = this.options;
    return join(memoryFolder(dir, environment), "agents", node.name, chain);
  }

  #log({ node, chain }: Part): string {
    return join(nodeFolder(this.options.dir, node, chain), "agent.log");
  }

  #pidFile({ node, chain }: Part): string {
    return join(nodeFolder(this.options.dir, node, chain), "agent.pid");
  }
}

/** An agent outlives the command, and the place that the password comes from. */
function agentEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { [PASSWORD_FILE_VARIABLE]: _, ...rest } = environment;
  return rest;
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

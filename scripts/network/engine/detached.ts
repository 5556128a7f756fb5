/** Processes that outlive the command that starts them, known by a pid file and heard by a log file. */
import { spawn } from "node:child_process";
import { open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

import { livingPid, removePid, startOf, writePid } from "./pid-file.js";

/** A JVM that ends writes its database down first. */
const STOP_MILLISECONDS = 60_000;
const POLL_MILLISECONDS = 100;

export interface DetachedOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly pidFile: string;
  readonly logFile: string;
  /** Where it works; absent: where this process does. */
  readonly folder?: string;
}

/** Starts one, and notes it. */
export async function startDetached(options: DetachedOptions): Promise<void> {
  const { command, args, environment: env, pidFile, logFile, folder: cwd } = options;
  const log = await open(logFile, "a", 0o600);
  try {
    const child = spawn(command, args, { detached: true, stdio: ["ignore", log.fd, log.fd], env, cwd });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    child.unref();
    if (child.pid !== undefined) await note(pidFile, child.pid);
  } finally {
    await log.close();
  }
}

/** A process that cannot be noted would never be found again; one that has ended says why in its log. */
async function note(pidFile: string, pid: number): Promise<void> {
  try {
    await writePid(pidFile, pid);
  } catch (error) {
    if ((await startOf(pid)) === undefined) return removePid(pidFile);
    process.kill(pid, "SIGKILL");
    throw error;
  }
}

/** Ends the process that the file notes, at once where it does not end when asked; `name` is what people call it. */
export async function endDetached(pidFile: string, signal: "SIGTERM" | "SIGKILL", name: string): Promise<void> {
  const pid = await livingPid(pidFile);
  if (pid !== undefined) {
    send(pid, signal);
    if (!(await hasEnded(pidFile))) send(pid, "SIGKILL");
    if (!(await hasEnded(pidFile))) throw new Error(`${name}: process ${pid} does not end`);
  }
  await removePid(pidFile);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // it ended by itself meanwhile
  }
}

async function hasEnded(pidFile: string): Promise<boolean> {
  const until = Date.now() + STOP_MILLISECONDS;
  while (Date.now() < until) {
    if ((await livingPid(pidFile)) === undefined) return true;
    await sleep(POLL_MILLISECONDS);
  }
  return false;
}

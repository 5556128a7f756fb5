/** Which process is ours: its number and when it started, for a number is given to another process one day. */
import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { promisify } from "node:util";

import { z } from "zod";

import { writeFileAtOnce } from "../../../sdk/node/deployments.js";

const schema = z.object({ pid: z.number().int().positive(), started: z.string().min(1) });

/** Notes a process that runs. */
export async function writePid(file: string, pid: number): Promise<void> {
  const started = await startOf(pid);
  if (started === undefined) throw new Error(`process ${pid} has ended`);
  await writeFileAtOnce(file, `${JSON.stringify({ pid, started })}\n`, 0o600);
}

/** The process that the file notes, as long as it runs; a recycled number is another one's. */
export async function livingPid(file: string): Promise<number | undefined> {
  let noted: z.infer<typeof schema>;
  try {
    noted = schema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    return undefined; // none, or torn by a full disk: then nothing tells that a process is ours
  }
  return (await startOf(noted.pid)) === noted.started ? noted.pid : undefined;
}

export async function removePid(file: string): Promise<void> {
  await rm(file, { force: true });
}

/** When a process started, in words that no other process of this number has; undefined: it does not run. */
export async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform === "linux") return startOnLinux(pid);
  try {
    const { stdout } = await promisify(execFile)("ps", ["-o", "stat=,lstart=", "-p", String(pid)]);
    const [, state = "Z", started = ""] = /^\s*(\S+)\s+(.*)$/.exec(stdout) ?? [];
    return state.startsWith("Z") ? undefined : started.trim();
  } catch {
    return undefined;
  }
}

/** Places within /proc/PID/stat after the name, which may hold spaces (proc_pid_stat(5)). */
const [STATE, START_TICKS] = [0, 19];

async function startOnLinux(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[STATE] === "Z") return undefined;
    // ticks count from the machine's start, so they name a process only together with it
    const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
    return `${boot} ${fields[START_TICKS] ?? ""}`;
  } catch {
    return undefined;
  }
}

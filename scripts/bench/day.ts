/** `npm start` as a user runs it, in a process of its own: wall time and peak memory of a simulated day. */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { tableText, whole, type BenchOptions, type Figures } from "./report.js";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const MEBIBYTE = 2 ** 20;
const POLL_MILLISECONDS = 100;

interface DayGoal {
  readonly homes: number;
  readonly seconds: number;
  readonly mebibytes: number;
}

const GOALS: readonly DayGoal[] = [
  { homes: 17, seconds: 60, mebibytes: 2048 },
  { homes: 1_000, seconds: 600, mebibytes: 2048 },
];

interface DayRun {
  readonly homes: number;
  readonly exitCode: number;
  readonly seconds: number;
  /** Peak of the run's processes together; null where the system has no /proc. */
  readonly mebibytes: number | null;
  /** The last lines that it wrote, when it failed. */
  readonly tail: string;
}

export async function benchDay({ seed, print }: BenchOptions): Promise<Figures> {
  const runs: DayRun[] = [];
  for (const { homes } of GOALS) runs.push(await runDay(homes, seed));
  print(
    tableText(
      "A simulated day: npm start -- --homes N --json",
      ["homes", "seconds", "goal", "peak MiB", "goal", "audit"],
      runs.map((run, index) => [
        whole(run.homes),
        run.seconds.toFixed(1),
        whole(GOALS[index]?.seconds ?? NaN),
        run.mebibytes === null ? "not measured" : whole(run.mebibytes),
        whole(GOALS[index]?.mebibytes ?? NaN),
        run.exitCode === 0 ? "no difference" : `exit code ${run.exitCode}`,
      ]),
    ),
  );
  for (const { homes, tail } of runs) if (tail !== "") print(`The day of ${homes} homes failed:\n${tail}`);
  return Object.fromEntries(
    runs.flatMap(({ homes, seconds, mebibytes, exitCode }) => [
      [`day${homes}Seconds`, exitCode === 0 ? Math.round(seconds * 10) / 10 : null],
      [`day${homes}PeakMebibytes`, exitCode === 0 && mebibytes !== null ? Math.round(mebibytes) : null],
    ]),
  );
}

async function runDay(homes: number, seed: number): Promise<DayRun> {
  const out = await mkdtemp(join(tmpdir(), "commonwatt-bench-"));
  const start = performance.now();
  try {
    const args = ["start", "--", "--homes", String(homes), "--seed", String(seed), "--out", out, "--json"];
    const child = spawn("npm", args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let written = "";
    const keep = (chunk: Buffer): void => {
      written = (written + chunk.toString()).slice(-2_000);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    let peak = 0;
    const poll = setInterval(() => {
      void treeBytes(child.pid ?? 0).then((bytes) => {
        peak = Math.max(peak, bytes);
      });
    }, POLL_MILLISECONDS);
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve(code ?? 1));
    }).finally(() => clearInterval(poll));
    return {
      homes,
      exitCode,
      seconds: (performance.now() - start) / 1000,
      mebibytes: peak === 0 ? null : peak / MEBIBYTE,
      tail: exitCode === 0 ? "" : written.trim(),
    };
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

/** Resident memory of a process and all below it, as Linux's /proc tells it; 0 elsewhere. */
async function treeBytes(rootPid: number): Promise<number> {
  const processes = new Map<number, { readonly parent: number; readonly bytes: number }>();
  for (const name of await readdir("/proc").catch(() => [])) {
    if (!/^\d+$/.test(name)) continue;
    const status = await readFile(join("/proc", name, "status"), "utf8").catch(() => ""); // it may have ended
    const field = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
    processes.set(Number(name), { parent: field("PPid"), bytes: field("VmRSS") * 1024 });
  }
  const isBelow = (pid: number): boolean => {
    const parent = processes.get(pid)?.parent ?? 0;
    return pid === rootPid || (parent !== 0 && isBelow(parent));
  };
  return [...processes].reduce((sum, [pid, { bytes }]) => (isBelow(pid) ? sum + bytes : sum), 0);
}

/** Running the project's commands as processes of their own, as npm does. No side effects. */
import { spawn, type ChildProcess } from "node:child_process";
import { resolve } from "node:path";

/** What a command that has ended left. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type CommandName =
  | "simulate"
  | "audit"
  | "oracle"
  | "chains"
  | "accountants"
  | "share-store"
  | "vault"
  | "network"
  | "light-node"
  | "bench-besu";

/** A command under way. */
export interface RunningCommand {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  output(): string;
  /** Resolves when standard output holds the text; rejects when the command ends without it. */
  untilPrinted(text: string): Promise<void>;
  readonly ended: Promise<CommandResult>;
}

/** Starts `npm run NAME -- ARGUMENTS` without npm. Nothing of the test's environment that hides a key reaches it. */
export function startCommand(
  name: CommandName,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): RunningCommand {
  const { COMMONWATT_PRIVATE_KEY: _, ...inherited } = process.env;
  const child = spawn(process.execPath, ["--import", "tsx", resolve("scripts", name, "index.ts"), ...args], {
    env: { ...inherited, NO_COLOR: "1", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  let isEnded = false;
  const listeners = new Set<() => void>();
  const tell = (): void => listeners.forEach((listener) => listener());
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    tell();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<CommandResult>((end, fail) => {
    child.once("error", fail);
    child.once("close", (code) => {
      isEnded = true;
      end({ code, stdout, stderr });
      tell();
    });
  });
  return {
    child,
    ended,
    output: () => stdout + stderr,
    untilPrinted: (text) =>
      new Promise((found, fail) => {
        const look = (): void => {
          if (!stdout.includes(text) && !isEnded) return;
          listeners.delete(look);
          if (stdout.includes(text)) found();
          else fail(new Error(`${name} ended without "${text}": ${stdout}${stderr}`));
        };
        listeners.add(look);
        look();
      }),
  };
}

/** Runs a command to its end. */
export function runCommand(
  name: CommandName,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return startCommand(name, args, environment).ended;
}

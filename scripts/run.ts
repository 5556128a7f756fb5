/**
 * Runs one command line. Exit codes: 0 done or stopped, 1 a bug, 2 bad input or a refusal by the chain or a store.
 * `LOG_LEVEL=debug` shows of a refusal, too, where it was met and what caused it.
 */
import { CommanderError, type Command } from "commander";

import { CommonwattError } from "../sdk/errors.js";
import { InputError } from "./inputs/error.js";

/** Where a command's words go. */
export type Print = (text: string) => void;

/** Parses and does what the arguments say; the exit code. */
export async function runCommandLine(
  program: Command,
  argv: readonly string[],
  complain: (problem: unknown) => void,
): Promise<number> {
  try {
    await program.parseAsync([...argv], { from: "user" });
    return 0;
  } catch (error) {
    // commander has told already what is wrong, or given its help
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const expected = error instanceof InputError || error instanceof CommonwattError;
    complain(expected && process.env["LOG_LEVEL"] !== "debug" ? error.message : error);
    return expected ? 2 : 1;
  }
}

/** Aborted by SIGINT or SIGTERM; made before a set-up, so that a signal during it is not lost. A second signal ends the process. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}

/** The same for who waits for nothing else. */
export function untilStopped(): Promise<void> {
  const signal = stopSignal();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve());
  });
}

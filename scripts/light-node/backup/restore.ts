/** Makes of a backup what Besu imports, and lets Besu import it: each block is verified before it is written. */
import { spawn } from "node:child_process";
import { access, constants, rm } from "node:fs/promises";
import { join } from "node:path";

import { writeWholeFile } from "../../../sdk/node/deployments.js";
import { InputError } from "../../inputs/error.js";
import { verifyBackup, type VerifiedBackup } from "./verify.js";
import type { KnownHash } from "./trust.js";

const FLUSH_BYTES = 1 << 20;

/** Writes the blocks one behind the other, RLP, whole or not at all; block 0 is left out, a client makes it itself. */
export async function exportBlocks(folder: string, hashOf: KnownHash, out: string): Promise<VerifiedBackup> {
  return writeWholeFile(out, 0o644, async (file) => {
    let [parts, waiting]: [Uint8Array[], number] = [[], 0];
    const flush = async (): Promise<void> => {
      await file.writeFile(Buffer.concat(parts));
      [parts, waiting] = [[], 0];
    };
    const verified = await verifyBackup({
      folder,
      hashOf,
      onBlock: async ({ block }) => {
        if (block.number === 0) return;
        parts.push(block.raw);
        waiting += block.raw.length;
        if (waiting >= FLUSH_BYTES) await flush();
      },
    });
    await flush();
    return verified;
  });
}

export interface ImportOptions {
  /** Besu's launcher. */
  readonly besu: string;
  readonly genesis: string;
  readonly dataPath: string;
  /** The node's storage format; Besu refuses another one afterwards. */
  readonly format: "FOREST" | "BONSAI";
  /** What `exportBlocks` wrote. */
  readonly blocks: string;
  readonly onLine: (line: string) => void;
}

/**
 * Lets Besu import blocks into a data folder: it executes them, and checks their seals against the set that the state
 * before each names. Throws `InputError` with Besu's last words when it does not import all up to `last`.
 */
export async function importIntoBesu(options: ImportOptions, last: { readonly number: number }): Promise<void> {
  const { besu, genesis, dataPath, format, blocks, onLine } = options;
  await access(besu, constants.X_OK).catch((cause: Error) => {
    throw new InputError({ file: besu }, `it can't be run (${cause.message})`, "Name Besu's launcher", { cause });
  });
  // Besu makes a node key where the folder has none; the restored node has its own
  const key = join(dataPath, "key");
  const hadKey = await access(key).then(
    () => true,
    () => false,
  );
  const args = [
    ...[`--genesis-file=${genesis}`, `--data-path=${dataPath}`, `--data-storage-format=${format}`],
    ...["--color-enabled=false", "blocks", "import", "--format=RLP", `--from=${blocks}`],
  ];
  const { code, lines } = await run(besu, args, onLine);
  if (!hadKey) await rm(key, { force: true });
  const reached = Math.max(-1, ...lines.map((line) => Number(/Import at block (\d+)/.exec(line)?.[1] ?? -1)));
  if (code === 0 && reached >= last.number) return;
  const telling = lines.filter((line) => /error|invalid|exception/i.test(line)).slice(-3);
  const words = telling.length > 0 ? telling.join(" / ") : (lines.findLast((line) => line.trim() !== "") ?? "nothing");
  const so = reached < 0 ? "imported no block" : `imported blocks up to ${reached}, not ${last.number}`;
  const what = `Besu ${so} (exit code ${code ?? "none"}): ${words}`;
  throw new InputError(
    { file: besu },
    what,
    "Look at its words above; give a new data folder and the chain's genesis file",
  );
}

async function run(
  program: string,
  args: readonly string[],
  onLine: (line: string) => void,
): Promise<{ readonly code: number | null; readonly lines: readonly string[] }> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  const listen = (stream: NodeJS.ReadableStream): void => {
    let rest = "";
    stream.setEncoding("utf8").on("data", (text: string) => {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) {
        lines.push(line);
        onLine(line);
      }
    });
  };
  listen(child.stdout);
  listen(child.stderr);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, lines }));
  });
}

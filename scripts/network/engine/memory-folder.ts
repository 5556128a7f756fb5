/** Where unlocked keys stand while nodes start: in memory, in a folder that follows from the network's. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const HASH_DIGITS = 16;

/** A folder for this user and network alone; the same each time, so that what a crash left is found and removed. */
export function memoryFolder(dir: string, environment: NodeJS.ProcessEnv): string {
  const name = createHash("sha256").update(resolve(dir)).digest("hex").slice(0, HASH_DIGITS);
  const user = process.getuid?.() ?? 0;
  return join(memoryRoot(environment), `commonwatt-${user}-${name}`);
}

/** A tmpfs on Linux; elsewhere the user's own temporary folder, where the key's file is for its owner alone. */
function memoryRoot(environment: NodeJS.ProcessEnv): string {
  const own = environment["XDG_RUNTIME_DIR"];
  if (own !== undefined && existsSync(own)) return own;
  return existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
}

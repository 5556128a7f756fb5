// What setup.mjs remembers between runs: hashes of what was installed and of what was built. Node 20+, no dependencies.
// It lies in node_modules, so that it goes when they go.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stampFile = join(root, "node_modules", ".commonwatt-setup.json");

export function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, "utf8"));
  } catch {
    return {};
  }
}

export function updateStamp(part) {
  writeFileSync(stampFile, `${JSON.stringify({ ...readStamp(), ...part })}\n`);
}

export function filesUnder(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesUnder(join(path, name)));
}

export function hashOf(...paths) {
  const hash = createHash("sha256");
  for (const path of paths) {
    for (const file of filesUnder(join(root, path))) {
      hash.update(file.slice(root.length)).update("\0").update(readFileSync(file)).update("\0");
    }
  }
  return hash.digest("hex");
}

/** The lock file decides what is installed; `prepare` runs the healing script. */
export const installHash = () => hashOf("package-lock.json", "scripts/heal-edr.mjs");

/** What the compiled contracts and their types are made of. */
export const buildHash = () => hashOf("package-lock.json", "hardhat.config.ts", "contracts");

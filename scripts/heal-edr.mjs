// Root `prepare`: makes a plain `npm ci` work on Node 20.
//
// Hardhat's EDR ships its native part as optional dependencies that say `engines: node >= 22`. An npm that runs on
// Node 20 skips them without a word. By the time `prepare` runs, the bundled Node 24 (devDependency `node`) is first on
// PATH and runs this file, so one more install, started by that Node, adds what was skipped and nothing else.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";

import { installHash, updateStamp } from "./stamp.mjs";

const require = createRequire(import.meta.url);

function edrLoads() {
  // A fresh process: a failed native load is cached in the one that tried it.
  const probe = spawnSync(process.execPath, ["-e", "require('@nomicfoundation/edr')"], { stdio: "ignore" });
  return probe.status === 0;
}

function edrIsWanted() {
  try {
    require.resolve("hardhat/package.json");
    return true;
  } catch {
    return false; // production install (--omit=dev): nothing to heal
  }
}

function heal() {
  const npm = process.env.npm_execpath;
  if (npm === undefined) {
    console.error("heal-edr: start me through npm (`npm run prepare`), not directly.");
    process.exit(1);
  }
  console.log(`heal-edr: adding Hardhat's native part with the bundled Node ${process.versions.node}`);
  const args = [npm, "install", "--ignore-scripts", "--no-save", "--loglevel=error"];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  if (status !== 0 || !edrLoads()) {
    console.error("heal-edr: @nomicfoundation/edr still cannot be loaded; Hardhat will not run on this machine.");
    process.exit(status || 1);
  }
}

if (edrIsWanted()) {
  if (!edrLoads()) heal();
  updateStamp({ install: installHash() });
}

// Run before every command (prestart, pretest, ...): makes a fresh clone usable, and does nothing in one that is.
// Runs on a bare Node 20, 22 or 24, before anything is installed: no dependencies, no TypeScript.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { buildHash, installHash, readStamp, root, updateStamp } from "./stamp.mjs";

const windows = process.platform === "win32";

function fail(message, status) {
  console.error(`setup: ${message}`);
  process.exit(status || 1);
}

function checkNode() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 20) fail(`Node ${process.versions.node} is too old; install Node 20 or later (https://nodejs.org).`);
}

/** `npm ci` by the npm that started us, run by the Node that started it: the bundled Node is about to be replaced. */
function npmCi() {
  const npm = process.env["npm_execpath"];
  const node = process.env["npm_node_execpath"];
  const options = { cwd: root, stdio: "inherit" };
  const args = ["ci", "--no-fund", "--no-audit", "--loglevel=error"];
  return npm && node
    ? spawnSync(node, [npm, ...args], options)
    : spawnSync("npm", args, { ...options, shell: windows });
}

function install() {
  const wanted = installHash();
  if (existsSync(join(root, "node_modules", "hardhat")) && readStamp().install === wanted) return;
  console.log("setup: installing the locked dependencies (once; about a minute)");
  const { status } = npmCi();
  if (status !== 0) fail("npm ci failed; see its message above.", status);
  // `prepare` stamped the install already, unless install scripts are switched off on this machine.
  if (readStamp().install !== wanted) {
    fail("npm ci ran without install scripts; allow them (npm config set ignore-scripts false) and run again.");
  }
}

function bundledNode() {
  const path = join(root, "node_modules", "node", "bin", windows ? "node.exe" : "node");
  return existsSync(path) ? path : process.execPath;
}

function build() {
  const wanted = buildHash();
  const built = ["artifacts", "typechain-types"].every((folder) => existsSync(join(root, folder)));
  if (built && readStamp().build === wanted) return;
  console.log("setup: building the contracts");
  const hardhat = join(root, "node_modules", "hardhat", "dist", "src", "cli.js");
  const { status } = spawnSync(bundledNode(), [hardhat, "build", "--no-tests"], { cwd: root, stdio: "inherit" });
  if (status !== 0) fail("the contracts do not build; see the compiler's message above.", status);
  updateStamp({ build: wanted });
}

checkNode();
install();
build();

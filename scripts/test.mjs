// `npm test`: all tests, as many parts at once as there are processors; arguments go on to `hardhat test` instead, in one
// run. `--long` (npm run test:long): with the long fuzz and invariant runs and loops.
//
// The Solidity tests are built in a folder of their own: building them takes minutes of one processor, and the others
// meanwhile read the artifacts that the setup has made.
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { stripVTControlCharacters } from "node:util";

import { filesUnder, root } from "./stamp.mjs";

const hardhat = join(root, "node_modules", "hardhat", "dist", "src", "cli.js");

/** Runs `hardhat test ARGS` with the environment's additions; `onLine` hears each line that it prints, if given. */
function hardhatTest(args, { env = {}, onLine } = {}) {
  const color = process.stdout.isTTY ? { FORCE_COLOR: "1" } : {};
  const child = spawn(process.execPath, [hardhat, "test", ...args], {
    cwd: root,
    env: { ...process.env, ...color, ...env },
    stdio: onLine === undefined ? "inherit" : ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface(stream).on("line", onLine);
  }
  return new Promise((resolve) => child.once("close", (code) => resolve(code ?? 1)));
}

/** The test files of a folder, from the repository's root. */
const testsIn = (folder) =>
  filesUnder(join(root, folder))
    .map((file) => file.slice(root.length + 1))
    .filter((file) => file.endsWith(".test.ts"));

const mocha = (name, files) => ({ name, kind: "mocha", args: ["mocha", "--no-compile", ...files] });
const integration = testsIn("test/integration");

/** Of like length, as far as that goes, so that no processor is left waiting: the longest first. */
const parts = [
  { name: "solidity", kind: "solidity", args: ["solidity"], env: { COMMONWATT_BUILD_FOLDER: "cache/solidity-tests" } },
  ...[0, 1].map((half) =>
    mocha(
      `integration ${half + 1}`,
      integration.filter((_, index) => index % 2 === half),
    ),
  ),
  mocha("unit", testsIn("test/unit")),
];

/** A runner's closing lines, e.g. "  61 passing (2m)". */
const closingLine = /^ *(\d+) (passing|failing|pending|skipped)\b/;

/** Runs the parts, shows each line with its part's name, and closes with the sums in Hardhat's own form. */
async function runParts() {
  const waiting = [...parts];
  const sums = {};
  let status = 0;
  const work = async () => {
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
      const { name, kind, args, env } = part;
      const show = (line) => console.log(`${name.padEnd(13)} | ${line}`);
      const onLine = (line) => {
        const [, number, word] = stripVTControlCharacters(line).match(closingLine) ?? [];
        if (word !== undefined) sums[word] = { ...sums[word], [kind]: (sums[word]?.[kind] ?? 0) + Number(number) };
        show(line);
      };
      const started = Date.now();
      const code = await hardhatTest(args, { env, onLine });
      show(`ended after ${Math.round((Date.now() - started) / 1000)} s${code === 0 ? "" : ` with exit code ${code}`}`);
      if (code !== 0) status = 1;
    }
  };
  await Promise.all(Array.from({ length: Math.min(parts.length, availableParallelism()) }, work));
  console.log();
  for (const [word, kinds] of Object.entries(sums)) {
    const total = Object.values(kinds).reduce((all, one) => all + one, 0);
    const shares = Object.entries(kinds).map(([kind, number]) => `${number} ${kind}`);
    console.log(`${total} ${word} (${shares.join(", ")})`);
  }
  return status;
}

const [first, ...others] = process.argv.slice(2);
if (first === "--long") process.env.COMMONWATT_LONG = "1";
const given = first === "--long" || first === undefined ? others : [first, ...others];
process.exitCode = given.length > 0 ? await hardhatTest(given) : await runParts();

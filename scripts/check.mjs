// `npm run check`: every check of the repository, one after the other, each with its result; a failing step does not
// hide the others. Nothing here writes into the tree: the clean build happens in a temporary copy.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { root } from "./stamp.mjs";

const copy = mkdtempSync(join(tmpdir(), "commonwatt-check-"));
process.on("exit", () => rmSync(copy, { recursive: true, force: true }));

/** Runs a command line (tools are found through npm's PATH); returns its output and whether it succeeded. */
function run(command, { cwd = root, env = {} } = {}) {
  const { status, stdout, stderr } = spawnSync(command, {
    cwd,
    env: { ...process.env, ...env },
    shell: true,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  return { ok: status === 0, output: `${stdout ?? ""}${stderr ?? ""}`.trim() };
}

/** The sources of the contracts, alone, so that no cache and no stale artifact takes part in the build. */
function cleanBuild() {
  for (const path of ["contracts", "hardhat.config.ts", "package.json", "tsconfig.json"]) {
    cpSync(join(root, path), join(copy, path), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"), "junction");
  const built = run("hardhat build --no-tests", { cwd: copy });
  // A warning of the compiler counts: it is either a fault or noise that hides one.
  const warnings = /^Warning:/m.test(built.output);
  return { ok: built.ok && !warnings, output: built.output };
}

/** The types of the clean build against the committed (staged) ones, with git's index copied so that it stays as it is. */
function typechainDrift() {
  if (!existsSync(join(copy, "typechain-types"))) return { ok: false, output: "the clean build made no types" };
  const indexFile = run("git rev-parse --git-path index");
  if (!indexFile.ok) return { ok: false, output: "not a git checkout: the committed types cannot be read" };
  cpSync(join(root, indexFile.output), join(copy, "index"));
  const options = { env: { GIT_INDEX_FILE: join(copy, "index") } };
  const git = `git --work-tree="${copy}" -c core.safecrlf=false`;
  const changed = run(`${git} diff --stat --exit-code -- typechain-types`, options);
  const added = run(`${git} ls-files --others -- typechain-types`, options);
  if (changed.ok && added.ok && added.output === "") return { ok: true, output: "" };
  return {
    ok: false,
    output: [
      changed.output,
      added.output && `not committed:\n${added.output}`,
      "The committed types are not those of the contracts. Run `npm run typechain` and commit typechain-types.",
    ]
      .filter(Boolean)
      .join("\n"),
  };
}

const steps = [
  ["format", () => run("prettier --check --log-level warn .")],
  [
    "solhint",
    () => run("solhint --noPoster --max-warnings 0 'contracts/**/*.sol' 'test/**/*.sol'".replaceAll("'", '"')),
  ],
  ["eslint", () => run("eslint --max-warnings 0 .")],
  ["clean build", cleanBuild],
  ["typechain drift", typechainDrift],
  ["types", () => run("tsc -p tsconfig.json")],
  ["types of the package", () => run("tsc -p tsconfig.build.json --noEmit")],
  ["gas snapshot", () => run("tsx scripts/gas/index.ts")],
];

let failed = 0;
for (const [name, step] of steps) {
  const start = Date.now();
  const { ok, output } = step();
  if (!ok) failed += 1;
  console.log(`${ok ? "ok  " : "FAIL"} ${name} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
  if (!ok) console.log(output.replace(/^/gm, "     "));
}
console.log(`check: ${steps.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

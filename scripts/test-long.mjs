// `npm run test:long`: the tests with the long fuzz and invariant runs; arguments go on to `hardhat test`.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

import { root } from "./stamp.mjs";

const hardhat = join(root, "node_modules", "hardhat", "dist", "src", "cli.js");
const env = { ...process.env, COMMONWATT_LONG: "1" };
const { status } = spawnSync(process.execPath, [hardhat, "test", ...process.argv.slice(2)], {
  cwd: root,
  env,
  stdio: "inherit",
});
process.exitCode = status ?? 1;

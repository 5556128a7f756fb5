// `npm run test:besu`: the tests on a real Besu network; arguments go on to `hardhat test`. It passes where there is none.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

import { root } from "./stamp.mjs";

const hardhat = join(root, "node_modules", "hardhat", "dist", "src", "cli.js");
const env = { ...process.env, COMMONWATT_BESU: "1" };
const given = process.argv.slice(2);
const files =
  given.length > 0
    ? given
    : [
        "test/besu/network.test.ts",
        "test/besu/federation.test.ts",
        "test/besu/oracle.test.ts",
        "test/besu/day.test.ts",
        "test/besu/permission-agent.test.ts",
      ];
// --no-compile: what the setup has built is enough, the Solidity tests are not for here
const { status } = spawnSync(process.execPath, [hardhat, "test", "mocha", "--no-compile", ...files], {
  cwd: root,
  env,
  stdio: "inherit",
});
process.exitCode = status ?? 1;

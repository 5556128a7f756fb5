/** The main job on real Besu: a whole simulated day, traded and audited. It takes two thirds of an hour. `npm run test:besu`. */
import { join } from "node:path";

import { expect } from "chai";

import { PASSWORD_FILE_VARIABLE } from "../../scripts/network/password.js";
import { FOLDER_VARIABLE } from "../../scripts/networks/folder.js";
import { BesuNetwork, skipWithoutBesu } from "../utils/besu-network.js";
import { startCommand } from "../utils/command.js";

const MINUTE = 60_000;

/** The last line of `npm start -- --json`. */
interface Summary {
  readonly slots: number;
  readonly auditChecks: number;
  readonly auditDifferences: number;
  readonly creditsIssuedMicro: number;
  readonly creditsHeldMicro: number;
}

describe("a simulated day on real Besu", function () {
  this.timeout(90 * MINUTE);
  let network: BesuNetwork | undefined;

  before(async function () {
    await skipWithoutBesu(this);
    network = await BesuNetwork.make("--base-port", "27900", "--slot-seconds", "60", "--seed", "1");
    await network.do("up", "--deployment", network.deployment);
    await network.do("deploy", "--council", "--deployment", network.deployment);
    await network.do("announce", "--deployment", network.deployment);
  });

  after(async () => {
    await network?.close();
  });

  it("settles each slot to what the meters saw, and the audit finds no difference", async () => {
    if (network === undefined) throw new Error("there is no network");
    const out = join(network.dir, "out");
    const args = [
      "--network",
      network.deployment,
      "--homes",
      "2",
      "--seed",
      "1",
      "--no-vaults",
      "--out",
      out,
      "--json",
    ];
    const { code, stdout, stderr } = await startCommand("simulate", args, {
      [FOLDER_VARIABLE]: network.dir,
      [PASSWORD_FILE_VARIABLE]: network.environment[PASSWORD_FILE_VARIABLE] ?? "",
    }).ended;
    expect(code, stderr + stdout).to.equal(0);
    const summary = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Summary;
    expect(summary.slots).to.equal(24);
    expect(summary.auditChecks).to.be.greaterThan(1_000);
    expect(summary.auditDifferences).to.equal(0);
    expect(summary.creditsHeldMicro).to.equal(summary.creditsIssuedMicro);
    const after = await network.status("transaction");
    expect(after.forked).to.deep.equal([]);
  });
});

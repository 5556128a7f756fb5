/** `npm run network` as a process: exit codes, what it says, and that no secret shows on its command line or in its words. */
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { readNetworkFile, nodeOnChain } from "../../scripts/network/network-file.js";
import { SigningKey, computeAddress } from "ethers";
import { runCommand } from "../utils/command.js";

const PASSWORD = "correct horse battery";

describe("npm run network", function () {
  this.timeout(180_000);
  let folder: string;
  let passwordFile: string;
  let dir: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-network-command-"));
    passwordFile = join(folder, "password");
    await writeFile(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
    dir = join(folder, "net");
    const seeded = ["--seed", "5", "--base-port", "21000", "--standby", "0", "--slot-seconds", "30"];
    const { code, stdout } = await runCommand("network", ["init", "--out", dir, ...seeded], {
      COMMONWATT_NETWORK_PASSWORD_FILE: passwordFile,
    });
    expect(code).to.equal(0);
    expect(stdout).to.match(
      /accountant4 .*ports p2p\/rpc\/metrics\/agent: transaction 21030\/21031\/21032\/21036, user 21033/,
    );
    expect(stdout).to.match(/NOT FOR PRODUCTION: every key follows from the seed 5/);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("makes a network whose genesis blocks anyone can make again", async () => {
    const network = await readNetworkFile(dir);
    const { code, stdout } = await runCommand("network", ["check-genesis", "--dir", dir]);
    expect(code).to.equal(0);
    for (const { genesisHash } of Object.values(network.chains)) expect(stdout).to.include(genesisHash);
  });

  it("hands a node its key in memory alone", async function () {
    if (process.platform !== "linux" || !existsSync("/dev/shm")) {
      console.log("      no /dev/shm here: nothing to hand a key in");
      this.skip();
    }
    const memory = await mkdtemp("/dev/shm/commonwatt-test-");
    try {
      const args = ["unlock", "accountant2", "--chain", "user", "--dir", dir, "--password-file", passwordFile];
      expect((await runCommand("network", [...args, "--to", join(memory, "keys")])).code).to.equal(0);
      const file = join(memory, "keys", "node.key");
      const key = (await readFile(file, "utf8")).trim();
      const [, node] = (await readNetworkFile(dir)).nodes;
      if (node === undefined) throw new Error("no second node");
      expect(computeAddress(new SigningKey(key))).to.equal(nodeOnChain(node, "user").address);
      expect((await stat(file)).mode & 0o077).to.equal(0);
      expect((await stat(join(memory, "keys"))).mode & 0o077).to.equal(0);
    } finally {
      await rm(memory, { recursive: true });
    }
    const disk = await mkdtemp(join(process.cwd(), ".network-test-"));
    try {
      const args = ["unlock", "accountant2", "--chain", "user", "--dir", dir, "--password-file", passwordFile];
      const { code, stderr } = await runCommand("network", [...args, "--to", disk]);
      // a machine may have its work in memory; then there is nothing to refuse
      if (code !== 0) expect(stderr).to.match(/the folder is on a disk, which would keep the node's key/);
      expect(readdirSync(disk)).to.have.lengthOf(code === 0 ? 1 : 0);
    } finally {
      await rm(disk, { recursive: true });
    }
  });

  const refused: [string, (folder: string) => string[], RegExp][] = [
    ["a folder that is there", (at) => ["init", "--out", join(at, "net"), "--seed", "1"], /it is there already/],
    ["too few accountants", (at) => ["init", "--out", join(at, "x"), "--accountants", "3"], /3 accountants are no fed/],
    [
      "ports beyond the last",
      (at) => ["init", "--out", join(at, "x"), "--base-port", "65530"],
      /would have port 655\d\d/,
    ],
    ["a chain that is none", (at) => ["init", "--out", join(at, "x"), "--chains", "main"], /Give user, transaction/],
    [
      "an image that moves",
      (at) => ["init", "--out", join(at, "x"), "--image", "hyperledger/besu:latest"],
      /--image .*Give NAME:TAG, not latest/,
    ],
    [
      "an image's malformed digest",
      (at) => ["init", "--out", join(at, "x"), "--image", "hyperledger/besu@sha256:12"],
      /--image .*64 hex digits/,
    ],
    [
      "a block that the largest transaction has no room in",
      (at) => ["init", "--out", join(at, "x"), "--block-gas-limit", "16000000"],
      /--block-gas-limit .*Give 20000000 to/,
    ],
    ["slots too short", (at) => ["init", "--out", join(at, "x"), "--slot-seconds", "10"], /slots are too short/],
    [
      "a hosts file that is not there",
      (at) => ["init", "--out", join(at, "x"), "--hosts", join(at, "h")],
      /can't be read/,
    ],
    ["no network", (at) => ["deploy", "--dir", join(at, "nothing")], /there is no network here/],
    [
      "an unknown node",
      (at) => ["unlock", "zoe", "--chain", "user", "--to", "/dev/shm/x", "--dir", join(at, "net")],
      /Known: accountant1/,
    ],
    [
      "a network that does not run",
      (at) => ["deploy", "--dir", join(at, "net"), "--deployment", join(at, "d.json")],
      /does not answer.*network -- up/s,
    ],
  ];
  for (const [what, argumentsIn, message] of refused) {
    it(`refuses ${what} with exit code 2, and makes nothing`, async () => {
      const before = readdirSync(folder).sort();
      const { code, stdout, stderr } = await runCommand("network", argumentsIn(folder), {
        COMMONWATT_NETWORK_PASSWORD_FILE: passwordFile,
      });
      expect(stderr).to.match(message);
      expect(code).to.equal(2);
      expect(readdirSync(folder).sort()).to.deep.equal(before);
      expect(stdout + stderr).not.to.include(PASSWORD);
    });
  }

  it("refuses a wrong and a short password", async () => {
    const wrong = join(folder, "wrong");
    await writeFile(wrong, "not the password");
    const args = ["unlock", "accountant1", "--chain", "user", "--dir", dir, "--to", "/dev/shm/commonwatt-never"];
    const { code, stderr } = await runCommand("network", [...args, "--password-file", wrong]);
    expect([code, existsSync("/dev/shm/commonwatt-never")]).to.deep.equal([2, false]);
    expect(stderr).to.match(/node\.key\.json: the password is not this keystore's/);
    await writeFile(wrong, "short");
    const init = await runCommand("network", ["init", "--out", join(folder, "short"), "--password-file", wrong]);
    expect(init.code).to.equal(2);
    expect(init.stderr).to.match(/password: it is too short/);
    expect(existsSync(join(folder, "short"))).to.equal(false);
    await rm(wrong);
  });
});

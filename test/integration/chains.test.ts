import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { CommanderError } from "commander";
import { computeAddress } from "ethers";

import { escrowAccountOf, firstUnopenedSlotOf, standingOf, Standing } from "../../sdk/index.js";
import { chainsCommand } from "../../scripts/chains/options.js";
import { InputError } from "../../scripts/inputs/error.js";
import { readKeys } from "../../scripts/networks/keys-file.js";
import { openNetwork } from "../../scripts/networks/index.js";
import { twoFreePorts } from "../utils/ports.js";

const embedded = { seed: 1, slotSeconds: 900, genesisTime: 0n };

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs the command; `until` waits for a text in its output. */
function chains(args: readonly string[]): {
  readonly child: ChildProcess;
  readonly until: (text: string) => Promise<void>;
  readonly ended: Promise<Ended>;
} {
  const child = spawn(process.execPath, ["--import", "tsx", "scripts/chains/index.ts", ...args]);
  let output = "";
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) => resolve({ code, output }));
  });
  const heard = new EventTarget();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      heard.dispatchEvent(new Event("data"));
    });
  }
  const until = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (output.includes(text)) resolve();
      };
      heard.addEventListener("data", look);
      void ended.then(() => reject(new Error(`ended without '${text}': ${output}`)));
      look();
    });
  return { child, until, ended };
}

describe("npm run chains", function () {
  this.timeout(120_000);

  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-chains-"));
  });

  after(() => rm(folder, { recursive: true }));

  it("serves both chains with a neighbourhood, and leaves nothing behind", async () => {
    const file = join(folder, "local.json");
    const port = await twoFreePorts();
    const run = chains(["--port", String(port), "--homes", "4", "--seed", "9", "--deployment", file]);
    try {
      await run.until("Ctrl-C");
      expect((await stat(join(folder, "local.keys.json"))).mode & 0o777).to.equal(0o600);
      const text = await readFile(file, "utf8");
      const keys = await readKeys(join(folder, "local.keys.json"));
      for (const { key } of [...(keys?.homes ?? []), ...(keys?.members ?? [])]) expect(text).to.not.contain(key);
      const network = await openNetwork(file, embedded);
      try {
        expect(network.name).to.equal("local");
        expect(network.clock.isVirtual).to.equal(false);
        const now = await network.clock.now();
        await network.clock.waitUntil(now + 1n);
        expect((await network.clock.now()) > now).to.equal(true);
        expect(await firstUnopenedSlotOf(network.transaction)).to.be.a("bigint");
        const council = network.operators?.transaction.council.address;
        expect(council).to.equal(keys && computeAddress(keys.operators.transaction.council));
        expect(keys?.homes).to.have.length(4);
        for (const home of keys?.homes ?? []) {
          expect(await standingOf(network.transaction, home.address)).to.equal(Standing.Active);
          expect(await standingOf(network.user, home.userChainAddress)).to.equal(Standing.Active);
          expect(await standingOf(network.user, home.address)).to.equal(Standing.None);
          const { balanceMicro } = await escrowAccountOf(network.transaction, home.address);
          expect(balanceMicro > 0n).to.equal(true);
        }
      } finally {
        await network.close();
      }
      // a second one finds the ports taken, and leaves the first one's files alone
      const second = await chains(["--port", String(port), "--deployment", file]).ended;
      expect(second.code).to.equal(2);
      expect(second.output).to.contain(`port ${port}`);
      expect(await readFile(file, "utf8")).to.equal(text);
    } finally {
      run.child.kill("SIGTERM");
    }
    expect((await run.ended).code).to.equal(0);
    expect(await readdir(folder)).to.deep.equal([]);
  });

  it("ends with exit code 2 on bad input, and 0 after its help", async () => {
    const [bad, help] = await Promise.all([chains(["--port", "0"]).ended, chains(["--help"]).ended]);
    expect(bad.code).to.equal(2);
    expect(bad.output).to.contain("--port").and.contain("from 1 to 65534");
    expect(help.code).to.equal(0);
    expect(help.output).to.contain("--slot-seconds");
  });

  for (const [args, text] of [
    [["--homes", "many"], "from 1 to 500"],
    [["--slot-seconds", "7"], "from 30 to 86400"],
    [["--block-time", "1.5"], "from 1 to 60"],
    [["--seed", "-1"], "--seed"],
    [["--colour", "red"], "--colour"],
    [["extra"], "too many arguments"],
  ] as const) {
    it(`refuses '${args.join(" ")}'`, () => {
      let told = "";
      const command = chainsCommand().configureOutput({ writeErr: (line) => (told += line) });
      expect(() => command.parse([...args], { from: "user" })).to.throw(CommanderError);
      expect(told).to.contain(text);
    });
  }

  for (const [option, advice] of [
    ["besu", "Besu"],
    ["./nowhere.json", "deployment file"],
  ] as const) {
    it(`says what to do when --network ${option} isn't there`, async () => {
      let thrown: unknown;
      try {
        await openNetwork(option, embedded);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).to.be.instanceOf(InputError);
      expect((thrown as InputError).message).to.contain(advice);
      expect((thrown as InputError).exitCode).to.equal(2);
    });
  }
});

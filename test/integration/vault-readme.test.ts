import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import { expect } from "chai";

import { PASSWORD, VaultStage } from "../utils/vault-stage.js";

/** `npm` for the README's lines: no installing, and the stage's network and store instead of the usual ports. */
const NPM = `
npm() {
  shift; [ "$1" = -s ] && shift
  name=$1; shift 2
  [ "$1" = init ] && set -- "$@" --share-store "$STORE"
  "$NODE" --import "$TSX" "$ROOT/scripts/$name/index.ts" --network "$NETWORK" "$@"
}
`;

describe("the README's ten lines", function () {
  this.timeout(120_000);

  let stage: VaultStage;
  before(async () => {
    stage = await VaultStage.open();
  });
  after(() => stage.close());

  async function lines(): Promise<string[]> {
    const readme = await readFile("README.md", "utf8");
    const block = /\*\*Your own records\.\*\*[^`]*```sh\n([^`]*)```/.exec(readme)?.[1] ?? "";
    return block.trim().split("\n");
  }

  function bash(script: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const environment = {
      NODE: process.execPath,
      TSX: import.meta.resolve("tsx"),
      ROOT: resolve("."),
      NETWORK: stage.deployment,
      STORE: stage.storeUrls[0] ?? "",
      COMMONWATT_KEYSTORE_PASSWORD: PASSWORD,
    };
    const child = spawn("bash", ["-c", script], { cwd: stage.at("house"), env: { ...process.env, ...environment } });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    return new Promise((end, fail) => {
      child.once("error", fail);
      child.once("close", (code) => end({ code, stdout, stderr }));
    });
  }

  it("do what they say", async () => {
    await mkdir(stage.at("house", "bills"), { recursive: true });
    await writeFile(stage.at("house", "load.csv"), "interval_start,load_wh\n2026-07-01T00:00:00Z,210\n");
    await writeFile(stage.at("house", "bills", "2026-07.txt"), "July: 31.20 credits\n");
    await writeFile(stage.at("house", "bills", "2026-08.txt"), "August: 28.95 credits\n");
    await stage.quickKeystore(join("house", "vault"));
    const [chains = "", store = "", ...rest] = await lines();
    expect(rest).to.have.length(8);
    expect([chains, store].map((line) => line.split("#")[0]?.trim())).to.deep.equal([
      "npm run chains",
      "npm run share-store",
    ]);
    const after = 'npm run vault -- get "$load" || echo "exit code $?"';
    const { code, stdout, stderr } = await bash(["set -e", NPM, ...rest, after].join("\n"));
    expect(code, `${stdout}${stderr}`).to.equal(0);
    expect(stdout)
      .to.contain("July: 31.20 credits")
      .and.contain("readings  version 1, erased")
      .and.contain("exit code 2");
    expect(stderr).to.contain("True: slot").and.contain("VaultRecordErased");
    expect(await readFile(stage.at("house", "mine.csv"), "utf8")).to.contain("2026-07-01T00:00:00Z,210");
    const forTheBank = await readFile(stage.at("house", "july.json"), "utf8");
    expect(forTheBank).to.contain("July").and.not.contain("August");
  });
});

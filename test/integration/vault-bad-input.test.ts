import { openSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";
import { concat, hexlify, id, sha256 } from "ethers";

import { serveRpc, type RpcServer } from "../../scripts/chains/rpc-server.js";
import { relayAccessRequest } from "../../sdk/actions/grants.js";
import { putRecord } from "../../sdk/actions/personal-records.js";
import { connectUserChain, withSigner, type UserChain } from "../../sdk/connect.js";
import {
  HttpShareStore,
  MemoryContents,
  MemoryJournal,
  recordChainOf,
  RecordKind,
  Vault,
  vaultDirectoryOf,
} from "../../sdk/vault/index.js";
import { runCommand, startCommand } from "../utils/command.js";
import { slot } from "../utils/vault.js";
import { PASSWORD, SECRET, VaultStage } from "../utils/vault-stage.js";

const NOTHING = id("no such thing");

describe("npm run vault, given what it can't use", function () {
  this.timeout(240_000);

  let stage: VaultStage;
  let ann: string;
  let bank: string;

  before(async () => {
    stage = await VaultStage.open();
    ann = await stage.vaultOf("ann");
    bank = await stage.vaultOf("bank");
    await writeFile(stage.at("who.txt"), SECRET);
    await writeFile(stage.at("long.bin"), Buffer.from(SECRET.repeat(1_000)));
  });

  after(() => stage.close());

  const put = (name: string): Promise<string> => stage.said("ann", "put", "--kind", "profile", stage.at(name));

  /** The user chain as a person's account writes to it. */
  async function chainOf(person: string): Promise<UserChain> {
    return withSigner(stage.network.user, (await stage.walletOf(person)).account("user"));
  }

  async function contentFiles(): Promise<string[]> {
    const folder = stage.at("ann", "contents");
    return (await readdir(folder)).map((name) => join(folder, name));
  }

  it("ends with exit code 2 on a wrong password, a damaged keystore, and a folder without a vault", async () => {
    await writeFile(stage.at("wrong"), "something else entirely\n");
    expect(await stage.refused("ann", "--password-file", stage.at("wrong"), "get", NOTHING)).to.contain(
      "VaultKeystoreUnopened",
    );
    await mkdir(stage.at("damaged"));
    for (const file of ["vault.json", "keystore.json"])
      await copyFile(stage.at("ann", file), stage.at("damaged", file));
    await truncate(stage.at("damaged", "keystore.json"), 200);
    expect(await stage.declined("damaged", "get", NOTHING)).to.contain("VaultKeystoreUnopened");
    await writeFile(stage.at("damaged", "vault.json"), "{}");
    expect(await stage.declined("damaged", "list")).to.contain("vault.json");
    expect(await stage.refused("nobody", "get", NOTHING)).to.contain("there is no vault here");
    expect(await stage.declined("ann", "--password-file", stage.at("none"), "get", NOTHING)).to.contain("none");
    const short = ["init", "--share-store", ...stage.storeUrls];
    await writeFile(stage.at("short"), "short\n");
    expect(await stage.declined("new", "--password-file", stage.at("short"), ...short)).to.contain("too short");
    expect(await readdir(stage.folder)).to.not.include("new");
  });

  it("makes nothing with a bucket whose key is not given, a network that is not there, or words that are no phrase", async () => {
    const store = ["--share-store", stage.storeUrls[0] ?? ""];
    const bucket = ["init", ...store, "--bucket", "https://s3.example.org/vault"];
    expect(await stage.declined("new", ...bucket)).to.contain("COMMONWATT_S3_ACCESS_KEY_ID");
    const words = ["init", ...store, "--phrase-file", stage.at("who.txt")];
    expect(await stage.declined("new", ...words)).to.contain("VaultPhraseInvalid");
    expect(await stage.declined("new", "--network", "nowhere.json", "init")).to.contain("nowhere.json");
    expect(await readdir(stage.folder)).to.not.include("new");
  });

  it("takes the password from a descriptor, and never waits for one where there is no terminal", async () => {
    const fd = openSync(stage.at("password"), "r");
    const shared = ["--home", stage.at("ann"), "--network", stage.deployment];
    const record = await put("who.txt");
    const given = await stage.run("ann", ["--password-fd", String(fd), "get", record]);
    expect(given.content.toString()).to.equal(SECRET);
    const { code, stderr } = await runCommand("vault", [...shared, "get", record]);
    expect([code, stderr]).to.satisfy(
      ([ended, text]: [number, string]) => ended === 2 && text.includes("there is no terminal to ask on"),
    );
    const fromVariable = await runCommand("vault", [...shared, "get", record], {
      COMMONWATT_KEYSTORE_PASSWORD: PASSWORD,
    });
    expect(fromVariable.stdout).to.equal(SECRET);
  });

  it("refuses a key that the record or the grant was not wrapped for", async () => {
    const record = await put("who.txt");
    expect(await stage.declined("bank", "get", record)).to.contain("VaultRecordForeign");
    const grantId = /0x[0-9a-f]{64}/.exec(await stage.said("ann", "grant", ann, "--all", "--days", "1"))?.[0] ?? "";
    expect(await stage.refused("bank", "shared", grantId)).to.contain("VaultWrongKey");
    expect(await stage.declined("bank", "revoke", grantId)).to.contain("VaultGrantUnknown");
  });

  it("refuses truncated and swapped ciphertext", async () => {
    const [first, second] = [await put("long.bin"), await put("long.bin")];
    const [one = "", other = ""] = await contentFiles();
    const [oneBefore, otherBefore] = [await readFile(one), await readFile(other)];
    await copyFile(one, other);
    await truncate(one, 5_000);
    for (const record of [first, second]) {
      expect(await stage.refused("ann", "get", record)).to.contain("VaultContentAltered");
    }
    await Promise.all([writeFile(one, oneBefore), writeFile(other, otherBefore)]);
    expect((await stage.done("ann", "get", first)).content).to.have.length(13_000);
  });

  it("refuses an old version in the place of a new one, and an import of other content", async () => {
    const record = await put("long.bin");
    const [file = ""] = (await contentFiles()).slice(-1);
    await stage.done("ann", "put", "--record", record, stage.at("long.bin"));
    await stage.done("ann", "export", "--out", stage.at("export"));
    // version 1's key and ciphertext, written again as version 3 by who got hold of the account alone
    const chain = await chainOf("ann");
    const [written] = await recordChainOf(chain).versionsOf(ann, record);
    const replay = { record, version: 3n, kind: RecordKind.Profile, commitment: written?.commitment ?? "" };
    await putRecord(chain, { ...replay, locator: written?.locator ?? "0x", wrapped: written?.wrapped ?? "0x" });
    expect(await stage.refused("ann", "get", record)).to.match(/VaultWrongKey|VaultShareMissing/);
    expect(file).to.not.equal("");
    const { content } = await stage.done("ann", "get", record, "--version", "1");
    expect(content).to.have.length(13_000);
    await stage.vaultOf("twin");
    const twin = await chainOf("twin");
    const own = { record, version: 1n, kind: RecordKind.Profile, commitment: id("other content") };
    const locator = concat(["0x01", sha256("0x12")]);
    await putRecord(twin, { ...own, locator, wrapped: written?.wrapped ?? "0x" });
    expect(await stage.refused("twin", "import", stage.at("export"), "--from", ann)).to.contain("VaultImportConflict");
  });

  it("refuses points of low order, and shows a request with one as noise", async () => {
    const chain = await chainOf("ann");
    const wrapped = hexlify(new Uint8Array(80));
    const version = { record: id("low order"), version: 1n, kind: RecordKind.Free, commitment: id("commitment") };
    await putRecord(chain, { ...version, locator: concat(["0x01", sha256("0x")]), wrapped });
    expect(await stage.refused("ann", "get", version.record)).to.contain("VaultLowOrderPoint");
    expect(await stage.declined("ann", "erase", version.record)).to.contain("VaultShareStoreUnknown");
    const erased = await stage.said("ann", "erase", "--despite-unknown-stores", version.record);
    expect(erased).to.contain(`Erased ${version.record}`);
    const home = withSigner(stage.network.user, stage.homeAccount);
    await relayAccessRequest(home, { owner: ann, request: id("noise"), ciphertext: hexlify(new Uint8Array(300)) });
    expect((await stage.done("ann", "requests")).lines.join()).to.contain("can't be read");
    expect(await stage.declined("ann", "answer", id("noise"), "--accept")).to.contain("VaultRequestUnreadable");
    expect(await stage.said("ann", "answer", id("noise"), "--decline")).to.equal("Declined.");
  });

  it("refuses a grant for a record that one doesn't own, to nobody, for no time, or of nothing", async () => {
    const grant = (...args: string[]): Promise<string> => stage.declined("ann", "grant", ...args);
    expect(await stage.refused("ann", "grant", bank, "--record", NOTHING, "--days", "1")).to.contain(
      "VaultRecordForeign",
    );
    expect(await grant(`0x${"12".repeat(20)}`, "--all", "--days", "1")).to.contain("VaultKeyMissing");
    expect(await grant(bank, "--all")).to.contain("--days");
    expect(await grant(bank, "--days", "1")).to.contain("--all");
    expect(await stage.refused("ann", "grant", "bank", "--all", "--days", "1")).to.contain("Give an address");
    const backwards = ["--from", "2030-01-01T00:00:00Z", "--until", "2029-01-01T00:00:00Z"];
    expect(await grant(bank, "--all", ...backwards)).to.contain("VaultGrantPeriodInvalid");
  });

  it("refuses an expired grant", async () => {
    const record = await put("who.txt");
    const period = ["--from", "2019-01-01T00:00:00Z", "--until", "2020-01-01T00:00:00Z"];
    const said = await stage.said("ann", "grant", bank, "--record", record, ...period);
    const grantId = /0x[0-9a-f]{64}/.exec(said)?.[0] ?? "";
    const refusal = await stage.refused("bank", "get", record, "--grant", grantId);
    expect(refusal).to.contain("VaultGrantNotRunning").and.contain("it ended");
    expect(await stage.declined("ann", "renew", grantId, "--days", "1")).to.contain("VaultGrantNotRunning");
  });

  it("refuses an oversized record, missing files and labels that come twice", async () => {
    await writeFile(stage.at("huge"), "");
    await truncate(stage.at("huge"), 17 * 2 ** 20);
    const refused = (...args: string[]): Promise<string> => stage.declined("ann", "put", "--kind", "free", ...args);
    expect(await stage.refused("ann", "put", "--kind", "free", stage.at("huge"))).to.contain(
      "longer than 16777216 bytes",
    );
    await truncate(stage.at("huge"), 9 * 2 ** 20);
    await copyFile(stage.at("huge"), stage.at("huge2"));
    expect(await refused(stage.at("huge"), stage.at("huge2"))).to.contain("VaultRecordOversized");
    expect(await refused(stage.at("none"))).to.contain("ENOENT");
    expect(await refused(stage.at("who.txt"), stage.at("who.txt"))).to.contain("VaultContentInvalid");
    expect(await stage.declined("ann", "put", stage.at("who.txt"))).to.contain("--kind");
    expect(await stage.refused("ann", "put", "--kind", "secret", stage.at("who.txt"))).to.contain("profile, readings");
    expect(await stage.refused("ann", "get", "12")).to.contain("64 hex digits");
    const record = await stage.said("ann", "put", "--kind", "free", stage.at("who.txt"), stage.at("long.bin"));
    expect(await stage.declined("ann", "get", record)).to.contain("--slot");
    expect(await stage.declined("ann", "prove", record, "--slot", "x", "--out", stage.at("p"))).to.contain(
      "VaultSlotUnknown",
    );
  });

  it("refuses what needs a store that is not reached, changes nothing, and goes on when it is back", async () => {
    const record = await put("who.txt");
    const [, second] = stage.stores;
    const port = Number(new URL(second?.url ?? "").port);
    await second?.stop();
    const before = (await stage.done("ann", "list")).lines;
    expect(await stage.refused("ann", "put", "--kind", "free", stage.at("who.txt"))).to.contain(
      "VaultStoreUnreachable",
    );
    expect(await stage.declined("ann", "erase", record)).to.contain("VaultErasureIncomplete");
    expect((await stage.done("ann", "list")).lines).to.deep.equal(before);
    expect(await stage.declined("lone", "init", "--share-store", second?.url ?? "")).to.contain(
      "VaultStoreUnreachable",
    );
    expect(await readdir(stage.folder)).to.not.include("lone");
    expect(await stage.declined("lone", "init", "--share-store", "http://example.org")).to.contain(
      "VaultStoreAddressInvalid",
    );
    await stage.startStore("store-1", port);
    await stage.done("ann", "erase", record);
  });

  it("refuses an endpoint that is not reached", async () => {
    expect(await stage.refused("ann", "--rpc", "http://127.0.0.1:9", "list")).to.contain("EndpointUnreachable");
    expect(await stage.declined("ann", "--network", "nowhere.json", "list")).to.contain("nowhere.json");
  });

  it("keeps a share store's folder to one process, which ends by a signal and gives it back", async () => {
    const args = ["--network", stage.deployment, "--folder", stage.at("store-2"), "--port", "0"];
    const running = startCommand("share-store", args);
    await running.untilPrinted("Stop with Ctrl-C");
    const account = /0x[0-9a-fA-F]{40}/.exec(running.output())?.[0] ?? "";
    const second = await runCommand("share-store", args);
    expect([second.code, second.stderr]).to.satisfy(
      ([code, text]: [number, string]) => code === 2 && text.includes("keeps shares in this folder"),
    );
    running.child.kill("SIGTERM");
    expect(await running.ended).to.include({ code: 0, stderr: "" });
    expect(await readdir(stage.at("store-2"))).to.deep.equal(["account.key"]);
    expect((await stage.startStore("store-2")).url).to.not.equal("");
    expect(account).to.have.length(42);
    expect((await runCommand("share-store", [...args.slice(0, 4), "--port", "99999"])).code).to.equal(2);
  });

  describe("in the middle of a rotation", () => {
    let proxy: RpcServer;
    let sent = 0;

    before(async () => {
      const { provider } = stage.network.chains.user.connection;
      const request: (typeof provider)["request"] = (call) => {
        // the new key and the first batch come through, the second batch doesn't
        if (call.method === "eth_sendRawTransaction" && ++sent > 2) throw new Error("the line is down");
        return provider.request(call);
      };
      proxy = await serveRpc({ request }, 0);
    });

    after(() => proxy.close());

    it("stops with how far it got, opens everything meanwhile, and goes on", async () => {
      await stage.vaultOf("many");
      const wallet = await stage.walletOf("many");
      const signer = wallet.account("user");
      const chain = await connectUserChain(
        stage.network.deployment,
        signer.connect(stage.network.user.provider),
        stage.network.user.defaults,
      );
      const config = JSON.parse(await readFile(stage.at("many", "vault.json"), "utf8")) as {
        shares: { url: string; account: string }[];
      };
      const vault = await Vault.open({
        chain: recordChainOf(chain),
        directory: vaultDirectoryOf(chain),
        contents: [new MemoryContents()],
        shares: config.shares.map((store) => new HttpShareStore(store)),
        keys: wallet,
        signer,
        journal: new MemoryJournal(),
        now: () => BigInt(Math.floor(Date.now() / 1_000)),
      });
      const trips = Array.from({ length: 60 }, (_, index) => ({
        kind: RecordKind.Trip,
        slots: [slot("to", String(index))],
      }));
      const written = await vault.putAll(trips);
      const interrupted = await stage.refused("many", "--rpc", proxy.url, "rotate");
      expect(interrupted).to.contain("VaultRotationInterrupted").and.contain("50 of 60");
      const last = written.at(-1)?.record ?? "";
      expect((await stage.done("many", "get", last)).content.toString()).to.equal("59");
      const { lines, notes } = await stage.done("many", "rotate");
      expect(notes).to.deep.equal(["10 of 10 records"]);
      expect(lines[0]).to.contain("encryption key 2");
      expect((await stage.done("many", "get", last)).content.toString()).to.equal("59");
    });
  });
});

import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";
import { id } from "ethers";

import { accessRequestsOf } from "../../sdk/actions/grant-history.js";
import { standingOf } from "../../sdk/actions/federation.js";
import { Standing } from "../../sdk/enums.js";
import { openShareStore, recordViewOf, ShareAction, signRequest } from "../../sdk/vault/index.js";
import { wallSeconds } from "../../scripts/wall.js";
import { SECRET, VaultStage } from "../utils/vault-stage.js";

const NOTHING = id("no such thing");

describe("npm run vault", function () {
  this.timeout(240_000);

  let stage: VaultStage;
  let ann: string;
  let bank: string;

  before(async () => {
    stage = await VaultStage.open();
    ann = await stage.vaultOf("ann");
    bank = await stage.vaultOf("bank");
    await mkdir(stage.at("bills"));
    await writeFile(stage.at("bills", "2026-07.txt"), "July: 31.20 credits\n");
    await writeFile(stage.at("bills", "2026-08.txt"), "August: 28.95 credits\n");
    await writeFile(stage.at("who.txt"), SECRET);
    await writeFile(stage.at("long.bin"), Buffer.alloc(50_000, 7));
    await writeFile(stage.at("purpose.txt"), "a loan\n");
  });

  after(() => stage.close());

  const put = (...args: string[]): Promise<string> => stage.said("ann", "put", ...args);
  const bills = (): Promise<string> => put("--kind", "bill", stage.at("bills"));

  async function filesIn(folder: string): Promise<string[]> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  }

  async function readJsonStores(): Promise<{ account: string }[]> {
    const config = JSON.parse(await readFile(stage.at("ann", "vault.json"), "utf8")) as {
      shares: { account: string }[];
    };
    return config.shares;
  }

  describe("init", () => {
    it("makes a keystore for its user alone, admits, publishes a key, and is done when run again", async () => {
      expect(await standingOf(stage.network.user, ann)).to.equal(Standing.Active);
      const before = await readFile(stage.at("ann", "keystore.json"), "utf8");
      const again = await stage.done("ann", "init");
      expect(again.lines.join())
        .to.contain(ann)
        .and.match(/Encryption key \d is published/);
      expect(await readFile(stage.at("ann", "keystore.json"), "utf8")).to.equal(before);
      for (const file of await filesIn(stage.at("ann"))) expect((await stat(file)).mode & 0o777, file).to.equal(0o600);
      expect((await stat(stage.at("ann"))).mode & 0o777).to.equal(0o700);
    });

    it("takes a seed phrase, shows it again, and says what to do where nobody admits it", async () => {
      const phrase = (await stage.done("ann", "phrase")).lines[0] ?? "";
      expect(phrase.split(" ")).to.have.length(24);
      expect(await readFile(stage.at("ann", "keystore.json"), "utf8")).to.not.contain(phrase.split(" ")[0]);
      const args = ["init", "--phrase-file", "-", "--share-store", ...stage.storeUrls];
      const second = await stage.run("second", args, phrase);
      expect(second.lines[0]).to.contain(ann);
      const lonely = await stage.done("lonely", "init", "--share-store", ...stage.storeUrls);
      expect(lonely.lines.join("\n")).to.contain("Ask a registrar to admit 0x");
    });

    it("brings no vault back with stores that have nothing of it", async () => {
      await bills();
      const phrase = await stage.said("ann", "phrase");
      const { url } = await stage.startStore("store-2");
      const back = (...stores: string[]): ReturnType<VaultStage["run"]> =>
        stage.run("back", ["init", "--phrase-file", "-", "--share-store", ...stores], phrase);
      const refused = await back(url);
      expect([refused.code, refused.problem]).to.satisfy(
        ([code, problem]: [number, string]) => code === 2 && problem.includes("none of these stores has a share"),
      );
      expect(await readdir(stage.folder)).to.not.include("back");
      expect((await back(url, stage.storeUrls[1] ?? "")).code).to.equal(0);
    });

    it("leaves out no share store that the vault has, nor takes another account for one", async () => {
      const [first = "", second = ""] = stage.storeUrls;
      const before = await readFile(stage.at("ann", "vault.json"), "utf8");
      expect(await stage.refused("ann", "init", "--share-store", second)).to.contain(`${first} is left out`);
      expect(await readFile(stage.at("ann", "vault.json"), "utf8")).to.equal(before);
      // one that is known is not asked again who it is: whoever answers there now is nobody
      const accounts = (await readJsonStores()).map(({ account }) => account);
      await stage.stores[1]?.stop();
      await stage.done("ann", "init", "--share-store", second, first);
      await stage.startStore("store-1", Number(new URL(second).port));
      expect((await readJsonStores()).map(({ account }) => account)).to.deep.equal(accounts.toReversed());
      await stage.done("ann", "init", "--share-store", first, second);
    });
  });

  it("writes no slot into a folder where one of them can't be a file's name", async () => {
    const long = stage.at("n".repeat(230));
    await writeFile(long, "who");
    const record = await stage.said("ann", "put", "--kind", "free", long);
    expect(await stage.declined("ann", "get", record, "--out", stage.at("slots/"))).to.contain(
      "can't be a file's name",
    );
    expect(await readdir(stage.folder)).to.not.include("slots");
  });

  it("puts, gets, lists and tells the history of small and large records, version after version", async () => {
    const record = await bills();
    await stage.done("ann", "put", "--record", record, stage.at("long.bin"));
    const out = stage.at("out");
    await mkdir(out);
    await stage.done("ann", "get", record, "--version", "1", "--out", out);
    expect(await readFile(join(out, "2026-07"), "utf8")).to.equal("July: 31.20 credits\n");
    expect((await stat(join(out, "2026-08"))).mode & 0o777).to.equal(0o600);
    const one = await stage.done("ann", "get", record, "--version", "1", "--slot", "2026-08");
    expect(one.content.toString()).to.equal("August: 28.95 credits\n");
    expect((await stage.done("ann", "get", record)).content).to.deep.equal(Buffer.alloc(50_000, 7));
    await stage.done("ann", "get", record, "--out", stage.at("long.copy"));
    expect((await stat(stage.at("long.copy"))).mode & 0o777).to.equal(0o600);
    expect((await stage.done("ann", "get", record, "--version", "1", "--labels")).lines).to.have.length(2);
    expect((await stage.done("ann", "list")).lines.join()).to.contain(`${record}  bill      version 2`);
    const history = (await stage.done("ann", "history", record)).lines;
    expect(history[0]).to.contain("on the chain");
    expect(history[1]).to.contain("in the content stores");
    const json = JSON.parse(await stage.said("ann", "list", "--json")) as { record: string; kind: string }[];
    expect(json.find((one) => one.record === record)).to.include({ kind: "bill", version: "2" });
    const piped = await stage.run("ann", ["put", "--kind", "free", "-"], "from a pipe");
    expect((await stage.done("ann", "get", piped.lines[0] ?? "")).content.toString()).to.equal("from a pipe");
  });

  it("grants to a grantee that reads, shares on, renews and revokes", async () => {
    const record = await bills();
    const args = ["--record", record, "--days", "30", "--purpose-file", stage.at("purpose.txt")];
    const grantId = /0x[0-9a-f]{64}/.exec(await stage.said("ann", "grant", bank, ...args))?.[0] ?? "";
    expect((await stage.done("ann", "grants")).lines.join())
      .to.contain(bank)
      .and.contain("a loan");
    expect((await stage.done("bank", "shared", grantId)).lines.join())
      .to.contain("a loan")
      .and.contain(record);
    const read = await stage.done("bank", "get", record, "--grant", grantId, "--slot", "2026-07");
    expect(read.content.toString()).to.equal("July: 31.20 credits\n");
    await stage.done("ann", "put", "--record", record, stage.at("long.bin"));
    await stage.done("ann", "share", grantId, record);
    const owners = ["--contents", stage.at("ann", "contents"), "--share-store", stage.storeUrls[0] ?? ""];
    const later = await stage.done("bank", "get", record, "--grant", grantId, ...owners);
    expect(later.content).to.have.length(50_000);
    await stage.done("ann", "renew", grantId, "--days", "60");
    await stage.done("ann", "revoke", grantId);
    expect(await stage.refused("bank", "get", record, "--grant", grantId)).to.contain("VaultGrantNotRunning");
    expect((await stage.done("ann", "grants")).lines.join()).to.contain("revoked");
  });

  it("brings a grantee's request by a relayer, never from its own account; it is accepted or declined", async () => {
    const record = await bills();
    const file = stage.at("request.json");
    const args = ["--record", record, "--days", "9", "--purpose-file", stage.at("purpose.txt"), "--out", file];
    await stage.done("bank", "ask", ann, ...args);
    expect(await readFile(file, "utf8")).to.not.contain(bank);
    expect((await stage.done("bank", "answered", file)).lines[0]).to.contain("not carried");
    await stage.done("relayer", "relay", file, "--as", "home 1");
    expect((await stage.done("bank", "answered", file)).lines[0]).to.contain("waits");
    const waiting = (await stage.done("ann", "requests")).lines[0] ?? "";
    expect(waiting).to.contain(bank).and.contain("a loan").and.contain("for 9 days");
    const [request = ""] = /0x[0-9a-f]{64}/.exec(waiting) ?? [];
    expect((await stage.run("ann", ["answer", request])).problem).to.contain("--accept or --decline");
    await stage.done("ann", "answer", request, "--accept");
    const granted = /0x[0-9a-f]{64}/.exec((await stage.said("bank", "answered", file)) ?? "")?.[0] ?? "";
    const read = await stage.done("bank", "get", record, "--grant", granted, "--slot", "2026-08");
    expect(read.content.toString()).to.equal("August: 28.95 credits\n");

    await stage.done("bank", "ask", ann, "--all", "--days", "1", "--out", file);
    await stage.done("relayer", "relay", file, "--as", "home 1");
    const [, second] = await accessRequestsOf(stage.network.user, ann);
    await stage.done("ann", "answer", second?.request ?? "", "--decline");
    expect(await stage.said("bank", "answered", file)).to.equal("It was declined.");
    // the vault beside the command is the asker's, and so is the key that would send
    const bankKeystore = await stage.run("bank", ["relay", file, "--as", "home 1"]);
    expect(bankKeystore.problem).to.contain("RecordGrantsRequestExists");
  });

  it("rotates, and takes a lost device's key out of use in one command", async () => {
    const record = await bills();
    expect(await stage.said("ann", "rotate")).to.contain("encryption key 2");
    expect(await stage.said("ann", "revoke-key")).to.contain("encryption key 3");
    expect((await stage.done("ann", "get", record, "--slot", "2026-07")).content.toString()).to.contain("July");
  });

  it("proves one slot to whoever has a node, and hides the others", async () => {
    const record = await bills();
    const file = stage.at("july.json");
    await stage.done("ann", "prove", record, "--slot", "2026-07", "--out", file);
    expect(await readFile(file, "utf8")).to.not.contain("August");
    const seen = await stage.done("nobody", "verify", file);
    expect(seen.content.toString()).to.equal("July: 31.20 credits\n");
    expect(seen.notes[0]).to.contain("True").and.contain(ann).and.contain("bill");
    const changed = (await readFile(file, "utf8")).replace("31.20", "13.20");
    await writeFile(file, changed);
    expect(await stage.refused("nobody", "verify", file)).to.contain("VaultProofFalse");
    await writeFile(file, changed.slice(0, 90));
    expect(await stage.declined("nobody", "verify", file)).to.contain("VaultProofInvalid");
  });

  it("exports all in one file for its user alone, which a vault of another phrase imports", async () => {
    const record = await bills();
    const file = stage.at("export.jsonl");
    await stage.done("ann", "export", "--out", file);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    await stage.vaultOf("heir");
    expect((await stage.run("heir", ["import", file])).problem).to.contain("--from");
    await stage.done("heir", "import", file, "--from", ann);
    expect(await stage.said("heir", "import", file, "--from", ann)).to.equal("0 versions imported.");
    expect((await stage.done("heir", "get", record, "--slot", "2026-07")).content.toString()).to.contain("July");
    await writeFile(file, (await readFile(file, "utf8")).replace("July", "Juli"));
    expect(await stage.declined("heir", "import", file, "--from", ann)).to.contain("VaultArchiveInvalid");
  });

  it("erases what is named, or all but that, for everybody, and keeps the receipts", async () => {
    await stage.vaultOf("leaver");
    const write = (name: string): Promise<string> => stage.said("leaver", "put", "--kind", "trip", stage.at(name));
    const [kept, first, second] = [await write("who.txt"), await write("who.txt"), await write("long.bin")];
    expect((await stage.run("leaver", ["erase"])).problem).to.contain("must be told what");
    expect((await stage.run("leaver", ["erase", "--all-but", NOTHING])).problem).to.contain("no such record");
    await stage.done("leaver", "erase", first);
    await stage.done("leaver", "erase", "--all-but", kept);
    for (const record of [first, second]) {
      expect((await stage.run("leaver", ["get", record])).problem).to.contain("VaultRecordErased");
      const receipts = await readFile(stage.at("leaver", "receipts", `${record.slice(2)}.json`), "utf8");
      expect((JSON.parse(receipts) as { receipts: unknown[] }).receipts).to.have.length(2);
    }
    expect((await stage.done("leaver", "get", kept)).content.toString()).to.equal(SECRET);
    expect((await stage.done("leaver", "list")).lines.filter((line) => line.includes("erased"))).to.have.length(2);
    expect(await readdir(stage.at("leaver", "contents"))).to.deep.equal([]);
  });

  it("asks stores that tell nobody where their folder is", async () => {
    const { contracts } = recordViewOf(stage.network.user);
    const store = await openShareStore(stage.storeUrls[0] ?? "", contracts);
    const name = { owner: ann, record: NOTHING, version: 1n, commitment: NOTHING };
    const asked = { ...name, store: store.account, action: ShareAction.Read, now: wallSeconds() };
    const request = await signRequest(contracts, (await stage.walletOf("ann")).account("user"), asked);
    const refusal = String(await store.read(request).catch((error: unknown) => error));
    expect(refusal).to.contain("VaultShareMissing").and.contain(store.account).and.not.contain(stage.folder);
  });

  it("leaves nothing in clear in any file of vaults and stores", async () => {
    await put("--kind", "profile", stage.at("who.txt"));
    const folders = [stage.at("ann"), ...stage.stores.map(({ name }) => stage.at(name))];
    const files = (await Promise.all(folders.map(filesIn))).flat();
    expect(files.length).to.be.greaterThan(5);
    for (const file of files) expect((await readFile(file)).includes(SECRET), file).to.equal(false);
  });
});

import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { BucketContents, FileJournal, FolderContents, FolderShares } from "../../sdk/node/index.js";
import {
  contentHash,
  RecordKind,
  ReplicatedContents,
  ShareKeeper,
  Vault,
  type ContentStore,
} from "../../sdk/vault/index.js";
import { ACCESS, doubleServer, realServer, type S3Server } from "../utils/s3.js";
import { BILLS, codeOf, longSlots, slot, vaultWorld } from "../utils/vault.js";

/** A real S3 server's binary; CI has none unless it is installed there. */
const VERSITYGW = process.env["VERSITYGW"] ?? "versitygw";
const hasVersitygw = spawnSync(VERSITYGW, ["--version"]).status === 0;

const ciphertext = Uint8Array.from({ length: 70_000 }, (_, index) => index % 253);
const hash = contentHash(ciphertext);

/** What every content store does. */
function behavesAsContentStore(storeOf: () => ContentStore): void {
  it("keeps, gives, knows and deletes", async () => {
    const store = storeOf();
    expect(await store.get(hash)).to.equal(undefined);
    expect(await store.has(hash)).to.equal(false);
    await store.delete(hash);
    await store.put(hash, ciphertext);
    await store.put(hash, ciphertext);
    expect(await store.has(hash)).to.equal(true);
    expect(Buffer.from((await store.get(hash)) ?? [])).to.deep.equal(Buffer.from(ciphertext));
    await store.delete(hash);
    expect(await store.get(hash)).to.equal(undefined);
  });

  it("takes only hashes for names", async () => {
    for (const name of ["../../etc/passwd", "0x12", ""]) {
      expect(await codeOf(storeOf().get(name))).to.contain("RangeError");
      expect(await codeOf(storeOf().put(name, ciphertext))).to.contain("RangeError");
    }
  });
}

describe("vault stores", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-vault-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function filesIn(path: string): Promise<string[]> {
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  }

  describe("in a folder", () => {
    behavesAsContentStore(() => new FolderContents(join(folder, "contents")));

    it("hold a whole vault over a restart, for their user's eyes only, with nothing in clear", async () => {
      const world = await vaultWorld();
      const open = async (): Promise<Vault> => {
        const [signer] = [world.wallet.account("transaction")];
        const table = new FolderShares(join(folder, "shares"));
        const view = world.chain.as(signer.address);
        const keeper = await ShareKeeper.open({ name: "folder", table, signer, view, now: () => world.chain.now });
        const contents = [new FolderContents(join(folder, "contents"))];
        return Vault.open({ ...world.parts, contents, shares: [keeper], journal: new FileJournal(folder) });
      };
      const vault = await open();
      const secret = "the Smiths of 12 Elm Street";
      const long = { kind: RecordKind.Profile, slots: [slot("who", secret), ...longSlots()] };
      const { record } = await vault.put(long);
      const bill = await vault.put(BILLS);
      world.chain.beforeWrite = (what) => {
        if (what === "rewrap") throw new Error("down");
      };
      expect(await codeOf(vault.rotate())).to.equal("VaultRotationInterrupted");
      world.chain.beforeWrite = () => undefined;
      expect(await filesIn(folder)).to.have.length(1 + 2 + 1);
      for (const file of await filesIn(folder)) {
        expect((await stat(file)).mode & 0o777, file).to.equal(0o600);
        expect((await readFile(file)).includes(secret), file).to.equal(false);
      }
      const again = await open();
      expect(await again.rotate()).to.equal(2n);
      expect((await again.get(record)).slots).to.deep.equal(long.slots);
      expect((await again.get(bill.record)).slots).to.deep.equal(BILLS.slots);
      const { receipts } = await again.erase(record);
      expect(await codeOf((await open()).get(record))).to.equal("VaultRecordErased");
      const left = await Promise.all((await filesIn(folder)).map((file) => readFile(file, "utf8")));
      expect(left.join()).to.contain(receipts[0]?.signature ?? "no receipt");
      expect(left).to.have.length(2);
    });

    it("notice a file that was altered", async () => {
      const store = new FolderContents(folder);
      await store.put(hash, ciphertext);
      await writeFile(join(folder, hash.slice(2)), "altered");
      expect(await codeOf(new ReplicatedContents([store]).get(hash))).to.equal("VaultContentAltered");
    });

    it("name a damaged row of shares, and quote nothing of it", async () => {
      const world = await vaultWorld();
      const table = new FolderShares(folder);
      await table.write(world.vault.owner, hash, { shares: { one: "0x1234567890" } });
      const [file = ""] = await filesIn(folder);
      await writeFile(file, (await readFile(file, "utf8")).slice(0, -3));
      let message = "";
      await table.read(world.vault.owner, hash).catch((error: unknown) => (message = String(error)));
      expect(message).to.contain(file).and.contain("damaged").and.not.contain("1234567");
    });

    it("leave no share behind that a killed process was writing", async () => {
      const world = await vaultWorld();
      const shares = join(folder, "shares");
      const table = new FolderShares(shares);
      await table.removeLeftovers(); // there is no folder yet
      await table.write(world.vault.owner, hash, { shares: { one: "0x1234567890" } });
      const [file = ""] = await filesIn(shares);
      await writeFile(`${file}.1b4e28ba-2fa1-41d2-883f-0016d3cca427.tmp`, "0x1234567890");
      await table.removeLeftovers();
      expect(await filesIn(shares)).to.deep.equal([file]);
      expect(await table.read(world.vault.owner, hash)).to.deep.equal({ shares: { one: "0x1234567890" } });
    });

    it("say that they can't be reached when the folder is a file", async () => {
      await writeFile(join(folder, "file"), "");
      const store = new FolderContents(join(folder, "file"));
      expect(await codeOf(new ReplicatedContents([store]).put(ciphertext))).to.equal("VaultStoreUnreachable");
    });
  });

  const servers: [string, boolean, (path: string) => Promise<S3Server>][] = [
    ["in a bucket of the double, which checks signatures", true, () => doubleServer()],
    ["in a bucket of versitygw, a real server", hasVersitygw, (path) => realServer(VERSITYGW, path)],
  ];
  for (const [title, isHere, start] of servers) {
    describe(title, () => {
      let server: S3Server;
      let served: string;
      before(async function () {
        if (!isHere) this.skip();
        served = await mkdtemp(join(tmpdir(), "commonwatt-s3-"));
        await mkdir(served, { recursive: true });
        server = await start(served);
      });
      after(async () => {
        if (!isHere) return;
        await server.close();
        await rm(served, { recursive: true });
      });

      const bucket = (change: Partial<ConstructorParameters<typeof BucketContents>[0]> = {}): BucketContents =>
        new BucketContents({ endpoint: server.endpoint, ...ACCESS, region: "us-east-1", ...change });

      behavesAsContentStore(() => bucket());

      it("refuses a wrong secret", async () => {
        const stranger = new ReplicatedContents([bucket({ secretAccessKey: "wrong, and long enough" })]);
        expect(await codeOf(stranger.put(ciphertext))).to.equal("VaultStoreUnreachable");
        expect(await codeOf(stranger.get(hash))).to.equal("VaultStoreUnreachable");
        expect(await stranger.delete(hash)).to.deep.equal([server.endpoint]);
      });

      it("keeps a vault's long records, and forgets them", async () => {
        const world = await vaultWorld();
        const vault = await Vault.open({ ...world.parts, contents: [bucket()] });
        const { record } = await vault.put({ kind: RecordKind.Readings, slots: longSlots(100_000) });
        expect((await vault.get(record)).slots).to.deep.equal(longSlots(100_000));
        expect((await vault.erase(record)).leftWith).to.deep.equal([]);
      });
    });
  }

  it("that nobody serves are unreachable, by name and without their secret", async () => {
    const server = await doubleServer();
    await server.close();
    const store = new BucketContents({ endpoint: `${server.endpoint}?x=1`, ...ACCESS, region: "us-east-1" });
    let message = "";
    await new ReplicatedContents([store]).get(hash).catch((error: unknown) => (message = String(error)));
    expect(message).to.contain("VaultStoreUnreachable").and.contain(server.endpoint);
    expect(message).to.not.contain(ACCESS.secretAccessKey).and.not.contain("x=1");
  });
});

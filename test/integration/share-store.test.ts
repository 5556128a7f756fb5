import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { hexlify, id, Wallet } from "ethers";

import { closeServer, listenOnLoopback } from "../../scripts/networks/loopback.js";
import { folderKey, lockFolder } from "../../scripts/share-store/folder.js";
import { serveShares, type ShareServer } from "../../scripts/share-store/server.js";
import {
  aboutShareStore,
  HttpShareStore,
  MAX_SHARE_MESSAGE_BYTES,
  openShareStore,
  ShareAction,
  signRequest,
  Vault,
  wireText,
  type ShareKeeper,
  type SignedRequest,
} from "../../sdk/vault/index.js";
import { altered, BILLS, codeOf, granteeOf, vaultWorld, type VaultWorld } from "../utils/vault.js";

const SHARE = new Uint8Array(32).fill(7);

/** What a promise fails with. */
async function messageOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

describe("share store over HTTP", () => {
  let world: VaultWorld;
  let keeper: ShareKeeper;
  let server: ShareServer;
  let store: HttpShareStore;
  let failures: unknown[];

  beforeEach(async () => {
    world = await vaultWorld();
    [keeper] = world.keepers as [ShareKeeper];
    failures = [];
    const onFailure = (error: unknown): void => void failures.push(error);
    server = await serveShares({ keeper, contracts: world.chain.contracts, port: 0, onFailure });
    store = new HttpShareStore({ url: server.url, account: keeper.account });
  });
  afterEach(() => server.close());

  function keepRequest(change: Partial<SignedRequest> = {}): Promise<SignedRequest> {
    const { owner } = world.vault;
    const name = { owner, record: id("record"), version: 1n, commitment: id("commitment") };
    const asked = { ...name, store: keeper.account, action: ShareAction.Keep, now: world.chain.now, share: SHARE };
    return signRequest(world.chain.contracts, world.parts.signer, { ...asked, ...change });
  }

  /** Status and body of a raw request. */
  async function post(path: string, body: string, method = "POST"): Promise<{ status: number; text: string }> {
    const init = method === "POST" ? { method, body } : { method };
    const response = await fetch(`${server.url}${path}`, init);
    return { status: response.status, text: await response.text() };
  }

  it("serves a vault and its grantees like the store itself", async () => {
    const vault = await Vault.open({ ...world.parts, shares: [store] });
    const { record } = await vault.put(BILLS);
    expect((await vault.get(record)).slots).to.deep.equal(BILLS.slots);
    const { account, wallet } = await granteeOf(world);
    const { now } = world.chain;
    const scope = { record, writtenFrom: now, writtenBefore: now + 1n };
    const purpose = 'a "loan"\u2028' + "ü".repeat(500);
    const grantId = await vault.grant({ grantee: account.address, scope, purpose, from: now, until: now + 9n });
    const directory = world.chain.directoryOf(account.address);
    const view = world.chain.as(account.address);
    const { Grantee } = await import("../../sdk/vault/index.js");
    const grantee = new Grantee({ ...world.parts, view, directory, keys: wallet, shares: [store], signer: account });
    expect((await grantee.read(grantId, record)).slots).to.deep.equal(BILLS.slots);
    await vault.revoke(grantId);
    expect(await codeOf(grantee.read(grantId, record))).to.equal("VaultGrantNotRunning");
    await vault.erase(record);
    expect(await codeOf(vault.get(record))).to.equal("VaultRecordErased");
    expect(failures).to.deep.equal([]);
  });

  it("says who it is", async () => {
    const { chainId, personalRecords } = world.chain.contracts;
    const about = { format: "commonwatt-share-store-1", account: keeper.account, chainId, personalRecords };
    expect(await aboutShareStore(server.url)).to.deep.equal(about);
    expect((await openShareStore(server.url, world.chain.contracts)).account).to.equal(keeper.account);
    const elsewhere = openShareStore(server.url, { chainId, personalRecords: world.chain.contracts.recordGrants });
    expect(await codeOf(elsewhere)).to.equal("VaultStoreOtherChain");
    const other = openShareStore(server.url, { chainId: chainId + 1n, personalRecords });
    expect(await codeOf(other)).to.equal("VaultStoreOtherChain");
  });

  it("tells a refusal as the error that it is: replays, strangers, what is not there", async () => {
    const request = await keepRequest();
    await store.keep(request, SHARE);
    expect(await messageOf(store.keep(request, SHARE)))
      .to.contain("VaultRequestRefused")
      .and.contain("made before");
    expect(await messageOf(store.keep(await keepRequest(), new Uint8Array(32)))).to.contain("for another share");
    const read = await signRequest(world.chain.contracts, new Wallet(id("stranger")), {
      ...request,
      action: ShareAction.Read,
      now: world.chain.now,
    });
    expect(await messageOf(store.read(read))).to.contain("shows no grant");
    const other = await keepRequest({ action: ShareAction.Read, record: id("nothing") });
    expect(await codeOf(store.read(other))).to.equal("VaultShareMissing");
  });

  it("takes only what has the form, says which field hasn't, and quotes nothing", async () => {
    const request = await keepRequest();
    const share = hexlify(SHARE);
    const good = JSON.parse(wireText({ request, share })) as { request: Record<string, unknown>; share: string };
    const bad: [object, string][] = [
      [{}, "request"],
      [{ ...good, share: share.slice(2) }, "share"],
      [{ ...good, share: `${share}00` }, "share"],
      [{ ...good, more: 1 }, "it"],
      [{ ...good, request: { ...good.request, owner: "0x12" } }, "request.owner"],
      [{ ...good, request: { ...good.request, version: "4294967296" } }, "request.version"],
      [{ ...good, request: { ...good.request, version: 1 } }, "request.version"],
      [{ ...good, request: { ...good.request, until: "18446744073709551616" } }, "request.until"],
      [{ ...good, request: { ...good.request, action: 3 } }, "request.action"],
      [{ ...good, request: { ...good.request, signature: "0x" } }, "request.signature"],
      [{ ...good, request: { ...good.request, record: String(request.record).toUpperCase() } }, "request.record"],
    ];
    for (const [body, field] of bad) {
      const { status, text } = await post("/keep", JSON.stringify(body));
      expect(status, field).to.equal(403);
      expect(text).to.contain("VaultRequestMalformed").and.contain(field);
      expect(text).to.not.contain(share.slice(4));
    }
    for (const [path, body, method] of [
      ["/keep", "{", "POST"],
      ["/keep", "", "GET"],
      ["/toString", "{}", "POST"],
      ["/", "{}", "POST"],
      ["/../keep", "{}", "DELETE"],
    ] as const) {
      expect((await post(path, body, method)).text, `${method} ${path}`).to.contain("VaultRequestMalformed");
    }
    expect((await post("/keep", "", "OPTIONS")).status).to.equal(204);
    expect(failures).to.deep.equal([]);
    await store.keep(request, SHARE); // nothing of all that used it up
  });

  it("takes no body that is too long, and closes on who is still sending", async () => {
    const { status, text } = await post("/keep", `{"share":"${"0".repeat(MAX_SHARE_MESSAGE_BYTES)}"}`);
    expect(status).to.equal(403);
    expect(text).to.contain(`more than ${MAX_SHARE_MESSAGE_BYTES} bytes`);
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    await new Promise<void>((connected) => socket.once("connect", connected));
    socket.write("POST /keep HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{");
    const ended = new Promise<void>((closed) => socket.once("close", () => closed()));
    socket.on("error", () => undefined); // reset, which is as good
    socket.resume();
    await server.close();
    await ended;
  });

  it("says nothing of its own failures to who asks, and all to its keeper", async () => {
    await server.close();
    const broken = altered(keeper, { keep: () => Promise.reject(new Error("/secret/path is full")) });
    const onFailure = (error: unknown): void => void failures.push(error);
    server = await serveShares({ keeper: broken, contracts: world.chain.contracts, port: 0, onFailure });
    const there = new HttpShareStore({ url: server.url, account: keeper.account });
    const vault = await Vault.open({ ...world.parts, shares: [there] });
    const message = await messageOf(vault.put(BILLS));
    expect(message).to.contain("VaultStoreUnreachable").and.contain("status 503").and.not.contain("secret");
    expect(String(failures[0])).to.contain("/secret/path is full");
  });

  describe("asked by a client that trusts no answer", () => {
    async function lying(answer: (response: ServerResponse, request: IncomingMessage) => void): Promise<string> {
      const liar = createServer((request, response) => answer(response, request));
      const url = await listenOnLoopback(liar, 0);
      try {
        const there = new HttpShareStore({ url, account: keeper.account, timeoutMilliseconds: 300 });
        const vault = await Vault.open({ ...world.parts, shares: [there] });
        const { record } = await world.vault.put(BILLS);
        return await messageOf(vault.get(record));
      } finally {
        await closeServer(liar);
      }
    }

    const json =
      (body: unknown, status = 200) =>
      (response: ServerResponse) => {
        response.writeHead(status).end(JSON.stringify(body));
      };

    it("takes silence, noise, redirections and floods for a store that is not reached", async () => {
      expect(await lying(() => undefined)).to.contain("VaultStoreUnreachable");
      expect(await lying((response) => response.end("<html>"))).to.contain("not of the form");
      expect(await lying(json({ share: "0x12" }))).to.contain("not of the form");
      expect(await lying(json({}, 500))).to.contain("status 500");
      const away = (response: ServerResponse): void => void response.writeHead(302, { location: server.url }).end();
      expect(await lying(away)).to.contain("VaultStoreUnreachable");
      const flood = (response: ServerResponse): void => void response.end(" ".repeat(2 * MAX_SHARE_MESSAGE_BYTES));
      expect(await lying(flood)).to.contain("too long");
      expect(await lying(json({ error: { code: "SignerMissing", args: {} } }, 403))).to.contain("status 403");
      const screen = { error: { code: "VaultRequestRefused", args: { record: "", reason: "\u001b[2Jall is well" } } };
      expect(await lying(json(screen, 403))).to.contain("status 403");
    });

    it("opens nothing with a wrong share", async () => {
      expect(await lying(json({ share: id("a wrong share") }))).to.contain("VaultCiphertextForeign");
    });

    it("speaks in clear to this machine alone", async () => {
      for (const url of ["http://example.org", "ftp://127.0.0.1/", "nonsense", "http://user:secret@example.org/"]) {
        const message = await messageOf(
          Promise.resolve().then(() => new HttpShareStore({ url, account: keeper.account })),
        );
        expect(message, url).to.contain("VaultStoreAddressInvalid").and.not.contain("secret");
      }
      expect(new HttpShareStore({ url: "https://example.org/a?b", account: keeper.account }).name).to.equal(
        "https://example.org/a",
      );
      await server.close();
      expect(await codeOf(aboutShareStore(server.url))).to.equal("VaultStoreUnreachable");
    });
  });

  describe("in a folder", () => {
    let folder: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "commonwatt-share-store-"));
    });
    afterEach(() => rm(folder, { recursive: true }));

    it("draws its key once, for its user's eyes only", async () => {
      const { address } = await folderKey(folder);
      expect((await folderKey(folder)).address).to.equal(address);
      const file = join(folder, "account.key");
      expect((await stat(file)).mode & 0o777).to.equal(0o600);
      const text = await readFile(file, "utf8");
      await writeFile(file, text.slice(0, 40));
      const message = await messageOf(folderKey(folder));
      expect(message).to.contain("account.key").and.not.contain(text.slice(4, 30));
    });

    it("is one process's at a time, and the next one's when that is gone", async () => {
      const unlock = await lockFolder(folder);
      expect(await messageOf(lockFolder(folder))).to.contain(`process ${process.pid} keeps shares in this folder`);
      await unlock();
      await writeFile(join(folder, "lock"), "4194305"); // above every process id
      await (
        await lockFolder(folder)
      )();
      await writeFile(join(folder, "lock"), "");
      await (
        await lockFolder(folder)
      )();
      await writeFile(join(folder, "file"), "");
      expect(await messageOf(lockFolder(join(folder, "file")))).to.contain("can't be used");
    });
  });
});

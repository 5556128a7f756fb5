import { mkdtemp, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";
import { keccak256, type Provider, type Wallet } from "ethers";

import { contradictionIn, type SetCertificate, type AccountProof } from "../../light/index.js";
import { CertificateStore, certify, setChangesIn, type SetChange } from "../../scripts/accountants/certificates.js";
import { Watcher, type WatcherEvent } from "../../scripts/accountants/watcher.js";
import { electionOf } from "../../sdk/actions/accountants.js";
import type { AnyChain, TransactionChain } from "../../sdk/connect.js";
import { AccountantsStage } from "../utils/accountants.js";
import { startCommand } from "../utils/command.js";

/** As much of a provider as answers in a node's own words. */
type Sending = Provider & { send(method: string, parameters: unknown[]): Promise<unknown> };

describe("accountants' watchers", function () {
  this.timeout(180_000);

  let stage: AccountantsStage;
  let chain: TransactionChain;
  let certificates: string;
  let store: CertificateStore;
  let events: WatcherEvent[];

  before(async () => {
    stage = await AccountantsStage.open();
    ({ chain } = stage);
    for (const accountant of [1, 2]) {
      await stage.nextEpoch("transaction");
      await changeNode(accountant);
    }
  });

  after(() => stage.close());

  beforeEach(async () => {
    certificates = await mkdtemp(join(stage.folder, "certificates-"));
    store = new CertificateStore(certificates, chain.deployment.chainId);
    events = [];
  });

  /** A change of the set, in an epoch that was not closed yet: the seated change their node after its election. */
  async function changeNode(accountant: number): Promise<void> {
    const { COMMONWATT_NODE_KEY = "" } = stage.secrets(accountant);
    await stage.done(["elect", "--as", "relayer"]);
    await stage.done(["change-node", "--as", `accountant${accountant}`], { COMMONWATT_NODE_KEY });
  }

  function watcher(signer: Wallet): Watcher {
    return new Watcher({ chain: stage.as(signer), store, onEvent: (event) => events.push(event) });
  }

  async function allChanges(): Promise<SetChange[]> {
    return setChangesIn(chain, 0, await chain.provider.getBlockNumber());
  }

  const certified = (): WatcherEvent[] => events.filter(({ kind }) => kind === "certified");

  /** What a light node will be given: the header's state root down to the set's words. */
  async function checkCertificate({ setVersion, block }: SetChange): Promise<void> {
    const certificate = await store.find(setVersion);
    if (certificate === undefined || certificate.proof === null) throw new Error(`set ${setVersion} is not proven`);
    expect(contradictionIn(certificate as SetCertificate & { proof: AccountProof })).to.equal(undefined);
    expect(certificate.header["hash"]).to.equal((await chain.provider.getBlock(block))?.hash);
    expect(certificate.header["parentHash"]).to.equal(certificate.parent["hash"]);
    const { accountantElection } = chain.contracts;
    expect(certificate.validators).to.deep.equal([...(await accountantElection.getValidators({ blockTag: block }))]);
    const { storageProof, storageHash } = certificate.proof;
    expect(storageProof).to.have.length(4 + certificate.validators.length);
    for (const { proof } of storageProof) expect(keccak256(proof[0] ?? "0x")).to.equal(storageHash);
  }

  it("close an epoch once and keep a proven certificate of every set, two at a time on one folder", async () => {
    await stage.nextEpoch("transaction");
    const { epoch } = await electionOf(chain);
    const { relayer, accountant1 } = stage.network.operators.transaction;
    const two = [watcher(relayer), watcher(accountant1)];
    await Promise.all(two.map((one) => one.catchUp()));
    await stage.mine("transaction", 1n);
    await Promise.all(two.map((one) => one.catchUp()));
    expect(events.filter(({ kind }) => kind === "failed" || kind === "refused")).to.deep.equal([]);
    const elections = events.filter((event) => event.kind === "elected" && !event.byOther);
    expect(elections).to.deep.equal([{ kind: "elected", epoch, byOther: false }]);
    expect(events.filter(({ kind }) => kind === "no turns")).to.have.length(2);
    expect((await electionOf(chain)).lastElection).to.equal(epoch);
    const changes = await allChanges();
    expect(changes.map(({ setVersion }) => setVersion)).to.deep.equal([1, 2, 3]);
    expect(await store.versions()).to.deep.equal([1, 2, 3]);
    for (const change of changes) await checkCertificate(change);
    const names = await readdir(join(certificates, String(chain.deployment.chainId)));
    expect(names.filter((name) => name.endsWith(".tmp"))).to.deep.equal([]);
  });

  it("go on where they stopped, and do nothing twice", async () => {
    const { relayer } = stage.network.operators.transaction;
    await watcher(relayer).catchUp();
    expect(await store.versions()).to.deep.equal([1, 2, 3]);
    const next = await store.nextBlock("certificates");
    expect(next).to.equal(await chain.provider.getBlockNumber());
    events = [];
    await stage.nextEpoch("transaction");
    await changeNode(3);
    await stage.mine("transaction", 1n);
    await watcher(relayer).catchUp();
    const { setVersion, setChangedAt } = await electionOf(chain);
    expect(setVersion).to.equal(4n);
    expect(certified()).to.deep.equal([{ kind: "certified", setVersion: 4, block: Number(setChangedAt) }]);
  });

  it("say what can't be proven instead of proving something else, and prove it later", async () => {
    const [change] = await allChanges();
    if (change === undefined) throw new Error("no set");
    const unproven = await certify(
      answering(() => {
        throw new Error("the method eth_getProof does not exist");
      }),
      change,
    );
    expect(unproven.proof).to.equal(null);
    expect(unproven.proofMissing).to.contain("eth_getProof does not exist");
    const forgotten = await certify(
      answering(() => null),
      change,
    );
    expect(forgotten.proofMissing).to.contain(`no state of block ${change.block}`);
    const bent = await certify(
      answering((honest) => ({ ...honest, accountProof: ["0x"] })),
      change,
    );
    expect(bent.proof).to.equal(null);
    expect(bent.proofMissing).to.contain("does not begin at the header's state root");
    const stranger = { ...change, validators: change.validators.toReversed() };
    expect((await certify(chain, stranger)).proofMissing).to.contain("another set's");
    const later = { ...change, setVersion: 7 };
    expect((await certify(chain, later)).proofMissing).to.contain("another change's");

    await store.write(unproven);
    await watcher(stage.network.operators.transaction.relayer).catchUp();
    await checkCertificate(change);
  });

  it("make a broken certificate anew", async () => {
    const [change] = await allChanges();
    if (change === undefined) throw new Error("no set");
    await store.setNextBlock("certificates", 0);
    await writeFile(store.pathOf(change.setVersion), "{");
    await watcher(stage.network.operators.transaction.relayer).catchUp();
    await checkCertificate(change);
  });

  it("refuse a place that is none, and look at everything again without one", async () => {
    await store.setNextBlock("certificates", -1);
    let problem = "";
    await watcher(stage.network.operators.transaction.relayer)
      .catchUp()
      .catch((error: Error) => (problem = error.message));
    expect(problem).to.contain("progress-certificates.json").and.contain("Delete it");
  });

  it("keep trying and say once what fails, until they are stopped", async () => {
    const dead = Object.create(chain.provider) as Provider;
    dead.getBlockNumber = () => Promise.reject(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));
    const stop = new AbortController();
    const one = new Watcher({ chain: { ...chain, provider: dead }, store, onEvent: (event) => events.push(event) });
    const running = one.run(stop.signal, 5);
    await new Promise((resolve) => setTimeout(resolve, 100));
    stop.abort();
    await running;
    expect(events).to.have.length(1);
    expect(events[0]).to.include({ kind: "failed" });
  });

  it("run as a process until they are stopped, with no key when they only read", async () => {
    const args = ["--network", stage.file, "watch", "--read-only", "--certificates", certificates];
    const running = startCommand("accountants", args);
    await running.untilPrinted("Set 3 of block");
    running.child.kill("SIGTERM");
    const { code, stdout, stderr } = await running.ended;
    expect(stderr).to.equal("");
    expect(stdout).to.contain("Watching the transaction chain of local").and.not.contain("election");
    expect(code).to.equal(0);
  });

  /** The chain behind an endpoint that answers otherwise when it is asked for proofs. */
  function answering(answer: (honest: AccountProof) => unknown): AnyChain {
    const honest = chain.provider as Sending;
    const provider = Object.create(honest) as Sending;
    provider.send = async (method, parameters) => {
      const result = await honest.send(method, parameters);
      return method === "eth_getProof" ? answer(result as AccountProof) : result;
    };
    return { ...chain, provider };
  }
});

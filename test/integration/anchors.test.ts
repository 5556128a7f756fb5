import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";
import { id, type Wallet } from "ethers";

import { Anchorer, type AnchorerEvent } from "../../scripts/accountants/anchorer.js";
import { certify, CertificateStore, setChangesIn } from "../../scripts/accountants/certificates.js";
import { FOUNDERS } from "../../scripts/networks/operators.js";
import { anchoredRecord, readRecordProof, recordSlot } from "../../sdk/actions/anchored-records.js";
import { anchoredHeader, anchorsOf, readAnchorEvidence, requireSource } from "../../sdk/actions/anchors.js";
import { admitMember } from "../../sdk/actions/federation.js";
import { eraseRecord, putRecord, recordStateOf } from "../../sdk/actions/personal-records.js";
import { readAccountProof, readWordProof } from "../../sdk/actions/state-proofs.js";
import { withSigner, type AnyChain, type UserChain } from "../../sdk/connect.js";
import { MemberRole, RecordKind } from "../../sdk/enums.js";
import { isCommonwattError } from "../../sdk/errors.js";
import { latestHead } from "../../sdk/latest-head.js";
import { AccountantsStage } from "../utils/accountants.js";
import { startCommand } from "../utils/command.js";
import { sealedChain, type SealedOptions } from "../utils/sealed-chain.js";

const RECORD = id("a bill");

/** The code that a promise fails with. */
async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (isCommonwattError(error)) return error.code;
    throw error;
  }
  throw new Error("it did not fail");
}

describe("anchors between two chains", function () {
  this.timeout(180_000);

  let stage: AccountantsStage;
  let store: CertificateStore;
  let events: AnchorerEvent[];
  /** From this block on the user chain's node has states. */
  let statesFrom = 0;

  before(async () => {
    stage = await AccountantsStage.open();
    await align();
  });

  after(() => stage.close());

  beforeEach(async () => {
    const { chainId } = stage.network.user.deployment;
    store = new CertificateStore(await mkdtemp(join(stage.folder, "certificates-")), chainId);
    events = [];
    statesFrom = 0;
  });

  /** The user chain as a Besu network would show it. */
  function source(lie: Pick<SealedOptions, "bend" | "missing"> = {}): UserChain {
    const { user } = stage.network.operators;
    const nodes = FOUNDERS.map((number) => user[`node${number}`]);
    const later = FOUNDERS.map((number) => stage.nodeKey(number));
    const options = { nodes: [...nodes, ...later], statesFrom: () => statesFrom };
    return sealedChain(stage.network.user, { ...options, ...lie });
  }

  function anchorer(signer: Wallet, from: AnyChain = source()): Anchorer {
    return new Anchorer({ chain: stage.as(signer), source: from, store, onEvent: (event) => events.push(event) });
  }

  async function timeOf(chain: AnyChain): Promise<bigint> {
    return (await latestHead(chain.provider)).timestamp;
  }

  /** Both clocks to the later one's time, and `seconds` on. */
  async function align(seconds = 0n): Promise<void> {
    const [one, other] = await Promise.all([timeOf(stage.chain), timeOf(stage.network.user)]);
    await stage.network.clock.waitUntil((one > other ? one : other) + seconds);
  }

  /** An accountant of the user chain seals with another key from then on; the block of the change. */
  async function changeNode(accountant: number): Promise<bigint> {
    await stage.nextEpoch("user");
    const { COMMONWATT_NODE_KEY = "" } = stage.secrets(accountant);
    await stage.done(["--chain", "user", "elect", "--as", `accountant${accountant}`]);
    const change = ["--chain", "user", "change-node", "--as", `accountant${accountant}`];
    await stage.done(change, { COMMONWATT_NODE_KEY });
    await align();
    return BigInt(await stage.network.user.provider.getBlockNumber());
  }

  async function latest(): Promise<bigint> {
    return (await anchorsOf(stage.chain)).latestNumber;
  }

  it("are bound to each other at deployment, each to the other's election and set", async () => {
    const { transaction, user } = stage.network;
    for (const [chain, other] of [
      [transaction, user],
      [user, transaction],
    ] as const) {
      const anchors = await anchorsOf(chain);
      requireSource(anchors, other);
      expect(() => requireSource(anchors, chain)).to.throw("AnchorsOfAnotherChain");
      const [digest, , version, length, changedAt] = (await other.contracts.accountantElection.setHead({
        blockTag: Number(anchors.latestNumber),
      })) as unknown as [string, bigint, bigint, bigint, bigint];
      expect(anchors.set).to.deep.equal({ chainId: anchors.sourceChainId, version, length, changedAt });
      expect((await chain.contracts.headerAnchors.knownSet()).digest).to.equal(digest);
      // two thirds of the time for which stakes stay locked
      expect(anchors).to.include({ trustingSeconds: 400n, spacingSeconds: 100n, forkedAt: undefined });
      expect(await failureOf(anchoredHeader(chain, anchors.latestNumber))).to.equal("HeaderAnchorsUnknown");
    }
  });

  it("refuse a simulated chain's own headers, which nobody sealed, and say so once", async () => {
    const { relayer } = stage.network.operators.transaction;
    const one = anchorer(relayer, stage.network.user);
    await align(300n);
    await one.catchUp();
    await one.catchUp();
    expect(events.map(({ kind }) => kind)).to.deep.equal(["unsealed"]);
    const text = await stage.done(["anchor", "--once", "--as", "relayer"]);
    expect(text).to.contain("Nothing can be anchored").and.contain("no QBFT data");
    const json = await stage.done(["--chain", "user", "anchor", "--once", "--json", "--as", "accountant1"]);
    expect(JSON.parse(json)).to.include({ kind: "unsealed" });
    const problem = await stage.refused(["--chain", "user", "anchor", "--once", "--as", "nobody"]);
    expect(problem).to.contain("--as nobody");
    const nowhere = ["anchor", "--once", "--as", "relayer", "--source-rpc", "http://127.0.0.1:1"];
    expect(await stage.refused(nowhere)).to.contain("http://127.0.0.1:1");
  });

  it("carry the newest header when it is due, and not before", async () => {
    const { relayer, accountant1 } = stage.network.operators.transaction;
    await align(10n);
    const newest = BigInt(await stage.network.user.provider.getBlockNumber());
    await anchorer(relayer).catchUp();
    expect(events).to.deep.equal([{ kind: "anchored", block: newest, byOther: false }]);
    const header = await anchoredHeader(stage.chain, newest);
    expect(header).to.include({ setVersion: 1n, timestamp: await timeOf(stage.network.user) });
    await align(100n);
    await anchorer(accountant1).catchUp();
    expect(events).to.have.length(1);
  });

  it("carry every change of the set in order, by two at once, though the node has forgotten those states", async () => {
    const { relayer, accountant1 } = stage.network.operators.transaction;
    const changes = [await changeNode(1), await changeNode(2)];
    const user = source();
    for (const change of await setChangesIn(user, Number(changes[0]), Number(changes[1]))) {
      await store.write(await certify(user, change));
    }
    statesFrom = Number(changes[1]) + 1;
    expect(await failureOf(readAnchorEvidence(user, await anchorsOf(stage.chain), changes[0] ?? 0n))).to.equal(
      "StateForgotten",
    );
    await align(1n);
    await Promise.all([anchorer(relayer).catchUp(), anchorer(accountant1).catchUp()]);
    expect(events.filter(({ kind }) => kind !== "anchored")).to.deep.equal([]);
    const told = events.filter((event) => event.kind === "anchored");
    for (const [index, block] of changes.entries()) {
      const those = told.filter((event) => event.block === block);
      expect(those.length, `block ${block}`).to.be.within(1, 2);
      expect(those.filter(({ byOther }) => !byOther)).to.have.length(1);
      expect(those[0]?.setVersion).to.equal(index + 2);
      // the set before sealed it
      expect((await anchoredHeader(stage.chain, block)).setVersion).to.equal(BigInt(index + 1));
    }
    expect((await anchorsOf(stage.chain)).set.version).to.equal(3n);
  });

  it("say that a state is forgotten of which there is no certificate, and go on when there is", async () => {
    const { relayer } = stage.network.operators.transaction;
    const block = await changeNode(3);
    await align(1n);
    statesFrom = Number(block) + 1;
    const stop = new AbortController();
    const running = anchorer(relayer).run(stop.signal, 5);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    stop.abort();
    await running;
    expect(events).to.have.length(1);
    expect(events[0]).to.include({ kind: "failed" });
    expect(String((events[0] as { reason: string }).reason)).to.contain("StateForgotten");
    statesFrom = 0;
    await anchorer(relayer).catchUp();
    expect(events[1]).to.deep.equal({ kind: "anchored", block, setVersion: 4, byOther: false });
  });

  it("prove on the transaction chain that a personal record existed at a time", async () => {
    const { user, chain } = { user: stage.network.user, chain: stage.chain };
    const owner = stage.memberKey(9);
    await stage.network.fund("user", [owner.address]);
    const council = withSigner(user, stage.network.operators.user.council);
    await admitMember(council, { member: owner.address, roles: [MemberRole.Supplier] });
    const own = withSigner(user, owner);
    const name = { owner: owner.address, record: RECORD };
    await putRecord(own, {
      record: RECORD,
      version: 1n,
      kind: RecordKind.Bill,
      commitment: id("commitment"),
      locator: `0x01${id("ciphertext").slice(2)}`,
      wrapped: `0x${"11".repeat(80)}`,
    });
    await align(250n);
    await anchorer(stage.network.operators.transaction.relayer).catchUp();
    const block = await latest();
    const before = await recordStateOf(user, name);
    await eraseRecord(own, { record: RECORD, receiptsHash: id("receipts") });

    const proof = await readRecordProof(user, name, { anchoredOn: chain });
    expect(proof).to.include({ block, slot: recordSlot(name) });
    const records = user.deployment.contracts.PersonalRecords.address;
    const shown = await anchoredRecord(chain, records, name, proof);
    const { timestamp } = await anchoredHeader(chain, block);
    expect(shown).to.deep.equal({ ...before, anchoredAt: timestamp });
    expect(shown).to.include({ isErased: false, version: 1n });

    const other = { owner: stage.memberKey(8).address, record: RECORD };
    expect(await failureOf(anchoredRecord(chain, records, other, proof))).to.match(/TrieProof|RLP/);
    const elsewhere = user.deployment.contracts.RecordGrants.address;
    expect(await failureOf(anchoredRecord(chain, elsewhere, name, proof))).to.match(/TrieProof|RLP/);
    expect(await failureOf(readRecordProof(user, other, { block }))).to.equal("WordMissing");
    // what came after the header is not in it
    const later = await readRecordProof(user, name, { block: BigInt(await user.provider.getBlockNumber()) });
    expect(await failureOf(anchoredRecord(chain, records, name, { ...later, block }))).to.match(/TrieProof|RLP/);
    const unknown = await failureOf(anchoredRecord(chain, records, name, later));
    expect(unknown).to.equal("HeaderAnchorsUnknown");
    // a word that is there, of the same contract, is no record
    const { address: election } = user.deployment.contracts.AccountantElection;
    const head = await readWordProof(user.provider, { account: election, slot: 2n, block });
    expect(head.word & 0xffffn).to.not.equal(0n);
    statesFrom = 1_000_000;
    const forgotten = readAccountProof(source().provider, { account: records, slots: [], block });
    expect(await failureOf(forgotten)).to.equal("StateForgotten");
  });

  it("run as a process until they are stopped", async () => {
    const args = ["--network", stage.file, "anchor", "--as", "relayer"];
    const running = startCommand("accountants", args);
    await running.untilPrinted("Stop with Ctrl-C");
    running.child.kill("SIGTERM");
    const { code, stdout, stderr } = await running.ended;
    expect(stderr).to.equal("");
    expect(stdout).to.contain("Anchoring the user chain's headers on the transaction chain");
    expect(code).to.equal(0);
  });

  it("say once that a header is refused, and carry on with a better node", async () => {
    const { relayer } = stage.network.operators.transaction;
    await align(250n);
    const one = anchorer(relayer, source({ missing: 1 }));
    await one.catchUp();
    await one.catchUp();
    expect(events).to.have.length(1);
    expect(events[0]).to.include({ kind: "refused" });
    expect((events[0] as { reason: string }).reason).to.contain("QbftSealsNoQuorum");
    await anchorer(relayer).catchUp();
    expect(events[1]).to.include({ kind: "anchored", byOther: false });
  });

  it("show a fork when a node has another sealed header of the last number, and say it once", async () => {
    const { relayer } = stage.network.operators.transaction;
    const block = await latest();
    const one = anchorer(relayer, source({ bend: { gasUsed: "0x5" } }));
    await one.catchUp();
    await one.catchUp();
    expect(events).to.deep.equal([{ kind: "forked", block }]);
    expect((await anchorsOf(stage.chain)).forkedAt).to.equal(block);
    const text = await stage.done(["anchor", "--once", "--as", "relayer"]);
    expect(text).to.contain(`Block ${block}: TWO SEALED HEADERS`);
    expect(await failureOf(anchoredHeader(stage.chain, block))).to.equal("HeaderAnchorsForked");
  });
});

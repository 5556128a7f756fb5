import { join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";

import { expect } from "chai";

import { startBroker, type Broker } from "../../scripts/oracle/broker.js";
import { submitTo } from "../../scripts/oracle/chain.js";
import { LedgerWriter } from "../../scripts/oracle/ledger-writer.js";
import { MeterLink } from "../../scripts/oracle/meters.js";
import { MqttSource } from "../../scripts/oracle/mqtt-source.js";
import { Oracle } from "../../scripts/oracle/oracle.js";
import { SqliteOutbox } from "../../scripts/oracle/outbox.js";
import type { ChainWriter } from "../../scripts/oracle/types.js";
import type { SignedReading } from "../../sdk/signing/readings.js";
import { OracleStage, SLOT_SECONDS } from "../utils/oracle-stage.js";
import { directoryOf, HandClock, rejectionOf, SILENT_LOG, TIMES } from "../utils/oracle.js";

/** Homes of a test; each test has its own. */
const HOMES = 6;
const TESTS = 3;

describe("Every reading is on the chain once", function () {
  this.timeout(120_000);

  let stage: OracleStage;
  let broker: Broker;
  let link: MeterLink;
  let closers: (() => Promise<unknown>)[];
  let storedBefore: Map<string, number>;
  let oracles = 0;

  before(async () => {
    stage = await OracleStage.open({ seed: 5, homes: HOMES * TESTS });
  });
  after(() => stage.close());

  beforeEach(async () => {
    broker = await startBroker();
    link = await MeterLink.connect(broker.url, BigInt(SLOT_SECONDS));
    closers = [() => broker.close(), () => link.close()];
    storedBefore = await stage.timesStored();
  });
  afterEach(async () => {
    for (const close of closers.reverse()) await close();
  });

  async function start(file: string, writer = ledgerWriter()): Promise<Oracle> {
    oracles += 1;
    const oracle = new Oracle({
      source: new MqttSource({ url: broker.url, clientId: `once-${oracles}`, log: SILENT_LOG }),
      rules: [],
      outbox: new SqliteOutbox(join(stage.folder, file)),
      writer,
      directory: directoryOf(0),
      times: { ...TIMES, slotSeconds: BigInt(SLOT_SECONDS) },
      clock: new HandClock(),
      log: SILENT_LOG,
      sender: { lingerMilliseconds: 10, firstRetryMilliseconds: 5, longestRetryMilliseconds: 50 },
    });
    await oracle.start();
    closers.push(() => oracle.stop().catch(() => undefined)); // a test may have stopped it
    return oracle;
  }

  function ledgerWriter(): ChainWriter {
    return new LedgerWriter(submitTo(stage.operator));
  }

  /** One of each home of the test with that number. */
  function readings(test: number, slot: bigint): Promise<SignedReading[]> {
    return Promise.all(Array.from({ length: HOMES }, (_, index) => stage.reading(test * HOMES + index, slot)));
  }

  /** How often the ledger stored each of the readings during the test. */
  async function storedTimes(sent: readonly SignedReading[]): Promise<number[]> {
    const now = await stage.timesStored();
    return sent.map(({ meter, slot, status }) => {
      const key = `${meter}/${slot}/${status}`;
      return (now.get(key) ?? 0) - (storedBefore.get(key) ?? 0);
    });
  }

  it("with two oracles on the same meters, that send with the same key", async () => {
    const both = [await start("one.sqlite"), await start("two.sqlite")];
    const slot = await stage.endedSlot();
    const sent = [...(await readings(0, slot)), ...(await readings(0, slot - 1n))];
    await link.publish(sent);
    await Promise.all(both.map((oracle) => oracle.untilHandled(sent.length)));
    await Promise.all(both.map((oracle) => oracle.drain()));
    for (const oracle of both) expect(oracle.counts()).to.include({ confirmed: sent.length, rejected: 0 });
    expect(await storedTimes(sent)).to.deep.equal(sent.map(() => 1));
  });

  it("with another sender that takes the oracle's nonces", async () => {
    const { signer, provider } = stage.operator;
    let clashes = 0;
    // the nonce is chosen, then another transaction of the same account is mined first
    const clashing = new LedgerWriter(async (batch) => {
      if (clashes >= 2) return submitTo(stage.operator)(batch);
      clashes += 1;
      const nonce = await provider.getTransactionCount(signer.address);
      await (await signer.sendTransaction({ to: signer.address, nonce })).wait();
      return submitTo({ ...stage.operator, defaults: { nonce } })(batch);
    });
    const oracle = await start("clash.sqlite", clashing);
    const sent = await readings(1, await stage.endedSlot());
    await link.publish(sent);
    await oracle.untilHandled(sent.length);
    await oracle.drain();
    expect(clashes).to.equal(2);
    expect(oracle.counts()).to.include({ confirmed: sent.length, rejected: 0 });
    expect(await storedTimes(sent)).to.deep.equal(sent.map(() => 1));
  });

  it("after a restart from an old backup, whose readings the chain has already", async () => {
    let down = true;
    const inner = ledgerWriter();
    const writer: ChainWriter = {
      write: (batch) => (down ? Promise.reject(new Error("the chain is away")) : inner.write(batch)),
    };
    const first = await start("live.sqlite", writer);
    const slot = await stage.endedSlot();
    const sent = await readings(2, slot);
    await link.publish(sent);
    await first.untilHandled(sent.length);
    const live = new DatabaseSync(join(stage.folder, "live.sqlite"), { readOnly: true });
    await backup(live, join(stage.folder, "backup.sqlite"));
    live.close();
    down = false;
    await first.drain();
    await first.stop();

    const restored = await start("backup.sqlite");
    expect(restored.counts()).to.include({ waiting: sent.length, confirmed: 0 });
    const later = await readings(2, slot - 1n);
    await link.publish([...sent, ...later]); // a broker may bring again what it has
    await restored.untilHandled(sent.length + later.length);
    await restored.drain();
    expect(restored.counts()).to.include({ confirmed: sent.length + later.length, rejected: 0, refused: 0 });
    expect(await storedTimes([...sent, ...later])).to.deep.equal([...sent, ...later].map(() => 1));
  });

  it("a batch that is never mined is given up, to be sent again", async () => {
    const { contracts } = stage.operator;
    const sent = { hash: "0x", wait: () => new Promise(() => undefined) };
    const meterLedger = { submit: { populateTransaction: () => Promise.resolve({ gasLimit: 1n }) } };
    const signer = { sendTransaction: () => Promise.resolve(sent) };
    const stuck = { ...stage.operator, contracts: { ...contracts, meterLedger }, signer };
    const chain = stuck as unknown as typeof stage.operator;
    expect((await rejectionOf(submitTo(chain, 20)([]))).message).to.include("not mined within 20 ms");
  });

  it("many messages share a disk write, and the broker hears of none before", async () => {
    const outbox = new SqliteOutbox(join(stage.folder, "shared.sqlite"));
    const start = outbox.commits;
    const oracle = new Oracle({
      source: new MqttSource({ url: broker.url, clientId: "shared", log: SILENT_LOG }),
      rules: [],
      outbox,
      writer: { write: () => Promise.reject(new Error("the chain is away")) },
      directory: directoryOf(0),
      times: { ...TIMES, slotSeconds: BigInt(SLOT_SECONDS) },
      clock: new HandClock(),
      log: SILENT_LOG,
    });
    await oracle.start();
    const one = await stage.reading(0, await stage.endedSlot());
    await link.publish(Array.from({ length: 500 }, (_, index) => ({ ...one, meter: BigInt(index + 1) })));
    await oracle.untilHandled(500);
    expect(outbox.commits - start).to.be.below(250);
    await oracle.stop();
  });
});

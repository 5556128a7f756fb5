import { expect } from "chai";

import type { Grid } from "../../scripts/grid/index.js";
import { admitNeighbourhood, type NeighbourHome, type Neighbourhood } from "../../scripts/neighbourhood.js";
import { openEmbedded, type EmbeddedNetwork } from "../../scripts/networks/embedded.js";
import { startBroker, type Broker } from "../../scripts/oracle/broker.js";
import { ChainDirectory, ChainTimes, silentOnChain, submitTo } from "../../scripts/oracle/chain.js";
import { EstimateSeconder } from "../../scripts/oracle/estimate-seconder.js";
import { estimatesFrom, findSilent, outboxHistory, ProfileEstimator } from "../../scripts/oracle/gap-filler.js";
import { LedgerWriter } from "../../scripts/oracle/ledger-writer.js";
import { MeterLink } from "../../scripts/oracle/meters.js";
import { MqttSource } from "../../scripts/oracle/mqtt-source.js";
import { Sources } from "../../scripts/oracle/open-sources.js";
import { Oracle } from "../../scripts/oracle/oracle.js";
import { SqliteOutbox } from "../../scripts/oracle/outbox.js";
import { quorumChain } from "../../scripts/oracle/quorum-chain.js";
import { QuorumWriter } from "../../scripts/oracle/quorum-writer.js";
import { standardRules } from "../../scripts/oracle/rules.js";
import { attestationsAt, attestReadings, contradictionsOf, quorumAt } from "../../sdk/actions/attestations.js";
import { clearTree, closeTree } from "../../sdk/actions/clearing.js";
import { firstUnopenedSlotOf, timesOf } from "../../sdk/actions/market.js";
import { settledOutcomes } from "../../sdk/actions/outcomes.js";
import { meterLedgerOf, readingsAt, submitReadings } from "../../sdk/actions/readings.js";
import { settleSlot } from "../../sdk/actions/settlement.js";
import { auditChain } from "../../sdk/audit/index.js";
import { withSigner, type TransactionChain } from "../../sdk/connect.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { MarketView } from "../../sdk/market-view.js";
import type { Outcome } from "../../sdk/records.js";
import { signReading, type SignedReading } from "../../sdk/signing/readings.js";
import { HandClock, rejectionOf, SILENT_LOG, SOURCE_PARTS } from "../utils/oracle.js";
import { AttestedFeeder } from "../utils/quorum.js";

const SLOT_SECONDS = 3600;
const CONNECTION_WH = 9_000;
const GRID: Grid = {
  version: 1,
  cities: [
    {
      name: "Town",
      districts: [
        {
          name: "district",
          feeMicroPerKwh: 8_000,
          capacityWh: null,
          feeders: [
            {
              name: "street",
              supplier: "Power",
              gridOperator: "Grid",
              meteringOperator: "Metering",
              feeMicroPerKwh: 4_000,
              capacityWh: null,
              homes: ["one", "two", "three"].map((home) => ({ home, connectionWh: CONNECTION_WH })),
            },
          ],
        },
      ],
    },
  ],
};

describe("A quorum of oracles", function () {
  this.timeout(120_000);

  let network: EmbeddedNetwork;
  let neighbourhood: Neighbourhood;
  let street: AttestedFeeder;
  let slot: bigint;
  let broker: Broker;
  let link: MeterLink;
  let clock: HandClock;
  let closers: (() => Promise<unknown>)[];
  const view = new MarketView();

  before(async () => {
    network = await openEmbedded({ seed: 9, slotSeconds: SLOT_SECONDS, genesisTime: 1_709_510_400n });
    neighbourhood = await admitNeighbourhood(network, {
      grid: GRID,
      seed: 9,
      homeDepositMicro: () => 60_000_000n,
      supplierDepositMicro: 100_000_000n,
    });
    slot = neighbourhood.firstSlot;
    const [feeder] = neighbourhood.feeders;
    street = await AttestedFeeder.open(network, neighbourhood, {
      feeder,
      fromSlot: await firstUnopenedSlotOf(network.transaction),
    });
    clock = new HandClock();
  });
  after(() => network.close());

  /** Each test has a slot of its own, whose delivery has just ended; its tree is closed. */
  beforeEach(async () => {
    const next = (await network.clock.now()) / BigInt(SLOT_SECONDS) + 1n;
    slot = next > slot ? next : slot + 1n;
    const { gateClosure, deliveryEnd } = await timesOf(network.transaction, slot);
    await network.clock.waitUntil(gateClosure);
    await clearTree(relayer(), view, { city: city(), slot });
    await closeTree(relayer(), view, { city: city(), slot });
    await moveTo(deliveryEnd);
    broker = await startBroker();
    link = await MeterLink.connect(broker.url, BigInt(SLOT_SECONDS));
    closers = [() => broker.close(), () => link.close()];
  });
  afterEach(async () => {
    for (const close of closers.reverse()) await close();
    expect((await auditChain(network.transaction)).findings).to.deep.equal([]);
  });

  const relayer = (): TransactionChain => withSigner(network.transaction, network.operators.transaction.relayer);
  const city = (): bigint => neighbourhood.cities[0]?.area ?? 0n;

  async function moveTo(time: bigint): Promise<void> {
    await network.clock.waitUntil(time);
    clock.time = Number(time);
  }

  function operator(place: number): AttestedFeeder["operators"][number] {
    const found = street.operators[place];
    if (found === undefined) throw new Error(`there is no operator ${place}`);
    return found;
  }

  /** The oracle of an operator, with a broker session and an outbox of its own. */
  async function start(place: number, file = ":memory:", drainAttempts = 100): Promise<Oracle> {
    return (await startWith(place, new SqliteOutbox(file), drainAttempts)).oracle;
  }

  /** With what it second estimates by. */
  async function startWith(
    place: number,
    outbox: SqliteOutbox,
    drainAttempts: number,
    source?: Sources,
  ): Promise<{ readonly oracle: Oracle; readonly seconder: EstimateSeconder }> {
    const chain = operator(place);
    const directory = new ChainDirectory(chain);
    const times = await ChainTimes.of(chain, () => slot);
    const oracle = new Oracle({
      source: source ?? new MqttSource({ url: broker.url, clientId: `operator-${place}`, log: SILENT_LOG }),
      rules: standardRules(meterLedgerOf(chain)),
      outbox,
      writer: new QuorumWriter(
        new LedgerWriter(submitTo(chain)),
        quorumChain(() => chain),
        (readings) => source?.tell(readings, BigInt(SLOT_SECONDS)) ?? Promise.resolve(),
      ),
      directory,
      times,
      gapFiller: new ProfileEstimator({
        directory,
        history: outboxHistory(outbox),
        findSilent: findSilent(outbox, silentOnChain(chain)),
        operator: chain.signer,
        ledger: meterLedgerOf(chain),
        clock: { slotSeconds: SLOT_SECONDS, offsetSeconds: 0 },
      }),
      estimateFromSlot: slot,
      clock,
      log: SILENT_LOG,
      sender: {
        lingerMilliseconds: 10,
        firstRetryMilliseconds: 5,
        longestRetryMilliseconds: 50,
        firstPatienceMilliseconds: 20,
        drainAttempts,
      },
    });
    await oracle.start();
    closers.push(() => oracle.stop());
    const seconder = new EstimateSeconder({ chainOf: () => chain, directory, outbox, times, clock });
    return { oracle, seconder };
  }

  /** What the devices of all homes signed: 1,100, 1,200 and 1,300 Wh. */
  function measured(status: ReadingStatus = ReadingStatus.Actual): Promise<SignedReading[]> {
    return Promise.all(neighbourhood.homes.map((home, index) => signed(home, BigInt(1_100 + 100 * index), status)));
  }

  function signed(home: NeighbourHome, importWh: bigint, status: ReadingStatus): Promise<SignedReading> {
    const signer = status === ReadingStatus.Actual ? home.device : operator(0).signer;
    const reading = { meter: home.meter, slot, importWh, exportWh: 0n, status, sequence: 1n };
    return signReading(signer, meterLedgerOf(network.transaction), reading);
  }

  async function stored(): Promise<bigint[]> {
    const meters = neighbourhood.homes.map(({ meter }) => meter);
    return (await readingsAt(network.transaction, { meters, slot })).map(({ importWh }) => importWh);
  }

  /** How often the ledger stored each meter's reading of the slot. */
  async function timesStored(): Promise<number[]> {
    const { meterLedger } = network.transaction.contracts;
    const batches = await meterLedger.queryFilter(meterLedger.filters.ReadingBatchStored());
    const words = batches.flatMap(({ args }) => args.readings.map(BigInt));
    const changed = words.filter((word) => (word >> 104n) % 256n === 1n && (word >> 192n) % 2n ** 32n === slot);
    return neighbourhood.homes.map(({ meter }) => changed.filter((word) => word >> 224n === meter).length);
  }

  async function settled(): Promise<Outcome[]> {
    const { readingEnd } = await timesOf(network.transaction, slot);
    await moveTo(readingEnd);
    await settleSlot(relayer(), view, { city: city(), slot });
    const outcomes = await settledOutcomes(network.transaction, { first: slot, last: slot });
    return outcomes.map(({ outcome }) => outcome);
  }

  it("of three oracles brings each reading to the chain once", async () => {
    const oracles = await Promise.all([start(0), start(1), start(2)]);
    await link.publish(await measured());
    await Promise.all(oracles.map((oracle) => oracle.untilHandled(3)));
    await Promise.all(oracles.map((oracle) => oracle.drain()));
    expect(await stored()).to.deep.equal([1_100n, 1_200n, 1_300n]);
    expect(await timesStored()).to.deep.equal([1, 1, 1]);
    for (const oracle of oracles) {
      expect(oracle.counts()).to.deep.equal({ waiting: 0, sent: 0, confirmed: 3, rejected: 0, refused: 0 });
    }
  });

  it("brings what one operator alone was sent: it publishes that where the other oracles listen", async () => {
    const own = await startBroker(); // of the operator whose meters these are, or its gateway
    const meters = await MeterLink.connect(own.url, BigInt(SLOT_SECONDS));
    closers.push(
      () => own.close(),
      () => meters.close(),
    );
    const settings = { type: "mqtt" as const, clientId: "operator-0", meters: [], place: "the test" };
    const source = await Sources.open(
      [
        { ...settings, url: own.url, publish: false },
        { ...settings, url: broker.url, publish: true },
      ],
      SOURCE_PARTS,
    );
    const { oracle } = await startWith(0, new SqliteOutbox(":memory:"), 100, source);
    const other = await start(1);
    await meters.publish(await measured());
    await other.untilHandled(3);
    await Promise.all([oracle.drain(), other.drain()]);
    expect(await stored()).to.deep.equal([1_100n, 1_200n, 1_300n]);
    expect(await timesStored()).to.deep.equal([1, 1, 1]);
    expect(other.counts()).to.deep.equal({ waiting: 0, sent: 0, confirmed: 3, rejected: 0, refused: 0 });
  });

  for (const when of ["before", "after"] as const) {
    it(`with a liar that attests ${when} the others settles what was measured, and names the liar`, async () => {
      const [first] = await measured();
      if (first === undefined) throw new Error("there is no home");
      const lie = { ...first, importWh: 1n };
      if (when === "before") await attestReadings(operator(2), { readings: [lie] });
      const oracles = await Promise.all([start(0), start(1)]);
      await link.publish(await measured());
      await Promise.all(oracles.map((oracle) => oracle.untilHandled(3)));
      await Promise.all(oracles.map((oracle) => oracle.drain()));
      if (when === "after") await attestReadings(operator(2), { readings: [lie] });
      const named = await contradictionsOf(network.transaction, { operator: operator(2).signer.address });
      const { r: _r, vs: _vs, ...truth } = first;
      expect(named.at(-1)).to.deep.include({ operator: operator(2).signer.address, reading: truth });
      expect(named.at(-1)?.attested.importWh).to.equal(1n);
      expect((await contradictionsOf(network.transaction)).length, "nobody else is named").to.equal(named.length);
      expect((await settled()).map(({ importWh }) => importWh)).to.deep.equal([1_100n, 1_200n, 1_300n]);
    });
  }

  it("with one of them silent settles what was measured, also where the metering operator itself is", async () => {
    const oracles = await Promise.all([start(1), start(2)]);
    await link.publish(await measured());
    await Promise.all(oracles.map((oracle) => oracle.untilHandled(3)));
    await Promise.all(oracles.map((oracle) => oracle.drain()));
    expect((await settled()).map(({ importWh }) => importWh)).to.deep.equal([1_100n, 1_200n, 1_300n]);
  });

  it("with one too few settles the slot as silent; what waited is rejected when its time is over", async () => {
    const oracle = await start(0, ":memory:", 3);
    await link.publish(await measured());
    await oracle.untilHandled(3);
    expect((await rejectionOf(oracle.drain())).message).to.include("wait for other operators");
    const error = await rejectionOf(submitReadings(relayer(), { readings: await measured() }));
    expect(error.message).to.include("has 1 of the 2 attestations");
    for (const { importWh, status } of await settled()) {
      expect([importWh, Number(status)]).to.deep.equal([BigInt(CONNECTION_WH), ReadingStatus.Missing]);
    }
    expect(oracle.counts().rejected).to.equal(0); // late attestations may still come
    const { actualsUntil } = await timesOf(network.transaction, slot);
    await moveTo(actualsUntil);
    await untilRejected(oracle, 3);
  });

  it("estimates for silent meters together: the others second what their metering operator attests", async () => {
    const [{ oracle }, { oracle: second, seconder }] = [
      await startWith(0, new SqliteOutbox(":memory:"), 1_000),
      await startWith(1, new SqliteOutbox(":memory:"), 1_000),
    ];
    const [one] = await measured();
    if (one === undefined) throw new Error("there is no home");
    await link.publish([one]);
    await Promise.all([oracle.untilHandled(1), second.untilHandled(1)]);
    await Promise.all([oracle.drain(), second.drain()]);
    expect(await seconder.second(), "before its time").to.equal(0);
    await moveTo(estimatesFrom(await timesOf(network.transaction, slot)));
    expect(await second.fillGaps(), "not of its feeder").to.equal(0);
    expect(await oracle.fillGaps()).to.equal(2);
    const drained = oracle.drain();
    let seconded = 0;
    while (seconded < 2) seconded += await seconder.second();
    await drained;
    expect(seconded, "each once").to.equal(2);
    expect(await seconder.second(), "nothing again").to.equal(0);
    const { Actual, Estimated } = ReadingStatus;
    expect((await settled()).map(({ status }) => Number(status))).to.deep.equal([Actual, Estimated, Estimated]);
  });

  it("seconds no estimate above the connection, nor where the oracle knows better or has given its word", async () => {
    const { oracle, seconder } = await startWith(1, new SqliteOutbox(":memory:"), 1_000);
    const [known, , large] = await measured();
    if (known === undefined || large === undefined) throw new Error("there are too few homes");
    await link.publish([known]);
    await oracle.untilHandled(1);
    await moveTo(estimatesFrom(await timesOf(network.transaction, slot)));
    const estimates = (await measured(ReadingStatus.Estimated)).map((reading) =>
      reading.meter === large.meter ? { ...reading, importWh: BigInt(CONNECTION_WH) + 1n } : reading,
    );
    await attestReadings(operator(0), { readings: estimates });
    expect(await seconder.second(), "the second home's alone").to.equal(1);
    // another one under a higher sequence is seconded too: the first was only an estimate
    const better = estimates.slice(1, 2).map((reading) => ({ ...reading, importWh: 5n, sequence: 2n }));
    await attestReadings(operator(0), { readings: better });
    expect(await seconder.second()).to.equal(1);
    const [home] = better;
    const attested = await attestationsAt(network.transaction, { meter: home?.meter ?? 0n, slot });
    expect(attested[1]?.reading?.importWh).to.equal(5n);
  });

  it("decides by k what a correction is", async () => {
    await street.attest(await measured());
    await submitReadings(relayer(), { readings: await measured() });
    const corrections = await measured(ReadingStatus.Corrected);
    await attestReadings(operator(0), { readings: corrections });
    const error = await rejectionOf(submitReadings(relayer(), { readings: corrections }));
    expect(error.message).to.include("ReadingQuorumNotAttested");
    await attestReadings(operator(1), { readings: corrections });
    await submitReadings(relayer(), { readings: corrections });
    const [home] = neighbourhood.homes;
    const attested = await attestationsAt(network.transaction, { meter: home?.meter ?? 0n, slot });
    expect(attested.map(({ reading }) => reading?.status)).to.deep.equal([
      ReadingStatus.Corrected,
      ReadingStatus.Corrected,
      undefined,
    ]);
  });

  it("is read as the council decided it, and named by `oracle check` to its operators", async () => {
    const [feeder] = neighbourhood.feeders;
    const { needed, operators } = await quorumAt(network.transaction, { feeder: feeder?.area ?? 0n, slot });
    expect(needed).to.equal(2n);
    expect(operators).to.deep.equal(street.operators.map(({ signer }) => signer.address));
    const directory = new ChainDirectory(network.transaction);
    const meters = neighbourhood.homes.map(({ meter }) => meter);
    expect(await directory.metersAttestedBy(operator(2).signer.address, slot)).to.deep.equal(meters);
    expect(await directory.metersAttestedBy(neighbourhood.homes[0]?.chain.signer.address ?? "", slot)).to.deep.equal(
      [],
    );
  });

  async function untilRejected(oracle: Oracle, count: number): Promise<void> {
    while (oracle.counts().rejected < count) await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

/** A metering operator's oracle on real Besu, whose node dies and comes back. `npm run test:besu`. */
import { join } from "node:path";

import { expect } from "chai";

import { defaultGrid } from "../../scripts/grid/index.js";
import { Random } from "../../scripts/inputs/index.js";
import { KEY_VARIABLE } from "../../scripts/inputs/keys.js";
import { admitNeighbourhood } from "../../scripts/neighbourhood.js";
import { rpcUrl } from "../../scripts/network/network-file.js";
import { openServed } from "../../scripts/networks/served.js";
import type { OpenNetwork } from "../../scripts/networks/network.js";
import { startBroker, type Broker } from "../../scripts/oracle/broker.js";
import { oracleLog, parseOptions } from "../../scripts/oracle/command.js";
import { MeterLink } from "../../scripts/oracle/meters.js";
import { startOracle, type RunningOracle } from "../../scripts/oracle/wiring.js";
import { meterLedgerOf } from "../../sdk/actions/readings.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { signReading, type SignedReading } from "../../sdk/signing/readings.js";
import { BesuNetwork, skipWithoutBesu } from "../utils/besu-network.js";
import { timesStored } from "../utils/oracle-stage.js";

const MINUTE = 60_000;
const SLOT_SECONDS = 60n;
const SEED = 7;

describe("the oracle on real Besu", function () {
  this.timeout(30 * MINUTE);
  let network: BesuNetwork;
  let open: OpenNetwork | undefined;
  let broker: Broker;
  let link: MeterLink;
  let running: RunningOracle | undefined;

  before(async function () {
    await skipWithoutBesu(this);
    network = await BesuNetwork.make("--base-port", "27700", "--slot-seconds", String(SLOT_SECONDS), "--seed", "1");
    network.useForCommands();
    await network.do("up", "--deployment", network.deployment);
    await network.do("deploy", "--council", "--deployment", network.deployment);
    await network.do("announce", "--deployment", network.deployment);
    open = await openServed(network.deployment);
    broker = await startBroker();
    link = await MeterLink.connect(broker.url, SLOT_SECONDS);
  });

  after(async () => {
    await running?.close();
    await link?.close();
    await broker?.close();
    await open?.close();
    await network?.close();
  });

  it("keeps what its meters read while its RPC node is dead, and brings it once", async () => {
    const [node] = network.network.nodes;
    if (open === undefined || node === undefined) throw new Error("no network");
    const { transaction, operators } = open;
    if (operators === undefined) throw new Error("the folder has no operators' keys");
    const neighbourhood = await admitNeighbourhood(
      { ...open, operators },
      {
        grid: defaultGrid(
          ["1", "2"].map((id) => ({ id, peakWh: 8_000 })),
          Number(SLOT_SECONDS),
          new Random(SEED),
        ),
        seed: SEED,
        homeDepositMicro: () => 0n,
        supplierDepositMicro: 0n,
      },
    );
    const [feeder] = neighbourhood.feeders;
    if (feeder === undefined) throw new Error("there is no feeder");
    const { meteringOperator } = feeder;
    const slot = neighbourhood.firstSlot;
    await open.clock.waitUntil((slot + 1n) * SLOT_SECONDS);
    const readings = (of: bigint): Promise<SignedReading[]> =>
      Promise.all(
        neighbourhood.homes.map(({ device, meter }) =>
          signReading(device, meterLedgerOf(transaction), {
            meter,
            slot: of,
            importWh: 10n * meter,
            exportWh: 0n,
            status: ReadingStatus.Actual,
            sequence: 1n,
          }),
        ),
      );
    const url = rpcUrl(network.network, node, "transaction");
    const args = ["--network", network.deployment, "--rpc", url, "--broker", broker.url];
    const db = ["--db", join(network.dir, "oracle.sqlite")];
    const environment = { [KEY_VARIABLE]: meteringOperator.signer.privateKey };
    running = await startOracle(parseOptions([...args, ...db]), environment, oracleLog("silent"));
    const { oracle } = running;
    await link.publish(await readings(slot));
    await oracle.untilHandled(2);
    await oracle.drain();
    expect(oracle.counts()).to.deep.include({ waiting: 0, confirmed: 2 });

    await network.do("kill", "1", "--chain", "transaction");
    const ends = Number((slot + 2n) * SLOT_SECONDS); // by this machine's clock: the node that would tell is dead
    await new Promise((go) => setTimeout(go, ends * 1_000 - Date.now()));
    await link.publish(await readings(slot + 1n));
    await oracle.untilHandled(4);
    expect(oracle.counts()).to.deep.include({ waiting: 2, confirmed: 2, refused: 0 });
    await network.do("restart", "1", "--chain", "transaction", "--deployment", network.deployment);
    // a node that was away takes no transaction before it is in step again; the oracle tries until it does
    while (oracle.counts().confirmed < 4) await new Promise((go) => setTimeout(go, 1_000));
    expect(oracle.counts()).to.deep.include({ waiting: 0, confirmed: 4, rejected: 0 });
    const times = await timesStored(transaction);
    expect([...times.values()]).to.deep.equal([1, 1, 1, 1]);
  });
});

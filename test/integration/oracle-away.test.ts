import { join } from "node:path";

import { expect } from "chai";

import { KEY_VARIABLE } from "../../scripts/inputs/keys.js";
import { startBroker, type Broker } from "../../scripts/oracle/broker.js";
import { oracleLog, parseOptions } from "../../scripts/oracle/command.js";
import { MeterLink } from "../../scripts/oracle/meters.js";
import { startOracle, type RunningOracle } from "../../scripts/oracle/wiring.js";
import { OracleStage, SLOT_SECONDS } from "../utils/oracle-stage.js";

describe("The oracle while the chain is away", function () {
  this.timeout(120_000);

  let stage: OracleStage;
  let broker: Broker;
  let link: MeterLink;
  let running: RunningOracle;

  before(async () => {
    stage = await OracleStage.open({ seed: 5, homes: 3 });
    broker = await startBroker();
    link = await MeterLink.connect(broker.url, BigInt(SLOT_SECONDS));
    const db = join(stage.folder, "away.sqlite");
    const args = ["--network", stage.deployment, "--rpc", stage.rpc.url, "--broker", broker.url, "--db", db];
    const environment = { [KEY_VARIABLE]: stage.operator.signer.privateKey };
    running = await startOracle(parseOptions(args), environment, oracleLog("silent"));
  });
  after(async () => {
    await running.close();
    await link.close();
    await broker.close();
    await stage.close();
  });

  it("takes readings of meters that it knows, of slots that it never asked about, and brings them later", async () => {
    const { oracle } = running;
    const slot = await stage.endedSlot();
    await link.publish([await stage.reading(0, slot)]);
    await oracle.untilHandled(1);
    await oracle.drain();
    await stage.stopChain();
    await link.publish(await Promise.all([1n, 2n].map((before) => stage.reading(0, slot - before))));
    await oracle.untilHandled(3);
    expect(oracle.counts()).to.deep.include({ waiting: 2, confirmed: 1, refused: 0 });
    await stage.startChain();
    await oracle.drain();
    expect(oracle.counts()).to.deep.include({ waiting: 0, confirmed: 3, rejected: 0 });
  });
});

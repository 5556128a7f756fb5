import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { parseCommand, parseOptions } from "../../scripts/oracle/command.js";
import { healthOf, metricsText, type Sample } from "../../scripts/oracle/metrics.js";
import { readSettings } from "../../scripts/oracle/settings.js";
import { statusText } from "../../scripts/oracle/status.js";

const EXAMPLES = "docs/examples";
const LEAST = { network: "city.json", outbox: { file: "o.sqlite" }, sources: [{ type: "mqtt", url: "mqtt://a" }] };

describe("The oracle's configuration", () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-settings-"));
    file = join(folder, "oracle.json");
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("is read with its paths seen from its folder", async () => {
    await writeFile(file, JSON.stringify({ ...LEAST, key: { keystore: "keys/k.json" }, metrics: { port: 1 } }));
    expect(readSettings(file)).to.deep.include({
      network: join(folder, "city.json"),
      db: join(folder, "o.sqlite"),
      keystore: join(folder, "keys", "k.json"),
      metricsPort: 1,
      utcOffset: 0,
    });
    expect(readSettings(file).sources).to.deep.equal([
      {
        type: "mqtt",
        url: "mqtt://a",
        clientId: "commonwatt-oracle",
        publish: false,
        meters: [],
        passwordFile: undefined,
        place: `${file}: sources.0.url`,
      },
    ]);
    await writeFile(file, JSON.stringify({ ...LEAST, network: "local" }));
    expect(readSettings(file).network).to.equal("local");
  });

  it("has an example for each source, which reads", async () => {
    const examples = (await readdir(EXAMPLES)).filter((name) => name.startsWith("oracle-"));
    expect(examples).to.include("oracle-mqtt.json");
    for (const name of examples) expect(readSettings(join(EXAMPLES, name)).sources).to.have.length.above(0);
  });

  it("is refused with file, place and what to do", async () => {
    const bad: [object | string, string][] = [
      [{ ...LEAST, sources: [] }, "sources"],
      [{ ...LEAST, sources: [{ type: "telex", url: "a" }] }, "sources.0.type"],
      [{ ...LEAST, sources: [{ type: "mqtt", url: "mqtt://a", password: "secret" }] }, "sources.0"],
      [{ ...LEAST, outbox: {} }, "outbox.file"],
      [{ ...LEAST, metrics: { port: 70_000 } }, "metrics.port"],
      [{ ...LEAST, colour: "red" }, "colour"],
      ['{\n  "network": "a",\n  oops\n}', `${file}:3`],
      ["[]", "expected object"],
    ];
    for (const [content, place] of bad) {
      await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
      expect(() => readSettings(file), place)
        .to.throw(place)
        .that.has.property("exitCode", 2);
      expect(() => readSettings(file))
        .to.throw(file)
        .that.has.property("message")
        .that.does.not.include("secret");
    }
    expect(() => readSettings(join(folder, "none.json"))).to.throw("none.json");
  });

  it("or the options say the same, without a subcommand too", async () => {
    await writeFile(file, JSON.stringify(LEAST));
    expect(parseCommand(["run", "--config", file, "--once"])).to.deep.equal({
      name: "run",
      options: { ...readSettings(file), once: true },
    });
    const args = ["--network", "x.json", "--broker", "mqtt://b", "--max-mebibytes", "2", "--metrics-port", "0"];
    expect(parseOptions(args)).to.deep.include({ network: "x.json", maxBytes: 2_097_152, metricsPort: 0, once: false });
    expect(parseOptions(args).sources[0]).to.deep.include({ url: "mqtt://b", place: "--broker" });
    expect(parseCommand(["status", "--db", "a.sqlite", "--json"])).to.deep.equal({
      name: "status",
      db: "a.sqlite",
      json: true,
    });
    const replay = ["replay", "1970-01-01T00:00:01Z", "1970-01-01T01:00:09+01:00", "--config", file];
    expect(parseCommand(replay)).to.deep.equal({ name: "replay", db: join(folder, "o.sqlite"), from: 1, to: 9 });
  });
});

describe("What the oracle tells about itself", () => {
  const sample: Sample = {
    vitals: {
      handled: 12,
      intakeWaiting: 3,
      refusedByRule: new Map([["payload", 4]]),
      sendFailures: 2,
      sendTrouble: "the chain is away",
      sourcesAway: 0,
      meteringFailures: 0,
    },
    counts: { waiting: 5, sent: 1, confirmed: 6, rejected: 0, refused: 4 },
    lagSeconds: 30,
    lettersDropped: 0,
    diskWrites: 9,
    metering: {
      values: [{ rule: "measured", status: "actual", count: 7 }],
      noted: [{ what: "held", reason: "known-meter", count: 2, latest: "meter 1 slot 2" }],
    },
  };

  it("is in Prometheus' text format", () => {
    const text = metricsText(sample);
    for (const line of [
      'commonwatt_oracle_readings{state="waiting"} 5',
      'commonwatt_oracle_refused_total{rule="payload"} 4',
      "commonwatt_oracle_lag_seconds 30",
      'commonwatt_oracle_values_last_day{rule="measured",status="actual"} 7',
      "commonwatt_oracle_values_held 2",
      "# TYPE commonwatt_oracle_messages_total counter",
    ]) {
      expect(text.split("\n")).to.include(line);
    }
    for (const line of text.trimEnd().split("\n")) {
      expect(line).to.match(/^(# (HELP|TYPE) \S+ .+|[a-z_]+(\{[a-z]+="[^"\\\n]*"(,[a-z]+="[^"\\\n]*")*\})? \d+)$/);
    }
  });

  it("calls it failing when batches have failed for a while", () => {
    expect(healthOf(sample)).to.deep.equal({
      status: "ok",
      waiting: 6,
      lagSeconds: 30,
      sourcesAway: 0,
      trouble: "the chain is away",
    });
    for (const ill of [{ sendFailures: 7 }, { meteringFailures: 7 }, { sourcesAway: 1 }]) {
      expect(healthOf({ ...sample, vitals: { ...sample.vitals, ...ill } }).status).to.equal("failing");
    }
  });

  it("quotes topics and reasons: they come from outside", () => {
    const reasons = [{ what: "refused", reason: "\u001b[2J", count: 1, latest: "a\nb", at: 0 } as const];
    const letters = { kept: 1, toReplay: 0, dropped: 0 };
    const { counts, metering } = sample;
    const text = statusText({ counts, letters, lagSeconds: 0, lastReceivedAt: undefined, reasons, metering });
    expect(text.split("\n")).to.have.length(7);
    expect(text).to.include("7 actual by measured").and.to.include('2 held: "known-meter"');
    expect(text).to.include('"a\\nb"').and.to.include("never").and.to.not.include("\u001b");
  });
});

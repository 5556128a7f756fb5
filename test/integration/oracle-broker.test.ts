import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";

import { Aedes } from "aedes";
import { expect } from "chai";
import { connectAsync, type MqttClient } from "mqtt";

import { openSource } from "../../scripts/oracle/open-sources.js";
import type { MqttSettings } from "../../scripts/oracle/settings.js";
import type { Accept, ReadingSource } from "../../scripts/oracle/types.js";
import { makeCertificate, type Made } from "../utils/certificates.js";
import { Mosquitto, MOSQUITTO_MISSING } from "../utils/mosquitto.js";
import { rejectionOf, SOURCE_PARTS } from "../utils/oracle.js";

const PASSWORD = "only of this test";
const USERS = { oracle: PASSWORD, 7: PASSWORD, 8: PASSWORD };
const ONE = "commonwatt/meters/7/reading";

type By = "password" | "certificate";
type Version = 4 | 5;

/** A broker over TLS at a port of loopback. */
interface TestBroker {
  readonly port: number;
  start(): Promise<void>;
  stop(): Promise<void>;
}

interface BrokerKind {
  readonly name: string;
  readonly versions: readonly Version[];
  /** Why it is skipped. */
  readonly missing: string | undefined;
  open(folder: string, by: By, authority: Made, own: Made): Promise<TestBroker>;
}

const mosquitto: BrokerKind = {
  name: "mosquitto",
  versions: [4, 5],
  missing: MOSQUITTO_MISSING,
  open: async (folder, by, authority, own) => {
    const port = await freePort();
    const users = by === "password" ? USERS : undefined;
    const broker = await Mosquitto.start({ folder, port, ca: authority.cert, cert: own.cert, key: own.key, users });
    return { port, start: () => broker.start(), stop: () => broker.stop() };
  },
};

/** It speaks 3.1.1 only and its sessions end with it. */
const aedes: BrokerKind = {
  name: "aedes",
  versions: [4],
  missing: undefined,
  open: async (_, by, authority, own) => {
    const broker = await Aedes.createBroker({
      authenticate: (_client, user, password, done) =>
        done(null, by === "certificate" || (user === "oracle" && password?.toString() === PASSWORD)),
    });
    const asking = by === "certificate" ? { requestCert: true, rejectUnauthorized: true } : {};
    const options = { key: own.key, cert: own.cert, ca: authority.cert, ...asking };
    const server = createTlsServer(options, (socket) => void broker.handle(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
      port: (server.address() as AddressInfo).port,
      start: () => Promise.reject(new Error("its sessions are gone")),
      stop: async () => {
        await new Promise<void>((resolve) => broker.close(resolve));
        server.close();
      },
    };
  },
};

for (const kind of [mosquitto, aedes]) {
  for (const version of kind.versions) {
    const title = `The oracle at ${kind.name} over TLS, MQTT ${version === 5 ? "5" : "3.1.1"}`;
    describe(kind.missing === undefined ? title : `${title} (skipped: ${kind.missing})`, function () {
      this.timeout(30_000);

      let folder: string;
      let broker: TestBroker | undefined;
      let authority: Made;
      let closers: (() => Promise<unknown>)[];

      before(function () {
        if (kind.missing !== undefined) this.skip();
      });
      beforeEach(async () => {
        folder = await mkdtemp(join(tmpdir(), "commonwatt-tls-"));
        authority = makeCertificate("the test's authority");
        closers = [];
        await file("trusted.pem", authority.cert);
        await file("password", `${PASSWORD}\n`);
        await identity("oracle");
      });
      afterEach(async () => {
        for (const close of closers.reverse()) await close();
        await broker?.stop();
        broker = undefined;
        await rm(folder, { recursive: true });
      });

      async function file(name: string, content: string): Promise<string> {
        await writeFile(join(folder, name), content);
        return join(folder, name);
      }

      /** Certificate and key of a client, in files NAME.pem and NAME.key. */
      async function identity(name: string, issuer = authority): Promise<Made> {
        const made = makeCertificate(name, { issuer });
        await file(`${name}.pem`, made.cert);
        await file(`${name}.key`, made.key);
        return made;
      }

      async function open(by: By): Promise<TestBroker> {
        broker = await kind.open(folder, by, authority, makeCertificate("the broker", { issuer: authority }));
        return broker;
      }

      function settings({ port }: TestBroker, by: By, tls: MqttSettings["tls"] = {}): MqttSettings {
        const own = { cert: join(folder, "oracle.pem"), key: join(folder, "oracle.key") };
        return {
          type: "mqtt",
          url: `mqtts://127.0.0.1:${port}`,
          clientId: "oracle-under-test",
          publish: false,
          meters: [],
          version,
          place: "the test",
          tls: { ca: join(folder, "trusted.pem"), ...(by === "certificate" ? own : {}), ...tls },
          ...(by === "password" ? { username: "oracle", passwordFile: join(folder, "password") } : {}),
        };
      }

      async function start(source: MqttSettings, accept: Accept): Promise<ReadingSource> {
        const opened = await openSource(source, SOURCE_PARTS);
        await opened.start(accept);
        closers.push(() => opened.stop());
        return opened;
      }

      /** A meter's connection; its user, or its certificate's name, is its number. */
      async function meter(number: string, { port }: TestBroker, by: By): Promise<MqttClient> {
        const { cert, key } = makeCertificate(number, { issuer: authority });
        const client = await connectAsync(`mqtts://127.0.0.1:${port}`, {
          ca: authority.cert,
          protocolVersion: version,
          clientId: `meter-${number}`,
          reconnectPeriod: 0,
          ...(by === "certificate"
            ? { cert, key }
            : { username: kind === aedes ? "oracle" : number, password: PASSWORD }),
        });
        closers.push(() => client.endAsync(true));
        return client;
      }

      async function publish(client: MqttClient, ...texts: readonly string[]): Promise<void> {
        for (const text of texts) await client.publishAsync(ONE, text, { qos: 1 });
      }

      async function refusalOf(source: MqttSettings): Promise<Error> {
        const opened = await openSource(source, SOURCE_PARTS);
        return rejectionOf(opened.start(() => Promise.resolve()));
      }

      for (const by of ["password", "certificate"] as const) {
        it(`takes readings by ${by}`, async () => {
          const at = await open(by);
          const heard = new Heard();
          await start(settings(at, by), heard.accept);
          await publish(await meter("7", at, by), "a", "b");
          await heard.until(2);
          expect(heard.texts).to.deep.equal([`${ONE} a`, `${ONE} b`]);
        });
      }

      it("refuses to start with another password, and names the broker's reason, never the password", async () => {
        await file("password", "another\n");
        const { message } = await refusalOf(settings(await open("password"), "password"));
        const reasons = version === 5 ? "reason code 135" : "reason code 5";
        expect(message).to.include("mqtts://127.0.0.1").and.to.include(reasons).and.to.not.include("another");
      });

      it("refuses a broker whose certificate is of another authority", async () => {
        await file("trusted.pem", makeCertificate("another authority").cert);
        const { message } = await refusalOf(settings(await open("certificate"), "certificate"));
        expect(message)
          .to.match(/self-signed|unable to (get|verify)|certificate/i)
          .and.to.include("can't be used");
      });

      it("is refused without a certificate, and with one of another authority, and says why", async () => {
        const at = await open("certificate");
        const without = await refusalOf(settings(at, "password"));

        expect(without.message).to.match(/alert|certificate|ECONNRESET|handshake/i);
        await identity("oracle", makeCertificate("another authority"));
        const wrong = await refusalOf(settings(at, "certificate"));
        expect(wrong.message).to.match(/alert|unknown ca|certificate|ECONNRESET/i);
      });

      it("gets what was sent while it was away, in order", async () => {
        const at = await open("certificate");
        const heard = new Heard();
        const first = await start(settings(at, "certificate"), heard.accept);
        await first.stop();
        await publish(await meter("7", at, "certificate"), "a", "b", "c");
        expect(heard.texts).to.deep.equal([]);
        await start(settings(at, "certificate"), heard.accept);
        await heard.until(3);
        expect(heard.texts).to.deep.equal([`${ONE} a`, `${ONE} b`, `${ONE} c`]);
      });

      it("gets again what it did not acknowledge", async () => {
        const at = await open("certificate");
        const heard = new Heard();
        let failures = 2;
        await start(settings(at, "certificate"), (message) =>
          failures-- > 0 ? Promise.reject(new Error("the disk is full")) : heard.accept(message),
        );
        await publish(await meter("7", at, "certificate"), "a", "b");
        await heard.until(2);
        expect([...new Set(heard.texts)]).to.have.members([`${ONE} a`, `${ONE} b`]);
        expect(failures).to.be.below(0);
      });

      if (kind !== mosquitto) return;

      it("goes on after a restart of the broker, which kept what waited", async () => {
        const at = await open("certificate");
        const heard = new Heard();
        const away = await start(settings(at, "certificate"), heard.accept);
        await away.stop();
        const one = await meter("7", at, "certificate");
        await publish(one, "before");
        await one.endAsync();
        await at.stop();
        await at.start();
        await start(settings(at, "certificate"), heard.accept);
        await heard.until(1);
        await at.stop(); // under the connected oracle
        await at.start();
        await publish(await meter("7", at, "certificate"), "after");
        await heard.until(2);
        expect(heard.texts).to.deep.equal([`${ONE} before`, `${ONE} after`]);
      });

      it("hears of each topic only the meter that it is of", async () => {
        const at = await open("certificate");
        const heard = new Heard();
        await start(settings(at, "certificate"), heard.accept);
        const stranger = await meter("8", at, "certificate");
        await stranger.publishAsync(ONE, "forged", { qos: 1 }).catch(() => undefined); // MQTT 5 tells it
        await publish(await meter("7", at, "certificate"), "own");
        await heard.until(1);
        expect(heard.texts).to.deep.equal([`${ONE} own`]);
      });
    });
  }
}

/** What a source delivered. */
class Heard {
  readonly texts: string[] = [];
  #wake: () => void = () => undefined;

  readonly accept: Accept = ({ origin, payload }) => {
    this.texts.push(`${origin} ${Buffer.from(payload).toString()}`);
    this.#wake();
    return Promise.resolve();
  };

  async until(count: number): Promise<void> {
    while (this.texts.length < count) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    }),
  );
}

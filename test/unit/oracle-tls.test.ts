import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { readTls, type TlsFiles } from "../../scripts/oracle/mqtt-tls.js";
import { openSource } from "../../scripts/oracle/open-sources.js";
import { readSettings } from "../../scripts/oracle/settings.js";
import { makeCertificate } from "../utils/certificates.js";
import { rejectionOf, SOURCE_PARTS } from "../utils/oracle.js";

const PASSPHRASE = "opens the key";
const PLACE = "oracle.json: sources.0.url";

describe("TLS to the broker", () => {
  const authority = makeCertificate("an authority");
  const own = makeCertificate("oracle", { issuer: authority });
  const locked = makeCertificate("oracle", { issuer: authority, passphrase: PASSPHRASE });
  const ended = makeCertificate("oracle", { issuer: authority, days: -1 });
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-tls-"));
    const files = {
      "ca.pem": authority.cert + own.cert,
      "own.pem": own.cert,
      "own.key": own.key,
      "locked.pem": locked.cert,
      "locked.key": locked.key,
      "ended.pem": ended.cert,
      password: `${PASSPHRASE}\n`,
      other: "not it\n",
      broken: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      text: "hello\n",
    };
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  });
  after(() => rm(folder, { recursive: true }));

  function at(names: TlsFiles): TlsFiles {
    return Object.fromEntries(Object.entries(names).map(([name, file]) => [name, join(folder, file ?? "")]));
  }

  it("takes authorities, a certificate and its key, encrypted or not", async () => {
    expect(await readTls(at({}), PLACE)).to.deep.equal({});
    expect(await readTls(at({ ca: "ca.pem" }), PLACE)).to.deep.equal({ ca: authority.cert + own.cert });
    const plain = await readTls(at({ cert: "own.pem", key: "own.key" }), PLACE);
    expect(plain).to.deep.equal({ cert: own.cert, key: own.key });
    const files = at({ cert: "locked.pem", key: "locked.key", keyPasswordFile: "password" });
    expect(await readTls(files, PLACE)).to.deep.equal({ cert: locked.cert, key: locked.key, passphrase: PASSPHRASE });
  });

  it("names a file that won't do, where it was named, and what to do; nothing of a key or password", async () => {
    const lockedPair = { cert: "locked.pem", key: "locked.key" };
    const bad: [TlsFiles, string, string][] = [
      [{ ca: "none.pem" }, "none.pem", "can't be read"],
      [{ ca: "text" }, "text", "no certificate"],
      [{ ca: "broken" }, "broken", "no certificate"],
      [{ ca: "own.key" }, "own.key", "no certificate"],
      [{ cert: "ended.pem", key: "own.key" }, "ended.pem", "is valid from"],
      [{ cert: "own.pem", key: "text" }, "text", "no private key"],
      [{ cert: "own.pem", key: "own.pem" }, "own.pem", "no private key"],
      [{ cert: "own.pem", key: "locked.key" }, "locked.key", "no password is given"],
      [{ ...lockedPair, keyPasswordFile: "other" }, "locked.key", "its password is another"],
      [{ ...lockedPair, keyPasswordFile: "none" }, "none", "can't be read"],
      [{ cert: "locked.pem", key: "own.key" }, "own.key", "not the key of the certificate"],
    ];
    for (const [files, file, problem] of bad) {
      const { message, ...error } = await rejectionOf(readTls(at(files), PLACE));
      expect(message, problem).to.include(join(folder, file)).and.to.include(problem).and.to.include(PLACE);
      expect(error).to.include({ exitCode: 2 });
      expect(message).to.not.include("not it").and.to.not.include("MIG");
    }
  });

  it("is configured with paths from the configuration's folder, for mqtts alone", async () => {
    const file = join(folder, "oracle.json");
    const write = (source: object): Promise<void> => {
      const sources = [{ type: "mqtt", url: "mqtts://a", ...source }];
      return writeFile(file, JSON.stringify({ network: "local", outbox: { file: "o.sqlite" }, sources }));
    };
    await write({ version: 5, tls: { ca: "ca.pem", cert: "own.pem", key: "/own.key", keyPasswordFile: "p" } });
    expect(readSettings(file).sources[0]).to.deep.include({
      version: 5,
      tls: {
        ca: join(folder, "ca.pem"),
        cert: join(folder, "own.pem"),
        key: "/own.key",
        keyPasswordFile: join(folder, "p"),
      },
    });
    const bad: [object, string][] = [
      [{ tls: { cert: "own.pem" } }, "sources.0.tls: cert and key go together"],
      [{ tls: { key: "own.key" } }, "sources.0.tls: cert and key go together"],
      [{ tls: { keyPasswordFile: "p" } }, "sources.0.tls.keyPasswordFile: there is no key"],
      [{ tls: { password: "secret" } }, "sources.0.tls"],
      [{ version: 3 }, "sources.0.version"],
    ];
    for (const [source, place] of bad) {
      await write(source);
      expect(() => readSettings(file), place)
        .to.throw(place)
        .and.to.have.property("exitCode", 2);
    }
    await write({ url: "mqtt://a", tls: { ca: "ca.pem" } });
    const [source] = readSettings(file).sources;
    if (source === undefined) throw new Error("there is no source");
    const { message } = await rejectionOf(openSource(source, SOURCE_PARTS));
    expect(message).to.include("sources.0.url").and.to.include("mqtt:// is not encrypted");
  });
});

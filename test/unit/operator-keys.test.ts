import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { encryptKeystoreJson } from "ethers";

import { InputError } from "../../scripts/inputs/error.js";
import { KEY_VARIABLE, loadKey, PASSWORD_VARIABLE } from "../../scripts/inputs/keys.js";
import { DeviceKeys, PHRASE_VARIABLE } from "../../scripts/oracle/metering/keys.js";
import { OPERATOR, rejectionOf } from "../utils/oracle.js";

describe("The operator's key", () => {
  const PASSWORD = "correct horse";
  let folder: string;
  let keystore: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-keys-"));
    keystore = join(folder, "key.json");
    // few rounds: a test needs no strength
    await writeFile(keystore, await encryptKeystoreJson(OPERATOR, PASSWORD, { scrypt: { N: 1024, r: 1, p: 1 } }));
  });
  after(() => rm(folder, { recursive: true }));

  async function file(name: string, text: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  }

  it("comes from a keystore with its password in a file, or in the environment", async () => {
    const passwordFile = await file("password", `${PASSWORD}\n`);
    expect((await loadKey({ keystore, passwordFile }, {})).address).to.equal(OPERATOR.address);
    expect((await loadKey({ keystore }, { [PASSWORD_VARIABLE]: PASSWORD })).address).to.equal(OPERATOR.address);
  });

  it("comes from the environment where no keystore is named", async () => {
    expect((await loadKey({}, { [KEY_VARIABLE]: OPERATOR.privateKey })).address).to.equal(OPERATOR.address);
  });

  it("is refused with what to do when something is missing or wrong, and no secret in the message", async () => {
    const secret = OPERATOR.privateKey.slice(2, 40);
    const cases: [Parameters<typeof loadKey>, RegExp][] = [
      [[{}, {}], /--keystore: there is no key/],
      [[{}, { [KEY_VARIABLE]: `0x${secret}` }], /COMMONWATT_PRIVATE_KEY: its value is not a private key/],
      [[{ keystore }, {}], /--password-file: the keystore's password is not given/],
      [[{ keystore: join(folder, "none.json") }, {}], /none\.json: the file can't be read/],
      [[{ keystore }, { [PASSWORD_VARIABLE]: secret }], /key\.json: the password is not this keystore's/],
      [
        [{ keystore: join(folder, "none.json") }, { [PASSWORD_VARIABLE]: secret }],
        /none\.json: the file can't be read/,
      ],
      [
        [{ keystore: await file("plain.json", `{"key":"${secret}"}`) }, { [PASSWORD_VARIABLE]: secret }],
        /plain\.json: this is not an encrypted/,
      ],
      [[{ keystore, passwordFile: join(folder, "none") }, {}], /none: the file can't be read/],
    ];
    for (const [parameters, message] of cases) {
      const error = await rejectionOf(loadKey(...parameters));
      expect(error).to.be.instanceOf(InputError);
      expect(error.message).to.match(message);
      expect(JSON.stringify([error.message, error.stack, String(error.cause)])).to.not.include(secret);
    }
  });
});

describe("The gateway's keys", () => {
  const PHRASE = "test test test test test test test test test test test junk";
  const OTHER = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
  const point = { name: "home", number: 1 };

  it("are loaded again, and used only when that is said; a phrase that is none leaves those before", async () => {
    const environment = { [PHRASE_VARIABLE]: PHRASE };
    const keys = await DeviceKeys.open([point], undefined, environment);
    const first = keys.keyOf(point).address;
    environment[PHRASE_VARIABLE] = OTHER;
    const use = await keys.reload();
    expect(keys.keyOf(point).address).to.equal(first);
    use();
    const second = keys.keyOf(point).address;
    expect(second).to.not.equal(first);
    environment[PHRASE_VARIABLE] = "no phrase";
    expect((await rejectionOf(keys.reload())).message).to.include(PHRASE_VARIABLE);
    expect(keys.keyOf(point).address).to.equal(second);
  });
});

import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { Journals, type Begun } from "../../scripts/network/deploy/journals.js";

const ID = "besu-01234567";
const NOTHING: readonly Begun[] = [
  { chain: "transaction", sent: 0, isBegun: false },
  { chain: "user", sent: 0, isBegun: false },
];

describe("the journals of a real network's deployment", () => {
  let folder: string;
  let journals: Journals;
  const of = (name: string): string => join(folder, name);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-journals-"));
    for (const end of ["transaction", "transaction-anchors", "user"]) await mkdir(of(`${ID}-${end}`));
    await mkdir(of("besu-89abcdef-user"));
    await writeFile(of("anchors.json"), "{}");
    journals = new Journals(folder, ID, of("anchors.json"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("of an earlier network with the same genesis blocks are removed, and no others", async () => {
    expect(await journals.forgetEarlier(NOTHING)).to.equal(true);
    for (const end of ["transaction", "transaction-anchors", "user"])
      expect(existsSync(of(`${ID}-${end}`))).to.equal(false);
    expect(existsSync(of("anchors.json"))).to.equal(false);
    expect(existsSync(of("besu-89abcdef-user"))).to.equal(true);
    expect(await journals.forgetEarlier(NOTHING)).to.equal(false);
  });

  it("of this one stay as soon as anything was sent on either chain, also if nothing of it is mined", async () => {
    const [first, second] = NOTHING as [Begun, Begun];
    expect(await journals.forgetEarlier([first, { ...second, sent: 1 }])).to.equal(false);
    expect(existsSync(of(`${ID}-transaction`))).to.equal(true);
    expect(existsSync(of("anchors.json"))).to.equal(true);
  });

  it("have to be here where a chain's deployment was begun", async () => {
    const begun: Begun = { chain: "user", sent: 3, isBegun: true };
    journals.requireOwn(begun);
    await rm(of(`${ID}-user`), { recursive: true });
    expect(() => journals.requireOwn(begun)).to.throw(/begun already, and its journal .*-user is not here/);
    journals.requireOwn({ ...begun, isBegun: false });
  });
});

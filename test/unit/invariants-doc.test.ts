import { access, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";

import { AUDIT_CHECKS } from "../../sdk/audit/index.js";

describe("docs/invariants.md", () => {
  it("names only tests that exist", async () => {
    const doc = await readFile("docs/invariants.md", "utf8");
    const named = [...doc.matchAll(/`((?:test|testFuzz|invariant)_\w+)`/g)].map(([, name = ""]) => name);
    const tests = await solidityTests();
    expect(named).to.have.length.above(20);
    expect(named.filter((name) => !tests.has(name))).to.deep.equal([]);
  });

  it("names only test files that exist", async () => {
    const doc = await readFile("docs/invariants.md", "utf8");
    const named = [...doc.matchAll(/test\/[\w/-]+\.test\.ts/g)].map(([file]) => file);
    expect(named).to.include("test/integration/market-invariants.test.ts");
    for (const file of named) await access(file);
  });

  it("names only checks that the audit makes", async () => {
    const doc = await readFile("docs/invariants.md", "utf8");
    const named = [...doc.matchAll(/audit ((?:[AC]\d+(?:, )?)+)/g)].flatMap(
      ([, list = ""]) => list.match(/[AC]\d+/g) ?? [],
    );
    expect(named).to.have.length.above(5);
    expect(named.filter((check) => !(check in AUDIT_CHECKS))).to.deep.equal([]);
  });
});

async function solidityTests(): Promise<Set<string>> {
  const names = new Set<string>();
  for (const folder of ["test/unit", "test/invariant"]) {
    for (const file of (await readdir(folder)).filter((name) => name.endsWith(".t.sol"))) {
      const source = await readFile(join(folder, file), "utf8");
      for (const [, name = ""] of source.matchAll(/function ((?:test|testFuzz|invariant)_\w+)/g)) names.add(name);
    }
  }
  return names;
}

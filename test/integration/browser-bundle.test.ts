import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { expect } from "chai";
import { build, type BuildResult } from "esbuild";

import type * as Sdk from "../../sdk/index.js";

/** Bundles for a browser; a Node built-in fails the build by name. */
function bundle(entry: string): Promise<BuildResult<{ write: false; metafile: true }>> {
  return build({
    entryPoints: [resolve(entry)],
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    logLevel: "silent",
  });
}

describe("SDK in a browser", () => {
  for (const entry of ["sdk/index.ts", "sdk/vault/index.ts", "sdk/deployments/index.ts", "light/index.ts"]) {
    it(`${entry} bundles without Node's built-ins`, async () => {
      const { metafile, outputFiles } = await bundle(entry);
      const imports = Object.values(metafile.inputs).flatMap((input) => input.imports.map(({ path }) => path));
      const builtIns = imports.filter((path) => path.startsWith("node:") || builtinModules.includes(path));
      expect(builtIns).to.deep.equal([]);
      expect(outputFiles).to.have.length(1);
    });
  }

  it("loads with nothing of Node at hand, and works", async () => {
    const { outputFiles } = await bundle("sdk/index.ts");
    const folder = await mkdtemp(join(tmpdir(), "commonwatt-bundle-"));
    try {
      const file = join(folder, "sdk.mjs");
      await writeFile(file, `const process = undefined, Buffer = undefined;\n${outputFiles[0]?.text ?? ""}`);
      const sdk = (await import(file)) as typeof Sdk;
      expect(sdk.formatCredits(sdk.parseCredits("12.5"))).to.equal("12.5");
      expect(sdk.rolesMask([sdk.MemberRole.Supplier])).to.equal(2n);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("would notice a Node built-in", async () => {
    let message = "";
    try {
      await bundle("sdk/node/index.ts");
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).to.contain("node:fs/promises");
  });
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { expect } from "chai";
import { build, type BuildResult } from "esbuild";

import type * as Sdk from "../../sdk/index.js";
import type * as Vault from "../../sdk/vault/index.js";

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

/**
 * These files of @hpke/common import "crypto" at run time where `globalThis.crypto` is missing: in Node 18, never in a browser. The test that
 * loads the vault lets that import fail.
 */
const OLD_NODE = "node_modules/@hpke/common/esm/src/";

describe("SDK in a browser", () => {
  for (const entry of ["sdk/index.ts", "sdk/vault/index.ts", "sdk/deployments/index.ts", "light/index.ts"]) {
    it(`${entry} bundles without Node's built-ins`, async () => {
      const { metafile, outputFiles } = await bundle(entry);
      const imports = Object.entries(metafile.inputs).flatMap(([file, input]) =>
        input.imports
          .filter(({ path, kind }) => !(path === "crypto" && kind === "dynamic-import" && file.startsWith(OLD_NODE)))
          .map(({ path }) => path),
      );
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

  it("seals and opens a record with nothing of Node at hand", async () => {
    const { outputFiles } = await bundle("sdk/vault/index.ts");
    const folder = await mkdtemp(join(tmpdir(), "commonwatt-bundle-"));
    try {
      const file = join(folder, "vault.mjs");
      const text = (outputFiles[0]?.text ?? "").replaceAll('import("crypto")', 'Promise.reject(new Error("no Node"))');
      await writeFile(file, `const process = undefined, Buffer = undefined;\n${text}`);
      const vault = (await import(file)) as typeof Vault;
      const key = await vault.VaultWallet.create().encryptionKey(1n);
      const shares = vault.drawShares();
      const binding = new Uint8Array(3);
      const wrapped = await (await vault.Recipient.of(key.publicKey)).wrap(shares.chainShare, binding);
      const chainShare = await key.unwrap(wrapped, binding);
      const content = vault.contentOf([{ label: "July", data: new Uint8Array(5) }]);
      const address = "0x00000000000000000000000000000000000000A1";
      const place = { chainId: 1n, contract: address, owner: address, record: content.salt, version: 1n };
      const sealed = vault.sealContent(content, vault.contentKey(shares), place);
      const commitment = vault.commitmentOf(content);
      const opened = vault.contentKey({ ...shares, chainShare: chainShare ?? new Uint8Array(32) });
      expect(vault.openContent(sealed, opened, { place, commitment })).to.deep.equal(content);
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

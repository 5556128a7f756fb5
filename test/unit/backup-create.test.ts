import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { archiveName } from "../../scripts/light-node/backup/folder.js";
import { createBackup, spans, type CreatedBackup } from "../../scripts/light-node/backup/create.js";
import { exportBlocks, importIntoBesu } from "../../scripts/light-node/backup/restore.js";
import { verifyBackup } from "../../scripts/light-node/backup/verify.js";
import { InputError } from "../../scripts/inputs/error.js";
import type { RpcObject } from "../../light/rpc-fields.js";
import { readRlpItem } from "../../light/rlp.js";
import { RawBlock } from "../../light/raw-block.js";
import {
  FIRST_RECORDED,
  hashOfRecorded,
  LAST_RECORDED,
  RECORDED_CHAIN,
  recordedNode,
  storedBlock,
  type NodeOptions,
  type RecordedNode,
} from "../utils/recorded-node.js";

const SPAN = 16;

describe("Backing up a node's blocks", function () {
  this.timeout(60_000);
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-backup-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  function create({ source }: RecordedNode, to: number | undefined = LAST_RECORDED): Promise<CreatedBackup> {
    return createBackup({ source, folder, from: FIRST_RECORDED, to, span: SPAN, parallel: 4 });
  }

  async function refused(options: NodeOptions): Promise<string> {
    try {
      await create(recordedNode(options));
    } catch (error) {
      if (error instanceof InputError) return error.message;
      throw error;
    }
    throw new Error("it was not refused");
  }

  function name(from: number, to: number): string {
    return archiveName({ chainId: RECORDED_CHAIN, from, to });
  }

  const NAMES = [name(60, 63), name(64, 79), name(80, 95), name(96, 111)];

  it("cuts files at multiples of the span", () => {
    const cut = [...spans(60, 111, SPAN)].map(({ first, last }) => name(first, last));
    expect(cut).to.deep.equal(NAMES);
    expect([...spans(0, 0, SPAN)]).to.deep.equal([{ first: 0, last: 0 }]);
    expect([...spans(15, 16, SPAN)]).to.deep.equal([{ first: 15, last: 15 }, { first: 16, last: 16 }]); // prettier-ignore
  });

  const KINDS: readonly (readonly [string, NodeOptions])[] = [
    ["Besu with DEBUG", {}],
    ["a node without DEBUG", { isBare: true }],
    ["a node with eth_getTransactionReceipt alone", { isBarest: true }],
  ];
  it("comes to the same bytes whatever methods the node has", async () => {
    const contents: string[] = [];
    for (const [, options] of KINDS) {
      const { written } = await create(recordedNode(options));
      expect(written.map((file) => file.name)).to.deep.equal(NAMES);
      expect((await readdir(folder)).sort()).to.deep.equal(NAMES);
      const files = await Promise.all(NAMES.map((file) => readFile(join(folder, file), "hex")));
      contents.push(files.join());
      await Promise.all(NAMES.map((file) => rm(join(folder, file))));
    }
    expect(new Set(contents).size).to.equal(1);
  });

  it("verifies afterwards", async () => {
    const { chainId, genesisHash } = await create(recordedNode());
    const verified = await verifyBackup({ folder, hashOf: hashOfRecorded });
    expect(verified).to.include({ chainId, genesisHash, from: FIRST_RECORDED, to: LAST_RECORDED });
  });

  it("goes on where it was broken off, and leaves no half of a file", async () => {
    let end = 90;
    const node = recordedNode({ failsFrom: () => end });
    let problem = "";
    await create(node).catch((error: unknown) => (problem = (error as Error).message));
    expect(problem).to.contain("fails: ");
    expect((await readdir(folder)).sort()).to.deep.equal(NAMES.slice(0, 2));
    await writeFile(join(folder, `${NAMES[2] ?? ""}.some-id.tmp`), "half of a file, of a process that was killed");
    end = Infinity;
    const again = recordedNode();
    const { written, kept } = await create(again);
    expect(kept).to.deep.equal(NAMES.slice(0, 2));
    expect(written.map((file) => file.name)).to.deep.equal(NAMES.slice(2));
    expect(Math.min(...again.asked.map(({ block }) => block).filter((block) => block > 0))).to.equal(80);
    expect((await readdir(folder)).sort()).to.deep.equal(NAMES);
  });

  it("replaces the last file when the chain has grown", async () => {
    await create(recordedNode(), 70);
    expect((await readdir(folder)).sort()).to.deep.equal([name(60, 63), name(64, 70)]);
    const { written } = await create(recordedNode(), 79);
    expect(written.map((file) => file.name)).to.deep.equal([name(64, 79)]);
    expect((await readdir(folder)).sort()).to.deep.equal([name(60, 63), name(64, 79)]);
  });

  it("refuses a node that lies about a block, and keeps the files before it", async () => {
    const bent = (change: (block: RpcObject) => RpcObject): NodeOptions => ({
      isBare: true,
      lie: (method, block, answer) =>
        method === "eth_getBlockByNumber" && block === 76 ? change(answer as RpcObject) : answer,
    });
    expect(await refused(bent((block) => ({ ...block, gasUsed: "0x7" })))).to.match(
      /http:\/\/node: block 76: the header hashes to/,
    );
    const without = (block: RpcObject): RpcObject => ({ ...block, transactions: [] });
    expect(await refused(bent(without))).to.contain("The list of transactions of block 76");
    const swapped: NodeOptions = {
      lie: (method, block, answer) =>
        method === "debug_getRawReceipts" && block === 76 ? (answer as unknown[]).toReversed() : answer,
    };
    expect(await refused(swapped)).to.contain("The list of receipts of block 76");
    const earlier: NodeOptions = {
      lie: (method, block, answer) =>
        method === "debug_getRawBlock" && block === 76 ? storedBlock(75).rawBlock : answer,
    };
    expect(await refused(earlier)).to.contain("block 75 was given");
    const fork: NodeOptions = {
      lie: (method, block, answer) => {
        if (method !== "debug_getRawBlock" || block !== 76) return answer;
        // a header of its own, whole in itself
        return hex(RawBlock.fromRpc({ ...storedBlock(76).block, gasLimit: "0x1" }).raw);
      },
    };
    expect(await refused(fork)).to.match(/block 77 follows 0x[0-9a-f]{64}, and block 76 before it is/);
    expect((await readdir(folder)).sort()).to.deep.equal(NAMES.slice(0, 1));
  });

  it("refuses another chain than that of the folder, and blocks that are not there", async () => {
    await create(recordedNode(), 70);
    const other: NodeOptions = {
      lie: (method, block, answer) =>
        method === "debug_getRawBlock" && block >= 71
          ? hex(RawBlock.fromRpc({ ...storedBlock(block).block, parentHash: hashOfRecorded(60) }).raw)
          : answer,
    };
    await rm(join(folder, name(64, 70)));
    await create(recordedNode(), 79);
    const { source } = recordedNode({ ...other });
    const from = (first: number): Promise<unknown> =>
      createBackup({ source, folder, from: first, to: 95, span: SPAN }).then(
        () => expect.fail("not refused"),
        (error: unknown) => (error as Error).message,
      );
    expect(await from(80)).to.contain("The chain is another than that of the files");
    const late = createBackup({ source: recordedNode().source, folder, from: 60, to: 112 });
    expect(await late.catch((error: unknown) => (error as Error).message)).to.contain("the node's last block is 111");
    const chain = { chainId: 7, genesisHash: hashOfRecorded(0), head: 111 };
    const foreign = {
      ...recordedNode().source,
      chain: () => Promise.resolve(chain),
    } as unknown as RecordedNode["source"];
    const refusal = createBackup({ source: foreign, folder, from: 60, to: 70 });
    expect(await refusal.catch((error: unknown) => (error as Error).message)).to.match(
      /is of chain 20260, and the node follows chain 7/,
    );
  });

  it("is restored as Besu exports it: blocks one behind the other, and no file for a damaged backup", async () => {
    await create(recordedNode());
    const out = join(folder, "blocks.rlp");
    await exportBlocks(folder, hashOfRecorded, out);
    const bytes = await readFile(out);
    let [at, number] = [0, FIRST_RECORDED];
    for (; at < bytes.length; number++) {
      const end = readRlpItem(bytes, at, bytes.length)?.end ?? expect.fail("no RLP");
      expect(hex(bytes.subarray(at, end))).to.equal(storedBlock(number).rawBlock);
      at = end;
    }
    expect(number).to.equal(LAST_RECORDED + 1);
    await rm(out);
    const path = join(folder, NAMES[3] ?? "");
    const file = await readFile(path);
    file[file.length - 3000] = (file[file.length - 3000] ?? 0) ^ 1;
    await writeFile(path, file);
    const failure = await exportBlocks(folder, hashOfRecorded, out).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(InputError);
    expect((await readdir(folder)).sort()).to.deep.equal(NAMES);
  });

  describe("and importing it into Besu", () => {
    const SAID: string[] = [];

    /** A launcher that notes its arguments, makes a node key as Besu does, says this and ends with that code. */
    async function importBy(words: string, code: number, hasKey = false): Promise<unknown> {
      const [besu, dataPath] = [join(folder, "besu"), join(folder, "data")];
      await mkdir(dataPath);
      if (hasKey) await writeFile(join(dataPath, "key"), "the node's own");
      const key = hasKey ? "" : `echo made > '${join(dataPath, "key")}'; `;
      const script = `#!/bin/sh\necho "$@" > '${join(folder, "arguments")}'; ${key}echo '${words}'; exit ${code}\n`;
      await writeFile(besu, script, { mode: 0o755 });
      SAID.length = 0;
      const files = { genesis: "genesis.json", dataPath, blocks: "blocks.rlp" };
      const options = { besu, ...files, format: "FOREST", onLine: (line: string) => SAID.push(line) } as const;
      return importIntoBesu(options, { number: 111 }).catch((error: unknown) => error);
    }

    it("names the files, and leaves no key that Besu made", async () => {
      const line = "INFO | RlpBlockImporter | Import at block 111 / 0 gas";
      expect(await importBy(line, 0)).to.equal(undefined);
      expect(SAID).to.deep.equal([line]);
      const args = (await readFile(join(folder, "arguments"), "utf8")).trim().split(" ");
      expect(args).to.include.members(["--genesis-file=genesis.json", "--data-storage-format=FOREST", "import"]);
      expect(args.at(-1)).to.equal("--from=blocks.rlp");
      expect(await readdir(join(folder, "data"))).to.deep.equal([]);
    });

    it("leaves a key that was there", async () => {
      await importBy("Import at block 111", 0, true);
      expect(await readFile(join(folder, "data", "key"), "utf8")).to.equal("the node's own");
    });

    const FAILURES: readonly (readonly [string, number, RegExp])[] = [
      ["Import at block 110", 0, /imported blocks up to 110, not 111 \(exit code 0\): Import at block 110/],
      ["Import at block 111", 1, /imported blocks up to 111, not 111 \(exit code 1\)/],
      ["Exception: Database format mismatch", 1, /imported no block \(exit code 1\): Exception: Database format/],
    ];
    for (const [words, code, problem] of FAILURES) {
      it(`tells that Besu ends with ${code} after "${words}"`, async () => {
        const failure = await importBy(words, code);
        expect(failure).to.be.instanceOf(InputError);
        expect((failure as InputError).message).to.match(problem);
      });
    }

    it("tells that there is no Besu", async () => {
      const options = { genesis: "", dataPath: folder, blocks: "", format: "BONSAI", onLine: () => undefined } as const;
      const failure = importIntoBesu({ besu: join(folder, "no-besu"), ...options }, { number: 1 });
      expect(await failure.catch((error: unknown) => (error as Error).message)).to.contain("it can't be run");
    });
  });
});

function hex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString("hex")}`;
}

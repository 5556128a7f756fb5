import { readFileSync } from "node:fs";
import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { getBytes, hexlify } from "ethers";

import { blockAccumulator } from "../../light/block-accumulator.js";
import { RawBlock } from "../../light/raw-block.js";
import { SealedHeader } from "../../light/sealed-header.js";
import { receiptBytes } from "../../light/receipts.js";
import { decodeReceipt } from "../../light/decoded-receipt.js";
import { Random } from "../../scripts/inputs/random.js";
import { archiveName, archivesIn, type NamedArchive } from "../../scripts/light-node/backup/folder.js";
import { entry, EntryType, HEAD_BYTES, readHead } from "../../scripts/light-node/backup/format.js";
import { readArchivedBlock } from "../../scripts/light-node/backup/read-archive.js";
import { openTrust } from "../../scripts/light-node/backup/trust.js";
import { verifyBackup, type VerifiedBackup } from "../../scripts/light-node/backup/verify.js";
import { writeArchive, type WholeBlock, type WrittenArchive } from "../../scripts/light-node/backup/write-archive.js";
import { LightStore } from "../../scripts/light-node/store.js";
import { InputError } from "../../scripts/inputs/error.js";
import { isCommonwattError } from "../../sdk/errors.js";
import {
  FIRST_RECORDED,
  hashOfRecorded,
  LAST_RECORDED,
  RECORDED_CHAIN,
  storedBlock,
  wholeBlock,
  type StoredBlock,
} from "../utils/recorded-node.js";

const GENESIS = hashOfRecorded(0);

describe("Archive files of a real Besu chain", function () {
  this.timeout(60_000);
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-backup-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function* blocksOf(from: number, to: number): AsyncGenerator<WholeBlock> {
    for (let number = from; number <= to; number++) yield await Promise.resolve(wholeBlock(number));
  }

  function write(from: number, to: number, blocks = blocksOf(from, to)): Promise<WrittenArchive> {
    return writeArchive(folder, { chainId: RECORDED_CHAIN, genesisHash: GENESIS, from, to }, blocks);
  }

  function pathOf(from: number, to: number): string {
    return join(folder, archiveName({ chainId: RECORDED_CHAIN, from, to }));
  }

  function verify(known: number, hash = hashOfRecorded(known)): Promise<VerifiedBackup> {
    return verifyBackup({ folder, hashOf: (number) => (number === known ? hash : undefined) });
  }

  async function failure(promise: Promise<unknown>): Promise<string> {
    try {
      await promise;
    } catch (error) {
      if (error instanceof InputError) return error.message;
      throw error;
    }
    throw new Error("it did not fail");
  }

  /** Where the file's entries begin, in their order, and its end. */
  function entriesOf(bytes: Buffer): number[] {
    const offsets = [0];
    for (let at = HEAD_BYTES; at < bytes.length;) {
      offsets.push(at);
      at += HEAD_BYTES + (readHead(bytes.subarray(at, at + HEAD_BYTES))?.length ?? expect.fail("no head"));
    }
    return [...offsets, bytes.length];
  }

  it("give back each block and receipt to the byte, and verify against the last block's hash", async () => {
    const written = await write(FIRST_RECORDED, LAST_RECORDED);
    const given: string[] = [];
    const verified = await verifyBackup({
      folder,
      hashOf: (number) => hashOfRecorded(number),
      onBlock: ({ block, receipts }) => {
        given.push(hexlify(block.raw));
        const { rawBlock, rawReceipts } = storedBlock(block.number);
        expect(hexlify(block.raw)).to.equal(rawBlock);
        expect(receipts.map((receipt) => hexlify(receipt))).to.deep.equal(rawReceipts);
        return Promise.resolve();
      },
    });
    expect(given.length).to.equal(LAST_RECORDED - FIRST_RECORDED + 1);
    const hashes = given.map((_, place) => hashOfRecorded(FIRST_RECORDED + place));
    expect(verified.hashes).to.deep.equal(hashes);
    expect(verified.transactions).to.be.greaterThan(10);
    expect(verified.files).to.have.length(1);
    expect(verified.files[0]?.root).to.equal(written.root).and.to.equal(blockAccumulator(hashes));
    expect((await readFile(pathOf(FIRST_RECORDED, LAST_RECORDED))).length).to.equal(verified.bytes);
  });

  it("give one block by the index", async () => {
    await write(FIRST_RECORDED, LAST_RECORDED);
    const [archive] = (await archivesIn(folder)) as [NamedArchive];
    for (const number of [FIRST_RECORDED, 76, LAST_RECORDED]) {
      const { block, receipts } = await readArchivedBlock(archive, number);
      expect(block.hash).to.equal(hashOfRecorded(number));
      expect(receipts.length).to.equal(block.transactions.length);
    }
  });

  it("verify across files, and tell missing blocks from damage", async () => {
    await write(60, 79);
    await write(80, 99);
    await write(100, 111);
    const verified = await verify(111);
    expect(verified.files.map(({ from, to }) => [from, to])).to.deep.equal([[60, 79], [80, 99], [100, 111]]); // prettier-ignore
    await rm(pathOf(80, 99));
    expect(await failure(verify(111))).to.match(/blocks 80 to 99 are missing/);
  });

  it("pass over a shorter file of the same blocks, which an ended run can leave", async () => {
    await write(60, 70);
    await write(60, 79);
    await write(80, 81);
    const { files } = await verify(81);
    expect(files.map(({ from, to }) => [from, to])).to.deep.equal([[60, 79], [80, 81]]); // prettier-ignore
  });

  it("any single flipped byte is found, with its file and the entry that it is in", async () => {
    await write(75, 77);
    const path = pathOf(75, 77);
    const whole = await readFile(path);
    const entries = entriesOf(whole);
    expect(entries).to.have.length(1 + 1 + 1 + 3 + 1 + 1 + 1);
    const random = new Random(9);
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ random.between(1, 255);
      await writeFile(path, damaged);
      const start = entries.findLast((offset) => offset <= at) ?? 0;
      expect(await failure(verify(77)), `byte ${at}`).to.match(new RegExp(`\\.cwa: damaged at byte ${start}:`));
    }
    await writeFile(path, whole);
    expect((await verify(77)).to).to.equal(77);
  });

  it("a file cut short, or with bytes behind its end, is found", async () => {
    await write(75, 77);
    const path = pathOf(75, 77);
    const whole = await readFile(path);
    const entries = entriesOf(whole);
    for (const length of [0, 4, 8, 50, 500, entries.at(-3) ?? 0, entries.at(-2) ?? 0, whole.length - 1]) {
      await writeFile(path, whole);
      await truncate(path, length);
      expect(await failure(verify(77)), `${length} bytes`).to.match(/damaged at byte \d+: /);
    }
    await writeFile(path, whole);
    await appendFile(path, "x");
    expect(await failure(verify(77))).to.contain(`damaged at byte ${whole.length}: 1 bytes stand behind the end`);
  });

  describe("forged with right checksums", () => {
    /** Blocks 75 to 77, one of which is changed. */
    async function forged(change: (whole: WholeBlock) => WholeBlock): Promise<string> {
      const blocks = async function* (): AsyncGenerator<WholeBlock> {
        for await (const whole of blocksOf(75, 77)) yield whole.block.number === 76 ? change(whole) : whole;
      };
      await write(75, 77, blocks());
      return failure(verify(77));
    }

    it("a transaction left out", async () => {
      const { rawBlock } = storedBlock(76);
      const { transactions } = RawBlock.read(getBytes(rawBlock));
      expect(transactions.length).to.equal(6);
      const without = RawBlock.fromRpc({
        ...storedBlock(76).block,
        transactions: (storedBlock(76).block["transactions"] as unknown[]).slice(1),
      });
      expect(await forged(({ receipts }) => ({ block: without, receipts }))).to.match(
        /damaged at byte \d+: block 76: The list of transactions of block 76 is not what its header commits to/,
      );
    });

    it("receipts in another order", async () => {
      const problem = await forged(({ block, receipts }) => ({ block, receipts: [...receipts].reverse() }));
      expect(problem).to.contain("The list of receipts of block 76");
    });

    it("another header", async () => {
      const block = RawBlock.fromRpc({ ...storedBlock(76).block, gasUsed: "0x1" });
      expect(await forged(({ receipts }) => ({ block, receipts }))).to.match(/block 77 does not follow block 76/);
    });

    it("another block in a block's place", async () => {
      expect(await forged(() => wholeBlock(75))).to.match(/block 75 stands in block 76's place/);
    });

    it("withdrawals, which no federation chain has", async () => {
      const withdrawal = { index: "0x1", validatorIndex: "0x1", address: `0x${"11".repeat(20)}`, amount: "0x1" };
      const block = RawBlock.fromRpc({ ...storedBlock(76).block, withdrawals: [withdrawal] });
      expect(await forged(({ receipts }) => ({ block, receipts }))).to.contain("The list of withdrawals of block 76");
    });

    it("a whole chain of one's own: the known hash is another", async () => {
      const block = RawBlock.fromRpc({ ...storedBlock(77).block, gasUsed: "0x1" });
      const blocks = async function* (): AsyncGenerator<WholeBlock> {
        for await (const whole of blocksOf(75, 77)) yield whole.block.number === 77 ? { ...whole, block } : whole;
      };
      await write(75, 77, blocks());
      expect(await failure(verify(77))).to.contain(`block 77 is ${block.hash}, and the known one is`);
    });

    it("a file of its own before the others, whose last block the next file does not name", async () => {
      const block = RawBlock.fromRpc({ ...storedBlock(75).block, gasUsed: "0x1" });
      const { receipts } = wholeBlock(75);
      const own = async function* (): AsyncGenerator<WholeBlock> {
        yield await Promise.resolve({ block, receipts });
      };
      await write(75, 75, own());
      await write(76, 77);
      expect(await failure(verify(77))).to.contain("block 76 does not follow the last one of the file before");
    });

    it("another root or index than the blocks come to", async () => {
      await write(75, 77);
      const path = pathOf(75, 77);
      const whole = await readFile(path);
      const [root = 0, index = 0] = entriesOf(whole).slice(-3, -1);
      const accumulator = entry(EntryType.Accumulator, new Uint8Array(32).fill(7));
      await writeFile(path, Buffer.concat([whole.subarray(0, root), accumulator, whole.subarray(index)]));
      expect(await failure(verify(77))).to.contain(`damaged at byte ${root}: the blocks come to the root`);
      const wrong = entry(EntryType.Index, new Uint8Array(32));
      await writeFile(path, Buffer.concat([whole.subarray(0, index), wrong]));
      expect(await failure(verify(77))).to.contain(`damaged at byte ${index}: the index is another`);
    });
  });

  it("are refused when nothing vouches for their last blocks", async () => {
    await write(75, 80);
    expect(await failure(verify(78))).to.contain("nothing that is known vouches for blocks 79 to 80");
    expect(await failure(verify(111))).to.contain("nothing that is known vouches for blocks 75 to 80");
    expect((await verify(80)).to).to.equal(80);
  });

  it("verify against a light node's headers, but not against those that nobody proved", async () => {
    await write(75, 80);
    const database = join(folder, "light.sqlite");
    const keep = (number: number, isProven: boolean): void => {
      const store = LightStore.open(database);
      const header = SealedHeader.read(getBytes(storedBlock(number).rawHeader));
      store.trust({ header, sealers: [], next: { validators: [] }, isProven });
      store.close();
    };
    const verifyBy = async (): Promise<VerifiedBackup> => {
      const { hashOf, close } = openTrust({ db: database });
      try {
        return await verifyBackup({ folder, hashOf });
      } finally {
        close();
      }
    };
    expect(() => openTrust({ db: database })).to.throw(InputError, "there is no such database");
    keep(78, true);
    expect(await failure(verifyBy())).to.contain("nothing that is known vouches for blocks 79 to 80");
    keep(80, true);
    expect((await verifyBy()).to).to.equal(80);
    keep(81, false);
    expect(await failure(verifyBy())).to.contain("the light node's headers are not proved");
  });

  it("a block's seals are kept, though its hash does not cover them", async () => {
    await write(75, 77);
    const sealed = storedBlock(76).block["extraData"];
    await verifyBackup({
      folder,
      hashOf: (number) => hashOfRecorded(number),
      onBlock: ({ block }) => {
        if (block.number === 76) expect(hexlify(block.raw)).to.contain(String(sealed).slice(2));
        return Promise.resolve();
      },
    });
  });
});

describe("Raw blocks", () => {
  it("built from the common calls are those that Besu stores", () => {
    for (let number = FIRST_RECORDED; number <= LAST_RECORDED; number++) {
      const { block, rawBlock } = storedBlock(number);
      expect(hexlify(RawBlock.fromRpc(block).raw)).to.equal(rawBlock);
      expect(RawBlock.fromRpc(block).hash).to.equal(block.hash);
    }
    expect(RawBlock.read(getBytes(storedBlock(0).rawBlock)).hash).to.equal(GENESIS);
  });

  it("of typed transactions too, and Besu's raw receipts are as the trie has them", () => {
    const stored = JSON.parse(readFileSync("test/fixtures/besu-typed-block.json", "utf8")) as StoredBlock;
    const block = RawBlock.fromRpc(stored.block);
    expect(hexlify(block.raw)).to.equal(stored.rawBlock);
    const types = stored.rawReceipts.map((raw) => decodeReceipt(raw).type);
    expect(types).to.deep.equal([2, 1, 0, 0, 0, 2, 1]);
    expect(stored.receipts.map((receipt) => hexlify(receiptBytes(receipt)))).to.deep.equal(stored.rawReceipts);
    block.requireBody();
    block.requireReceipts(stored.rawReceipts.map((raw) => getBytes(raw)));
  });

  it("cut, lengthened or of other parts are refused", () => {
    const raw = getBytes(storedBlock(76).rawBlock);
    const wrong = [
      raw.subarray(0, -1),
      Uint8Array.from([...raw, 0]),
      Uint8Array.of(0xc0),
      Uint8Array.of(),
      raw.subarray(3),
    ];
    for (const bytes of wrong) {
      expect(() => RawBlock.read(bytes)).to.satisfy((read: () => void) => {
        try {
          read();
          return false;
        } catch (error) {
          return isCommonwattError(error, "RawBlockInvalid");
        }
      });
    }
  });
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { Wallet } from "ethers";

import { genesisHeader, type Recover } from "../../light/index.js";
import { AuditDatabase, type Cursor } from "../../scripts/audit/indexer/database.js";
import type { Ask } from "../../scripts/endpoint.js";
import { indexChain, type IndexOptions } from "../../scripts/audit/indexer/index-chain.js";
import { readSealedStart, SealFollower, sealsOf, type SealedStart } from "../../scripts/audit/indexer/seals.js";
import type { VerifiedBlock } from "../../scripts/audit/indexer/types.js";
import { LightChain, NodeKeys, rotatingSets } from "../../scripts/bench/light-chain.js";
import { SIMULATED_ELECTION } from "../../scripts/bench/light-state.js";
import "../../scripts/fast-keccak.js";
import { InputError } from "../../scripts/inputs/index.js";
import { fastestRecover } from "../../scripts/light-node/fastest-recover.js";
import { FOUNDERS } from "../../scripts/networks/operators.js";
import type { TransactionDeployment } from "../../sdk/deployments/index.js";
import type { ChainEvent } from "../../sdk/events.js";
import { endpointOf, honestAsk, type Lie } from "../utils/audit-endpoint.js";
import { AuditedRun } from "../utils/audited-run.js";
import { genesisOf } from "../utils/light-rpc.js";
import { accountants, readRecording } from "../utils/qbft.js";
import { RECORDED_ELECTION } from "../utils/recorded-peer.js";
import { sealedBlocks, type Sealing } from "../utils/sealed-blocks.js";

const lower = (set: readonly string[]): string[] => set.map((node) => node.toLowerCase());

/** What was thrown, which must be bad input. */
async function refusalOf(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error("it was taken");
}

describe("Seals that the auditor's indexer checks", function () {
  this.timeout(120_000);
  let recover: Recover;
  let folder: string;

  before(async () => {
    ({ recover } = await fastestRecover());
    folder = await mkdtemp(join(tmpdir(), "commonwatt-seals-"));
  });
  after(() => rm(folder, { recursive: true }));

  const written = async (content: unknown): Promise<string> => {
    const file = join(folder, "start.json");
    await writeFile(file, JSON.stringify(content));
    return file;
  };

  describe("of a recorded Besu chain", () => {
    const recording = readRecording();
    const { at } = recording;
    const [FIRST, LAST, CHANGES] = [60, 111, [78, 105]];
    /** The recorded contract is not Commonwatt's: none of its events is looked for. */
    const deployment = {
      ...{ chainId: 20_260, genesisHash: at(0).block.hash, deploymentBlock: 0 },
      contracts: { AccountantElection: { address: `0x${"9".repeat(40)}` } },
    } as unknown as TransactionDeployment;
    const start: SealedStart = { number: FIRST, hash: at(FIRST).block.hash, validators: lower(at(FIRST).set) };

    const ask: Ask = (method, [first]) => {
      if (method === "eth_blockNumber") return Promise.resolve(`0x${LAST.toString(16)}`);
      if (method === "eth_getLogs") return Promise.resolve([]);
      if (Number(first) === FIRST - 1) return Promise.resolve({ hash: at(FIRST).block.parentHash });
      return Promise.resolve(at(Number(first)).block);
    };
    /** From the first recorded block on, as if all before had been read. */
    const index = (
      toBlock: number,
      { lie, seals = start }: { lie?: Lie; seals?: SealedStart | null } = {},
    ): Promise<Cursor> => {
      const database = AuditDatabase.open(":memory:");
      if (seals !== null) database.noteSealedStart("transaction", seals);
      database.append("transaction", [], { block: FIRST - 1, hash: at(FIRST).block.parentHash });
      return indexChain(database, endpointOf(ask, lie), { chain: "transaction", deployment, toBlock });
    };
    const inBlock =
      (number: number, change: (seals: readonly string[]) => readonly string[]): Lie =>
      (method, answer, params) => {
        if (method !== "eth_getBlockByNumber" || Number(params[0]) !== number) return answer;
        const block = answer as { readonly extraData: string };
        const { seals } = at(number).header;
        const plain = (list: readonly string[]): string => list.map((seal) => `b841${seal.slice(2)}`).join("");
        const changed = change(seals);
        expect(block.extraData).to.include(plain(seals));
        expect(changed.length, "an RLP list of another length").to.equal(seals.length);
        return { ...block, extraData: block.extraData.replace(plain(seals), plain(changed)) };
      };
    const flipped = (seal: string): string => `${seal.slice(0, 20)}${seal[20] === "1" ? "2" : "1"}${seal.slice(21)}`;

    it("takes every header up to the block that changes the set, in all rounds", async () => {
      expect(await index(CHANGES[0] as number)).to.include({ block: CHANGES[0] });
    });

    it("refuses a mutated seal by its block, which nothing else notices", async () => {
      for (const [name, change] of Object.entries({
        "another signature": (seals: readonly string[]) => [flipped(seals[0] ?? ""), ...seals.slice(1)],
        "one seal twice": (seals: readonly string[]) => [seals[1] ?? "", ...seals.slice(1)],
      })) {
        const lie = inBlock(70, change);
        expect(await refusalOf(() => index(77, { lie })), name).to.match(
          /the tested endpoint: block 70: no quorum of the set in force sealed it/,
        );
        expect(await index(77, { lie, seals: null }), name).to.include({ block: 77 });
      }
    });

    it("refuses a set that did not seal, and a start that names another block", async () => {
      const { set } = accountants(4, "others");
      expect(await refusalOf(() => index(77, { seals: { ...start, validators: lower(set) } }))).to.match(
        /block 61: no quorum of the set in force/,
      );
      expect(await refusalOf(() => index(77, { seals: { ...start, hash: at(61).block.hash } }))).to.match(
        /block 60: its hash is 0x.*, and --seals names 0x/,
      );
    });

    it("stops behind a change that no event of the election tells", async () => {
      expect(await refusalOf(() => index(LAST))).to.match(/block \d+: no quorum of the set in force/);
    });

    it("follows both changes by the events that tell them, and no other set", async () => {
      const seals = recording.blocks
        .filter(({ number }) => number >= FIRST)
        .map(({ number, block }) =>
          sealsOf("recorded", { number, hash: block.hash, header: block }, number === FIRST ? undefined : recover),
        );
      const change = (number: number, validators: readonly string[]): VerifiedBlock => {
        const event = {
          contract: "AccountantElection",
          name: "ValidatorSetChanged",
          args: JSON.stringify({ validators }),
        };
        return { number, transactions: [{ events: [event] }] } as unknown as VerifiedBlock;
      };
      const changes = CHANGES.map((number) => change(number, at(number + 1).set));
      new SealFollower("recorded", start, start.validators).take(seals, changes);
      const wrong = [changes[0] as VerifiedBlock, change(105, at(105).set)];
      expect(await refusalOf(() => new SealFollower("recorded", start, start.validators).take(seals, wrong))).to.match(
        /block 1\d\d: no quorum of the set in force/,
      );
    });

    it("reads the set that a genesis file names, if its block is the deployment's", async () => {
      const keys = new NodeKeys(4, "seals of the audit");
      const written = rotatingSets(keys, { size: 4, changes: 0, everyBlocks: 20, seed: 3 });
      const chain = await LightChain.make({ chainId: 9, written, keys, head: 2, seed: 3, startsAt: 1_800_000_000 });
      const genesis = genesisOf(chain);
      const { hash } = genesisHeader(genesis);
      const simulated = {
        chainId: 9,
        genesisHash: hash,
        contracts: { AccountantElection: { address: SIMULATED_ELECTION } },
      };
      const file = join(folder, "genesis.json");
      await writeFile(file, JSON.stringify(genesis));
      const read = await readSealedStart(file, simulated as never, recover);
      expect(read).to.deep.equal({ number: 0, hash, validators: lower(chain.setFor(1)) });
      const others = { ...simulated, genesisHash: start.hash };
      expect(await refusalOf(() => readSealedStart(file, others as never, recover))).to.match(
        /its block has the hash 0x/,
      );
    });

    it("takes no genesis file of another layout, and a checkpoint of this chain alone", async () => {
      const genesis = "test/fixtures/besu-qbft/genesis.json";
      // the recorded contract keeps its set in another way than the election
      const other = { ...deployment, contracts: { AccountantElection: { address: RECORDED_ELECTION } } };
      const refused: unknown = await readSealedStart(genesis, other as never, recover).catch((error: unknown) => error);
      expect((refused as Error).message).to.match(/chain/i);
      const { number, hash, validators } = start;
      const checkpoint = { version: 1, chainId: 20_260, number, hash, validators: at(FIRST).set };
      expect(await readSealedStart(await written(checkpoint), deployment, recover)).to.deep.equal({
        number,
        hash,
        validators,
      });
      const foreign = await written({ ...checkpoint, chainId: 1 });
      expect(await refusalOf(() => readSealedStart(foreign, deployment, recover))).to.match(
        /it is of chain 1, not 20260/,
      );
      const nothing = await written({ version: 1 });
      expect(await refusalOf(() => readSealedStart(nothing, deployment, recover))).to.match(/it is no checkpoint/);
    });
  });

  describe("of Commonwatt's own chain", () => {
    let run: AuditedRun;
    let ask: Ask;
    let events: ChainEvent[];
    let toBlock: number;
    let start: SealedStart;
    let sealing: Sealing;

    before(async () => {
      run = await AuditedRun.open();
      ask = honestAsk(run.network);
      ({ events, toBlock } = await run.events());
      const { transaction: operators } = run.network.operators;
      const before = accountants(4, "before the election");
      const nodes = [
        ...FOUNDERS.map((number) => operators[`node${number}`]),
        ...before.set.map((node) => new Wallet(before.keyOf(node))),
      ];
      sealing = { nodes, founders: before.set, events, toBlock };
      const genesisHash = run.network.deployment.chains.transaction.genesisHash;
      start = { number: 0, hash: genesisHash, validators: lower(before.set) };
    });
    after(() => run.close());

    const options = (more: Partial<IndexOptions> = {}): IndexOptions => {
      return { chain: "transaction", deployment: run.network.deployment.chains.transaction, toBlock, ...more };
    };
    const open = (): AuditDatabase => {
      const database = AuditDatabase.open(":memory:");
      database.claim(run.network.deployment);
      return database;
    };

    it("follows the set through the election's events, also from where it stopped", async () => {
      const changedAt = events.find(({ name }) => name === "ValidatorSetChanged")?.block ?? 0;
      expect(changedAt)
        .to.be.greaterThan(0)
        .and.lessThan(toBlock - 2);
      const sealed = await sealedBlocks(ask, sealing);
      for (const halt of [changedAt - 1, changedAt, changedAt + 1]) {
        const database = open();
        await indexChain(database, endpointOf(sealed), options({ toBlock: halt, seals: start }));
        // the start is the database's: it is not given again
        const cursor = await indexChain(database, endpointOf(sealed), options());
        expect(cursor).to.include({ block: toBlock, events: events.length });
        database.close();
      }
    });

    it("refuses a block with a seal too few, before and behind a change, and keeps what was sealed", async () => {
      for (const number of [2, toBlock - 1]) {
        const sealed = await sealedBlocks(ask, { ...sealing, missing: (block) => (block === number ? 1 : 0) });
        const database = open();
        expect(await refusalOf(() => indexChain(database, endpointOf(sealed), options({ seals: start })))).to.match(
          new RegExp(`block ${number}: no quorum of the set in force sealed it`),
        );
        expect(database.cursorOf("transaction").block).to.be.lessThan(number);
        database.close();
      }
    });

    it("takes what is before a checkpoint for its hash", async () => {
      const sealed = await sealedBlocks(ask, sealing);
      const header = (await sealed("eth_getBlockByNumber", [`0x${(toBlock - 3).toString(16)}`, true])) as {
        hash: string;
      };
      const set = events.findLast(({ name }) => name === "ValidatorSetChanged")?.args["validators"] as string[];
      const checkpoint = { number: toBlock - 3, hash: header.hash, validators: lower(set) };
      const cursor = await indexChain(open(), endpointOf(sealed), options({ seals: checkpoint }));
      expect(cursor.block).to.equal(toBlock);
      const other = { ...checkpoint, hash: start.hash };
      expect(await refusalOf(() => indexChain(open(), endpointOf(sealed), options({ seals: other })))).to.include(
        `block ${toBlock - 3}: its hash is`,
      );
    });

    it("refuses a chain that nobody seals by the option's name", async () => {
      expect(await refusalOf(() => indexChain(open(), endpointOf(ask), options({ seals: start })))).to.match(
        /^--seals: block 1 of the tested endpoint has no QBFT seals .*simulated/,
      );
    });

    it("refuses a database that was begun without seals, or from another start", async () => {
      const database = open();
      await indexChain(database, endpointOf(ask), options({ toBlock: 5 }));
      expect(await refusalOf(() => indexChain(database, endpointOf(ask), options({ seals: start })))).to.match(
        /the transaction chain was read without seals up to block 5/,
      );
      const sealed = open();
      sealed.noteSealedStart("transaction", start);
      const other = { ...start, validators: start.validators.slice(1) };
      expect(await refusalOf(() => indexChain(sealed, endpointOf(ask), options({ seals: other })))).to.match(
        /seals of its transaction chain are checked from block 0/,
      );
    });
  });
});

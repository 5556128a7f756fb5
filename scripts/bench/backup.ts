/** Backups: blocks a second written and verified on one core, and what a block takes, when it is empty and when it is busy. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { concat, getBytes, hexlify, id, keccak256, SigningKey, toBeHex } from "ethers";

import { blockHash, encodeHeader, orderedTrieRoot, sealDigest, type QbftHeader } from "../../light/index.js";
import { rlpBytes, rlpListOf } from "../../light/rlp.js";
import { Endpoint, type Ask } from "../endpoint.js";
import { createBackup } from "../light-node/backup/create.js";
import { RpcSource } from "../light-node/backup/rpc-source.js";
import { verifyBackup } from "../light-node/backup/verify.js";
import { FIRST_HEADER, sealOf } from "./qbft-headers.js";
import { tableText, whole, type BenchOptions, type Figures } from "./report.js";

import "../fast-keccak.js";

/** Blocks and transactions a block. */
const CASES = [
  { name: "empty", blocks: 2_048, transactions: 0 },
  { name: "50 transfers each", blocks: 256, transactions: 50 },
] as const;
const SEALS = 3;
const CHAIN = 1;
const BLOCKS_A_YEAR = 15_768_000;
const ADDRESS_BYTES = 20;
/** transfer(address,uint256) and its event. */
const TRANSFER = "0xa9059cbb";
const TRANSFERRED = id("Transfer(address,address,uint256)");

export async function benchBackup({ seed, print }: BenchOptions): Promise<Figures> {
  const rows: string[][] = [];
  const figures: Record<string, number> = {};
  for (const { name, blocks, transactions } of CASES) {
    const chain = simulated(blocks, transactions, seed);
    const folder = await mkdtemp(join(tmpdir(), "commonwatt-bench-backup-"));
    try {
      const source = new RpcSource(new Endpoint("memory", chain.ask));
      const created = await timed(() => createBackup({ source, folder, from: 0 }));
      const hashOf = (number: number): string | undefined => (number === blocks - 1 ? chain.lastHash : undefined);
      const verified = await timed(() => verifyBackup({ folder, hashOf }));
      const size = verified.result.bytes / blocks;
      const [writes, checks] = [created, verified].map(({ milliseconds }) => (1_000 * blocks) / milliseconds);
      const year = (size * BLOCKS_A_YEAR) / 2 ** 30;
      rows.push([
        name,
        whole(writes ?? 0),
        whole(checks ?? 0),
        whole(chain.bytes / blocks),
        whole(size),
        year.toFixed(1),
      ]);
      const key = transactions === 0 ? "Empty" : "Busy";
      figures[`backupCreatedPerSecond${key}`] = Math.round(writes ?? 0);
      figures[`backupVerifiedPerSecond${key}`] = Math.round(checks ?? 0);
      figures[`backupBytesPerBlock${key}`] = Math.round(size);
    } finally {
      await rm(folder, { recursive: true });
    }
  }
  const head = [
    "blocks",
    "written/s",
    "verified/s",
    "bytes of RLP",
    "bytes in the archive",
    "GiB a year of 2 s blocks",
  ];
  print(tableText("Backups, one core, by the process's own time, the node's answers at hand", head, rows));
  return figures;
}

async function timed<Result>(run: () => Promise<Result>): Promise<{ result: Result; milliseconds: number }> {
  const before = process.cpuUsage();
  const result = await run();
  const { user, system } = process.cpuUsage(before);
  return { result, milliseconds: (user + system) / 1_000 };
}

interface Simulated {
  /** Answers as Besu's RPC does. */
  readonly ask: Ask;
  readonly lastHash: string;
  /** RLP of all blocks and receipts. */
  readonly bytes: number;
}

/** A chain of linked blocks with seals; transactions and receipts are of the right size, their content is drawn. */
function simulated(blocks: number, transactions: number, seed: number): Simulated {
  const keys = Array.from({ length: SEALS }, (_, index) => new SigningKey(id(`backup ${seed}/${index}`)));
  const [raw, receipts]: [string[], string[][]] = [[], []];
  let [parent, bytes] = [FIRST_HEADER.parentHash, 0];
  for (let number = 0; number < blocks; number++) {
    // block 0 has none
    const items = Array.from({ length: number === 0 ? 0 : transactions }, (_, place) =>
      transfer(`${seed}/${number}/${place}`, place),
    );
    const header: QbftHeader = {
      ...FIRST_HEADER,
      number: BigInt(number),
      parentHash: parent,
      stateRoot: id(`state ${seed}/${number}`),
      sha3Uncles: keccak256("0xc0"),
      timestamp: FIRST_HEADER.timestamp + 2n * BigInt(number),
      transactionsRoot: orderedTrieRoot(items.map(({ transaction }) => transaction)),
      receiptsRoot: orderedTrieRoot(items.map(({ receipt }) => receipt)),
      withdrawalsRoot: orderedTrieRoot([]),
    };
    const digest = sealDigest(header);
    const sealed = encodeHeader({ ...header, seals: keys.map((key) => sealOf(key, digest)) });
    const body = rlpListOf(items.map(({ transaction }) => transaction));
    raw.push(hexlify(rlpListOf([getBytes(sealed), body, Uint8Array.of(0xc0), Uint8Array.of(0xc0)])));
    receipts.push(items.map(({ receipt }) => hexlify(receipt)));
    bytes += ((raw.at(-1)?.length ?? 0) + (receipts.at(-1)?.join("").length ?? 0)) / 2;
    parent = blockHash(header);
  }
  const answers: Readonly<Record<string, (number: number) => unknown>> = {
    eth_chainId: () => toBeHex(CHAIN),
    eth_blockNumber: () => toBeHex(blocks - 1),
    debug_getRawBlock: (number) => raw[number],
    debug_getRawReceipts: (number) => receipts[number],
  };
  return { ask: (method, [number]) => Promise.resolve(answers[method]?.(Number(number))), lastHash: parent, bytes };
}

/** A transfer's transaction (legacy form) and receipt, as the tries have them. */
function transfer(salt: string, place: number): { readonly transaction: Uint8Array; readonly receipt: Uint8Array } {
  const word = (what: string): Uint8Array => getBytes(id(`${what} ${salt}`));
  const [token, to, from] = [word("token"), word("to"), word("from")].map((bytes) => bytes.subarray(0, ADDRESS_BYTES));
  const padded = (address: Uint8Array | undefined): Uint8Array => getBytes(toBeHex(hexlify(address ?? "0x"), 32));
  const amount = getBytes(toBeHex(1_000_000n + BigInt(place), 32));
  const data = getBytes(concat([TRANSFER, padded(to), amount]));
  const [nonce, gas, v] = [Uint8Array.of(1, place), Uint8Array.of(1, 0, 0), Uint8Array.of(0x9e, 0x6b)];
  const none = new Uint8Array(0);
  const transaction = rlpBytes([nonce, none, gas, token ?? none, none, data, v, word("r"), word("s")]);
  const bloom = new Uint8Array(256);
  for (const at of word("bloom").subarray(0, 6)) bloom[at] = 1;
  const log = [token ?? none, [getBytes(TRANSFERRED), padded(from), padded(to)], amount];
  const cumulative = getBytes(toBeHex(50_000 * (place + 1), 4));
  return { transaction, receipt: rlpBytes([Uint8Array.of(1), cumulative, bloom, [log]]) };
}

/**
 * A page of blocks, read and checked: each header hashes to its block's hash and follows its parent; where a header's
 * filter admits an event of the deployment, its receipts come to the receiptsRoot, its transactions to the
 * transactionsRoot, and eth_getLogs says what the receipts have. So a page is what the hash of its last block commits to.
 */
import { rpcBlockHash } from "../../../light/header.js";
import { BloomQuestion, receiptsRootOf } from "../../../light/receipts.js";
import { bytesOfHex, hexField, listField, numberField, objectOf, type RpcObject } from "../../../light/rpc-fields.js";
import { orderedTrieRoot } from "../../../light/ordered-trie.js";
import { encodeTransaction, type EncodedTransaction } from "../../../light/transactions.js";
import type { TransactionDeployment, UserDeployment } from "../../../sdk/deployments/index.js";
import { isCommonwattError } from "../../../sdk/errors.js";
import { genesisLogsOf } from "../../../sdk/events.js";
import type { Endpoint } from "../../endpoint.js";
import { lie, placedLog, requireSameLogs, type PlacedLog } from "./lies.js";

/** A transaction as it was told, and as the block's root commits to it. */
export interface CheckedTransaction extends EncodedTransaction {
  readonly told: RpcObject;
}

/** A block that may have events, with all its transactions and the deployment's logs. */
export interface CheckedBlock {
  readonly number: number;
  readonly hash: string;
  readonly header: RpcObject;
  readonly transactions: readonly CheckedTransaction[];
  /** Those of the deployment's contracts, in order. */
  readonly logs: readonly PlacedLog[];
}

export interface CheckedPage {
  /** Of all blocks. */
  readonly headers: readonly Header[];
  readonly blocks: readonly CheckedBlock[];
  /** What the first block says is before it; that it is so, whoever puts pages together sees. */
  readonly parentHash: string;
  /** Of the last block. */
  readonly lastHash: string;
  /** Bytes of logs' data and transactions' input. */
  readonly size: number;
}

/** Whose events are looked for, on which chain. */
export interface Watched {
  readonly genesisHash: string;
  /** Lower case. */
  readonly addresses: readonly string[];
  readonly questions: readonly BloomQuestion[];
  /** Of the genesis block's contracts: no node has them, and no root commits to them (deployment file). */
  readonly genesisLogs: readonly PlacedLog[];
}

export function watched(deployment: TransactionDeployment | UserDeployment): Watched {
  const lower = Object.values(deployment.contracts).map(({ address }) => address.toLowerCase());
  const genesisLogs = genesisLogsOf(deployment).map(({ address, blockNumber, transactionHash, ...log }) => {
    return { ...log, address: address.toLowerCase(), block: blockNumber, transaction: transactionHash };
  });
  const questions = lower.map((address) => new BloomQuestion(address));
  return { genesisHash: deployment.genesisHash, addresses: lower, questions, genesisLogs };
}

export interface PageRange {
  readonly fromBlock: number;
  readonly toBlock: number;
}

/** Reads and checks the blocks. Throws `InputError` for what cannot be, `TooMuch` when fewer blocks may do. */
export async function readPage(endpoint: Endpoint, of: Watched, range: PageRange): Promise<CheckedPage> {
  const headers = await readHeaders(endpoint, of, range);
  const told = await readLogs(endpoint, of, range);
  const busy = headers.filter(({ header }) => mayHaveEvents(of, header));
  const blocks = await Promise.all(busy.map((block) => readBlock(endpoint, of, block)));
  const known = blocks.flatMap(({ logs }) => logs);
  requireSameLogs(endpoint.name, told, known);
  const [first, last] = [headers[0], headers.at(-1)];
  if (first === undefined || last === undefined) throw new RangeError(`no blocks from ${range.fromBlock} on`);
  const parentHash = hexField(first.header, "parentHash");
  const size = sizeOf(blocks);
  if (first.number === 0 && of.genesisLogs.length > 0) blocks.unshift(genesisBlock(endpoint, of, first));
  return { headers, blocks, parentHash, lastHash: last.hash, size };
}

/** Refuses a page that does not follow the block with that hash. */
export function requireParent(endpoint: string, fromBlock: number, parentHash: string, before: string): void {
  if (fromBlock === 0 || parentHash === before) return;
  const what = `its parent is ${parentHash}, but block ${fromBlock - 1} was ${before}`;
  throw lie(endpoint, fromBlock, `${what}: the chain changed, or another one answers`);
}

function sizeOf(blocks: readonly CheckedBlock[]): number {
  let size = 0;
  for (const { logs, transactions } of blocks) {
    for (const { data } of logs) size += data.length >> 1;
    for (const { bytes } of transactions) size += bytes.length;
  }
  return size;
}

/** Block 0 with what its contracts' constructors emitted elsewhere: it must have no receipts of its own. */
function genesisBlock(endpoint: Endpoint, { genesisLogs }: Watched, block: Header): CheckedBlock {
  const [root, empty] = [hexField(block.header, "receiptsRoot"), receiptsRootOf([])];
  if (root !== empty) throw lie(endpoint.name, 0, `a genesis block has no receipts, and its header says ${root}`);
  return { ...block, transactions: [], logs: genesisLogs };
}

/** A block's header that hashes to its hash, as the endpoint gives it. */
export interface Header {
  readonly number: number;
  readonly hash: string;
  readonly header: RpcObject;
}

async function readHeaders(
  endpoint: Endpoint,
  { genesisHash }: Watched,
  { fromBlock, toBlock }: PageRange,
): Promise<Header[]> {
  const numbers = Array.from({ length: toBlock - fromBlock + 1 }, (_, index) => fromBlock + index);
  const answers = await Promise.all(
    numbers.map((number) => endpoint.question("eth_getBlockByNumber", [quantity(number), true])),
  );
  let before: string | undefined;
  return answers.map((answer, index) => {
    const number = fromBlock + index;
    if (answer === null || answer === undefined) {
      throw lie(endpoint.name, number, "a gap: there is no such block, though the chain is said to be longer");
    }
    const header = objectOf(answer, "block");
    const hash = hashOf(endpoint, number, header);
    if (number === 0 && hash !== genesisHash) {
      throw lie(endpoint.name, 0, `the chain began with block ${hash}, not ${genesisHash}`);
    }
    if (before !== undefined) requireParent(endpoint.name, number, hexField(header, "parentHash"), before);
    before = hash;
    return { number, hash, header };
  });
}

function hashOf(endpoint: Endpoint, number: number, header: RpcObject): string {
  try {
    const [hash, told] = [rpcBlockHash(header), hexField(header, "hash")];
    if (hash !== told) throw lie(endpoint.name, number, `the header was altered: it hashes to ${hash}, not to ${told}`);
    if (numberField(header, "number") !== number) {
      throw lie(endpoint.name, number, `another block, ${numberField(header, "number")}, was given`);
    }
    return hash;
  } catch (error) {
    throw isCommonwattError(error) ? lie(endpoint.name, number, `the header can't be read: ${error.message}`) : error;
  }
}

async function readLogs(endpoint: Endpoint, { addresses }: Watched, range: PageRange): Promise<PlacedLog[]> {
  const filter = { address: addresses, fromBlock: quantity(range.fromBlock), toBlock: quantity(range.toBlock) };
  const answer = await endpoint.question("eth_getLogs", [filter]);
  if (!Array.isArray(answer)) throw lie(endpoint.name, range.fromBlock, "eth_getLogs gives no list");
  return answer.map((log) => readable(endpoint, range.fromBlock, "eth_getLogs", () => placedLog(objectOf(log, "log"))));
}

function mayHaveEvents({ questions }: Watched, header: RpcObject): boolean {
  const bloom = bytesOfHex(hexField(header, "logsBloom"), "logsBloom");
  return questions.some((question) => question.mayBeIn(bloom));
}

async function readBlock(endpoint: Endpoint, of: Watched, { number, hash, header }: Header): Promise<CheckedBlock> {
  const transactions = listField(header, "transactions").map((item) => objectOf(item, "transactions"));
  const receipts = await readReceipts(endpoint, number, transactions);
  const check = (root: string, told: string, what: string): void => {
    if (root === told) return;
    throw lie(
      endpoint.name,
      number,
      `${what} were dropped, altered, reordered or repeated: they come to ${root}, and the header has ${told}`,
    );
  };
  return readable(endpoint, number, "a transaction or receipt", () => {
    check(receiptsRootOf(receipts), hexField(header, "receiptsRoot"), "receipts");
    const encoded = transactions.map((told) => ({ told, ...encodeTransaction(told) }));
    const transactionsRoot = orderedTrieRoot(encoded.map(({ bytes }) => bytes));
    check(transactionsRoot, hexField(header, "transactionsRoot"), "transactions");
    return { number, hash, header, transactions: encoded, logs: logsOf(of, number, transactions, receipts) };
  });
}

/** Endpoints without eth_getBlockReceipts are asked transaction by transaction. */
async function readReceipts(
  endpoint: Endpoint,
  number: number,
  transactions: readonly RpcObject[],
): Promise<RpcObject[]> {
  let answer = endpoint.hasBlockReceipts
    ? await endpoint.question("eth_getBlockReceipts", [quantity(number)])
    : undefined;
  if (answer === undefined) {
    endpoint.hasBlockReceipts = false;
    answer = await Promise.all(transactions.map(({ hash }) => endpoint.question("eth_getTransactionReceipt", [hash])));
  }
  if (!Array.isArray(answer) || answer.some((receipt) => receipt === null || receipt === undefined)) {
    throw lie(endpoint.name, number, "receipts are missing");
  }
  return answer as RpcObject[];
}

/**
 * Numbered as the block has them: what a receipt says of its logs' places is not in its root. That its fields are hex was
 * seen when the root was computed.
 */
function logsOf(
  { addresses }: Watched,
  block: number,
  transactions: readonly RpcObject[],
  receipts: readonly RpcObject[],
): PlacedLog[] {
  let index = 0;
  return receipts.flatMap((receipt, place) =>
    listField(receipt, "logs").flatMap((item): PlacedLog[] => {
      const log = objectOf(item, "logs");
      const address = hexField(log, "address");
      const at = { block, index: index++, transaction: hexField(transactions[place] ?? {}, "hash") };
      if (!addresses.includes(address)) return [];
      const topics = (log["topics"] as string[]).map((topic) => topic.toLowerCase());
      return [{ ...at, address, topics, data: (log["data"] as string).toLowerCase() }];
    }),
  );
}

function readable<Result>(endpoint: Endpoint, block: number, what: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw isCommonwattError(error) ? lie(endpoint.name, block, `${what} can't be read: ${error.message}`) : error;
  }
}

function quantity(number: number): string {
  return `0x${number.toString(16)}`;
}

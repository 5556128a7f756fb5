/** Events of a chain's contracts, decoded, in the order in which they happened. */
import { ZeroHash, type Log } from "ethers";

import type { AnyChain, TransactionChain, UserChain } from "./connect.js";
import { CONTRACT_INTERFACES, type ContractName } from "./contracts.js";
import { logDecoder, type LogWords } from "./event-decoder.js";
import { ask } from "./transact.js";

/** One decoded log: which contract said what, and where in the chain. */
export interface ChainEvent {
  /** Name as in the deployment file, e.g. `TradeEscrow`. */
  readonly contract: ContractName;
  readonly name: string;
  /** By name, as ethers decodes them: integers as bigint, addresses checksummed. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly block: number;
  readonly logIndex: number;
  readonly transaction: string;
  /** What made it; undefined where only logs were read. */
  readonly within?: TransactionFacts;
}

/** A transaction and its block, as far as an audit asks. Addresses are checksummed. */
export interface TransactionFacts {
  readonly sender: string;
  /** Undefined when the transaction made a contract. */
  readonly to: string | undefined;
  /** Calldata in hex. */
  readonly input: string;
  /** The block's, Unix seconds. */
  readonly time: bigint;
  /** The node that made the block: its coinbase. */
  readonly proposer: string;
}

export interface EventRange {
  readonly fromBlock: number;
  readonly toBlock: number;
  /** Whose events; absent: all contracts of the deployment. */
  readonly contracts?: readonly ContractName[];
  /** Only events with these topics, null for any; the node that is asked learns them. */
  readonly topics?: readonly (string | null)[];
  /** Most blocks of one request; providers bound it. */
  readonly blocksPerRequest?: number;
}

const BLOCKS_PER_REQUEST = 2_000;
const FIRST_BLOCKS = 64;
/** Characters of log data that a request should bring at least and at most: decoded they take some fifty times as much. */
const LITTLE_DATA = 500_000;
const MUCH_DATA = 2_000_000;

/**
 * Reads the events of a range of blocks, in parts; a request asks for as many blocks as bring neither much nor little, for
 * a block of a large tree has as many events as a quiet day. Events that no ABI knows are left out.
 */
export async function* readEvents(chain: AnyChain, range: EventRange): AsyncGenerator<ChainEvent[]> {
  const decode = eventDecoder(chain.deployment);
  const most = range.blocksPerRequest ?? BLOCKS_PER_REQUEST;
  const address = addressesOf(chain.deployment, range.contracts);
  const topics = [...(range.topics ?? [])];
  if (range.fromBlock === 0) yield genesisEvents(chain.deployment, { address, topics });
  let span = Math.min(FIRST_BLOCKS, most);
  for (let fromBlock = range.fromBlock, toBlock; fromBlock <= range.toBlock; fromBlock = toBlock + 1) {
    toBlock = Math.min(fromBlock + span - 1, range.toBlock);
    const filter = { address, topics, fromBlock, toBlock };
    const logs = await ask(() => chain.provider.getLogs(filter));
    const data = yield* decodedParts(logs, decode);
    if (data > MUCH_DATA) span = Math.max(1, Math.floor(span / 2));
    else if (data < LITTLE_DATA) span = Math.min(2 * span, most);
  }
}

/** What a genesis block's contracts emitted when their constructors ran (deployment file): no node has it as a log. */
function genesisEvents(
  deployment: AnyChain["deployment"],
  { address, topics }: { readonly address: readonly string[]; readonly topics: readonly (string | null)[] },
): ChainEvent[] {
  const decode = eventDecoder(deployment);
  const asked = new Set(address.map((one) => one.toLowerCase()));
  return genesisLogsOf(deployment).flatMap((log) => {
    const isAsked = topics.every((topic, place) => topic === null || topic === log.topics[place]);
    const event = isAsked && asked.has(log.address.toLowerCase()) ? decode(log) : undefined;
    return event === undefined ? [] : [event];
  });
}

/** The logs of block 0 as others are told; there is no transaction that they are of. */
export function genesisLogsOf({ genesisLogs = [] }: Pick<AnyChain["deployment"], "genesisLogs">): DecodableLog[] {
  return genesisLogs.map((log, index) => ({ ...log, index, blockNumber: 0, transactionHash: ZeroHash }));
}

/** A part at a time, one at least: what a quiet time's request would take is much in a busy one. Returns the characters of data. */
function* decodedParts(
  logs: readonly Log[],
  decode: (log: Log) => ChainEvent | undefined,
): Generator<ChainEvent[], number> {
  let [all, size] = [0, 0];
  let part: ChainEvent[] = [];
  for (const log of logs) {
    if (size > LITTLE_DATA) {
      yield part;
      [part, all, size] = [[], all + size, 0];
    }
    const event = decode(log);
    if (event !== undefined) part.push(event);
    size += log.data.length;
  }
  yield part;
  return all + size;
}

/** A log as a provider, or a node, tells it. */
export type DecodableLog = LogWords & Pick<Log, "address" | "blockNumber" | "index" | "transactionHash">;

/** Decodes logs of a deployment's contracts; undefined for any other. */
export function eventDecoder(deployment: {
  readonly contracts: Readonly<Record<string, { readonly address: string }>>;
}): (log: DecodableLog) => ChainEvent | undefined {
  const names = new Map<string, ContractName>();
  for (const [name, { address }] of Object.entries(deployment.contracts)) {
    names.set(address.toLowerCase(), name as ContractName);
  }
  return (log) => {
    const contract = names.get(log.address.toLowerCase());
    if (contract === undefined) return undefined;
    const decoded = decoderOf(contract)(log);
    if (decoded === undefined) return undefined;
    return { contract, ...decoded, block: log.blockNumber, logIndex: log.index, transaction: log.transactionHash };
  };
}

const decoders = new Map<ContractName, ReturnType<typeof logDecoder>>();

/** Made once for each contract's ABI. */
function decoderOf(contract: ContractName): ReturnType<typeof logDecoder> {
  let decoder = decoders.get(contract);
  if (decoder === undefined) {
    decoder = logDecoder(CONTRACT_INTERFACES[contract]);
    decoders.set(contract, decoder);
  }
  return decoder;
}

function addressesOf(
  deployment: TransactionChain["deployment"] | UserChain["deployment"],
  contracts: readonly ContractName[] | undefined,
): string[] {
  return Object.entries(deployment.contracts)
    .filter(([name]) => contracts === undefined || contracts.includes(name as ContractName))
    .map(([, { address }]) => address);
}

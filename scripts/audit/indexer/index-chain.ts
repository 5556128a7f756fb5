/** Reads a chain into the database, page by page, from where it was left. */
import { setTimeout as pause } from "node:timers/promises";

import type { TransactionDeployment, UserDeployment } from "../../../sdk/deployments/index.js";
import { genesisLogsOf } from "../../../sdk/events.js";
import { InputError } from "../../inputs/error.js";
import type { AuditDatabase, ChainName, Cursor } from "./database.js";
import { type Endpoint, TooMuch } from "./endpoint.js";
import { readPage, watched, type CheckedPage, type PageRange, type Watched } from "./page.js";
import { RowMaker } from "./rows.js";

export interface IndexOptions {
  readonly chain: ChainName;
  readonly deployment: TransactionDeployment | UserDeployment;
  /** The last block that counts; absent: the head. */
  readonly toBlock?: number;
  /** Most blocks of a page. */
  readonly mostBlocks?: number;
  readonly onPage?: (cursor: Cursor, head: number) => void;
  /** Absent: stop at the head. Reading ends after the page at hand when it is aborted. */
  readonly follow?: AbortSignal;
}

/** Characters of log data that a page should bring at least and at most. */
const LITTLE_DATA = 500_000;
const MUCH_DATA = 2_000_000;
const FIRST_BLOCKS = 16;
const MOST_BLOCKS = 256;
const HEAD_MILLISECONDS = 1_000;

/** Reads up to the head, or on and on. Throws `InputError` for an endpoint that lies, gives up or serves another chain. */
export async function indexChain(database: AuditDatabase, endpoint: Endpoint, options: IndexOptions): Promise<Cursor> {
  const reader = new PageReader(database, endpoint, options);
  await requireSameChain(database, endpoint, options.chain);
  for (;;) {
    const head = Math.min(await headOf(endpoint), options.toBlock ?? Infinity);
    await reader.readTo(head);
    if (options.follow === undefined || options.follow.aborted) return database.cursorOf(options.chain);
    await pause(HEAD_MILLISECONDS, undefined, { signal: options.follow }).catch(() => undefined);
  }
}

async function headOf(endpoint: Endpoint): Promise<number> {
  const head = Number(await endpoint.question("eth_blockNumber", []));
  if (Number.isSafeInteger(head) && head >= 0) return head;
  throw new InputError({ file: endpoint.name }, "eth_blockNumber gives no number", "Name a JSON-RPC endpoint");
}

/** The block where reading stopped must still be what it was; else `InputError`. */
export async function requireSameChain(database: AuditDatabase, endpoint: Endpoint, chain: ChainName): Promise<void> {
  const { block, hash } = database.cursorOf(chain);
  if (block < 0) return;
  const answer = (await endpoint.question("eth_getBlockByNumber", [`0x${block.toString(16)}`, false])) as {
    readonly hash?: string;
  } | null;
  if (answer?.hash === hash) return;
  const what = `block ${block} is ${answer?.hash ?? "not there"}, and it was ${hash} when ${database.path} was written`;
  throw new InputError(
    { file: endpoint.name },
    `${what}: the chain changed, or another one answers`,
    "Ask another node; if the network was started anew, name a new database",
  );
}

class PageReader {
  readonly #watched: Watched;
  readonly #rows: RowMaker;
  #span: number;

  constructor(
    readonly database: AuditDatabase,
    readonly endpoint: Endpoint,
    readonly options: IndexOptions,
  ) {
    const { deployment, mostBlocks = MOST_BLOCKS } = options;
    const genesisLogs = genesisLogsOf(deployment).map(({ address, blockNumber, transactionHash, ...log }) => {
      return { ...log, address: address.toLowerCase(), block: blockNumber, transaction: transactionHash };
    });
    this.#watched = watched(
      Object.values(deployment.contracts).map(({ address }) => address),
      genesisLogs,
    );
    this.#rows = new RowMaker(endpoint.name, deployment);
    this.#span = Math.min(FIRST_BLOCKS, mostBlocks);
  }

  async readTo(head: number): Promise<void> {
    const { chain, mostBlocks = MOST_BLOCKS, follow, onPage, deployment } = this.options;
    for (;;) {
      const { block, hash } = this.database.cursorOf(chain);
      if (block >= head || follow?.aborted === true) return;
      const before = block < 0 ? deployment.genesisHash : hash;
      const [page, toBlock] = await this.#read({ fromBlock: block + 1, toBlock: head, before });
      const blocks = page.blocks.flatMap((checked) => this.#rows.blockOf(checked) ?? []);
      const cursor = this.database.append(chain, blocks, { block: toBlock, hash: page.lastHash });
      onPage?.(cursor, head);
      if (page.size > MUCH_DATA) this.#span = Math.max(1, this.#span >> 1);
      else if (page.size < LITTLE_DATA) this.#span = Math.min(2 * this.#span, mostBlocks);
    }
  }

  /** As many blocks as the endpoint gives at once. */
  async #read({ fromBlock, toBlock: head, before }: PageRange): Promise<readonly [CheckedPage, number]> {
    for (;;) {
      const toBlock = Math.min(fromBlock + this.#span - 1, head);
      try {
        return [await readPage(this.endpoint, this.#watched, { fromBlock, toBlock, before }), toBlock];
      } catch (error) {
        if (!(error instanceof TooMuch)) throw error;
        if (toBlock === fromBlock) {
          const advice = "Ask a node that gives larger answers";
          throw new InputError({ file: this.endpoint.name }, `block ${fromBlock}: ${error.message}`, advice, {
            cause: error,
          });
        }
        this.#span = Math.max(1, (toBlock - fromBlock + 1) >> 1);
      }
    }
  }
}

/** Reads a chain into the database, page by page, from where it was left. */
import { setTimeout as pause } from "node:timers/promises";

import type { TransactionDeployment, UserDeployment } from "../../../sdk/deployments/index.js";
import { InputError } from "../../inputs/error.js";
import type { AuditDatabase, ChainName, Cursor } from "./database.js";
import type { Endpoint } from "../../endpoint.js";
import { requireParent, type PageRange } from "./page.js";
import { PageReader, type PageReaders, type RowPage } from "./page-reader.js";
import type { ReaderPool } from "./reader-pool.js";
import { agreedStart, SealFollower, type SealedStart } from "./seals.js";
import { wantedSeals } from "./wanted-seals.js";

export interface IndexOptions {
  readonly chain: ChainName;
  readonly deployment: TransactionDeployment | UserDeployment;
  /** Opens threads that read where there is much to read; absent: this thread reads. */
  readonly openPool?: (sealedStart?: number) => ReaderPool;
  /** From where on seals are checked; absent: as the database was begun. */
  readonly seals?: SealedStart | undefined;
  /** How many blocks are much. */
  readonly poolFromBlocks?: number;
  /** The last block that counts; absent: the head. */
  readonly toBlock?: number;
  /** Most blocks of a page. */
  readonly mostBlocks?: number;
  readonly onPage?: (cursor: Cursor, head: number) => void;
  /** Absent: stop at the head. Reading ends after the page at hand when it is aborted. */
  readonly follow?: AbortSignal;
}

/** Bytes of data that a page should bring at least and at most: as objects they take some ten times as much. */
const LITTLE_DATA = 125_000;
const MUCH_DATA = 500_000;
const FIRST_BLOCKS = 16;
const MOST_BLOCKS = 256;
const HEAD_MILLISECONDS = 1_000;
/** From so many blocks on threads are worth the second that they take to start. */
const MANY_BLOCKS = 2_000;

/** Reads up to the head, or on and on. Throws `InputError` for an endpoint that lies, gives up or serves another chain. */
export async function indexChain(database: AuditDatabase, endpoint: Endpoint, options: IndexOptions): Promise<Cursor> {
  const start = agreedStart(database, options.chain, options.seals);
  const seals = start && SealFollower.resume(database, endpoint.name, options.chain, start);
  const writer = new ChainWriter(database, endpoint.name, { ...options, follower: seals });
  const here = new PageReader(endpoint, options.deployment, await wantedSeals(start?.number));
  await requireSameChain(database, endpoint, options.chain);
  for (;;) {
    const head = Math.min(await headOf(endpoint), options.toBlock ?? Infinity);
    const { openPool, poolFromBlocks = MANY_BLOCKS } = options;
    const isMuch = head - database.cursorOf(options.chain).block >= poolFromBlocks;
    const pool = isMuch ? openPool?.(start?.number) : undefined;
    try {
      await writer.writeTo(head, pool ?? here);
    } finally {
      endpoint.questions += pool?.questions ?? 0;
      await pool?.close();
    }
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

/** Has pages read, a few ahead, and writes them in the chain's order. */
class ChainWriter {
  #span: number;

  constructor(
    readonly database: AuditDatabase,
    readonly endpoint: string,
    readonly options: IndexOptions & { readonly follower: SealFollower | undefined },
  ) {
    this.#span = Math.min(FIRST_BLOCKS, options.mostBlocks ?? MOST_BLOCKS);
  }

  async writeTo(head: number, readers: PageReaders): Promise<void> {
    const { chain, follow, onPage, follower } = this.options;
    const ahead: { readonly range: PageRange; readonly page: Promise<RowPage> }[] = [];
    let cursor = this.database.cursorOf(chain);
    let next = cursor.block + 1;
    while (follow?.aborted !== true) {
      while (ahead.length < readers.atOnce && next <= head) {
        const range = { fromBlock: next, toBlock: Math.min(next + this.#span - 1, head) };
        const page = readers.read(range);
        page.catch(() => undefined); // told at its turn, if that comes
        ahead.push({ range, page });
        next = range.toBlock + 1;
      }
      const first = ahead.shift();
      if (first === undefined) return;
      const { fromBlock, toBlock } = first.range;
      const page = await first.page;
      requireParent(this.endpoint, fromBlock, page.parentHash, cursor.hash);
      follower?.take(page.seals, page.blocks);
      cursor = this.database.append(chain, page.blocks, { block: toBlock, hash: page.lastHash });
      onPage?.(cursor, head);
      this.#adapt(page, toBlock - fromBlock + 1);
    }
  }

  #adapt({ size, span }: RowPage, asked: number): void {
    const { mostBlocks = MOST_BLOCKS } = this.options;
    if (span < asked) this.#span = span;
    else if (size > MUCH_DATA) this.#span = Math.max(1, asked >> 1);
    else if (size < LITTLE_DATA && asked >= this.#span) this.#span = Math.min(2 * asked, mostBlocks);
  }
}

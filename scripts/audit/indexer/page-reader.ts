/** Ranges of blocks to checked rows, in this thread; `ReaderPool` does it in several. */
import type { Recover } from "../../../light/index.js";
import type { TransactionDeployment, UserDeployment } from "../../../sdk/deployments/index.js";
import { InputError } from "../../inputs/error.js";
import { type Endpoint, TooMuch } from "../../endpoint.js";
import { readPage, requireParent, watched, type Header, type PageRange, type Watched } from "./page.js";
import { RowMaker } from "./rows.js";
import { sealsOf, type BlockSeals } from "./seals.js";
import type { VerifiedBlock } from "./types.js";

/** A range of blocks as rows, checked in itself; that it follows the block before is for the writer to see. */
export interface RowPage {
  readonly parentHash: string;
  readonly lastHash: string;
  /** Those with events. */
  readonly blocks: readonly VerifiedBlock[];
  /** Bytes of logs' data and transactions' input. */
  readonly size: number;
  /** How many blocks the endpoint gave at once. */
  readonly span: number;
  /** From the trusted start on; empty where seals are not asked for. */
  readonly seals: readonly BlockSeals[];
}

/** Whose seals are read: those of the blocks behind the start. */
export interface SealsWanted {
  readonly start: number;
  readonly recover: Recover;
}

/** Who reads pages: this thread or others. */
export interface PageReaders {
  /** How many ranges may be under way. */
  readonly atOnce: number;
  /** Throws `InputError` for an endpoint that lies or does not answer. */
  read(range: PageRange): Promise<RowPage>;
}

export class PageReader implements PageReaders {
  readonly atOnce = 1;
  readonly #watched: Watched;
  readonly #rows: RowMaker;

  constructor(
    readonly endpoint: Endpoint,
    deployment: TransactionDeployment | UserDeployment,
    readonly wanted?: SealsWanted,
  ) {
    this.#watched = watched(deployment);
    this.#rows = new RowMaker(endpoint.name, deployment);
  }

  /** In halves where the endpoint says that it is too much. */
  async read(range: PageRange): Promise<RowPage> {
    const { fromBlock, toBlock } = range;
    try {
      const { blocks, headers, ...page } = await readPage(this.endpoint, this.#watched, range);
      const rows = blocks.flatMap((checked) => this.#rows.blockOf(checked) ?? []);
      return { ...page, blocks: rows, span: toBlock - fromBlock + 1, seals: this.#sealsIn(headers) };
    } catch (error) {
      if (!(error instanceof TooMuch)) throw error;
      if (toBlock === fromBlock) {
        const advice = "Ask a node that gives larger answers";
        const place = { file: this.endpoint.name };
        throw new InputError(place, `block ${fromBlock}: ${error.message}`, advice, { cause: error });
      }
    }
    const middle = (fromBlock + toBlock) >> 1;
    const first = await this.read({ fromBlock, toBlock: middle });
    const second = await this.read({ fromBlock: middle + 1, toBlock });
    requireParent(this.endpoint.name, middle + 1, second.parentHash, first.lastHash);
    return {
      parentHash: first.parentHash,
      lastHash: second.lastHash,
      blocks: [...first.blocks, ...second.blocks],
      size: first.size + second.size,
      span: Math.min(first.span, second.span),
      seals: [...first.seals, ...second.seals],
    };
  }

  #sealsIn(headers: readonly Header[]): BlockSeals[] {
    if (this.wanted === undefined) return [];
    const { start, recover } = this.wanted;
    return headers
      .filter(({ number }) => number >= start)
      .map((header) => sealsOf(this.endpoint.name, header, header.number === start ? undefined : recover));
  }
}

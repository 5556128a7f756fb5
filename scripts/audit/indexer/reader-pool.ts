/** Reading pages in threads of their own, a core each, while this one writes. Each has its own connection to the endpoint. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";

import type { TransactionDeployment, UserDeployment } from "../../../sdk/deployments/index.js";
import { InputError } from "../../inputs/error.js";
import type { PageRange } from "./page.js";
import type { PageReaders, RowPage } from "./page-reader.js";

/** A module that exports `openAsk(argument)`, which gives an `Ask`, maybe later. */
export interface AskSource {
  readonly module: string;
  /** Whatever can be cloned. */
  readonly argument: unknown;
}

/** What a thread is given. */
export interface ReaderData {
  /** The endpoint's name in messages. */
  readonly name: string;
  readonly source: AskSource;
  readonly deployment: TransactionDeployment | UserDeployment;
  /** Behind which block seals are read; absent: of none. */
  readonly sealedStart?: number | undefined;
}

/** A thread's answer to a range. */
export interface ReaderAnswer {
  readonly questions: number;
  readonly page?: RowPage;
  /** The parts of an `InputError`. */
  readonly refusal?: { readonly file: string; readonly problem: string; readonly advice: string };
  /** Of a fault that is no input's. */
  readonly fault?: unknown;
}

const THREAD = new URL("./reader-thread.ts", import.meta.url);
/** Ranges that a thread has at hand: one in work, one to go on with. */
const RANGES = 2;
/** MiB of young objects: pages die young, and Node would let hundreds of MiB of them gather. */
const YOUNG_MEBIBYTES = 8;
/** MiB of all objects: what a block of 60 million gas takes several times over; V8 collects the sooner. */
const OLD_MEBIBYTES = 256;

interface Thread {
  readonly worker: Worker;
  /** In the order of the questions. */
  readonly waiting: { readonly resolve: (page: RowPage) => void; readonly reject: (error: unknown) => void }[];
  /** Why it answers no more. */
  ended?: Error;
}

export class ReaderPool implements PageReaders {
  /** Asked by all threads. */
  questions = 0;
  readonly #threads: readonly Thread[];

  constructor(data: ReaderData, threads: number) {
    this.#threads = Array.from({ length: threads }, () => this.#open(data));
  }

  get atOnce(): number {
    return RANGES * this.#threads.length;
  }

  read(range: PageRange): Promise<RowPage> {
    const [first, ...others] = this.#threads;
    if (first === undefined) throw new RangeError("a pool has threads");
    const idle = others.reduce((best, other) => (other.waiting.length < best.waiting.length ? other : best), first);
    return new Promise((resolve, reject) => {
      if (idle.ended !== undefined) reject(idle.ended);
      idle.waiting.push({ resolve, reject });
      idle.worker.postMessage(range);
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #open(data: ReaderData): Thread {
    const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_MEBIBYTES, maxOldGenerationSizeMb: OLD_MEBIBYTES };
    const thread: Thread = { worker: new Worker(THREAD, { workerData: data, resourceLimits }), waiting: [] };
    const end = (error: Error): void => {
      thread.ended ??= error;
      for (const { reject } of thread.waiting.splice(0)) reject(error);
    };
    thread.worker.on("message", (answer: ReaderAnswer) => {
      this.questions += answer.questions;
      const asked = thread.waiting.shift();
      if (answer.page !== undefined) asked?.resolve(answer.page);
      else if (answer.refusal === undefined) asked?.reject(answer.fault);
      else {
        const { file, problem, advice } = answer.refusal;
        asked?.reject(new InputError({ file }, problem, advice));
      }
    });
    thread.worker.on("error", end);
    void once(thread.worker, "exit").then(() => end(new Error("a reading thread ended")));
    return thread;
  }
}

/** A thread of `ReaderPool`: ranges in, checked rows out, one after the other. */
import { parentPort, workerData } from "node:worker_threads";

import "../../fast-keccak.js";
import { InputError } from "../../inputs/error.js";
import { Endpoint, type Ask } from "../../endpoint.js";
import type { PageRange } from "./page.js";
import { PageReader } from "./page-reader.js";
import { wantedSeals } from "./wanted-seals.js";
import type { ReaderAnswer, ReaderData } from "./reader-pool.js";

const { name, source, deployment, sealedStart } = workerData as ReaderData;
const { openAsk } = (await import(source.module)) as { readonly openAsk: (argument: unknown) => Ask | Promise<Ask> };
const endpoint = new Endpoint(name, await openAsk(source.argument));
const reader = new PageReader(endpoint, deployment, await wantedSeals(sealedStart));
let last = Promise.resolve();

parentPort?.on("message", (range: PageRange) => {
  last = last.then(async () => parentPort?.postMessage(await answer(range)));
});

async function answer(range: PageRange): Promise<ReaderAnswer> {
  const before = endpoint.questions;
  const questions = (): number => endpoint.questions - before;
  try {
    const page = await reader.read(range);
    return { questions: questions(), page };
  } catch (error) {
    if (!(error instanceof InputError)) return { questions: questions(), fault: error };
    const { file, problem, advice } = error;
    return { questions: questions(), refusal: { file, problem, advice } };
  }
}

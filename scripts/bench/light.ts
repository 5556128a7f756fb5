/**
 * The light node: sealed headers a second on one core at 4 and 101 accountants, ancestors by their hashes, what a header
 * takes on disk, and the sync of a year by skipping over a simulated chain whose set changes every week.
 */
import { concat, id } from "ethers";

import { recoverInJavaScript, recoverInWebAssembly, SealedHeader, type Recover } from "../../light/index.js";
import type { RpcObject } from "../../light/rpc-fields.js";
import { HeaderCodec } from "../light-node/compact-header.js";
import { fastestRecover } from "../light-node/fastest-recover.js";
import { LightChain, NodeKeys, rotatingSets } from "./light-chain.js";
import { measureInBrowser } from "./light-browser.js";
import { measureHeaders, requireChecked, type HeaderFigures, type SealedBlocks } from "./light-measure.js";
import { SIMULATED_ELECTION } from "./light-state.js";
import { tableText, whole, type BenchOptions, type Figures } from "./report.js";
import { yearOfSkips, YEAR_BLOCKS } from "./light-year.js";

import "../fast-keccak.js";

const SIZES = [4, 101] as const;
/** Headers that are measured with, by the size of the set. */
const HEADERS = { 4: 400, 101: 24 } as const;
const GOALS = { native: { 4: 2_000, 101: 150 }, browser: { 4: 1_500, 101: 60 } } as const;
const GOAL_BYTES = 1_024;
/** Headers whose bytes are averaged. */
const SAMPLE = 200;
const SECONDS = 3;

export async function benchLight({ seed, print }: BenchOptions): Promise<Figures> {
  const chains = await Promise.all(SIZES.map((size) => sealedBlocks(size, seed)));
  for (const sealed of chains) requireChecked(sealed);
  const { name, recover } = await fastestRecover();
  const inWebAssembly = await recoverInWebAssembly();
  const ways: [string, Recover, keyof typeof GOALS | undefined][] = [[`Node, ${name}`, recover, "native"]];
  if (inWebAssembly !== undefined) ways.push(["Node, WebAssembly", inWebAssembly, undefined]);
  ways.push(["Node, JavaScript", recoverInJavaScript, undefined]);
  const rows: string[][] = [];
  const figures: Record<string, number | null> = {};
  const note = (way: string, size: 4 | 101, measured: HeaderFigures, goals: keyof typeof GOALS | undefined): void => {
    const goal = goals && GOALS[goals][size];
    const verdict = goal === undefined ? "" : measured.sealedPerSecond >= goal ? "met" : "not met";
    const share = `${(100 * measured.recoverShare).toFixed(0)} %`;
    const [sealed, linked] = [whole(measured.sealedPerSecond), whole(measured.linkedPerSecond)];
    rows.push([way, String(size), sealed, goal === undefined ? "" : whole(goal), verdict, share, linked]);
  };
  for (const [way, code, goals] of ways) {
    for (const [index, size] of SIZES.entries()) {
      const measured = measureHeaders(chains[index] as SealedBlocks, code, { seconds: SECONDS, clock: workOfProcess });
      note(way, size, measured, goals);
      if (goals === "native") figures[`lightHeadersPerSecond${size}`] = Math.round(measured.sealedPerSecond);
    }
  }
  const inBrowser = await measureInBrowser(chains, SECONDS);
  for (const [index, size] of SIZES.entries()) {
    const measured = inBrowser?.[index];
    if (measured !== undefined) note("Chromium, WebAssembly", size, measured, "browser");
    figures[`lightBrowserHeadersPerSecond${size}`] = measured ? Math.round(measured.sealedPerSecond) : null;
  }
  const head = ["with", "accountants", "sealed headers/s", "goal", "", "recovery", "linked headers/s"];
  print(
    tableText(
      "Headers checked on one core, from JSON-RPC's objects (Node: by the process's own time, Chromium: by the clock)",
      head,
      rows,
    ),
  );
  if (inBrowser === undefined) print("No Chromium in /usr/bin: nothing was measured in a browser.");
  const bytes = await storedBytes(seed);
  const perYear = (bytes.stored * YEAR_BLOCKS) / 2 ** 30;
  print(
    `A header at 4 accountants: ${whole(bytes.raw)} bytes of RLP, ${whole(bytes.stored)} as stored ` +
      `(${whole(bytes.full)} with a full bloom), goal below ${whole(GOAL_BYTES)}; a year of all: ${perYear.toFixed(1)} GiB.`,
  );
  const year = [];
  for (const size of SIZES) year.push([size, await yearOfSkips(size, seed, recover)] as const);
  print(
    tableText(
      `A year (${whole(YEAR_BLOCKS)} blocks, a tenth of the set replaced each week) by skipping, answers at hand`,
      ["accountants", "seconds", "skips", "headers asked", "proofs asked"],
      year.map(([size, it]) => [
        ...[String(size), it.seconds.toFixed(2), whole(it.skips), whole(it.headers), whole(it.proofs)],
      ]),
    ),
  );
  return {
    ...figures,
    lightHeaderBytes: Math.round(bytes.stored),
    lightYearSeconds4: Math.round((year[0]?.[1].seconds ?? 0) * 100) / 100,
    lightYearSeconds101: Math.round((year[1]?.[1].seconds ?? 0) * 100) / 100,
  };
}

/** Milliseconds that this process worked. */
function workOfProcess(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

async function sealedBlocks(size: 4 | 101, seed: number): Promise<SealedBlocks> {
  const keys = new NodeKeys(size, `light ${seed}`);
  const written = rotatingSets(keys, { size, changes: 0, everyBlocks: 1, seed });
  const head = HEADERS[size];
  const chain = await LightChain.make({ chainId: 1, written, keys, head, seed, startsAt: 1_900_000_000 });
  const blocks: RpcObject[] = [];
  for (let number = 0; number <= head; number += 1) blocks.push(chain.block(number));
  return { chainId: 1, election: SIMULATED_ELECTION, blocks, validators: chain.setFor(1) };
}

/** Averages of a header whose roots are its own, with an empty bloom and with one in which every second bit is set. */
async function storedBytes(seed: number): Promise<Record<"raw" | "stored" | "full", number>> {
  const keys = new NodeKeys(4, `bytes ${seed}`);
  const written = rotatingSets(keys, { size: 4, changes: 0, everyBlocks: 1, seed });
  const chain = await LightChain.make({ chainId: 1, written, keys, head: SAMPLE, seed, startsAt: 1_900_000_000 });
  const codec = new HeaderCodec(chain.header(0).raw);
  const sums = { raw: 0, stored: 0, full: 0 };
  for (let number = 1; number <= SAMPLE; number += 1) {
    const roots = ["parentHash", "stateRoot", "transactionsRoot", "receiptsRoot"].map((name) => [
      name,
      id(`${name} ${number}`),
    ]);
    const block = { ...chain.block(number), ...(Object.fromEntries(roots) as RpcObject) };
    const logsBloom = concat(Array.from({ length: 8 }, (_, index) => id(`bloom ${number} ${index}`)));
    const sealers = chain.setFor(number).slice(0, 3);
    const header = SealedHeader.fromRpc(chain.seal(block, sealers));
    sums.raw += header.raw.length / SAMPLE;
    sums.stored += codec.encode(header).length / SAMPLE;
    sums.full += codec.encode(SealedHeader.fromRpc(chain.seal({ ...block, logsBloom }, sealers))).length / SAMPLE;
  }
  return sums;
}

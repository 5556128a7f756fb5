/**
 * The light node's memory: `light-node serve`, started as npm starts it, follows simulated chains of two lengths, and then
 * runs calls. The contracts are the federation's own, over a storage of no meaning: what counts is their size.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { Interface, toBeHex } from "ethers";

import { serveRpc } from "../chains/rpc-server.js";
import { httpAsk, PeerFailure, PeerRefusal, type Ask } from "../light-node/rpc-peer.js";
import { LightChain, NodeKeys, rotatingSets } from "./light-chain.js";
import { chainAsk, deploymentOf } from "./light-served.js";
import type { OtherContract } from "./light-state.js";
import { peakMebibytes } from "./peak.js";
import { tableText, type BenchOptions, type Figures } from "./report.js";

import "../fast-keccak.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const LENGTHS = [1_000, 10_000] as const;
const GOAL_MEBIBYTES = 200;
const CONTRACTS = ["EnergyMarket", "TradeEscrow", "MeterLedger", "Settlement", "Clearing", "BilateralContracts"];
const FIRST_ADDRESS = 0xc0de00;
const ROUNDS = 5;
/** A loop that ends with its gas, and one that takes as much memory as gas can buy in a frame. */
const HEAVY = ["0x5b600056", "0x5f5b6104008101805f5250600156"];

interface MemoryFigures {
  readonly followed: number | undefined;
  readonly called: number | undefined;
  readonly heavy: number | undefined;
  readonly calls: number;
}

export async function benchLightMemory({ seed, print }: BenchOptions): Promise<Figures> {
  const artifacts = await Promise.all(CONTRACTS.map(readArtifact));
  const others = artifacts.map(({ code }, index) => ({ address: toBeHex(FIRST_ADDRESS + index, 20), code }));
  const views = artifacts.flatMap(({ abi }, index) =>
    viewsOf(abi).map((data) => ({ to: others[index]?.address, data })),
  );
  const rows: string[][] = [];
  const figures: Record<string, number | null> = {};
  for (const length of LENGTHS) {
    const measured = await measure(length, { seed, others, views });
    const shown = (value: number | undefined): string => (value === undefined ? "not measured" : value.toFixed(0));
    rows.push([
      String(length),
      shown(measured.followed),
      shown(measured.called),
      shown(measured.heavy),
      String(measured.calls),
    ]);
    figures[`lightPeakMebibytes${length}`] = measured.called === undefined ? null : Math.round(measured.called);
  }
  const head = ["headers", "followed, MiB", "with calls", "with heavy calls", "calls answered"];
  print(tableText(`Peak memory of light-node serve (goal: below ${GOAL_MEBIBYTES} MiB)`, head, rows));
  return figures;
}

async function measure(
  length: number,
  {
    seed,
    others,
    views,
  }: { readonly seed: number; readonly others: readonly OtherContract[]; readonly views: readonly object[] },
): Promise<MemoryFigures> {
  const keys = new NodeKeys(5, `memory ${seed}`);
  const written = rotatingSets(keys, { size: 4, changes: 1, everyBlocks: length >> 1, seed });
  const startsAt = Math.floor(Date.now() / 1_000) - 2 * length;
  const chain = await LightChain.make({ chainId: 1, written, keys, head: length, startsAt, seed, others });
  // made before they are asked for: what is waited for is the light node
  for (let number = 0; number <= length; number += 1) chain.block(number);
  const ask = chainAsk(chain);
  const node = await serveRpc({ request: ({ method, params = [] }) => ask(method, params) }, 0);
  const folder = await mkdtemp(join(tmpdir(), "commonwatt-light-memory-"));
  const file = async (name: string, content: unknown): Promise<string> => {
    await writeFile(join(folder, name), JSON.stringify(content));
    return join(folder, name);
  };
  const genesis = { version: 1, chainId: 1, number: 0, hash: chain.header(0).hash, validators: chain.setFor(1) };
  const [command, ...flags] = await npmScript("light-node");
  const child = spawn(
    command === "node" ? process.execPath : String(command),
    [
      ...flags,
      ...["--rpc", node.url, "--db", join(folder, "light.db"), "serve", "--port", "0", "--samples", "1"],
      ...[
        "--network",
        await file("deployment.json", deploymentOf(chain)),
        "--checkpoint",
        await file("start.json", genesis),
      ],
    ],
    { cwd: root, stdio: ["ignore", "pipe", "inherit"] },
  );
  const peak = (): number | undefined => peakMebibytes(child.pid ?? 0);
  try {
    const asked = await whenFollowed(child.stdout);
    const followed = peak();
    let calls = 0;
    const call = async (asks: object): Promise<void> => {
      try {
        await asked("eth_call", [asks, "latest"]);
        calls += 1;
      } catch (error) {
        // views of a storage without meaning may revert
        if (!(error instanceof PeerFailure)) throw error;
      }
    };
    for (let round = 0; round < ROUNDS; round += 1) for (const view of views) await call(view);
    const called = peak();
    for (const data of HEAVY) await call({ data });
    return { followed, called, heavy: peak(), calls };
  } finally {
    child.kill();
    await Promise.race([once(child, "exit"), pause(10_000, undefined, { ref: false })]);
    await node.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Questions to the endpoint, once all headers are there: they are filled in from the newest one down. */
async function whenFollowed(output: NodeJS.ReadableStream): Promise<Ask> {
  const url = await servedAt(output);
  // nobody reads on, and a full pipe would stop the node
  output.resume();
  const ask = httpAsk(url);
  for (;;) {
    try {
      await ask("eth_getBlockByNumber", ["0x1", false]);
      return ask;
    } catch (error) {
      if (!(error instanceof PeerRefusal)) throw error;
      await pause(500);
    }
  }
}

async function servedAt(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const url = /^verified JSON-RPC at (\S+)/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error("the light node ended before it served anything");
}

async function readArtifact(name: string): Promise<{ readonly abi: Interface; readonly code: string }> {
  const path = join(root, "artifacts", "contracts", "transaction-chain", "energy", `${name}.sol`, `${name}.json`);
  const { abi, deployedBytecode } = JSON.parse(await readFile(path, "utf8")) as { abi: []; deployedBytecode: string };
  return { abi: new Interface(abi), code: deployedBytecode };
}

/** Calls of all views, with zeros for arguments. */
function viewsOf(abi: Interface): string[] {
  const views: string[] = [];
  abi.forEachFunction((view) => {
    if (view.stateMutability === "view") views.push(view.selector + "00".repeat(32 * view.inputs.length));
  });
  return views;
}

/** What npm would run. */
async function npmScript(name: string): Promise<string[]> {
  const { scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  return (scripts[name] ?? "").split(" ");
}

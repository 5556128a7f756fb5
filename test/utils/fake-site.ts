/** A network whose nodes are no programs: an engine that notes what it is told, and RPCs that answer as a test says. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { Agents } from "../../scripts/network/engine/agents.js";
import { partName, type Engine, type Part } from "../../scripts/network/engine/engine.js";
import { NodeRpc, NodeUnreachable } from "../../scripts/network/engine/node-rpc.js";
import type { Site } from "../../scripts/network/engine/starting.js";
import { genesisHash, genesisText } from "../../scripts/network/genesis/genesis-file.js";
import { genesisPath } from "../../scripts/network/genesis/predeployed-file.js";
import { seededKeys } from "../../scripts/network/init/key-source.js";
import type { NetworkFile, NetworkNode } from "../../scripts/network/network-file.js";
import { nodeKeystore } from "../../scripts/network/operators.js";
import { InputError } from "../../scripts/inputs/error.js";

export const PASSWORD = "a password of tests alone";
export const GENESIS = genesisText({
  chainId: 7,
  genesisTime: 1_000,
  blockSeconds: 2,
  requestTimeoutSeconds: 4,
  accounts: {},
});

function nodeOf(index: number, address: string): NetworkNode {
  const base = 24_000 + 10 * index;
  const ports = { p2pPort: base, rpcPort: base + 1, metricsPort: base + 2, agentMetricsPort: base + 6 };
  const chain = {
    address,
    enodeId: String(index).repeat(128),
    ...ports,
    agentAccount: `0x${String(index).repeat(40)}`,
  };
  const words = { name: `accountant${index}`, member: `Accountant ${index}`, role: "accountant" as const };
  return { ...words, host: "127.0.0.1", storage: "FOREST", chains: { transaction: chain } };
}

/** Starts what it is told to, and notes it; the node that is named fails. */
export class FakeEngine implements Engine {
  readonly kind = "processes";
  readonly version = "fake";
  readonly keepsSecrets = false;
  readonly running = new Set<string>();
  readonly everStarted: string[] = [];
  readonly everEnded: string[] = [];

  constructor(
    private readonly folder: string,
    private readonly failing?: string,
  ) {}

  secretsFolder(part: Part): string {
    return join(this.folder, part.node.name);
  }

  async start(part: Part): Promise<void> {
    // the one that fails does so when the other is on its way
    while (part.node.name === this.failing && this.running.size === 0) await new Promise((go) => setTimeout(go, 10));
    if (part.node.name === this.failing) throw new InputError({ file: partName(part) }, "it fails", "Mend it");
    this.running.add(part.node.name);
    this.everStarted.push(part.node.name);
  }

  isRunning(part: Part): Promise<boolean> {
    return Promise.resolve(this.running.has(part.node.name));
  }

  stop(part: Part): Promise<void> {
    if (this.running.delete(part.node.name)) this.everEnded.push(part.node.name);
    return Promise.resolve();
  }

  kill(part: Part): Promise<void> {
    return this.stop(part);
  }

  logTail(): Promise<string[]> {
    return Promise.resolve([]);
  }

  followLog(): Promise<void> {
    return Promise.resolve();
  }
}

/** A block as a node of a test shows it. */
export interface FakeHead {
  readonly number: number;
  readonly hash: string;
  /** Unix seconds. */
  readonly time: number;
}

export interface FakeSiteOptions {
  readonly dir: string;
  /** Stands for the memory that keys are unlocked into. */
  readonly memory: string;
  readonly nodes: number;
  readonly failing?: string;
  /** The last node stands by; absent: all are accountants. */
  readonly standby?: boolean;
}

/** The parts of a site that tests look at, and what each node that runs shows; without a head nothing listens there. */
export interface FakeSite extends Site {
  readonly engine: FakeEngine;
  readonly heads: Map<string, FakeHead>;
}

/** One chain, its keys and its genesis file in `dir`. */
export async function fakeSite({ dir, memory, nodes: count, failing, standby }: FakeSiteOptions): Promise<FakeSite> {
  const keys = seededKeys(1);
  const nodes: NetworkNode[] = [];
  for (let index = 1; index <= count; index++) {
    const key = keys.key(`node ${index}`);
    const node = nodeOf(index, key.address);
    const file = nodeKeystore(dir, node, "transaction");
    await mkdir(dirname(file), { recursive: true });
    const { address, privateKey } = key;
    await writeFile(file, await keys.keystore(`node ${index}`, { address, privateKey }, PASSWORD));
    nodes.push(node);
  }
  await mkdir(dirname(genesisPath(dir, "transaction")), { recursive: true });
  await writeFile(genesisPath(dir, "transaction"), GENESIS);
  const network: NetworkFile = {
    version: 1,
    name: "tested",
    besu: { minimumVersion: "26.4.0", image: "hyperledger/besu:26.8.0" },
    blockSeconds: 2,
    requestTimeoutSeconds: 4,
    chains: { transaction: { chainId: 7, genesisTime: 1_000, genesisHash: genesisHash(GENESIS) } },
    nodes,
  };
  const engine = new FakeEngine(memory, failing);
  const agents = new Agents({ dir, environment: { XDG_RUNTIME_DIR: memory } });
  const heads = new Map<string, FakeHead>();
  const accountants = standby === true ? nodes.slice(0, -1) : nodes;
  const set = accountants.map((node) => node.chains.transaction?.address ?? "");
  const rpcOf = (node: NetworkNode): NodeRpc => new FakeRpc(node, { engine, heads, set });
  return { dir, network, engine, agents, rpcOf, heads };
}

/** Answers what starting, connecting and unsticking ask. */
class FakeRpc extends NodeRpc {
  constructor(
    private readonly node: NetworkNode,
    private readonly shown: Pick<FakeSite, "engine" | "heads"> & { readonly set: readonly string[] },
  ) {
    super(`http://127.0.0.1:${node.chains.transaction?.rpcPort ?? 0}`, () => Promise.resolve(""), undefined);
  }

  override call<Result>(method: string, ...params: unknown[]): Promise<Result> {
    const { engine, heads, set } = this.shown;
    const { name, chains } = this.node;
    const head = heads.get(name);
    if (!engine.running.has(name) || head === undefined) {
      return Promise.reject(new NodeUnreachable(this.url, Object.assign(new Error(method), { code: "ECONNREFUSED" })));
    }
    const number = `0x${head.number.toString(16)}`;
    const latest = { number, hash: head.hash, timestamp: `0x${head.time.toString(16)}` };
    const answers: Readonly<Record<string, unknown>> = {
      admin_nodeInfo: { enode: `enode://${chains.transaction?.enodeId ?? ""}@127.0.0.1:1` },
      admin_addPeer: true,
      eth_getBlockByNumber: params[0] === "latest" ? latest : { hash: genesisHash(GENESIS) },
      qbft_getValidatorsByBlockNumber: set,
    };
    if (!(method in answers)) return Promise.reject(new Error(`no answer to ${method} is here`));
    return Promise.resolve(answers[method] as Result);
  }
}

/** What a command that has to fail says; "" where it does not. */
export function failureOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "",
    (error: unknown) => (error as Error).message,
  );
}

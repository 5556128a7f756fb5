/** Set certificates: made from a chain's endpoint, kept as files that several watchers may write at the same time. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { z } from "zod";

import {
  CERTIFICATE_VERSION,
  contradictionIn,
  setSlots,
  type RpcHeader,
  type SetCertificate,
  type AccountProof,
} from "../../light/index.js";
import { readAccountProof } from "../../sdk/actions/state-proofs.js";
import { readRawBlock } from "../../sdk/actions/turns.js";
import type { AnyChain } from "../../sdk/connect.js";
import { isCommonwattError } from "../../sdk/errors.js";
import { readEvents } from "../../sdk/events.js";
import { writeFileAtOnce } from "../../sdk/node/deployments.js";
import { InputError } from "../inputs/error.js";

/** A change of the set, as its event tells it. */
export interface SetChange {
  readonly setVersion: number;
  /** The first of the block's versions, if it had several. */
  readonly firstVersion: number;
  readonly block: number;
  readonly validators: readonly string[];
}

/** The sets that ended a block of the range; of several changes in one block the last is the set in force after it. */
export async function setChangesIn(chain: AnyChain, fromBlock: number, toBlock: number): Promise<SetChange[]> {
  const changes = new Map<number, SetChange>();
  const range = { fromBlock, toBlock, contracts: ["AccountantElection"] as const };
  for await (const events of readEvents(chain, range)) {
    for (const { name, args, block } of events) {
      if (name !== "ValidatorSetChanged") continue;
      if (block === 0) continue; // who knows the genesis block knows its set; it has no parent to be certified by
      const validators = args["validators"] as readonly string[];
      const setVersion = Number(args["version"]);
      const firstVersion = changes.get(block)?.firstVersion ?? setVersion;
      changes.set(block, { setVersion, firstVersion, block, validators });
    }
  }
  return [...changes.values()];
}

/** The certificate of a change; without a proof, and saying why, where the endpoint gives none that fits. */
export async function certify(chain: AnyChain, change: SetChange): Promise<SetCertificate> {
  const { deployment, provider } = chain;
  const [header, parent] = await Promise.all([
    readRawBlock(provider, BigInt(change.block)),
    readRawBlock(provider, BigInt(change.block - 1)),
  ]);
  const certificate = {
    version: CERTIFICATE_VERSION,
    chainId: deployment.chainId,
    election: deployment.contracts.AccountantElection.address,
    ...change,
    header: withoutBody(header),
    parent: withoutBody(parent),
  } as const;
  const proof = await proveSet(chain, change);
  if (typeof proof === "string") return { ...certificate, proof: null, proofMissing: proof };
  const contradiction = contradictionIn({ ...certificate, proof });
  if (contradiction === undefined) return { ...certificate, proof };
  return { ...certificate, proof: null, proofMissing: `The endpoint's proof does not fit: ${contradiction}.` };
}

/** The proof, or why there is none: some engines have no eth_getProof, and nodes forget old states. */
async function proveSet(
  chain: AnyChain,
  { block, validators, firstVersion }: SetChange,
): Promise<AccountProof | string> {
  const account = chain.deployment.contracts.AccountantElection.address;
  try {
    const slots = setSlots(validators.length, firstVersion);
    return await readAccountProof(chain.provider, { account, slots, block: BigInt(block) });
  } catch (error) {
    if (!isCommonwattError(error) || error.code === "RpcUnreachable") throw error;
    return `The endpoint gave no proof of block ${block}. ${error.message}`;
  }
}

const BODY = new Set(["transactions", "uncles", "withdrawals", "size", "totalDifficulty"]);

function withoutBody(block: RpcHeader): RpcHeader {
  return Object.fromEntries(Object.entries(block).filter(([name]) => !BODY.has(name)));
}

// -------------------- files

const progressSchema = z.strictObject({ next: z.number().int().nonnegative() });
const READABLE = 0o644;

/** What watchers look through the blocks for, each at its own pace. */
export type WatchTask = "certificates" | "turns";

/** One chain's certificates in a folder of their own, and how far its watchers came. */
export class CertificateStore {
  readonly #folder: string;

  constructor(folder: string, chainId: number) {
    this.#folder = join(folder, String(chainId));
  }

  pathOf(setVersion: number): string {
    return join(this.#folder, `set-${String(setVersion).padStart(8, "0")}.json`);
  }

  /** Writes in one step; another watcher's of the same set says the same and may be replaced. */
  async write(certificate: SetCertificate): Promise<void> {
    const text = `${JSON.stringify(certificate, null, 2)}\n`;
    await writeFileAtOnce(this.pathOf(certificate.setVersion), text, READABLE);
  }

  /** The certificate of a set; undefined: there is none, or a file of another version or no JSON, to be written anew. */
  async find(setVersion: number): Promise<SetCertificate | undefined> {
    const text = await this.#read(this.pathOf(setVersion));
    try {
      const certificate = text === undefined ? undefined : (JSON.parse(text) as SetCertificate);
      return certificate?.version === CERTIFICATE_VERSION ? certificate : undefined;
    } catch {
      return undefined;
    }
  }

  /** Versions that are there, ascending. */
  async versions(): Promise<number[]> {
    const found = (await this.#names()).map((name) => /^set-(\d+)\.json$/.exec(name)?.[1]);
    return found
      .filter((version) => version !== undefined)
      .map(Number)
      .sort((a, b) => a - b);
  }

  /** The first block that no watcher has looked at for a task; undefined: none has looked at any. */
  async nextBlock(task: WatchTask): Promise<number | undefined> {
    const file = this.#placeOf(task);
    const text = await this.#read(file);
    if (text === undefined) return undefined;
    try {
      return progressSchema.parse(JSON.parse(text)).next;
    } catch (cause) {
      const advice = "Delete it: the watcher then looks at everything again, which harms nothing";
      throw new InputError({ file }, "this is no watcher's place", advice, { cause });
    }
  }

  async setNextBlock(task: WatchTask, next: number): Promise<void> {
    await writeFileAtOnce(this.#placeOf(task), `${JSON.stringify({ next })}\n`, READABLE);
  }

  #placeOf(task: WatchTask): string {
    return join(this.#folder, `progress-${task}.json`);
  }

  async #names(): Promise<string[]> {
    return (await unlessMissing(this.#folder, () => readdir(this.#folder))) ?? [];
  }

  #read(file: string): Promise<string | undefined> {
    return unlessMissing(file, () => readFile(file, "utf8"));
  }
}

async function unlessMissing<T>(file: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new InputError({ file }, "this can't be read", "Check the path and who may read it", { cause });
  }
}

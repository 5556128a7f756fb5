/** The embedded chain with a light node's endpoint before it, whose headers are taken for granted. No side effects. */
import { keccak256, toBeHex, toQuantity } from "ethers";

import type { AccountProof } from "../../light/index.js";
import type { CallLimits } from "../../scripts/light-node/call/budget.js";
import { fastestRecover } from "../../scripts/light-node/fastest-recover.js";
import { Peers, type PeerLie } from "../../scripts/light-node/peers.js";
import { PeerRefusal, RpcPeer, type Ask } from "../../scripts/light-node/rpc-peer.js";
import { RpcFailure } from "../../scripts/light-node/rpc-params.js";
import { VerifiedRpc } from "../../scripts/light-node/verified-rpc.js";
import { honestAsk } from "./audit-endpoint.js";
import { AuditedRun, type Stage } from "./audited-run.js";
import { UnsealedHeaders } from "./unsealed-headers.js";

import "../../scripts/fast-keccak.js";

/** Nobody is there. */
export const NOBODY = toBeHex(7, 20);

export interface Proxy {
  readonly rpc: VerifiedRpc;
  readonly peers: Peers;
  /** Told so far. */
  readonly lies: PeerLie[];
}

export class ProxiedChain {
  readonly headers = new UnsealedHeaders();
  /** The full node. */
  readonly full: Ask;
  readonly chainId: bigint;
  /** Blocks after which the embedded chain's proofs are of the state that its header names: EDR's are not after some. */
  readonly provable: string[] = [];
  #looked = 0;

  private constructor(readonly run: AuditedRun) {
    this.full = embeddedAsk(honestAsk(run.network));
    this.chainId = BigInt(run.network.deployment.chains.transaction.chainId);
  }

  static async open(stages: readonly Stage[]): Promise<ProxiedChain> {
    const run = await AuditedRun.open();
    for (const stage of stages) await run.reach(stage);
    const chain = new ProxiedChain(run);
    await chain.follow();
    return chain;
  }

  get head(): number {
    return Number(this.headers.trusted?.header.number);
  }

  /** Reads on to the last block, and mines until the last one's state is provable. */
  async follow(): Promise<void> {
    await this.headers.follow(this.full);
    for (; this.#looked <= this.head || this.provable.at(-1) !== toQuantity(this.head); this.#looked += 1) {
      if (this.#looked > this.head) {
        await this.full("evm_mine", []);
        await this.headers.follow(this.full);
      }
      const number = toQuantity(this.#looked);
      const { accountProof } = (await this.full("eth_getProof", [NOBODY, [], number])) as AccountProof;
      const { stateRoot } = this.headers.header(BigInt(number)) ?? {};
      if (keccak256(accountProof[0] ?? "0x80") === stateRoot) this.provable.push(number);
    }
  }

  /** The full node; what it was sent is in a block whose header is known when it answers. */
  readonly followed: Ask = async (method, params) => {
    const answer = await this.full(method, params);
    if (method === "eth_sendRawTransaction") await this.follow();
    return answer;
  };

  async proxy(
    asks: Readonly<Record<string, Ask>> = { full: this.full },
    { store = this.headers, callLimits }: { readonly store?: UnsealedHeaders; readonly callLimits?: CallLimits } = {},
  ): Promise<Proxy> {
    const lies: PeerLie[] = [];
    const peers = new Peers(
      Object.entries(asks).map(([name, ask]) => new RpcPeer(name, ask)),
      (lie) => lies.push(lie),
    );
    const { recover } = await fastestRecover();
    const limits = callLimits && { callLimits };
    return { rpc: new VerifiedRpc({ store, peers, chainId: this.chainId, recover, ...limits }), peers, lies };
  }

  close(): Promise<void> {
    return this.run.close();
  }
}

/** What it refuses with. */
export async function refusalOf(rpc: VerifiedRpc, method: string, params: unknown[] = []): Promise<RpcFailure> {
  try {
    await rpc.request({ method, params });
  } catch (error) {
    if (error instanceof RpcFailure) return error;
    throw error;
  }
  throw new Error("it was answered");
}

/** The embedded chain as a node over HTTP would answer: its refusals are a node's, and it has no answers for blocks' receipts. */
function embeddedAsk(ask: Ask): Ask {
  return async (method, params) => {
    if (method === "eth_getBlockReceipts") return blockReceipts(ask, params);
    try {
      // Hardhat writes into what it is asked with
      return structuredClone(await ask(method, structuredClone(params)));
    } catch (error) {
      throw new PeerRefusal(-32_000, (error as Error).message, { cause: error });
    }
  };
}

async function blockReceipts(ask: Ask, [number]: readonly unknown[]): Promise<unknown> {
  const block = (await ask("eth_getBlockByNumber", [number, false])) as { transactions: string[] } | null;
  return block && Promise.all(block.transactions.map((hash) => ask("eth_getTransactionReceipt", [hash])));
}

/** A simulated chain's JSON-RPC, honest or not, for tests of the light node. No side effects. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { hexlify, keccak256, toBeHex, toQuantity, ZeroHash } from "ethers";

import { encodeExtraData, SealedHeader, setDigest, versionSlot, type GenesisFile } from "../../light/index.js";
import type { LightChain } from "../../scripts/bench/light-chain.js";
import { SIMULATED_ELECTION } from "../../scripts/bench/light-state.js";
import type { RpcObject } from "../../light/rpc-fields.js";
import type { Ask } from "../../scripts/light-node/rpc-peer.js";

export { chainAsk } from "../../scripts/bench/light-served.js";

const FIRST_ENTRY = BigInt(keccak256(ZeroHash));

/** What a node answers instead of the truth. */
export type RpcLie = (method: string, truth: unknown, params: readonly unknown[]) => unknown;

/** The same with a lie in it. */
export function lyingAsk(ask: Ask, lie: RpcLie): Ask {
  return async (method, params) => lie(method, structuredClone(await ask(method, params)), params);
}

/** The simulated chain's genesis file, as its state is. */
export function genesisOf(chain: LightChain): GenesisFile {
  const validators = chain.setFor(1);
  const { miner, ...first } = chain.block(0);
  const chainId = BigInt(chain.options.chainId);
  const length = BigInt(validators.length) << 64n;
  const head = (chainId << 192n) | (1n << 128n) | length;
  const entries = validators.map((validator, index) => [toBeHex(FIRST_ENTRY + BigInt(index), 32), validator] as const);
  const storage = {
    "0x0": toQuantity(validators.length),
    "0x1": setDigest(validators),
    "0x2": toBeHex(head, 32),
    [toBeHex(versionSlot(1n), 32)]: toQuantity(length),
    ...Object.fromEntries(entries),
  };
  const others = Array.from({ length: 20 }, (_, index) => toBeHex(index + 1, 20));
  const election = { nonce: "1", balance: BigInt(SIMULATED_ELECTION).toString(), code: "0xfe", storage };
  return {
    config: { chainId: chain.options.chainId, londonBlock: 0, shanghaiTime: 0, cancunTime: 0 },
    coinbase: miner,
    difficulty: first["difficulty"],
    gasLimit: first["gasLimit"],
    timestamp: first["timestamp"],
    extraData: first["extraData"],
    mixHash: first["mixHash"],
    nonce: "0x0",
    baseFeePerGas: "0x0",
    alloc: {
      ...Object.fromEntries(others.map((address) => [address, { nonce: "1", balance: BigInt(address).toString() }])),
      [SIMULATED_ELECTION]: election,
    },
  };
}

/** Serves JSON-RPC on loopback while something is done. */
export async function servedAsk<Result>(ask: Ask, use: (url: string) => Promise<Result>): Promise<Result> {
  const server = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const { id, method, params } = JSON.parse(body) as { id: number; method: string; params: unknown[] };
    try {
      response.end(JSON.stringify({ jsonrpc: "2.0", id, result: await ask(method, params) }));
    } catch (error) {
      const { code = -32_603, message } = error as { code?: number; message: string };
      response.end(JSON.stringify({ jsonrpc: "2.0", id, error: { code, message } }));
    }
  }
}

/** A block as JSON-RPC gives it, with other seals or another round. */
export function resealed(block: RpcObject, change: (seals: Uint8Array[]) => Uint8Array[], round = 0n): RpcObject {
  const { vanity, seals } = SealedHeader.fromRpc(block).extra;
  return { ...block, extraData: hexlify(encodeExtraData({ vanity, round, seals: change([...seals]) })) };
}

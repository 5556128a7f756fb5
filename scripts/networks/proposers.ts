/**
 * Who makes the blocks of a simulated chain. Nobody seals them: the chain has one process. But each block names the
 * accountant whose turn it is, in QBFT's round robin over the set that the election has in force, so that fees reach
 * those who would have booked it. No turn is ever missed here.
 */
import hre from "hardhat";
import type { NetworkConnection } from "hardhat/types/network";
import type { JsonRpcRequest } from "hardhat/types/providers";

import { successorIn } from "../../light/index.js";

type Connection = NetworkConnection<"l1">;
type Ask = (method: string, params: readonly unknown[]) => Promise<unknown>;

/** The nodes in force for the next block, ascending. */
export type SetInForce = () => Promise<readonly string[]>;

/** Requests that make a block. */
const BLOCK_MAKERS = new Set(["eth_sendRawTransaction", "eth_sendTransaction", "evm_mine"]);

interface Rotation {
  readonly setInForce: SetInForce;
  /** Comes back when the last block that was asked for is made: two at once would share a turn. */
  lastBlock: Promise<unknown>;
}

const rotations = new WeakMap<object, Rotation>();
let isHooked = false;

/** From now on the chain's blocks are made by the set's nodes in turn. */
export function rotateProposers(connection: Connection, setInForce: SetInForce): void {
  if (!isHooked) hookRequests();
  isHooked = true;
  rotations.set(connection, { setInForce, lastBlock: Promise.resolve() });
}

function hookRequests(): void {
  hre.hooks.registerHandlers("network", {
    onRequest: async (context, connection, request, next) => {
      const rotation = rotations.get(connection);
      if (rotation === undefined || !BLOCK_MAKERS.has(request.method)) return next(context, connection, request);
      const ask: Ask = async (method, params) => {
        const answer = await next(context, connection, callOf(method, params));
        if ("error" in answer) throw new Error(`${method}: ${answer.error.message}`);
        return answer.result;
      };
      const block = rotation.lastBlock.then(async () => {
        await passTurn(ask, rotation.setInForce);
        return next(context, connection, request);
      });
      rotation.lastBlock = block.catch(() => undefined);
      return block;
    },
  });
}

async function passTurn(ask: Ask, setInForce: SetInForce): Promise<void> {
  const [set, latest] = await Promise.all([setInForce(), ask("eth_getBlockByNumber", ["latest", false])]);
  const proposer = set[successorIn(set, (latest as { miner: string }).miner)];
  if (proposer !== undefined) await ask("hardhat_setCoinbase", [proposer]);
}

let lastId = 0;

function callOf(method: string, params: readonly unknown[]): JsonRpcRequest {
  return { jsonrpc: "2.0", id: `proposers-${(lastId += 1)}`, method, params: [...params] };
}

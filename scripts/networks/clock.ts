/** The clock of a network: virtual on simulated chains of one's own, the wall's elsewhere. Unix seconds. */
import { setTimeout as sleep } from "node:timers/promises";

import type { Provider } from "ethers";

import { latestHead } from "../../sdk/latest-head.js";
import type { SimulatedChain } from "./simulated.js";

export interface Clock {
  /** Whether time passes only when it is told to (and a little with each transaction). */
  readonly isVirtual: boolean;
  /** The time of the transaction chain's latest block. */
  now(): Promise<bigint>;
  /** Comes back when both chains have a block of that time or later. */
  waitUntil(time: bigint): Promise<void>;
}

/** A clock that is moved by mining. */
export function virtualClock(chains: readonly [SimulatedChain, ...SimulatedChain[]]): Clock {
  return {
    isVirtual: true,
    now: () => timeOf(chains[0].connection.ethers.provider),
    waitUntil: async (time) => {
      for (const chain of chains) await chain.moveTo(time);
    },
  };
}

/** A clock that has to be waited for. */
export function wallClock(providers: readonly [Provider, ...Provider[]], pollMilliseconds = 250): Clock {
  return {
    isVirtual: false,
    now: () => timeOf(providers[0]),
    waitUntil: async (time) => {
      for (const provider of providers) {
        for (;;) {
          if ((await timeOf(provider)) >= time) break;
          await sleep(pollMilliseconds);
        }
      }
    },
  };
}

async function timeOf(provider: Provider): Promise<bigint> {
  return (await latestHead(provider)).timestamp;
}

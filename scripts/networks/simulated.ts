/** Two simulated chains in this process. */
import hre from "hardhat";
import type { NetworkConnection } from "hardhat/types/network";
import { toQuantity, type Wallet } from "ethers";

import "@nomicfoundation/hardhat-ethers";
import "@nomicfoundation/hardhat-ignition-ethers";

import { latestHead } from "../../sdk/latest-head.js";

/** A connection of Hardhat with ethers and Ignition. */
export type HardhatConnection = NetworkConnection<"l1">;

/** What a simulated chain can do that no other can. */
export interface SimulatedChain {
  readonly connection: HardhatConnection;
  /** Gives accounts the native coin that gas is paid with; it is worth nothing. */
  fund(accounts: readonly string[]): Promise<void>;
  /** Mines a block at that time, unless the chain is past it. Unix seconds. */
  moveTo(time: bigint): Promise<void>;
  close(): Promise<void>;
}

export interface SimulatedOptions {
  /** Unix seconds of block 0. */
  readonly genesisTime: bigint;
  /** Who deploys; all other accounts are funded later. */
  readonly deployer: Wallet;
  /** The node address that makes every block until the election says who does. */
  readonly coinbase: string;
  /** Blocks come at least that often by the wall's clock, besides one per transaction; absent: only with transactions. */
  readonly blockSeconds?: number;
  /** Blocks come that often in the time that `moveTo` passes; absent: one at its end. */
  readonly passedBlockSeconds?: number;
}

const PLENTY = 10n ** 24n;

/** Makes one of the two simulated chains of hardhat.config.ts. */
export async function simulateChain(
  chain: "transaction" | "user",
  { genesisTime, deployer, coinbase, blockSeconds, passedBlockSeconds }: SimulatedOptions,
): Promise<SimulatedChain> {
  const connection = await hre.network.create({
    network: chain === "transaction" ? "embeddedTransaction" : "embeddedUser",
    chainType: "l1",
    override: {
      initialDate: new Date(Number(genesisTime) * 1000).toISOString(),
      accounts: [{ privateKey: deployer.privateKey, balance: PLENTY.toString() }],
      coinbase,
      allowBlocksWithSameTimestamp: true,
    },
  });
  const { provider } = connection;
  // not by the chain's own interval: a block that nobody asks for would take no turn
  const miner =
    blockSeconds === undefined
      ? undefined
      : setInterval(() => void provider.request({ method: "evm_mine" }).catch(() => undefined), blockSeconds * 1000);
  return {
    connection,
    fund: async (accounts) => {
      for (const account of accounts) {
        await provider.request({ method: "hardhat_setBalance", params: [account, toQuantity(PLENTY)] });
      }
    },
    moveTo: async (time) => {
      const { timestamp } = await latestHead(connection.ethers.provider);
      if (timestamp >= time) return;
      if (passedBlockSeconds !== undefined) {
        await mineUntil(connection, { from: timestamp, until: time, every: BigInt(passedBlockSeconds) });
      }
      await provider.request({ method: "evm_setNextBlockTimestamp", params: [toQuantity(time)] });
      await provider.request({ method: "evm_mine" });
    },
    close: () => {
      clearInterval(miner);
      return connection.close();
    },
  };
}

/** The blocks between two times, both left out; whose they are, nobody decides: they have no transactions. */
async function mineUntil(
  { provider }: HardhatConnection,
  { from, until, every }: { readonly from: bigint; readonly until: bigint; readonly every: bigint },
): Promise<void> {
  const count = (until - from - 1n) / every;
  if (count === 0n) return;
  await provider.request({ method: "evm_setNextBlockTimestamp", params: [toQuantity(from + every)] });
  await provider.request({ method: "hardhat_mine", params: [toQuantity(count), toQuantity(every)] });
}

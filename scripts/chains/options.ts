/** Options of `npm run chains`. */
import { Command, InvalidArgumentError } from "commander";

import { deploymentPath } from "../../sdk/node/deployments.js";

export interface ChainsOptions {
  /** Of the transaction chain; the user chain has the next one. */
  readonly port: number;
  readonly homes: number;
  readonly slotSeconds: number;
  readonly blockTime: number;
  readonly seed: number;
  /** The deployment file to write; the keys file stands beside it. */
  readonly deployment: string;
}

/** The command; it throws a CommanderError after it told what is wrong, or gave its help. */
export function chainsCommand(): Command {
  return new Command("chains")
    .description("Serves both simulated chains on loopback, deployed, with a neighbourhood ready to trade.")
    .option("--port <n>", "port of the transaction chain; the user chain has the next one", whole(1, 65_534), 8545)
    .option("--homes <n>", "homes of the neighbourhood", whole(1, 500), 17)
    .option("--slot-seconds <n>", "length of a market slot", whole(30, 86_400), 30)
    .option("--block-time <seconds>", "a block at least this often", whole(1, 60), 2)
    .option(
      "--seed <n>",
      "seed of the keys; drawn when absent",
      whole(0, 2 ** 32 - 1),
      Math.floor(Math.random() * 2 ** 32),
    )
    .option("--deployment <file>", "deployment file to write", deploymentPath("local"))
    .allowExcessArguments(false)
    .exitOverride();
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
  };
}

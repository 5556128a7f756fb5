/** Apart from simulated.ts, which loads all of Hardhat: commands over an endpoint start without it. */

/**
 * A simulated chain estimates gas by running a transaction a dozen times; here any limit below the cap costs nothing.
 * The price is above the first block's base fee, which only falls while each block has one transaction.
 */
export const SIMULATED_DEFAULTS = {
  gasLimit: 16_777_216n,
  maxFeePerGas: 2_000_000_000n,
  maxPriorityFeePerGas: 0n,
} as const;

/** What elections do not do on simulated chains, said wherever blocks come by a clock. */
export const ONE_MAKER =
  "This one process makes them all: elections decide whom a block names, and move no block production here";

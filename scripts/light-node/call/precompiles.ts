/** Precompiles within a call's bounds: they are priced for compiled code, and nothing interrupts one that has begun. */
import type { EVM } from "@ethereumjs/evm";

import { NOT_SUPPORTED, RpcFailure, TOO_MUCH } from "../rpc-params.js";
import type { CallBudget } from "./budget.js";

interface Bound {
  /** How much work an input is. */
  readonly partsOf: (data: Uint8Array) => number;
  /** So much takes a second or two. */
  readonly most: number;
}

const ROUND_BYTES = 4;
const each = (bytes: number, most: number): Bound => ({ partsOf: (data) => Math.ceil(data.length / bytes), most });
/** By their number: pairings, hashing by rounds, sums of many points. */
const BOUNDS: Readonly<Record<number, Bound>> = {
  0x08: each(192, 32),
  0x09: {
    partsOf: (data) => (data.length < ROUND_BYTES ? 0 : new DataView(data.buffer, data.byteOffset).getUint32(0)),
    most: 500_000,
  },
  0x0c: each(160, 32),
  0x0e: each(288, 16),
  0x0f: each(384, 8),
};
/** KZG proofs of blobs: they need a set-up of 800 KiB, and the federation's chains carry no blobs. */
const POINT_EVALUATION = 0x0a;

/** Has each of the EVM's precompiles look at the budget first. */
export function boundPrecompiles({ precompiles }: EVM, budget: CallBudget): void {
  for (const [address, run] of precompiles) {
    const number = Number(`0x${address}`);
    const bound = BOUNDS[number];
    precompiles.set(address, async (input) => {
      await budget.breathe();
      if (number === POINT_EVALUATION)
        throw new RpcFailure(NOT_SUPPORTED, "the call needs a KZG proof checked: ask a full node");
      if (bound !== undefined && bound.partsOf(input.data) > bound.most) {
        throw new RpcFailure(
          TOO_MUCH,
          `the call gives precompile ${number} more than ${bound.most} parts: ask a full node`,
        );
      }
      return run(input);
    });
  }
}

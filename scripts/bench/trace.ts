/** Where a transaction's gas went, by its trace: storage, signatures, events, and everything else. */
import type { HardhatConnection } from "../networks/simulated.js";
import type { SentTransaction } from "../market/transactions.js";

/** Gas of one transaction by its cause. */
export interface GasByCause {
  readonly calldata: number;
  /** 21,000: what every transaction costs. */
  readonly intrinsic: number;
  /** Words that were zero. */
  readonly newWords: number;
  /** Other writes. */
  readonly changedWords: number;
  /** Reads, with the first touch of an account or word. */
  readonly reads: number;
  /** ecrecover. */
  readonly signatures: number;
  readonly events: number;
  readonly hashing: number;
  /** Memory, stack, jumps, arithmetic. */
  readonly computing: number;
}

/** The causes, in the order in which they are shown, with a heading. */
export const CAUSES: readonly (readonly [keyof GasByCause, string])[] = [
  ["intrinsic", "21,000"],
  ["calldata", "calldata"],
  ["newWords", "new words"],
  ["changedWords", "changed"],
  ["reads", "reads"],
  ["signatures", "ecrecover"],
  ["events", "events"],
  ["hashing", "hashing"],
  ["computing", "computing"],
];

interface Step {
  readonly op: string;
  readonly gas: number;
  readonly gasCost: number;
  readonly depth: number;
}

const INTRINSIC = 21_000;
const NEW_WORD = 20_000;
const ECRECOVER = 3_000;
const CALLS = new Set(["CALL", "STATICCALL", "DELEGATECALL"]);
const WARM_ACCESS = 100;

/** Traces a mined transaction of a simulated chain. */
export async function gasByCause({ provider }: HardhatConnection, sent: SentTransaction): Promise<GasByCause> {
  const trace = (await provider.request({
    method: "debug_traceTransaction",
    params: [sent.hash, { disableStorage: true, disableStack: true, enableMemory: false }],
  })) as { readonly structLogs: readonly Step[] };
  const gas = { newWords: 0, changedWords: 0, reads: 0, signatures: 0, events: 0, hashing: 0 };
  trace.structLogs.forEach((step, index) => {
    const next = trace.structLogs[index + 1];
    const cost = next?.depth === step.depth ? step.gas - next.gas : step.gasCost;
    if (step.op === "SSTORE") gas[cost >= NEW_WORD ? "newWords" : "changedWords"] += cost;
    else if (step.op === "SLOAD") gas.reads += cost;
    else if (step.op.startsWith("LOG")) gas.events += cost;
    else if (step.op === "KECCAK256") gas.hashing += cost;
    // a call that leads nowhere deeper went to a precompile: ecrecover is the only one here
    else if (CALLS.has(step.op) && next?.depth === step.depth && cost >= ECRECOVER)
      gas.signatures += cost - WARM_ACCESS;
  });
  const known = INTRINSIC + sent.calldataGas + Object.values(gas).reduce((sum, part) => sum + part, 0);
  return { ...gas, calldata: sent.calldataGas, intrinsic: INTRINSIC, computing: sent.gasUsed - known };
}

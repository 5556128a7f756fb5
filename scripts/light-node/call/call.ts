/** `eth_call`, `eth_estimateGas` and `eth_createAccessList`, run here on state that is proven word by word. */
import { AbiCoder, dataSlice } from "ethers";

import { integerOf } from "../../../light/index.js";
import type { Sources } from "../answers.js";
import type { KnownHeader } from "../headers.js";
import { FAILED, NOT_PROVEN, REVERTED, RpcFailure } from "../rpc-params.js";
import { CALL_LIMITS, CallBudget, MOST_GAS, type CallLimits } from "./budget.js";
import type { CallMessage, ListedAccount } from "./call-params.js";
import type { CallContext, CallOutcome } from "./execution.js";
import { Foresight } from "./foresight.js";
import { forkOf, OSAKA_ALWAYS, type ForkTimes } from "./forks.js";
import { leastGas } from "./gas.js";
import { CodeStore, ProvenState } from "./proven-state.js";

export interface CallOptions extends Sources {
  readonly chainId: bigint;
  /** Default: as in the federation's genesis files. */
  readonly forks?: ForkTimes;
  readonly callLimits?: CallLimits;
}

/** Blocks whose state stays known, and how much of it. */
const MOST_STATES = 2;
const MOST_KNOWN = 20_000;
/** `Error(string)`, what `require` reverts with. */
const ERROR_SELECTOR = "0x08c379a0";
/** Runs until a list of what is touched contains itself. */
const MOST_LIST_RUNS = 4;

export class Calls {
  readonly #codes = new CodeStore();
  readonly #states = new Map<string, ProvenState>();
  readonly #foresight: Foresight;

  constructor(private readonly options: CallOptions) {
    this.#foresight = new Foresight(options.peers);
  }

  /** What it returns. RpcFailure 3 with the data that it reverted with. */
  async call(message: CallMessage, header: KnownHeader): Promise<string> {
    const run = await this.#prepare(message, header);
    return requireSuccess(await run(message, callGas(message, header))).output;
  }

  /** A gas limit with which a transaction succeeds on this state. RpcFailure where none does. */
  async estimate(message: CallMessage, header: KnownHeader): Promise<bigint> {
    const run = await this.#prepare(message, header);
    const high = callGas(message, header);
    const { charged, refund } = requireSuccess(await run(message, high));
    const isEnough = async (gas: bigint): Promise<boolean> => (await run(message, gas)).failure === undefined;
    return leastGas(isEnough, { high, charged, refund });
  }

  /** What a transaction touches beyond what is at hand in each, and the gas that it takes with that listed. */
  async accessList(
    message: CallMessage,
    header: KnownHeader,
  ): Promise<{ readonly accessList: readonly ListedAccount[]; readonly charged: bigint }> {
    const run = await this.#prepare(message, header);
    let accessList = message.accessList;
    for (let turn = 1; ; turn += 1) {
      const { touched, charged } = requireSuccess(await run({ ...message, accessList }, callGas(message, header)));
      if (turn === MOST_LIST_RUNS || sizeOf(touched) === sizeOf(accessList)) return { accessList: touched, charged };
      accessList = touched;
    }
  }

  /** How the message is run, as often as is needed, within one budget. */
  async #prepare(
    message: CallMessage,
    header: KnownHeader,
  ): Promise<(message: CallMessage, gas: bigint) => Promise<CallOutcome>> {
    const { chainId, forks = OSAKA_ALWAYS, callLimits = CALL_LIMITS } = this.options;
    const { execute } = await import("./execution.js");
    const context: CallContext = {
      ...{ chainId, fork: forkOf(header, forks), proven: this.#stateAfter(header) },
      ...{ budget: new CallBudget(callLimits), hashOf: (number) => this.#hashOf(header, number) },
    };
    await this.#foresight.use(context, message);
    return (changed, gas) => execute(context, changed, gas);
  }

  #stateAfter(header: KnownHeader): ProvenState {
    const known = this.#states.get(header.hash);
    this.#states.delete(header.hash);
    const state =
      known !== undefined && known.size < MOST_KNOWN ? known : new ProvenState(this.options, header, this.#codes);
    this.#states.set(header.hash, state);
    for (const oldest of this.#states.keys()) {
      if (this.#states.size <= MOST_STATES) break;
      this.#states.delete(oldest);
    }
    return state;
  }

  #hashOf(header: KnownHeader, number: bigint): string {
    const ancestor = this.options.store.header(number);
    if (ancestor !== undefined) return ancestor.hash;
    const problem = `the call asks for the hash of block ${number}, and its header is not here`;
    throw new RpcFailure(NOT_PROVEN, `${problem} (block ${header.number} was meant)`);
  }
}

function callGas({ gas }: CallMessage, header: KnownHeader): bigint {
  const limit = integerOf(header.field("gasLimit") ?? new Uint8Array());
  const most = limit < MOST_GAS ? limit : MOST_GAS;
  return gas === undefined || gas > most ? most : gas;
}

function requireSuccess(outcome: CallOutcome): CallOutcome {
  const { failure, output } = outcome;
  if (failure === undefined) return outcome;
  if (failure !== "reverted") throw new RpcFailure(FAILED, failure);
  throw new RpcFailure(REVERTED, `execution reverted${reasonIn(output)}`, undefined, output);
}

function reasonIn(output: string): string {
  if (!output.startsWith(ERROR_SELECTOR)) return "";
  try {
    return `: ${String(AbiCoder.defaultAbiCoder().decode(["string"], dataSlice(output, 4))[0])}`;
  } catch {
    return "";
  }
}

function sizeOf(list: readonly ListedAccount[]): number {
  return list.reduce((sum, { storageKeys }) => sum + 1 + storageKeys.length, 0);
}

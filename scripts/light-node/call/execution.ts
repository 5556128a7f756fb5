/**
 * Runs a message on proven state, in the context of a proven block. The EVM is @ethereumjs/evm; this file is imported
 * when the first call is asked for, so that a node without calls has not loaded it.
 */
import { createCustomCommon, Hardfork, Mainnet, type Common } from "@ethereumjs/common";
import { createEVM, type EVM, type ExecResult } from "@ethereumjs/evm";
import { Address, hexToBytes } from "@ethereumjs/util";
import { getBytes, hexlify, keccak256 } from "ethers";

import { integerOf } from "../../../light/index.js";
import type { KnownHeader } from "../headers.js";
import { FAILED, RpcFailure } from "../rpc-params.js";
import type { CallBudget } from "./budget.js";
import type { CallMessage, CallPrice, ListedAccount } from "./call-params.js";
import { CallState } from "./call-state.js";
import type { ForkName } from "./forks.js";
import { chargedGas, floorGas, intrinsicGas } from "./gas.js";
import { boundPrecompiles } from "./precompiles.js";
import type { ProvenState } from "./proven-state.js";

/** What stays the same from one run of a call to the next. */
export interface CallContext {
  readonly chainId: bigint;
  readonly fork: ForkName;
  readonly proven: ProvenState;
  readonly budget: CallBudget;
  /** The hash of an ancestor; throws where it is not known. */
  readonly hashOf: (number: bigint) => string;
}

export interface CallOutcome {
  /** Undefined: it went through. */
  readonly failure: "reverted" | (string & {}) | undefined;
  /** What it returned, or reverted with. */
  readonly output: string;
  /** What a transaction would be charged. */
  readonly charged: bigint;
  readonly refund: bigint;
  /** What it read and wrote, without what is at hand in every transaction. */
  readonly touched: readonly ListedAccount[];
}

/** The price of a unit of blob gas (EIP-4844), of what Prague's blocks may have. */
const BLOB_FRACTION = 5_007_716n;
const JUMPDEST = { opcode: 0x5b, opcodeName: "JUMPDEST", baseFee: 1 };
const REVERT = "revert";
const FORKS = { london: "London", shanghai: "Shanghai", cancun: "Cancun", prague: "Prague", osaka: "Osaka" } as const;

const commons = new Map<string, Common>();

/** Runs it with so much gas. Throws what keeps the state from being read, and what goes beyond the budget. */
export async function execute(context: CallContext, message: CallMessage, gas: bigint): Promise<CallOutcome> {
  const hasFloor = context.fork === "prague" || context.fork === "osaka";
  const [intrinsic, floor] = [intrinsicGas(message), floorGas(message, { hasFloor })];
  const nothing = { output: "0x", refund: 0n, touched: [] };
  if (gas < intrinsic || gas < floor) return { ...nothing, failure: "intrinsic gas too low", charged: gas };
  const evm = await evmOf(context);
  const always = warm(evm, context.proven.header, message);
  const caller = addressOf(message.from);
  const { gasPrice, block } = blockOf(context.proven.header, message.price);
  const { execResult } = await evm.runCall({
    ...{ caller, origin: caller, block, gasLimit: gas - intrinsic },
    ...(message.to !== undefined && { to: addressOf(message.to) }),
    ...{ gasPrice, value: message.value, data: getBytes(message.data), skipBalance: true },
  });
  const refund = execResult.gasRefund ?? 0n;
  return {
    failure: failureOf(execResult),
    output: hexlify(execResult.returnValue),
    charged: chargedGas(intrinsic + execResult.executionGasUsed, refund, floor),
    refund,
    touched: touchedIn(evm, always),
  };
}

async function evmOf({ chainId, fork, proven, budget, hashOf }: CallContext): Promise<EVM> {
  const evm = await createEVM({
    common: commonOf(chainId, fork),
    stateManager: new CallState(proven, budget),
    // a loop comes by one each time: so none runs for longer than it may, or keeps others waiting
    customOpcodes: [{ ...JUMPDEST, logicFunction: () => budget.breathe() }],
    blockchain: {
      getBlock: (number) => Promise.resolve({ hash: () => getBytes(hashOf(BigInt(number))) }),
      putBlock: () => Promise.reject(new Error("a call makes no block")),
      shallowCopy: () => {
        throw new Error("a call's chain is not copied");
      },
    },
  });
  // it listens for other forks, and so would live, with all that it read, for as long as the rules that calls share
  evm.common.events.removeAllListeners();
  boundPrecompiles(evm, budget);
  return evm;
}

function commonOf(chainId: bigint, fork: ForkName): Common {
  const name = `${chainId} ${fork}`;
  const known = commons.get(name);
  if (known !== undefined) return known;
  const common = createCustomCommon({ chainId: Number(chainId), name: "commonwatt" }, Mainnet, {
    hardfork: Hardfork[FORKS[fork]],
    customCrypto: { keccak256: (bytes) => getBytes(keccak256(bytes)) },
  });
  commons.set(name, common);
  return common;
}

/** What is at hand from the start (EIP-2929, EIP-3651, EIP-2930); returns those of them that no list has to name. */
function warm(evm: EVM, header: KnownHeader, { from, to, accessList }: CallMessage): ReadonlySet<string> {
  const { journal } = evm;
  const always = [...evm.precompiles.keys(), plain(from), ...(to === undefined ? [] : [plain(to)])];
  journal.startReportingAccessList();
  for (const address of [...always, plain(hexlify(header.field("coinbase") ?? new Uint8Array(20)))]) {
    journal.addAlwaysWarmAddress(address);
  }
  for (const { address, storageKeys } of accessList) {
    journal.addAlwaysWarmAddress(plain(address), true);
    for (const key of storageKeys) journal.addAlwaysWarmSlot(plain(address), plain(key), true);
  }
  return new Set(always);
}

function touchedIn({ journal }: EVM, always: ReadonlySet<string>): ListedAccount[] {
  return [...(journal.accessList ?? [])].flatMap(([address, slots]) =>
    always.has(address) && slots.size === 0
      ? []
      : [{ address: `0x${address}`, storageKeys: [...slots].map((slot) => `0x${slot}`) }],
  );
}

/** The block as code sees it, and the price of gas. Who offers nothing sees no base fee, as nodes have it. */
function blockOf(
  header: KnownHeader,
  { most, tip }: CallPrice,
): { readonly gasPrice: bigint; readonly block: NonNullable<Parameters<EVM["runCall"]>[0]["block"]> } {
  const integer = (name: Parameters<KnownHeader["field"]>[0]): bigint =>
    integerOf(header.field(name) ?? new Uint8Array());
  const baseFeePerGas = most === 0n ? 0n : integer("baseFeePerGas");
  if (most < baseFeePerGas) throw new RpcFailure(FAILED, `the price is below the block's base fee of ${baseFeePerGas}`);
  const wanted = tip === undefined ? most : baseFeePerGas + tip;
  return {
    gasPrice: wanted < most ? wanted : most,
    block: {
      header: {
        number: header.number,
        timestamp: header.timestamp,
        coinbase: new Address(header.field("coinbase") ?? new Uint8Array(20)),
        difficulty: integer("difficulty"),
        prevRandao: header.field("mixHash") ?? new Uint8Array(32),
        gasLimit: integer("gasLimit"),
        baseFeePerGas,
        getBlobGasPrice: () => blobGasPrice(integer("excessBlobGas")),
      },
    },
  };
}

/** e to the excess over the fraction, by the series that EIP-4844 gives. */
function blobGasPrice(excess: bigint): bigint {
  let [sum, term] = [0n, BLOB_FRACTION];
  for (let index = 1n; term > 0n; index += 1n) {
    sum += term;
    term = (term * excess) / (BLOB_FRACTION * index);
  }
  return sum / BLOB_FRACTION;
}

function failureOf({ exceptionError }: ExecResult): string | undefined {
  if (exceptionError === undefined) return undefined;
  return exceptionError.error === REVERT ? "reverted" : exceptionError.error;
}

function addressOf(text: string): Address {
  return new Address(hexToBytes(text as `0x${string}`));
}

function plain(hex: string): string {
  return hex.slice(2).toLowerCase();
}

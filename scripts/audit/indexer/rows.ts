/** Checked blocks to rows: decoded events, and the senders that their transactions' signatures name. */
import { keccak256, Transaction, ZeroAddress, ZeroHash } from "ethers";

import { dataField, hexField, numberField, type RpcObject } from "../../../light/rpc-fields.js";
import { parityOf } from "../../../light/transactions.js";
import { checksummed } from "../../../sdk/checksummed.js";
import { eventDecoder, type ChainEvent } from "../../../sdk/events.js";
import type { TransactionDeployment, UserDeployment } from "../../../sdk/deployments/index.js";
import { InputError } from "../../inputs/error.js";
import { grouped } from "../../simulate/grouped.js";
import { signerOf } from "../../oracle/signer.js";
import { lie, type PlacedLog } from "./lies.js";
import type { CheckedBlock, CheckedTransaction } from "./page.js";
import type { EventRow, VerifiedBlock, VerifiedTransaction } from "./types.js";

/** Stands for what nobody sent: the constructors of the genesis block's contracts ran before there was a chain. */
const NO_TRANSACTION = {
  place: 0,
  hash: ZeroHash,
  sender: ZeroAddress,
  to: undefined,
  input: new Uint8Array(0),
} as const;

/** Makes the rows of checked blocks. Throws `InputError` for an event or a sender that cannot be. */
export class RowMaker {
  readonly #decode: ReturnType<typeof eventDecoder>;
  readonly #names: ReadonlyMap<string, string>;

  constructor(
    readonly endpoint: string,
    deployment: TransactionDeployment | UserDeployment,
  ) {
    this.#decode = eventDecoder(deployment);
    const contracts = Object.entries(deployment.contracts);
    this.#names = new Map(contracts.map(([name, { address }]) => [address.toLowerCase(), name]));
  }

  blockOf({ number, hash, header, transactions, logs }: CheckedBlock): VerifiedBlock | undefined {
    if (logs.length === 0) return undefined;
    const byTransaction = grouped(logs, ({ transaction }) => transaction);
    const ofGenesis = byTransaction.get(ZeroHash)?.map((log) => this.#rowOf(log));
    const rows = transactions.flatMap((transaction, place): VerifiedTransaction[] => {
      const own = byTransaction.get(hexField(transaction.told, "hash"));
      if (own === undefined) return [];
      const events = own.map((log) => this.#rowOf(log));
      return [{ place, ...this.#factsOf(number, transaction), events }];
    });
    const [time, proposer] = [numberField(header, "timestamp"), addressField(header, "miner")];
    const genesis = ofGenesis === undefined ? [] : [{ ...NO_TRANSACTION, events: ofGenesis }];
    return { number, hash, time, proposer, transactions: [...genesis, ...rows] };
  }

  #factsOf(block: number, transaction: CheckedTransaction): Omit<VerifiedTransaction, "place" | "events"> {
    const { told, bytes } = transaction;
    const hash = keccak256(bytes);
    if (hash !== hexField(told, "hash")) {
      throw lie(this.endpoint, block, `transaction ${hexField(told, "hash")} has the hash ${hash}`);
    }
    const [signer, from] = [signerOfTransaction(transaction), addressField(told, "from")];
    if (signer !== from.toLowerCase()) {
      const what = `transaction ${hash} is said to be of ${from}, and ${signer ?? "nobody"} signed it`;
      throw lie(this.endpoint, block, what);
    }
    const to = told["to"] === null ? undefined : addressField(told, "to");
    return { hash, sender: from, to, input: dataField(told, "input") };
  }

  #rowOf({ block, index, transaction, address, topics, data }: PlacedLog): EventRow {
    const contract = this.#names.get(address) ?? address;
    const decode = (): ChainEvent | undefined =>
      this.#decode({ address, topics, data, blockNumber: block, index, transactionHash: transaction });
    const event = decode();
    if (event === undefined) {
      const advice = "Use the version of Commonwatt that the network was deployed with, and its deployment file";
      const what = `block ${block}, log ${index}: ${contract} at ${address} emitted ${topics[0] ?? "a log"}, which its ABI does not have`;
      throw new InputError({ file: this.endpoint }, what, advice);
    }
    return { log: index, contract, name: event.name, ...soughtOf(event.args), args: jsonOf(event.args) };
  }
}

function addressField(object: RpcObject, name: string): string {
  return checksummed(hexField(object, name).slice(2));
}

/** Who signed a transaction, in lower case. */
function signerOfTransaction({ told, signed }: CheckedTransaction): string | undefined {
  if (signed === undefined) return Transaction.from(told).from?.toLowerCase();
  const word = (name: string): bigint => BigInt(hexField(told, name));
  const vs = word("s") | (BigInt(parityOf(told)) << 255n); // EIP-2098
  const hex = (value: bigint): string => `0x${value.toString(16).padStart(64, "0")}`;
  return signerOf(keccak256(signed), { r: hex(word("r")), vs: hex(vs) });
}

const ACCOUNTS = [
  "account",
  "from",
  "party",
  "member",
  "owner",
  "home",
  "holder",
  "debtor",
  "accountant",
  "voter",
  "supplier",
  "operator",
];
const METERS = ["meter", "device"];
const SLOTS = ["slot", "fromSlot", "firstSlot"];
const AREAS = ["area", "feeder", "city"];

function soughtOf(args: ChainEvent["args"]): Pick<EventRow, "account" | "meter" | "slot" | "area"> {
  const find = (names: readonly string[], type: string): unknown => {
    const name = names.find((known) => typeof args[known] === type);
    return name === undefined ? null : args[name];
  };
  const number = (names: readonly string[]): number | null => {
    const value = find(names, "bigint") as bigint | null;
    return value === null || value > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(value);
  };
  const account = find(ACCOUNTS, "string") as string | null;
  return { account, meter: number(METERS), slot: number(SLOTS), area: number(AREAS) };
}

/** Integers as text: JSON has none above 2^53. */
export function jsonOf(value: unknown): string {
  if (typeof value === "bigint") return `"${value}"`;
  if (Array.isArray(value)) return `[${value.map(jsonOf).join()}]`;
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value)
      .map(([name, part]) => `"${name}":${jsonOf(part)}`)
      .join()}}`;
  }
  return JSON.stringify(value);
}

/** Checked blocks to rows: decoded events, and the senders that their transactions' signatures name. */
import { getAddress, keccak256, Transaction, ZeroAddress, ZeroHash } from "ethers";

import { hexField, numberField, type RpcObject } from "../../../light/rpc-fields.js";
import { parityOf, signedBytes, transactionBytes } from "../../../light/transactions.js";
import { eventDecoder, type ChainEvent } from "../../../sdk/events.js";
import type { TransactionDeployment, UserDeployment } from "../../../sdk/deployments/index.js";
import { InputError } from "../../inputs/error.js";
import { grouped } from "../../simulate/grouped.js";
import { signerOf } from "../../oracle/signer.js";
import { lie, type PlacedLog } from "./lies.js";
import type { CheckedBlock } from "./page.js";
import type { EventRow, VerifiedBlock, VerifiedTransaction } from "./types.js";

/** Stands for what nobody sent: the constructors of the genesis block's contracts ran before there was a chain. */
const NO_TRANSACTION = { place: 0, hash: ZeroHash, sender: ZeroAddress, to: undefined, input: "0x" } as const;

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
    const [time, proposer] = [numberField(header, "timestamp"), getAddress(hexField(header, "miner"))];
    const ofGenesis = byTransaction.get(ZeroHash)?.map((log) => this.#rowOf(log));
    const rows = transactions.flatMap((transaction, place): VerifiedTransaction[] => {
      const own = byTransaction.get(hexField(transaction, "hash"));
      if (own === undefined) return [];
      const events = own.map((log) => this.#rowOf(log));
      return [{ place, ...this.#factsOf(number, transaction), events }];
    });
    const genesis = ofGenesis === undefined ? [] : [{ ...NO_TRANSACTION, events: ofGenesis }];
    return { number, hash, time, proposer, transactions: [...genesis, ...rows] };
  }

  #factsOf(block: number, transaction: RpcObject): Omit<VerifiedTransaction, "place" | "events"> {
    const [hash, told] = [keccak256(transactionBytes(transaction)), hexField(transaction, "hash")];
    if (hash !== told) throw lie(this.endpoint, block, `transaction ${told} has the hash ${hash}`);
    const [sender, from] = [senderOf(transaction), getAddress(hexField(transaction, "from"))];
    if (sender !== from) {
      throw lie(
        this.endpoint,
        block,
        `transaction ${hash} is said to be of ${from}, and ${sender ?? "nobody"} signed it`,
      );
    }
    const to = transaction["to"] === null ? undefined : getAddress(hexField(transaction, "to"));
    return { hash, sender, to, input: hexField(transaction, "input") };
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

/** Who signed a transaction, checksummed. */
function senderOf(transaction: RpcObject): string | undefined {
  const bytes = signedBytes(transaction);
  if (bytes === undefined) return Transaction.from(transaction).from ?? undefined;
  const word = (name: string): bigint => BigInt(hexField(transaction, name));
  const vs = word("s") | (BigInt(parityOf(transaction)) << 255n); // EIP-2098
  const hex = (value: bigint): string => `0x${value.toString(16).padStart(64, "0")}`;
  const signer = signerOf(keccak256(bytes), { r: hex(word("r")), vs: hex(vs) });
  return signer && getAddress(signer);
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

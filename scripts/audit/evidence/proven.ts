/** From a file's blocks to transactions and events that their headers bear out. Pure: nobody is asked. */
import { keccak256, Transaction } from "ethers";

import {
  decodeReceipt,
  provenItem,
  readHeader,
  type BlockHeader,
  type TransactionReceipt,
} from "../../../light/index.js";
import { isCommonwattError } from "../../../sdk/errors.js";
import { eventDecoder, type ChainEvent } from "../../../sdk/events.js";
import type { EvidenceBlock, EvidenceIdentity, EvidenceItem } from "./file.js";
import { EvidenceRefused } from "./refused.js";

/** An event, with its place in its receipt as `logIndex`. */
export interface ProvenTransaction {
  readonly header: BlockHeader;
  readonly place: number;
  readonly transaction: Transaction;
  readonly receipt: TransactionReceipt;
  readonly events: readonly ChainEvent[];
}

/** Follows all proofs. EvidenceRefused names the first that is false. */
export function provenTransactions(blocks: readonly EvidenceBlock[], identity: EvidenceIdentity): ProvenTransaction[] {
  return blocks.flatMap((block) => {
    const part = `block ${block.number}`;
    const header = attempt(`${part}, header`, () => readHeader(block.header));
    demand(`${part}, number`, header.number === BigInt(block.number), `its header says ${header.number}`);
    demand(`${part}, hash`, header.hash === block.hash, `its header has the hash ${header.hash}`);
    return block.items.map((item) => provenOne(header, item, `${part}, transaction ${item.place}`, identity));
  });
}

function provenOne(
  header: BlockHeader,
  item: EvidenceItem,
  part: string,
  identity: EvidenceIdentity,
): ProvenTransaction {
  const { place, transactionProof, receiptProof } = item;
  const included = attempt(`${part}, proof of the transaction`, () =>
    provenItem(header.transactionsRoot, place, transactionProof),
  );
  demand(`${part}, transaction`, included === item.transaction, "the proof leads to another one");
  demand(`${part}, hash`, keccak256(included) === item.hash, `the transaction's is ${keccak256(included)}`);
  const receipt = attempt(`${part}, proof of the receipt`, () => provenItem(header.receiptsRoot, place, receiptProof));
  demand(`${part}, receipt`, receipt === item.receipt, "the proof leads to another one");
  const transaction = attempt(`${part}, transaction`, () => Transaction.from(included));
  const isOfChain = transaction.chainId === 0n || transaction.chainId === BigInt(identity.chainId);
  demand(`${part}, chain`, isOfChain, `it was signed for chain ${transaction.chainId}`);
  const decoded = attempt(`${part}, receipt`, () => decodeReceipt(receipt));
  return { header, place, transaction, receipt: decoded, events: eventsOf(decoded, header, item, identity) };
}

function eventsOf(
  { logs }: TransactionReceipt,
  { number }: BlockHeader,
  { hash }: EvidenceItem,
  { contracts }: EvidenceIdentity,
): ChainEvent[] {
  const named = Object.fromEntries(Object.entries(contracts).map(([name, address]) => [name, { address }]));
  const decode = eventDecoder({ contracts: named });
  return logs.flatMap((log, index) => {
    const event = attempt(`block ${number}, transaction ${hash}, log ${index}`, () =>
      decode({ ...log, blockNumber: Number(number), index, transactionHash: hash }),
    );
    return event === undefined ? [] : [event];
  });
}

/** Refuses the part unless the condition holds. */
export function demand(part: string, holds: boolean, problem: string): void {
  if (!holds) throw new EvidenceRefused(part, problem);
}

/** A failure in words. */
export function problemOf(cause: unknown): string {
  return isCommonwattError(cause) ? cause.message.replace(/\.$/, "") : "it cannot be read";
}

/** What the step gives; its failure is the part's. */
export function attempt<Value>(part: string, step: () => Value): Value {
  try {
    return step();
  } catch (cause) {
    if (cause instanceof EvidenceRefused) throw cause;
    const told = isCommonwattError(cause) ? cause : undefined;
    const given = told?.args["reason"];
    const reason = typeof given === "string" ? given : (told?.code ?? "it cannot be read");
    throw new EvidenceRefused(part, reason, { cause });
  }
}

/** The same, told by the failure's whole text. */
export function attemptInWords<Value>(part: string, step: () => Value): Value {
  try {
    return step();
  } catch (cause) {
    throw new EvidenceRefused(part, problemOf(cause), { cause });
  }
}

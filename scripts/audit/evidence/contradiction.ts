/** Whether a node's answer about a block can be true, by the block's header. The light node and `check` judge by the same. */
import { getBytes, hexlify, keccak256 } from "ethers";

import {
  decodeReceipt,
  orderedTrieRoot,
  provenAccount,
  provenWord,
  recoverInJavaScript,
  requireSealed,
  SealedHeader,
  type SeenNodes,
} from "../../../light/index.js";
import { dataField, objectOf, type RpcObject } from "../../../light/rpc-fields.js";
import { isCommonwattError } from "../../../sdk/errors.js";
import { checkedLists, checkedReceipts, firstOtherLog } from "../../light-node/bodies.js";
import { accountProofSchema } from "../../light-node/rpc-peer.js";
import type { Lie, LieKind } from "./file.js";
import { attempt, demand } from "./proven.js";

/** Of a failure's values. */
const MOST_CHARACTERS = 300;
const RULES = { recover: recoverInJavaScript };

/** What is false of an answer. */
export interface Contradiction {
  readonly about: LieKind;
  /** In words. */
  readonly where: string;
}

/** A question, what was answered, and what the answer is held against beside the header. */
export type Answered = Pick<Lie, "question" | "answer" | "validators" | "transactions" | "receipts" | "accountProof">;

/** Which block a question is about, as far as `contradictionIn` can judge its answer; undefined: it can't. */
export function blockOf({ question, answer }: Pick<Answered, "question" | "answer">): bigint | undefined {
  const [first, second, third] = question.params;
  switch (question.method) {
    case "eth_getBlockByNumber":
    case "eth_getBlockReceipts":
      return quantity(first);
    case "eth_getCode":
      return quantity(second);
    case "eth_getProof":
      return quantity(third);
    case "eth_getTransactionByHash":
      return quantity((answer as RpcObject | null | undefined)?.["blockNumber"]);
    case "eth_getLogs": {
      const { fromBlock, toBlock, ...filter } = (first ?? {}) as RpcObject;
      return fromBlock === toBlock && Object.keys(filter).length === 0 ? quantity(fromBlock) : undefined;
    }
    default:
      return undefined;
  }
}

/**
 * What is false of an answer about the header's block; undefined: it fits, or it is none. EvidenceRefused where the
 * question is about another block, or what the answer is held against is not the header's itself.
 */
export function contradictionIn(header: SealedHeader, answered: Answered): Contradiction | undefined {
  const isAbout = blockOf(answered) === header.number;
  demand(
    "question",
    isAbout,
    `it is not about block ${header.number}, or is none whose answer a header can show false`,
  );
  const { question, answer } = answered;
  // that something is not there (yet) is no lie that a header shows
  if (answer === null || answer === undefined) return undefined;
  switch (question.method) {
    case "eth_getBlockByNumber":
      return inBlock(header, answered);
    case "eth_getBlockReceipts":
      return told("receipts", () => Array.isArray(answer) && checkedReceipts(objectsOf(answer), header));
    case "eth_getLogs":
      return inLogs(header, answered);
    case "eth_getProof":
      return inProof(header, answered);
    case "eth_getCode":
      return inCode(header, answered);
    default:
      return inTransaction(header, answered);
  }
}

function inBlock(header: SealedHeader, { question, answer, validators }: Answered): Contradiction | undefined {
  const about = "header";
  let given: SealedHeader;
  try {
    given = SealedHeader.fromRpc(objectOf(answer, "block"));
  } catch (cause) {
    return { about, where: `it is no header of such a chain: ${reasonOf(cause)}` };
  }
  const isSealed = validators !== undefined && problemIn(() => requireSealed(RULES, given, validators)) === undefined;
  if (given.number !== header.number) return { about, where: `it is of block ${given.number}` };
  if (given.hash !== header.hash) {
    demand("answer", !isSealed, "a quorum sealed that block, too: that is a fork, and no lie");
    return { about, where: `it is another block, with the hash ${given.hash}` };
  }
  if (validators !== undefined && !isSealed) {
    const problem = problemIn(() => requireSealed(RULES, given, validators));
    return { about, where: `its seals are not those of a quorum: ${problem ?? ""}` };
  }
  return question.params[1] === true ? told("body", () => checkedLists(answer as RpcObject, header)) : undefined;
}

function inLogs(header: SealedHeader, { answer, receipts }: Answered): Contradiction | undefined {
  demand("receipts", receipts !== undefined, "the block's are needed to judge its logs");
  const encoded = (receipts ?? []).map((one) => getBytes(one));
  demand("receipts", orderedTrieRoot(encoded) === header.receiptsRoot, "they are not the header's");
  const logs = attempt("receipts", () => encoded.flatMap((one) => decodeReceipt(one).logs));
  return told("logs", () => {
    const place = firstOtherLog(answer, logs);
    const count = Array.isArray(answer) ? answer.length : 0;
    if (place === undefined) return undefined;
    return `from place ${place} on they are others: the block has ${logs.length}, the answer ${count}`;
  });
}

function inTransaction(header: SealedHeader, { question, transactions }: Answered): Contradiction | undefined {
  demand("transactions", transactions !== undefined, "the block's are needed to judge what is said to be in it");
  const encoded = (transactions ?? []).map((one) => getBytes(one));
  demand("transactions", orderedTrieRoot(encoded) === header.transactionsRoot, "they are not the header's");
  const [hash] = question.params;
  if (encoded.some((one) => keccak256(one) === hash)) return undefined;
  return { about: "transaction", where: `no transaction of the block has the hash ${String(hash)}` };
}

function inProof(header: SealedHeader, { question, answer }: Answered): Contradiction | undefined {
  const read = accountProofSchema.safeParse(answer);
  const [account, keys] = question.params;
  // not shaped as an answer: useless, and no lie
  if (!read.success || typeof account !== "string" || !Array.isArray(keys)) return undefined;
  const { accountProof, storageProof } = read.data;
  const slots = (keys as readonly unknown[]).map(String);
  return told("proof", () => {
    const found = provenAccount(header.stateRoot, account, accountProof);
    // where nobody is, nothing is stored
    if (found === undefined) return undefined;
    const missing = slots.find((slot) => !storageProof.some((one) => BigInt(one.key) === BigInt(slot)));
    if (missing !== undefined) return `it leaves out slot ${missing}`;
    const seen: SeenNodes = new Map();
    for (const { key, value, proof } of storageProof) {
      const word = provenWord(found.storageRoot, BigInt(key), proof, seen);
      if (word !== BigInt(value)) return `slot ${key} holds 0x${word.toString(16)}, not ${value}`;
    }
    return undefined;
  });
}

function inCode(header: SealedHeader, { question, answer, accountProof }: Answered): Contradiction | undefined {
  demand("account", accountProof !== undefined, "a proof of it is needed to judge its code");
  const [address] = question.params;
  const account = attempt("account", () => provenAccount(header.stateRoot, String(address), accountProof ?? []));
  return told("code", () => {
    const hash = keccak256(hexlify(dataField({ code: answer }, "code")));
    const expected = account?.codeHash ?? keccak256("0x");
    return hash === expected ? undefined : `it has the hash ${hash}, and the account's is ${expected}`;
  });
}

/** What a step finds, or why it fails. */
function told(about: LieKind, step: () => unknown): Contradiction | undefined {
  try {
    const where = step();
    return typeof where === "string" ? { about, where } : undefined;
  } catch (cause) {
    return { about, where: reasonOf(cause) };
  }
}

function problemIn(step: () => void): string | undefined {
  try {
    step();
    return undefined;
  } catch (cause) {
    if (isCommonwattError(cause)) return reasonOf(cause);
    throw cause;
  }
}

/** The failure's name and values: advice may be worded anew, and files say what they said. */
function reasonOf(cause: unknown): string {
  if (!isCommonwattError(cause)) return "it cannot be read";
  const values = Object.entries(cause.args).filter(([name]) => name !== "blockNumber");
  const text = values.map(([name, value]) => `${name}: ${String(value)}`).join(", ");
  return `${cause.code}${text === "" ? "" : ` (${text.slice(0, MOST_CHARACTERS)})`}`;
}

function objectsOf(answer: readonly unknown[]): RpcObject[] {
  return answer.map((item) => objectOf(item, "receipts"));
}

function quantity(value: unknown): bigint | undefined {
  return typeof value === "string" && /^0x[0-9a-f]{1,16}$/.test(value) ? BigInt(value) : undefined;
}

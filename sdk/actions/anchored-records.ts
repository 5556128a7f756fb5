/** A personal record's existence at a time, proven on the transaction chain against an anchored header of the user chain. */
import { AbiCoder, keccak256, toBeHex } from "ethers";

import type { AnyChain, TransactionChain, UserChain } from "../connect.js";
import type { RecordKind } from "../enums.js";
import { CommonwattError } from "../errors.js";
import type { RecordName } from "../record-history.js";
import { anchoredWord, anchorsOf } from "./anchors.js";
import type { RecordState } from "./personal-records.js";
import { readWordProof, type WordProof } from "./state-proofs.js";

/** Where PersonalRecords keeps its records: mapping(owner => mapping(record => word)). */
const RECORDS_SLOT = 0n;

/** A record as it stood when a block was made. */
export interface AnchoredRecord extends RecordState {
  /** The block's time, Unix seconds. */
  readonly anchoredAt: bigint;
}

/** The proof of a record's word; `block`: one that is anchored, absent the last one on `anchoredOn`. */
export async function readRecordProof(
  chain: UserChain,
  { owner, record }: RecordName,
  at: { readonly block: bigint } | { readonly anchoredOn: AnyChain },
): Promise<WordProof> {
  const block = "block" in at ? at.block : (await anchorsOf(at.anchoredOn)).latestNumber;
  const account = chain.deployment.contracts.PersonalRecords.address;
  return readWordProof(chain.provider, { account, slot: recordSlot({ owner, record }), block });
}

/**
 * What a proof shows of a record, checked on the transaction chain: that the user chain kept exactly this of it when the
 * block was made. Which contract and which record it is of the verifier says, not the proof; `records`: PersonalRecords.
 */
export async function anchoredRecord(
  chain: TransactionChain,
  records: string,
  name: RecordName,
  { block, accountProof, storageProof }: Pick<WordProof, "block" | "accountProof" | "storageProof">,
): Promise<AnchoredRecord> {
  const question = { block, account: records, slot: recordSlot(name), accountProof, storageProof };
  const { word, timestamp } = await anchoredWord(chain, question);
  const state = unpackRecord(word);
  if (state.version === 0n) throw new CommonwattError("WordMissing", { ...name, account: records, blockNumber: block });
  return { ...state, anchoredAt: timestamp };
}

/** The slot of a record's word. */
export function recordSlot({ owner, record }: RecordName): bigint {
  const coder = AbiCoder.defaultAbiCoder();
  const ofOwner = keccak256(coder.encode(["address", "uint256"], [owner, RECORDS_SLOT]));
  return BigInt(keccak256(coder.encode(["bytes32", "bytes32"], [record, ofOwner])));
}

/** A record's word, from the lowest bit up: kind (8 bits), erased (8), version (32), time (40), head (168). */
export function unpackRecord(word: bigint): RecordState {
  return {
    kind: Number(word & 0xffn) as RecordKind,
    isErased: ((word >> 8n) & 0xffn) !== 0n,
    version: (word >> 16n) & 0xffff_ffffn,
    changedAt: (word >> 48n) & 0xff_ffff_ffffn,
    head: toBeHex(word >> 88n, 21),
  };
}

/**
 * One slot of a record in a file, for somebody who has no grant: it proves itself against the commitment on the chain, and says nothing of the
 * other slots but roughly how many there are.
 */
import { z } from "zod";

import { CommonwattError } from "../errors.js";
import type { RecordContracts, RecordView, WrittenVersion } from "./chain.js";
import { verifySlot, type SlotProof } from "./commitment.js";
import { dataIn, dataOf } from "./json-data.js";
import { address, whole, wireText, word } from "./share-wire.js";

/** A slot, and of which version it is. */
export interface ShownSlot extends SlotProof {
  readonly owner: string;
  readonly record: string;
  readonly version: bigint;
}

/** A shown slot that the chain bears out. */
export interface VerifiedSlot extends ShownSlot, Pick<WrittenVersion, "writtenAt" | "kind"> {
  /** When the owner had the record erased meanwhile, Unix seconds. */
  readonly erasedAt?: bigint;
}

const FORMAT = "commonwatt-vault-slot-1";
const MAX_DEPTH = 64;

const schema = z.strictObject({
  format: z.literal(FORMAT),
  chainId: whole,
  personalRecords: address,
  owner: address,
  record: word,
  version: whole,
  index: z.int().min(0),
  label: z.string(),
  text: z.string().exactOptional(),
  base64: z.string().exactOptional(),
  salt: word,
  proof: z.array(word).max(MAX_DEPTH),
});

/** The text of the file. */
export function writeShownSlot({ chainId, personalRecords }: RecordContracts, shown: ShownSlot): string {
  const { owner, record, version, index, label, data, salt, proof } = shown;
  const name = { format: FORMAT, chainId, personalRecords, owner, record, version };
  return `${wireText({ ...name, index, label, ...dataOf(data), salt, proof })}\n`;
}

/** Reads the file and holds the slot against the chain. The chain's node must be one that the reader trusts. */
export async function verifyShownSlot(view: RecordView, text: string): Promise<VerifiedSlot> {
  const { chainId, personalRecords, text: _, base64: __, ...shown } = parsed(text);
  const { contracts } = view;
  if (chainId !== contracts.chainId || personalRecords !== contracts.personalRecords) {
    throw new CommonwattError("VaultProofOtherChain", { chainId, personalRecords });
  }
  return verifyOnChain(view, shown);
}

/** Holds a slot against the chain's commitment, never against one that is shown. */
export async function verifyOnChain(view: RecordView, shown: ShownSlot): Promise<VerifiedSlot> {
  const { owner, record, version } = shown;
  const written = (await view.versionsOf(owner, record)).find((one) => one.version === version);
  if (written === undefined) throw new CommonwattError("VaultVersionUnknown", { record, version });
  if (!verifySlot(written.commitment, shown)) throw new CommonwattError("VaultProofFalse", { owner, record, version });
  const erasedAt = (await view.stateOf(owner, record))?.erasedAt;
  const { writtenAt, kind } = written;
  return { ...shown, writtenAt, kind, ...(erasedAt === undefined ? {} : { erasedAt }) };
}

function parsed(text: string): z.infer<typeof schema> & { readonly data: Uint8Array } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // without the parser's message, which quotes the file
    throw invalid("it is no JSON");
  }
  const result = schema.safeParse(json);
  if (!result.success) throw invalid(`${result.error.issues[0]?.path.join(".") || "it"} is missing or of another form`);
  const data = dataIn(result.data);
  if (data === undefined) throw invalid("its data is neither text nor base64");
  return { ...result.data, data };
}

function invalid(reason: string): CommonwattError {
  return new CommonwattError("VaultProofInvalid", { reason });
}
